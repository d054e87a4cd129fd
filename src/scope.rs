//! Everything that a run looks at, made once for any number of runs with other settings.

use crate::account_table::Facts;
use crate::baseline::Baseline;
use crate::features::Evidence;
use crate::findings::FindingSettings;
use crate::ingest::IngestReport;
use crate::links::{Layer, World, invert};
use crate::profiles::ProfileSettings;
use crate::proposals::ProposalSettings;
use std::collections::{BTreeMap, BTreeSet};

/// Settings of everything behind `ingest`.
#[derive(Debug, Clone, Default)]
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
}

impl<'a> Scope<'a> {
    /// From what was read.
    pub fn new(evidence: &'a Evidence, facts: &'a BTreeMap<String, Facts>, read: &'a IngestReport) -> Self {
        let world = invert(evidence, facts);
        let baseline = Baseline::new(&world, evidence, facts);
        Self { evidence, facts, read, world, baseline }
    }
}
