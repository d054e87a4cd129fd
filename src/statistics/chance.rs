//! Null models: how surprising a shared thing is when nobody coordinates. p-values are made here and nowhere else.

use std::collections::HashMap;

/// The least p-value that is ever stated. Sums in log space underflow somewhere below it, and nobody is surer than this.
pub const LEAST_P: f64 = 1e-300;

/// Natural log of the binomial coefficient.
pub(crate) fn ln_choose(n: f64, k: f64) -> f64 {
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
}

/// Upper tail of the hypergeometric distribution: the chance that a group of `drawn` entities out of `all` holds at
/// least `seen` of the `marked` ones (Fisher 1935). Returns 1 for `seen` = 0. Summed in log space.
pub fn hypergeometric_tail(all: u64, marked: u64, drawn: u64, seen: u64) -> f64 {
    if seen == 0 {
        return 1.0;
    }
    let most = marked.min(drawn);
    let (n, m, d) = (all as f64, marked as f64, drawn as f64);
    let base = ln_choose(n, d);
    let least = seen.max((marked + drawn).saturating_sub(all));
    // As `ln_choose`, with what is the same for every k taken out.
    let (of_marked, of_others) = (libm::lgamma(m + 1.0), libm::lgamma(n - m + 1.0));
    let (mut tail, mut before) = (0.0, 0.0);
    for k in (least..=most).map(|k| k as f64) {
        let rest = d - k;
        let marked = of_marked - libm::lgamma(k + 1.0) - libm::lgamma(m - k + 1.0);
        let others = of_others - libm::lgamma(rest + 1.0) - libm::lgamma(n - m - rest + 1.0);
        let term = libm::exp(marked + others - base);
        tail += term;
        if is_settled(tail, term, before) {
            break;
        }
        before = term;
    }
    f64::clamp(tail, 0.0, 1.0)
}

/// Upper tail of the binomial distribution, P(X ≥ `seen`) of `trials` with chance `p` each, summed in log space.
pub fn binomial_upper(trials: u64, p: f64, seen: u64) -> f64 {
    if seen == 0 || p >= 1.0 {
        return 1.0;
    }
    if p <= 0.0 {
        return 0.0;
    }
    let n = trials as f64;
    let ln_term = |k: u64| ln_choose(n, k as f64) + k as f64 * libm::log(p) + (n - k as f64) * libm::log1p(-p);
    let (mut tail, mut before) = (0.0, 0.0);
    for term in (seen..=trials).map(|k| libm::exp(ln_term(k))) {
        tail += term;
        if is_settled(tail, term, before) {
            break;
        }
        before = term;
    }
    f64::clamp(tail, 0.0, 1.0)
}

/// Whether no later term changes the sum of a tail: terms fall ever faster beyond the mode, and so small ones are lost in 53 bits.
fn is_settled(tail: f64, term: f64, before: f64) -> bool {
    term < before && term < tail * 1e-18
}

/// Natural log of the chance that none of `trials` with chance `p` each succeeds.
pub fn ln_binomial_zero(trials: u64, p: f64) -> f64 {
    trials as f64 * libm::log1p(-p)
}

/// Upper tail of the Poisson distribution, P(X ≥ `seen`), summed in log space. It bounds a sum of many rare independent
/// events from above (Hoeffding 1956), whatever their single chances.
pub fn poisson_upper(mean: f64, seen: u64) -> f64 {
    if seen == 0 || mean <= 0.0 {
        return if seen == 0 { 1.0 } else { 0.0 };
    }
    if (seen as f64) < mean {
        return (1.0 - poisson_lower(mean, seen - 1)).clamp(0.0, 1.0);
    }
    let mut term = libm::exp(seen as f64 * libm::log(mean) - mean - libm::lgamma(seen as f64 + 1.0));
    let (mut sum, mut k) = (0.0, seen as f64);
    while term > sum * 1e-16 && term > 0.0 {
        sum += term;
        k += 1.0;
        term *= mean / k;
    }
    sum.clamp(0.0, 1.0)
}

/// Lower tail of the Poisson distribution, P(X ≤ `seen`).
pub fn poisson_lower(mean: f64, seen: u64) -> f64 {
    if mean <= 0.0 {
        return 1.0;
    }
    let log_term = |k: u64| k as f64 * libm::log(mean) - mean - libm::lgamma(k as f64 + 1.0);
    let mut term = libm::exp(log_term(seen));
    if term == 0.0 {
        return if (seen as f64) < mean { 0.0 } else { 1.0 };
    }
    let (mut sum, mut k) = (0.0, seen as f64);
    while k >= 0.0 && term > sum * 1e-16 {
        sum += term;
        term *= k / mean;
        k -= 1.0;
    }
    sum.clamp(0.0, 1.0)
}

/// Upper tail of the normal distribution, P(Z ≥ `z`).
pub fn normal_upper(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// Upper tail of Student's t with `df` degrees of freedom, P(T ≥ `t`), from the incomplete beta function (Abramowitz and Stegun 1964,
/// 26.7.1): what a normal variable is beyond a mean and a deviation that were measured themselves.
pub fn student_upper(t: f64, df: f64) -> f64 {
    let tail = 0.5 * incomplete_beta(df / (df + t * t), df / 2.0, 0.5);
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// Regularized incomplete beta function I_x(a, b), by its continued fraction (Abramowitz and Stegun 1964, 26.5.8) with the method
/// of Lentz (1976).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    /// More than any x on the side of the fraction that converges asks for.
    const TERMS: u32 = 300;
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let away_from_zero = |v: f64| if v.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { v };
    let (mut c, mut d) = (1.0, 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in (1..=TERMS).map(f64::from) {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= fraction.abs() * 1e-16 {
            break;
        }
    }
    let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    let front = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - ln_beta) / a;
    (front * fraction).clamp(0.0, 1.0)
}

/// Shared objects of two accounts under the bipartite configuration model (Saracco 2017) in its sparse limit: an
/// account of degree k touches an object of popularity d with chance k d / M, M being the number of touches. Touches of what
/// nobody shares are among them: without these, what is the only thing that anybody shares would be no wonder.
#[derive(Debug, Clone)]
pub struct SharedRarity {
    /// Popularities in rising order, each with Σ (d/M)² over objects up to it.
    cumulative: Vec<(u64, f64)>,
}

impl SharedRarity {
    /// From the popularity of the objects of a layer, and the number of touches of objects beside them that one account alone
    /// has. Degrees have to be counted over the same objects.
    pub fn new(mut popularity: Vec<u64>, alone: u64) -> Self {
        popularity.sort_unstable();
        let touches = (popularity.iter().sum::<u64>() + alone) as f64;
        let mut sum = 0.0;
        let mut cumulative: Vec<(u64, f64)> = Vec::new();
        for d in popularity {
            if d >= 2 {
                sum += (d as f64 / touches).powi(2);
            }
            match cumulative.last_mut() {
                Some(last) if last.0 == d => last.1 = sum,
                _ => cumulative.push((d, sum)),
            }
        }
        Self { cumulative }
    }

    /// Chance that accounts of degrees `a` and `b` share at least one object of popularity `rarest` or less.
    pub fn p_value(&self, a: u64, b: u64, rarest: u64) -> f64 {
        let at = self.cumulative.partition_point(|(d, _)| *d <= rarest);
        let sum = if at == 0 { 0.0 } else { self.cumulative[at - 1].1 };
        -libm::expm1(-(a as f64) * (b as f64) * sum)
    }
}

/// By how much the rates at which accounts are given work differ, from the requests of each: the upper limit, with 90 %
/// confidence, of their coefficient of variation. A queue that deals to all alike leaves Poisson counts, whose variance is
/// their mean; what it exceeds the mean by is how the rates differ (index of dispersion, Fisher 1925; its quantile by Wilson
/// and Hilferty 1931). 0 where counts lie closer together than chance deals them. `None` for fewer than three accounts, or
/// where none has any.
pub fn spread_of_rates(requests: &[u64]) -> Option<f64> {
    const LEAST: usize = 3;
    /// The standard normal quantile of 10 %.
    const QUANTILE: f64 = -1.2816;
    if requests.len() < LEAST || requests.iter().all(|n| *n == 0) {
        return None;
    }
    let free = requests.len() as f64 - 1.0;
    let mean = requests.iter().sum::<u64>() as f64 / requests.len() as f64;
    let variance = requests.iter().map(|n| (*n as f64 - mean).powi(2)).sum::<f64>() / free;
    let part = 2.0 / (9.0 * free);
    let quantile = (1.0 - part + QUANTILE * part.sqrt()).max(0.0).powi(3);
    Some((variance / quantile - mean).max(0.0).sqrt() / mean)
}

/// The upper one of an even number; 0 of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// q-values of Benjamini and Yekutieli (2001), valid under any dependence. `tests` counts every test made, also those
/// whose p-value is 1 and which are not in `p`; it is at least `p.len()`. Returned in the order of `p`.
pub fn benjamini_yekutieli(p: &[f64], tests: u64) -> Vec<f64> {
    p.iter().copied().collect::<PValues>().q_values(p, tests)
}

/// How often each p-value came out. Links have tens of millions, and a few values, for a p-value depends on three small numbers.
#[derive(Debug, Default)]
pub struct PValues {
    /// By their bits.
    met: HashMap<u64, u64>,
}

impl PValues {
    pub fn push(&mut self, p: f64) {
        *self.met.entry(p.to_bits()).or_default() += 1;
    }

    /// The q-values of `wanted` among all, of which they are part, as [`benjamini_yekutieli`] has them.
    pub fn q_values(self, wanted: &[f64], tests: u64) -> Vec<f64> {
        let m = tests.max(self.met.values().sum()) as f64;
        let harmonic =
            if m < 1e6 { (1..=m as u64).map(|i| 1.0 / i as f64).sum() } else { libm::log(m) + 0.577_215_664_901_532_9 };
        let mut all: Vec<(f64, u64)> = self.met.into_iter().map(|(bits, n)| (f64::from_bits(bits), n)).collect();
        all.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        // Ties share the greatest rank.
        let ranks = all.iter().scan(0, |below, (p, n)| {
            *below += *n;
            Some((*p, *below))
        });
        let mut q_values: Vec<(f64, f64)> = ranks.map(|(p, rank)| (p, p * m * harmonic / rank as f64)).collect();
        let mut least: f64 = 1.0;
        for (_, q) in q_values.iter_mut().rev() {
            least = least.min(*q);
            *q = least;
        }
        let of = |p: &f64| q_values.partition_point(|(other, _)| other.total_cmp(p).is_le());
        wanted.iter().map(|p| of(p).checked_sub(1).map_or(0.0, |place| q_values[place].1)).collect()
    }
}

impl FromIterator<f64> for PValues {
    fn from_iter<I: IntoIterator<Item = f64>>(all: I) -> Self {
        let mut values = Self::default();
        all.into_iter().for_each(|p| values.push(p));
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    #[test]
    fn tails_of_student_are_those_of_the_tables() {
        // Abramowitz and Stegun 1964, table 26.10, and what follows from the Cauchy distribution.
        for (t, df, p) in
            [(1.684, 40.0, 0.05), (2.704, 40.0, 0.005), (3.551, 40.0, 0.0005), (1.0, 1.0, 0.25), (0.0, 7.0, 0.5)]
        {
            assert!((student_upper(t, df) / p - 1.0).abs() < 2e-3, "{t} {df}: {}", student_upper(t, df));
            assert!((student_upper(-t, df) + student_upper(t, df) - 1.0).abs() < 1e-12);
        }
        let cauchy = |t: f64| libm::atan2(1.0, t) / std::f64::consts::PI;
        for t in [0.3, 3.0, 1e3, 1e8] {
            assert!((student_upper(t, 1.0) / cauchy(t) - 1.0).abs() < 1e-9, "{t}");
        }
        assert!((student_upper(6.0, 1e7) / normal_upper(6.0) - 1.0).abs() < 1e-3, "{}", student_upper(6.0, 1e7));
        let falling: Vec<f64> = (0..400).map(|i| student_upper(f64::from(i) / 10.0, 39.0)).collect();
        assert!(falling.windows(2).all(|w| w[0] > w[1] && w[1] > 0.0));
    }

    #[test]
    fn the_hypergeometric_tail_is_the_textbook_one() {
        // 4 aces among 52 cards: at least one in a hand of five.
        let none = (48.0 * 47.0 * 46.0 * 45.0 * 44.0) / (52.0 * 51.0 * 50.0 * 49.0 * 48.0);
        assert!((hypergeometric_tail(52, 4, 5, 1) - (1.0 - none)).abs() < 1e-12);
        assert_eq!(hypergeometric_tail(52, 4, 5, 0), 1.0);
        assert!((hypergeometric_tail(10, 10, 4, 4) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_binomial_tail_is_the_textbook_one() {
        assert!((binomial_upper(10, 0.5, 8) - 56.0 / 1024.0).abs() < 1e-12);
        assert!((binomial_upper(4, 0.25, 1) - (1.0 - 0.75f64.powi(4))).abs() < 1e-12);
        assert_eq!((binomial_upper(5, 0.3, 0), binomial_upper(5, 0.0, 1), binomial_upper(5, 1.0, 5)), (1.0, 0.0, 1.0));
        assert!((ln_binomial_zero(4, 0.25).exp() - 0.75f64.powi(4)).abs() < 1e-12);
    }

    #[test]
    fn poisson_tails_are_the_textbook_ones_and_add_up() {
        assert!((poisson_upper(2.0, 1) - (1.0 - (-2f64).exp())).abs() < 1e-12);
        assert!((poisson_lower(3.0, 2) - (-3f64).exp() * (1.0 + 3.0 + 4.5)).abs() < 1e-12);
        for (mean, k) in [(0.3, 2), (5.0, 5), (80.0, 60), (80.0, 110), (1350.0, 1300)] {
            assert!((poisson_upper(mean, k + 1) + poisson_lower(mean, k) - 1.0).abs() < 1e-9, "{mean} {k}");
        }
        // A shard of 1,350 expected shared items that shows none.
        assert_eq!(poisson_lower(1350.0, 0), 0.0);
        assert!(poisson_lower(100.0, 0) > 0.0);
    }

    #[test]
    fn a_rarer_shared_thing_is_more_surprising_and_a_busier_account_less() {
        let layer = SharedRarity::new([vec![2; 20], vec![30, 400]].concat(), 50);
        assert!(layer.p_value(2, 2, 2) < layer.p_value(2, 2, 30));
        assert!(layer.p_value(2, 2, 30) < layer.p_value(2, 2, 400));
        assert!(layer.p_value(2, 2, 30) < layer.p_value(9, 9, 30));
    }

    #[test]
    fn the_only_thing_that_anybody_shared_was_no_wonder() {
        let layer = SharedRarity::new(vec![20], 980);
        assert!(layer.p_value(1, 1, 20) < 1e-3);
        assert!(SharedRarity::new(vec![20], 0).p_value(1, 1, 20) > 0.5, "everybody has it");
    }

    #[test]
    fn q_values_follow_the_order_of_p_and_never_fall_below_them() {
        let p = [0.04, 0.001, 0.02];
        let q = benjamini_yekutieli(&p, 100);
        assert!(q[1] <= q[2] && q[2] <= q[0]);
        assert!(p.iter().zip(&q).all(|(p, q)| q >= p));
    }

    /// Draws from a Poisson distribution, by waiting times.
    fn poisson(random: &mut ChaCha8Rng, mean: f64) -> u64 {
        let mut waited = 0.0;
        (0..)
            .find(|_| {
                waited -= ((f64::from(random.next_u32()) + 1.0) / 4_294_967_297.0).ln();
                waited > mean
            })
            .unwrap_or_default()
    }

    #[test]
    fn rates_differ_by_no_more_than_told_in_nine_of_ten_draws() {
        const DRAWS: usize = 2_000;
        let mut random = ChaCha8Rng::seed_from_u64(20);
        for (accounts, mean, spread) in [(12, 30.0, 0.3), (40, 8.0, 0.4), (200, 50.0, 0.1), (25, 100.0, 0.2)] {
            let told = (0..DRAWS).map(|_| {
                // Half of the accounts get more and half less.
                let rate = |i: usize| mean * if i.is_multiple_of(2) { 1.0 + spread } else { 1.0 - spread };
                let requests: Vec<u64> = (0..accounts).map(|i| poisson(&mut random, rate(i))).collect();
                spread_of_rates(&requests).unwrap()
            });
            let covered = told.filter(|told| *told >= spread).count() as f64 / DRAWS as f64;
            assert!(covered > 0.86, "{accounts} accounts: {covered}");
        }
    }

    #[test]
    fn one_queue_leaves_little_and_like_amounts_of_one_trade_do_not() {
        assert_eq!(spread_of_rates(&[60; 12]), Some(0.0));
        let mut random = ChaCha8Rng::seed_from_u64(21);
        let dealt: Vec<u64> = (0..60).map(|_| poisson(&mut random, 40.0)).collect();
        assert!(spread_of_rates(&dealt).unwrap() < 0.15);
        let of_one_trade: Vec<u64> = (0..26).map(|i| 22 + i * 3 / 2).collect();
        assert!(spread_of_rates(&of_one_trade).unwrap() > 0.2);
        assert_eq!((spread_of_rates(&[5, 6]), spread_of_rates(&[0; 3])), (None, None));
    }
}
