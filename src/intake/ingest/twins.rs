//! Whether logs of two formats tell of the same calls: a gateway and the provider behind it both write each of them down,
//! under different ids, and read as two calls of two accounts they would make a pair that does everything alike.

use crate::intake::event::Event;
use std::collections::{BTreeMap, BTreeSet};
use xxhash_rust::xxh3::xxh3_64;

/// Calls sampled of each format: those with the least hash, so that two samples hold the same calls (Broder 1997).
const SAMPLE: usize = 4_096;
/// Fewest calls in common, and share of the smaller sample, that are no coincidence of a minute and two counts.
const LEAST_SHARED: usize = 20;
const LEAST_SHARE: f64 = 0.25;
const MINUTE_US: i64 = 60_000_000;

/// A sample of the calls of each format.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Twins {
    sampled: BTreeMap<usize, BTreeSet<u64>>,
}

impl Twins {
    /// Takes a call that counts its tokens; one that does not cannot be told from another.
    pub fn push(&mut self, event: &Event<'_>, format: usize) {
        let (Some(read), Some(written)) = (event.input_tokens, event.output_tokens) else { return };
        if read == 0 || written == 0 {
            return;
        }
        let minute = event.ts_us.div_euclid(MINUTE_US);
        let key: Vec<u8> = [minute.to_le_bytes(), read.to_le_bytes(), written.to_le_bytes()].concat();
        let sample = self.sampled.entry(format).or_default();
        sample.insert(xxh3_64(&key));
        if sample.len() > SAMPLE {
            sample.pop_last();
        }
    }

    /// Takes in what another part of the log has shown.
    pub fn merge(&mut self, other: Self) {
        for (format, calls) in other.sampled {
            let sample = self.sampled.entry(format).or_default();
            sample.extend(calls);
            while sample.len() > SAMPLE {
                sample.pop_last();
            }
        }
    }

    /// Pairs of formats with the calls that both samples hold, and the size of the smaller sample.
    pub fn pairs(&self) -> Vec<(usize, usize, usize, usize)> {
        let samples: Vec<(&usize, &BTreeSet<u64>)> = self.sampled.iter().collect();
        let mut found = Vec::new();
        for (place, (a, of_a)) in samples.iter().enumerate() {
            for (b, of_b) in &samples[place + 1..] {
                // Only up to the lesser end do both samples hold all that there is.
                let end = |of: &BTreeSet<u64>| if of.len() < SAMPLE { u64::MAX } else { *of.last().unwrap_or(&0) };
                let end = end(of_a).min(end(of_b));
                let size = of_a.range(..=end).count().min(of_b.range(..=end).count());
                let shared = of_a.range(..=end).filter(|call| of_b.contains(call)).count();
                if shared >= LEAST_SHARED && shared as f64 >= LEAST_SHARE * size as f64 {
                    found.push((**a, **b, shared, size));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::Origin;

    fn call(minute: i64, tokens: u64) -> Event<'static> {
        let event = Event::new(Origin { file_id: 0, line_no: 1 }, minute * MINUTE_US, "a".into());
        Event { input_tokens: Some(100 + tokens % 977), output_tokens: Some(1 + tokens % 1_009), ..event }
    }

    #[test]
    fn calls_that_two_formats_tell_are_found_also_in_logs_far_larger_than_the_sample() {
        let mut twins = Twins::default();
        for i in 0..40_000u64 {
            twins.push(&call(i as i64 / 10, i * 31), 1);
            if i % 2 == 0 {
                twins.push(&call(i as i64 / 10, i * 31), 2);
            }
            twins.push(&call(i as i64 / 10, i * 37 + 5), 3);
        }
        let pairs = twins.pairs();
        assert_eq!(pairs.iter().map(|p| (p.0, p.1)).collect::<Vec<_>>(), [(1, 2)]);
        assert!(pairs[0].2 as f64 > 0.9 * pairs[0].3 as f64, "{pairs:?}");
    }
}
