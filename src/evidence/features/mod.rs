//! Events to per-account evidence, mergeable across batches, so that memory grows with accounts and not with rows.

mod calls;
mod carriers;
mod excerpt;
mod names;
mod occurrences;
mod partial;
mod preambles;
mod rows;
mod shared;
mod tally;

use crate::evidence::fingerprint::{self, Winnower};
use crate::evidence::rules;
use crate::intake::event::{Event, Fold, Origin, Place};
use calls::ByAccount;
pub use calls::{MAX_HOURS, MAX_TIMES, Times};
pub(crate) use calls::{ends_of, hours_of};
pub use carriers::Carriers;
use compact_str::CompactString;
pub use excerpt::Excerpt;
use names::Names;
use occurrences::{Run, Text};
pub use partial::{Partial, PartialText, Unsettled};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{Display, Write};
use std::io;
use std::sync::Arc;
pub use tally::{Halves, Known, Tally};
use xxhash_rust::xxh3::xxh3_64;

/// Distinct texts kept for one account: those with the least hash, so that counts of the kept ones are exact in any order.
pub const MAX_ITEMS: usize = 16_384;
/// Distinct values kept for one account of any other kind.
pub const MAX_VALUES: usize = 4_096;
/// Exemplars kept for one account.
pub(crate) const MAX_EXEMPLARS: usize = 3;
/// Tokens that one call adds to a sum at most: a log may claim 2^64, and sums have to stay whole.
pub(crate) const MOST_TOKENS: u64 = 1 << 26;
/// Accounts that are listed with fingerprints, some two dozen bytes each: so many, and so many for each account; beyond, only those
/// in which a fingerprint recurs.
const LISTED: usize = 1 << 22;
const LISTED_PER_ACCOUNT: usize = 16;
pub(crate) const HOUR_US: i64 = 3_600_000_000;

/// How often an account carried a fingerprint, what came out, and where it stood first.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// Requests with it.
    pub count: u32,
    /// Least and greatest hash of the texts it stood in, of each the higher half: where they differ, it stood in two different
    /// texts at least.
    pub items: (u32, u32),
    /// Sum of ln(1 + output tokens) of those requests, millionths.
    pub ln_output: Halves,
    /// Those requests outside any conversation.
    pub single_turn: u32,
    /// Those requests whose text matches a rule pack.
    pub ruled: u32,
    /// Least place in the input.
    pub at: Place,
}

impl Carried {
    /// Whether it stands in so many texts and not in one alone.
    fn recurs(&self, least: u32) -> bool {
        self.count >= least && self.items.0 != self.items.1
    }

    fn absorb(&mut self, other: &Self) {
        self.count += other.count;
        self.items = (self.items.0.min(other.items.0), self.items.1.max(other.items.1));
        self.ln_output = (u64::from(self.ln_output) + u64::from(other.ln_output)).into();
        self.single_turn += other.single_turn;
        self.ruled += other.ruled;
        self.at = self.at.min(other.at);
    }
}

/// A fingerprint is part of an account's *template* when it recurs around different payloads: this many times...
const LEAST_RECURRENCE: f64 = 2.0;
/// ...and in this share of the account's requests, so that a chance repeat in a long history is none.
const LEAST_SHARE: f64 = 0.08;

impl Known for u32 {
    fn absorb(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

/// How often, and where first.
impl Known for (u32, Place) {
    fn absorb(&mut self, other: Self) {
        *self = (self.0.saturating_add(other.0), self.1.min(other.1));
    }
}

/// What an account sent with one setting of the sampling parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Requests with it.
    pub count: u32,
    /// Those outside any conversation.
    pub single_turn: u32,
    /// Sum of ln(1 + output tokens) of those requests, millionths.
    pub ln_output: u64,
    /// Least place in the input.
    pub at: Place,
}

impl Known for Sent {
    fn absorb(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.single_turn = self.single_turn.saturating_add(other.single_turn);
        self.ln_output = self.ln_output.saturating_add(other.ln_output);
        self.at = self.at.min(other.at);
    }
}

/// A first time, and where that request stands.
impl Known for (i64, Place) {
    fn absorb(&mut self, other: Self) {
        *self = (*self).min(other);
    }
}

/// What is known of one account from its events.
#[derive(Debug, Clone, Default)]
pub struct AccountEvidence {
    pub org_id: Option<String>,
    pub requests: u64,
    /// Requests of which a text is known, or a hash of it.
    pub with_text: u64,
    /// Those of which a hash is all that is known.
    pub hashed: u64,
    /// Requests whose text matches a rule pack.
    pub ruled: u64,
    pub single_turn: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub first_us: i64,
    pub last_us: i64,
    /// Coarsest resolution of its times, µs.
    pub resolution_us: i64,
    pub first_at: Option<Origin>,
    /// Where its latest request stands.
    pub last_at: Option<Place>,
    pub hours: [u32; 24],
    pub addresses: Tally<CompactString, (u32, Place)>,
    pub clients: Tally<Arc<str>, (u32, Place)>,
    /// Sampling parameters, whatever client sent them.
    pub parameters: Tally<Arc<str>, Sent>,
    /// User agent and TLS fingerprint, where a request has both, with a NUL between them.
    pub(crate) stacks: Tally<Arc<str>, (u32, Place)>,
    /// First use of each model, µs since the Unix epoch, and where it stands.
    pub models: Tally<Arc<str>, (i64, Place)>,
    /// Requests whose answer was cut at its limit.
    pub cut_short: u64,
    /// Requests refused for quota (HTTP 429).
    pub refused: u64,
    /// Sums of ln(1 + tokens) over requests, in millionths: whole numbers, so that no order of adding changes them.
    pub ln_input: u64,
    pub ln_output: u64,
    pub times: Times,
    pub sessions: Tally<Halves, u32>,
    pub items: Tally<Halves, u32>,
    /// Fingerprints of its recurring text, rising: those that recur in another account too. Complete after [`Fold::finish`].
    pub recurring: Vec<u64>,
    pub rule_hits: BTreeMap<&'static str, (u32, Place)>,
    /// A few exemplars, best first.
    pub excerpts: Vec<Excerpt>,
}

/// Evidence of all accounts.
#[derive(Debug, Default)]
pub struct Evidence {
    /// By account id. Complete after [`Fold::finish`]. Boxed, for what is known of an account takes half a kilobyte, and lists
    /// and trees move what they hold.
    pub accounts: BTreeMap<String, Box<AccountEvidence>>,
    /// Rising by fingerprint.
    carriers: Vec<Carriers>,
    /// Until then accounts are numbered as they come.
    numbers: HashMap<String, u32>,
    #[allow(clippy::vec_box, reason = "the boxes are those of `accounts`, and move there in the end")]
    open: Vec<Box<AccountEvidence>>,
    run: Run,
    /// What was absorbed: texts that the evidence which came with them counts already.
    absorbed: Option<Run>,
    /// Those of evidence that was merged into this.
    other_runs: Vec<Run>,
    desk: Desk,
}

/// What is used for one request after the other.
#[derive(Debug, Default)]
struct Desk {
    winnower: Winnower,
    names: Names,
    settings: String,
    line: String,
    hits: Vec<&'static str>,
    fingerprints: Vec<u64>,
}

impl Evidence {
    /// Whether the times tell the hour of the day; a log of dates does not.
    pub fn tells_hours(&self) -> bool {
        self.accounts.values().all(|account| account.tells_hours())
    }

    /// Who carries a fingerprint, if only in one text, by their places among [`Evidence::accounts`]. Known for fingerprints
    /// that recur in at least two accounts.
    pub fn carriers(&self, fingerprint: u64) -> Option<&Carriers> {
        self.carriers.binary_search_by_key(&fingerprint, |of| of.fingerprint).ok().map(|i| &self.carriers[i])
    }

    /// All fingerprints that recur in at least two accounts, rising, with who carries each.
    pub fn shared(&self) -> impl Iterator<Item = &Carriers> + Clone {
        self.carriers.iter()
    }

    /// The same with the places of the accounts in which each recurs, rising.
    pub fn recurring(&self) -> impl ParallelIterator<Item = (u64, Vec<u32>)> {
        let least: Vec<u32> = self.accounts.values().map(|account| account.least_recurrence()).collect();
        let recurs = move |(account, carried): &(u32, Carried)| carried.recurs(least[*account as usize]);
        self.carriers.par_iter().map(move |of| {
            let accounts = of.iter().filter(|carrier| recurs(carrier)).map(|(account, _)| account);
            (of.fingerprint, accounts.collect())
        })
    }

    /// How the account at a place carries a fingerprint.
    pub fn carried(&self, fingerprint: u64, account: u32) -> Option<Carried> {
        self.carriers(fingerprint)?.of(account)
    }

    /// Fingerprints so popular that accounts which carry one now and then are not listed.
    pub fn curtailed(&self) -> usize {
        self.carriers.iter().filter(|of| of.count() > of.accounts().len()).count()
    }

    /// First and last request, µs since the Unix epoch; `None` without any.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.accounts.values().map(|a| a.first_us).min()?;
        Some((first, self.accounts.values().map(|a| a.last_us).max()?))
    }
}

impl AccountEvidence {
    /// Whether a fingerprint is part of the account's recurring text.
    pub fn recurs(&self, carried: &Carried) -> bool {
        carried.recurs(self.least_recurrence())
    }

    /// Fewest texts of its recurring text.
    fn least_recurrence(&self) -> u32 {
        (self.with_text as f64 * LEAST_SHARE).ceil().max(LEAST_RECURRENCE) as u32
    }

    /// User agent and TLS fingerprint of requests that have both, with the place of the first.
    pub fn stacks(&self) -> impl Iterator<Item = (&str, &str, Origin)> {
        self.stacks
            .iter()
            .filter_map(|(stack, (_, at))| stack.split_once('\0').map(|(agent, tls)| (agent, tls, (*at).into())))
    }

    fn push(&mut self, event: &Event<'_>, number: u32, run: &mut Run, desk: &mut Desk) {
        let at = event.origin;
        if self.requests == 0 {
            (self.first_us, self.last_us) = (event.ts_us, event.ts_us);
        }
        self.requests += 1;
        self.first_us = self.first_us.min(event.ts_us);
        (self.last_us, self.last_at) = (self.last_us, self.last_at).max((event.ts_us, Some(at.into())));
        self.resolution_us = self.resolution_us.max(event.ts_res_us);
        self.first_at = Some(self.first_at.map_or(at, |o| o.min(at)));
        self.hours[event.ts_us.div_euclid(HOUR_US).rem_euclid(24) as usize] += 1;
        self.input_tokens += event.input_tokens.unwrap_or(0).min(MOST_TOKENS);
        self.output_tokens += event.output_tokens.unwrap_or(0).min(MOST_TOKENS);
        if let Some(org) = event.org_id.as_deref()
            && self.org_id.as_deref().is_none_or(|known| org < known)
        {
            self.org_id = Some(org.to_owned());
        }
        match event.session_id.as_deref() {
            Some(session) => self.sessions.add(&xxh3_64(session.as_bytes()).into(), 1, MAX_VALUES),
            None => self.single_turn += 1,
        }
        if let Some(ip) = event.client_ip.as_deref() {
            self.addresses.add(ip, (1, at.into()), MAX_VALUES);
        }
        let ln_output = ln_millionths(event.output_tokens);
        self.push_software(event, ln_output, desk);
        if let Some(model) = event.model.as_deref() {
            self.models.add_shared(desk.names.keep(model), (event.ts_us, at.into()), MAX_VALUES);
        }
        self.cut_short += u64::from(is_cut_short(event));
        self.refused += u64::from(event.status == Some(429));
        self.ln_input += ln_millionths(event.input_tokens);
        self.ln_output += ln_output;
        run.starts.push(number, event.ts_us);
        if let Some(item) = item(event) {
            self.push_text(event, item, (number, ln_output), run, desk);
        }
    }

    /// What sent the request, and how. Spelt into memory that is used again: nearly every request repeats what its account has
    /// said before.
    fn push_software(&mut self, event: &Event<'_>, ln_output: u64, desk: &mut Desk) {
        let Desk { settings, line, names, .. } = desk;
        let at = Place::from(event.origin);
        let set = write_settings(event, settings);
        let (agent, tls) = (event.user_agent.as_deref(), event.tls_fingerprint.as_deref());
        let tools = event.tools.as_deref().map(|tools| format!("tools:{:016x}", xxh3_64(tools.as_bytes())));
        // Client and parameters as one value; a tuple of absent parts is no object.
        if set || agent.is_some() || tls.is_some() || tools.is_some() {
            line.clear();
            let (agent, tls, tools) = (agent.unwrap_or_default(), tls.unwrap_or_default(), tools.as_deref());
            line.extend([agent, BAR, tls, BAR, settings, BAR, tools.unwrap_or_default()]);
            self.clients.add_shared(names.keep(line), (1, at), MAX_VALUES);
        }
        settings.extend([BAR, if tools.is_some() { "tools" } else { "" }]);
        let sent = Sent { count: 1, single_turn: event.session_id.is_none().into(), ln_output, at };
        self.parameters.add_shared(names.keep(settings), sent, MAX_VALUES);
        if let (Some(agent), Some(tls)) = (agent, tls) {
            line.clear();
            line.extend([agent, "\0", tls]);
            self.stacks.add_shared(names.keep(line), (1, at), MAX_VALUES);
        }
    }

    fn push_text(
        &mut self,
        event: &Event<'_>,
        item: u64,
        (account, ln_output): (u32, u64),
        run: &mut Run,
        desk: &mut Desk,
    ) {
        let (at, text) = (event.origin, event.user_text.as_deref());
        self.with_text += 1;
        self.hashed += u64::from(text.is_none());
        let (system, tail) = (event.system_text.as_deref(), event.system_tail.as_deref());
        let preamble = system.filter(|_| tail.is_none()).and_then(|s| run.preambles.number(s, &mut desk.winnower));
        desk.hits.clear();
        text.into_iter().for_each(|text| rules::matching(text, &mut desk.hits));
        // What is asked of all requests alike stands in the system prompt.
        match preamble {
            Some(number) => desk.hits.extend(run.preambles.packs(number)),
            None => system.into_iter().for_each(|system| rules::matching(system, &mut desk.hits)),
        }
        desk.hits.sort_unstable();
        desk.hits.dedup();
        for name in &desk.hits {
            self.rule_hits.entry(name).or_insert((0, at.into())).absorb((1, at.into()));
        }
        let ruled = !desk.hits.is_empty();
        self.ruled += u64::from(ruled);
        if let Some(text) = text {
            let rank = (!ruled, xxh3_64(text.as_bytes()));
            let is_better = |worst: &Excerpt| (rank, at) < (worst.rank, worst.at);
            if self.excerpts.len() < MAX_EXEMPLARS || self.excerpts.last().is_some_and(is_better) {
                self.excerpts.push(Excerpt::raw(rank, at, text));
                self.keep_best();
            }
        }
        desk.fingerprints.clear();
        // The hash of a system prompt is all of it that can be told again.
        desk.fingerprints.extend(event.system_hash.as_deref().map(fingerprint::item));
        let texts = [system.filter(|_| preamble.is_none()), tail, text, event.user_tail.as_deref()];
        texts.into_iter().flatten().for_each(|text| desk.winnower.winnow(text, &mut desk.fingerprints));
        let single_turn = event.session_id.is_none();
        let text = Text { account, item, ln_output: ln_output as u32, single_turn, ruled, at };
        run.push(&text, preamble, &mut desk.fingerprints);
    }

    /// Takes in texts, by their hashes in any order.
    fn take_items(&mut self, hashes: &mut [u64]) {
        hashes.sort_unstable();
        let counted = hashes.chunk_by(|a, b| a == b).map(|same| (same[0].into(), same.len() as u32));
        let mut entries = Vec::with_capacity(counted.clone().count());
        entries.extend(counted);
        self.items.merge(Tally::of(entries, MAX_ITEMS), MAX_ITEMS);
    }

    fn keep_best(&mut self) {
        self.excerpts.sort();
        self.excerpts.truncate(MAX_EXEMPLARS);
    }

    /// Keeps the words that others keep too.
    fn share(&mut self, names: &mut Names) {
        self.clients.share(names);
        self.parameters.share(names);
        self.stacks.share(names);
        self.models.share(names);
    }

    fn settle(&mut self) {
        self.times.settle();
        self.stacks.close(MAX_VALUES);
        self.models.close(MAX_VALUES);
        self.items.close(MAX_ITEMS);
        self.sessions.close(MAX_VALUES);
        self.addresses.close(MAX_VALUES);
        self.clients.close(MAX_VALUES);
        self.parameters.close(MAX_VALUES);
        self.excerpts.shrink_to_fit();
    }

    fn merge(&mut self, other: Self) {
        // Evidence that somebody sent may claim any sum.
        let grow = |own: &mut u64, its: u64| *own = own.saturating_add(its);
        grow(&mut self.requests, other.requests);
        grow(&mut self.with_text, other.with_text);
        grow(&mut self.hashed, other.hashed);
        grow(&mut self.ruled, other.ruled);
        grow(&mut self.single_turn, other.single_turn);
        grow(&mut self.input_tokens, other.input_tokens);
        grow(&mut self.output_tokens, other.output_tokens);
        grow(&mut self.cut_short, other.cut_short);
        grow(&mut self.refused, other.refused);
        grow(&mut self.ln_input, other.ln_input);
        grow(&mut self.ln_output, other.ln_output);
        self.first_us = self.first_us.min(other.first_us);
        (self.last_us, self.last_at) = (self.last_us, self.last_at).max((other.last_us, other.last_at));
        self.resolution_us = self.resolution_us.max(other.resolution_us);
        self.first_at = self.first_at.into_iter().chain(other.first_at).min();
        self.org_id = self.org_id.take().into_iter().chain(other.org_id).min();
        self.hours.iter_mut().zip(other.hours).for_each(|(a, b)| *a = a.saturating_add(b));
        self.addresses.merge(other.addresses, MAX_VALUES);
        self.clients.merge(other.clients, MAX_VALUES);
        self.parameters.merge(other.parameters, MAX_VALUES);
        self.stacks.merge(other.stacks, MAX_VALUES);
        self.models.merge(other.models, MAX_VALUES);
        self.sessions.merge(other.sessions, MAX_VALUES);
        self.items.merge(other.items, MAX_ITEMS);
        self.times.merge(other.times);
        for (name, known) in other.rule_hits {
            self.rule_hits.entry(name).or_insert((0, known.1)).absorb(known);
        }
        self.excerpts.extend(other.excerpts);
        self.keep_best();
    }

    /// Whether all its times tell the hour of the day.
    pub fn tells_hours(&self) -> bool {
        self.resolution_us <= HOUR_US
    }

    /// Requests outside a conversation: without session, or alone in it. Where there are too many sessions to keep, those with the
    /// least hashes are kept, and stand for all.
    pub fn lone_requests(&self) -> u64 {
        let alone = self.sessions.values().filter(|n| **n == 1).count() as u64;
        let kept: u64 = self.sessions.values().map(|n| u64::from(*n)).sum();
        let all = self.requests - self.single_turn;
        if kept == all || kept == 0 {
            return self.single_turn + alone;
        }
        self.single_turn + (alone as f64 / kept as f64 * all as f64).round() as u64
    }
}

/// What tells a request's text from others: its hash, or that of the hash that the log has instead.
fn item(event: &Event<'_>) -> Option<u64> {
    match (event.user_text.as_deref(), event.user_tail.as_deref()) {
        (Some(text), Some(tail)) => Some(fingerprint::item(&[text, tail].join("\0"))),
        (Some(text), None) => Some(fingerprint::item(text)),
        (None, _) => event.user_hash.as_deref().map(fingerprint::item),
    }
}

/// Whether the answer ended at its limit and not by itself.
fn is_cut_short(event: &Event<'_>) -> bool {
    let said = matches!(event.finish_reason.as_deref(), Some("length" | "max_tokens" | "MAX_TOKENS"));
    said || event.max_tokens.is_some_and(|most| event.output_tokens.is_some_and(|n| n >= most))
}

/// Typical number of tokens, the geometric mean, from a sum of ln(1 + tokens) in millionths. A few huge answers move a
/// mean, and people ask for those too.
pub fn typical(ln_sum: u64, requests: u64) -> f64 {
    libm::expm1(ln_sum as f64 / 1e6 / requests.max(1) as f64)
}

fn ln_millionths(tokens: Option<u64>) -> u64 {
    (libm::log1p(tokens.unwrap_or(0) as f64) * 1e6).round() as u64
}

/// Writes the sampling parameters but for the tools, with bars between them and absent ones empty; false where all are absent.
/// A request that sets none says so: leaving all at their default is a habit too, and a common one.
fn write_settings(event: &Event<'_>, line: &mut String) -> bool {
    fn shown<T: Display>(value: &Option<T>) -> Option<&dyn Display> {
        value.as_ref().map(|v| v as &dyn Display)
    }
    let Event { temperature, top_p, max_tokens, stream, .. } = event;
    let parts = [shown(temperature), shown(top_p), shown(max_tokens), shown(stream)];
    line.clear();
    for (i, part) in parts.iter().enumerate() {
        line.push_str(if i == 0 { "" } else { BAR });
        // Writing to a string does not fail.
        let _ = part.map(|part| write!(line, "{part}"));
    }
    parts.iter().any(Option::is_some)
}

/// Stands between the parts of a value.
pub const BAR: &str = " | ";

impl Evidence {
    fn number(&mut self, account: &str) -> u32 {
        match self.numbers.get(account) {
            Some(number) => *number,
            None => {
                let number = self.open.len() as u32;
                self.numbers.insert(account.to_owned(), number);
                self.open.push(Box::default());
                number
            }
        }
    }
}

/// Deals to accounts, which runs know by their places here, all that those keep of each call.
fn deal(accounts: &mut [Box<AccountEvidence>], runs: &mut [Run]) -> io::Result<()> {
    for run in runs {
        let mut starts = run.starts.deal(accounts.len())?;
        accounts.par_iter_mut().zip(starts.each()).for_each(|(account, own)| account.times.extend(own.iter().copied()));
        let mut texts = ByAccount::new(accounts.len(), run.uncounted());
        accounts.par_iter_mut().zip(texts.each()).for_each(|(account, own)| account.take_items(own));
    }
    Ok(())
}

impl Fold for Evidence {
    fn hold(&mut self, bytes: usize) {
        self.run.hold(bytes);
        self.absorbed.iter_mut().for_each(|run| run.hold(bytes));
    }

    fn push(&mut self, event: &Event<'_>) {
        let number = self.number(&event.account_id);
        self.open[number as usize].push(event, number, &mut self.run, &mut self.desk);
    }

    fn merge(&mut self, other: Self) {
        let mut numbers = vec![0; other.open.len()];
        let mut names = other.numbers.into_iter().map(|(name, number)| (number, name)).collect::<Vec<_>>();
        names.sort_unstable();
        for ((number, name), evidence) in names.into_iter().zip(other.open) {
            let own = self.number(&name);
            numbers[number as usize] = own;
            let known = &mut self.open[own as usize];
            if known.requests == 0 {
                *known = evidence;
            } else {
                known.merge(*evidence);
            }
        }
        for mut run in [other.run].into_iter().chain(other.absorbed).chain(other.other_runs) {
            run.renumber(&numbers);
            self.other_runs.push(run);
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let mut runs = std::mem::take(&mut self.other_runs);
        runs.push(std::mem::take(&mut self.run));
        runs.extend(self.absorbed.take());
        let names: BTreeMap<String, u32> = self.numbers.drain().collect();
        let mut places = vec![0; self.open.len()];
        (0u32..).zip(names.values()).for_each(|(place, number)| places[*number as usize] = place);
        for run in &mut runs {
            run.renumber(&places);
            run.settle();
        }
        let mut accounts: Vec<Box<AccountEvidence>> =
            names.values().map(|number| std::mem::take(&mut self.open[*number as usize])).collect();
        self.open = Vec::new();
        deal(&mut accounts, &mut runs)?;
        // What was kept for more is given back before the most is needed.
        accounts.par_iter_mut().for_each(|account| account.settle());
        let most_listed = LISTED + LISTED_PER_ACCOUNT * accounts.len();
        // By itself: what else is known of accounts stands too far from the processor to ask each for every fingerprint.
        let least: Vec<u32> = accounts.iter().map(|account| account.least_recurrence()).collect();
        let recurs = |account: u32, carried: &Carried| carried.recurs(least[account as usize]);
        self.carriers = shared::shared(&runs, most_listed, recurs)?;
        drop(runs);
        let recurring = self.carriers.iter().flat_map(|of| {
            of.iter()
                .filter(|(account, carried)| recurs(*account, carried))
                .map(|(account, _)| (account, of.fingerprint))
        });
        let mut recurring = ByAccount::new(accounts.len(), recurring);
        accounts.iter_mut().zip(recurring.each()).for_each(|(account, own)| account.recurring = own.to_vec());
        self.accounts = names.into_keys().zip(accounts).collect();
        Ok(())
    }
}
