//! Births, deaths and changes of a group's accounts: replacement of closed ones, and the turn to a new model.

use crate::statistics::chance::{hypergeometric_tail, poisson_upper};
use crate::statistics::group_tests::Outcome;

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// Spans after a closure in which a successor is looked for, hours.
const WINDOWS: [i64; 5] = [1, 3, 6, 12, 24];
/// Fewest closures that can say something.
const LEAST_CLOSURES: usize = 3;
/// Closures, or openings, so close behind each other are one sweep, or one sitting.
const AT_ONCE_US: i64 = HOUR_US / 6;
/// Days before and after a closure that serve as its controls.
const CONTROL_DAYS: i64 = 7;
/// Fewest controls of a closure.
const LEAST_CONTROLS: usize = 3;
/// Fewest accounts at work around a release, in the log and in the group, for its uptake to say something.
const LEAST_AT_WORK: (u64, u64) = (20, 4);

/// What was found of accounts that follow closed ones.
#[derive(Debug, PartialEq)]
pub struct Succession {
    pub outcome: Outcome,
    /// Span after a closure in which a successor was looked for, hours.
    pub hours: i64,
    /// Closures that were looked at, of those at once the first alone, and when those of them were that a new account follows, each
    /// with when that one was opened, µs since the Unix epoch.
    pub cases: usize,
    pub followed: Vec<(i64, i64)>,
}

/// Succession: accounts of the group are opened soon after another one was closed, more often than at the same clock time
/// of the days around (case-crossover design, Maclure 1991), so that an operator's office hours, a provider's daily sweep
/// and a steady inflow explain themselves. The number of closures with a successor is bounded by a Poisson variable of the
/// sum of their chances; corrected for the windows tried. Accounts that are closed in one sweep are one case, those opened at one
/// sitting one successor, and each successor follows one closure: whatever befell several at once is one coincidence.
///
/// Times in µs since the Unix epoch. `None` (not evaluable) below three closures inside the time in which the group opens
/// accounts.
pub fn succession(closed: &[i64], opened: &[i64]) -> Option<Succession> {
    let opened = at_once(opened.to_vec());
    let (&first, &last) = opened.first().zip(opened.last())?;
    let opens_within = |from: i64, hours: i64| {
        opened[opened.partition_point(|t| *t <= from)..].first().is_some_and(|t| *t <= from + hours * HOUR_US)
    };
    let controls = |at: i64| {
        let days = (-CONTROL_DAYS..=CONTROL_DAYS).filter(|d| *d != 0);
        days.map(move |d| at.saturating_add(d * DAY_US)).filter(move |t| (first - DAY_US..=last).contains(t))
    };
    let cases = at_once(closed.iter().copied().filter(|at| controls(*at).count() >= LEAST_CONTROLS).collect());
    if cases.len() < LEAST_CLOSURES {
        return None;
    }
    let outcomes = WINDOWS.iter().map(|&hours| {
        let mut left = opened.as_slice();
        let mut heir = |at: i64| {
            left = &left[left.partition_point(|t| *t <= at)..];
            let (heir, behind) = left.split_first().filter(|(t, _)| **t <= at + hours * HOUR_US)?;
            left = behind;
            Some((at, *heir))
        };
        let followed: Vec<(i64, i64)> = cases.iter().filter_map(|at| heir(*at)).collect();
        let expected: f64 = cases
            .iter()
            .map(|at| {
                let opened = controls(*at).filter(|t| opens_within(*t, hours)).count();
                (opened as f64 + 0.5) / (controls(*at).count() as f64 + 1.0)
            })
            .sum();
        let p_value = (poisson_upper(expected, followed.len() as u64) * WINDOWS.len() as f64).min(1.0);
        let outcome = Outcome { observed: followed.len() as f64, expected, p_value };
        Succession { outcome, hours, cases: cases.len(), followed }
    });
    outcomes.min_by(|a, b| a.outcome.p_value.total_cmp(&b.outcome.p_value).then(a.hours.cmp(&b.hours)))
}

/// In order, of those at once the first alone.
fn at_once(mut times: Vec<i64>) -> Vec<i64> {
    times.sort_unstable();
    times.dedup_by(|later, first| *later <= first.saturating_add(AT_ONCE_US));
    times
}

/// Uptake of one new model within a day of its first use by anyone, among accounts at work before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uptake {
    /// Accounts at work, and those of them that took the model up, in the whole log.
    pub world: (u64, u64),
    /// The same in the group.
    pub group: (u64, u64),
}

/// Pivot: on the release of a model the group turns to it as one. Hypergeometric, corrected for all releases. Returns the
/// outcome with the place in `releases`; `None` (not evaluable) where none finds twenty accounts of the log and four of the
/// group at work.
pub fn pivot(releases: &[Uptake]) -> Option<(Outcome, usize)> {
    let evaluable = |u: &Uptake| u.world.0 >= LEAST_AT_WORK.0 && u.group.0 >= LEAST_AT_WORK.1;
    let tried = releases.iter().filter(|u| evaluable(u)).count();
    let outcomes = releases.iter().enumerate().filter(|(_, u)| evaluable(u)).map(|(place, u)| {
        let tail = hypergeometric_tail(u.world.0, u.world.1, u.group.0, u.group.1);
        let expected = u.group.0 as f64 * u.world.1 as f64 / u.world.0 as f64;
        (Outcome { observed: u.group.1 as f64, expected, p_value: (tail * tried as f64).min(1.0) }, place)
    });
    outcomes.min_by(|a, b| a.0.p_value.total_cmp(&b.0.p_value).then(a.1.cmp(&b.1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    fn within(rng: &mut ChaCha8Rng, span: i64) -> i64 {
        (rng.next_u64() % span as u64) as i64
    }

    #[test]
    fn replaced_accounts_are_recovered_also_among_many_sign_ups() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let closed: Vec<i64> = (0..15).map(|_| within(&mut rng, 30 * DAY_US)).collect();
        let mut opened: Vec<i64> = closed.iter().map(|t| t + within(&mut rng, 2 * HOUR_US)).collect();
        opened.extend((0..30).map(|_| within(&mut rng, 30 * DAY_US)));
        let Succession { outcome, hours, .. } = succession(&closed, &opened).expect("fifteen closures");
        assert!(outcome.p_value < 1e-3 && hours <= 3, "{outcome:?} within {hours} h");
        assert!(outcome.observed > 2.0 * outcome.expected);
    }

    #[test]
    fn sign_ups_that_know_nothing_of_closures_follow_them_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let worlds = 400;
        let called = (0..worlds)
            .filter(|_| {
                // The provider closes accounts each morning at nine, people sign up by day.
                let closed: Vec<i64> = (0..12).map(|_| within(&mut rng, 30) * DAY_US + 9 * HOUR_US).collect();
                let opened: Vec<i64> = (0..40)
                    .map(|_| within(&mut rng, 30) * DAY_US + 8 * HOUR_US + within(&mut rng, 10 * HOUR_US))
                    .collect();
                succession(&closed, &opened).is_some_and(|s| s.outcome.p_value <= 0.05)
            })
            .count();
        // Binomial(400, 0.05): mean 20, standard deviation 4.4.
        assert!(called <= 33, "{called} of {worlds} at p <= 0.05");
    }

    /// Each closure of the sweep counted for itself, though they share what follows.
    #[test]
    fn closures_of_one_sweep_were_as_many_cases_as_accounts() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let worlds = 400;
        for (days, sweeps, sittings) in
            [(30, 3, 30), (30, 4, 6), (30, 30, 5), (30, 30, 30), (30, 60, 90), (6, 60, 30), (6, 30, 90), (6, 60, 90)]
        {
            let called = (0..worlds)
                .filter(|_| {
                    let mut at = |n: usize| -> Vec<i64> { (0..n).map(|_| within(&mut rng, days * DAY_US)).collect() };
                    let (sweeps, sittings) = (at(sweeps), at(sittings));
                    let closed: Vec<i64> = (0..60).map(|i| sweeps[i % sweeps.len()]).collect();
                    let opened: Vec<i64> = (0..90).map(|i| sittings[i % sittings.len()]).collect();
                    succession(&closed, &opened).is_some_and(|s| s.outcome.p_value <= 0.05)
                })
                .count();
            assert!(called <= 33, "{called} of {worlds} at p <= 0.05, {sweeps} sweeps and {sittings} sittings");
        }
    }

    #[test]
    fn closures_outside_the_time_of_sign_ups_are_not_evaluable() {
        assert_eq!(succession(&[90 * DAY_US; 5], &[0, DAY_US, 2 * DAY_US]), None);
        assert_eq!(succession(&[], &[0]), None);
    }

    #[test]
    fn a_group_that_turns_as_one_stands_out_and_a_popular_release_does_not() {
        let (outcome, place) =
            pivot(&[Uptake { world: (900, 200), group: (40, 9) }, Uptake { world: (900, 120), group: (40, 38) }])
                .expect("evaluable");
        assert_eq!(place, 1);
        assert!(outcome.p_value < 1e-20, "{outcome:?}");
        let (popular, _) = pivot(&[Uptake { world: (900, 800), group: (40, 38) }]).expect("evaluable");
        assert!(popular.p_value > 0.05);
        assert_eq!(pivot(&[Uptake { world: (10, 5), group: (4, 4) }]), None);
    }
}
