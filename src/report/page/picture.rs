//! A network as a picture: accounts around the rare objects that they share. Positions by forces (Fruchterman and Reingold
//! 1991) from a fixed seed, in arithmetic that every machine does alike, so that the same document gives the same picture.

use super::charts::{short, tenth};
use super::words::probability;
use crate::document::{Link, Network};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Accounts and objects drawn; those that share most come first.
const MOST_ACCOUNTS: usize = 120;
const MOST_OBJECTS: usize = 60;
/// Objects listed beside the picture.
const LISTED: usize = 12;
const ROUNDS: usize = 160;
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
const SEED: u64 = 0x5717_1704;

/// What a place in the picture stands for.
#[derive(Serialize)]
struct Node {
    x: f64,
    y: f64,
    label: String,
}

/// An object, drawn in the shape of its family.
#[derive(Serialize)]
struct ObjectNode {
    x: f64,
    y: f64,
    label: String,
    name: String,
    family: String,
    size: f64,
}

/// A shared object as a row of the table beside the picture.
#[derive(Serialize)]
struct Shared {
    name: String,
    family: String,
    what: String,
    accounts: usize,
    entities: u64,
    p_value: String,
    q_value: String,
}

#[derive(Serialize)]
pub(super) struct Picture {
    width: f64,
    height: f64,
    edges: String,
    accounts: Vec<Node>,
    objects: Vec<ObjectNode>,
    table: Vec<Shared>,
    objects_in_all: usize,
    accounts_shown: usize,
    accounts_of: usize,
    unlinked: usize,
}

/// Picture of `n` from its `links`; `None` where nothing rare is shared.
pub(super) fn picture(n: &Network, links: &[&Link]) -> Option<Picture> {
    struct Object<'a> {
        accounts: BTreeSet<&'a str>,
        link: &'a Link,
    }
    let mut by_object: BTreeMap<(&str, &str), Object<'_>> = BTreeMap::new();
    for link in links {
        let object =
            by_object.entry((&link.family, &link.shared)).or_insert_with(|| Object { accounts: BTreeSet::new(), link });
        object.accounts.extend([link.account_a.as_str(), link.account_b.as_str()]);
        if link.p_value < object.link.p_value {
            object.link = link;
        }
    }
    let mut objects: Vec<Object<'_>> = by_object.into_values().collect();
    objects.sort_by(|a, b| {
        b.accounts
            .len()
            .cmp(&a.accounts.len())
            .then_with(|| a.link.p_value.total_cmp(&b.link.p_value))
            .then_with(|| (&a.link.family, &a.link.shared).cmp(&(&b.link.family, &b.link.shared)))
    });
    let in_all = objects.len();
    objects.truncate(MOST_OBJECTS);
    let mut touched: BTreeMap<&str, usize> = BTreeMap::new();
    objects.iter().flat_map(|o| &o.accounts).for_each(|a| *touched.entry(a).or_default() += 1);
    let linked: BTreeSet<&str> = links.iter().flat_map(|l| [l.account_a.as_str(), l.account_b.as_str()]).collect();
    let mut drawn: Vec<(&str, usize)> = touched.into_iter().collect();
    drawn.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    drawn.truncate(MOST_ACCOUNTS);
    let mut drawn: Vec<&str> = drawn.into_iter().map(|(a, _)| a).collect();
    drawn.sort_unstable();
    if drawn.is_empty() {
        return None;
    }
    let place: BTreeMap<&str, usize> = drawn.iter().enumerate().map(|(i, a)| (*a, i)).collect();
    let edges: Vec<(usize, usize)> = objects
        .iter()
        .enumerate()
        .flat_map(|(o, object)| object.accounts.iter().map(move |a| (o, *a)))
        .filter_map(|(o, a)| Some((*place.get(a)?, drawn.len() + o)))
        .collect();
    let at = positions(drawn.len() + objects.len(), &edges);
    let names: Vec<String> = (1..=objects.len()).map(|i| format!("O{i}")).collect();
    Some(Picture {
        width: WIDTH,
        height: HEIGHT,
        edges: edges.iter().map(|(a, b)| format!("M{} {}L{} {}", at[*a].0, at[*a].1, at[*b].0, at[*b].1)).collect(),
        accounts: drawn.iter().zip(&at).map(|(a, at)| Node { x: at.0, y: at.1, label: (*a).to_owned() }).collect(),
        objects: objects
            .iter()
            .zip(&names)
            .zip(&at[drawn.len()..])
            .map(|((o, name), at)| ObjectNode {
                x: at.0,
                y: at.1,
                label: format!("{name}: {}, held by {} accounts here", short(&o.link.shared, 80), o.accounts.len()),
                name: name.clone(),
                family: o.link.family.clone(),
                size: tenth((5.0 + (o.accounts.len() as f64).sqrt()).min(14.0)),
            })
            .collect(),
        table: objects
            .iter()
            .zip(&names)
            .take(LISTED)
            .map(|(o, name)| Shared {
                name: name.clone(),
                family: o.link.family.clone(),
                what: short(&o.link.shared, 160),
                accounts: o.accounts.len(),
                entities: o.link.popularity,
                p_value: probability(o.link.p_value),
                q_value: probability(o.link.q_value),
            })
            .collect(),
        objects_in_all: in_all,
        accounts_shown: drawn.len(),
        accounts_of: n.members.len(),
        unlinked: n.members.iter().filter(|m| !linked.contains(m.as_str())).count(),
    })
}

/// Places of `n` nodes in the drawing. Everything repels, edges attract, a weak pull to the middle keeps parts together.
fn positions(n: usize, edges: &[(usize, usize)]) -> Vec<(f64, f64)> {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut draw = |size: f64| f64::from(random.next_u32()) / f64::from(u32::MAX) * size;
    let mut at: Vec<(f64, f64)> = (0..n).map(|_| (draw(WIDTH), draw(HEIGHT))).collect();
    let ideal = (WIDTH * HEIGHT / n as f64).sqrt() * 0.6;
    for round in 0..ROUNDS {
        let mut force = vec![(0.0, 0.0); n];
        for a in 0..n {
            for b in a + 1..n {
                let (dx, dy) = (at[a].0 - at[b].0, at[a].1 - at[b].1);
                let push = ideal * ideal / (dx * dx + dy * dy).max(1.0);
                force[a] = (force[a].0 + dx * push, force[a].1 + dy * push);
                force[b] = (force[b].0 - dx * push, force[b].1 - dy * push);
            }
        }
        for &(a, b) in edges {
            let (dx, dy) = (at[a].0 - at[b].0, at[a].1 - at[b].1);
            let pull = (dx * dx + dy * dy).sqrt() / ideal;
            force[a] = (force[a].0 - dx * pull, force[a].1 - dy * pull);
            force[b] = (force[b].0 + dx * pull, force[b].1 + dy * pull);
        }
        let heat = 60.0 * (1.0 - round as f64 / ROUNDS as f64) + 0.5;
        for (at, force) in at.iter_mut().zip(&force) {
            let (fx, fy) = (force.0 + (WIDTH / 2.0 - at.0) * 0.4, force.1 + (HEIGHT / 2.0 - at.1) * 0.9);
            let length = (fx * fx + fy * fy).sqrt().max(1e-9);
            let step = length.min(heat) / length;
            *at = (at.0 + fx * step, at.1 + fy * step);
        }
    }
    fit(&at)
}

/// Stretched over the drawing with a margin.
fn fit(at: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let range = |of: fn(&(f64, f64)) -> f64| {
        let (low, high) = at.iter().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        (low, (high - low).max(1e-9))
    };
    let ((left, width), (top, height)) = (range(|p| p.0), range(|p| p.1));
    let margin = 22.0;
    let scaled = |p: &(f64, f64)| {
        (
            tenth(margin + (p.0 - left) / width * (WIDTH - 2.0 * margin)),
            tenth(margin + (p.1 - top) / height * (HEIGHT - 2.0 * margin)),
        )
    };
    at.iter().map(scaled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_edges_give_the_same_places_inside_the_drawing() {
        let edges: Vec<(usize, usize)> = (0..30).map(|i| (i, 30 + i % 4)).collect();
        let at = positions(34, &edges);
        assert_eq!(at, positions(34, &edges));
        assert!(at.iter().all(|(x, y)| (0.0..=WIDTH).contains(x) && (0.0..=HEIGHT).contains(y)));
        let apart = |a: usize, b: usize| {
            let (dx, dy) = (at[a].0 - at[b].0, at[a].1 - at[b].1);
            (dx * dx + dy * dy).sqrt()
        };
        // Accounts of one object stand nearer to it than to the others, on average.
        let own: f64 = edges.iter().map(|(a, b)| apart(*a, *b)).sum::<f64>() / 30.0;
        let other: f64 = edges.iter().map(|(a, b)| apart(*a, 30 + (b - 30 + 1) % 4)).sum::<f64>() / 30.0;
        assert!(own < 0.7 * other, "{own} {other}");
    }
}
