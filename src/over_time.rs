//! The tests of a group over time: who rests while others work, falls silent or sets to work together, follows a closed
//! account, or turns to a new model.

use crate::account_table::Facts;
use crate::calendar::Calendar;
use crate::features::AccountEvidence;
use crate::group_tests::{Counts, Outcome, Test};
use crate::lifecycle::{Uptake, pivot, succession};
use crate::links::World;
use crate::timing::turn_taking;
use std::collections::BTreeMap;

const DAY_US: i64 = 86_400_000_000;
/// Fewest accounts that use a model for its first use to be a release.
const LEAST_USERS: usize = 20;
/// A model first used so soon after the start of the log may be older than the log.
const BURN_IN_US: i64 = 2 * DAY_US;
/// Releases looked at, those with most users first.
const MOST_RELEASES: usize = 64;

/// One new model: whether each entity was at work before and after its first use, whether it used it within a day then, and
/// how many did.
struct Release {
    at_work: Vec<bool>,
    took: Vec<bool>,
    all: (u64, u64),
}

/// When all accounts worked, were opened, were closed, and took up models.
pub(crate) struct OverTime<'a> {
    starts: Vec<&'a [i64]>,
    /// Whether an account's times tell the hour; where they do not, all its requests would stand at midnight.
    tells_hours: Vec<bool>,
    calendar: Calendar,
    opened: Vec<Option<i64>>,
    closed: Vec<Option<i64>>,
    releases: Vec<Release>,
}

impl<'a> OverTime<'a> {
    /// From all accounts in the order of `world.names`.
    pub fn new(world: &World, accounts: &[&'a AccountEvidence], facts: &BTreeMap<String, Facts>) -> Self {
        let starts: Vec<&[i64]> = accounts.iter().map(|a| a.times.as_slice()).collect();
        let log_start = accounts.iter().map(|a| a.first_us).min().unwrap_or(0);
        // Without a date of its creation an account that first works inside the log was opened then, for all that is known.
        let opened = |(name, account): (&String, &&AccountEvidence)| {
            let told = facts.get(name).and_then(|f| f.created_us);
            told.or((account.first_us >= log_start.saturating_add(DAY_US)).then_some(account.first_us))
        };
        Self {
            calendar: Calendar::new(&starts),
            tells_hours: accounts.iter().map(|a| a.tells_hours()).collect(),
            starts,
            opened: world.names.iter().zip(accounts).map(opened).collect(),
            closed: world.names.iter().map(|name| facts.get(name)?.closed_us).collect(),
            releases: releases(world, accounts, log_start),
        }
    }

    /// Whether each account was opened inside the log, or closed.
    pub fn opened_or_closed(&self) -> Vec<bool> {
        let log_start = self.starts.iter().filter_map(|starts| starts.first()).min().copied().unwrap_or(0);
        let lives = self.opened.iter().zip(&self.closed);
        lives.map(|(opened, closed)| closed.is_some() || opened.is_some_and(|at| at >= log_start)).collect()
    }

    /// The tests of a group that can be evaluated.
    pub fn tests(&self, world: &World, accounts: &[u32]) -> Vec<Test> {
        let starts: Vec<&[i64]> = accounts.iter().map(|a| self.starts[*a as usize]).collect();
        let mut tests = Vec::new();
        if accounts.iter().all(|a| self.tells_hours[*a as usize]) {
            tests.extend(self.hourly(world, accounts, &starts));
        }
        let times = |of: &[Option<i64>]| -> Vec<i64> { accounts.iter().filter_map(|a| of[*a as usize]).collect() };
        if let Some((outcome, hours)) = succession(&times(&self.closed), &times(&self.opened)) {
            let words = format!("closed accounts are followed by a new one within {hours} h");
            tests.push(of_time("time.succession", &words, "closures", Counts::Members, outcome));
        }
        let group = world.entities(accounts);
        let inside = |of: &[bool]| group.iter().filter(|e| of[**e as usize]).count() as u64;
        let uptakes: Vec<Uptake> = self
            .releases
            .iter()
            .map(|r| Uptake { world: r.all, group: (inside(&r.at_work), inside(&r.took)) })
            .collect();
        if let Some((outcome, place)) = pivot(&uptakes) {
            let Release { at_work, took, all } = &self.releases[place];
            let words = "accounts turn to a new model within a day of its first use by anyone";
            let group_at_work = group.iter().filter(|e| at_work[**e as usize]);
            tests.push(Test {
                agreeing: group_at_work.map(|e| (*e, took[*e as usize])).collect(),
                background: all.1 as f64 / all.0.max(1) as f64,
                ..of_time("time.pivot", words, "accounts", Counts::Members, outcome)
            });
        }
        tests
    }

    /// The tests that need the hour of the day; `starts` of each of `accounts`.
    fn hourly(&self, world: &World, accounts: &[u32], starts: &[&[i64]]) -> Vec<Test> {
        let mut tests = Vec::new();
        if let Some(outcome) = turn_taking(starts) {
            let words = "each request goes to an account that has rested for long, as a load balancer does it";
            tests.push(of_time("time.turn_taking", words, "mean rest", Counts::Mean, outcome));
        }
        if let Some(outcome) = self.calendar.shared_silence(starts) {
            let words = "members stay away for hours in which they work in other weeks";
            tests.push(of_time("time.silence", words, "appearances", Counts::TooLittle, outcome));
        }
        if let Some((outcome, (from, to))) = self.calendar.shared_burst(starts) {
            let works = |account: &u32| {
                let starts = self.starts[*account as usize];
                starts.get(starts.partition_point(|t| *t < from)).is_some_and(|t| *t < to)
            };
            let words = "accounts work in one hour, more than in the same hour of other weeks";
            tests.push(Test {
                agreeing: by_entity(world, accounts, works).into_iter().collect(),
                background: (outcome.expected / accounts.len() as f64).min(1.0),
                ..of_time("time.burst", words, "accounts", Counts::Members, outcome)
            });
        }
        tests
    }
}

fn of_time(signal: &'static str, words: &str, unit: &'static str, counts: Counts, outcome: Outcome) -> Test {
    Test::of_the_whole(signal, "time", words.to_owned(), unit, counts, outcome)
}

fn by_entity(world: &World, accounts: &[u32], agrees: impl Fn(&u32) -> bool) -> BTreeMap<u32, bool> {
    let mut found = BTreeMap::new();
    for account in accounts {
        *found.entry(world.entity[*account as usize]).or_insert(false) |= agrees(account);
    }
    found
}

/// Models that many began to use inside the log: name, first use by anyone, users. Those with most users first.
pub(crate) fn new_models<'a>(accounts: &[&'a AccountEvidence], log_start: i64) -> Vec<(&'a str, i64, usize)> {
    let mut first_use: BTreeMap<&str, (i64, usize)> = BTreeMap::new();
    for (model, at) in accounts.iter().flat_map(|a| &a.models) {
        let known = first_use.entry(model).or_insert((*at, 0));
        *known = (known.0.min(*at), known.1 + 1);
    }
    let mut new: Vec<(&str, i64, usize)> = first_use
        .into_iter()
        .filter(|(_, (at, users))| *at >= log_start.saturating_add(BURN_IN_US) && *users >= LEAST_USERS)
        .map(|(model, (at, users))| (model, at, users))
        .collect();
    new.sort_by(|a, b| b.2.cmp(&a.2).then(a.1.cmp(&b.1)).then(a.0.cmp(b.0)));
    new.truncate(MOST_RELEASES);
    new
}

fn releases(world: &World, accounts: &[&AccountEvidence], log_start: i64) -> Vec<Release> {
    new_models(accounts, log_start)
        .into_iter()
        .map(|(model, at, _)| {
            let day_after = at.saturating_add(DAY_US);
            let (mut at_work, mut took) = (vec![false; accounts.len()], vec![false; accounts.len()]);
            for (account, entity) in accounts.iter().zip(&world.entity) {
                if account.first_us <= at && account.last_us >= day_after {
                    at_work[*entity as usize] = true;
                    took[*entity as usize] |= account.models.get(model).is_some_and(|first| *first <= day_after);
                }
            }
            let count = |of: &[bool]| of.iter().filter(|of| **of).count() as u64;
            Release { all: (count(&at_work), count(&took)), at_work, took }
        })
        .collect()
}
