//! p-values under their nulls and on planted effects, q-values on mixes, and false networks in quiet worlds.

mod common;

use common::{analyse, write_world};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use std::collections::BTreeSet;
use stillhunt::document::{Network, Verdict};
use stillhunt::judgement::findings::FindingSettings;
use stillhunt::statistics::chance::{SharedRarity, benjamini_yekutieli, hypergeometric_tail};
use stillhunt::statistics::group_tests::{Line, Outcome, cluster, concentration};
use stillhunt::validation::simulate::WorldSettings;

const LEVELS: [f64; 4] = [0.01, 0.05, 0.1, 0.25];

fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    (rng.next_u64() % n as u64) as usize
}

fn scan(line: &Line, members: &[f64]) -> Outcome {
    cluster(line, members).unwrap().0
}

/// Holders of each object in the world and in the group.
fn concentrated(world: u64, size: u64, holders: &[(u64, u64)]) -> Outcome {
    concentration(world, size, holders.len() as u64, holders).unwrap().0
}

/// `k` of `0..n`, each set equally likely.
fn draw(rng: &mut ChaCha8Rng, n: usize, k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in 0..k {
        order.swap(i, i + below(rng, n - i));
    }
    order.truncate(k);
    order
}

/// At every level no more p-values than nominal, three standard errors of the count allowed; also far out, where
/// networks are called.
fn at_most_nominal(p: &[f64], what: &str) {
    for level in [0.001].into_iter().chain(LEVELS) {
        let share = p.iter().filter(|p| **p <= level).count() as f64 / p.len() as f64;
        let allowed = level + 3.0 * (level * (1.0 - level) / p.len() as f64).sqrt();
        assert!(share <= allowed, "{what}: {share:.4} of {} draws at p <= {level}", p.len());
    }
}

/// Not all 1, which would hold any level.
fn not_degenerate(p: &[f64], what: &str) {
    let low = p.iter().filter(|p| **p < 0.5).count();
    assert!(low * 200 >= p.len(), "{what}: only {low} of {} p-values are below 0.5", p.len());
}

#[test]
fn random_groups_are_clustered_no_more_often_than_nominal() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let smooth: Vec<f64> = (0..1000).map(|_| unit(&mut rng)).collect();
    // Volumes as in a log: skewed, whole, and many alike.
    let volumes: Vec<f64> = (0..1000).map(|_| (1.0 / (0.002 + unit(&mut rng))).floor().ln()).collect();
    for (world, column) in [("smooth", &smooth), ("tied", &volumes)] {
        let line = Line::new(column.clone());
        for size in [4, 5, 6, 8, 12, 20, 40] {
            let p: Vec<f64> = (0..4000)
                .map(|_| {
                    let members: Vec<f64> = draw(&mut rng, column.len(), size).iter().map(|i| column[*i]).collect();
                    scan(&line, &members).p_value
                })
                .collect();
            let what = format!("{size} members, {world} world");
            at_most_nominal(&p, &what);
            not_degenerate(&p, &what);
        }
    }
}

#[test]
fn random_groups_concentrate_no_more_often_than_nominal() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let world = 1000;
    // Objects from a pair of holders to half of the world.
    let objects: Vec<BTreeSet<usize>> =
        [2, 3, 5, 9, 20, 60, 150, 500].iter().map(|n| draw(&mut rng, world, *n).into_iter().collect()).collect();
    for size in [5, 12, 40] {
        let p: Vec<f64> = (0..4000)
            .map(|_| {
                let group = draw(&mut rng, world, size);
                let holders: Vec<(u64, u64)> = objects
                    .iter()
                    .map(|o| (o.len() as u64, group.iter().filter(|a| o.contains(a)).count() as u64))
                    .collect();
                concentrated(world as u64, size as u64, &holders).p_value
            })
            .collect();
        let what = format!("{size} members");
        at_most_nominal(&p, &what);
        not_degenerate(&p, &what);
    }
}

#[test]
fn planted_effects_are_recovered() {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    for _ in 0..200 {
        let mut all: Vec<f64> = (0..1000).map(|_| 365.0 * unit(&mut rng)).collect();
        // Nine of twelve signed up within four days, three at any time.
        let start = 360.0 * unit(&mut rng);
        let planted = |rng: &mut ChaCha8Rng, i: usize| {
            if i < 9 { start + 4.0 * unit(rng) } else { 365.0 * unit(rng) }
        };
        let members: Vec<f64> = (0..12).map(|i| planted(&mut rng, i)).collect();
        all.extend(&members);
        let outcome = scan(&Line::new(all), &members);
        assert!(outcome.p_value < 1e-4 && outcome.observed > outcome.expected, "{outcome:?}");
    }
    // Five of twelve hold what eight of a thousand hold, among fifty objects that they hold no oftener than others.
    let mut holders: Vec<(u64, u64)> = (0..50).map(|i| (10 + i, u64::from(i % 3 == 0))).collect();
    holders[30] = (8, 5);
    let outcome = concentrated(1000, 12, &holders);
    assert!(outcome.p_value < 1e-4 && outcome.observed == 5.0, "{outcome:?}");
}

/// Accounts with the objects that each touches.
type Bipartite = Vec<BTreeSet<usize>>;

/// Trades what only one of two accounts touches, at random: keeps both degrees and every popularity (curveball, Strona
/// et al. 2014).
fn trade(world: &mut Bipartite, rng: &mut ChaCha8Rng) {
    let (a, b) = (below(rng, world.len()), below(rng, world.len()));
    if a == b {
        return;
    }
    let only_a: Vec<usize> = world[a].difference(&world[b]).copied().collect();
    let only_b: Vec<usize> = world[b].difference(&world[a]).copied().collect();
    let pool: Vec<usize> = only_a.iter().chain(&only_b).copied().collect();
    for object in &pool {
        world[a].remove(object);
        world[b].remove(object);
    }
    let to_a: BTreeSet<usize> = draw(rng, pool.len(), only_a.len()).into_iter().collect();
    for (i, object) in pool.into_iter().enumerate() {
        world[if to_a.contains(&i) { a } else { b }].insert(object);
    }
}

fn popularity(world: &Bipartite, objects: usize) -> Vec<u64> {
    let mut counts = vec![0; objects];
    world.iter().flatten().for_each(|o| counts[*o] += 1);
    counts
}

#[test]
fn shuffled_accounts_share_rare_things_no_more_often_than_nominal() {
    let mut rng = ChaCha8Rng::seed_from_u64(14);
    let (accounts, objects) = (200, 300);
    for skew in [1.0, 2.0, 3.0] {
        // The greater the skew, the more popular the first objects and the busier some accounts.
        let mut world: Bipartite = (0..accounts)
            .map(|_| {
                let degree = 2 + (12.0 * unit(&mut rng).powf(skew)) as usize;
                let object = |rng: &mut ChaCha8Rng| (objects as f64 * unit(rng).powf(skew)) as usize;
                (0..degree).map(|_| object(&mut rng)).collect()
            })
            .collect();
        let before = popularity(&world, objects);
        let degrees: Vec<usize> = world.iter().map(BTreeSet::len).collect();
        let layer = SharedRarity::new(before.clone(), 0);
        let mut p = Vec::new();
        for _ in 0..20 {
            (0..10 * accounts).for_each(|_| trade(&mut world, &mut rng));
            for (i, a) in world.iter().enumerate() {
                for b in &world[i + 1..] {
                    let rarest = a.intersection(b).map(|o| before[*o]).min();
                    p.push(rarest.map_or(1.0, |d| layer.p_value(a.len() as u64, b.len() as u64, d)));
                }
            }
        }
        assert_eq!(popularity(&world, objects), before);
        assert_eq!(world.iter().map(BTreeSet::len).collect::<Vec<_>>(), degrees);
        let share = |level: f64| p.iter().filter(|p| **p <= level).count() as f64 / p.len() as f64;
        for level in LEVELS {
            assert!(share(level) <= 1.2 * level, "skew {skew}: {:.4} of pairs at p <= {level}", share(level));
        }
        assert!(share(0.1) >= 0.01, "skew {skew}: {:.4} of pairs at p <= 0.1 is too timid", share(0.1));
    }
}

/// Mean share of false ones among what is called at `level` over many draws of (p-values, of which the first are
/// planted), with the least number of planted ones called in a draw.
fn realised(draws: usize, level: f64, mut mix: impl FnMut() -> (Vec<f64>, usize)) -> (f64, usize) {
    let (mut sum, mut least) = (0.0, usize::MAX);
    for _ in 0..draws {
        let (p, planted) = mix();
        let q = benjamini_yekutieli(&p, p.len() as u64);
        let called = q.iter().filter(|q| **q <= level).count();
        let right = q[..planted].iter().filter(|q| **q <= level).count();
        sum += (called - right) as f64 / called.max(1) as f64;
        least = least.min(right);
    }
    (sum / draws as f64, least)
}

#[test]
fn false_discoveries_stay_below_nominal_also_among_copies() {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    for level in [0.01, 0.05, 0.1] {
        for copies in [1, 10, 180] {
            let mix = || {
                let mut p: Vec<f64> = (0..20).map(|_| 2e-6 * unit(&mut rng)).collect();
                for _ in 0..180 / copies {
                    let null = unit(&mut rng);
                    p.extend(std::iter::repeat_n(null, copies));
                }
                (p, 20)
            };
            let (rate, least) = realised(500, level, mix);
            assert!(rate <= level, "{rate:.4} false at q <= {level}, {copies} copies");
            assert_eq!(least, 20, "planted ones are missed at q <= {level}");
        }
    }
}

#[test]
fn false_discoveries_stay_below_nominal_under_the_worst_dependence() {
    // Each p-value is uniform, yet small ones come in the numbers that Benjamini and Hochberg's rule accepts:
    // with chance level / j there are j of them, all just below j level / m. That rule would be wrong in 45 % of draws.
    let (m, level) = (50, 0.1);
    let mut rng = ChaCha8Rng::seed_from_u64(16);
    let mix = || {
        let mut chance = unit(&mut rng);
        let together = (1..=m).find(|j| {
            chance -= level / *j as f64;
            chance < 0.0
        });
        let mut p: Vec<f64> = (0..m).map(|_| level + (1.0 - level) * unit(&mut rng)).collect();
        if let Some(j) = together {
            draw(&mut rng, m, j).into_iter().for_each(|i| p[i] = (j as f64 - unit(&mut rng)) * level / m as f64);
        }
        (p, 0)
    };
    let (rate, _) = realised(2000, level, mix);
    assert!(rate <= level, "{rate:.4} false at q <= {level}");
    assert!(rate > 0.0, "nothing is ever called");
}

/// What happened in one quiet world.
struct Quiet {
    suspected: usize,
    /// Coordinated networks of people who share nothing.
    unfounded: usize,
    groups_tested: u64,
}

fn quiet(seed: u64) -> Quiet {
    let folder = tempfile::tempdir().unwrap();
    write_world(folder.path(), &WorldSettings { seed, people: 50, campaigns: false, ..WorldSettings::default() });
    let document = analyse(folder.path());
    let labels = std::fs::read_to_string(folder.path().join("labels.csv")).unwrap();
    let people: BTreeSet<&str> = labels
        .lines()
        .filter_map(|line| line.strip_suffix(",benign:person"))
        .map(|line| line.trim_end_matches(','))
        .collect();
    assert_eq!(people.len(), 50);
    let unfounded =
        |n: &&Network| 2 * n.members.iter().filter(|m| people.contains(m.as_str())).count() > n.members.len();
    Quiet {
        suspected: document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation).count(),
        unfounded: document.networks.iter().filter(unfounded).count(),
        groups_tested: document.population.groups_tested,
    }
}

#[test]
fn quiet_worlds_hold_no_more_false_networks_than_expected() {
    let worlds: Vec<Quiet> = (100..300).into_par_iter().map(quiet).collect();
    // Corrected p-values promise so many worlds with a false network.
    let expected = FindingSettings::default().q_family * worlds.len() as f64;
    let count = |of: fn(&Quiet) -> usize| worlds.iter().map(of).sum::<usize>();
    let (suspected, unfounded) = (count(|w| w.suspected), count(|w| w.unfounded));
    let said = format!("{suspected} suspected and {unfounded} unfounded networks, {expected:.2} expected");
    assert!(suspected as f64 <= expected && unfounded as f64 <= expected, "{said}");
    // Every world had groups that could have been called.
    assert!(worlds.iter().all(|w| w.groups_tested >= 3), "a world without proposed groups: {said}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_hypergeometric_tail_counts_hands(
        (all, marked, drawn) in (1u32..=12).prop_flat_map(|n| (Just(n), 0..=n, 0..=n)), seen in 0u32..=13
    ) {
        // Every hand out of 0..all, the marked ones being the first.
        let hands: Vec<u32> = (0..1u32 << all).filter(|hand| hand.count_ones() == drawn).collect();
        let hits = hands.iter().filter(|hand| (*hand & ((1 << marked) - 1)).count_ones() >= seen).count();
        let counted = hits as f64 / hands.len() as f64;
        let tail = hypergeometric_tail(all.into(), marked.into(), drawn.into(), seen.into());
        prop_assert!((tail - counted).abs() < 1e-9, "{tail} and {counted}");
    }

    #[test]
    fn q_values_are_those_of_the_definition(
        p in prop::collection::vec(prop_oneof![0.0f64..=1.0, (0u32..=5).prop_map(|n| f64::from(n) / 5.0)], 1..40),
        more in 0u64..100,
    ) {
        let m = p.len() as u64 + more;
        let harmonic: f64 = (1..=m).map(|i| 1.0 / i as f64).sum();
        let q = benjamini_yekutieli(&p, m);
        for (i, own) in p.iter().enumerate() {
            let candidates = p.iter().filter(|other| *other >= own).map(|other| {
                let rank = p.iter().filter(|o| *o <= other).count();
                other * m as f64 * harmonic / rank as f64
            });
            let expected = candidates.fold(1.0, f64::min);
            prop_assert!((q[i] - expected).abs() <= 1e-12 * expected, "{} and {expected}", q[i]);
        }
    }
}
