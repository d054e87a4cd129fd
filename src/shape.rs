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
    /// Texts of the group over texts of its accounts, each text of an account once: 1 where no account does what another one
    /// has done. Several answers to one text in one account are samples. `None` without text.
    pub unrepeated: Option<f64>,
    /// Requests outside conversations, over requests *of its own*. `None` where the log knows no conversations.
    pub single_turn: Option<f64>,
    /// Requests that match a rule pack, over requests with text *of its own*. `None` without text.
    pub rule_share: Option<f64>,
    /// Share of requests of one kind: that carry a template of the group's own; without text, that set the group's most
    /// frequent sampling parameters. `None` where neither is there.
    pub uniform: Option<f64>,
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
    let distinct: BTreeSet<u64> = members.iter().flat_map(|a| a.items.keys().copied()).collect();
    let counted: u64 = members.iter().map(|a| a.items.len() as u64).sum();
    let own: Vec<u64> =
        own_templates(templates.unwrap_or_default(), group).into_iter().filter_map(Object::fingerprint).collect();
    let work = extracting(&members, &own, texts).unwrap_or_else(|| Work {
        requests: members.iter().map(|a| a.requests).sum(),
        texts,
        single_turn: members.iter().map(|a| a.lone_requests()).sum(),
        ruled: members.iter().map(|a| a.ruled).sum(),
        ln_output: members.iter().map(|a| a.ln_output).sum(),
    });
    let share = |part: u64, of: u64| part as f64 / of.max(1) as f64;
    Shape {
        texts,
        unrepeated: (texts > 0).then(|| share(distinct.len() as u64, counted)),
        single_turn: baseline.has_sessions.then(|| share(work.single_turn, work.requests)),
        rule_share: (texts > 0).then(|| share(work.ruled, work.texts)),
        uniform: if texts > 0 { Some(share(of_one_kind(&members, &own), texts)) } else { one_setting(&members) },
        sleepless: baseline.sleepless(group),
        output: typical(work.ln_output, work.requests),
    }
}

/// Sums over some requests.
#[derive(Default)]
struct Work {
    requests: u64,
    texts: u64,
    single_turn: u64,
    ruled: u64,
    ln_output: u64,
}

/// Share of a group's accounts that have to carry an instruction, and of its texts that have to carry it, for the
/// instruction to be judged by itself.
const OF_ACCOUNTS: f64 = 0.3;
const OF_TEXTS: f64 = 0.05;

/// Of the instructions in a group's own templates the one with the longest answers, or all together where none is carried
/// widely enough: a pool that serves customers, or two campaigns, is judged by each of its streams and not by their mean.
/// `None` without templates.
fn extracting(members: &[&AccountEvidence], own: &[u64], texts: u64) -> Option<Work> {
    let mut all = Work::default();
    let mut longest: Option<Work> = None;
    for fingerprint in own {
        let mut work = Work::default();
        let mut carriers = 0u32;
        for carried in members.iter().filter_map(|a| a.fingerprints.get(*fingerprint)) {
            carriers += 1;
            for sum in [&mut work, &mut all] {
                sum.requests += u64::from(carried.count);
                sum.texts += u64::from(carried.count);
                sum.single_turn += u64::from(carried.single_turn);
                sum.ruled += u64::from(carried.ruled);
                sum.ln_output += carried.ln_output;
            }
        }
        let wide = f64::from(carriers) >= OF_ACCOUNTS * members.len() as f64
            && work.requests as f64 >= OF_TEXTS * texts as f64;
        let length = |w: &Work| typical(w.ln_output, w.requests);
        if wide && longest.as_ref().is_none_or(|known| length(&work) > length(known)) {
            longest = Some(work);
        }
    }
    longest.or((all.requests > 0).then_some(all))
}

/// Fewest askings of one text in one account that are samples of its answer.
const SAMPLES: u32 = 3;

/// Texts of one kind: that carry one of the fingerprints, or are asked again and again by the same account. Fingerprints
/// with the same first text stand in the same texts and count once.
fn of_one_kind(members: &[&AccountEvidence], own: &[u64]) -> u64 {
    let of = |account: &&AccountEvidence| {
        let mut kinds: BTreeMap<u64, u64> = BTreeMap::new();
        for carried in own.iter().filter_map(|f| account.fingerprints.get(*f)) {
            let most = kinds.entry(carried.items.0).or_default();
            *most = u64::from(carried.count).max(*most);
        }
        let sampled: u64 = account.items.values().filter(|n| **n >= SAMPLES).map(|n| u64::from(*n)).sum();
        kinds.values().sum::<u64>().max(sampled).min(account.with_text)
    };
    members.iter().map(of).sum()
}

/// Share of requests with the most frequent sampling parameters; `None` where that is to set none.
fn one_setting(members: &[&AccountEvidence]) -> Option<f64> {
    let mut settings: BTreeMap<&str, u64> = BTreeMap::new();
    for (parameters, (n, _)) in members.iter().flat_map(|a| &a.parameters) {
        *settings.entry(parameters).or_default() += u64::from(*n);
    }
    let all: u64 = settings.values().sum();
    let (parameters, most) = settings.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))?;
    parameters.contains(|c: char| c.is_alphanumeric()).then(|| most as f64 / all as f64)
}
