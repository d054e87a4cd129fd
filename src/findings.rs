//! Judges groups on three axes. C: run as one, by tests of families that did not propose the group. X: shaped like
//! extraction. E: hiding. Only C and X together make a suspected network.

use crate::account_table::Facts;
use crate::features::{AccountEvidence, Evidence};
use crate::group_tests::{Outcome, cluster, concentration};
use crate::links::{Family, World};
use std::collections::{BTreeMap, BTreeSet};

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct FindingSettings {
    /// Corrected p-value from which a family speaks for coordination. 0 to 0.05.
    pub q_family: f64,
    /// Families besides the proposing one that have to speak.
    pub least_families: usize,
    /// Share of a group's requests that must bring a text new to the group. Work that repeats is a class, a benchmark or a popular
    /// question.
    pub least_unrepeated: f64,
    /// Share of a group's templated requests outside conversations.
    pub least_single_turn: f64,
    /// Share of requests that match a rule pack, from which the wording speaks for extraction.
    pub least_rule_share: f64,
    /// Mean output of the templated requests over the median account's, from which output length speaks for it.
    pub least_output_ratio: f64,
}

impl Default for FindingSettings {
    fn default() -> Self {
        Self {
            q_family: 0.01,
            least_families: 2,
            least_unrepeated: 0.75,
            least_single_turn: 0.75,
            least_rule_share: 0.2,
            least_output_ratio: 1.5,
        }
    }
}

/// One test of one group.
#[derive(Debug, Clone)]
pub struct Test {
    pub signal: &'static str,
    /// Name of the family, which counts once.
    pub family: &'static str,
    pub statement: String,
    pub unit: &'static str,
    pub outcome: Outcome,
    /// Set once all groups are tested.
    pub q_value: f64,
}

/// The columns of the world that group tests compare with, made once.
pub struct Baseline {
    created: Vec<Option<f64>>,
    volume: Vec<Option<f64>>,
    hours: Vec<Option<f64>>,
    /// Entities behind each shared object, by kind of object.
    holders: BTreeMap<&'static str, Vec<Vec<u32>>>,
    /// Entities of the world.
    entities: u64,
    /// Median over accounts of the mean output, tokens.
    pub median_output: f64,
}

const DAY_US: f64 = 86_400e6;

fn entropy_bits(hours: &[u32; 24]) -> f64 {
    let n = f64::from(hours.iter().sum::<u32>());
    hours.iter().filter(|h| **h > 0).map(|h| f64::from(*h) / n).map(|p| -p * p.log2()).sum()
}

/// The /24 of an IPv4 or the /48 of an IPv6 address.
fn prefix(address: &str) -> Option<String> {
    match address.parse().ok()? {
        std::net::IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            Some(format!("{a}.{b}.{c}.0/24"))
        }
        std::net::IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::/48"))
        }
    }
}

/// Whether nearly every request comes from a new address; false below three requests, which say nothing.
pub fn rotates(account: &AccountEvidence) -> bool {
    let seen: u32 = account.addresses.values().map(|(n, _)| n).sum();
    seen >= 3 && account.addresses.len() as f64 >= 0.8 * f64::from(seen)
}

/// Entities of some accounts, each named by its first account, rising. What a declared organisation shares with itself
/// is no evidence, so tests count entities.
fn entities(world: &World, accounts: &[u32]) -> Vec<u32> {
    let set: BTreeSet<u32> = accounts.iter().map(|a| world.entity[*a as usize]).collect();
    set.into_iter().collect()
}

impl Baseline {
    /// From everything known of all accounts, in the order of `world.names`.
    pub fn new(world: &World, evidence: &Evidence, facts: &BTreeMap<String, Facts>) -> Self {
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().collect();
        let created = world
            .names
            .iter()
            .map(|name| facts.get(name).and_then(|f| f.created_us).map(|us| us as f64 / DAY_US))
            .collect();
        let volume = accounts.iter().map(|a| Some((a.requests as f64).ln())).collect();
        // The entropy of few requests says nothing of a day's rhythm.
        let hours = accounts.iter().map(|a| (a.requests >= 24).then(|| entropy_bits(&a.hours))).collect();
        let mut holders: BTreeMap<&'static str, Vec<Vec<u32>>> = BTreeMap::new();
        for object in &world.objects {
            holders.entry(object.kind).or_default().push(entities(world, &object.accounts));
        }
        let rotating = (0u32..).zip(&accounts).filter(|(_, a)| rotates(a)).map(|(id, _)| id).collect::<Vec<u32>>();
        holders.insert("rotation", vec![entities(world, &rotating)]);
        let mut prefixes: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        for (id, account) in (0u32..).zip(&accounts) {
            for address in account.addresses.keys().filter_map(|a| prefix(a)) {
                prefixes.entry(address).or_default().insert(world.entity[id as usize]);
            }
        }
        let shared = prefixes.into_values().filter(|s| s.len() > 1).map(|s| s.into_iter().collect()).collect();
        holders.insert("prefix", shared);
        let mut means: Vec<f64> = accounts.iter().map(|a| a.output_tokens as f64 / a.requests as f64).collect();
        means.sort_by(f64::total_cmp);
        let median_output = means.get(means.len() / 2).copied().unwrap_or(0.0);
        let entities = world.entity.iter().collect::<BTreeSet<_>>().len() as u64;
        Self { created, volume, hours, holders, entities, median_output }
    }

    /// Every test of a group by families other than `proposed_by`.
    pub fn test(&self, world: &World, group: &[u32], proposed_by: &[Family]) -> Vec<Test> {
        let group = &entities(world, group);
        let mut tests = Vec::new();
        let mut line = |signal, family, unit, column: &[Option<f64>], words: &dyn Fn(f64, usize) -> String| {
            let all: Vec<f64> = column.iter().flatten().copied().collect();
            let members: Vec<f64> = group.iter().filter_map(|a| column[*a as usize]).collect();
            if let Some(outcome) = cluster(&all, &members) {
                let statement = words(outcome.observed, members.len());
                tests.push(Test { signal, family, statement, unit, outcome, q_value: 1.0 });
            }
        };
        line("identity.cohort", "identity", "accounts", &self.created, &|n, of| {
            format!("{n} of {of} accounts were opened within one short span")
        });
        line("time.quota", "time", "accounts", &self.volume, &|n, of| {
            format!("{n} of {of} accounts made nearly the same number of requests")
        });
        line("time.round_the_clock", "time", "accounts", &self.hours, &|n, of| {
            format!("{n} of {of} accounts spread over the hours of the day in nearly the same way")
        });
        let inside: BTreeSet<u32> = group.iter().copied().collect();
        for (kind, family, of, signal, words) in [
            ("payment", "identity", Family::Identity, "identity.payment", "accounts share one payment instrument"),
            ("device", "identity", Family::Identity, "identity.device", "accounts share one device"),
            ("phone", "identity", Family::Identity, "identity.phone", "accounts share one phone"),
            (
                "address",
                "infrastructure",
                Family::Infrastructure,
                "infrastructure.address",
                "accounts used one address",
            ),
            (
                "rotation",
                "infrastructure",
                Family::Infrastructure,
                "infrastructure.rotation",
                "accounts hardly ever use an address twice",
            ),
            (
                "prefix",
                "infrastructure",
                Family::Infrastructure,
                "infrastructure.prefix",
                "accounts used one network prefix",
            ),
            (
                "client",
                "behaviour",
                Family::Behaviour,
                "behaviour.client",
                "accounts use one client with the same parameters",
            ),
            ("template", "content", Family::Content, "content.template", "accounts carry one recurring template"),
        ] {
            if proposed_by.contains(&of) {
                continue;
            }
            let Some(lists) = self.holders.get(kind) else { continue };
            let counts: Vec<(u64, u64)> = lists
                .iter()
                .map(|l| (l.len() as u64, l.iter().filter(|a| inside.contains(a)).count() as u64))
                .collect();
            if let Some(outcome) = concentration(self.entities, group.len() as u64, &counts) {
                let statement = format!("{} of {} {words}", outcome.observed, group.len());
                tests.push(Test { signal, family, statement, unit: "accounts", outcome, q_value: 1.0 });
            }
        }
        if proposed_by.contains(&Family::Infrastructure) {
            tests.retain(|t| t.family != "infrastructure" && t.family != "identity" || t.signal == "identity.cohort");
        }
        tests
    }
}

/// Content and economics of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Requests with text.
    pub texts: u64,
    /// Distinct texts over all texts: 1 where no work is ever done twice.
    pub unrepeated: f64,
    /// Templated requests outside conversations, over templated requests.
    pub single_turn: f64,
    /// Requests that match the most frequent rule pack, over requests with text.
    pub rule_share: f64,
    /// Mean output of templated requests, tokens.
    pub output: f64,
}

/// Measures the shape of a group's work. `None` where no member's text is in the log: not evaluable.
pub fn shape(world: &World, evidence: &Evidence, group: &[u32]) -> Option<Shape> {
    let inside: BTreeSet<u32> = group.iter().copied().collect();
    let members: Vec<&AccountEvidence> =
        group.iter().filter_map(|a| evidence.accounts.get(&world.names[*a as usize])).collect();
    let texts: u64 = members.iter().map(|a| a.with_text).sum();
    if texts == 0 {
        return None;
    }
    let mut uses: BTreeMap<u64, u64> = BTreeMap::new();
    for (item, n) in members.iter().flat_map(|a| &a.items) {
        *uses.entry(*item).or_default() += u64::from(*n);
    }
    let counted: u64 = uses.values().sum();
    let unrepeated = uses.len() as f64 / counted as f64;
    // The group's own templates: carried by several members and hardly by anyone else.
    let own: Vec<u64> = world
        .objects
        .iter()
        .filter(|o| o.family == Family::Content)
        .filter(|o| {
            let n = o.accounts.iter().filter(|a| inside.contains(a)).count();
            n >= 3 && 2 * n > o.accounts.len()
        })
        .filter_map(|o| u64::from_str_radix(&o.value, 16).ok())
        .collect();
    let (mut requests, mut single, mut output) = (0u64, 0u64, 0u64);
    for carried in members.iter().flat_map(|a| own.iter().filter_map(|f| a.fingerprints.get(*f))) {
        requests += u64::from(carried.count);
        single += u64::from(carried.single_turn);
        output += carried.output_tokens;
    }
    let mut packs: BTreeMap<&str, u64> = BTreeMap::new();
    for (pack, (n, _)) in members.iter().flat_map(|a| &a.rule_hits) {
        *packs.entry(pack).or_default() += u64::from(*n);
    }
    let hits = packs.values().max().copied().unwrap_or(0);
    Some(Shape {
        texts,
        unrepeated,
        single_turn: if requests == 0 { 0.0 } else { single as f64 / requests as f64 },
        rule_share: hits as f64 / texts as f64,
        output: if requests == 0 { 0.0 } else { output as f64 / requests as f64 },
    })
}

impl Shape {
    /// X: unrepeated single-turn work that either says what it is or is answered at unusual length.
    pub fn is_extraction(&self, baseline: &Baseline, s: &FindingSettings) -> bool {
        self.unrepeated >= s.least_unrepeated
            && self.single_turn >= s.least_single_turn
            && (self.rule_share >= s.least_rule_share || self.output >= s.least_output_ratio * baseline.median_output)
    }
}

/// Families that speak for coordination at `q`, sorted.
pub fn speaking(tests: &[Test], q: f64) -> Vec<&'static str> {
    let families: BTreeSet<&'static str> = tests.iter().filter(|t| t.q_value <= q).map(|t| t.family).collect();
    families.into_iter().collect()
}

/// C: enough independent families speak. Behaviour is not counted: whoever uses the same software behaves the same.
pub fn is_coordinated(tests: &[Test], s: &FindingSettings) -> bool {
    speaking(tests, s.q_family).iter().filter(|f| **f != "behaviour").count() >= s.least_families
}

/// At most three excerpts of a group's lines, those that match a rule pack first.
pub fn exemplars<'a>(evidence: &'a Evidence, members: &[String]) -> Vec<(&'a str, &'a crate::features::Excerpt)> {
    let mut all: Vec<(&str, &crate::features::Excerpt)> = members
        .iter()
        .filter_map(|m| evidence.accounts.get_key_value(m))
        .flat_map(|(id, a)| a.excerpts.iter().map(move |e| (id.as_str(), e)))
        .collect();
    all.sort_by(|a, b| (&a.1.rank, a.0).cmp(&(&b.1.rank, b.0)));
    all.truncate(3);
    all
}

/// A stable id: members sorted, hashed.
pub fn network_id(members: &[String]) -> String {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for member in members {
        hash.update(member.as_bytes());
        hash.update(&[0]);
    }
    format!("N-{:012x}", hash.digest() & 0xffff_ffff_ffff)
}
