//! A group's hours against the same hours of its other weeks: silences and bursts that its members share. Conditional on
//! the hour of the week, so that nights, weekends and fixed timetables explain themselves; and on the rest of the log, so
//! that an outage of the service explains itself too.

use crate::evidence::features::{HOUR_US, MAX_HOURS};
use crate::statistics::chance::{binomial_upper, ln_binomial_zero};
use crate::statistics::group_tests::Outcome;

/// Hours of a week.
const WEEK: usize = 168;
/// Longest log that is looked at hour by hour: beyond it a date is more likely wrong than old, and not all hours of an account are
/// kept.
const MOST_HOURS: i64 = MAX_HOURS as i64;
/// Fewest accounts of a group that can fall silent together.
const LEAST_ACCOUNTS: usize = 4;
/// Shortest silence looked at, hours, and the longest: half a week, so that its shifts do not meet.
const SILENCE: std::ops::RangeInclusive<usize> = 2..=84;

/// Hours of a log and how many accounts worked in each.
#[derive(Debug, Default)]
pub struct Calendar {
    /// First hour since the Unix epoch.
    first: i64,
    /// Active accounts in each hour.
    world: Vec<u32>,
}

/// Hours in which an account worked, from the start of the log; rising, each once.
struct Life {
    hours: Vec<usize>,
}

impl Life {
    fn active(&self, (from, to): Span) -> bool {
        let at = self.hours.partition_point(|h| *h < from);
        self.hours.get(at).is_some_and(|h| *h < to)
    }

    fn spans(&self, (from, to): Span) -> bool {
        self.hours.first().is_some_and(|h| *h < from) && self.hours.last().is_some_and(|h| *h >= to)
    }
}

/// The first hour of a log, and how many hours it spans, both ends counted; from the first and the last of every account.
fn span(ends: impl Iterator<Item = (i64, i64)>) -> (i64, i64) {
    let span = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    span.map_or((0, 0), |(first, last)| (first, last.saturating_sub(first).saturating_add(1)))
}

/// Why a log has no calendar; `None` where it has one. As [`Calendar::new`] sees it.
pub fn lacks(ends: impl Iterator<Item = (i64, i64)>) -> Option<&'static str> {
    match span(ends).1 {
        length if length < 2 * WEEK as i64 => Some("the log spans less than the 336 hours of two weeks"),
        length if length > MOST_HOURS => Some("the log spans more than 30,000 hours"),
        _ => None,
    }
}

impl Calendar {
    /// From the hours since the Unix epoch in which each account worked (rising, each once), and the first and the last of them.
    /// Empty, and so not evaluable, for logs of less than two weeks.
    pub fn new(ends: impl Iterator<Item = (i64, i64)> + Clone, worked: impl Iterator<Item = Vec<i64>>) -> Self {
        if lacks(ends.clone()).is_some() {
            return Self::default();
        }
        let (first, length) = span(ends);
        let mut calendar = Self { first, world: vec![0; length as usize] };
        for account in worked {
            calendar.life(&account).hours.into_iter().for_each(|h| calendar.world[h] += 1);
        }
        calendar
    }

    fn life(&self, worked: &[i64]) -> Life {
        Life { hours: worked.iter().map(|hour| (hour - self.first) as usize).collect() }
    }

    /// The same span in every other week of the log.
    fn other_weeks(&self, (from, to): Span) -> Vec<Span> {
        let shifted = (from % WEEK..self.world.len()).step_by(WEEK).map(|f| (f, f + to - from));
        shifted.filter(|(f, t)| *f != from && *t <= self.world.len()).collect()
    }

    /// The longest span in which all members fall silent that work at the same hours of their other weeks. Under the null
    /// each of those appearances falls on any week in proportion to what the group does then in its other hours, so
    /// that the number in one span is binomial given that of all (Przyborowski and Wilenski 1940); corrected for every pause
    /// between two hours of work. Where all others fall silent too, less is expected. Returns the outcome with start and end of the
    /// silence, µs since the Unix epoch.
    ///
    /// `worked` are the hours of each member. `None` (not evaluable) for less than four members, two weeks, or without any
    /// silence of two hours.
    pub fn shared_silence(&self, worked: &[Vec<i64>]) -> Option<(Outcome, (i64, i64))> {
        let group = self.group(worked)?;
        let active: Vec<usize> = (0..group.members.len()).filter(|h| group.members[*h] > 0).collect();
        let pauses = active.windows(2).map(|w| (w[0] + 1, w[1]));
        let outcomes = pauses.filter(|(from, to)| SILENCE.contains(&(to - from))).filter_map(|span| {
            let elsewhere = self.other_weeks(span);
            if elsewhere.is_empty() {
                return None;
            }
            let alive: Vec<&Life> = group.lives.iter().filter(|l| l.spans(span)).collect();
            let appearances = elsewhere.iter().map(|s| alive.iter().filter(|l| l.active(*s)).count() as u64).sum();
            let share = group.share(span, &elsewhere, |ratio| ratio.min(1.0));
            let outcome = Outcome {
                observed: 0.0,
                expected: appearances as f64 * share / (1.0 - share),
                p_value: (libm::exp(ln_binomial_zero(appearances, share)) * active.len() as f64).min(1.0),
            };
            let at = |hour: usize| (self.first + hour as i64) * HOUR_US;
            Some((outcome, (at(span.0), at(span.1))))
        });
        outcomes.min_by(|(a, at), (b, bt): &(Outcome, (i64, i64))| {
            a.p_value.total_cmp(&b.p_value).then(b.expected.total_cmp(&a.expected)).then(at.cmp(bt))
        })
    }

    /// The hour in which most members work at once, against the same hour of their other weeks: given the number in all
    /// weeks that in one is binomial, as in [`Calendar::shared_silence`]; corrected for every hour of the log. Where all others
    /// work more too, more is expected. Returns the outcome with the hour's start and end, µs since the Unix epoch.
    ///
    /// `None` (not evaluable) for less than four members or two weeks.
    pub fn shared_burst(&self, worked: &[Vec<i64>]) -> Option<(Outcome, (i64, i64))> {
        let group = self.group(worked)?;
        let outcomes = (0..group.members.len()).filter(|h| group.members[*h] >= 2).filter_map(|hour| {
            let span = (hour, hour + 1);
            let elsewhere = self.other_weeks(span);
            if elsewhere.is_empty() {
                return None;
            }
            let seen = u64::from(group.members[hour]);
            let all = seen + elsewhere.iter().map(|(h, _)| u64::from(group.members[*h])).sum::<u64>();
            let share = group.share(span, &elsewhere, |ratio| ratio.max(1.0));
            let outcome = Outcome {
                observed: seen as f64,
                expected: all as f64 * share,
                p_value: (binomial_upper(all, share, seen) * group.members.len() as f64).min(1.0),
            };
            let start = (self.first + hour as i64) * HOUR_US;
            Some((outcome, (start, start + HOUR_US)))
        });
        outcomes.min_by(|a, b| a.0.p_value.total_cmp(&b.0.p_value).then(a.1.cmp(&b.1)))
    }

    /// A group before the rest of the log; `None` where the log is too short or the group too small.
    fn group(&self, worked: &[Vec<i64>]) -> Option<Group> {
        if self.world.is_empty() || worked.len() < LEAST_ACCOUNTS {
            return None;
        }
        let lives: Vec<Life> = worked.iter().map(|hours| self.life(hours)).collect();
        let mut members = vec![0; self.world.len()];
        lives.iter().flat_map(|l| &l.hours).for_each(|h| members[*h] += 1);
        let others: Vec<u32> = self.world.iter().zip(&members).map(|(all, inside)| all - inside).collect();
        Some(Group { weeks: by_week(&members), weeks_of_others: by_week(&others), lives, members, others })
    }
}

/// From one hour to before another, counted from the start of the log.
type Span = (usize, usize);

fn by_week(hours: &[u32]) -> Vec<f64> {
    hours.chunks(WEEK).map(|w| w.iter().map(|n| f64::from(*n)).sum()).collect()
}

/// Members and others at work, hour by hour and week by week.
struct Group {
    lives: Vec<Life>,
    members: Vec<u32>,
    others: Vec<u32>,
    weeks: Vec<f64>,
    weeks_of_others: Vec<f64>,
}

impl Group {
    /// Share of a group's appearances in a span and in its shifts that is due to the span: by what the group does in the
    /// week's other hours, times what `bound` makes of the ratio in which all others do more there than in the shifts.
    fn share(&self, span: Span, elsewhere: &[Span], bound: impl Fn(f64) -> f64) -> f64 {
        let within = |hours: &[u32], (from, to): Span| hours[from..to].iter().map(|n| f64::from(*n)).sum::<f64>();
        let besides = |weeks: &[f64], hours: &[u32], s: Span| (weeks[s.0 / WEEK] - within(hours, s)).max(0.0) + 1.0;
        let ours = |s: Span| besides(&self.weeks, &self.members, s);
        let theirs = |s: Span| besides(&self.weeks_of_others, &self.others, s);
        let busier = theirs(span) / elsewhere.iter().map(|s| theirs(*s)).sum::<f64>();
        let due = busier * elsewhere.iter().map(|s| within(&self.others, *s)).sum::<f64>();
        let here = ours(span) * bound((within(&self.others, span) + 1.0) / (due + 1.0));
        here / (here + elsewhere.iter().map(|s| ours(*s)).sum::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::features::{ends_of, hours_of};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    fn unit(rng: &mut ChaCha8Rng) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn a_log_of_336_hours_has_a_calendar_though_fourteen_days_lie_not_between_its_ends() {
        let both = |starts: Vec<i64>| {
            let starts = [starts];
            (lacks(ends(&starts)).is_none(), !calendar(&starts).world.is_empty())
        };
        let of_hours = |hours: i64| both(vec![0, hours * HOUR_US - 1]);
        assert_eq!(of_hours(336), (true, true));
        assert_eq!(of_hours(335), (false, false));
        assert_eq!(of_hours(30_001), (false, false));
        assert_eq!(both(Vec::new()), (false, false));
    }

    /// `sittings` of an account over three weeks, each of four requests: office hours on weekdays, or any time.
    fn account(rng: &mut ChaCha8Rng, sittings: usize, office: bool) -> Vec<i64> {
        let mut starts: Vec<i64> = (0..sittings)
            .flat_map(|_| {
                let (day, hour) = if office {
                    ((unit(rng) * 3.0).floor() * 7.0 + (unit(rng) * 5.0).floor(), 9.0 + 8.0 * unit(rng))
                } else {
                    ((unit(rng) * 21.0).floor(), 24.0 * unit(rng))
                };
                let at = ((day * 24.0 + hour) * HOUR_US as f64) as i64;
                [0, 60, 300, 900].map(|s| at + s * 1_000_000)
            })
            .collect();
        starts.sort_unstable();
        starts
    }

    fn of(starts: &[Vec<i64>]) -> Vec<Vec<i64>> {
        starts.iter().map(|own| hours_of(own, &[])).collect()
    }

    fn ends(starts: &[Vec<i64>]) -> impl Iterator<Item = (i64, i64)> + Clone {
        starts.iter().filter_map(|own| ends_of(own, &[]))
    }

    fn calendar(starts: &[Vec<i64>]) -> Calendar {
        Calendar::new(ends(starts), of(starts).into_iter())
    }

    #[test]
    fn a_silence_of_a_whole_pool_is_recovered() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let people: Vec<Vec<i64>> = (0..200).map(|i| account(&mut rng, 12, i % 2 == 0)).collect();
        let (from, to) = (200 * HOUR_US, 212 * HOUR_US);
        let mut pool: Vec<Vec<i64>> = (0..40).map(|_| account(&mut rng, 60, false)).collect();
        pool.iter_mut().for_each(|a| a.retain(|t| !(from..to).contains(t)));
        let all: Vec<Vec<i64>> = people.iter().chain(&pool).cloned().collect();
        let calendar = calendar(&all);
        let (outcome, span) = calendar.shared_silence(&of(&pool)).expect("three weeks of twenty accounts");
        assert!(outcome.p_value < 1e-5 && outcome.expected > 10.0, "{outcome:?}");
        assert!(span.0 >= from && span.1 <= to, "{span:?}");
    }

    #[test]
    fn a_burst_of_a_whole_pool_is_recovered() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let people: Vec<Vec<i64>> = (0..200).map(|i| account(&mut rng, 12, i % 2 == 0)).collect();
        let mut pool: Vec<Vec<i64>> = (0..30).map(|_| account(&mut rng, 10, false)).collect();
        for a in &mut pool {
            a.push(300 * HOUR_US + (unit(&mut rng) * HOUR_US as f64) as i64);
            a.sort_unstable();
        }
        let all: Vec<Vec<i64>> = people.iter().chain(&pool).cloned().collect();
        let (outcome, (start, _)) = calendar(&all).shared_burst(&of(&pool)).expect("evaluable");
        assert!(outcome.p_value < 1e-4 && outcome.observed >= 30.0, "{outcome:?}");
        assert_eq!(start, 300 * HOUR_US);
    }

    #[test]
    fn unrelated_people_fall_silent_and_come_together_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let worlds = 200;
        let (mut silent, mut burst) = (0, 0);
        for round in 0..worlds {
            let office = round % 2 == 0;
            let people: Vec<Vec<i64>> = (0..60).map(|i| account(&mut rng, 12, i % 2 == 0)).collect();
            let group: Vec<Vec<i64>> = (0..25).map(|_| account(&mut rng, 12, office)).collect();
            let all: Vec<Vec<i64>> = people.iter().chain(&group).cloned().collect();
            let calendar = calendar(&all);
            silent += usize::from(calendar.shared_silence(&of(&group)).is_some_and(|(o, _)| o.p_value <= 0.05));
            burst += usize::from(calendar.shared_burst(&of(&group)).is_some_and(|o| o.0.p_value <= 0.05));
        }
        // Binomial(200, 0.05): mean 10, standard deviation 3.1.
        assert!(silent <= 18 && burst <= 18, "{silent} silences, {burst} bursts of {worlds} at p <= 0.05");
    }

    #[test]
    fn an_outage_of_the_service_is_nobodys_silence() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let mut all: Vec<Vec<i64>> = (0..150).map(|_| account(&mut rng, 40, false)).collect();
        let (from, to) = (200 * HOUR_US, 212 * HOUR_US);
        all.iter_mut().for_each(|a| a.retain(|t| !(from..to).contains(t)));
        let outcome = calendar(&all).shared_silence(&of(&all[..20]));
        assert!(outcome.is_none_or(|(o, _)| o.p_value > 0.05), "{outcome:?}");
    }

    /// It had an expectation that is no number, with which no case can be read again.
    #[test]
    fn a_silence_across_the_end_of_the_first_of_two_weeks_has_no_other_week() {
        let starts: Vec<i64> = (0..336).filter(|h| ![167, 168].contains(h)).map(|h| h * HOUR_US).collect();
        let all = vec![starts; 5];
        assert_eq!(calendar(&all).shared_silence(&of(&all)), None);
    }

    #[test]
    fn short_logs_and_absurd_dates_are_not_evaluable() {
        let week = vec![(0..100).map(|h| h * HOUR_US).collect(); 5];
        assert!(calendar(&week).shared_silence(&of(&week)).is_none());
        let ages = vec![vec![-60_000_000_000_000_000, 250_000_000_000_000_000]; 5];
        assert!(calendar(&ages).shared_burst(&of(&ages)).is_none());
    }
}
