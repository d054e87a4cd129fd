//! Which groups are worth testing: communities of accounts that share rare objects of one side of the evidence.

use crate::document::signal::Layer;
use crate::search::holdings::in_both;
use crate::search::links::{Family, Object, World};
use crate::search::networks::{Edges, Graph, communities};
use crate::search::pairs::{PairSettings, Pairs};
use serde::Serialize;
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

    /// Whether it uses objects of a layer.
    pub fn uses(self, layer: Layer) -> bool {
        self.families().iter().any(|f| f.layer() == layer)
    }

    /// Its families in words.
    pub fn words(self) -> String {
        self.families().iter().map(|f| f.name()).collect::<Vec<_>>().join(" and ")
    }
}

/// Settings of this stage.
#[derive(Debug, Clone, Serialize)]
pub struct ProposalSettings {
    /// Mean surprise inside a community, nats: below it accounts do not hold together. 0.5 to 20.
    pub resolution: f64,
    /// Which links are looked for.
    pub pairs: PairSettings,
    /// Fewest entities of a group.
    pub least_entities: usize,
}

impl Default for ProposalSettings {
    fn default() -> Self {
        Self { resolution: 2.0, pairs: PairSettings::default(), least_entities: 3 }
    }
}

/// Groups proposed by some families.
#[derive(Debug, Default)]
pub struct Proposal {
    /// Accounts, rising; groups in order of their first account.
    pub groups: Vec<Vec<u32>>,
    /// Objects so popular that a random part of their pairs was looked at.
    pub objects_drawn_from: u64,
    /// Objects of which no pair was looked at.
    pub objects_left_out: u64,
    /// Popular content of which it was not looked at whether its holders are a group.
    pub popular_left_out: u64,
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

/// Proposes groups. Links inside one entity are declared and do not count.
pub fn propose(world: &World, families: &[Family], settings: &ProposalSettings) -> Proposal {
    let rank = |account: u32| world.rank[account as usize];
    let (edges, looked_at) = links(world, families, &settings.pairs);
    let labels = communities(Graph::new(world.names.len(), edges), settings.resolution);
    let mut divided: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for account in 0..world.names.len() as u32 {
        divided.entry(labels[rank(account) as usize]).or_default().push(account);
    }
    let mut groups = Vec::new();
    for group in divided.into_values().filter(|g| world.entities(g).len() >= settings.least_entities) {
        if !families.contains(&Family::Content) || has_common_object(world, &group) {
            groups.push(group);
            continue;
        }
        // Several networks chained by fragments: taken apart by what each carries alone.
        groups.extend(peel(world, group, settings.least_entities));
    }
    groups.sort();
    Proposal { groups, ..looked_at }
}

/// Share of all accounts from which an object links its holders by too little for them to be a community: at the resolution of 2
/// nats those of e^-2, and a little before.
const POPULAR: f64 = 0.13;
/// Share of all accounts beyond which those who have some content in common are no group, but users of one tool.
pub const MOST_OF_ALL: f64 = 0.6;
/// Share of their requests that have to carry it.
const OF_WORK: f64 = 0.25;
/// Most groups proposed for being the holders of one popular object.
const MOST_POPULAR: usize = 16;
/// Share of the accounts of two groups that stand in both, from which they are one.
const SAME: f64 = 0.8;

/// Holders of popular content that make it a good part of their work, each as a group that is none of those `known`, and how much
/// of it was not looked at. Of a campaign that is a good part of a log nothing is rare that all of it has in common, and by what
/// is rare it falls into fragments. Whether such a group is more than the users of one tool is for the tests to say. `of_work`
/// tells which share of its holders' requests carry an object.
pub fn popular(
    world: &World,
    known: &[Vec<u32>],
    settings: &ProposalSettings,
    of_work: impl Fn(&Object) -> f64,
) -> (Vec<Vec<u32>>, u64) {
    let all = world.entity_count() as f64;
    let least = settings.least_entities.max((POPULAR * all).ceil() as usize) as u64;
    let span = least..=(MOST_OF_ALL * all) as u64;
    let objects = world.of(Family::Content).iter().filter(|o| span.contains(&o.popularity));
    let mut held: Vec<(f64, &[u32])> = objects.map(|o| (of_work(o), o.accounts.as_slice())).collect();
    held.retain(|(share, _)| *share >= OF_WORK);
    // What is most of its holders' work before phrases of the language.
    held.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.len().cmp(&a.1.len())).then_with(|| a.1.cmp(b.1)));
    let mut found: Vec<Vec<u32>> = Vec::new();
    let mut left = held.iter();
    while found.len() < MOST_POPULAR
        && let Some((_, accounts)) = left.next()
    {
        if !found.iter().chain(known).any(|group| is_same(accounts, group)) {
            found.push(accounts.to_vec());
        }
    }
    (found, left.len() as u64)
}

/// Whether two groups (rising) are one but for a few accounts.
fn is_same(a: &[u32], b: &[u32]) -> bool {
    let (few, many) = (a.len().min(b.len()), a.len().max(b.len()));
    if (few as f64) < SAME * many as f64 {
        return false;
    }
    let both = in_both(a, b);
    both as f64 >= SAME * (few + many - both) as f64
}

/// Links between accounts, which are named by their ranks, and what of their objects was not looked at: a proposal without
/// groups. By itself, so that pairs are let go before a graph stands beside their links.
fn links(world: &World, families: &[Family], settings: &PairSettings) -> (Edges, Proposal) {
    // A link cannot weigh more than this: one freak coincidence makes no community.
    const HEAVIEST: f64 = 12.0;
    let rank = |account: u32| world.rank[account as usize];
    let pairs = Pairs::new(world, families, settings);
    let mut edges = Edges::default();
    // An account pair may be linked in two families: the graph adds the weights.
    pairs.each_link(|link| {
        let weight = link.surprise().min(HEAVIEST) * link.stands_for;
        edges.push(rank(link.a), rank(link.b), weight as f32);
    });
    let Pairs { objects_drawn_from, objects_left_out, .. } = pairs;
    (edges, Proposal { objects_drawn_from, objects_left_out, ..Proposal::default() })
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
            instructions: Box::default(),
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
    fn a_network_of_thousands_with_one_object_is_one_group_though_its_pairs_are_too_many() {
        let n = 24_000;
        let campaign: Vec<u32> = (0..n).filter(|a| a % 12 == 0).collect();
        let mut objects = vec![object(&campaign)];
        objects.extend((0..n).map(|i| object(&[i.min((i * 7 + 31) % n), i.max((i * 7 + 31) % n)])));
        objects.retain(|o| o.accounts[0] != o.accounts[1]);
        objects.sort_by(|a, b| a.accounts.cmp(&b.accounts));
        let world =
            World::new((0..n).map(|i| format!("{i:05}")).collect(), (0..n).collect(), (0..n).collect(), objects);
        let pairs = PairSettings { whole: 100_000, drawn: 100_000, ..PairSettings::default() };
        let settings = ProposalSettings { pairs, ..ProposalSettings::default() };
        let found = propose(&world, &[Family::Content], &settings);
        assert_eq!((found.objects_drawn_from, found.objects_left_out), (1, 0));
        let largest = found.groups.iter().max_by_key(|g| g.len()).unwrap();
        let inside = largest.iter().filter(|a| *a % 12 == 0).count();
        assert!(
            inside * 100 > campaign.len() * 95 && largest.len() * 95 < inside * 100,
            "{inside} of {}",
            largest.len()
        );
    }

    /// What all of a campaign carries used to link nobody where a third of a log carries it.
    #[test]
    fn a_campaign_that_is_a_third_of_a_log_is_one_group_though_nothing_rare_is_common_to_it() {
        let campaign: Vec<u32> = (0..130).collect();
        let mut objects = vec![object(&campaign), object(&campaign[..128]), object(&(0..390).collect::<Vec<_>>())];
        // Chapters of what it reads, of a few accounts each.
        objects.extend((0..40u32).map(|i| object(&[i, i + 40, i + 80])));
        objects.sort_by(|a, b| a.accounts.cmp(&b.accounts));
        let world =
            World::new((0..400).map(|i| i.to_string()).collect(), (0..400).collect(), (0..400).collect(), objects);
        let settings = ProposalSettings::default();
        let known = propose(&world, &[Family::Content], &settings).groups;
        assert!(known.iter().all(|g| g.len() < 60), "{known:?}");
        // One of two that are nearly the same, and not what everybody carries.
        assert_eq!(popular(&world, &known, &settings, |_| 0.5), (vec![campaign.clone()], 0));
        assert_eq!(popular(&world, &[campaign[3..].to_vec()], &settings, |_| 0.5), (Vec::new(), 0));
        assert_eq!(popular(&world, &known, &settings, |_| 0.1), (Vec::new(), 0), "a phrase of the language");
    }

    #[test]
    fn accounts_of_one_organisation_are_not_proposed() {
        let names = (0..6).map(|i| i.to_string()).collect();
        let world = World::new(names, vec![0, 0, 0, 3, 4, 5], (0..6).collect(), vec![object(&[0, 1, 2])]);
        assert!(propose(&world, &[Family::Content], &ProposalSettings::default()).groups.is_empty());
    }
}
