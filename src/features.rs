//! Events to per-account evidence, mergeable across batches, so that memory grows with accounts and not with rows.

use crate::event::{Event, Fold, Origin};
use crate::fingerprint;
use crate::rules;
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// Fingerprints kept for one account: those with the least hash, so that counts of the kept ones are exact in any order.
pub const MAX_FINGERPRINTS: usize = 16_384;
/// Distinct values kept for one account of any other kind.
pub const MAX_VALUES: usize = 4_096;
/// Starts of requests kept for one account.
pub const MAX_TIMES: usize = 4_096;
/// Exemplars kept for one account.
const MAX_EXEMPLARS: usize = 3;
/// Tokens that one call adds to a sum at most: a log may claim 2^64, and sums have to stay whole.
const MOST_TOKENS: u64 = 1 << 26;
const HOUR_US: i64 = 3_600_000_000;
/// Characters of an excerpt.
const EXCERPT: usize = 240;

/// How often an account carried a fingerprint, what came out, and where it stood first.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// Requests with it.
    pub count: u32,
    /// Least and greatest hash of the texts it stood in: where they differ, it stood in two different texts at least.
    pub items: (u64, u64),
    /// Sum of ln(1 + output tokens) of those requests, millionths.
    pub ln_output: u64,
    /// Those requests outside any conversation.
    pub single_turn: u32,
    /// Those requests whose text matches a rule pack.
    pub ruled: u32,
    /// Least place in the input.
    pub at: Origin,
}

/// A short redacted piece of one log line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excerpt {
    /// Rank: lines that match a rule pack first, then by hash of the text.
    pub rank: (bool, u64),
    /// Where it stands.
    pub at: Origin,
    /// Redacted text.
    pub text: String,
}

impl Carried {
    fn absorb(&mut self, other: &Self) {
        self.count += other.count;
        self.items = (self.items.0.min(other.items.0), self.items.1.max(other.items.1));
        self.ln_output += other.ln_output;
        self.single_turn += other.single_turn;
        self.ruled += other.ruled;
        self.at = self.at.min(other.at);
    }
}

/// Fingerprints with what is known of each: a sorted part and an unsorted tail that is folded in when it grows, which
/// costs a fraction of a search tree. Bounded by [`MAX_FINGERPRINTS`] whatever the order.
#[derive(Debug, Clone, Default)]
pub struct Fingerprints {
    entries: Vec<(u64, Carried)>,
    settled: usize,
}

impl Fingerprints {
    fn push(&mut self, fingerprint: u64, carried: Carried) {
        self.entries.push((fingerprint, carried));
        if self.entries.len() > 256 + 2 * self.settled {
            self.settle();
        }
    }

    /// Sorts, adds up, and keeps the least hashes.
    fn settle(&mut self) {
        if self.settled == self.entries.len() {
            return;
        }
        self.entries.sort_by_key(|(f, _)| *f);
        self.entries.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1.absorb(&later.1);
            }
            same
        });
        self.entries.truncate(MAX_FINGERPRINTS);
        self.settled = self.entries.len();
    }

    fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        if self.entries.len() > 256 + 2 * self.settled {
            self.settle();
        }
    }

    /// In rising order, each once. Complete after [`Fold::finish`].
    pub fn iter(&self) -> impl Iterator<Item = &(u64, Carried)> {
        self.entries.iter()
    }

    /// What is known of one fingerprint.
    pub fn get(&self, fingerprint: u64) -> Option<&Carried> {
        self.entries.binary_search_by_key(&fingerprint, |(f, _)| *f).ok().map(|i| &self.entries[i].1)
    }
}

/// Starts of requests, µs since the Unix epoch: the earliest [`MAX_TIMES`] of an account, in order once settled.
#[derive(Debug, Clone, Default)]
pub struct Times {
    starts: Vec<i64>,
}

impl Times {
    fn extend(&mut self, starts: impl IntoIterator<Item = i64>) {
        self.starts.extend(starts);
        if self.starts.len() > 2 * MAX_TIMES {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.starts.sort_unstable();
        self.starts.truncate(MAX_TIMES);
        self.starts.shrink_to_fit();
    }

    /// In order. Complete after [`Fold::finish`].
    pub fn as_slice(&self) -> &[i64] {
        &self.starts
    }
}

/// What is known of one account from its events.
#[derive(Debug, Clone, Default)]
pub struct AccountEvidence {
    pub org_id: Option<String>,
    pub requests: u64,
    pub with_text: u64,
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
    pub hours: [u32; 24],
    pub addresses: BTreeMap<String, (u32, Origin)>,
    pub clients: BTreeMap<String, (u32, Origin)>,
    /// Sampling parameters, whatever client sent them.
    pub parameters: BTreeMap<String, (u32, Origin)>,
    /// User agent with TLS fingerprint, where a request has both.
    pub stacks: BTreeMap<(String, String), (u32, Origin)>,
    /// First use of each model, µs since the Unix epoch.
    pub models: BTreeMap<String, i64>,
    /// Requests whose answer was cut at its limit.
    pub cut_short: u64,
    /// Requests refused for quota (HTTP 429).
    pub refused: u64,
    /// Sums of ln(1 + tokens) over requests, in millionths: whole numbers, so that no order of adding changes them.
    pub ln_input: u64,
    pub ln_output: u64,
    pub times: Times,
    pub sessions: BTreeMap<u64, u32>,
    pub items: BTreeMap<u64, u32>,
    pub fingerprints: Fingerprints,
    pub rule_hits: BTreeMap<&'static str, (u32, Origin)>,
    pub excerpts: BTreeSet<Excerpt>,
}

/// Evidence of all accounts.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// By account id.
    pub accounts: BTreeMap<String, AccountEvidence>,
    scratch: Vec<u64>,
}

impl Evidence {
    /// Whether the times tell the hour of the day; a log of dates does not.
    pub fn tells_hours(&self) -> bool {
        self.accounts.values().all(AccountEvidence::tells_hours)
    }

    /// First and last request, µs since the Unix epoch; `None` without any.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.accounts.values().map(|a| a.first_us).min()?;
        Some((first, self.accounts.values().map(|a| a.last_us).max()?))
    }
}

fn count_value<K: Ord>(map: &mut BTreeMap<K, (u32, Origin)>, key: K, count: u32, at: Origin) {
    let slot = map.entry(key).or_insert((0, at));
    slot.0 += count;
    slot.1 = slot.1.min(at);
}

fn keep_least<K: Ord, V>(map: &mut BTreeMap<K, V>, most: usize) {
    while map.len() > most {
        map.pop_last();
    }
}

impl AccountEvidence {
    fn push(&mut self, event: &Event<'_>, scratch: &mut Vec<u64>) {
        let at = event.origin;
        if self.requests == 0 {
            (self.first_us, self.last_us) = (event.ts_us, event.ts_us);
        }
        self.requests += 1;
        self.first_us = self.first_us.min(event.ts_us);
        self.last_us = self.last_us.max(event.ts_us);
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
            Some(session) => *self.sessions.entry(xxh3_64(session.as_bytes())).or_default() += 1,
            None => self.single_turn += 1,
        }
        if let Some(ip) = event.client_ip.as_deref() {
            count_value(&mut self.addresses, ip.to_owned(), 1, at);
        }
        if let Some(client) = client_tuple(event) {
            count_value(&mut self.clients, client, 1, at);
        }
        count_value(&mut self.parameters, parameter_tuple(event), 1, at);
        if let (Some(agent), Some(tls)) = (event.user_agent.as_deref(), event.tls_fingerprint.as_deref()) {
            count_value(&mut self.stacks, (agent.to_owned(), tls.to_owned()), 1, at);
        }
        if let Some(model) = event.model.as_deref() {
            self.use_model(model, event.ts_us);
        }
        self.cut_short += u64::from(is_cut_short(event));
        self.refused += u64::from(event.status == Some(429));
        self.ln_input += ln_millionths(event.input_tokens);
        self.ln_output += ln_millionths(event.output_tokens);
        self.times.extend([event.ts_us]);
        if let Some(text) = event.user_text.as_deref() {
            self.push_text(event, text, scratch);
        }
        self.bound();
    }

    fn push_text(&mut self, event: &Event<'_>, text: &str, scratch: &mut Vec<u64>) {
        let at = event.origin;
        self.with_text += 1;
        let item = match event.user_tail.as_deref() {
            None => fingerprint::item(text),
            Some(tail) => fingerprint::item(&[text, tail].join("\0")),
        };
        *self.items.entry(item).or_default() += 1;
        let hits = rules::matching(text);
        for name in &hits {
            count_value(&mut self.rule_hits, *name, 1, at);
        }
        self.ruled += u64::from(!hits.is_empty());
        let rank = (hits.is_empty(), xxh3_64(text.as_bytes()));
        // Redaction is dear: only a line that will be kept is worth it.
        if self.excerpts.len() < MAX_EXEMPLARS
            || self.excerpts.last().is_some_and(|worst| (rank, at) < (worst.rank, worst.at))
        {
            self.excerpts.insert(Excerpt { rank, at, text: crate::redact::excerpt(text, EXCERPT) });
        }
        while self.excerpts.len() > MAX_EXEMPLARS {
            self.excerpts.pop_last();
        }
        let system = [event.system_text.as_deref(), event.system_tail.as_deref()];
        for text in system.into_iter().chain([Some(text), event.user_tail.as_deref()]).flatten() {
            fingerprint::winnow(text, scratch);
            for &f in scratch.iter() {
                let carried = Carried {
                    count: 1,
                    items: (item, item),
                    ln_output: ln_millionths(event.output_tokens),
                    single_turn: u32::from(event.session_id.is_none()),
                    ruled: u32::from(!hits.is_empty()),
                    at,
                };
                self.fingerprints.push(f, carried);
            }
        }
    }

    fn use_model(&mut self, model: &str, at: i64) {
        match self.models.get_mut(model) {
            Some(first) => *first = at.min(*first),
            None => {
                self.models.insert(model.to_owned(), at);
            }
        }
    }

    fn bound(&mut self) {
        keep_least(&mut self.stacks, MAX_VALUES);
        keep_least(&mut self.models, MAX_VALUES);
        keep_least(&mut self.items, MAX_FINGERPRINTS);
        keep_least(&mut self.sessions, MAX_VALUES);
        keep_least(&mut self.addresses, MAX_VALUES);
        keep_least(&mut self.clients, MAX_VALUES);
        keep_least(&mut self.parameters, MAX_VALUES);
    }

    fn merge(&mut self, other: Self) {
        if self.requests == 0 {
            *self = other;
            return;
        }
        self.requests += other.requests;
        self.with_text += other.with_text;
        self.ruled += other.ruled;
        self.single_turn += other.single_turn;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.first_us = self.first_us.min(other.first_us);
        self.last_us = self.last_us.max(other.last_us);
        self.resolution_us = self.resolution_us.max(other.resolution_us);
        self.first_at = self.first_at.into_iter().chain(other.first_at).min();
        self.org_id = self.org_id.take().into_iter().chain(other.org_id).min();
        self.hours.iter_mut().zip(other.hours).for_each(|(a, b)| *a += b);
        for (k, (n, at)) in other.addresses {
            count_value(&mut self.addresses, k, n, at);
        }
        for (k, (n, at)) in other.clients {
            count_value(&mut self.clients, k, n, at);
        }
        for (k, (n, at)) in other.parameters {
            count_value(&mut self.parameters, k, n, at);
        }
        for (k, (n, at)) in other.stacks {
            count_value(&mut self.stacks, k, n, at);
        }
        for (model, at) in &other.models {
            self.use_model(model, *at);
        }
        self.cut_short += other.cut_short;
        self.refused += other.refused;
        self.ln_input += other.ln_input;
        self.ln_output += other.ln_output;
        self.times.extend(other.times.starts);
        for (k, (n, at)) in other.rule_hits {
            count_value(&mut self.rule_hits, k, n, at);
        }
        for (k, n) in other.sessions {
            *self.sessions.entry(k).or_default() += n;
        }
        for (k, n) in other.items {
            *self.items.entry(k).or_default() += n;
        }
        self.fingerprints.merge(other.fingerprints);
        self.excerpts.extend(other.excerpts);
        while self.excerpts.len() > MAX_EXEMPLARS {
            self.excerpts.pop_last();
        }
        self.bound();
    }

    /// Whether all its times tell the hour of the day.
    pub fn tells_hours(&self) -> bool {
        self.resolution_us <= HOUR_US
    }

    /// Requests outside a conversation: without session, or alone in it.
    pub fn lone_requests(&self) -> u64 {
        self.single_turn + self.sessions.values().filter(|n| **n == 1).count() as u64
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

/// Sampling parameters as one value. A request that sets none says so: leaving all at their default is a habit too,
/// and a common one.
fn parameter_tuple(event: &Event<'_>) -> String {
    let parts = [
        event.temperature.map(|v| v.to_string()),
        event.top_p.map(|v| v.to_string()),
        event.max_tokens.map(|v| v.to_string()),
        event.stream.map(|v| v.to_string()),
        event.tools.as_deref().map(|_| "tools".to_owned()),
    ];
    parts.map(|p| p.unwrap_or_default()).join(" | ")
}

/// Client and parameters as one value; absent parts stay absent, and a tuple of absent parts is no object.
fn client_tuple(event: &Event<'_>) -> Option<String> {
    let parts = [
        event.user_agent.as_deref().map(str::to_owned),
        event.tls_fingerprint.as_deref().map(str::to_owned),
        event.temperature.map(|v| v.to_string()),
        event.top_p.map(|v| v.to_string()),
        event.max_tokens.map(|v| v.to_string()),
        event.stream.map(|v| v.to_string()),
        event.tools.as_deref().map(|t| format!("tools:{:016x}", xxh3_64(t.as_bytes()))),
    ];
    if parts.iter().all(Option::is_none) {
        return None;
    }
    Some(parts.map(|p| p.unwrap_or_default()).join(" | "))
}

impl Fold for Evidence {
    fn push(&mut self, event: &Event<'_>) {
        if !self.accounts.contains_key(event.account_id.as_ref()) {
            self.accounts.insert(event.account_id.clone().into_owned(), AccountEvidence::default());
        }
        if let Some(account) = self.accounts.get_mut(event.account_id.as_ref()) {
            account.push(event, &mut self.scratch);
        }
    }

    fn merge(&mut self, other: Self) {
        for (id, evidence) in other.accounts {
            self.accounts.entry(id).or_default().merge(evidence);
        }
    }

    fn finish(&mut self) {
        self.accounts.values_mut().for_each(|account| {
            account.fingerprints.settle();
            account.times.settle();
        });
    }
}
