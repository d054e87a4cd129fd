//! The tests of a group over time: who rests while others work, falls silent or sets to work together, follows a closed
//! account, or turns to a new model.

use crate::account_table::Facts;
use crate::calendar::Calendar;
use crate::event::Origin;
use crate::features::AccountEvidence;
use crate::group_tests::{Counts, Outcome, Test, stated};
use crate::lifecycle::{Succession, Uptake, pivot, succession};
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
    model: String,
    /// A day after its first use by anyone, µs since the Unix epoch.
    until: i64,
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
        if let Some(Succession { outcome, hours, cases, followed }) = self.succession(accounts) {
            let words = format!("closures are followed by a new account within {hours} h");
            let words = stated(followed.len(), cases, &words);
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
            let Release { at_work, took, all, model, .. } = &self.releases[place];
            let Uptake { group: (of, seen), .. } = uptakes[place];
            let words = format!(
                "{seen} of {of} accounts at work then turned to the new model {model} within a day of its first use by anyone"
            );
            let group_at_work = group.iter().filter(|e| at_work[**e as usize]);
            tests.push(Test {
                agreeing: group_at_work.map(|e| (*e, took[*e as usize])).collect(),
                background: all.1 as f64 / all.0.max(1) as f64,
                part: of as f64 / all.0.max(1) as f64,
                shared: [place as u32].into(),
                ..of_time("time.pivot", &words, "accounts", Counts::Members, outcome)
            });
        }
        tests
    }

    fn succession(&self, accounts: &[u32]) -> Option<Succession> {
        let times = |of: &[Option<i64>]| -> Vec<i64> { accounts.iter().filter_map(|a| of[*a as usize]).collect() };
        succession(&times(&self.closed), &times(&self.opened))
    }

    /// Closed accounts of a group that others follow, each with the first that does, in order of closure.
    pub fn successors(&self, accounts: &[u32]) -> Vec<(u32, u32)> {
        let Some(Succession { followed, .. }) = self.succession(accounts) else { return Vec::new() };
        let in_order = |of: &[Option<i64>]| {
            let mut times: Vec<(i64, u32)> = accounts.iter().filter_map(|a| Some((of[*a as usize]?, *a))).collect();
            times.sort_unstable();
            times
        };
        let opened = in_order(&self.opened);
        let heir = |at: i64| opened.get(opened.partition_point(|(t, _)| *t <= at)).map(|(_, heir)| *heir);
        let closed = in_order(&self.closed).into_iter().filter(|(at, _)| followed.contains(at));
        closed.filter_map(|(at, account)| Some((account, heir(at)?))).collect()
    }

    /// Where an account that was at work then first used the model of a release, if within a day of its first use by anyone.
    pub fn uptake(&self, release: u32, account: &AccountEvidence) -> Option<Origin> {
        let Release { model, until, .. } = self.releases.get(release as usize)?;
        let was_at_work = account.first_us <= until.saturating_sub(DAY_US) && account.last_us >= *until;
        let used = account.models.get(model.as_str()).filter(|(first, _)| was_at_work && first <= until);
        used.map(|(_, at)| (*at).into())
    }

    /// The tests that need the hour of the day; `starts` of each of `accounts`.
    fn hourly(&self, world: &World, accounts: &[u32], starts: &[&[i64]]) -> Vec<Test> {
        let mut tests = Vec::new();
        if let Some(outcome) = turn_taking(starts) {
            let words = "requests go, on average, to accounts that have rested for longer than owners drawn by chance or clocks of their own give";
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
    for (model, (at, _)) in accounts.iter().flat_map(|a| &a.models) {
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
            let model = model.to_owned();
            let (mut at_work, mut took) = (vec![false; accounts.len()], vec![false; accounts.len()]);
            for (account, entity) in accounts.iter().zip(&world.entity) {
                if account.first_us <= at && account.last_us >= day_after {
                    at_work[*entity as usize] = true;
                    took[*entity as usize] |=
                        account.models.get(model.as_str()).is_some_and(|(first, _)| *first <= day_after);
                }
            }
            let count = |of: &[bool]| of.iter().filter(|of| **of).count() as u64;
            Release { all: (count(&at_work), count(&took)), at_work, took, model, until: day_after }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Fold};
    use crate::features::Evidence;
    use crate::links::invert;

    /// Thirty accounts that call once a day for ten days; those below ten use a new model from the fifth day on.
    fn pivoting() -> Evidence {
        let mut evidence = Evidence::default();
        for account in 0..30u64 {
            for day in 0..10u64 {
                let origin = Origin { file_id: 0, line_no: 100 * account + day };
                let at = day as i64 * DAY_US + account as i64;
                let model = if day >= 5 && account < 24 && (account < 10 || day >= 8) { "new" } else { "old" };
                evidence.push(&Event {
                    model: Some(model.into()),
                    ..Event::new(origin, at, format!("a{account:02}").into())
                });
            }
        }
        evidence.finish().unwrap();
        evidence
    }

    #[test]
    fn a_turn_to_a_new_model_is_shown_by_the_lines_that_use_it_and_names_it() {
        let evidence = pivoting();
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let world = invert(&evidence, &BTreeMap::new());
        let over_time = OverTime::new(&world, &accounts, &BTreeMap::new());
        let tests = over_time.tests(&world, &[3, 4, 5, 6, 12]);
        let pivot = tests.iter().find(|t| t.signal == "time.pivot").expect("evaluable");
        assert!(
            pivot.statement.starts_with("4 of 5 accounts at work then turned to the new model new "),
            "{}",
            pivot.statement
        );
        let release = *pivot.shared.first().expect("the release");
        let line = |account: u32| over_time.uptake(release, accounts[account as usize]).map(|at| at.line_no);
        assert_eq!((line(3), line(6), line(12)), (Some(305), Some(605), None));
    }

    #[test]
    fn a_succession_is_shown_by_the_closed_account_and_by_the_one_that_follows() {
        let evidence = pivoting();
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let world = invert(&evidence, &BTreeMap::new());
        let hours = |hours: i64| Some(hours * DAY_US / 24);
        let life = |created_us, closed_us| Facts { created_us, closed_us, ..Facts::default() };
        let facts = BTreeMap::from([
            ("a00".to_owned(), life(hours(0), hours(100))),
            ("a01".to_owned(), life(hours(1), hours(150))),
            ("a02".to_owned(), life(hours(2), hours(200))),
            ("a03".to_owned(), life(hours(101), None)),
            ("a04".to_owned(), life(hours(151), None)),
            ("a05".to_owned(), life(hours(190), None)),
        ]);
        let over_time = OverTime::new(&world, &accounts, &facts);
        assert_eq!(over_time.successors(&[0, 1, 2, 3, 4, 5]), [(0, 3), (1, 4)]);
        assert_eq!(accounts[0].last_at.map(|at| Origin::from(at).line_no), Some(9));
    }
}
