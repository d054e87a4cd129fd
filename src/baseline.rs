//! What a group is compared with, made once, and the tests that a group gets. Only families that had no part in
//! proposing a group test it.

use crate::account_table::Facts;
use crate::census::{Census, entities};
use crate::chance::LEAST_P;
use crate::features::{AccountEvidence, Evidence, typical};
use crate::group_tests::{Counts, Outcome, Test, shard};
use crate::holdings::Holdings;
use crate::links::World;
use crate::over_time::OverTime;
use crate::proposals::Side;
use crate::reference::Reference;
use std::collections::{BTreeMap, BTreeSet};

/// The columns and objects of the world, and those that groups are compared with.
pub struct Baseline<'a> {
    census: Census,
    everyone: Reference,
    /// Accounts that hold conversations; `None` where nobody does.
    talkers: Option<Reference>,
    talks: Vec<bool>,
    /// Texts that several entities sent, and the distinct texts of each account.
    items: Holdings,
    distinct_items: Vec<u64>,
    over_time: OverTime<'a>,
    /// Ordinary length of an answer: the lower quartile over accounts of their typical output, tokens. A median would move
    /// with the campaigns themselves where they make up half of a log.
    pub ordinary_output: f64,
    /// Whether any request names a conversation: without, single turns cannot be told.
    pub has_sessions: bool,
}

/// A rhythm below this is no person's: half way from a machine's 1 to the 1.5 that eight hours of sleep alone make.
const SLEEPLESS: f64 = 1.25;
/// Share of a group's accounts that have to hold conversations for it to be compared with those who do.
const TALKERS: f64 = 0.8;

/// Whether an account holds conversations: at least a quarter of its requests belong to one.
fn talks(account: &AccountEvidence) -> bool {
    4 * account.lone_requests() <= 3 * account.requests
}

impl<'a> Baseline<'a> {
    /// From everything known of all accounts, in the order of `world.names`.
    pub fn new(world: &World, evidence: &'a Evidence, facts: &BTreeMap<String, Facts>) -> Self {
        let accounts: Vec<&'a AccountEvidence> = evidence.accounts.values().collect();
        let mut senders: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for (account, entity) in accounts.iter().zip(&world.entity) {
            for item in account.items.keys() {
                senders.entry(*item).or_default().insert(*entity);
            }
        }
        let several = senders.into_values().filter(|s| s.len() > 1).map(|s| s.into_iter().collect());
        let mut outputs: Vec<f64> = accounts.iter().map(|a| typical(a.ln_output, a.requests)).collect();
        outputs.sort_by(f64::total_cmp);
        let census = Census::new(world, evidence, facts);
        let talks: Vec<bool> = accounts.iter().map(|a| talks(a)).collect();
        let mut everyone = vec![false; accounts.len()];
        let mut talkers = vec![false; accounts.len()];
        for (entity, talks) in world.entity.iter().zip(&talks) {
            everyone[*entity as usize] = true;
            talkers[*entity as usize] |= talks;
        }
        Self {
            everyone: Reference::new(&census, everyone),
            talkers: talks.contains(&true).then(|| Reference::new(&census, talkers)),
            talks,
            census,
            items: Holdings::new(vec![true; accounts.len()], several),
            distinct_items: accounts.iter().map(|a| a.items.len() as u64).collect(),
            over_time: OverTime::new(world, &accounts, facts),
            ordinary_output: outputs.get(outputs.len() / 4).copied().unwrap_or(0.0),
            has_sessions: accounts.iter().any(|a| !a.sessions.is_empty()),
        }
    }

    /// Share of a group's accounts that never sleep: whose requests fall on the hours of the day nearly evenly. `None`
    /// where none has enough requests to tell.
    pub fn sleepless(&self, accounts: &[u32]) -> Option<f64> {
        let known: Vec<f64> = accounts.iter().filter_map(|a| self.census.rhythm[*a as usize]).collect();
        let awake = known.iter().filter(|r| **r <= SLEEPLESS).count();
        (!known.is_empty()).then(|| awake as f64 / known.len() as f64)
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
        let group = entities(world, accounts);
        let mut tests = self.reference(accounts).test(&self.census, &group, side);
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
        tests
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
