//! Groups of accounts from weighted links: Leiden (Traag, Waltman and van Eck 2019) under the constant Potts model
//! (Traag, Van Dooren and Nesterov 2011), which has no resolution limit: a ring of four stands beside a crowd.

use crate::evidence::pieces::Pieces;
use rayon::prelude::*;
use std::collections::{BTreeMap, VecDeque};

/// Another node, and how much the link to it weighs: in single precision, for there may be tens of millions, and a weight is a
/// surprise, which nobody knows to seven digits.
type Neighbour = (u32, f32);

/// Weighted edges that wait for a graph, in any order; eight bytes each where those of a node come one behind the other.
#[derive(Debug, Clone, Default)]
pub struct Edges {
    /// One end of some edges, and how many they are.
    nodes: Vec<(u32, u32)>,
    /// The other ends.
    others: Pieces<Neighbour>,
}

impl Edges {
    /// Adds an edge from `a` to `b`.
    pub fn push(&mut self, a: u32, b: u32, weight: f32) {
        match self.nodes.last_mut().filter(|(node, _)| *node == a) {
            Some((_, edges)) => *edges += 1,
            None => self.nodes.push((a, 1)),
        }
        self.others.push((b, weight));
    }

    /// These and others.
    fn with(mut self, other: Self) -> Self {
        self.nodes.extend(other.nodes);
        other.others.into_iter().for_each(|edge| self.others.push(edge));
        self
    }
}

impl FromIterator<(u32, u32, f32)> for Edges {
    fn from_iter<I: IntoIterator<Item = (u32, u32, f32)>>(all: I) -> Self {
        let mut edges = Self::default();
        all.into_iter().for_each(|(a, b, weight)| edges.push(a, b, weight));
        edges
    }
}

/// An undirected weighted graph on nodes `0..n`: the neighbours of all nodes one behind the other, rising.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// Where the neighbours of each node end.
    ends: Vec<usize>,
    neighbours: Vec<Neighbour>,
    /// Accounts behind each node; 1 before aggregation.
    size: Vec<f64>,
}

/// Weights added up by community, in memory that is used for one node after the other.
struct Sums {
    of: Vec<f64>,
    met: Vec<bool>,
    touched: Vec<u32>,
}

/// Gains that differ by less are equal.
const TIE: f64 = 1e-12;

impl Sums {
    fn new(communities: usize) -> Self {
        Self { of: vec![0.0; communities], met: vec![false; communities], touched: Vec::new() }
    }

    fn add(&mut self, community: u32, weight: f64) {
        let place = community as usize;
        if !std::mem::replace(&mut self.met[place], true) {
            self.of[place] = 0.0;
            self.touched.push(community);
        }
        self.of[place] += weight;
    }

    /// The sums by community, rising; the next node starts from nothing.
    fn take(&mut self) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.touched.sort_unstable();
        self.touched.drain(..).map(|community| {
            self.met[community as usize] = false;
            (community, self.of[community as usize])
        })
    }

    /// The community of the greatest gain from its sum, and that gain; of those that tie, the one of the least number.
    /// `None` where no sum was added. The next node starts from nothing.
    fn best(&mut self, gain: impl Fn(u32, f64) -> f64) -> Option<(u32, f64)> {
        let of = |community: u32| gain(community, self.of[community as usize]);
        let most = self.touched.iter().map(|c| of(*c)).max_by(f64::total_cmp)?;
        let best = self.touched.iter().copied().filter(|c| of(*c) >= most - TIE).min().map(|c| (c, of(c)));
        self.touched.drain(..).for_each(|c| self.met[c as usize] = false);
        best
    }
}

impl Graph {
    /// Weights of a repeated pair are added, in rising order so that no order of edges changes the sum; loops are dropped. Edges
    /// are let go as they are taken in.
    pub fn new(nodes: usize, edges: Edges) -> Self {
        let Edges { nodes: firsts, others } = edges;
        let first = || firsts.iter().flat_map(|(node, edges)| std::iter::repeat_n(*node, *edges as usize));
        let mut ends = vec![0; nodes + 1];
        for (a, (b, _)) in first().zip(others.iter()).filter(|(a, (b, _))| a != b) {
            ends[a as usize + 1] += 1;
            ends[*b as usize + 1] += 1;
        }
        for node in 0..nodes {
            ends[node + 1] += ends[node];
        }
        let mut neighbours = vec![(0, 0.0); ends[nodes]];
        for (a, (b, weight)) in first().zip(others).filter(|(a, (b, _))| a != b) {
            for (node, other) in [(a, b), (b, a)] {
                let next = &mut ends[node as usize];
                neighbours[*next] = (other, weight);
                *next += 1;
            }
        }
        // Each start has moved to the end of its list.
        ends.pop();
        let mut graph = Self { ends, neighbours, size: vec![1.0; nodes] };
        graph.settle();
        graph
    }

    /// Puts the neighbours of each node in order, each once.
    fn settle(&mut self) {
        let (mut rest, mut before) = (self.neighbours.as_mut_slice(), 0);
        let lists = self.ends.iter().map(|end| {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(end - before);
            (rest, before) = (after, *end);
            own
        });
        let by_number = |x: &Neighbour, y: &Neighbour| x.0.cmp(&y.0).then(x.1.total_cmp(&y.1));
        lists.collect::<Vec<_>>().into_par_iter().for_each(|own| own.sort_unstable_by(by_number));
        let (mut start, mut kept) = (0, 0);
        for end in &mut self.ends {
            let first = kept;
            for place in start..*end {
                let (other, weight) = self.neighbours[place];
                if kept > first && self.neighbours[kept - 1].0 == other {
                    self.neighbours[kept - 1].1 += weight;
                } else {
                    self.neighbours[kept] = (other, weight);
                    kept += 1;
                }
            }
            (start, *end) = (*end, kept);
        }
        self.neighbours.truncate(kept);
    }

    fn len(&self) -> usize {
        self.ends.len()
    }

    /// Neighbours of a node, with the weights to them.
    fn around(&self, node: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let own = node.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[node];
        self.neighbours[own].iter().map(|(other, weight)| (*other, f64::from(*weight)))
    }

    /// Moves nodes to the community that gains most until none gains. Deterministic: nodes in order, ties to the least id.
    fn move_nodes(&self, community: &mut [u32], resolution: f64) {
        let n = self.len();
        let mut mass = vec![0.0; n];
        for (node, c) in community.iter().enumerate() {
            mass[*c as usize] += self.size[node];
        }
        let mut queue: VecDeque<usize> = (0..n).collect();
        let mut queued = vec![true; n];
        let mut sums = Sums::new(n);
        while let Some(node) = queue.pop_front() {
            queued[node] = false;
            let own = community[node];
            mass[own as usize] -= self.size[node];
            sums.add(own, 0.0);
            self.around(node).for_each(|(other, weight)| sums.add(community[other as usize], weight));
            let gain = |c: u32, weight: f64| weight - resolution * self.size[node] * mass[c as usize];
            let stay = gain(own, sums.of[own as usize]);
            let best = sums.best(gain).filter(|(_, gain)| *gain > stay + TIE).map_or(own, |(best, _)| best);
            mass[best as usize] += self.size[node];
            if best != own {
                community[node] = best;
                for (other, _) in self.around(node) {
                    if community[other as usize] != best && !queued[other as usize] {
                        queued[other as usize] = true;
                        queue.push_back(other as usize);
                    }
                }
            }
        }
    }

    /// Splits each community into well-connected parts: single nodes merge, inside their community only, while it pays.
    fn refine(&self, community: &[u32], resolution: f64) -> Vec<u32> {
        let n = self.len();
        let mut part: Vec<u32> = (0..n as u32).collect();
        let mut mass = self.size.clone();
        let mut alone = vec![true; n];
        let mut sums = Sums::new(n);
        for node in 0..n {
            if !alone[node] {
                continue;
            }
            let inside = |(other, _): &(u32, f64)| community[*other as usize] == community[node];
            self.around(node).filter(inside).for_each(|(other, weight)| sums.add(part[other as usize], weight));
            let gain = |c: u32, weight: f64| weight - resolution * self.size[node] * mass[c as usize];
            if let Some((best, _)) = sums.best(gain).filter(|(_, gain)| *gain > TIE) {
                mass[node] -= self.size[node];
                mass[best as usize] += self.size[node];
                alone[best as usize] = false;
                alone[node] = false;
                part[node] = best;
            }
        }
        part
    }

    /// One node a part. Links between two parts are added up node by node, since to sort them all takes longer. The graph is
    /// let go before the new one is built: both and the links between them would be the most that a search needs.
    fn aggregate(self, part: &[u32], parts: usize) -> Self {
        let mut size = vec![0.0; parts];
        let mut nodes: Vec<Vec<u32>> = vec![Vec::new(); parts];
        for (node, p) in (0u32..).zip(part) {
            size[*p as usize] += self.size[node as usize];
            nodes[*p as usize].push(node);
        }
        let behind = |(mut sums, mut edges): (Sums, Edges), (p, nodes): (u32, &Vec<u32>)| {
            for (other, weight) in nodes.iter().flat_map(|node| self.around(*node as usize)) {
                let other = part[other as usize];
                if p < other {
                    sums.add(other, weight);
                }
            }
            sums.take().for_each(|(other, weight)| edges.push(p, other, weight as f32));
            (sums, edges)
        };
        let each = nodes.par_iter().enumerate().map(|(p, nodes)| (p as u32, nodes)).with_min_len(parts / 16);
        let found: Vec<Edges> =
            each.fold(|| (Sums::new(parts), Edges::default()), behind).map(|(_, edges)| edges).collect();
        drop((self, nodes));
        Self { size, ..Self::new(parts, found.into_iter().fold(Edges::default(), Edges::with)) }
    }
}

/// Renumbers labels densely in order of first appearance; returns how many there are.
fn renumber(labels: &mut [u32]) -> usize {
    let mut seen: BTreeMap<u32, u32> = BTreeMap::new();
    for label in labels.iter_mut() {
        let next = seen.len() as u32;
        *label = *seen.entry(*label).or_insert(next);
    }
    seen.len()
}

/// Communities whose mean inner weight exceeds `resolution` (in the unit of the weights): a label for each node,
/// dense from 0 in order of first appearance. Same graph, same labels.
pub fn communities(graph: Graph, resolution: f64) -> Vec<u32> {
    let n = graph.len();
    let mut node_of: Vec<u32> = (0..n as u32).collect();
    let mut level = graph;
    let mut community: Vec<u32> = (0..n as u32).collect();
    loop {
        level.move_nodes(&mut community, resolution);
        let found = renumber(&mut community);
        if found == level.len() {
            break;
        }
        let mut part = level.refine(&community, resolution);
        let mut parts = renumber(&mut part);
        if parts == level.len() {
            // Refinement merged nothing although moving did: aggregate the communities, or it would never end.
            part = community.clone();
            parts = found;
        }
        let mut outer = vec![0; parts];
        for (node, p) in part.iter().enumerate() {
            outer[*p as usize] = community[node];
        }
        level = level.aggregate(&part, parts);
        for slot in &mut node_of {
            *slot = part[*slot as usize];
        }
        community = outer;
    }
    let mut labels: Vec<u32> = node_of.iter().map(|node| community[*node as usize]).collect();
    renumber(&mut labels);
    labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graph(nodes: usize, edges: Vec<(u32, u32, f32)>) -> Graph {
        Graph::new(nodes, edges.into_iter().collect())
    }

    fn cliques(sizes: &[u32]) -> (usize, Vec<(u32, u32, f32)>, Vec<u32>) {
        let (mut edges, mut labels, mut first) = (Vec::new(), Vec::new(), 0);
        for (group, size) in (0..).zip(sizes) {
            for a in first..first + size {
                edges.extend((a + 1..first + size).map(|b| (a, b, 2.0)));
                labels.push(group);
            }
            if first > 0 {
                edges.push((first - 1, first, 2.0));
            }
            first += size;
        }
        (first as usize, edges, labels)
    }

    #[test]
    fn small_rings_stay_apart_beside_a_crowd() {
        let (n, edges, planted) = cliques(&[[4; 200].as_slice(), &[60, 300]].concat());
        assert_eq!(communities(graph(n, edges), 1.0), planted);
    }

    #[test]
    fn links_below_the_resolution_make_no_community() {
        let edges = vec![(0, 1, 0.5), (1, 2, 0.5), (0, 2, 0.5)];
        assert_eq!(communities(graph(3, edges), 1.0), [0, 1, 2]);
    }

    proptest! {
        #[test]
        fn the_order_of_edges_does_not_matter(sizes in prop::collection::vec(2u32..9, 1..8), seed in any::<u64>()) {
            let (n, edges, _) = cliques(&sizes);
            let mut shuffled = edges.clone();
            shuffled.sort_by_key(|(a, b, _)| xxhash_rust::xxh3::xxh3_64_with_seed(&[a.to_le_bytes(), b.to_le_bytes()].concat(), seed));
            prop_assert_eq!(communities(graph(n, edges), 1.0), communities(graph(n, shuffled), 1.0));
        }

        #[test]
        fn it_ends_on_any_graph(edges in prop::collection::vec((0u32..30, 0u32..30, 0.0f32..5.0), 0..200)) {
            prop_assert_eq!(communities(graph(30, edges), 1.0).len(), 30);
        }
    }
}
