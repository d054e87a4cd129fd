//! A population of a simulated world: what its accounts share and how they work.

use super::draw::Draw;
use super::text;

/// How often a member works, and when.
#[derive(Clone, Copy)]
pub(super) enum Volume {
    /// Organic: log-normal with this median.
    Organic(f64),
    /// A quota, give or take a tenth.
    Quota(usize),
}

/// What the members of a population share and how they work.
pub(super) struct Habit {
    pub(super) population: &'static str,
    pub(super) campaign: &'static str,
    pub(super) accounts: usize,
    pub(super) volume: Volume,
    /// Day and night instead of a person's day.
    pub(super) round_the_clock: bool,
    /// Texts around the payload, `{}` in the payload's place; one is drawn for each request.
    pub(super) templates: Vec<String>,
    pub(super) system: Option<&'static str>,
    pub(super) payload: fn(&mut Draw) -> String,
    /// Number of items that all members draw from; none for work of their own.
    pub(super) common_items: Option<usize>,
    pub(super) conversations: bool,
    pub(super) output: f64,
    pub(super) temperature: Option<f64>,
    pub(super) max_tokens: Option<u64>,
    /// One client for all, instead of one each.
    pub(super) one_client: Option<usize>,
    /// Addresses shared by all; with 0 each member has its own.
    pub(super) gateways: usize,
    /// A new address for every request.
    pub(super) rotating: bool,
    /// Telephones: for every request one of the few hundred addresses of the carrier, which all its customers use.
    pub(super) on_the_move: bool,
    /// Members a payment instrument pays for; 0 for one each.
    pub(super) per_payment: usize,
    /// Sign-ups fall into so many days before the start; 0 for a year.
    pub(super) cohort_days: f64,
    /// One declared organisation.
    pub(super) organisation: bool,
    /// Share of requests that are ordinary traffic.
    pub(super) cover: f64,
    /// Share of the other requests whose instruction is worded anew instead of taken from the templates.
    pub(super) paraphrase: f64,
    /// Share of members that are closed and end half way.
    pub(super) closed: f64,
    /// The common items are dealt out, each to one member, instead of drawn by all.
    pub(super) dealt: bool,
    /// Populations of one number draw from the same common items.
    pub(super) material: Option<u64>,
    /// A template of its own for each week instead of any at any time.
    pub(super) weekly: bool,
    /// Accounts follow one another: each lives for one part in so many and is closed at its end.
    pub(super) generations: usize,
}

impl Habit {
    pub(super) fn innocent(population: &'static str, accounts: usize, median: f64) -> Self {
        Self {
            population,
            campaign: "",
            accounts,
            volume: Volume::Organic(median),
            round_the_clock: false,
            templates: Vec::new(),
            system: None,
            payload: text::any,
            common_items: None,
            conversations: false,
            output: 420.0,
            temperature: None,
            max_tokens: None,
            one_client: None,
            gateways: 0,
            rotating: false,
            on_the_move: false,
            per_payment: 0,
            cohort_days: 0.0,
            organisation: false,
            cover: 0.0,
            paraphrase: 0.0,
            closed: 0.0,
            dealt: false,
            material: None,
            weekly: false,
            generations: 1,
        }
    }

    pub(super) fn campaign(campaign: &'static str, accounts: usize, quota: usize, templates: &[&str]) -> Self {
        Self {
            campaign,
            volume: Volume::Quota(quota),
            round_the_clock: true,
            templates: templates.iter().map(|t| (*t).to_owned()).collect(),
            output: 1300.0,
            temperature: Some(1.0),
            max_tokens: Some(4096),
            ..Self::innocent("", accounts.max(5), 1.0)
        }
    }
}
