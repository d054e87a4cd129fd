//! Tests of a whole group: is it more alike in one respect than as many accounts drawn at random from this world?
//! A group is tested only by families that had no part in proposing it, so choosing it does not bias the test.

use crate::document::glossary::grouped;
use crate::document::signal::Signal;
use crate::statistics::chance::{binomial_upper, hypergeometric_tail, ln_choose, poisson_lower, poisson_upper};
use std::collections::HashMap;
use std::sync::Arc;

/// Outcome of one group test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Members that are alike in the tested respect.
    pub observed: f64,
    /// As many as chance would give, in the same unit.
    pub expected: f64,
    /// Corrected for every window or object that the test looked at.
    pub p_value: f64,
}

/// What a test counts, and so how large a deviation has to be to matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Members that are alike in one respect.
    Members,
    /// Objects that several members share.
    Objects,
    /// What is shared although more was due: the finding is too little.
    TooLittle,
    /// A mean between 0 and 1, of which there is no multiple.
    Mean,
}

/// Entities of a group and whether each agrees with what was found. A test is looked at in many runs: copies share the list.
#[derive(Debug, Clone, Default)]
pub struct Agreeing {
    /// Rising; the lowest bit says whether the entity before it agrees, for tests of all groups keep millions.
    of: Arc<[u32]>,
    agree: usize,
}

impl Agreeing {
    /// Whether an entity agrees; `None` where that is not known.
    pub fn get(&self, entity: u32) -> Option<bool> {
        self.of.binary_search_by_key(&entity, |one| one >> 1).ok().map(|place| self.of[place] & 1 == 1)
    }

    /// Those that agree, rising.
    pub fn who(&self) -> impl Iterator<Item = u32> {
        self.of.iter().filter(|one| *one & 1 == 1).map(|one| one >> 1)
    }

    /// Entities of which it is known whether they agree.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }
}

/// From entities in rising order, each once, below 2^31.
impl FromIterator<(u32, bool)> for Agreeing {
    fn from_iter<I: IntoIterator<Item = (u32, bool)>>(entities: I) -> Self {
        let of: Arc<[u32]> = entities.into_iter().map(|(entity, agrees)| entity << 1 | u32::from(agrees)).collect();
        debug_assert!(of.is_sorted_by(|a, b| a >> 1 < b >> 1));
        Self { agree: of.iter().filter(|one| *one & 1 == 1).count(), of }
    }
}

/// Share of the members known in a respect that have to agree in it: what a handful of a large group shares says something of the
/// handful.
pub const LEAST_AGREEING: f64 = 0.3;

/// One test of one group.
#[derive(Debug, Clone)]
pub struct Test {
    /// What is tested; all tests of its layer are one family, which counts once.
    pub signal: Signal,
    pub statement: String,
    /// The same in a few words for a table, where the figures of this group belong to them; else empty.
    pub finding: String,
    /// Share of the accounts outside the group of which the same is true; `None` where that is not counted.
    pub elsewhere: Option<f64>,
    pub unit: &'static str,
    pub counts: Counts,
    pub outcome: Outcome,
    /// Set once all groups are tested.
    pub q_value: f64,
    /// Which of the tested entities agree with what was found; empty where the test speaks of the group as a whole.
    pub agreeing: Agreeing,
    /// Share of all entities that agree by chance.
    pub background: f64,
    /// The group's share of those it is compared with, itself among them; 0 to 1.
    pub part: f64,
    /// Places of the shared objects among those of their kind, rising, where there are such.
    pub shared: Arc<[u32]>,
}

impl Test {
    /// Share of the tested entities that agree with what was found; `None` where the test speaks of the group as a whole.
    pub fn agreement(&self) -> Option<f64> {
        (!self.agreeing.is_empty()).then(|| self.agreeing.agree as f64 / self.agreeing.of.len() as f64)
    }

    /// As many members as would agree if the group were like those outside it. Of a group that is half of a log chance gives half
    /// of what there is, however seldom it is met elsewhere.
    pub fn expected_outside(&self) -> f64 {
        if self.part >= 1.0 {
            return self.outcome.expected;
        }
        ((self.outcome.expected - self.part * self.outcome.observed) / (1.0 - self.part)).max(0.0)
    }

    /// A test that speaks of the group as a whole and not of single members.
    pub fn of_the_whole(
        signal: Signal,
        statement: String,
        unit: &'static str,
        counts: Counts,
        outcome: Outcome,
    ) -> Self {
        debug_assert!(signal.layer().is_some(), "no test is made of {signal}");
        let (agreeing, shared) = (Agreeing::default(), Arc::default());
        Self {
            signal,
            statement,
            finding: String::new(),
            elsewhere: None,
            unit,
            counts,
            outcome,
            q_value: 1.0,
            agreeing,
            background: 0.0,
            part: 0.0,
            shared,
        }
    }
}

/// A statement on some of a group; `words` are a noun and a verb in the plural, and the rest.
pub fn stated(held: usize, of: usize, words: &str) -> String {
    let mut parts = words.splitn(3, ' ').map(str::to_owned);
    let (noun, verb, rest) = [(); 3].map(|()| parts.next().unwrap_or_default()).into();
    let verb = match verb.as_str() {
        _ if held != 1 => verb,
        "have" => "has".to_owned(),
        "are" => "is".to_owned(),
        "were" => "was".to_owned(),
        "made" | "used" => verb,
        "carry" => "carries".to_owned(),
        _ => verb + "s",
    };
    format!("{} of {} {noun} {verb} {rest}", grouped(held as u64), grouped(of as u64))
}

/// Shares of a group that a cluster may hold: nearly all, most, or the third that bystanders leave.
const CLUSTER_SHARES: [f64; 3] = [0.9, 0.6, 0.35];

/// A column of the world to scan on: values in order.
#[derive(Debug, Clone, Default)]
pub struct Line {
    sorted: Vec<f64>,
}

impl Line {
    /// From the value of every account that has one, in any order.
    pub fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { sorted: values }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// How many of them stand from `low` to `high`.
    pub fn within(&self, low: f64, high: f64) -> usize {
        self.sorted.partition_point(|v| *v <= high) - self.sorted.partition_point(|v| *v < low)
    }
}

/// Scan for a cluster on a line, such as sign-up times or logged volumes (after Naus 1965, with the world itself as the
/// null): of all spans that hold a given share of the members, the one with fewest accounts of the world.
///
/// `members` are values of the group, which are among those of `world`. Returns the outcome with the span's ends, or
/// `None` (not evaluable) below four members with a value. Bonferroni over starts and shares.
pub fn cluster(world: &Line, members: &[f64]) -> Option<(Outcome, (f64, f64))> {
    if members.len() < 4 {
        return None;
    }
    let members = Line::new(members.to_vec());
    let (n, all) = (members.sorted.len(), world.sorted.len());
    CLUSTER_SHARES
        .iter()
        .filter_map(|share| {
            let inside = ((n as f64 * share).ceil() as usize).max(3);
            let spans = members.sorted.windows(inside).map(|w| (w[0], w[inside - 1]));
            let (low, high) = spans.min_by_key(|(low, high)| world.within(*low, *high))?;
            let (near, held) = (world.within(low, high), members.within(low, high));
            // The member that a span starts at stands in it by construction, so only the others surprise. For each start
            // the span grows until it holds its share: one look a start and a share.
            let tail = hypergeometric_tail(all as u64 - 1, near as u64 - 1, n as u64 - 1, inside as u64 - 1);
            let p_value = (tail * (n * CLUSTER_SHARES.len()) as f64).min(1.0);
            let expected = n as f64 * near as f64 / all as f64;
            Some((Outcome { observed: held as f64, expected, p_value }, (low, high)))
        })
        .min_by(|a, b| a.0.p_value.total_cmp(&b.0.p_value))
}

/// Volumes of a group that was chosen for having similar ones: do most of them agree far more closely than being alike
/// explains? Inside so narrow a range the density is flat, so the members fall on it uniformly; of all spans that hold nine
/// tenths of them the narrowest is taken, no narrower than one request (scan statistic, Naus 1965; Bonferroni over starts).
/// `requests` of each member; `range` is the least width of the range in ln(requests). `None` below eight members.
pub fn one_measure(requests: &[u64], range: f64) -> Option<(Outcome, (u64, u64))> {
    const LEAST: usize = 8;
    let mut sorted = requests.to_vec();
    sorted.sort_unstable();
    let n = sorted.len();
    if n < LEAST || sorted[0] == 0 {
        return None;
    }
    let ln = |r: u64| libm::log(r as f64);
    let range = range.max(ln(sorted[n - 1] + 1) - ln(sorted[0]));
    let inside = (n * 9).div_ceil(10);
    let spans = sorted.windows(inside).map(|w| (w[0], w[inside - 1]));
    let width = |(low, high): &(u64, u64)| ln(high + 1) - ln(*low);
    let span = spans.min_by(|a, b| width(a).total_cmp(&width(b)))?;
    let share = (width(&span) / range).min(1.0);
    let held = sorted.iter().filter(|r| (span.0..=span.1).contains(r)).count();
    let p_value = (binomial_upper(n as u64 - 1, share, held as u64 - 1) * n as f64).min(1.0);
    Some((Outcome { observed: held as f64, expected: share * n as f64, p_value }, span))
}

/// The chance that a group drawn at random holds an object as often, from its holders in the world and in the group. A large
/// group has many objects and few different numbers of holders: each chance is computed once.
fn tails(world: u64, group: u64) -> impl FnMut((u64, u64)) -> f64 {
    let mut known: HashMap<(u64, u64), f64> = HashMap::new();
    move |(all, inside)| *known.entry((all, inside)).or_insert_with(|| hypergeometric_tail(world, all, group, inside))
}

/// The one object that the group concentrates on most: for each object its holders in the world and in the group.
/// Objects that no member holds are left out of `holders` and counted in `objects`. Bonferroni over the objects of the
/// world. Returns the outcome with the place in `holders`; `None` where nobody of the group has such an object.
pub fn concentration(world: u64, group: u64, objects: u64, holders: &[(u64, u64)]) -> Option<(Outcome, usize)> {
    let mut tail = tails(world, group);
    holders
        .iter()
        .map(|&(all, inside)| Outcome {
            observed: inside as f64,
            expected: group as f64 * all as f64 / world as f64,
            p_value: if inside < 2 { 1.0 } else { (tail((all, inside)) * objects as f64).min(1.0) },
        })
        .zip(0..)
        .min_by(|a, b| a.0.p_value.total_cmp(&b.0.p_value).then(b.0.observed.total_cmp(&a.0.observed)))
}

/// Most objects that [`few_values`] takes together.
const MOST_TOGETHER: usize = 16;

/// The few values that hold most of a group, of a kind of which everybody has one at most, such as the domain of an e-mail
/// address: an operator who spreads accounts over three domains concentrates on none. As [`concentration`], for the one to
/// sixteen values on which the group concentrates most, each set paying for all sets of its size and for the sizes tried.
/// Returns the outcome with the places in `holders`, rising.
pub fn few_values(world: u64, group: u64, objects: u64, holders: &[(u64, u64)]) -> Option<(Outcome, Vec<usize>)> {
    let mut order: Vec<(f64, usize)> = holders.iter().copied().map(tails(world, group)).zip(0..).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(holders[b.1].1.cmp(&holders[a.1].1)).then(a.1.cmp(&b.1)));
    order.truncate(MOST_TOGETHER);
    let sizes = order.len();
    let (mut all, mut inside, mut places) = (0, 0, Vec::new());
    order
        .into_iter()
        .map(|(_, place)| {
            (all, inside) = (all + holders[place].0, inside + holders[place].1);
            places.push(place);
            let tail = if inside < 2 { 1.0 } else { hypergeometric_tail(world, all, group, inside) };
            let looks = ln_choose(objects as f64, places.len() as f64) + libm::log(sizes as f64);
            let p_value = libm::exp(libm::log(tail.max(f64::MIN_POSITIVE)) + looks).min(1.0);
            let expected = group as f64 * all as f64 / world as f64;
            (Outcome { observed: inside as f64, expected, p_value }, places.clone())
        })
        .min_by(|a, b| a.0.p_value.total_cmp(&b.0.p_value).then(b.0.observed.total_cmp(&a.0.observed)))
        .map(|(outcome, mut places)| {
            places.sort_unstable();
            (outcome, places)
        })
}

/// Objects that several members hold at once, against as many as chance would give: a campaign with ten payment
/// instruments concentrates on none of them. `popularity` is that of every object of the world, with how many objects have it;
/// `seen` of the objects are held by two members or more, objects with the same holders counted once.
///
/// Under the null the group is drawn at random; object of popularity d is then held twice with a chance known exactly,
/// and their number is bounded by a Poisson distribution.
pub fn co_held(world: u64, group: u64, popularity: &[(u64, u64)], seen: u64) -> Outcome {
    let mean: f64 = popularity.iter().map(|(d, n)| *n as f64 * hypergeometric_tail(world, *d, group, 2)).sum();
    Outcome { observed: seen as f64, expected: mean, p_value: poisson_upper(mean, seen) }
}

/// Objects whose holders nearly all stand in the group, against as many as chance would give: where a campaign is a good part
/// of a log, two holders of any object often stand in it by chance, and all six of one hardly ever. `popularity` is as for
/// [`co_held`]; `seen` of the objects with two holders or more have `share` of them inside. Bounded in the same way.
pub fn enclosed(world: u64, group: u64, popularity: &[(u64, u64)], share: f64, seen: u64) -> Outcome {
    let least = |holders: u64| (share * holders as f64).ceil() as u64;
    let chance = |(d, n): &(u64, u64)| *n as f64 * hypergeometric_tail(world, *d, group, least(*d));
    let mean: f64 = popularity.iter().filter(|(d, _)| *d >= 2).map(chance).sum();
    Outcome { observed: seen as f64, expected: mean, p_value: poisson_upper(mean, seen) }
}

/// One data set dealt over accounts: too few items shared. `items` are those of each member that belong to a known
/// material of `material` items, which unrelated accounts use too. Members who draw from it independently share
/// Σ n_i n_j / material of them, more where some items are more popular; dealers share none. Lower tail of a Poisson
/// distribution.
///
/// `None` (not evaluable) where chance would give fewer than 20 shared items: then too little cannot be told.
pub fn shard(items: &[u64], shared: u64, material: u64) -> Option<Outcome> {
    let sum: f64 = items.iter().map(|n| *n as f64).sum();
    let squares: f64 = items.iter().map(|n| (*n as f64).powi(2)).sum();
    let expected = (sum * sum - squares) / 2.0 / material.max(1) as f64;
    (expected >= 20.0).then(|| Outcome { observed: shared as f64, expected, p_value: poisson_lower(expected, shared) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn a_planted_sign_up_cohort_is_recovered() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut all: Vec<f64> = (0..1000).map(|_| 365.0 * uniform(&mut rng)).collect();
        let members: Vec<f64> = (0..20).map(|_| 100.0 + 5.0 * uniform(&mut rng)).collect();
        all.extend(&members);
        let (outcome, (low, high)) = cluster(&Line::new(all), &members).expect("twenty members suffice");
        assert!(low >= 100.0 && high <= 105.0);
        assert!(outcome.p_value < 1e-9, "{outcome:?}");
        assert!(outcome.observed > 5.0 * outcome.expected);
    }

    #[test]
    fn groups_drawn_at_random_are_called_clustered_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let all: Vec<f64> = (0..1000).map(|_| uniform(&mut rng)).collect();
        let line = Line::new(all.clone());
        let worlds = 400;
        let called = (0..worlds)
            .filter(|_| {
                let mut order: Vec<usize> = (0..all.len()).collect();
                for i in 0..12 {
                    order.swap(i, i + (rng.next_u64() as usize) % (all.len() - i));
                }
                let members: Vec<f64> = order[..12].iter().map(|i| all[*i]).collect();
                cluster(&line, &members).is_some_and(|(o, _)| o.p_value <= 0.05)
            })
            .count();
        // Binomial(400, 0.05): mean 20, standard deviation 4.4.
        assert!(called <= 33, "{called} of {worlds} at p <= 0.05");
    }

    #[test]
    fn one_of_many_is_spoken_of_in_the_singular() {
        let said = |held: usize, words: &str| stated(held, 12, words);
        assert_eq!(said(1, "accounts share one payment instrument"), "1 of 12 accounts shares one payment instrument");
        assert_eq!(said(1, "accounts have answers cut"), "1 of 12 accounts has answers cut");
        assert_eq!(said(1, "accounts used one address"), "1 of 12 accounts used one address");
        assert_eq!(said(1, "closures are followed by one"), "1 of 12 closures is followed by one");
        assert_eq!(said(2, "accounts carry one recurring template"), "2 of 12 accounts carry one recurring template");
    }

    #[test]
    fn too_few_members_are_not_evaluable() {
        assert_eq!(cluster(&Line::new(vec![1.0, 2.0, 3.0, 4.0, 5.0]), &[1.0, 2.0, 3.0]), None);
        assert_eq!(concentration(100, 10, 0, &[]), None);
        assert_eq!(shard(&[5, 5, 5], 0, 1000), None);
    }

    #[test]
    fn one_payment_behind_a_group_stands_out_and_a_popular_client_does_not() {
        let (payments, at) = concentration(3000, 12, 3, &[(12, 12), (3, 1)]).expect("there are payments");
        assert_eq!(at, 0);
        assert!(payments.p_value < 1e-12);
        let (clients, _) = concentration(3000, 12, 2, &[(2500, 11), (500, 1)]).expect("there are clients");
        assert!(clients.p_value > 0.5);
    }

    #[test]
    fn a_quota_inside_a_cell_is_recovered_and_similar_volumes_are_none() {
        let quota: Vec<u64> = (0..40).map(|i| if i < 37 { 45 } else { 40 + i % 7 }).collect();
        let (outcome, span) = one_measure(&quota, 0.35).expect("forty accounts");
        assert!(outcome.p_value < 1e-20 && span == (45, 45), "{outcome:?}");
        let mut rng = ChaCha8Rng::seed_from_u64(10);
        let worlds = 400;
        let called = (0..worlds)
            .filter(|_| {
                let similar: Vec<u64> = (0..20).map(|_| (200.0 * (0.35 * uniform(&mut rng)).exp()) as u64).collect();
                one_measure(&similar, 0.35).is_some_and(|(o, _)| o.p_value <= 0.05)
            })
            .count();
        // Binomial(400, 0.05): mean 20, standard deviation 4.4.
        assert!(called <= 33, "{called} of {worlds} at p <= 0.05");
        assert_eq!(one_measure(&[45; 5], 0.35), None);
    }

    #[test]
    fn accounts_spread_over_three_domains_stand_out_and_those_at_a_popular_one_do_not() {
        let (outcome, places) =
            few_values(3000, 60, 200, &[(1500, 3), (22, 20), (3, 0), (20, 19), (18, 18)]).expect("there are domains");
        assert_eq!(places, [1, 3, 4]);
        assert!(outcome.p_value < 1e-60 && outcome.observed == 57.0, "{outcome:?}");
        let (outcome, _) = few_values(3000, 60, 200, &[(1500, 33), (600, 14), (300, 6)]).expect("there are domains");
        assert!(outcome.p_value > 0.5, "{outcome:?}");
        assert_eq!(few_values(3000, 60, 200, &[]), None);
    }

    #[test]
    fn random_groups_fall_on_few_values_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        // Domains of a log: two for half of the accounts, and many of a few accounts each.
        let domain = |account: usize| {
            if account < 300 {
                0
            } else if account < 500 {
                1
            } else {
                2 + account % 90
            }
        };
        let mut popularity = vec![0u64; 92];
        (0..1000).for_each(|a| popularity[domain(a)] += 1);
        let worlds = 400;
        let called = (0..worlds)
            .filter(|_| {
                let mut order: Vec<usize> = (0..1000).collect();
                for i in 0..20 {
                    order.swap(i, i + (rng.next_u64() as usize) % (1000 - i));
                }
                let mut inside = vec![0u64; 92];
                order[..20].iter().for_each(|a| inside[domain(*a)] += 1);
                let holders: Vec<(u64, u64)> =
                    popularity.iter().copied().zip(inside).filter(|(_, inside)| *inside > 0).collect();
                few_values(1000, 20, 92, &holders).is_some_and(|(o, _)| o.p_value <= 0.05)
            })
            .count();
        // Binomial(400, 0.05): mean 20, standard deviation 4.4.
        assert!(called <= 33, "{called} of {worlds} at p <= 0.05");
    }

    #[test]
    fn ten_payments_of_six_accounts_each_stand_out_together_and_couples_do_not() {
        let popularity = [(2, 300), (6, 10)];
        let campaign = co_held(3000, 60, &popularity, 10);
        assert!(campaign.p_value < 1e-9, "{campaign:?}");
        let crowd = co_held(3000, 60, &popularity, 1);
        assert!(crowd.p_value > 0.05);
    }

    #[test]
    fn payments_of_a_group_that_is_a_quarter_of_the_log_stand_out_where_nobody_else_holds_them() {
        let popularity = [(2, 20), (6, 17)];
        let shared = co_held(420, 100, &popularity, 17);
        let own = enclosed(420, 100, &popularity, 0.8, 17);
        assert!(shared.p_value > 1e-3 && own.p_value < 1e-12, "{shared:?} {own:?}");
    }

    #[test]
    fn objects_of_random_groups_are_enclosed_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let popularity = [(2u64, 150u64), (5, 60)];
        let worlds = 300;
        let called = (0..worlds)
            .filter(|_| {
                let mut order: Vec<usize> = (0..400).collect();
                let mut shuffle = |order: &mut Vec<usize>, n: usize| {
                    for i in 0..n {
                        let rest = order.len() - i;
                        order.swap(i, i + (rng.next_u64() as usize) % rest);
                    }
                };
                shuffle(&mut order, 120);
                let group: Vec<usize> = order[..120].to_vec();
                let mut seen = 0;
                for (d, n) in popularity {
                    for _ in 0..n {
                        shuffle(&mut order, d as usize);
                        let inside = order[..d as usize].iter().filter(|a| group.contains(a)).count();
                        seen += u64::from(inside as f64 >= 0.8 * d as f64);
                    }
                }
                enclosed(400, 120, &popularity, 0.8, seen).p_value <= 0.05
            })
            .count();
        // Binomial(300, 0.05): mean 15, standard deviation 3.8.
        assert!(called <= 26, "{called} of {worlds} at p <= 0.05");
    }

    #[test]
    fn co_held_objects_of_random_groups_are_called_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let popularity = [(2u64, 400u64), (5, 60), (40, 4)];
        let holders: Vec<Vec<usize>> = popularity
            .iter()
            .flat_map(|(d, n)| std::iter::repeat_n(*d, *n as usize))
            .map(|d| (0..d).map(|_| (rng.next_u64() % 1000) as usize).collect())
            .collect();
        let worlds = 300;
        let called = (0..worlds)
            .filter(|_| {
                let mut group = vec![false; 1000];
                (0..50).for_each(|_| group[(rng.next_u64() % 1000) as usize] = true);
                let seen = holders.iter().filter(|h| h.iter().filter(|a| group[**a]).count() >= 2).count() as u64;
                co_held(1000, 50, &popularity, seen).p_value <= 0.05
            })
            .count();
        // Binomial(300, 0.05): mean 15, standard deviation 3.8.
        assert!(called <= 26, "{called} of {worlds} at p <= 0.05");
    }

    #[test]
    fn a_dealt_data_set_shows_too_little_overlap_and_a_benchmark_does_not() {
        // 40 accounts with 300 items each of a set of 52,000 would share 1,350.
        let dealt = shard(&[300; 40], 0, 52_000).expect("enough expected");
        assert!(dealt.p_value < 1e-30 && (dealt.expected - 1350.0).abs() < 1.0, "{dealt:?}");
        let benchmark = shard(&[300; 10], 900, 5_000).expect("enough expected");
        assert!(benchmark.p_value > 0.5, "{benchmark:?}");
    }
}
