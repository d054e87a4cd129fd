//! What a group is compared with, made once, and the tests that a group gets. Only families that had no part in
//! proposing a group test it.

use crate::document::signal::Signal;
use crate::evidence::features::{AccountEvidence, Evidence, Halves, typical};
use crate::intake::account_table::Facts;
use crate::population::census::{Census, HourPairs};
use crate::population::over_time::OverTime;
use crate::population::reference::Reference;
use crate::search::holdings::{Holdings, Lists, counted};
use crate::search::links::World;
use crate::search::proposals::Side;
use crate::statistics::chance::LEAST_P;
use crate::statistics::group_tests::{Counts, Outcome, Test, shard};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The columns and objects of the world, and those that groups are compared with.
pub struct Baseline<'a> {
    /// In the order of `world.names`.
    pub(crate) accounts: Vec<&'a AccountEvidence>,
    pub(crate) census: Census,
    pub(crate) everything: Everything,
    everyone: Reference,
    /// Accounts that hold conversations; `None` where nobody does.
    talkers: Option<Reference>,
    talks: Vec<bool>,
    /// Texts that several entities sent.
    items: Holdings,
    /// Texts of each entity, each once for each of its accounts.
    texts_of_entity: Vec<u64>,
    /// Of each account the texts that another account sent too: all others are distinct whatever group it stands in.
    repeated_items: Lists,
    /// Of each the higher half of its hash, rising.
    repeated_halves: Vec<u32>,
    /// By how many accounts each text was sent that several sent, and in how many requests.
    senders: Vec<u32>,
    askings: Vec<u64>,
    /// Requests of each account outside a conversation.
    pub(crate) lone_requests: Vec<u64>,
    /// Texts of each account that it sent again and again: samples of their answers.
    pub(crate) sampled_texts: Vec<u64>,
    /// How many accounts use each setting of the sampling parameters.
    pub(crate) users_of_settings: BTreeMap<Arc<str>, usize>,
    pub(crate) over_time: OverTime<'a>,
    /// Typical output of each account, tokens, rising.
    outputs: Vec<f64>,
    /// Place of each account among these.
    output_places: Vec<u32>,
    /// Whether any request names a conversation: without, single turns cannot be told.
    pub has_sessions: bool,
}

/// How long the answers of accounts typically are, tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outputs {
    pub lower_quartile: f64,
    pub median: f64,
}

/// Sums over all accounts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Everything {
    pub requests: u64,
    /// Requests of which the text itself is known.
    pub legible: u64,
    /// Requests whose text matches a rule pack.
    pub ruled: u64,
    /// Requests outside conversations.
    pub lone: u64,
    /// Texts, each text of an account once, and different ones among these.
    pub sent: u64,
    pub distinct: u64,
}

/// Texts of a group, each text of an account once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    pub sent: u64,
    /// Different ones among these.
    pub distinct: u64,
    /// Those that nobody outside the group sent.
    pub own: u64,
    /// Different ones among these.
    pub own_distinct: u64,
    /// How often most of its own texts were sent: into how many accounts, in how many requests (of those that several accounts
    /// sent), and into how many accounts give or take one.
    pub replicas: [Regular; 3],
}

/// A rule, and how much of a group's own texts follows it: each text counts as often as it was sent, for whoever hides among
/// copies asks each of many other things once. Of independent draws from one material, as many as there are to a text (Poisson),
/// no number but one has more than 37 % of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regular {
    pub rule: Replicas,
    pub following: u64,
    pub of: u64,
}

/// What the copies of a text are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// Accounts that sent it, whatever each did.
    Accounts,
    /// Requests, whoever of several accounts sent them: copies that wait in a queue for any account go to one twice now and
    /// then.
    Requests,
}

/// How often each text is sent, where that is a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicas {
    pub copies: u64,
    pub of: Copies,
    /// By how many a text may miss it and follow the rule all the same.
    pub slack: u64,
}

impl Replicas {
    fn holds(self, copies: u64) -> bool {
        copies.abs_diff(self.copies) <= self.slack
    }
}

/// The number of copies that most of what is sent has, the least of several; `of_number` says how many texts have each.
fn most_common(of_number: &BTreeMap<u64, u64>) -> u64 {
    let most = of_number.iter().max_by_key(|(n, texts)| (*n * *texts, std::cmp::Reverse(**n)));
    most.map_or(1, |(n, _)| *n)
}

/// Fewest askings of one text in one account that are samples of its answer.
const SAMPLES: u32 = 3;
/// Share of a group's accounts that have to hold conversations for it to be compared with those who do.
const TALKERS: f64 = 0.8;

/// Texts that several accounts sent, in order of their hashes.
struct Repeated {
    /// The higher half of each hash.
    halves: Vec<u32>,
    /// Accounts that sent each.
    senders: Lists,
    /// Requests with each.
    askings: Vec<u64>,
}

fn repeated_items(accounts: &[&AccountEvidence]) -> Repeated {
    let mut sent: Vec<(Halves, u32)> = Vec::with_capacity(accounts.iter().map(|a| a.items.len()).sum());
    for (id, account) in (0u32..).zip(accounts) {
        sent.extend(account.items.keys().map(|item| (*item, id)));
    }
    sent.par_sort_unstable();
    let repeated = sent.chunk_by(|a, b| a.0 == b.0).filter(|senders| senders.len() > 1);
    let asked = |(item, id): &(Halves, u32)| accounts[*id as usize].items.get(item).map_or(0, |n| u64::from(*n));
    Repeated {
        halves: repeated.clone().map(|senders| senders[0].0.higher()).collect(),
        askings: repeated.clone().map(|senders| senders.iter().map(asked).sum()).collect(),
        senders: repeated.map(|senders| senders.iter().map(|(_, id)| *id).collect::<Vec<u32>>()).collect(),
    }
}

fn users_of_settings(accounts: &[&AccountEvidence]) -> BTreeMap<Arc<str>, usize> {
    let mut users = BTreeMap::new();
    let settings = accounts.iter().flat_map(|account| account.parameters.keys());
    settings.for_each(|parameters| *users.entry(Arc::clone(parameters)).or_default() += 1);
    users
}

fn sampled_texts(account: &AccountEvidence) -> u64 {
    account.items.values().filter(|n| **n >= SAMPLES).map(|n| u64::from(*n)).sum()
}

impl<'a> Baseline<'a> {
    /// From everything known of all accounts, in the order of `world.names`.
    pub fn new(world: &World, evidence: &'a Evidence, facts: &BTreeMap<String, Facts>) -> Self {
        let accounts: Vec<&'a AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let Repeated { halves: repeated_halves, senders: repeated, askings } = repeated_items(&accounts);
        let several = repeated.iter().map(|senders| world.entities(senders)).filter(|s| s.len() > 1);
        let items = Holdings::new(vec![true; accounts.len()], several);
        let mut texts_of_entity = vec![0; accounts.len()];
        for (account, entity) in accounts.iter().zip(&world.entity) {
            texts_of_entity[*entity as usize] += account.items.len() as u64;
        }
        let lone_requests: Vec<u64> = accounts.par_iter().map(|a| a.lone_requests()).collect();
        let mut outputs: Vec<(f64, u32)> =
            (0u32..).zip(&accounts).map(|(id, a)| (typical(a.ln_output, a.requests), id)).collect();
        outputs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let sum = |of: fn(&AccountEvidence) -> u64| accounts.iter().map(|a| of(a)).sum();
        let sent = sum(|a| a.items.len() as u64);
        let everything = Everything {
            requests: sum(|a| a.requests),
            legible: sum(|a| a.with_text - a.hashed),
            ruled: sum(|a| a.ruled),
            lone: lone_requests.iter().sum(),
            sent,
            distinct: sent - repeated.iter().map(|senders| senders.len() as u64 - 1).sum::<u64>(),
        };
        let mut output_places = vec![0; outputs.len()];
        (0u32..).zip(&outputs).for_each(|(place, (_, id))| output_places[*id as usize] = place);
        let census = Census::new(world, &accounts, facts);
        // An account holds conversations if at least a quarter of its requests belong to one.
        let talks: Vec<bool> =
            accounts.iter().zip(&lone_requests).map(|(a, lone)| 4 * lone <= 3 * a.requests).collect();
        let mut everyone = vec![false; accounts.len()];
        let mut talkers = vec![false; accounts.len()];
        for (entity, talks) in world.entity.iter().zip(&talks) {
            everyone[*entity as usize] = true;
            talkers[*entity as usize] |= talks;
        }
        Self {
            everyone: Reference::new(&census, everyone, ""),
            talkers: talks.contains(&true).then(|| Reference::new(&census, talkers, " that hold conversations")),
            talks,
            census,
            everything,
            items,
            texts_of_entity,
            repeated_items: repeated.inverted(accounts.len()),
            repeated_halves,
            senders: repeated.iter().map(|senders| senders.len() as u32).collect(),
            askings,
            lone_requests,
            sampled_texts: accounts.par_iter().map(|a| sampled_texts(a)).collect(),
            users_of_settings: users_of_settings(&accounts),
            over_time: OverTime::new(world, &accounts, facts),
            outputs: outputs.into_iter().map(|(output, _)| output).collect(),
            output_places,
            has_sessions: accounts.iter().any(|a| !a.sessions.is_empty()),
            accounts,
        }
    }

    /// Texts of a group (accounts, each once).
    pub fn texts(&self, accounts: &[u32]) -> Texts {
        let sent: u64 = accounts.iter().map(|a| self.accounts[*a as usize].items.len() as u64).sum();
        let repeated = counted(accounts.iter().map(|a| self.repeated_items.of(*a)), self.senders.len());
        let (own, popular): (Vec<_>, Vec<_>) =
            repeated.into_iter().partition(|(item, n)| *n == u64::from(self.senders[*item as usize]));
        let again = |texts: &[(u32, u64)]| texts.iter().map(|(_, n)| n - 1).sum::<u64>();
        let others: u64 = popular.iter().map(|(_, n)| n).sum();
        let (of_own, of_popular) = (again(&own), again(&popular));
        let own_distinct = sent - others - of_own;
        let once = own_distinct - own.len() as u64;
        let mut of_number = BTreeMap::from([(1, once)]);
        let mut of_askings: BTreeMap<u64, u64> = BTreeMap::new();
        for (item, n) in &own {
            *of_number.entry(*n).or_default() += 1;
            *of_askings.entry(self.askings[*item as usize]).or_default() += 1;
        }
        let replicas = [(Copies::Accounts, 0), (Copies::Requests, 0), (Copies::Accounts, 1)].map(|(of, slack)| {
            let of_number = if of == Copies::Accounts { &of_number } else { &of_askings };
            let rule = Replicas { copies: most_common(of_number), of, slack };
            let sent = |follows: &dyn Fn(u64) -> bool| {
                of_number.iter().filter(|(n, _)| follows(**n)).map(|(n, texts)| n * texts).sum::<u64>()
            };
            let sent_once = if of == Copies::Accounts { 0 } else { once };
            Regular { rule, following: sent(&|n| rule.holds(n)), of: sent(&|_| true) + sent_once }
        });
        Texts { sent, distinct: sent - of_own - of_popular, own: sent - others, own_distinct, replicas }
    }

    /// Of each account the share of its texts that follow a rule, by all who sent them: a part of a group is held against the same
    /// numbers as the whole, and of those who all do one benchmark no few that happen to stand in a group follow any.
    pub fn share_by_rule(&self, accounts: &[u32], rule: Replicas) -> Vec<f64> {
        let share = |account: &u32| {
            let repeated = self.repeated_items.of(*account).iter();
            let copies = |item: &u32| match rule.of {
                Copies::Accounts => self.senders[*item as usize].into(),
                Copies::Requests => self.askings[*item as usize],
            };
            let by_rule = repeated.filter(|item| rule.holds(copies(item))).count();
            by_rule as f64 / self.accounts[*account as usize].items.len().max(1) as f64
        };
        accounts.iter().map(share).collect()
    }

    /// Of texts that accounts of a group sent, by the higher half of their hashes, the part that is new in the group: where each is sent by
    /// so many of its accounts, one of so many. 1 where no account does what another does.
    pub fn unrepeated_of(&self, accounts: &[u32], texts: &[u32]) -> f64 {
        let sent = counted(accounts.iter().map(|a| self.repeated_items.of(*a)), self.senders.len());
        let new = texts.iter().map(|half| {
            let from = self.repeated_halves.partition_point(|h| h < half) as u32;
            let to = self.repeated_halves.partition_point(|h| h <= half) as u32;
            let inside = &sent[sent.partition_point(|(item, _)| *item < from)..];
            let senders: u64 = inside.iter().take_while(|(item, _)| *item < to).map(|(_, n)| n).sum();
            1.0 / senders.max(1) as f64
        });
        new.sum::<f64>() / texts.len().max(1) as f64
    }

    /// How long the answers of everybody outside a group are.
    pub fn outputs_beside(&self, accounts: &[u32]) -> Outputs {
        let mut inside: Vec<usize> = accounts.iter().map(|a| self.output_places[*a as usize] as usize).collect();
        inside.sort_unstable();
        let outside = self.outputs.len() - inside.len();
        let at = |rank: usize| {
            let place = inside.iter().fold(rank, |place, member| place + usize::from(*member <= place));
            self.outputs.get(place).copied().unwrap_or(0.0)
        };
        Outputs { lower_quartile: at(outside / 4), median: at(outside / 2) }
    }

    /// How much the hours of the day repeat in the work of a group's accounts, all taken together: a dozen hours say next to
    /// nothing of one account, and much of forty. An account counts no more than one that worked for so many hours. `None` where
    /// all together are too few to tell.
    pub fn rhythm(&self, accounts: &[u32]) -> Option<f64> {
        /// Pairs of hours that are expected alike: of one account, 48 hours' work; and fewest of a group, so that the standard
        /// error is a fifth.
        const MOST: f64 = 47.0;
        const LEAST: f64 = 25.0;
        let mut all = HourPairs::default();
        for of in accounts.iter().map(|a| self.census.hour_pairs[*a as usize]).filter(|of| of.expected > 0.0) {
            let weight = (MOST / of.expected).min(1.0);
            all.alike += weight * of.alike;
            all.expected += weight * of.expected;
        }
        (all.expected >= LEAST).then(|| all.rhythm())
    }

    /// Whom a group is compared with.
    fn reference(&self, accounts: &[u32]) -> &Reference {
        let talking = accounts.iter().filter(|a| self.talks[**a as usize]).count() as f64;
        match &self.talkers {
            Some(talkers) if talking >= TALKERS * accounts.len() as f64 => talkers,
            _ => &self.everyone,
        }
    }

    /// Every test of a group by families that did not propose it.
    pub fn test(&self, world: &World, accounts: &[u32], side: Side) -> Vec<Test> {
        let group = world.entities(accounts);
        let (mut tests, (dealt, of_time)) = rayon::join(
            || self.reference(accounts).test(&self.census, &group, side),
            || rayon::join(|| self.dealt(&group), || self.over_time.tests(world, accounts)),
        );
        if let Some(outcome) = dealt {
            let words = "accounts share fewer prompts than independent use of the same data set would give";
            tests.push(Test::of_the_whole(
                Signal::ContentShard,
                words.to_owned(),
                "shared prompts",
                Counts::TooLittle,
                outcome,
            ));
        }
        tests.extend(of_time);
        tests.iter_mut().for_each(|t| t.outcome.p_value = t.outcome.p_value.max(LEAST_P));
        tests
    }

    /// Shared texts of a group, of those that outsiders of the same material use too.
    fn dealt(&self, group: &[u32]) -> Option<Outcome> {
        const LEAST_OVERLAP: u64 = 3;
        const LEAST_OUTSIDERS: usize = 2;
        let Holdings { of_entity, holders, .. } = &self.items;
        let inside = self.items.inside(group);
        let senders = counted(inside.iter().map(|(item, _)| holders.of(*item)), of_entity.len());
        let is_outside = |entity: &u32| group.binary_search(entity).is_err();
        let overlap: Vec<u32> =
            senders.into_iter().filter(|(e, n)| *n >= LEAST_OVERLAP && is_outside(e)).map(|(e, _)| e).collect();
        if overlap.len() < LEAST_OUTSIDERS {
            return None;
        }
        let theirs = |(item, _): &&(u32, u64)| holders.of(*item).iter().any(|e| overlap.binary_search(e).is_ok());
        let both: Vec<(u32, u64)> = inside.iter().filter(theirs).copied().collect();
        let shared = both.iter().map(|(_, n)| n * (n - 1) / 2).sum();
        let is_both = |item: &&u32| both.binary_search_by_key(*item, |(i, _)| *i).is_ok();
        let items: Vec<u64> = group.iter().map(|e| of_entity.of(*e).iter().filter(is_both).count() as u64).collect();
        // All that the outsiders sent, whether anyone else sent it or not: too large a material errs on the safe side.
        let common = counted(overlap.iter().map(|e| of_entity.of(*e)), holders.len()).len() as u64;
        let alone = |e: &u32| self.texts_of_entity[*e as usize].saturating_sub(of_entity.of(*e).len() as u64);
        shard(&items, shared, common + overlap.iter().map(alone).sum::<u64>())
    }
}
