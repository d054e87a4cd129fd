//! The tests of a group over time: who rests while others work, falls silent or sets to work together, follows a closed
//! account, or turns to a new model.

use crate::document::glossary::{figure, grouped};
use crate::document::rfc3339;
use crate::document::signal::Signal;
use crate::evidence::features::{AccountEvidence, HOUR_US, ends_of, hours_of};
use crate::intake::account_table::Facts;
use crate::intake::event::Origin;
use crate::search::links::World;
use crate::statistics::calendar::Calendar;
use crate::statistics::group_tests::{Counts, Outcome, Test, stated};
use crate::statistics::lifecycle::{Succession, Uptake, pivot, succession};
use crate::statistics::timing::{MOST_REQUESTS, turn_taking};
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

const DAY_US: i64 = 86_400_000_000;
/// Fewest entities that use a model for its first use to be a release.
const LEAST_USERS: usize = 20;
/// A model first used so soon after the start of the log may be older than the log.
const BURN_IN_US: i64 = 2 * DAY_US;
/// Releases looked at, those of most entities first.
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

/// What the life of an account that follows a closed one begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    Opened,
    /// Its first request in the log.
    Woken,
}

/// When all accounts worked, were opened, were closed, and took up models.
pub(crate) struct OverTime<'a> {
    /// Starts of each entity, by its first account: the keys of a declared organisation take turns with each other, and that is
    /// nobody else's doing.
    starts: Vec<Cow<'a, [i64]>>,
    /// Hours behind them, with the requests in each.
    later: Vec<Cow<'a, [(i32, u32)]>>,
    /// The last start that is known of each entity, where not all are.
    cut: Vec<Option<i64>>,
    /// Whether an account's times tell the hour; where they do not, all its requests would stand at midnight.
    tells_hours: Vec<bool>,
    calendar: Calendar,
    opened: Vec<Option<i64>>,
    /// When each account first worked, where that was inside the log: who keeps accounts in stock opened them long before.
    woken: Vec<Option<i64>>,
    closed: Vec<Option<i64>>,
    releases: Vec<Release>,
}

impl<'a> OverTime<'a> {
    /// From all accounts in the order of `world.names`.
    pub fn new(world: &World, accounts: &[&'a AccountEvidence], facts: &BTreeMap<String, Facts>) -> Self {
        let Work { starts, later, cut } = Work::of_entities(world, accounts);
        let log_start = accounts.iter().map(|a| a.first_us).min().unwrap_or(0);
        let inside = log_start.saturating_add(DAY_US);
        let woken: Vec<Option<i64>> =
            accounts.iter().map(|account| Some(account.first_us).filter(|at| *at >= inside)).collect();
        // Without a date of its creation an account that first works inside the log was opened then, for all that is known.
        let opened = |(name, woken): (&String, &Option<i64>)| facts.get(name).and_then(|f| f.created_us).or(*woken);
        Self {
            calendar: {
                let entities = || starts.iter().zip(&later);
                let ends = entities().filter_map(|(starts, later)| ends_of(starts, later));
                Calendar::new(ends, entities().map(|(starts, later)| hours_of(starts, later)))
            },
            tells_hours: accounts.iter().map(|a| a.tells_hours()).collect(),
            starts,
            later,
            cut,
            opened: world.names.iter().zip(&woken).map(opened).collect(),
            woken,
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
        let group = world.entities(accounts);
        let mut tests = Vec::new();
        if accounts.iter().all(|a| self.tells_hours[*a as usize]) {
            tests.extend(self.hourly(&group));
        }
        if let Some((begins, found)) = self.succession(&of_themselves(world, accounts)) {
            let Succession { outcome, hours, cases, followed } = found;
            let who = match begins {
                Begins::Opened => "an account opened then",
                Begins::Woken => "an account that begins to work then",
            };
            let words = format!("closures are followed by {who} within {hours} h");
            let words = stated(followed.len(), cases, &words);
            tests.push(of_time(Signal::TimeSuccession, &words, "closures", Counts::Members, outcome));
        }
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
                "{} of {} accounts active before and after its release switched to {model} within a day of its first use in the log",
                grouped(seen),
                grouped(of)
            );
            let group_at_work = group.iter().filter(|e| at_work[**e as usize]);
            tests.push(Test {
                agreeing: group_at_work.map(|e| (*e, took[*e as usize])).collect(),
                background: all.1 as f64 / all.0.max(1) as f64,
                part: of as f64 / all.0.max(1) as f64,
                shared: [place as u32].into(),
                ..of_time(Signal::TimePivot, &words, "accounts", Counts::Members, outcome)
            });
        }
        tests
    }

    /// Of accounts that are entities by themselves, by the beginning that tells more.
    fn succession(&self, accounts: &[u32]) -> Option<(Begins, Succession)> {
        let times = |of: &[Option<i64>]| -> Vec<i64> { accounts.iter().filter_map(|a| of[*a as usize]).collect() };
        let (closed, opened, woken) = (times(&self.closed), times(&self.opened), times(&self.woken));
        let tried: &[(Begins, &[i64])] = if opened == woken {
            &[(Begins::Opened, &opened)]
        } else {
            &[(Begins::Opened, &opened), (Begins::Woken, &woken)]
        };
        let found = tried.iter().filter_map(|(begins, times)| Some((*begins, succession(&closed, times)?)));
        let (begins, mut best) = found.min_by(|a, b| a.1.outcome.p_value.total_cmp(&b.1.outcome.p_value))?;
        best.outcome.p_value = (best.outcome.p_value * tried.len() as f64).min(1.0);
        Some((begins, best))
    }

    /// Closed accounts of a group that others follow, each with the one that the test counted for it, in order of closure.
    pub fn successors(&self, world: &World, accounts: &[u32]) -> Vec<(u32, u32)> {
        let mut accounts = of_themselves(world, accounts);
        let Some((begins, Succession { followed, .. })) = self.succession(&accounts) else { return Vec::new() };
        // Of several at one time the last stays, in an order that knows nothing of names.
        accounts.sort_unstable_by_key(|a| world.rank[*a as usize]);
        let by_time = |of: &[Option<i64>]| -> BTreeMap<i64, u32> {
            accounts.iter().filter_map(|a| Some((of[*a as usize]?, *a))).collect()
        };
        let closed = by_time(&self.closed);
        let heirs = by_time(if begins == Begins::Opened { &self.opened } else { &self.woken });
        followed.iter().filter_map(|(at, heir)| Some((*closed.get(at)?, *heirs.get(heir)?))).collect()
    }

    /// Where an account that was at work then first used the model of a release, if within a day of its first use by anyone.
    pub fn uptake(&self, release: u32, account: &AccountEvidence) -> Option<Origin> {
        let Release { model, until, .. } = self.releases.get(release as usize)?;
        let was_at_work = account.first_us <= until.saturating_sub(DAY_US) && account.last_us >= *until;
        let used = account.models.get(model.as_str()).filter(|(first, _)| was_at_work && first <= until);
        used.map(|(_, at)| (*at).into())
    }

    /// The tests of some entities that need the hour of the day.
    fn hourly(&self, group: &[u32]) -> Vec<Test> {
        let starts: Vec<&[i64]> = group.iter().map(|e| &*self.starts[*e as usize]).collect();
        let cut = group.iter().filter_map(|e| self.cut[*e as usize]).min();
        let mut tests = Vec::new();
        if let Some(outcome) = turn_taking(&starts, cut) {
            let all: usize = starts.iter().map(|s| s.len()).sum();
            let of = if all > MOST_REQUESTS {
                format!("; over the first {} requests", grouped(MOST_REQUESTS as u64))
            } else {
                String::new()
            };
            let words = format!(
                "the accounts take turns: the next request tends to come from the account idle longest (score {}; {} expected by \
                 chance; 1 = strict rotation{of})",
                figure(outcome.observed),
                figure(outcome.expected)
            );
            tests.push(of_time(Signal::TimeTurnTaking, &words, "score", Counts::Mean, outcome));
        }
        let hours = |entity: &u32| hours_of(&self.starts[*entity as usize], &self.later[*entity as usize]);
        let worked: Vec<Vec<i64>> = group.iter().map(hours).collect();
        if let Some((outcome, (from, to))) = self.calendar.shared_silence(&worked) {
            let (from, to) = (rfc3339(from), rfc3339(to));
            let words = format!("all accounts pause together from {from} to {to}, at hours they work in other weeks");
            tests.push(of_time(Signal::TimeSilence, &words, "appearances", Counts::TooLittle, outcome));
        }
        if let Some((outcome, (from, _))) = self.calendar.shared_burst(&worked) {
            let works = |worked: &[i64]| worked.binary_search(&from.div_euclid(HOUR_US)).is_ok();
            let hour = rfc3339(from);
            let words = format!("accounts active together in the hour from {hour}, more than in other weeks");
            tests.push(Test {
                agreeing: group.iter().zip(&worked).map(|(entity, worked)| (*entity, works(worked))).collect(),
                background: (outcome.expected / group.len() as f64).min(1.0),
                ..of_time(Signal::TimeBurst, &words, "accounts", Counts::Members, outcome)
            });
        }
        tests
    }
}

fn of_time(signal: Signal, words: &str, unit: &'static str, counts: Counts, outcome: Outcome) -> Test {
    Test::of_the_whole(signal, words.to_owned(), unit, counts, outcome)
}

/// When each entity worked, by its first account; as [`OverTime`] has it.
struct Work<'a> {
    starts: Vec<Cow<'a, [i64]>>,
    later: Vec<Cow<'a, [(i32, u32)]>>,
    cut: Vec<Option<i64>>,
}

impl<'a> Work<'a> {
    fn of_entities(world: &World, accounts: &[&'a AccountEvidence]) -> Self {
        let mut work = Self {
            starts: vec![Cow::Borrowed(&[]); accounts.len()],
            later: vec![Cow::Borrowed(&[]); accounts.len()],
            cut: vec![None; accounts.len()],
        };
        for (account, entity) in accounts.iter().zip(&world.entity) {
            let (own, later, entity) = (account.times.earliest(), account.times.later(), *entity as usize);
            add(&mut work.starts[entity], own);
            add(&mut work.later[entity], later);
            let last = own.last().filter(|_| !later.is_empty()).copied();
            work.cut[entity] = work.cut[entity].into_iter().chain(last).min();
        }
        work.starts.par_iter_mut().for_each(|own| {
            if let Cow::Owned(own) = own {
                own.sort_unstable();
            }
        });
        work
    }
}

/// Keeps what there is, and joins to it only what a second account of the entity adds.
fn add<'a, T: Copy>(known: &mut Cow<'a, [T]>, own: &'a [T]) {
    if known.is_empty() {
        *known = Cow::Borrowed(own);
    } else if !own.is_empty() {
        known.to_mut().extend(own);
    }
}

/// Those of some accounts that are an entity by themselves: the keys of an organisation are replaced by itself.
fn of_themselves(world: &World, accounts: &[u32]) -> Vec<u32> {
    let mut of_entity: BTreeMap<u32, usize> = BTreeMap::new();
    accounts.iter().for_each(|a| *of_entity.entry(world.entity[*a as usize]).or_default() += 1);
    accounts.iter().copied().filter(|a| of_entity[&world.entity[*a as usize]] == 1).collect()
}

/// Models that many began to use inside the log: name, first use by anyone, accounts that use it. Those of most entities first; of
/// each account its `entity` is given.
pub(crate) fn new_models<'a>(
    accounts: &[&'a AccountEvidence],
    entity: &[u32],
    log_start: i64,
) -> Vec<(&'a str, i64, usize)> {
    let mut first_use: BTreeMap<&str, (i64, Vec<u32>)> = BTreeMap::new();
    for (account, entity) in accounts.iter().zip(entity) {
        for (model, (at, _)) in &account.models {
            let (first, users) = first_use.entry(model).or_insert((*at, Vec::new()));
            *first = (*first).min(*at);
            users.push(*entity);
        }
    }
    first_use.retain(|_, (at, _)| *at >= log_start.saturating_add(BURN_IN_US));
    let counted = first_use.into_iter().map(|(model, (at, mut users))| {
        let accounts = users.len();
        users.sort_unstable();
        users.dedup();
        (users.len(), (model, at, accounts))
    });
    let mut new: Vec<(usize, (&str, i64, usize))> = counted.filter(|(entities, _)| *entities >= LEAST_USERS).collect();
    new.sort_by(|(n, a), (m, b)| m.cmp(n).then(a.1.cmp(&b.1)).then(a.0.cmp(b.0)));
    new.truncate(MOST_RELEASES);
    new.into_iter().map(|(_, model)| model).collect()
}

fn releases(world: &World, accounts: &[&AccountEvidence], log_start: i64) -> Vec<Release> {
    new_models(accounts, &world.entity, log_start)
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
    use crate::evidence::features::Evidence;
    use crate::intake::event::{Event, Fold};
    use crate::search::links::invert;

    /// Thirty accounts that call once a day for ten days; those below ten use a new model from the fifth day on.
    fn pivoting() -> Evidence {
        let mut evidence = turning();
        evidence.finish().unwrap();
        evidence
    }

    /// The same before its end.
    fn turning() -> Evidence {
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
        evidence
    }

    #[test]
    fn a_turn_to_a_new_model_is_shown_by_the_lines_that_use_it_and_names_it() {
        let evidence = pivoting();
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let world = invert(&evidence, &BTreeMap::new());
        let over_time = OverTime::new(&world, &accounts, &BTreeMap::new());
        let tests = over_time.tests(&world, &[3, 4, 5, 6, 12]);
        let pivot = tests.iter().find(|t| t.signal == Signal::TimePivot).expect("evaluable");
        assert!(
            pivot.statement.starts_with("4 of 5 accounts active before and after its release switched to new "),
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
        assert_eq!(over_time.successors(&world, &[0, 1, 2, 3, 4, 5]), [(0, 3), (1, 4)]);
        assert_eq!(accounts[0].last_at.map(|at| Origin::from(at).line_no), Some(9));
    }

    /// Each closure was shown with the first account that was opened behind it, whomever else that one followed.
    #[test]
    fn two_closures_cited_one_heir_that_the_test_gave_to_the_first() {
        let evidence = pivoting();
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let world = invert(&evidence, &BTreeMap::new());
        let minutes = |minutes: i64| Some(minutes * DAY_US / 24 / 60);
        let lives =
            [(0, Some(6_000)), (1, Some(6_030)), (2, Some(9_000)), (3, Some(12_000)), (6_040, None), (6_055, None)];
        let lives = lives.into_iter().chain([(9_020, None), (11_900, None)]);
        let life = |(opened, closed): (i64, Option<i64>)| Facts {
            created_us: minutes(opened),
            closed_us: closed.and_then(minutes),
            ..Facts::default()
        };
        let facts: BTreeMap<String, Facts> = (0..).zip(lives).map(|(i, l)| (format!("a{i:02}"), life(l))).collect();
        let over_time = OverTime::new(&world, &accounts, &facts);
        assert_eq!(over_time.successors(&world, &(0..8).collect::<Vec<u32>>()), [(0, 4), (1, 5), (2, 6)]);
    }

    /// Of accounts that are kept in stock none is opened when another dies.
    #[test]
    fn an_old_account_that_wakes_when_another_is_closed_follows_it() {
        let mut evidence = Evidence::default();
        let mut facts = BTreeMap::new();
        let hour = |n: u64| 37 * n + xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) % 24;
        for account in 0..12u64 {
            let name = format!("a{account:02}");
            // The first works from the start; each wakes within the hour in which the one before it is closed.
            let from = if account == 0 { 0 } else { hour(account) as i64 * DAY_US / 24 + 1 };
            let until = hour(account + 1) as i64 * DAY_US / 24;
            for (line_no, at) in (0..).zip((from..until).step_by(HOUR_US as usize)) {
                evidence.push(&Event::new(Origin { file_id: 0, line_no }, at, name.as_str().into()));
            }
            let life = Facts { created_us: Some(-400 * DAY_US), closed_us: Some(until), ..Facts::default() };
            facts.insert(name, life);
        }
        evidence.finish().unwrap();
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let world = invert(&evidence, &BTreeMap::new());
        let over_time = OverTime::new(&world, &accounts, &facts);
        let group: Vec<u32> = (0..12).collect();
        let tests = over_time.tests(&world, &group);
        let succession = tests.iter().find(|t| t.signal == Signal::TimeSuccession).expect("evaluable");
        assert!(succession.outcome.p_value < 1e-3, "{:?}", succession.outcome);
        assert!(succession.statement.contains("an account that begins to work then"), "{}", succession.statement);
        let pairs = over_time.successors(&world, &group);
        assert!(pairs.len() > 7 && pairs.iter().all(|(closed, heir)| heir - closed == 1), "{pairs:?}");
    }

    /// Keys of one firm that take up its own model are one user of it, and crowded out what everybody takes up.
    #[test]
    fn keys_of_one_organisation_made_a_release_of_its_own_model() {
        let mut evidence = turning();
        for (key, day) in (0..25u64).flat_map(|key| (0..10i64).map(move |day| (key, day))) {
            let origin = Origin { file_id: 1, line_no: 100 * key + day as u64 };
            let model = if day >= 4 { "own" } else { "old" };
            let event = Event::new(origin, day * DAY_US, format!("k{key:02}").into());
            evidence.push(&Event { model: Some(model.into()), org_id: Some("firm".into()), ..event });
        }
        evidence.finish().unwrap();
        let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
        let world = invert(&evidence, &BTreeMap::new());
        let over_time = OverTime::new(&world, &accounts, &BTreeMap::new());
        let models: Vec<&str> = over_time.releases.iter().map(|release| release.model.as_str()).collect();
        assert_eq!(models, ["new"]);
    }

    /// What an organisation does with its own keys was held against whoever stood in a group with it.
    #[test]
    fn keys_of_a_declared_organisation_that_take_turns_took_them_with_everybody_else() {
        let of = |declared: bool| {
            let mut evidence = Evidence::default();
            let mut push = |account: String, at: i64, org: bool| {
                let org_id = (declared && org).then(|| "organisation".into());
                evidence.push(&Event { org_id, ..Event::new(Origin { file_id: 0, line_no: 1 }, at, account.into()) });
            };
            let mut at = 0;
            for i in 0..1_000u64 {
                // Now many at once, now none for long.
                at += ((xxhash_rust::xxh3::xxh3_64(&(i / 7).to_le_bytes()) % 40) as i64).pow(5);
                push(format!("key{:02}", i % 20), at, true);
            }
            (0..60).for_each(|i| push(format!("pupil{:02}", i % 8), i * i * 7_000_000, false));
            evidence.finish().unwrap();
            let facts = BTreeMap::new();
            let world = invert(&evidence, &facts);
            let accounts: Vec<&AccountEvidence> = evidence.accounts.values().map(|a| &**a).collect();
            let tests = OverTime::new(&world, &accounts, &facts).tests(&world, &(0..28).collect::<Vec<u32>>());
            tests.iter().find(|t| t.signal == Signal::TimeTurnTaking).map(|t| t.outcome.p_value)
        };
        assert!(of(false).is_some_and(|p| p < 1e-6), "{:?}", of(false));
        assert!(of(true).is_none_or(|p| p > 0.01), "{:?}", of(true));
    }
}
