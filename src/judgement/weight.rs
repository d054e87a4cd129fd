//! Weight of the evidence for a group, by which groups are held against what they are made of.

use crate::document::signal::Layer;
use crate::statistics::chance::LEAST_P;
use crate::statistics::group_tests::{Counts, Test};
use std::collections::BTreeMap;

/// Weight of the evidence for a group: of each family −ln p of its best test, nats.
#[derive(Debug, Clone, Default)]
pub struct Weight(BTreeMap<Layer, f64>);

/// −ln p of a test. Of large groups a p-value says no more than that it is less than any; there the exponent of its tail goes on
/// (Chernoff 1952): so many members times the divergence of what was seen from what chance gives, or the same of counts.
fn nats(test: &Test) -> f64 {
    let (observed, expected) = (test.outcome.observed, test.outcome.expected);
    let told = -libm::log(test.outcome.p_value);
    if test.outcome.p_value > LEAST_P || observed <= expected || expected <= 0.0 {
        return told;
    }
    let of = test.agreeing.len() as f64;
    let exponent = match test.counts {
        Counts::Members if of > 0.0 && expected < of => {
            let part = |seen: f64, chance: f64| if seen > 0.0 { seen * libm::log(seen / chance) } else { 0.0 };
            part(observed, expected) + part(of - observed, of - expected)
        }
        Counts::Objects => observed * libm::log(observed / expected) - (observed - expected),
        _ => told,
    };
    told.max(exponent)
}

impl<const N: usize> From<[(Layer, f64); N]> for Weight {
    fn from(nats: [(Layer, f64); N]) -> Self {
        Self(nats.into())
    }
}

impl Weight {
    pub fn of(tests: &[Test]) -> Self {
        let mut of_families: BTreeMap<Layer, f64> = BTreeMap::new();
        for test in tests {
            if let Some(layer) = test.signal.layer().filter(|layer| *layer != Layer::Behaviour) {
                let held = of_families.entry(layer).or_default();
                *held = held.max(nats(test));
            }
        }
        Self(of_families)
    }

    /// The sum over families.
    pub fn total(&self) -> f64 {
        self.0.values().sum()
    }

    /// What two groups that have no account in common weigh together.
    pub fn with(mut self, other: &Self) -> Self {
        other.0.iter().for_each(|(family, nats)| *self.0.entry(*family).or_default() += nats);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::signal::Signal;
    use crate::statistics::group_tests::Outcome;

    #[test]
    fn two_halves_beyond_all_doubt_weigh_what_the_whole_does_and_two_campaigns_more_than_both() {
        let test = |observed: u32, expected: f64, of: u32| {
            let outcome = Outcome { observed: f64::from(observed), expected, p_value: LEAST_P };
            let agreeing = (0..of).map(|entity| (entity, entity < observed)).collect();
            let test = Test::of_the_whole(Signal::IdentityCohort, String::new(), "accounts", Counts::Members, outcome);
            [Test { agreeing, ..test }]
        };
        let weight = |observed, expected, of| Weight::of(&test(observed, expected, of)).total();
        let (half, whole) = (weight(900, 100.0, 1000), weight(1800, 200.0, 2000));
        assert!(half > -LEAST_P.ln() && (2.0 * half - whole).abs() < 1e-6 * whole, "{half} {whole}");
        // Another thousand, opened at another time: the span that holds most of both is wider.
        assert!(weight(1800, 500.0, 2000) < 1.5 * half);
    }
}
