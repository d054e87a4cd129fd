//! Which pairs of accounts share what, and how rare the rarest of it is. Pairs are counted before any is looked at, and none
//! is kept that nobody asks for.

use crate::search::holdings::Lists;
use crate::search::links::{Family, Object, World};
use crate::statistics::chance::SharedRarity;
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Ordering;
use std::sync::Mutex;
use xxhash_rust::xxh3::xxh3_64;

/// How many pairs are looked at.
#[derive(Debug, Clone, Serialize)]
pub struct PairSettings {
    /// Pairs of objects of which every pair is looked at, rarest objects first; bounds time and memory.
    pub whole: u64,
    /// Pairs that are drawn from the objects that are too popular for that.
    pub drawn: u64,
    /// Least surprise of a link, nats.
    pub least_link: f64,
}

impl Default for PairSettings {
    fn default() -> Self {
        Self { whole: 10_000_000, drawn: 8_000_000, least_link: 2.0 }
    }
}

/// A link: two accounts, the rarest object they share, and the chance of sharing one as rare.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairLink {
    pub a: u32,
    pub b: u32,
    /// Index into [`World::objects`].
    pub object: u32,
    pub p_value: f64,
    /// Pairs that this one stands for: 1, or more where it was drawn from many.
    pub stands_for: f64,
}

impl PairLink {
    /// How surprising it is, nats.
    pub fn surprise(&self) -> f64 {
        -libm::log(self.p_value.max(f64::MIN_POSITIVE))
    }
}

/// Rounds in which the holders of an object are paired, each with its neighbour in a circle of its own: a graph of that many
/// random circles has no parts that hang together more than others.
const ROUNDS: std::ops::RangeInclusive<u64> = 3..=16;

/// Pairs that share an object of one family.
struct Shared {
    /// Indices into [`World::objects`], rarest first; of the first `whole` every pair is looked at.
    objects: Vec<u32>,
    whole: u32,
    holders: Lists,
    /// Places among `objects`, rising.
    of_account: Lists,
    /// Of each account those behind it with which it was drawn as a pair from the other objects, rising.
    drawn: Lists,
    rounds: u64,
    rarity: SharedRarity,
    /// Objects of each account that some other account has too, those that were left out of the search as well.
    degree: Vec<u64>,
}

impl Shared {
    fn link(&self, world: &World, (a, b): (u32, u32), place: u32, stands_for: f64) -> PairLink {
        let object = self.objects[place as usize];
        let popularity = world.objects[object as usize].popularity;
        let p_value = self.rarity.p_value(self.degree[a as usize], self.degree[b as usize], popularity);
        PairLink { a, b, object, p_value, stands_for }
    }

    /// Pairs of an account with those behind it. Its objects come rarest first, so that the first that leads to another is
    /// the rarest that the two share, and no pair is met twice.
    fn pairs_of(&self, world: &World, a: u32, seen: &mut [u32], mut take: impl FnMut(PairLink)) {
        let is_other = |b: u32| world.entity[a as usize] != world.entity[b as usize];
        for place in self.of_account.of(a).iter().take_while(|place| **place < self.whole) {
            let holders = self.holders.of(*place);
            for &b in &holders[holders.partition_point(|other| *other <= a)..] {
                if std::mem::replace(&mut seen[b as usize], a) != a && is_other(b) {
                    take(self.link(world, (a, b), *place, 1.0));
                }
            }
        }
        for &b in self.drawn.of(a) {
            // What shares one of the rarer objects was met there.
            if seen[b as usize] != a
                && is_other(b)
                && let Some((rarest, chance)) = self.chance_to_be_drawn(a, b)
            {
                take(self.link(world, (a, b), rarest, 1.0 / chance));
            }
        }
    }

    /// The rarest object that a pair shares of those from which pairs are drawn, and the chance that it was drawn from any of
    /// them: a pair stands for as many as would have been drawn as seldom (Horvitz and Thompson 1952).
    fn chance_to_be_drawn(&self, a: u32, b: u32) -> Option<(u32, f64)> {
        let drawn_from = |account: u32| {
            let own = self.of_account.of(account);
            &own[own.partition_point(|place| *place < self.whole)..]
        };
        let (mut left, mut right) = (drawn_from(a), drawn_from(b));
        let mut rarest = None;
        let mut never = 1.0;
        while let (Some(first), Some(second)) = (left.first(), right.first()) {
            match first.cmp(second) {
                Ordering::Less => left = &left[1..],
                Ordering::Greater => right = &right[1..],
                Ordering::Equal => {
                    rarest = rarest.or(Some(*first));
                    let others = (self.holders.of(*first).len() - 1) as f64;
                    never *= (1.0 - (2.0 / others).min(1.0)).powi(self.rounds as i32);
                    (left, right) = (&left[1..], &right[1..]);
                }
            }
        }
        rarest.map(|place| (place, 1.0 - never))
    }
}

/// Pairs of holders, drawn so that each holder has a neighbour on either side in each round. The order of a round is that
/// of hashes of the holders' ranks, so that names decide nothing.
fn draw(world: &World, object: &Object, rounds: u64) -> Vec<(u32, u32)> {
    let seed = xxh3_64(object.value.as_bytes());
    let mut pairs = Vec::with_capacity(object.accounts.len() * rounds as usize);
    for round in 0..rounds {
        let key = |a: u32| {
            let words = [seed, round, u64::from(world.rank[a as usize])].map(u64::to_le_bytes);
            xxh3_64(words.as_flattened())
        };
        let mut circle: Vec<(u64, u32)> = object.accounts.iter().map(|a| (key(*a), *a)).collect();
        circle.sort_unstable();
        let behind = circle.iter().cycle().skip(1);
        pairs.extend(circle.iter().zip(behind).map(|((_, a), (_, b))| (*a.min(b), *a.max(b))));
    }
    pairs
}

/// Pairs of holders of some objects, each once: of each account those behind it.
fn all_drawn(world: &World, objects: &[u32], rounds: u64) -> Lists {
    /// Objects that are drawn from side by side: all at once would wait beside the list into which they go.
    const AT_ONCE: usize = 8;
    let objects: Vec<&Object> = objects.iter().map(|i| &world.objects[*i as usize]).collect();
    let mut drawn = Vec::with_capacity(objects.iter().map(|object| object.accounts.len() * rounds as usize).sum());
    for some in objects.chunks(AT_ONCE) {
        let of_each: Vec<Vec<(u32, u32)>> = some.par_iter().map(|object| draw(world, object, rounds)).collect();
        drawn.extend(of_each.into_iter().flatten());
    }
    drawn.par_sort_unstable();
    drawn.dedup();
    Lists::grouped(&drawn, world.names.len())
}

/// The pairs of some families.
pub struct Pairs<'w> {
    world: &'w World,
    families: Vec<Shared>,
    least_link: f64,
    /// Objects too popular for every pair to be looked at: a random part of the pairs was.
    pub objects_drawn_from: u64,
    /// Objects of which no pair was looked at.
    pub objects_left_out: u64,
}

impl<'w> Pairs<'w> {
    /// Counts the pairs, and draws some of those of objects that have too many.
    pub fn new(world: &'w World, families: &[Family], settings: &PairSettings) -> Self {
        let mut objects: Vec<u32> =
            (0..world.objects.len() as u32).filter(|i| families.contains(&world.objects[*i as usize].family)).collect();
        objects.sort_by_key(|i| (world.objects[*i as usize].popularity, *i));
        let holders = |i: u32| world.objects[i as usize].accounts.len() as u64;
        let mut left = settings.whole;
        let mut whole = 0;
        while let Some(less) = objects.get(whole).and_then(|i| left.checked_sub(holders(*i) * (holders(*i) - 1) / 2)) {
            (left, whole) = (less, whole + 1);
        }
        let crowded = &objects[whole..];
        let crowds: u64 = crowded.iter().map(|i| holders(*i)).sum();
        let rounds = (settings.drawn / crowds.max(1)).clamp(*ROUNDS.start(), *ROUNDS.end());
        let mut left = settings.drawn;
        let has_room = |i: &&u32| {
            let less = left.checked_sub(holders(**i) * rounds);
            left = less.unwrap_or(0);
            less.is_some()
        };
        let drawn = crowded.iter().take_while(has_room).count();
        let mut families = families.to_vec();
        families.sort_unstable();
        Self {
            families: families
                .into_iter()
                .map(|family| shared(world, family, &objects, (whole, drawn), rounds))
                .collect(),
            world,
            least_link: settings.least_link,
            objects_drawn_from: drawn as u64,
            objects_left_out: (crowded.len() - drawn) as u64,
        }
    }

    /// Hands over every link that is surprising enough, in order of accounts, and of a pair in the order of families.
    pub fn each_link(&self, mut take: impl FnMut(PairLink)) {
        /// Accounts that are asked at once, and by one thread: what waits to be handed over is bounded.
        const BLOCK: usize = 4096;
        const PART: usize = 64;
        let accounts: Vec<u32> = (0..self.world.names.len() as u32).collect();
        // Of each family the last account that was asked about another: nobody's number is the greatest. A thread takes such
        // a piece of memory and puts it back, for to clear one takes longer than to ask most accounts.
        let spare: Mutex<Vec<Vec<Vec<u32>>>> = Mutex::default();
        let links_of = |part: &[u32]| {
            let fresh = || vec![vec![u32::MAX; accounts.len()]; self.families.len()];
            let mut seen = spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_else(fresh);
            let mut links = Vec::new();
            for a in part {
                let first = links.len();
                for (family, seen) in self.families.iter().zip(&mut seen) {
                    family.pairs_of(self.world, *a, seen, |link: PairLink| {
                        if link.surprise() >= self.least_link {
                            links.push(link);
                        }
                    });
                }
                // Stable, for the order of families.
                links[first..].sort_by_key(|link| link.b);
            }
            let _ = spare.lock().map(|mut spare| spare.push(seen));
            links
        };
        for block in accounts.chunks(BLOCK) {
            let links: Vec<Vec<PairLink>> = block.par_chunks(PART).map(links_of).collect();
            links.into_iter().flatten().for_each(&mut take);
        }
    }
}

/// Pairs of one family, of `objects` of all: of the first `whole` every pair, of as many as `drawn` behind them some.
fn shared(world: &World, family: Family, objects: &[u32], (whole, drawn): (usize, usize), rounds: u64) -> Shared {
    let of_family = |objects: &[u32]| -> Vec<u32> {
        objects.iter().copied().filter(|i| world.objects[*i as usize].family == family).collect()
    };
    let mut degree = world.alone.get(&family).cloned().unwrap_or_else(|| vec![0; world.names.len()]);
    let alone = degree.iter().sum();
    let mut popularity = Vec::new();
    for object in of_family(objects).into_iter().map(|i| &world.objects[i as usize]) {
        object.accounts.iter().for_each(|a| degree[*a as usize] += 1);
        popularity.push(object.popularity);
    }
    let crowded = of_family(&objects[whole..whole + drawn]);
    let mut objects = of_family(&objects[..whole]);
    let whole = objects.len() as u32;
    let drawn = all_drawn(world, &crowded, rounds);
    objects.extend(crowded);
    let holders: Lists = objects.iter().map(|i| &world.objects[*i as usize].accounts).collect();
    let of_account = holders.inverted(world.names.len());
    Shared { objects, whole, holders, of_account, drawn, rounds, rarity: SharedRarity::new(popularity, alone), degree }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn object(family: Family, accounts: BTreeSet<u32>) -> Object {
        let accounts: Vec<u32> = accounts.into_iter().collect();
        let value = format!("{accounts:?}");
        Object {
            family,
            kind: "kind",
            popularity: accounts.len() as u64,
            accounts,
            value,
            instructions: Box::default(),
        }
    }

    fn world(accounts: u32, mut objects: Vec<Object>) -> World {
        objects.sort_by(|a, b| (a.family, &a.accounts).cmp(&(b.family, &b.accounts)));
        let names = (0..accounts).map(|i| format!("{i:06}")).collect();
        // Every seventh account belongs to the organisation of the one before.
        let entity = (0..accounts).map(|i| if i % 7 == 6 { i - 1 } else { i }).collect();
        World::new(names, entity, (0..accounts).rev().collect(), objects)
    }

    fn links(world: &World, families: &[Family], whole: u64, drawn: u64) -> Vec<PairLink> {
        let mut found = Vec::new();
        let settings = PairSettings { whole, drawn, least_link: f64::NEG_INFINITY };
        Pairs::new(world, families, &settings).each_link(|link| found.push(link));
        found
    }

    proptest! {
        #[test]
        fn every_pair_is_met_once_in_a_family_by_the_rarest_that_it_shares(
            sets in proptest::collection::vec((any::<bool>(), proptest::collection::btree_set(0u32..30, 2..20)), 0..12),
        ) {
            let family = |content| if content { Family::Identity } else { Family::Infrastructure };
            let objects = sets.into_iter().map(|(content, accounts)| object(family(content), accounts)).collect();
            let world = world(30, objects);
            let mut expected: BTreeMap<(u32, u32, Family), u64> = BTreeMap::new();
            for o in &world.objects {
                for (i, a) in o.accounts.iter().enumerate() {
                    for b in o.accounts[i + 1..].iter().filter(|b| world.entity[*a as usize] != world.entity[**b as usize]) {
                        let rarest = expected.entry((*a, *b, o.family)).or_insert(u64::MAX);
                        *rarest = o.popularity.min(*rarest);
                    }
                }
            }
            let found = links(&world, &[Family::Infrastructure, Family::Identity], u64::MAX, 0);
            let object = |link: &PairLink| &world.objects[link.object as usize];
            let found: Vec<_> = found.iter().map(|l| ((l.a, l.b, object(l).family), object(l).popularity)).collect();
            prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn what_is_drawn_of_a_pair_is_its_rarest_object_too(
            sets in proptest::collection::vec(proptest::collection::btree_set(0u32..40, 10..40), 1..8),
            whole in 0u64..2000,
        ) {
            let world = world(40, sets.into_iter().map(|accounts| object(Family::Content, accounts)).collect());
            let every: BTreeMap<(u32, u32), u32> =
                links(&world, &[Family::Content], u64::MAX, 0).iter().map(|l| ((l.a, l.b), l.object)).collect();
            let some = links(&world, &[Family::Content], whole, u64::MAX);
            let pairs: BTreeSet<(u32, u32)> = some.iter().map(|l| (l.a, l.b)).collect();
            prop_assert_eq!(pairs.len(), some.len(), "each once");
            prop_assert!(some.iter().all(|l| every[&(l.a, l.b)] == l.object));
        }
    }

    #[test]
    fn what_accounts_are_called_does_not_change_which_pairs_are_drawn() {
        let (n, crowd) = (300u32, 250u32);
        let links = |reversed: bool| {
            let id = |rank: u32| if reversed { n - 1 - rank } else { rank };
            let objects =
                [(0..crowd).collect::<Vec<u32>>(), (20..n).collect()].into_iter().enumerate().map(|(i, ranks)| {
                    Object { value: i.to_string(), ..object(Family::Content, ranks.into_iter().map(id).collect()) }
                });
            let names = (0..n).map(|i| i.to_string()).collect();
            let mut objects: Vec<Object> = objects.collect();
            objects.sort_by(|a, b| a.accounts.cmp(&b.accounts));
            let world = World::new(names, (0..n).collect(), (0..n).map(id).collect(), objects);
            let mut found: Vec<(u32, u32, u64, u64)> = Vec::new();
            let settings = PairSettings { whole: 0, drawn: 5_000, least_link: f64::NEG_INFINITY };
            Pairs::new(&world, &[Family::Content], &settings).each_link(|l| {
                let (a, b) = (world.rank[l.a as usize], world.rank[l.b as usize]);
                found.push((a.min(b), a.max(b), l.p_value.to_bits(), l.stands_for.to_bits()));
            });
            found.sort_unstable();
            found
        };
        assert!(links(false).len() > 1000);
        assert_eq!(links(false), links(true));
    }

    #[test]
    fn pairs_that_are_drawn_stand_for_all() {
        // A crowd inside a larger one: of both a few pairs are drawn.
        let world = world(
            3000,
            vec![object(Family::Content, (0..3000).collect()), object(Family::Content, (0..2000).collect())],
        );
        let drawn = links(&world, &[Family::Content], 0, 80_000);
        assert!(drawn.len() <= 80_000 && drawn.len() > 50_000, "{}", drawn.len());
        for (least, pairs) in [(2000, 2000.0 * 1999.0 / 2.0), (3000, (3000.0 * 2999.0 - 2000.0 * 1999.0) / 2.0)] {
            let of = drawn.iter().filter(|l| world.objects[l.object as usize].popularity == least);
            let sum: f64 = of.map(|l| l.stands_for).sum();
            assert!((sum / pairs - 1.0).abs() < 0.02, "{least}: {sum} of {pairs}");
        }
        assert!(links(&world, &[Family::Content], 0, 1000).is_empty(), "no room for one of them");
    }
}
