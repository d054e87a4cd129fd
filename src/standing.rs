//! What of a candidate stands when the very accounts that are named are tested: nobody is accused on the strength of what
//! others did, and every printed figure is one of the accounts beside it.

use crate::candidates::{Candidate, Group, correct_tests};
use crate::document::Verdict;
use crate::findings::Weight;
use crate::group_tests::Test;
use crate::joining::tied;
use crate::scope::Inquiry;
use std::collections::{BTreeMap, BTreeSet};

/// Share of a candidate's accounts that have to agree in two families (or in all that are known of them).
const COVERED: f64 = 0.5;

/// In how many of the families that count an account agrees, and of how many it is known whether it does. A test of the
/// group as a whole speaks for all its accounts.
fn agreement(tests: &[&Test], entity: u32) -> (usize, usize) {
    let mut families: BTreeMap<&str, bool> = BTreeMap::new();
    for test in tests {
        let agrees = if test.agreeing.is_empty() { Some(true) } else { test.agreeing.get(&entity).copied() };
        if let Some(agrees) = agrees {
            *families.entry(test.family).or_default() |= agrees;
        }
    }
    (families.values().filter(|agrees| **agrees).count(), families.len())
}

/// How much better two parts have to be evidenced than the whole where one was chosen for agreeing in what is tested: by that
/// alone it agrees better.
const CHOSEN: f64 = 1.25;

/// Share of an account's texts that have to be sent into as many accounts as is the rule of its group.
const BY_RULE: f64 = 0.5;

impl Inquiry<'_> {
    /// Tests the candidates as they stand now, corrected over `tests_made` before and those made here. Each test keeps the
    /// weaker of its two q-values: that of the group as proposed owes nothing to the choice of members, that of the
    /// members is what is printed. Candidates that no longer hold are dropped.
    pub fn standing(&self, candidates: Vec<Candidate>, tests_made: u64) -> Vec<Candidate> {
        let settings = &self.settings.findings;
        let candidates: Vec<Candidate> = candidates.into_iter().filter_map(|c| self.named_for_cause(c)).collect();
        let mut candidates = self.parted(candidates, tests_made);
        let mut tests_made = tests_made;
        let q_values = |c: &Candidate| c.tests.iter().map(|t| (t.signal, t.q_value)).collect();
        let mut proposed: Vec<BTreeMap<&'static str, f64>> = candidates.iter().map(q_values).collect();
        loop {
            for candidate in &mut candidates {
                candidate.tests = self.test(&candidate.accounts, candidate.proposed_by);
                candidate.shape = self.shape(&candidate.accounts);
            }
            tests_made += candidates.iter().map(|c| c.tests.len() as u64).sum::<u64>();
            correct_tests(candidates.iter_mut().map(|c| &mut c.tests), tests_made);
            for (candidate, before) in candidates.iter_mut().zip(&proposed) {
                for test in &mut candidate.tests {
                    test.q_value = before.get(test.signal).map_or(test.q_value, |q| q.max(test.q_value));
                }
            }
            // Of accounts that came from another group only these tests know anything.
            let named: usize = candidates.iter().map(|c| c.accounts.len()).sum();
            let for_cause = |(c, q)| Some((self.named_for_cause(c)?, q));
            (candidates, proposed) = candidates.into_iter().zip(proposed).filter_map(for_cause).unzip();
            if candidates.iter().map(|c| c.accounts.len()).sum::<usize>() == named {
                break;
            }
        }
        candidates.retain(|c| {
            settings.is_coordinated(&c.tests, c.proposed_by) && self.covers(c) && self.verdict(c) != Verdict::None
        });
        candidates
    }

    /// Parts a candidate whose findings are about one part of it, or of which one part carries a template, where the rest
    /// stands by findings of its own and no instruments tie the two: two networks of one habit. A rest that shows nothing by
    /// itself stays, for it is no worse known than it was.
    fn parted(&self, candidates: Vec<Candidate>, tests_made: u64) -> Vec<Candidate> {
        let mut whole = Vec::new();
        for mut candidate in candidates {
            let rest = self.two_hands(&candidate, tests_made).map(|(part, rest)| {
                candidate.keep(|account| part.contains(&account));
                self.members_only(rest)
            });
            whole.push(candidate);
            whole.extend(rest);
        }
        whole.retain(|c| c.accounts.len() >= self.settings.proposals.least_entities);
        whole
    }

    /// The part of a candidate that its findings are about, and the rest as a group of its own; `None` where it is one.
    fn two_hands(&self, candidate: &Candidate, tests_made: u64) -> Option<(BTreeSet<u32>, Group)> {
        let least = self.settings.proposals.least_entities;
        let counting = self.counting(candidate);
        let entity = |account: &u32| self.scope.world.entity[*account as usize];
        let covered: BTreeSet<u32> =
            candidate.accounts.iter().copied().filter(|a| self.is_covered(&counting, entity(a))).collect();
        let template = counting.iter().find(|t| t.signal == "content.template");
        let carriers = template.map(|t| {
            let carries = |a: &u32| t.agreeing.get(&entity(a)) == Some(&true);
            candidate.accounts.iter().copied().filter(carries).collect::<BTreeSet<u32>>()
        });
        std::iter::once((covered, CHOSEN)).chain(carriers.map(|part| (part, 1.0))).find_map(|(part, margin)| {
            let rest: Vec<u32> = candidate.accounts.iter().copied().filter(|a| !part.contains(a)).collect();
            if part.len() < least || rest.len() < least || self.are_tied(&part, &rest) {
                return None;
            }
            let mut rest = self.group(rest, candidate.proposed_by);
            let more = rest.tests.len() as u64;
            correct_tests(std::iter::once(&mut rest.tests), tests_made + more);
            let mut alone = self.group(part.iter().copied().collect(), candidate.proposed_by);
            correct_tests(std::iter::once(&mut alone.tests), tests_made + more);
            let whole = self.test(&candidate.accounts, candidate.proposed_by);
            let apart = Weight::of(&alone.tests).with(&Weight::of(&rest.tests)).total();
            let stands = |group: &Group| self.settings.findings.is_coordinated(&group.tests, group.proposed_by);
            (apart > margin * Weight::of(&whole).total() && stands(&alone) && stands(&rest)).then_some((part, rest))
        })
    }

    /// Whether payments, devices, phones or addresses of their own tie two parts together.
    fn are_tied(&self, part: &BTreeSet<u32>, rest: &[u32]) -> bool {
        let part: Vec<u32> = part.iter().copied().collect();
        let held = self.control_families().flat_map(|family| self.scope.world.held_by(&part, family));
        !tied(held.map(|(object, _)| object), &[&part, rest]).is_empty()
    }

    fn is_covered(&self, counting: &[&Test], entity: u32) -> bool {
        let (agreed, known) = agreement(counting, entity);
        agreed >= self.settings.findings.least_families.min(known)
    }

    fn counting<'t>(&self, candidate: &'t Candidate) -> Vec<&'t Test> {
        candidate.tests.iter().filter(|t| self.settings.findings.counts(t, candidate.proposed_by)).collect()
    }

    /// Leaves out the accounts that agree with nothing that was found, though it is known of them, and those that contradict
    /// two families or more and most of what is known: whoever copies an innocent account's template and hours makes it no
    /// member.
    fn named_for_cause(&self, mut candidate: Candidate) -> Option<Candidate> {
        let counting = self.counting(&candidate);
        let is_stranger = |account: &u32| {
            let (agreed, known) = agreement(&counting, self.scope.world.entity[*account as usize]);
            known > 0 && (agreed == 0 || known >= agreed + 2 && known > 2 * agreed)
        };
        let mut strangers: BTreeSet<u32> = candidate.accounts.iter().copied().filter(is_stranger).collect();
        // Where each text goes to a few accounts by rule, who does not follow it is of another kind.
        if let Some(replicas) = candidate.shape.replicas {
            let by_rule = self.scope.baseline.share_in_as_many(&candidate.accounts, replicas);
            let others = candidate.accounts.iter().zip(by_rule).filter(|(_, share)| *share < BY_RULE);
            strangers.extend(others.map(|(account, _)| *account));
        }
        candidate.keep(|account| !strangers.contains(&account));
        (candidate.accounts.len() >= self.settings.proposals.least_entities).then_some(candidate)
    }

    /// Whether the findings are about the candidate's accounts and not about a few of them.
    fn covers(&self, candidate: &Candidate) -> bool {
        let world = &self.scope.world;
        let counting = self.counting(candidate);
        let covered = candidate.accounts.iter().filter(|a| self.is_covered(&counting, world.entity[**a as usize]));
        covered.count() as f64 >= COVERED * candidate.accounts.len() as f64
    }
}
