//! Joins what the search for groups split, and recruits accounts that carry a network's own template. An object counts
//! as a network's own only when most of its holders already stand in it: a popular template joins and recruits nobody.

use crate::links::{Family, World};
use std::collections::{BTreeMap, BTreeSet};

/// Share of a group that has to carry an object before it speaks for the group.
const CARRIED_BY: f64 = 0.6;
/// Share of an object's holders that have to stand in the groups it speaks for.
const OWNED: f64 = 0.6;

/// One joined group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Indices of the groups that went into it, rising.
    pub parts: Vec<usize>,
    /// Accounts, rising, recruits among them.
    pub accounts: Vec<u32>,
}

fn root(parent: &mut [usize], mut i: usize) -> usize {
    while parent[i] != i {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    i
}

/// Joins `groups` (accounts, rising; an account may stand in several). In order of the first part.
pub fn join(world: &World, groups: &[Vec<u32>]) -> Vec<Joined> {
    let sets: Vec<BTreeSet<u32>> = groups.iter().map(|g| g.iter().copied().collect()).collect();
    let mut of_account: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, group) in groups.iter().enumerate() {
        group.iter().for_each(|a| of_account.entry(*a).or_default().push(i));
    }
    let mut parent: Vec<usize> = (0..groups.len()).collect();
    let mut recruits: Vec<BTreeSet<u32>> = vec![BTreeSet::new(); groups.len()];
    for object in world.objects.iter().filter(|o| o.family == Family::Content && o.popularity >= 3) {
        let mut carriers: BTreeMap<usize, usize> = BTreeMap::new();
        for group in object.accounts.iter().filter_map(|a| of_account.get(a)).flatten() {
            *carriers.entry(*group).or_default() += 1;
        }
        carriers.retain(|group, n| *n as f64 >= CARRIED_BY * groups[*group].len() as f64);
        let owned = object.accounts.iter().filter(|a| carriers.keys().any(|g| sets[*g].contains(a))).count();
        if carriers.is_empty() || (owned as f64) < OWNED * object.accounts.len() as f64 {
            continue;
        }
        let mut members = carriers.keys().copied();
        let Some(first) = members.next() else { continue };
        recruits[first].extend(&object.accounts);
        for other in members {
            let (a, b) = (root(&mut parent, first), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut joined: BTreeMap<usize, (Vec<usize>, BTreeSet<u32>)> = BTreeMap::new();
    for i in 0..groups.len() {
        let (parts, accounts) = joined.entry(root(&mut parent, i)).or_default();
        parts.push(i);
        accounts.extend(&sets[i]);
        accounts.extend(&recruits[i]);
    }
    joined.into_values().map(|(parts, accounts)| Joined { parts, accounts: accounts.into_iter().collect() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::Object;

    fn world(lists: &[Vec<u32>]) -> World {
        let object = |accounts: &Vec<u32>| Object {
            family: Family::Content,
            kind: "template",
            popularity: accounts.len() as u64,
            accounts: accounts.clone(),
            value: String::new(),
        };
        World { objects: lists.iter().map(object).collect(), ..World::default() }
    }

    #[test]
    fn halves_of_one_network_are_joined_and_its_stragglers_recruited() {
        let joined = join(&world(&[(0..12).collect()]), &[(0..5).collect(), (5..10).collect()]);
        assert_eq!(joined, [Joined { parts: vec![0, 1], accounts: (0..12).collect() }]);
    }

    #[test]
    fn a_popular_template_joins_and_recruits_nobody() {
        let groups = [(0..5).collect::<Vec<u32>>(), (5..10).collect()];
        let joined = join(&world(&[(0..100).collect()]), &groups);
        assert_eq!(joined.len(), 2);
        assert!(joined.iter().zip(groups).all(|(j, g)| j.accounts == g));
    }
}
