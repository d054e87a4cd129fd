//! Leave-one-layer-out: the whole analysis again without each layer of evidence, and which networks are still found.
//! Confidence follows from it: what hangs on one layer alone is never called sure.

use crate::document::signal::Layer;
use crate::document::{Confidence, Document, Robustness, Verdict};
use crate::evidence::features::Evidence;
use crate::intake::account_table::Facts;
use crate::intake::ingest::IngestReport;
use crate::investigation::investigate::{document, search};
use crate::judgement::scope::{Inquiry, Scope, Settings, Shared};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Overlap from which a network counts as the same one.
const SAME: f64 = 0.5;

/// Runs without a layer that are made side by side.
const RUNS_AT_ONCE: usize = 2;

fn jaccard(a: &[String], b: &BTreeSet<&String>) -> f64 {
    let both = a.iter().filter(|m| b.contains(m)).count();
    both as f64 / (a.len() + b.len() - both).max(1) as f64
}

/// The document of [`crate::investigation::investigate::investigate`], with the fate of each network without each layer. High confidence is lowered to
/// medium where a network does not survive.
pub fn investigate_robustly(
    evidence: &Evidence,
    facts: &BTreeMap<String, Facts>,
    read: &IngestReport,
    settings: &Settings,
) -> Document {
    let scope = Scope::new(evidence, facts, read);
    let shared = Shared::default();
    let mut document = document(&Inquiry { scope: &scope, settings, shared: &shared });
    if document.networks.is_empty() {
        return document;
    }
    let layers: Vec<Layer> = Layer::ALL.into_iter().filter(|l| !settings.leave_out.contains(l)).collect();
    let run_without = |layer: &Layer| -> Vec<BTreeSet<&String>> {
        let mut settings = settings.clone();
        settings.leave_out.insert(*layer);
        let inquiry = Inquiry { scope: &scope, settings: &settings, shared: &shared };
        let found = search(&inquiry);
        let name = |account: &u32| &scope.world.names[*account as usize];
        let coordinated = found.candidates.iter().filter(|c| inquiry.verdict(c) <= Verdict::Coordinated);
        coordinated.map(|c| c.accounts.iter().map(name).collect()).collect()
    };
    // A few at once: each holds groups and links of its own, and is shared out among all threads by itself.
    let without: Vec<Vec<BTreeSet<&String>>> =
        layers.chunks(RUNS_AT_ONCE).flat_map(|some| some.par_iter().map(run_without).collect::<Vec<_>>()).collect();
    for network in &mut document.networks {
        network.robustness = layers
            .iter()
            .zip(&without)
            .map(|(layer, groups)| {
                let overlap = groups.iter().map(|g| jaccard(&network.members, g)).fold(0.0, f64::max);
                Robustness { without: layer.name().to_owned(), overlap, survives: overlap >= SAME }
            })
            .collect();
        if network.confidence == Confidence::High && network.robustness.iter().any(|r| !r.survives) {
            network.confidence = Confidence::Medium;
        }
    }
    document
}
