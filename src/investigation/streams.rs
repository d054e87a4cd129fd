//! Pools and streams of a network, two layers, many to many: *pools* are accounts held by the same hand, *streams* the
//! requests of one instruction. One pool may carry several streams and one stream run through several pools; the
//! cross-table says which does.

use crate::document::glossary;
use crate::document::{Cell, Material, Pool, Stream};
use crate::evidence::features::{AccountEvidence, Carriers, Evidence, Excerpt, Halves};
use crate::evidence::fingerprint::Winnower;
use crate::investigation::slots;
use crate::search::links::{Family, World};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Share of a network's accounts, and fewest of them, that make a stream worth a line.
const LEAST_SHARE: f64 = 0.05;
const LEAST_ACCOUNTS: usize = 3;
/// Fingerprints looked at, those of most requests first; streams and pools listed.
const MOST_FINGERPRINTS: usize = 512;
const MOST_STREAMS: usize = 12;
/// Fingerprints that stand in texts of their own, those of most requests first, of which the streams are made.
const MOST_FOUND: usize = 4 * MOST_STREAMS;
const MOST_POOLS: usize = 24;
/// Excerpts compared for a stream's slots, one an account.
const MOST_EXCERPTS: usize = 64;
/// Share of the accounts of two fingerprints in which both stand in the same texts, from which they are of one instruction.
const TOGETHER: f64 = 0.7;
/// Share of a fingerprint's or object's holders that have to stand in the network for it to be the network's own.
const OWN: f64 = 0.5;

/// Texts that a fingerprint stood in, in each account: how many, and the least and the greatest hash, of each the higher half.
type Texts = BTreeMap<u32, (u32, (u32, u32))>;

/// Both layers of a network and who of one carries how much of the other.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    pub streams: Vec<Stream>,
    pub pools: Vec<Pool>,
    pub cells: Vec<Cell>,
}

/// Takes a network (accounts, rising) apart into streams and pools. With `content` false no stream is looked for.
pub(crate) fn layers(world: &World, evidence: &Evidence, network: &[u32], content: bool) -> Layers {
    let account = |id: u32| evidence.accounts.get(&world.names[id as usize]);
    let members: BTreeMap<u32, &AccountEvidence> = network.iter().filter_map(|a| Some((*a, &**account(*a)?))).collect();
    let found = if content { instructions(evidence, &members) } else { Vec::new() };
    let lines = if found.is_empty() { Vec::new() } else { lines(&members) };
    let streams = each_once(found, &lines);
    let (pools, pool_of) = pools(world, network);
    let mut cells: BTreeMap<(usize, usize), (u64, u64)> = BTreeMap::new();
    for (s, (texts, _)) in streams.iter().enumerate() {
        for (account, (requests, _)) in texts {
            let cell = cells.entry((pool_of[account], s)).or_default();
            *cell = (cell.0 + 1, cell.1 + u64::from(*requests));
        }
    }
    let streams = (1..)
        .zip(streams)
        .map(|(n, (texts, shown))| Stream {
            id: format!("S{n}"),
            accounts: texts.len() as u64,
            requests: requests(&texts),
            ..shown
        })
        .collect::<Vec<Stream>>();
    let cells = cells
        .into_iter()
        .map(|((p, s), (accounts, requests))| Cell {
            pool: pools[p].id.clone(),
            stream: streams[s].id.clone(),
            accounts,
            requests,
        })
        .collect();
    Layers { streams, pools, cells }
}

/// Instructions of a network: fingerprints that recur in its accounts, hardly stand outside, and stand in the same texts.
fn instructions(evidence: &Evidence, members: &BTreeMap<u32, &AccountEvidence>) -> Vec<(Texts, BTreeSet<u64>)> {
    let least = LEAST_ACCOUNTS.max((LEAST_SHARE * members.len() as f64).ceil() as usize);
    let mut carriers: BTreeMap<u64, Texts> = BTreeMap::new();
    for (id, account) in members {
        for fingerprint in &account.recurring {
            if let Some(c) = evidence.carried(*fingerprint, *id) {
                carriers.entry(*fingerprint).or_default().insert(*id, (c.count, c.items));
            }
        }
    }
    let mut ranked: Vec<(u64, Texts)> = carriers.into_iter().filter(|(_, texts)| texts.len() >= least).collect();
    ranked.sort_by_key(|(fingerprint, texts)| (std::cmp::Reverse(requests(texts)), *fingerprint));
    ranked.truncate(MOST_FINGERPRINTS);
    let mut found: Vec<(u64, Texts, BTreeSet<u64>)> = Vec::new();
    for (fingerprint, texts) in ranked {
        let home = found.iter_mut().find(|(_, known, _)| {
            let both = texts.iter().filter(|(id, here)| known.get(id).is_some_and(|there| meet(here, there))).count();
            both as f64 >= TOGETHER * texts.len().max(1) as f64
        });
        match home {
            Some((_, _, fingerprints)) => {
                fingerprints.insert(fingerprint);
            }
            None => found.push((fingerprint, texts, BTreeSet::from([fingerprint]))),
        }
    }
    // Who carries an instruction at all is told by one of its fingerprints.
    found.retain(|(founder, texts, _)| {
        let holders = evidence.carriers(*founder).map_or(0, Carriers::count);
        texts.len() as f64 >= OWN * holders as f64
    });
    found.truncate(MOST_FOUND);
    let accounts: Vec<u32> = members.keys().copied().collect();
    for (founder, texts, _) in &mut found {
        // Those too in which it does not recur.
        let all = evidence.carriers(*founder).into_iter().flat_map(|carriers| carriers.inside(&accounts));
        for (place, c) in all {
            texts.entry(accounts[place]).or_insert((c.count, c.items));
        }
    }
    found.into_iter().map(|(_, texts, fingerprints)| (texts, fingerprints)).collect()
}

/// Requests with the fingerprint.
fn requests(texts: &Texts) -> u64 {
    texts.values().map(|(n, _)| u64::from(*n)).sum()
}

/// Streams with what is shown of each, every instruction once. A passage that ends where the payload begins leaves other
/// fingerprints before some payloads than before others: they stand in a part of the requests with the instruction, and would
/// be listed as one of their own. What shows the same template as a stream before it, or a part of it, is that stream; so is
/// one of which every line carries that stream too. Requests with the part are among those with the whole.
fn each_once(found: Vec<(Texts, BTreeSet<u64>)>, lines: &[Vec<Line<'_>>]) -> Vec<(Texts, Stream)> {
    let mut kept: Vec<(Texts, BTreeSet<u64>, Stream)> = Vec::new();
    for (texts, fingerprints) in found {
        let stream = shown(lines, &fingerprints);
        let is_part = |(_, known, whole): &(Texts, BTreeSet<u64>, Stream)| {
            holds(&whole.template, &stream.template) || all_carry(lines, &fingerprints, known)
        };
        match kept.iter().position(is_part) {
            Some(place) => {
                let whole = &mut kept[place].0;
                for (account, (n, items)) in texts {
                    let held = whole.entry(account).or_insert((0, items));
                    held.0 = held.0.max(n);
                }
            }
            None if kept.len() < MOST_STREAMS => kept.push((texts, fingerprints, stream)),
            None => (),
        }
    }
    kept.into_iter().map(|(texts, _, stream)| (texts, stream)).collect()
}

/// Whether every passage of a template stands in another.
fn holds(whole: &[String], part: &[String]) -> bool {
    let mut passages = part.iter().filter(|p| !p.is_empty()).peekable();
    passages.peek().is_some() && passages.all(|p| whole.iter().any(|w| w.contains(p.as_str())))
}

/// Whether all lines that carry a part, of three accounts at least, carry the whole too.
fn all_carry(lines: &[Vec<Line<'_>>], part: &BTreeSet<u64>, whole: &BTreeSet<u64>) -> bool {
    let carries = |line: &Line<'_>, of: &BTreeSet<u64>| line.2.iter().any(|f| of.contains(f));
    let of_account = |own: &Vec<Line<'_>>| {
        let mut own = own.iter().filter(|line| carries(line, part)).peekable();
        own.peek()?;
        Some(own.all(|line| carries(line, whole)))
    };
    let accounts: Vec<bool> = lines.iter().filter_map(of_account).collect();
    accounts.len() >= LEAST_ACCOUNTS && accounts.iter().all(|all| *all)
}

/// Whether two fingerprints of an account stand in the same texts, as far as their first and last tell.
fn meet(a: &(u32, (u32, u32)), b: &(u32, (u32, u32))) -> bool {
    a.1.0 == b.1.0 || a.1.1 == b.1.1
}

/// An exemplar as it is shown, with the fingerprints of what is shown.
type Line<'a> = (&'a Excerpt, String, Vec<u64>);

/// The lines of each member: redacted once, for all streams.
fn lines<'a>(members: &BTreeMap<u32, &'a AccountEvidence>) -> Vec<Vec<Line<'a>>> {
    let members: Vec<&AccountEvidence> = members.values().copied().collect();
    let line = |winnower: &mut Winnower, excerpt: &'a Excerpt| {
        let (text, mut fingerprints) = (excerpt.text(), Vec::new());
        winnower.winnow(&text, &mut fingerprints);
        (excerpt, text, fingerprints)
    };
    let of = |winnower: &mut Winnower, a: &&'a AccountEvidence| a.excerpts.iter().map(|e| line(winnower, e)).collect();
    members.par_iter().map_init(Winnower::default, of).collect()
}

/// What lines that carry one of the fingerprints show of a stream: the first of them, and what is common to one an account.
fn shown(lines: &[Vec<Line<'_>>], fingerprints: &BTreeSet<u64>) -> Stream {
    let carries = |(_, _, own): &&Line<'_>| own.iter().any(|f| fingerprints.contains(f));
    let found = lines.iter().filter_map(|own| own.iter().find(carries));
    let mut found: Vec<(&Excerpt, &str)> = found.map(|(e, text, _)| (*e, text.as_str())).collect();
    found.sort();
    found.truncate(MOST_EXCERPTS);
    let texts: Vec<&str> = found.iter().map(|(_, text)| *text).collect();
    let excerpt = texts.first().copied().unwrap_or_default();
    Stream {
        excerpt: excerpt.to_owned(),
        template: slots::passages(excerpt, &texts),
        compared: texts.len() as u64,
        ..Stream::default()
    }
}

/// Pools of a network, largest first, with the place of each account's: accounts that are linked by payments, devices,
/// phones, e-mail or network addresses which are mostly the network's own. The last pool holds those that are linked to none.
fn pools(world: &World, network: &[u32]) -> (Vec<Pool>, BTreeMap<u32, usize>) {
    let inside: BTreeSet<u32> = network.iter().copied().collect();
    let mut root: BTreeMap<u32, u32> = network.iter().map(|a| (*a, *a)).collect();
    let mut objects: Vec<(&str, Vec<u32>)> = Vec::new();
    let control = [Family::Identity, Family::Infrastructure].into_iter().flat_map(|f| world.held_by(network, f));
    for (object, held) in control {
        if held >= 2 && held as f64 >= OWN * object.accounts.len() as f64 {
            let held: Vec<u32> = object.accounts.iter().copied().filter(|a| inside.contains(a)).collect();
            held.windows(2).for_each(|pair| unite(&mut root, pair[0], pair[1]));
            objects.push((object.kind, held));
        }
    }
    let mut parts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for account in network {
        parts.entry(find(&root, *account)).or_default().push(*account);
    }
    let (mut linked, alone): (Vec<Vec<u32>>, Vec<Vec<u32>>) = parts.into_values().partition(|p| p.len() > 1);
    linked.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let rest: Vec<u32> = linked.split_off(linked.len().min(MOST_POOLS)).into_iter().chain(alone).flatten().collect();
    let mut pools: Vec<Pool> = Vec::new();
    let mut place = BTreeMap::new();
    for part in linked {
        let shared: BTreeMap<&str, u64> = objects.iter().filter(|(_, held)| part.binary_search(&held[0]).is_ok()).fold(
            BTreeMap::new(),
            |mut counts, (kind, _)| {
                *counts.entry(kind).or_default() += 1;
                counts
            },
        );
        place.extend(part.iter().map(|a| (*a, pools.len())));
        pools.push(Pool {
            id: format!("P{}", pools.len() + 1),
            accounts: part.len() as u64,
            linked_by: {
                let of_kind: Vec<String> = shared.into_iter().map(|(kind, n)| objects_of(kind, n)).collect();
                glossary::joined(&of_kind.iter().map(String::as_str).collect::<Vec<_>>())
            },
        });
    }
    if !rest.is_empty() {
        place.extend(rest.iter().map(|a| (*a, pools.len())));
        pools.push(Pool { id: "P0".to_owned(), accounts: rest.len() as u64, linked_by: String::new() });
    }
    (pools, place)
}

/// `9 IP addresses`, `1 payment instrument`.
fn objects_of(kind: &str, n: u64) -> String {
    let [one, several] = glossary::objects(kind);
    format!("{} {}", glossary::grouped(n), if n == 1 { one } else { several })
}

fn find(root: &BTreeMap<u32, u32>, mut account: u32) -> u32 {
    while root[&account] != account {
        account = root[&account];
    }
    account
}

fn unite(root: &mut BTreeMap<u32, u32>, a: u32, b: u32) {
    let (a, b) = (find(root, a), find(root, b));
    root.insert(a.max(b), a.min(b));
}

/// How large the material is that a network works through, by capture and recapture of whole texts: the bias-corrected
/// lower bound S + f₁(f₁ − 1) / (2 (f₂ + 1)), f₁ and f₂ being the texts sent once and twice (Chao 1987). `None` without text.
pub(crate) fn material<'a>(members: impl Iterator<Item = &'a AccountEvidence>) -> Option<Material> {
    let mut uses: BTreeMap<Halves, u64> = BTreeMap::new();
    for (item, n) in members.flat_map(|a| &a.items) {
        *uses.entry(*item).or_default() += u64::from(*n);
    }
    let used = |times: u64| uses.values().filter(|n| **n == times).count() as f64;
    let (once, twice, distinct) = (used(1), used(2), uses.len() as u64);
    let unseen = once * (once - 1.0).max(0.0) / (2.0 * (twice + 1.0));
    (distinct > 0).then(|| Material {
        texts: uses.values().sum(),
        distinct,
        // Where hardly any text came just twice the bound grows without limit and says nothing but "large".
        at_least: (twice >= 10.0).then(|| distinct + unseen.round() as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::Origin;

    #[test]
    fn an_instruction_is_one_stream_though_a_passage_of_it_stands_in_a_part_of_its_requests() {
        let starter = "Starter kit: you are the backend of a prototype and return only JSON.";
        let other = "Rate the two qualities of this answer and give reasons for both.";
        // Of each of four accounts a line with all of the instruction, one without the passage at its end, and one of another.
        let excerpt =
            |text: &str, n: u64| Excerpt::redacted((false, n), Origin { file_id: 0, line_no: n }, text.to_owned());
        let kept: Vec<[Excerpt; 3]> = (0..4)
            .map(|n| {
                let [whole, part] = [format!("{starter} {n}"), format!("{starter} of {n}")];
                [excerpt(&whole, 3 * n), excerpt(&part, 3 * n + 1), excerpt(&format!("{other} {n}"), 3 * n + 2)]
            })
            .collect();
        let lines: Vec<Vec<Line<'_>>> = kept
            .iter()
            .map(|own| {
                let of = own.iter().zip([vec![1, 2], vec![1], vec![3]]);
                of.map(|(e, fingerprints)| (e, e.text(), fingerprints)).collect()
            })
            .collect();
        let texts = |n: u32| -> Texts { (0..4).map(|account| (account, (n, (0, 9)))).collect() };
        let found = vec![
            (texts(527), BTreeSet::from([1])),
            (texts(228), BTreeSet::from([2])),
            (texts(90), BTreeSet::from([3])),
        ];
        let streams = each_once(found, &lines);
        let told: Vec<u64> = streams.iter().map(|(texts, _)| requests(texts)).collect();
        assert_eq!(told, [4 * 527, 4 * 90]);
        assert!(streams[0].1.excerpt.starts_with("Starter") && streams[1].1.excerpt.starts_with("Rate"));
    }

    #[test]
    fn a_template_holds_its_own_parts_and_no_other() {
        let of = |passages: &[&str]| passages.iter().map(|p| (*p).to_owned()).collect::<Vec<String>>();
        assert!(holds(&of(&["Return only JSON with fields.", ""]), &of(&["", "only JSON with", ""])));
        assert!(!holds(&of(&["Return only JSON"]), &of(&["Return only JSON with fields."])));
        assert!(!holds(&of(&["Return only JSON"]), &of(&["", ""])) && !holds(&of(&["x"]), &[]));
    }
}
