//! What a group's work looks like, whoever does it: content and economics.

use crate::baseline::Baseline;
use crate::features::{AccountEvidence, Carried, Evidence, typical};
use crate::links::{Family, Object, World};
use std::collections::BTreeMap;

/// Content and economics of a group. Figures marked *of its own* are those of requests that carry the group's own templates,
/// where it has such, so that ordinary traffic through the same accounts does not hide them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Requests with text.
    pub texts: u64,
    /// Texts of the group over texts of its accounts, each text of an account once: 1 where no account does what another one
    /// has done. Several answers to one text in one account are samples. `None` without text.
    pub unrepeated: Option<f64>,
    /// Whether that is said of the texts alone that nobody outside the group sent: whoever hides work of their own among
    /// what everybody asks repeats what everybody asks.
    pub beside_others: bool,
    /// Requests outside conversations, over requests *of its own*. `None` where the log knows no conversations.
    pub single_turn: Option<f64>,
    /// Requests that match a rule pack, over requests with text *of its own*. `None` without text.
    pub rule_share: Option<f64>,
    /// Share of requests of one kind: that carry a template of the group's own; without text, that set the group's most
    /// frequent sampling parameters. `None` where neither is there.
    pub uniform: Option<f64>,
    /// Share of accounts that work around the clock; `None` where nobody works enough to tell.
    pub sleepless: Option<f64>,
    /// Typical output of requests *of its own*, tokens (geometric mean).
    pub output: f64,
}

/// Those of the templates that are a group's own: carried by several members and hardly by anyone else.
pub fn own_templates<'w>(world: &'w World, group: &[u32]) -> Vec<&'w Object> {
    let held = world.held_by(group, Family::Content);
    held.filter(|(object, n)| *n >= 3 && 2 * n > object.accounts.len()).map(|(object, _)| object).collect()
}

/// Measures the shape of the work of a group (accounts, rising) with the templates of its `own`; with `content` false text
/// is not looked at.
pub fn shape(evidence: &Evidence, baseline: &Baseline<'_>, group: &[u32], own: &[&Object], content: bool) -> Shape {
    let members: Vec<&AccountEvidence> = group.iter().map(|a| baseline.accounts[*a as usize]).collect();
    let texts: u64 = if content { members.iter().map(|a| a.with_text).sum() } else { 0 };
    let carried = carried(evidence, group, own);
    let stream = longest_stream(&members, &carried, texts);
    let told = baseline.texts(group);
    let beside_others = stream.is_some() && told.own as f64 >= OF_TEXTS * told.sent as f64;
    let work = stream.or_else(|| all_streams(&carried)).unwrap_or_else(|| Work {
        requests: members.iter().map(|a| a.requests).sum(),
        texts,
        single_turn: group.iter().map(|a| baseline.lone_requests[*a as usize]).sum(),
        ruled: members.iter().map(|a| a.ruled).sum(),
        ln_output: members.iter().map(|a| a.ln_output).sum(),
    });
    let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
    let unrepeated = || match beside_others {
        true => share(told.own_distinct, told.own),
        false => share(told.distinct, told.sent),
    };
    let sampled = |place: usize| baseline.sampled_texts[group[place] as usize];
    Shape {
        texts,
        unrepeated: (texts > 0).then(unrepeated),
        beside_others,
        single_turn: baseline.has_sessions.then(|| share(work.single_turn, work.requests)),
        rule_share: (texts > 0).then(|| share(work.ruled, work.texts)),
        uniform: if texts > 0 {
            Some(share(of_one_kind(&members, &carried, sampled), texts))
        } else {
            one_setting(&members)
        },
        sleepless: baseline.sleepless(group),
        output: typical(work.ln_output, work.requests),
    }
}

/// Of each template the members that carry it in any text, by their places, and how. Most templates are carried by a few of
/// a large group, so that the carriers are looked up and not every member.
fn carried<'a>(evidence: &'a Evidence, group: &'a [u32], templates: &[&Object]) -> Vec<Vec<(usize, &'a Carried)>> {
    let known = templates.iter().filter_map(|o| evidence.carriers(o.fingerprint()?));
    known.map(|carriers| carriers.inside(group).collect()).collect()
}

/// Sums over some requests.
#[derive(Default)]
struct Work {
    requests: u64,
    texts: u64,
    single_turn: u64,
    ruled: u64,
    ln_output: u64,
}

/// Share of a group's accounts that have to carry an instruction, and of its texts that have to carry it, for the
/// instruction to be judged by itself.
const OF_ACCOUNTS: f64 = 0.3;
const OF_TEXTS: f64 = 0.05;

impl Work {
    fn of(carriers: &[(usize, &Carried)]) -> Self {
        let mut work = Self::default();
        carriers.iter().for_each(|(_, carried)| work.add(carried));
        work
    }

    fn add(&mut self, carried: &Carried) {
        self.requests += u64::from(carried.count);
        self.texts += u64::from(carried.count);
        self.single_turn += u64::from(carried.single_turn);
        self.ruled += u64::from(carried.ruled);
        self.ln_output += carried.ln_output;
    }

    fn output(&self) -> f64 {
        typical(self.ln_output, self.requests)
    }
}

/// Of the instructions in a group's own templates that are carried widely enough the one with the longest answers: a pool that
/// serves customers, or two campaigns, is judged by each of its streams and not by their mean.
fn longest_stream(members: &[&AccountEvidence], own: &[Vec<(usize, &Carried)>], texts: u64) -> Option<Work> {
    let wide = own.iter().filter(|carriers| carriers.len() as f64 >= OF_ACCOUNTS * members.len() as f64);
    let streams =
        wide.map(|carriers| Work::of(carriers)).filter(|work| work.requests as f64 >= OF_TEXTS * texts as f64);
    streams.reduce(|longest, work| if work.output() > longest.output() { work } else { longest })
}

/// All of them together; `None` without templates.
fn all_streams(own: &[Vec<(usize, &Carried)>]) -> Option<Work> {
    let mut all = Work::default();
    own.iter().flatten().for_each(|(_, carried)| all.add(carried));
    (all.requests > 0).then_some(all)
}

/// Texts of one kind: that carry one of the templates, or are asked again and again by the same account: `sampled` has those
/// by the place of the account. Templates with the same first text stand in the same texts and count once.
fn of_one_kind(members: &[&AccountEvidence], own: &[Vec<(usize, &Carried)>], sampled: impl Fn(usize) -> u64) -> u64 {
    let mut kinds: Vec<(usize, u64, u32)> =
        own.iter().flatten().map(|(place, carried)| (*place, carried.items.0, carried.count)).collect();
    kinds.sort_unstable();
    let mut of_kind = vec![0; members.len()];
    for same in kinds.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        // The last is carried most.
        let (place, _, most) = same[same.len() - 1];
        of_kind[place] += u64::from(most);
    }
    let of = |(place, (account, carrying)): (usize, (&&AccountEvidence, u64))| {
        carrying.max(sampled(place)).min(account.with_text)
    };
    members.iter().zip(of_kind).enumerate().map(of).sum()
}

/// Share of requests with the most frequent sampling parameters; `None` where that is to set none.
fn one_setting(members: &[&AccountEvidence]) -> Option<f64> {
    let mut settings: BTreeMap<&str, u64> = BTreeMap::new();
    for (parameters, (n, _)) in members.iter().flat_map(|a| &a.parameters) {
        *settings.entry(parameters).or_default() += u64::from(*n);
    }
    let all: u64 = settings.values().sum();
    let (parameters, most) = settings.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))?;
    parameters.contains(|c: char| c.is_alphanumeric()).then(|| most as f64 / all as f64)
}
