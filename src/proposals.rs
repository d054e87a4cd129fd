//! Which groups are worth testing: communities of accounts that share rare objects of one side of the evidence.

use crate::chance::SharedRarity;
use crate::holdings::Lists;
use crate::links::{Family, Object, World};
use crate::networks::{Graph, communities};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A side of the evidence that proposes groups; the families it uses do not test them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Recurring templates.
    Content,
    /// Payment, device, phone, addresses: who controls the account.
    Control,
    /// Habit: parameters, volume, length of answers.
    Profile,
}

impl Side {
    /// Families of shared objects that this side looks at.
    pub fn families(self) -> &'static [Family] {
        match self {
            Side::Content => &[Family::Content],
            Side::Control => &[Family::Identity, Family::Infrastructure],
            Side::Profile => &[Family::Behaviour],
        }
    }

    /// Whether it uses the family of that name.
    pub fn uses(self, family: &str) -> bool {
        self.families().iter().any(|f| f.name() == family)
    }

    /// Its families in words.
    pub fn words(self) -> String {
        self.families().iter().map(|f| f.name()).collect::<Vec<_>>().join(" and ")
    }
}

/// Settings of this stage.
#[derive(Debug, Clone)]
pub struct ProposalSettings {
    /// Mean surprise inside a community, nats: below it accounts do not hold together. 0.5 to 20.
    pub resolution: f64,
    /// Least surprise of a link, nats.
    pub least_link: f64,
    /// Pairs looked at at most, rarest objects first; bounds time and memory.
    pub pair_budget: u64,
    /// Fewest entities of a group.
    pub least_entities: usize,
}

impl Default for ProposalSettings {
    fn default() -> Self {
        Self { resolution: 2.0, least_link: 2.0, pair_budget: 20_000_000, least_entities: 3 }
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
}

/// Groups proposed by `families`, with the links they come from.
#[derive(Debug, Default)]
pub struct Proposal {
    /// Accounts, rising; groups in order of their first account.
    pub groups: Vec<Vec<u32>>,
    /// Links of the whole graph, in order of accounts.
    pub links: Vec<PairLink>,
    /// Objects left out because the pair budget was used up.
    pub objects_left_out: u64,
}

/// Share of a group that has to carry one object for it to be what the group has in common.
pub const COMMON: f64 = 0.6;

/// Share of an object's holders that have to stand in a group for it to be the group's own.
const PURE: f64 = 0.8;
/// Share of a chained group below which a part is not worth taking out.
const LEAST_PART: f64 = 0.02;

/// Content objects that are a group's own, with as many of its accounts as hold each.
fn own_objects<'w>(world: &'w World, group: &[u32]) -> impl Iterator<Item = (&'w Object, usize)> {
    let held = world.held_by(group, Family::Content);
    held.filter(|(object, n)| *n as f64 >= PURE * object.accounts.len() as f64)
}

/// Whether most of a group carry one object that hardly anyone else carries.
fn has_common_object(world: &World, group: &[u32]) -> bool {
    own_objects(world, group).any(|(_, held)| held as f64 >= COMMON * group.len() as f64)
}

/// Takes a group apart: again and again the carriers of the object that most of what is left carry and nobody else, as
/// the densest part is peeled off a graph (Charikar 2000). A group without such objects stays whole.
fn peel(world: &World, group: Vec<u32>, least: usize) -> Vec<Vec<u32>> {
    let least_part = least.max((LEAST_PART * group.len() as f64).ceil() as usize);
    let whole: BTreeSet<u32> = group.iter().copied().collect();
    let mut own: Vec<Vec<u32>> = own_objects(world, &group)
        .filter(|(_, held)| *held >= least_part)
        .map(|(object, _)| object.accounts.iter().copied().filter(|a| whole.contains(a)).collect())
        .collect();
    own.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let mut left = whole;
    let mut parts = Vec::new();
    for held in own {
        let part: Vec<u32> = held.iter().copied().filter(|a| left.contains(a)).collect();
        // What an earlier part has mostly taken belongs to that part.
        if part.len() >= least_part && 2 * part.len() > held.len() {
            part.iter().for_each(|a| {
                left.remove(a);
            });
            parts.push(part);
        }
    }
    if parts.is_empty() {
        parts.push(left.into_iter().collect());
    }
    parts
}

/// Objects of one family that may link, rarest first, seen from either side.
struct Linking {
    family: Family,
    /// Indices into [`World::objects`].
    objects: Vec<u32>,
    holders: Lists,
    /// Places among `objects`, rising.
    of_account: Lists,
    rarity: SharedRarity,
    /// Objects of each account, those without a budget for their pairs too.
    degree: Vec<u64>,
}

impl Linking {
    /// The links of an account with those behind it, in their order. An account's objects come rarest first, so that the
    /// first that leads to another is the rarest that the two share: no pair is ever built twice.
    fn links_of(&self, world: &World, a: u32, seen: &mut [u32], least: f64, into: &mut Vec<PairLink>) {
        for place in self.of_account.of(a) {
            let holders = self.holders.of(*place);
            let object = self.objects[*place as usize];
            let popularity = world.objects[object as usize].popularity;
            for &b in &holders[holders.partition_point(|other| *other <= a)..] {
                let met = std::mem::replace(&mut seen[b as usize], a) == a;
                if met || world.entity[a as usize] == world.entity[b as usize] {
                    continue;
                }
                let p_value = self.rarity.p_value(self.degree[a as usize], self.degree[b as usize], popularity);
                if -p_value.max(f64::MIN_POSITIVE).ln() >= least {
                    into.push(PairLink { a, b, object, p_value });
                }
            }
        }
    }
}

/// Every pair that shares an object, with the rarest, where that is rare enough; in order of accounts.
fn all_links(world: &World, linking: &[Linking], least: f64) -> Vec<PairLink> {
    // Of each family the last account that was asked about another: nobody's number is the greatest.
    let seen = || vec![vec![u32::MAX; world.names.len()]; linking.len()];
    let of_account = |seen: &mut Vec<Vec<u32>>, a: u32| {
        let mut links = Vec::new();
        for (family, seen) in linking.iter().zip(seen) {
            family.links_of(world, a, seen, least, &mut links);
        }
        // Stable: of a pair that two families link, the links stand in the order of the families.
        links.sort_by_key(|link| link.b);
        links
    };
    let links: Vec<Vec<PairLink>> = (0..world.names.len() as u32).into_par_iter().map_init(seen, of_account).collect();
    links.concat()
}

/// Proposes groups. Links inside one entity are declared and do not count.
pub fn propose(world: &World, families: &[Family], settings: &ProposalSettings) -> Proposal {
    let mut objects: Vec<u32> =
        (0..world.objects.len() as u32).filter(|i| families.contains(&world.objects[*i as usize].family)).collect();
    objects.sort_by_key(|i| (world.objects[*i as usize].popularity, *i));
    let mut budget = settings.pair_budget;
    // Pairs are counted before any is built; a lesser object behind one that is too popular may still find room.
    let mut affordable = vec![false; world.objects.len()];
    let mut objects_left_out = 0;
    for &i in &objects {
        let n = world.objects[i as usize].accounts.len() as u64;
        match budget.checked_sub(n * (n - 1) / 2) {
            Some(left) => (budget, affordable[i as usize]) = (left, true),
            None => objects_left_out += 1,
        }
    }
    let linking = |family: &Family| {
        let of_family = objects.iter().copied().filter(|i| world.objects[*i as usize].family == *family);
        let mut degree = vec![0; world.names.len()];
        let mut popularity = Vec::new();
        for object in of_family.clone().map(|i| &world.objects[i as usize]) {
            object.accounts.iter().for_each(|a| degree[*a as usize] += 1);
            popularity.push(object.popularity);
        }
        let objects: Vec<u32> = of_family.filter(|i| affordable[*i as usize]).collect();
        let holders: Lists = objects.iter().map(|i| &world.objects[*i as usize].accounts).collect();
        let of_account = holders.inverted(world.names.len());
        Linking { family: *family, objects, holders, of_account, rarity: SharedRarity::new(popularity), degree }
    };
    let mut linking: Vec<Linking> = families.iter().map(linking).collect();
    linking.sort_by_key(|linking| linking.family);
    let links = all_links(world, &linking, settings.least_link);
    // A link cannot weigh more than this: one freak coincidence makes no community.
    const HEAVIEST: f64 = 12.0;
    let rank = |account: u32| world.rank[account as usize];
    let mut edges: Vec<(u32, u32, f64)> = links
        .iter()
        .map(|l| {
            let weight = (-l.p_value.max(f64::MIN_POSITIVE).ln()).min(HEAVIEST);
            (rank(l.a).min(rank(l.b)), rank(l.a).max(rank(l.b)), weight)
        })
        .collect();
    // An account pair may be linked in two families: the weight decides between them.
    edges.par_sort_by(|x, y| (x.0, x.1).cmp(&(y.0, y.1)).then(x.2.total_cmp(&y.2)));
    let entities = |group: &[u32]| {
        let mut e: Vec<u32> = group.iter().map(|a| world.entity[*a as usize]).collect();
        e.sort_unstable();
        e.dedup();
        e.len()
    };
    let divide = |edges: &[(u32, u32, f64)], resolution: f64| -> Vec<Vec<u32>> {
        let labels = communities(&Graph::new(world.names.len(), edges.iter().copied()), resolution);
        let mut groups: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for account in 0..world.names.len() as u32 {
            groups.entry(labels[rank(account) as usize]).or_default().push(account);
        }
        groups.into_values().filter(|g| entities(g) >= settings.least_entities).collect()
    };
    let mut groups = Vec::new();
    for group in divide(&edges, settings.resolution) {
        if !families.contains(&Family::Content) || has_common_object(world, &group) {
            groups.push(group);
            continue;
        }
        // Several networks chained by fragments: taken apart by what each carries alone.
        groups.extend(peel(world, group, settings.least_entities));
    }
    groups.sort();
    Proposal { groups, links, objects_left_out }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(accounts: &[u32]) -> Object {
        let popularity = accounts.len() as u64;
        Object {
            family: Family::Content,
            kind: "template",
            accounts: accounts.to_vec(),
            popularity,
            value: format!("{accounts:?}"),
        }
    }

    #[test]
    fn a_rare_shared_object_proposes_a_group_and_a_popular_one_does_not() {
        let popular: Vec<u32> = (0..400).collect();
        let mut objects = vec![object(&popular), object(&[3, 50, 77, 200])];
        objects.extend((0..40u32).map(|i| object(&[i, (i * 7 + 31) % 400])));
        let world = World::new(
            (0..400).map(|i| i.to_string()).collect(),
            (0..400).collect(),
            (0..400).collect(),
            objects.into_iter().filter(|o| o.accounts.iter().is_sorted() && o.popularity > 1).collect(),
        );
        let found = propose(&world, &[Family::Content], &ProposalSettings::default());
        assert!(found.groups.iter().any(|g| [3, 50, 77, 200].iter().all(|a| g.contains(a))), "{:?}", found.groups);
        assert!(found.groups.iter().all(|g| g.len() < 100));
    }

    #[test]
    fn accounts_of_one_organisation_are_not_proposed() {
        let names = (0..6).map(|i| i.to_string()).collect();
        let world = World::new(names, vec![0, 0, 0, 3, 4, 5], (0..6).collect(), vec![object(&[0, 1, 2])]);
        assert!(propose(&world, &[Family::Content], &ProposalSettings::default()).groups.is_empty());
    }
}
