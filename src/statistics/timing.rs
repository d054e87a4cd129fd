//! Turn-taking: does a group hand its requests out as a load balancer does, to whoever has rested longest?

use crate::statistics::chance::{normal_upper, student_upper};
use crate::statistics::group_tests::Outcome;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Requests looked at: enough for any effect worth naming, and a bound on the time it takes.
pub const MOST_REQUESTS: usize = 4_000;
/// Fewest requests and accounts that can say something.
const LEAST_REQUESTS: usize = 60;
const LEAST_ACCOUNTS: usize = 4;
/// Shuffles of owners that give mean and spread under chance: the first few say what is ordinary, and what is not is held against
/// all.
const FIRST_SHUFFLES: usize = 40;
const SHUFFLES: usize = 200;
const ORDINARY: f64 = 0.01;
/// So few shuffles do not vouch for any tail beyond this.
const LEAST_TOLD: f64 = 1e-15;
/// Owners are shuffled within the hour: who shares a timetable, as the jobs of a schedule or the pupils of a class do, takes
/// part in each hour about equally often, and that alone looks like rest.
const HOUR_US: i64 = 3_600_000_000;
/// Clocks are moved against each other within a day: a job that runs more seldom says little.
const DAY_US: i64 = 24 * HOUR_US;
/// Chance from which on a group is asked for clocks of its own too.
const PLAUSIBLE: f64 = 0.05;
/// Version 4 of the stream of shuffles; a new number is a new generator.
pub const SEED: u64 = 0x7475_726e_0004;

/// Sums over a line of places, with updates and prefix sums in logarithmic time (Fenwick 1994).
struct Fenwick(Vec<i32>);

impl Fenwick {
    fn add(&mut self, place: usize, value: i32) {
        let mut i = place + 1;
        while i < self.0.len() {
            self.0[i] += value;
            i += i & i.wrapping_neg();
        }
    }

    fn before(&self, place: usize) -> i32 {
        let (mut i, mut sum) = (place, 0);
        while i > 0 {
            sum += self.0[i];
            i -= i & i.wrapping_neg();
        }
        sum
    }
}

/// Mean rest of the chosen account, 0 (it worked last) to 1 (all others worked since), over every request whose account
/// has worked before, when at least two have.
fn mean_rest(owners: &[usize], accounts: usize) -> f64 {
    let mut line = Fenwick(vec![0; owners.len() + 1]);
    let mut last = vec![usize::MAX; accounts];
    let (mut seen, mut sum, mut counted) = (0i32, 0.0, 0u32);
    for (i, owner) in owners.iter().enumerate() {
        if last[*owner] == usize::MAX {
            seen += 1;
        } else {
            if seen > 1 {
                let worked_since = seen - 1 - line.before(last[*owner]);
                sum += f64::from(worked_since) / f64::from(seen - 1);
                counted += 1;
            }
            line.add(last[*owner], -1);
        }
        line.add(i, 1);
        last[*owner] = i;
    }
    if counted == 0 { 0.5 } else { sum / f64::from(counted) }
}

/// Shuffles the owners inside of each block; `lengths` are those of the blocks, in order.
fn shuffle_within(owners: &mut [usize], lengths: &[usize], rng: &mut ChaCha8Rng) {
    let mut rest = owners;
    for length in lengths {
        let (block, after) = rest.split_at_mut(*length);
        for i in (1..block.len()).rev() {
            block.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize);
        }
        rest = after;
    }
}

/// Mean and standard deviation.
fn moments(drawn: &[f64]) -> (f64, f64) {
    let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
    let variance = drawn.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (drawn.len() - 1) as f64;
    (mean, variance.sqrt().max(1e-9))
}

/// What was seen beside what was drawn.
fn beside(drawn: &[f64], observed: f64) -> Outcome {
    let (mean, deviation) = moments(drawn);
    // One more value beside those of which mean and deviation are known.
    let drawings = drawn.len() as f64;
    let t = (observed - mean) / (deviation * (1.0 + 1.0 / drawings).sqrt());
    Outcome { observed, expected: mean, p_value: student_upper(t, drawings - 1.0).max(LEAST_TOLD) }
}

/// Rests of accounts whose clocks know nothing of each other: the requests of each keep their distances, and all of an account's
/// are moved by a time drawn within a day, what is moved beyond the end coming first.
fn moved(times: &[i64], owners: &[usize], accounts: usize, rng: &mut ChaCha8Rng) -> f64 {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return 0.5 };
    let span = last - first + 1;
    let by: Vec<i64> = (0..accounts).map(|_| (rng.next_u64() % span.min(DAY_US) as u64) as i64).collect();
    let mut events: Vec<(i64, u64, usize)> = (times.iter().zip(owners))
        .map(|(t, owner)| ((t - first + by[*owner]).rem_euclid(span), rng.next_u64(), *owner))
        .collect();
    events.sort_unstable();
    mean_rest(&events.iter().map(|(_, _, owner)| *owner).collect::<Vec<_>>(), accounts)
}

/// Tests turn-taking of a group against two kinds of chance, and keeps the one that explains it better. Owners shuffled within each
/// hour: the same requests, the same number for each account and hour. And each account's requests as they are, moved against
/// those of the others: whoever runs by a clock of its own, such as a customer's hourly job, has always rested when it comes, and
/// knows nothing of a pool. People work in sittings and fall below chance; only a pool that spares its accounts stands above both.
/// One-sided; the tail is that of a prediction from so few shuffles (Student 1908). Requests of one instant, of which there are many where a log tells whole seconds, have no order:
/// they are put in a random one, or the order of accounts would pass for a rota.
///
/// `starts` has each account's requests, µs since the Unix epoch, in order of time. `None` (not evaluable) below four
/// accounts or sixty requests. What some lists leave out after `cut` is looked at in none.
pub fn turn_taking(starts: &[&[i64]], cut: Option<i64>) -> Option<Outcome> {
    // In an order that knows nothing of names, for what is drawn is drawn for one after the other.
    let mut starts = starts.to_vec();
    starts.sort_unstable();
    let mut events: Vec<(i64, usize)> = starts
        .iter()
        .enumerate()
        .flat_map(|(owner, s)| s.iter().map(move |t| (*t, owner)))
        .filter(|(t, _)| cut.is_none_or(|cut| *t <= cut))
        .collect();
    // No two are alike but those that are the same in all, and so the earliest are the same however they are found.
    if events.len() > MOST_REQUESTS {
        events.select_nth_unstable(MOST_REQUESTS);
        events.truncate(MOST_REQUESTS);
    }
    events.sort_unstable();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let (mut owners, times): (Vec<usize>, Vec<i64>) = events.into_iter().map(|(t, owner)| (owner, t)).unzip();
    let blocks = |same: fn(&i64, &i64) -> bool| -> Vec<usize> { times.chunk_by(same).map(<[i64]>::len).collect() };
    shuffle_within(&mut owners, &blocks(|a, b| a == b), &mut rng);
    if owners.len() < LEAST_REQUESTS || starts.iter().filter(|s| s.len() > 1).count() < LEAST_ACCOUNTS {
        return None;
    }
    let observed = mean_rest(&owners, starts.len());
    // Independent requests of equally busy accounts: uniform rests. Unequal accounts lie below, so this errs on the safe side
    // and saves the shuffles for groups that may be pools.
    let rough = (observed - 0.5) * (12.0 * owners.len() as f64).sqrt();
    if rough < 3.0 {
        return Some(Outcome { observed, expected: 0.5, p_value: normal_upper(rough) });
    }
    let outcome = |draws: &mut dyn FnMut() -> f64| {
        let mut drawn: Vec<f64> = (0..FIRST_SHUFFLES).map(|_| draws()).collect();
        let first = beside(&drawn, observed);
        if first.p_value > ORDINARY {
            return first;
        }
        drawn.extend((FIRST_SHUFFLES..SHUFFLES).map(|_| draws()));
        beside(&drawn, observed)
    };
    let hours = blocks(|a, b| a.div_euclid(HOUR_US) == b.div_euclid(HOUR_US));
    let mut shuffled = owners.clone();
    let by_hours = outcome(&mut || {
        shuffle_within(&mut shuffled, &hours, &mut rng);
        mean_rest(&shuffled, starts.len())
    });
    if by_hours.p_value > PLAUSIBLE {
        return Some(by_hours);
    }
    let by_clocks = outcome(&mut || moved(&times, &owners, starts.len(), &mut rng));
    Some(Outcome {
        observed,
        expected: by_hours.expected.max(by_clocks.expected),
        p_value: by_hours.p_value.max(by_clocks.p_value),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(rng: &mut ChaCha8Rng, n: u64) -> u64 {
        rng.next_u64() % n
    }

    /// A pool of `accounts` that serves `requests`: with `noise` per cent of them from an account drawn at random.
    fn pool(accounts: usize, requests: usize, noise: u64, rng: &mut ChaCha8Rng) -> Vec<Vec<i64>> {
        let mut rested: Vec<usize> = (0..accounts).collect();
        let mut starts = vec![Vec::new(); accounts];
        let mut t = 0;
        for _ in 0..requests {
            let place = if uniform(rng, 100) < noise { uniform(rng, accounts as u64) as usize } else { 0 };
            let chosen = rested.remove(place);
            rested.push(chosen);
            starts[chosen].push(t);
            t += uniform(rng, 60_000_000) as i64;
        }
        starts
    }

    fn test(starts: &[Vec<i64>]) -> Outcome {
        turn_taking(&starts.iter().map(Vec::as_slice).collect::<Vec<_>>(), None).expect("large enough")
    }

    #[test]
    fn a_least_recently_used_pool_is_recovered_even_under_much_noise() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert!(test(&pool(40, 2000, 0, &mut rng)).p_value <= LEAST_TOLD);
        assert!(test(&pool(40, 4000, 80, &mut rng)).p_value < 1e-6);
    }

    #[test]
    fn accounts_that_work_independently_are_called_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let worlds = 200;
        let called = (0..worlds).filter(|_| test(&pool(12, 300, 100, &mut rng)).p_value <= 0.05).count();
        // Binomial(200, 0.05): mean 10, standard deviation 3.1.
        assert!(called <= 20, "{called} of {worlds} at p <= 0.05");
        assert!(called >= 2, "the test can call: {called}");
    }

    #[test]
    fn people_who_work_in_sittings_stand_below_chance() {
        let starts: Vec<Vec<i64>> =
            (0..20).map(|a| (0..40).map(|r| a * 1000 + (r / 10) * 50_000 + r % 10).collect()).collect();
        assert!(test(&starts).p_value > 0.99);
    }

    #[test]
    fn jobs_of_one_timetable_take_no_turns_whatever_the_resolution_of_the_log() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        // Twenty jobs on the hour; the log tells minutes, seconds, or all.
        for coarse in [60_000_000, 1_000_000, 1] {
            let mut start = |hour: i64| (hour * HOUR_US + uniform(&mut rng, 20_000_000) as i64) / coarse * coarse;
            let starts: Vec<Vec<i64>> = (0..20).map(|_| (0..60).map(&mut start).collect()).collect();
            assert!(test(&starts).p_value > 1e-3, "{coarse} µs: {:?}", test(&starts));
        }
    }

    /// Customers of one product whose jobs run every `period` minutes, by clocks of their own that nobody set together.
    #[test]
    fn jobs_that_each_run_by_a_clock_of_their_own_take_no_turns() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let minute = 60_000_000;
        for (period, jitter) in [(10, 1), (30, 10), (60, 1), (60, 10), (60, 30), (120, 10), (240, 10)] {
            let called = (0..20).filter(|_| {
                let starts: Vec<Vec<i64>> = (0..12)
                    .map(|_| {
                        let own = period * minute * (97 + uniform(&mut rng, 7) as i64) / 100;
                        let phase = uniform(&mut rng, own as u64) as i64;
                        let late = own * jitter / 100;
                        (0..10 * 1440 / period)
                            .map(|n| phase + n * own + uniform(&mut rng, late.max(1) as u64) as i64)
                            .collect()
                    })
                    .collect();
                let Outcome { observed, expected, p_value } = test(&starts);
                p_value <= 0.01 && observed > expected + 0.02
            });
            assert!(called.count() <= 1, "every {period} minutes, {jitter} % late");
        }
    }

    #[test]
    fn a_rota_is_recovered_from_whole_seconds() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut starts = pool(12, 1500, 30, &mut rng);
        starts.iter_mut().flatten().for_each(|t| *t = *t / 10 / 1_000_000 * 1_000_000);
        assert!(test(&starts).p_value < 1e-6);
    }

    #[test]
    fn few_requests_are_not_evaluable() {
        assert!(turn_taking(&[&[1, 2], &[3, 4], &[5, 6], &[7, 8]], None).is_none());
    }
}
