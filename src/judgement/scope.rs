//! Everything that a run looks at, made once for any number of runs with other settings.

use crate::document::signal::Layer;
use crate::evidence::features::Evidence;
use crate::intake::account_table::Facts;
use crate::intake::ingest::IngestReport;
use crate::judgement::findings::FindingSettings;
use crate::judgement::stacks::Stacks;
use crate::population::baseline::Baseline;
use crate::search::expansion::{Phrases, expanded};
use crate::search::holdings::Lists;
use crate::search::links::{Family, Object, World, invert};
use crate::search::profiles::{ProfileSettings, propose_profiles};
use crate::search::proposals::{Proposal, ProposalSettings, Side, popular, propose};
use crate::statistics::group_tests::Test;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Settings of everything behind `ingest`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Settings {
    pub proposals: ProposalSettings,
    pub profiles: ProfileSettings,
    pub findings: FindingSettings,
    /// Layers that are treated as if the log did not have them.
    pub leave_out: BTreeSet<Layer>,
}

/// What was read, inverted, and what groups are compared with.
pub struct Scope<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) facts: &'a BTreeMap<String, Facts>,
    pub(crate) read: &'a IngestReport,
    pub(crate) world: World,
    pub(crate) baseline: Baseline<'a>,
}

/// One run: a scope, and how to look at it.
pub(crate) struct Inquiry<'a> {
    pub scope: &'a Scope<'a>,
    pub settings: &'a Settings,
    pub shared: &'a Shared,
}

impl Inquiry<'_> {
    /// Whether a layer is not left out.
    pub fn looks_at(&self, layer: Layer) -> bool {
        !self.settings.leave_out.contains(&layer)
    }
}

/// A group as it was proposed, and by which side.
type Proposed = (Side, Vec<u32>);

/// What runs have in common whose settings differ in nothing but the layers that are left out, made by the first that
/// asks: most of what a run without one layer would look for, the whole run has found.
#[derive(Default)]
pub(crate) struct Shared {
    pub proposals: Mutex<BTreeMap<Vec<Family>, Arc<Proposal>>>,
    /// Every test of a group, whatever is left out.
    pub tests: Mutex<BTreeMap<Proposed, Arc<Vec<Test>>>>,
    pub profiles: OnceLock<Vec<Vec<u32>>>,
    pub stacks: OnceLock<Stacks>,
    /// Phrases of each account.
    pub phrases: OnceLock<Lists>,
}

impl Inquiry<'_> {
    /// Groups proposed by these families.
    pub fn proposal(&self, families: &[Family]) -> Arc<Proposal> {
        made_once(&self.shared.proposals, families.to_vec(), || {
            let mut proposal = propose(&self.scope.world, families, &self.settings.proposals);
            if families == [Family::Content] {
                let grown = expanded(&self.phrases(), &proposal.groups, &self.scope.world.rank);
                proposal.groups.extend(grown);
                let of_work = |object: &Object| self.of_work(object);
                let (held, left_out) = popular(&self.scope.world, &proposal.groups, &self.settings.proposals, of_work);
                proposal.groups.extend(held);
                proposal.popular_left_out = left_out;
            }
            proposal
        })
    }

    /// Share of the requests of a template's holders that carry it.
    fn of_work(&self, template: &Object) -> f64 {
        let Scope { baseline, evidence, .. } = self.scope;
        let carriers = template.fingerprint().and_then(|fingerprint| evidence.carriers(fingerprint));
        let carried = carriers.into_iter().flat_map(|c| c.inside(&template.accounts));
        let with_it: u64 = carried.map(|(_, carried)| u64::from(carried.count)).sum();
        let all: u64 = template.accounts.iter().map(|a| baseline.accounts[*a as usize].requests).sum();
        with_it as f64 / all.max(1) as f64
    }

    /// Who carries which phrase.
    pub fn phrases(&self) -> Phrases<'_> {
        let evidence = self.scope.evidence;
        Phrases::new(evidence, self.shared.phrases.get_or_init(|| Phrases::of_accounts(evidence)))
    }

    /// Groups proposed by habit.
    pub fn profiles(&self) -> &[Vec<u32>] {
        let Scope { baseline, world, .. } = self.scope;
        let Baseline { accounts, lone_requests, over_time, .. } = baseline;
        let propose = || {
            let opened_or_closed = over_time.opened_or_closed();
            propose_profiles(world, accounts, lone_requests, &opened_or_closed, &self.settings.profiles)
        };
        self.shared.profiles.get_or_init(propose)
    }

    /// Clients and handshakes of all accounts.
    pub fn stacks(&self) -> &Stacks {
        let Scope { baseline, world, .. } = self.scope;
        self.shared.stacks.get_or_init(|| Stacks::new(world, &baseline.accounts))
    }

    /// Tests of a group by the layers that are not left out.
    pub fn test(&self, accounts: &[u32], side: Side) -> Vec<Test> {
        let Scope { baseline, world, .. } = self.scope;
        let all = made_once(&self.shared.tests, (side, accounts.to_vec()), || baseline.test(world, accounts, side));
        let left = |t: &&Test| t.signal.layer().is_none_or(|layer| self.looks_at(layer));
        all.iter().filter(left).cloned().collect()
    }
}

/// What is kept under a key, or is made and kept. It is made outside the lock: two threads may make the same, and neither
/// waits for the other in the middle of parallel work.
fn made_once<K: Ord, V>(kept: &Mutex<BTreeMap<K, Arc<V>>>, key: K, make: impl FnOnce() -> V) -> Arc<V> {
    let lock = || kept.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().get(&key) {
        return Arc::clone(known);
    }
    let made = Arc::new(make());
    lock().insert(key, Arc::clone(&made));
    made
}

impl<'a> Scope<'a> {
    /// From what was read.
    pub fn new(evidence: &'a Evidence, facts: &'a BTreeMap<String, Facts>, read: &'a IngestReport) -> Self {
        let world = invert(evidence, facts);
        let baseline = Baseline::new(&world, evidence, facts);
        Self { evidence, facts, read, world, baseline }
    }
}
