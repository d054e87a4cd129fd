//! What a group's work looks like, whoever does it: content and economics.

use crate::baseline::Baseline;
use crate::features::{AccountEvidence, Evidence, typical};
use crate::links::{Object, World};
use std::collections::{BTreeMap, BTreeSet};

/// Content and economics of a group. Figures marked *of its own* are those of requests that carry the group's own templates,
/// where it has such, so that ordinary traffic through the same accounts does not hide them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Requests with text.
    pub texts: u64,
    /// Distinct texts over all texts: 1 where no work is ever done twice. `None` without text.
    pub unrepeated: Option<f64>,
    /// Requests outside conversations, over requests *of its own*. `None` where the log knows no conversations.
    pub single_turn: Option<f64>,
    /// Requests that match a rule pack, over requests with text *of its own*. `None` without text.
    pub rule_share: Option<f64>,
    /// Share of accounts that work around the clock; `None` where nobody works enough to tell.
    pub sleepless: Option<f64>,
    /// Typical output of requests *of its own*, tokens (geometric mean).
    pub output: f64,
}

/// Those of the templates that are a group's own: carried by several members and hardly by anyone else.
pub fn own_templates<'a>(templates: &'a [Object], group: &[u32]) -> Vec<&'a Object> {
    let inside: BTreeSet<u32> = group.iter().copied().collect();
    let own = |o: &&Object| {
        let n = o.held_in(&inside);
        n >= 3 && 2 * n > o.accounts.len()
    };
    templates.iter().filter(own).collect()
}

/// Measures the shape of a group's work. `templates` are those of the world, `None` where text is not to be looked at.
pub fn shape(
    world: &World,
    evidence: &Evidence,
    baseline: &Baseline<'_>,
    group: &[u32],
    templates: Option<&[Object]>,
) -> Shape {
    let members: Vec<&AccountEvidence> =
        group.iter().filter_map(|a| evidence.accounts.get(&world.names[*a as usize])).collect();
    let texts: u64 = templates.map_or(0, |_| members.iter().map(|a| a.with_text).sum());
    let mut uses: BTreeMap<u64, u64> = BTreeMap::new();
    for (item, n) in members.iter().flat_map(|a| &a.items) {
        *uses.entry(*item).or_default() += u64::from(*n);
    }
    let counted: u64 = uses.values().sum();
    let own: Vec<u64> =
        own_templates(templates.unwrap_or_default(), group).into_iter().filter_map(Object::fingerprint).collect();
    let (mut requests, mut single, mut output, mut ruled) = (0u64, 0u64, 0u64, 0u64);
    for carried in members.iter().flat_map(|a| own.iter().filter_map(|f| a.fingerprints.get(*f))) {
        requests += u64::from(carried.count);
        single += u64::from(carried.single_turn);
        output += carried.ln_output;
        ruled += u64::from(carried.ruled);
    }
    let mut of_its_own = requests;
    if requests == 0 {
        requests = members.iter().map(|a| a.requests).sum();
        single = members.iter().map(|a| a.lone_requests()).sum();
        output = members.iter().map(|a| a.ln_output).sum();
        ruled = members.iter().map(|a| a.ruled).sum();
        of_its_own = texts;
    }
    let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
    Shape {
        texts,
        unrepeated: (texts > 0).then(|| share(uses.len() as u64, counted)),
        single_turn: baseline.has_sessions.then(|| share(single, requests)),
        rule_share: (texts > 0).then(|| share(ruled, of_its_own)),
        sleepless: baseline.sleepless(group),
        output: typical(output, requests),
    }
}
