//! Which lines of the log and rows of the account table stand beside a claim: those that show it.

use crate::document::LineRef;
use crate::document::signal::{Layer, Signal};
use crate::evidence::features::{AccountEvidence, Evidence, Excerpt};
use crate::intake::event::Origin;
use crate::judgement::candidates::Candidate;
use crate::judgement::scope::{Inquiry, Scope};
use crate::population::baseline::Baseline;
use crate::search::links::Object;
use crate::statistics::group_tests::Test;

/// Log lines beside a claim.
pub(crate) const LINES_LISTED: usize = 5;

/// Where an account first touched an object that stands in its lines.
fn first_touch(evidence: &Evidence, (place, account): (u32, &AccountEvidence), object: &Object) -> Option<Origin> {
    match object.kind {
        "address" => account.addresses.get(object.value.as_str()).map(|(_, at)| (*at).into()),
        "client" => account.clients.get(object.value.as_str()).map(|(_, at)| (*at).into()),
        _ => evidence.carried(object.fingerprint()?, place).map(|carried| carried.at.into()),
    }
}

/// At most three excerpts of a group's lines, those that match a rule pack first.
pub fn exemplars<'a>(evidence: &'a Evidence, members: &[String]) -> Vec<(&'a str, &'a Excerpt)> {
    let mut all: Vec<(&str, &Excerpt)> = members
        .iter()
        .filter_map(|m| evidence.accounts.get_key_value(m))
        .flat_map(|(id, a)| a.excerpts.iter().map(move |e| (id.as_str(), e)))
        .collect();
    all.sort_by(|a, b| (&a.1.rank, a.0).cmp(&(&b.1.rank, b.0)));
    all.truncate(3);
    all
}

impl Inquiry<'_> {
    pub fn line(&self, at: Origin) -> LineRef {
        let file = self.scope.read.intake.files.get(at.file_id as usize).map_or("", |f| f.path.as_str());
        LineRef { file: file.to_owned(), line: at.line_no }
    }

    pub fn first_lines(&self, members: &[String]) -> Vec<LineRef> {
        let first = members.iter().filter_map(|m| self.scope.evidence.accounts.get(m)?.first_at);
        self.listed(first.collect())
    }

    /// Accounts of which a test found what it found: those that hold what is shared, or agree; all where it speaks of the whole.
    pub fn agreeing(&self, test: &Test, accounts: &[u32]) -> Vec<u32> {
        let Scope { world, baseline, .. } = self.scope;
        let shared = self.shared(test);
        let agrees = |account: &&u32| match test.signal {
            Signal::InfrastructureRotation => baseline.census.rotates[**account as usize] == Some(true),
            _ if !shared.is_empty() => shared.iter().any(|o| o.accounts.binary_search(account).is_ok()),
            _ => test.agreeing.is_empty() || test.agreeing.get(world.entity[**account as usize]) == Some(true),
        };
        accounts.iter().filter(agrees).copied().collect()
    }

    fn shared(&self, test: &Test) -> Vec<&Object> {
        let of_kind = self.scope.world.of_kind(test.signal.kind());
        test.shared.iter().filter_map(|place| of_kind.get(*place as usize)).collect()
    }

    /// Lines that show what a test found: where each account first touched what is shared, first used the new model, was last
    /// seen before another followed it, stood in a shared network; else the first line of each account that agrees with what was found.
    pub fn lines_behind(&self, test: &Test, candidate: &Candidate) -> Vec<LineRef> {
        let Scope { evidence, baseline, .. } = self.scope;
        let Baseline { accounts, over_time, .. } = baseline;
        let account = |id: &u32| accounts[*id as usize];
        let shared = self.shared(test);
        let touched = |id: &u32| shared.iter().filter_map(|o| first_touch(evidence, (*id, account(id)), o)).min();
        let lines: Vec<Origin> = match (test.signal, test.shared.first()) {
            (Signal::TimeSuccession, _) => {
                // Both lines of a pair, or none of them.
                let pairs =
                    over_time.successors(&self.scope.world, &candidate.accounts).into_iter().take(LINES_LISTED / 2);
                pairs.flat_map(|(closed, heir)| [self.last_line(closed), account(&heir).first_at]).flatten().collect()
            }
            (Signal::TimePivot, Some(release)) => {
                candidate.accounts.iter().filter_map(|id| over_time.uptake(*release, account(id))).collect()
            }
            (Signal::InfrastructurePrefix, _) => {
                candidate.accounts.iter().filter_map(|id| baseline.census.within(&test.shared, account(id))).collect()
            }
            _ => candidate.accounts.iter().filter_map(touched).collect(),
        };
        if !lines.is_empty() {
            return self.listed(lines);
        }
        let agreeing = self.agreeing(test, &candidate.accounts);
        self.listed(agreeing.iter().filter_map(|id| account(id).first_at).collect())
    }

    pub fn last_line(&self, account: u32) -> Option<Origin> {
        self.scope.baseline.accounts[account as usize].last_at.map(Origin::from)
    }

    /// Lines of the account table on which accounts stand, the first of them.
    pub fn rows(&self, accounts: impl IntoIterator<Item = u32>) -> Vec<u64> {
        let row = |account: u32| self.scope.facts.get(&self.scope.world.names[account as usize])?.row;
        let mut rows: Vec<u64> = accounts.into_iter().filter_map(row).collect();
        rows.sort_unstable();
        rows.truncate(LINES_LISTED);
        rows
    }

    /// Lines of the account table behind a test; none where it rests on the log.
    pub fn rows_behind(&self, test: &Test, candidate: &Candidate) -> Vec<u64> {
        match test.signal {
            Signal::TimeSuccession => {
                let pairs = self.scope.baseline.over_time.successors(&self.scope.world, &candidate.accounts);
                self.rows(pairs.into_iter().take(LINES_LISTED / 2).flat_map(|(closed, heir)| [closed, heir]))
            }
            _ if test.signal.layer() == Some(Layer::Identity) => self.rows(self.agreeing(test, &candidate.accounts)),
            _ => Vec::new(),
        }
    }

    /// Lines and rows behind a test. No line of a log shows a payment or a sign-up that the account table tells.
    pub fn cited(&self, test: &Test, candidate: &Candidate) -> (Vec<LineRef>, Vec<u64>) {
        let rows = self.rows_behind(test, candidate);
        let told_by_table = test.signal.layer() == Some(Layer::Identity) && !rows.is_empty();
        (if told_by_table { Vec::new() } else { self.lines_behind(test, candidate) }, rows)
    }

    pub fn listed(&self, mut lines: Vec<Origin>) -> Vec<LineRef> {
        lines.sort_unstable();
        lines.truncate(LINES_LISTED);
        lines.into_iter().map(|at| self.line(at)).collect()
    }
}
