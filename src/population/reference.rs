//! Whom a group is compared with: the accounts that it could have been drawn from if nobody coordinated, and the tests
//! against them. People who talk are compared with people who talk: they share carriers' gateways and sleep at night, and
//! next to machines any dozen of them would look as if they had agreed on it.

use crate::document::glossary::{self, RHYTHM_INDEX, figure, grouped};
use crate::document::rfc3339;
use crate::document::signal::{Layer, Signal};
use crate::population::census::{Census, Column, DAY_US};
use crate::search::holdings::Holdings;
use crate::search::proposals::Side;
use crate::statistics::chance::hypergeometric_tail;
use crate::statistics::group_tests::{
    Counts, LEAST_AGREEING, Line, Outcome, Test, cluster, co_held, concentration, enclosed, few_values, one_measure,
    stated,
};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Narrowest cell of volumes in which groups of one habit are looked for, ln(requests).
const CELL: f64 = 0.35;
/// An object that chance would give to a group this often is not what its members have in common.
const TELLING: f64 = 0.01;

/// The signal of a kind of objects, with what is said of accounts that share one, and of one object and of several that accounts
/// share.
type Kind = (Signal, &'static str, [&'static str; 2]);

const KINDS: [Kind; 11] = [
    (
        Signal::IdentityPayment,
        "accounts share one payment instrument",
        ["payment instrument is shared by several accounts", "payment instruments are each shared by several accounts"],
    ),
    (
        Signal::IdentityDevice,
        "accounts share one device",
        ["device is shared by several accounts", "devices are each shared by several accounts"],
    ),
    (
        Signal::IdentityPhone,
        "accounts share one phone number",
        ["phone number belongs to several accounts", "phone numbers each belong to several accounts"],
    ),
    (
        Signal::IdentityEmail,
        "accounts share one e-mail address",
        ["e-mail address belongs to several accounts", "e-mail addresses each belong to several accounts"],
    ),
    (
        Signal::InfrastructureAddress,
        "accounts used one IP address",
        ["IP address was used by several accounts", "IP addresses were each used by several accounts"],
    ),
    (
        Signal::InfrastructurePrefix,
        "accounts used one IP network (address prefix)",
        [
            "IP network (address prefix) was used by several accounts",
            "IP networks (address prefixes) were each used by several accounts",
        ],
    ),
    (Signal::InfrastructureRotation, "accounts use a different IP address for nearly every request", ["", ""]),
    (Signal::BehaviourClient, "accounts use one client with the same sampling parameters", ["", ""]),
    (
        Signal::BehaviourCutShort,
        "accounts have answers cut off at the token limit in a fifth or more of their requests, at least three",
        ["", ""],
    ),
    (
        Signal::BehaviourRefused,
        "accounts are refused over quota in a fifth or more of their requests, at least three",
        ["", ""],
    ),
    (Signal::ContentTemplate, "accounts share one recurring prompt template", ["", ""]),
];

/// Those that are no objects to share but what an account does by itself.
const DOING: [Signal; 3] = [Signal::InfrastructureRotation, Signal::BehaviourCutShort, Signal::BehaviourRefused];

/// Signals of kinds of which an account has one value at most, with what is said of one value and of several.
const VALUES: [(Signal, &str, &str); 2] = [
    (Signal::IdentityEmailDomain, "accounts have e-mail addresses at one domain", "e-mail domains cover"),
    (Signal::IdentityEmailShape, "accounts have e-mail addresses of one form", "forms of e-mail address cover"),
];
/// What is said of accounts that stand close on a line, from its values at both ends of the span: in a sentence and in a table.
fn opened(low: f64, high: f64) -> [String; 2] {
    let date = |days: f64| rfc3339((days * DAY_US).round() as i64);
    let length =
        if high - low >= 2.0 { format!("{:.1} days", high - low) } else { format!("{:.1} hours", 24.0 * (high - low)) };
    [
        format!("accounts were opened within {length}, from {} to {}", date(low), date(high)),
        format!("opened within {length}"),
    ]
}

fn made(low: f64, high: f64) -> [String; 2] {
    let [low, high] = [low, high].map(|ln| grouped(libm::exp(ln).round() as u64));
    if low == high {
        [format!("accounts made {low} requests each"), format!("{low} requests per account")]
    } else {
        [format!("accounts made {low} to {high} requests each"), format!("{low}–{high} requests per account")]
    }
}

fn repeat(low: f64, high: f64) -> [String; 2] {
    let sentence = format!("accounts have a similar daily rhythm (rhythm index {low:.2} to {high:.2}; {RHYTHM_INDEX})");
    [sentence, format!("similar daily rhythm ({low:.2}–{high:.2})")]
}

/// Share of an object's holders that have to stand in a group for it to be the group's own.
const OWN: f64 = 0.8;

/// What says something of much of a group comes before what says more of a few: a campaign in four small networks stands in none
/// of them.
fn tells_more(a: &Test, b: &Test) -> Ordering {
    let of_few = |test: &Test| test.agreement().is_some_and(|share| share < LEAST_AGREEING);
    of_few(a).cmp(&of_few(b)).then(a.outcome.p_value.total_cmp(&b.outcome.p_value))
}

/// How common the objects of one kind are among the accounts of a reference.
struct Popularity {
    /// Entities of which the kind is known at all.
    known: u64,
    of_object: Vec<u64>,
    /// How many objects have each popularity.
    histogram: Vec<(u64, u64)>,
    /// Distinct addresses of those entities.
    reach: u64,
}

/// The accounts that a group is compared with.
pub(crate) struct Reference {
    /// Whether each entity, by its first account, is one of them.
    of: Vec<bool>,
    /// What they do that not all do, such as ` that hold conversations`; empty where they are everybody.
    who: &'static str,
    /// Whether some of its entities are organisations of several accounts.
    organisations: bool,
    created: Line,
    volume: Line,
    rhythm: Line,
    kinds: BTreeMap<&'static str, Popularity>,
}

impl Reference {
    /// From the accounts with `of` true; `who` says what they do, or nothing where they are all.
    pub fn new(census: &Census, of: Vec<bool>, who: &'static str) -> Self {
        let line = |column: &Column| {
            Line::new(column.iter().zip(&of).filter(|(_, of)| **of).filter_map(|(value, _)| *value).collect())
        };
        let kinds = census.holdings.iter().map(|(kind, holdings)| {
            let among = |holders: &[u32]| holders.iter().filter(|e| of[**e as usize]).count() as u64;
            let of_object: Vec<u64> = holdings.holders.iter().map(among).collect();
            let mut histogram: BTreeMap<u64, u64> = BTreeMap::new();
            of_object.iter().filter(|n| **n >= 2).for_each(|n| *histogram.entry(*n).or_default() += 1);
            let known: Vec<usize> = (0..of.len()).filter(|e| of[*e] && holdings.known[*e]).collect();
            let popularity = Popularity {
                known: known.len() as u64,
                of_object,
                histogram: histogram.into_iter().collect(),
                reach: known.iter().map(|e| census.reach[*e]).sum(),
            };
            (*kind, popularity)
        });
        Self {
            created: line(&census.created),
            volume: line(&census.volume),
            rhythm: line(&census.rhythm),
            kinds: kinds.collect(),
            organisations: census.organisations,
            of,
            who,
        }
    }

    /// Tests of a group (entities, rising) by families that did not propose it.
    pub fn test(&self, census: &Census, all: &[u32], side: Side) -> Vec<Test> {
        let group: Vec<u32> = all.iter().copied().filter(|e| self.of[*e as usize]).collect();
        let mut tests = Vec::new();
        self.scan(census, &group, side, &mut tests);
        tests.par_extend(KINDS.par_iter().filter_map(|kind| self.look_for_shared(census, &group, side, kind)));
        if !side.uses(Layer::Identity) {
            self.look_for_few_values(census, &group, &mut tests);
        }
        for test in &mut tests {
            let unknown = group.len() - test.agreeing.len();
            if unknown > 0 {
                test.statement += &format!("; not known for {unknown} more");
            }
            if all.len() > group.len() {
                let left_out = all.len() - group.len();
                test.statement +=
                    &format!("; {left_out} more were left out, for only accounts{} are compared", self.who);
            }
        }
        tests
    }

    /// The few e-mail domains and builds that hold most of a group; and of the domains those that hardly anybody else
    /// uses: who has a domain, or a throw-away one, made the addresses at it.
    fn look_for_few_values(&self, census: &Census, group: &[u32], tests: &mut Vec<Test>) {
        for (signal, one, several) in VALUES {
            let kind = signal.kind();
            let (Some(holdings), Some(among)) = (census.holdings.get(kind), self.kinds.get(kind)) else { continue };
            let known = holdings.known_of(group);
            let inside = holdings.inside(&known);
            let popularity = |object: u32| among.of_object[object as usize];
            let own = |(object, n): &(u32, u64)| *n as f64 >= OWN * popularity(*object) as f64;
            let mut looks = vec![(signal, inside.clone())];
            if signal == Signal::IdentityEmailDomain {
                looks.push((Signal::IdentityOwnDomain, inside.into_iter().filter(own).collect()));
            }
            for (signal, values) in looks {
                let counts: Vec<(u64, u64)> = values.iter().map(|(o, n)| (popularity(*o), *n)).collect();
                let objects = holdings.holders.len() as u64;
                let Some((outcome, places)) = few_values(among.known, known.len() as u64, objects, &counts) else {
                    continue;
                };
                let wanted: Vec<u32> = places.iter().map(|place| values[*place].0).collect();
                let (held, of) = (outcome.observed as usize, known.len());
                let statement = match (places.len(), signal) {
                    (n, Signal::IdentityOwnDomain) => {
                        let domains = if n == 1 { "1 domain".to_owned() } else { format!("{n} domains") };
                        let words = format!("accounts have e-mail addresses at {domains} that hardly anyone else uses");
                        stated(held, of, &words)
                    }
                    (1, _) => stated(held, of, one),
                    (n, _) => format!("{n} {several} {held} of {of} accounts"),
                };
                let all: u64 = wanted.iter().map(|object| popularity(*object)).sum();
                let (said, elsewhere) = self.outside(all as usize - held, among.known as usize - of);
                let statement = statement + &said;
                tests.push(Test {
                    agreeing: known.iter().map(|e| (*e, holdings.holds(*e, &wanted))).collect(),
                    background: (outcome.expected / of as f64).min(1.0),
                    part: part_of(of, among.known as usize),
                    shared: wanted.into(),
                    elsewhere,
                    ..Test::of_the_whole(signal, statement, "accounts", Counts::Members, outcome)
                });
            }
        }
    }

    /// Of how many accounts that are not the group's the same is true: where a group is much of the log, chance gives it much of
    /// what it has, and what speaks is that hardly anybody else has it.
    fn outside(&self, within: usize, others: usize) -> (String, Option<f64>) {
        if others == 0 {
            return (String::new(), None);
        }
        let share = within as f64 / others as f64;
        let what = if self.organisations { "accounts and organisations" } else { "accounts" };
        let [within, others] = [within, others].map(|n| grouped(n as u64));
        let said = format!("; elsewhere in the log: {within} of {others} {what}{} ({:.1} %)", self.who, 100.0 * share);
        (said, Some(share))
    }

    fn scan(&self, census: &Census, group: &[u32], side: Side, tests: &mut Vec<Test>) {
        type Said = fn(f64, f64) -> [String; 2];
        let lines: [(Signal, &Column, &Line, Said); 3] = [
            (Signal::IdentityCohort, &census.created, &self.created, opened),
            (Signal::TimeQuota, &census.volume, &self.volume, made),
            (Signal::TimeRoundTheClock, &census.rhythm, &self.rhythm, repeat),
        ];
        for (signal, column, line, said) in lines {
            let members: Vec<(u32, f64)> = group.iter().filter_map(|a| Some((*a, column[*a as usize]?))).collect();
            let values: Vec<f64> = members.iter().map(|(_, v)| *v).collect();
            let found = if side == Side::Profile && signal == Signal::TimeQuota {
                // Groups of one habit were chosen by their volume, most of them: only closer agreement than that says
                // something, and for the others only agreement that is rare among everybody.
                let volumes: Vec<u64> = values.iter().map(|ln| libm::exp(*ln).round() as u64).collect();
                let ln = |requests: u64| libm::log(requests as f64);
                let measure = one_measure(&volumes, CELL);
                let measure = measure.map(|(outcome, (low, high))| (outcome, (ln(low), ln(high))));
                let both = measure.zip(cluster(line, &values));
                both.map(|(own, all)| if all.0.p_value > own.0.p_value { all } else { own })
            } else {
                cluster(line, &values)
            };
            if let Some((outcome, (low, high))) = found {
                let held = outcome.observed as usize;
                let [sentence, finding] = said(low, high);
                let (others, elsewhere) = self.outside(line.within(low, high) - held, line.len() - members.len());
                let words = stated(held, members.len(), &sentence) + &others;
                tests.push(Test {
                    agreeing: members.iter().map(|(a, v)| (*a, (low..=high).contains(v))).collect(),
                    background: (outcome.expected / members.len() as f64).min(1.0),
                    part: part_of(members.len(), line.len()),
                    finding,
                    elsewhere,
                    ..Test::of_the_whole(signal, words, "accounts", Counts::Members, outcome)
                });
            }
        }
    }

    /// What members share of one kind: the object that most of them hold, or many that several hold.
    fn look_for_shared(
        &self,
        census: &Census,
        group: &[u32],
        side: Side,
        &(signal, one, several): &Kind,
    ) -> Option<Test> {
        if signal.layer().is_some_and(|layer| side.uses(layer)) {
            return None;
        }
        let kind = signal.kind();
        let (holdings, among) = (census.holdings.get(kind)?, self.kinds.get(kind)?);
        let known = holdings.known_of(group);
        let inside = holdings.inside(&known);
        let popularity = |object: u32| among.of_object[object as usize];
        let counts: Vec<(u64, u64)> = inside.iter().map(|(o, n)| (popularity(*o), *n)).collect();
        let objects = holdings.holders.len() as u64;
        let network = matches!(signal, Signal::InfrastructureAddress | Signal::InfrastructurePrefix);
        let n = if network { effective_size(census, &known, among, &counts) } else { known.len() as u64 };
        let (single, place) = concentration(among.known, n, objects, &counts)?;
        let (statement, elsewhere) = match one.split_once(' ') {
            Some((noun, rest)) if single.observed < 2.0 && !DOING.contains(&signal) => {
                (format!("no two of {} {noun} {rest}", grouped(known.len() as u64)), None)
            }
            _ => {
                let (held, all) = (single.observed as usize, popularity(inside[place].0) as usize);
                let (others, elsewhere) = self.outside(all - held, among.known as usize - known.len());
                let median = if signal == Signal::InfrastructureRotation {
                    of_how_many(census, holdings, &known, inside[place].0)
                } else {
                    None
                };
                (stated(held, known.len(), one) + &median.unwrap_or_default() + &others, elsewhere)
            }
        };
        let look = |outcome, statement, unit, counts, wanted: Vec<u32>| {
            let held: u64 = wanted.iter().map(|o| popularity(*o)).sum();
            Test {
                agreeing: known.iter().map(|e| (*e, holdings.holds(*e, &wanted))).collect(),
                background: (held as f64 / among.known as f64).min(1.0),
                part: part_of(known.len(), among.known as usize),
                shared: wanted.into(),
                ..Test::of_the_whole(signal, statement, unit, counts, outcome)
            }
        };
        let single = look(single, statement, "accounts", Counts::Members, vec![inside[place].0]);
        let mut looks = vec![Test { elsewhere, ..single }];
        if !several[1].is_empty() {
            let telling = |(d, _): &(u64, u64)| hypergeometric_tail(among.known, *d, n, 2) <= TELLING;
            // The chance grows with the holders.
            let too_many = among.histogram.get(among.histogram.partition_point(telling)).map_or(u64::MAX, |(d, _)| *d);
            let here = |o: u32| holdings.holders.of(o).iter().copied().filter(|e| known.binary_search(e).is_ok());
            // What a person shares with themself ties nobody to the rest.
            let held = |(o, n): &&(u32, u64)| *n > 2 || *n == 2 && !census.couples.is_one(here(*o));
            let of_several = |object: &&(u32, u64)| held(object) && popularity(object.0) < too_many;
            let is_own = |object: &&(u32, u64)| held(object) && object.1 as f64 >= OWN * popularity(object.0) as f64;
            let objects = |of: &dyn Fn(&&(u32, u64)) -> bool| inside.iter().filter(of).map(|(o, _)| *o).collect();
            let (of_several, own): (Vec<u32>, Vec<u32>) = (objects(&of_several), objects(&is_own));
            // What has the same holders, as the addresses of one small network or of a couple, is one coincidence.
            let coincidences = |of: &dyn Fn(&&(u32, u64)) -> bool| {
                let different: BTreeSet<&[u32]> =
                    inside.iter().filter(of).map(|(o, _)| holdings.holders.of(*o)).collect();
                different.len() as u64
            };
            let held_twice = coincidences(&held);
            let (many, enclosed) = (
                co_held(among.known, n, &among.histogram, held_twice),
                enclosed(among.known, n, &among.histogram, OWN, coincidences(&is_own)),
            );
            let said = |outcome: Outcome, wanted: Vec<u32>, more| {
                let same = if wanted.len() as f64 > outcome.observed {
                    " (those of the same accounts count once)"
                } else {
                    ""
                };
                let several = several[usize::from(outcome.observed != 1.0)];
                let statement = format!("{} {several}{more}{same}", figure(outcome.observed));
                let [_, what] = glossary::objects(kind);
                let finding = format!("{what} shared by several accounts{more}");
                Test { finding, ..look(outcome, statement, what, Counts::Objects, wanted) }
            };
            looks.push(said(many, of_several, ""));
            looks.push(said(enclosed, own, ", hardly by any outside"));
        }
        // Each look at one kind of object pays for all.
        let price = looks.len() as f64;
        let mut test = looks.into_iter().min_by(tells_more)?;
        test.outcome.p_value = (price * test.outcome.p_value).min(1.0);
        Some(test)
    }
}

/// How many requests make it a habit: the median of the accounts that have it.
fn of_how_many(census: &Census, holdings: &Holdings, group: &[u32], object: u32) -> Option<String> {
    let holders = group.iter().filter(|e| holdings.holds(**e, &[object]));
    let mut volumes: Vec<f64> = holders.filter_map(|e| census.volume[*e as usize]).collect();
    volumes.sort_by(f64::total_cmp);
    let median = libm::exp(*volumes.get(volumes.len() / 2)?).round() as u64;
    Some(format!(" (median {} requests per account)", grouped(median)))
}

fn part_of(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}

/// As many entities as would touch as many addresses as the group does: who uses ten times the addresses meets others
/// ten times as often (the degrees of the bipartite configuration model). Counted once over all addresses and once over
/// those that a group shares with others, which carriers' customers do a great deal; the larger is taken. Addresses that are
/// mostly the group's own stay out of the second count: else a group of nothing but gateways of its own would explain itself.
/// `held` has, for each object of the group, its holders among all and in the group.
fn effective_size(census: &Census, group: &[u32], among: &Popularity, held: &[(u64, u64)]) -> u64 {
    let touched: u64 = group.iter().map(|e| census.reach[*e as usize]).sum();
    let of_all = touched as f64 / among.reach.max(1) as f64;
    let own = |(all, inside): &(u64, u64)| *inside as f64 >= OWN * *all as f64;
    let with_others = |value: fn(&(u64, u64)) -> u64| -> u64 { held.iter().filter(|o| !own(o)).map(value).sum() };
    let owned: u64 = held.iter().filter(|o| own(o)).map(|(all, _)| all).sum();
    let shared: u64 = among.histogram.iter().map(|(d, n)| d * n).sum();
    let of_shared = with_others(|(_, inside)| *inside) as f64 / shared.saturating_sub(owned).max(1) as f64;
    let share = of_all.max(of_shared);
    ((share * among.known as f64).round() as u64).clamp(group.len() as u64, among.known)
}
