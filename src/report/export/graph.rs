//! Accounts of networks and the links between them, for graph tools. Nodes are numbered, since an account id may hold
//! what an XML id must not; the account itself is an attribute.

use crate::document::{Account, Document, Link};
use crate::report::markup::fill;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Node<'a> {
    id: String,
    account: &'a Account,
    verdict: &'static str,
    confidence: &'static str,
}

#[derive(Serialize)]
struct Edge<'a> {
    id: String,
    source: String,
    target: String,
    link: &'a Link,
    /// −log₁₀ of the p-value, what a layout can use as a weight.
    weight: f64,
}

#[derive(Serialize)]
struct Graph<'a> {
    version: &'a str,
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge<'a>>,
}

fn graph(d: &Document) -> Graph<'_> {
    let confidence: BTreeMap<&str, &'static str> =
        d.networks.iter().map(|n| (n.id.as_str(), n.confidence.as_str())).collect();
    let members: Vec<&Account> = d.accounts.iter().filter(|a| !a.network_id.is_empty()).collect();
    let number: BTreeMap<&str, String> =
        members.iter().enumerate().map(|(i, a)| (a.account_id.as_str(), format!("a{i}"))).collect();
    let edges = d.links.iter().enumerate().filter_map(|(i, link)| {
        Some(Edge {
            id: format!("l{i}"),
            source: number.get(link.account_a.as_str())?.clone(),
            target: number.get(link.account_b.as_str())?.clone(),
            link,
            weight: -libm::log10(link.p_value.clamp(f64::MIN_POSITIVE, 1.0)),
        })
    });
    Graph {
        version: &d.stillhunt_version,
        edges: edges.collect(),
        nodes: members
            .into_iter()
            .enumerate()
            .map(|(i, account)| Node {
                id: format!("a{i}"),
                verdict: account.verdict.as_str(),
                confidence: confidence.get(account.network_id.as_str()).copied().unwrap_or_default(),
                account,
            })
            .collect(),
    }
}

/// GraphML 1.0, an undirected graph.
pub(super) fn graphml(d: &Document) -> Result<String, minijinja::Error> {
    fill(&[("graphml.xml", include_str!("graphml.xml"))], graph(d))
}

/// GEXF 1.2draft, an undirected graph.
pub(super) fn gexf(d: &Document) -> Result<String, minijinja::Error> {
    fill(&[("gexf.xml", include_str!("gexf.xml"))], graph(d))
}
