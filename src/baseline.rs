//! What a group is compared with: the columns and the shared objects of the whole world, made once, and the tests that
//! a group gets. Only families that had no part in proposing a group test it.

use crate::account_table::Facts;
use crate::chance::{LEAST_P, hypergeometric_tail};
use crate::features::{AccountEvidence, Evidence, typical};
use crate::group_tests::{Counts, Outcome, Test, cluster, co_held, concentration, shard};
use crate::holdings::{Column, Holdings};
use crate::links::{Layer, World};
use crate::over_time::OverTime;
use crate::proposals::Side;
use std::collections::{BTreeMap, BTreeSet};

/// The columns and objects of the world.
pub struct Baseline<'a> {
    created: Column,
    volume: Column,
    rhythm: Column,
    holdings: BTreeMap<&'static str, Holdings>,
    /// Texts that several entities sent, and the distinct texts of each account.
    items: Holdings,
    distinct_items: Vec<u64>,
    over_time: OverTime<'a>,
    /// Distinct addresses of each entity, by its first account, and of all.
    reach: BTreeMap<u32, u64>,
    whole_reach: u64,
    /// Entities too quiet to tell whether they change addresses.
    unrotated: BTreeSet<u32>,
    /// Entities of the world.
    entities: u64,
    /// Ordinary length of an answer: the lower quartile over accounts of their typical output, tokens. A median would move
    /// with the campaigns themselves where they make up half of a log.
    pub ordinary_output: f64,
    /// Whether any request names a conversation: without, single turns cannot be told.
    pub has_sessions: bool,
}

const DAY_US: f64 = 86_400e6;
/// Requests below which the hours of an account say nothing of its rhythm.
const LEAST_FOR_RHYTHM: u64 = 16;
/// A rhythm below this is no person's: eight hours of sleep alone make it 1.5.
const SLEEPLESS: f64 = 1.5;
/// What an account does often: in this share of its requests, and so many of them.
const OFTEN: f64 = 0.2;
const LEAST_OFTEN: u64 = 3;
/// An object that chance would give to a group this often is not what its members have in common.
const TELLING: f64 = 0.01;

/// How much the hours of the day repeat: 1 where all 24 are alike, 24 where only one is used. Unbiased for any number
/// of requests (Simpson 1949), so that groups of equal volume are not alike in it for that reason alone.
fn rhythm(hours: &[u32; 24], requests: u64) -> Option<f64> {
    if requests < LEAST_FOR_RHYTHM {
        return None;
    }
    let n = hours.iter().map(|h| f64::from(*h)).sum::<f64>();
    let pairs: f64 = hours.iter().map(|h| f64::from(*h)).map(|h| h * (h - 1.0)).sum();
    Some(24.0 * pairs / (n * (n - 1.0)))
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

/// Whether nearly every request comes from a new address; `None` below three requests, which say nothing.
pub fn rotates(account: &AccountEvidence) -> Option<bool> {
    let seen: u32 = account.addresses.values().map(|(n, _)| n).sum();
    (seen >= 3).then(|| account.addresses.len() as f64 >= 0.8 * f64::from(seen))
}

/// Entities of some accounts, each named by its first account, rising. What a declared organisation shares with itself
/// is no evidence, so tests count entities.
pub fn entities(world: &World, accounts: &[u32]) -> Vec<u32> {
    let set: BTreeSet<u32> = accounts.iter().map(|a| world.entity[*a as usize]).collect();
    set.into_iter().collect()
}

/// Kinds of objects with family, signal, and what is said of one object and of several.
const KINDS: [(&str, &str, &str, &str, &str); 13] = [
    (
        "payment",
        "identity",
        "identity.payment",
        "accounts share one payment instrument",
        "payment instruments each pay for several accounts",
    ),
    ("device", "identity", "identity.device", "accounts share one device", "devices each serve several accounts"),
    ("phone", "identity", "identity.phone", "accounts share one phone", "phones each belong to several accounts"),
    (
        "email",
        "identity",
        "identity.email",
        "accounts share one e-mail address",
        "e-mail addresses each belong to several accounts",
    ),
    ("email_domain", "identity", "identity.email_domain", "accounts have e-mail addresses of one domain", ""),
    ("email_shape", "identity", "identity.email_shape", "accounts have e-mail addresses built in one way", ""),
    (
        "address",
        "infrastructure",
        "infrastructure.address",
        "accounts used one address",
        "addresses were each used by several accounts",
    ),
    (
        "prefix",
        "infrastructure",
        "infrastructure.prefix",
        "accounts used one network prefix",
        "network prefixes were each used by several accounts",
    ),
    ("rotation", "infrastructure", "infrastructure.rotation", "accounts hardly ever use an address twice", ""),
    ("client", "behaviour", "behaviour.client", "accounts use one client with the same parameters", ""),
    ("cut_short", "behaviour", "behaviour.cut_short", "accounts have answers cut at their limit again and again", ""),
    ("refused", "behaviour", "behaviour.refused", "accounts are refused for quota again and again", ""),
    ("template", "content", "content.template", "accounts carry one recurring template", ""),
];

impl<'a> Baseline<'a> {
    /// From everything known of all accounts, in the order of `world.names`.
    pub fn new(world: &World, evidence: &'a Evidence, facts: &BTreeMap<String, Facts>) -> Self {
        let accounts: Vec<&'a AccountEvidence> = evidence.accounts.values().collect();
        let created = world.names.iter().map(|name| facts.get(name)?.created_us.map(|us| us as f64 / DAY_US)).collect();
        let volume = accounts.iter().map(|a| Some((a.requests as f64).ln())).collect();
        let hours = accounts.iter().map(|a| rhythm(&a.hours, a.requests)).collect();
        let mut lists: BTreeMap<&'static str, Vec<Vec<u32>>> = BTreeMap::new();
        for object in &world.objects {
            lists.entry(object.kind).or_default().push(entities(world, &object.accounts));
        }
        let rotating =
            (0u32..).zip(&accounts).filter(|(_, a)| rotates(a) == Some(true)).map(|(id, _)| id).collect::<Vec<u32>>();
        lists.insert("rotation", vec![entities(world, &rotating)]);
        let often = |part: fn(&AccountEvidence) -> u64| {
            let of = |a: &AccountEvidence| part(a) >= LEAST_OFTEN && part(a) as f64 >= OFTEN * a.requests as f64;
            let ids: Vec<u32> = (0u32..).zip(&accounts).filter(|(_, a)| of(a)).map(|(id, _)| id).collect();
            vec![entities(world, &ids)]
        };
        lists.insert("cut_short", often(|a| a.cut_short));
        lists.insert("refused", often(|a| a.refused));
        let mut domains: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        let mut shapes: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for (name, entity) in world.names.iter().zip(&world.entity) {
            let Some(facts) = facts.get(name) else { continue };
            for (of, value) in [(&mut domains, &facts.email_domain), (&mut shapes, &facts.email_shape)] {
                if let Some(value) = value {
                    of.entry(value).or_default().insert(*entity);
                }
            }
        }
        let mut prefixes: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        let mut senders: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        let mut reach: BTreeMap<u32, u64> = BTreeMap::new();
        let mut unrotated = BTreeSet::new();
        for (id, account) in (0u32..).zip(&accounts) {
            let entity = world.entity[id as usize];
            for address in account.addresses.keys().filter_map(|a| prefix(a)) {
                prefixes.entry(address).or_default().insert(entity);
            }
            for item in account.items.keys() {
                senders.entry(*item).or_default().insert(entity);
            }
            *reach.entry(entity).or_default() += account.addresses.len() as u64;
            if rotates(account).is_none() {
                unrotated.insert(entity);
            }
        }
        let shared = |sets: &mut dyn Iterator<Item = BTreeSet<u32>>| -> Vec<Vec<u32>> {
            sets.filter(|s| s.len() > 1).map(|s| s.into_iter().collect()).collect()
        };
        lists.insert("prefix", shared(&mut prefixes.into_values()));
        lists.insert("email_domain", shared(&mut domains.into_values()));
        lists.insert("email_shape", shared(&mut shapes.into_values()));
        let mut outputs: Vec<f64> = accounts.iter().map(|a| typical(a.ln_output, a.requests)).collect();
        outputs.sort_by(f64::total_cmp);
        Self {
            created: Column::new(created),
            volume: Column::new(volume),
            rhythm: Column::new(hours),
            holdings: lists.into_iter().map(|(kind, lists)| (kind, Holdings::new(lists.into_iter()))).collect(),
            items: Holdings::new(shared(&mut senders.into_values()).into_iter()),
            distinct_items: accounts.iter().map(|a| a.items.len() as u64).collect(),
            over_time: OverTime::new(world, &accounts, facts),
            unrotated,
            whole_reach: reach.values().sum(),
            reach,
            entities: entities(world, &(0..world.names.len() as u32).collect::<Vec<_>>()).len() as u64,
            ordinary_output: outputs.get(outputs.len() / 4).copied().unwrap_or(0.0),
            has_sessions: accounts.iter().any(|a| !a.sessions.is_empty()),
        }
    }

    /// Share of a group's accounts that never sleep: whose requests fall on the hours of the day nearly evenly. `None`
    /// where none has enough requests to tell.
    pub fn sleepless(&self, accounts: &[u32]) -> Option<f64> {
        let known: Vec<f64> = accounts.iter().filter_map(|a| self.rhythm.value[*a as usize]).collect();
        let awake = known.iter().filter(|r| **r <= SLEEPLESS).count();
        (!known.is_empty()).then(|| awake as f64 / known.len() as f64)
    }

    /// Every test of a group by families that did not propose it and are not left out.
    pub fn test(&self, world: &World, accounts: &[u32], side: Side, leave_out: &BTreeSet<Layer>) -> Vec<Test> {
        let group = entities(world, accounts);
        let mut tests = Vec::new();
        self.scan(&group, side, &mut tests);
        self.look_for_shared(&group, side, &mut tests);
        if let Some(outcome) = self.dealt(&group) {
            let words = "texts that two accounts have in common are fewer than independent draws from the same material would give";
            tests.push(Test::of_the_whole(
                "content.shard",
                "content",
                words.to_owned(),
                "texts",
                Counts::TooLittle,
                outcome,
            ));
        }
        tests.extend(self.over_time.tests(world, accounts));
        tests.iter_mut().for_each(|t| t.outcome.p_value = t.outcome.p_value.max(LEAST_P));
        tests.retain(|t| leave_out.iter().all(|l| l.name() != t.family));
        tests
    }

    fn scan(&self, group: &[u32], side: Side, tests: &mut Vec<Test>) {
        let lines: [(&str, &str, &Column, &str); 3] = [
            ("identity.cohort", "identity", &self.created, "accounts were opened within one short span"),
            ("time.quota", "time", &self.volume, "accounts made nearly the same number of requests"),
            (
                "time.round_the_clock",
                "time",
                &self.rhythm,
                "accounts spread over the hours of the day in nearly the same way",
            ),
        ];
        for (signal, family, column, words) in lines {
            // Groups of one habit were chosen by their volume.
            if side == Side::Profile && signal == "time.quota" {
                continue;
            }
            let members: Vec<(u32, f64)> =
                group.iter().filter_map(|a| Some((*a, column.value[*a as usize]?))).collect();
            let values: Vec<f64> = members.iter().map(|(_, v)| *v).collect();
            if let Some((outcome, (low, high))) = cluster(&column.line, &values) {
                let words = format!("{} of {} {words}", outcome.observed, members.len());
                tests.push(Test {
                    agreeing: members.iter().map(|(a, v)| (*a, (low..=high).contains(v))).collect(),
                    background: outcome.expected / members.len() as f64,
                    ..Test::of_the_whole(signal, family, words, "accounts", Counts::Members, outcome)
                });
            }
        }
    }

    fn look_for_shared(&self, group: &[u32], side: Side, tests: &mut Vec<Test>) {
        for (kind, family, signal, one, several) in KINDS {
            let Some(holdings) = self.holdings.get(kind) else { continue };
            if side.uses(family) {
                continue;
            }
            let inside = holdings.inside(group);
            let counts: Vec<(u64, u64)> = inside.iter().map(|(o, n)| (holdings.popularity(*o), *n)).collect();
            let objects = holdings.holders.len() as u64;
            let n = match kind {
                "address" | "prefix" => self.effective_size(group),
                _ => group.len() as u64,
            };
            let Some((single, place)) = concentration(self.entities, n, objects, &counts) else { continue };
            let numbers: Vec<u64> = inside.values().copied().collect();
            let many = if several.is_empty() { None } else { co_held(self.entities, n, &holdings.histogram, &numbers) };
            // Two looks at one kind of object: both pay for it.
            let twice = |o: Outcome| Outcome { p_value: (2.0 * o.p_value).min(1.0), ..o };
            let (outcome, statement, unit, counts, wanted) = match many {
                Some(many) if many.p_value < single.p_value => {
                    let telling =
                        |o: &u32| hypergeometric_tail(self.entities, holdings.popularity(*o), n, 2) <= TELLING;
                    let wanted: BTreeSet<u32> =
                        inside.iter().filter(|(o, n)| **n >= 2 && telling(o)).map(|(o, _)| *o).collect();
                    (twice(many), format!("{} {several}", many.observed), plural(kind), Counts::Objects, wanted)
                }
                many => {
                    let wanted = inside.keys().copied().skip(place).take(1).collect();
                    let outcome = if many.is_some() { twice(single) } else { single };
                    (
                        outcome,
                        format!("{} of {} {one}", single.observed, group.len()),
                        "accounts",
                        Counts::Members,
                        wanted,
                    )
                }
            };
            let held: u64 = wanted.iter().map(|o| holdings.popularity(*o)).sum();
            tests.push(Test {
                agreeing: group
                    .iter()
                    .filter(|e| kind != "rotation" || !self.unrotated.contains(e))
                    .map(|e| (*e, holdings.holds(*e, &wanted)))
                    .collect(),
                background: (held as f64 / self.entities as f64).min(1.0),
                shared: wanted,
                ..Test::of_the_whole(signal, family, statement, unit, counts, outcome)
            });
        }
    }

    /// As many entities as would touch as many addresses as the group does: who uses ten times the addresses meets others
    /// ten times as often (the degrees of the bipartite configuration model).
    fn effective_size(&self, group: &[u32]) -> u64 {
        let touched: u64 = group.iter().filter_map(|e| self.reach.get(e)).sum();
        let share = touched as f64 / self.whole_reach.max(1) as f64;
        ((share * self.entities as f64).round() as u64).clamp(group.len() as u64, self.entities)
    }

    /// Shared texts of a group, of those that outsiders of the same material use too.
    fn dealt(&self, group: &[u32]) -> Option<Outcome> {
        const LEAST_OVERLAP: u64 = 3;
        const LEAST_OUTSIDERS: usize = 2;
        let inside = self.items.inside(group);
        let members: BTreeSet<u32> = group.iter().copied().collect();
        let mut overlap: BTreeMap<u32, u64> = BTreeMap::new();
        for item in inside.keys() {
            for sender in self.items.holders[*item as usize].iter().filter(|s| !members.contains(s)) {
                *overlap.entry(*sender).or_default() += 1;
            }
        }
        overlap.retain(|_, n| *n >= LEAST_OVERLAP);
        if overlap.len() < LEAST_OUTSIDERS {
            return None;
        }
        let theirs = |item: &u32| self.items.holders[*item as usize].iter().any(|s| overlap.contains_key(s));
        let shared = inside.iter().filter(|(item, _)| theirs(item)).map(|(_, n)| n * (n - 1) / 2).sum();
        let items: Vec<u64> = group
            .iter()
            .filter_map(|e| Some(self.items.of_entity.get(e)?.iter().filter(|i| theirs(i)).count() as u64))
            .collect();
        // All that the outsiders sent, whether anyone else sent it or not: too large a material errs on the safe side.
        let common: BTreeSet<u32> =
            overlap.keys().filter_map(|e| self.items.of_entity.get(e)).flatten().copied().collect();
        let alone = |e: &u32| {
            self.distinct_items[*e as usize]
                .saturating_sub(self.items.of_entity.get(e).map_or(0, |items| items.len() as u64))
        };
        shard(&items, shared, common.len() as u64 + overlap.keys().map(alone).sum::<u64>())
    }
}

fn plural(unit: &'static str) -> &'static str {
    match unit {
        "payment" => "payment instruments",
        "device" => "devices",
        "phone" => "phones",
        "email" => "e-mail addresses",
        "address" => "addresses",
        "prefix" => "prefixes",
        other => other,
    }
}
