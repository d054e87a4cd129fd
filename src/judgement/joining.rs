//! Joins what the search for groups split, and recruits accounts that carry a network's own template. An object counts
//! as a network's own only when most of its holders already stand in it: a popular template joins and recruits nobody.

use crate::evidence::features::Evidence;
use crate::judgement::weight::Weight;
use crate::search::holdings::in_both;
use crate::search::links::Object;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Share of a group that has to carry an object before it speaks for the group.
const CARRIED_BY: f64 = 0.6;
/// Share of an object's holders that have to stand in the groups it speaks for.
const OWNED: f64 = 0.6;

/// The same where to carry an object once is to be enough.
const PURE: f64 = 0.8;

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
    let homes = homes(groups);
    let of = |account: &u32| homes.get(account).map(Vec::as_slice).unwrap_or_default();
    let bridge = |object: &Object| {
        let mut carriers: BTreeMap<usize, usize> = BTreeMap::new();
        object.accounts.iter().flat_map(of).for_each(|group| *carriers.entry(*group).or_default() += 1);
        carriers.retain(|group, n| *n as f64 >= CARRIED_BY * groups[*group].len() as f64);
        let owned = object.accounts.iter().filter(|a| of(a).iter().any(|group| carriers.contains_key(group))).count();
        (!carriers.is_empty() && owns(owned, object.accounts.len()))
            .then(|| Bridge { groups: carriers.into_keys().collect(), carriers: object.accounts.clone() })
    };
    templates.par_iter().filter(|o| o.popularity >= 3).filter_map(bridge).collect()
}

/// Share of a group that has to stand in another for it to be a part of that one.
pub const CONTAINED: f64 = 0.8;

/// Groups (accounts, rising, with the weight of the evidence for each) of which the parts are better evidenced than the whole,
/// `margin` times as well: two operators who use the same phrases are, taken together, a worse account of either's payments and
/// rhythm. Weights are sums of −ln p, so that the two halves of one network weigh together what the whole does.
pub fn better_apart(groups: &[(&[u32], Weight)], margin: f64) -> BTreeSet<usize> {
    let members: Vec<&[u32]> = groups.iter().map(|(accounts, _)| *accounts).collect();
    let weights: Vec<f64> = groups.iter().map(|(_, weight)| weight.total()).collect();
    let homes = homes(&members);
    let sum_of_parts = |whole: usize| {
        let mut inside: BTreeMap<usize, usize> = BTreeMap::new();
        members[whole].iter().flat_map(|a| &homes[a]).for_each(|group| *inside.entry(*group).or_default() += 1);
        let size = |group: usize| members[group].len() as f64;
        let is_part = |(group, n): &(usize, usize)| {
            size(*group) <= CONTAINED * size(whole) && *n as f64 >= CONTAINED * size(*group)
        };
        let mut parts: Vec<usize> = inside.into_iter().filter(is_part).map(|(group, _)| group).collect();
        parts.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then_with(|| members[*a].cmp(members[*b])));
        let mut taken: HashSet<u32> = HashSet::new();
        let mut sum = Weight::default();
        for part in parts {
            let free = members[part].iter().filter(|a| !taken.contains(a)).count();
            if free as f64 >= CONTAINED * size(part) {
                taken.extend(members[part]);
                sum = sum.with(&groups[part].1);
            }
        }
        sum.total()
    };
    let is_worse = |whole: &usize| sum_of_parts(*whole) > margin * weights[*whole];
    (0..groups.len()).into_par_iter().filter(is_worse).collect::<Vec<_>>().into_iter().collect()
}

/// The groups that each account stands in.
fn homes(groups: &[&[u32]]) -> HashMap<u32, Vec<usize>> {
    let mut homes: HashMap<u32, Vec<usize>> = HashMap::new();
    for (i, group) in groups.iter().enumerate() {
        group.iter().for_each(|a| homes.entry(*a).or_default().push(i));
    }
    homes
}

/// Share of the accounts of two groups that has to be tied across by shared instruments.
const TIED: f64 = 0.3;

/// Groups that one instrument ties at most: what stands in more of them is a gateway, and has too many pairs to look at.
const MOST_TIED: usize = 100;

/// Pairs of groups (accounts, rising) that payments, devices, phones or addresses tie together which hardly anybody else
/// uses: one operator's parts, however they differ in wording. Two large pools that meet at one address of a proxy seller
/// are no pair: the ties have to reach a good part of both.
pub fn tied<'a>(objects: impl Iterator<Item = &'a Object>, groups: &[&[u32]]) -> Vec<(usize, usize)> {
    let homes = homes(groups);
    let mut tied: BTreeMap<(usize, usize), BTreeSet<u32>> = BTreeMap::new();
    for object in objects {
        let mut held: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        let mut inside = 0;
        for account in &object.accounts {
            let homes = homes.get(account).map(Vec::as_slice).unwrap_or_default();
            inside += usize::from(!homes.is_empty());
            homes.iter().for_each(|home| held.entry(*home).or_default().push(*account));
        }
        let parts = 2..=MOST_TIED;
        if !parts.contains(&held.len()) || (inside as f64) < PURE * object.accounts.len() as f64 {
            continue;
        }
        let homes: Vec<usize> = held.keys().copied().collect();
        for (k, a) in homes.iter().enumerate() {
            for b in &homes[k + 1..] {
                tied.entry((*a, *b)).or_default().extend(held[a].iter().chain(&held[b]));
            }
        }
    }
    let reaches = |group: usize, accounts: &BTreeSet<u32>| {
        let of = groups[group];
        of.iter().filter(|a| accounts.contains(a)).count() as f64 >= TIED * of.len() as f64
    };
    tied.into_iter().filter(|((a, b), of)| reaches(*a, of) && reaches(*b, of)).map(|(pair, _)| pair).collect()
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
        .filter(|b| owns(in_both(&b.carriers, group), b.carriers.len()))
        .flat_map(|b| b.carriers.iter().copied())
        .filter(|a| group.binary_search(a).is_err())
        .collect()
}

/// Accounts outside `group` (rising) that carry one of its own `fingerprints` at all, if only in one text: a campaign's
/// account that was closed after three requests, or that hides one of its requests among fifteen of a customer. A
/// fingerprint that others carry too recruits nobody. Accounts are numbered in the order of the evidence.
pub fn occasional_carriers(evidence: &Evidence, fingerprints: &[u64], group: &[u32]) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for carriers in fingerprints.iter().filter_map(|fingerprint| evidence.carriers(*fingerprint)) {
        let (inside, outside): (Vec<u32>, Vec<u32>) =
            carriers.accounts().iter().partition(|account| group.binary_search(account).is_ok());
        if inside.len() as f64 >= PURE * carriers.count() as f64 {
            found.extend(outside);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::signal::Layer;
    use crate::intake::event::{Event, Fold, Origin};
    use crate::search::links::Family;

    fn templates(lists: &[Vec<u32>]) -> Vec<Object> {
        let object = |accounts: &Vec<u32>| Object {
            family: Family::Content,
            kind: "template",
            popularity: accounts.len() as u64,
            accounts: accounts.clone(),
            value: String::new(),
            instructions: Box::default(),
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
    fn instruments_tie_two_groups_and_one_meeting_or_a_popular_address_does_not() {
        let groups: [&[u32]; 2] = [&[0, 1, 2, 3], &[4, 5, 6, 7]];
        let pairs = |lists: &[Vec<u32>]| tied(templates(lists).iter(), &groups);
        assert_eq!(pairs(&[vec![1, 4], vec![2, 5]]), [(0, 1)]);
        assert!(pairs(&[vec![1, 4]]).is_empty(), "one account in four");
        assert!(pairs(&[vec![1, 4, 8, 9, 10], vec![2, 5, 8, 9, 10]]).is_empty(), "everybody's");
        assert!(pairs(&[vec![0, 1, 2, 3]]).is_empty(), "one group's");
    }

    #[test]
    fn two_operators_of_one_wording_are_better_apart_and_two_halves_of_one_are_not() {
        let (left, right): (Vec<u32>, Vec<u32>) = ((0..20).collect(), (20..40).collect());
        let whole: Vec<u32> = (0..40).collect();
        let weighing = |nats: f64| Weight::from([(Layer::Identity, nats)]);
        let apart = |nats: f64| {
            better_apart(&[(&whole, weighing(nats)), (&left, weighing(60.0)), (&right, weighing(50.0))], 1.0)
        };
        assert_eq!(apart(90.0), [0].into());
        assert!(apart(110.0).is_empty());
        // What overlaps counts once, and what lies mostly outside is no part.
        let overlapping: Vec<u32> = (4..24).collect();
        let outside: Vec<u32> = (30..60).collect();
        let groups: [(&[u32], Weight); 4] = [
            (&whole, weighing(90.0)),
            (&left, weighing(60.0)),
            (&overlapping, weighing(55.0)),
            (&outside, weighing(99.0)),
        ];
        assert!(better_apart(&groups, 1.0).is_empty());
    }

    #[test]
    fn a_popular_template_bridges_and_recruits_nobody() {
        assert!(bridges(&templates(&[(0..100).collect()]), &[&[0, 1, 2, 3, 4], &[5, 6, 7, 8, 9]]).is_empty());
    }

    #[test]
    fn one_text_with_a_groups_own_template_recruits_and_a_popular_passage_does_not() {
        let own = "Produce a plan, the derivation with every intermediate result, and the answer.";
        let popular = "You are a helpful assistant who answers in the language of the question.";
        let mut evidence = Evidence::default();
        for account in 0..30u64 {
            for line_no in 0..3 {
                // Five members, one account that carried it in one text of three, and 24 others.
                let carries = account < 5 || (account == 5 && line_no == 0);
                let text = format!("{popular} {} item {account} {line_no}", if carries { own } else { "" });
                let origin = Origin { file_id: 0, line_no };
                evidence.push(&Event {
                    user_text: Some(text.into()),
                    ..Event::new(origin, 0, format!("a{account:02}").into())
                });
            }
        }
        evidence.finish().unwrap();
        let members = [0, 1, 2, 3, 4];
        let of = |id: &str| -> BTreeSet<u64> { evidence.accounts[id].recurring.iter().copied().collect() };
        let everywhere = of("a20");
        let (common, special): (Vec<u64>, Vec<u64>) =
            of("a00").intersection(&of("a01")).copied().partition(|f| everywhere.contains(f));
        assert!(!common.is_empty() && !special.is_empty());
        assert_eq!(occasional_carriers(&evidence, &special, &members), [5].into());
        assert!(occasional_carriers(&evidence, &common, &members).is_empty());
    }
}
