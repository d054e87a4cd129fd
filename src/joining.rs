//! Joins what the search for groups split, and recruits accounts that carry a network's own template. An object counts
//! as a network's own only when most of its holders already stand in it: a popular template joins and recruits nobody.

use crate::links::Object;
use std::collections::{BTreeMap, BTreeSet};

/// Share of a group that has to carry an object before it speaks for the group.
const CARRIED_BY: f64 = 0.6;
/// Share of an object's holders that have to stand in the groups it speaks for.
const OWNED: f64 = 0.6;

/// An object that speaks for some groups: most of each carry it, and most of its holders stand in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bridge {
    /// Indices of the groups, rising; one for an object that only recruits.
    pub groups: Vec<usize>,
    /// Accounts that carry it, rising.
    pub carriers: Vec<u32>,
}

/// Those of the `templates` that may join `groups` (accounts, rising; an account may stand in several) or recruit for one of them.
pub fn bridges(templates: &[Object], groups: &[&[u32]]) -> Vec<Bridge> {
    let sets: Vec<BTreeSet<u32>> = groups.iter().map(|g| g.iter().copied().collect()).collect();
    let mut of_account: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (i, group) in groups.iter().enumerate() {
        group.iter().for_each(|a| of_account.entry(*a).or_default().push(i));
    }
    let mut found = Vec::new();
    for object in templates.iter().filter(|o| o.popularity >= 3) {
        let mut carriers: BTreeMap<usize, usize> = BTreeMap::new();
        for group in object.accounts.iter().filter_map(|a| of_account.get(a)).flatten() {
            *carriers.entry(*group).or_default() += 1;
        }
        carriers.retain(|group, n| *n as f64 >= CARRIED_BY * groups[*group].len() as f64);
        let owned = object.accounts.iter().filter(|a| carriers.keys().any(|g| sets[*g].contains(a))).count();
        if !carriers.is_empty() && owns(owned, object.accounts.len()) {
            found.push(Bridge { groups: carriers.into_keys().collect(), carriers: object.accounts.clone() });
        }
    }
    found
}

/// Whether so many of an object's holders make it a group's own.
fn owns(inside: usize, holders: usize) -> bool {
    inside as f64 >= OWNED * holders as f64
}

/// Accounts outside `group` (rising) that carry an object of its own.
pub fn recruits(bridges: &[Bridge], parts: &BTreeSet<usize>, group: &[u32]) -> BTreeSet<u32> {
    bridges
        .iter()
        .filter(|b| b.groups.iter().any(|g| parts.contains(g)))
        .filter(|b| owns(b.carriers.iter().filter(|a| group.binary_search(a).is_ok()).count(), b.carriers.len()))
        .flat_map(|b| b.carriers.iter().copied())
        .filter(|a| group.binary_search(a).is_err())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::Family;

    fn templates(lists: &[Vec<u32>]) -> Vec<Object> {
        let object = |accounts: &Vec<u32>| Object {
            family: Family::Content,
            kind: "template",
            popularity: accounts.len() as u64,
            accounts: accounts.clone(),
            value: String::new(),
        };
        lists.iter().map(object).collect()
    }

    #[test]
    fn halves_of_one_network_are_bridged_and_its_stragglers_recruited() {
        let found = bridges(&templates(&[(0..12).collect()]), &[&[0, 1, 2, 3, 4], &[5, 6, 7, 8, 9]]);
        assert_eq!(found, [Bridge { groups: vec![0, 1], carriers: (0..12).collect() }]);
        let whole: Vec<u32> = (0..10).collect();
        assert_eq!(recruits(&found, &[0, 1].into(), &whole), [10, 11].into());
        assert!(recruits(&found, &[0].into(), &whole[..5]).is_empty(), "half of the holders own nothing");
    }

    #[test]
    fn a_popular_template_bridges_and_recruits_nobody() {
        assert!(bridges(&templates(&[(0..100).collect()]), &[&[0, 1, 2, 3, 4], &[5, 6, 7, 8, 9]]).is_empty());
    }
}
