//! What of a candidate stands when the very accounts that are named are tested: nobody is accused on the strength of what
//! others did, and every printed figure is one of the accounts beside it.

use crate::document::Verdict;
use crate::document::signal::{Layer, Signal};
use crate::judgement::candidates::{Candidate, Group, correct_tests};
use crate::judgement::joining::{CONTAINED, tied};
use crate::judgement::scope::Inquiry;
use crate::judgement::weight::Weight;
use crate::search::proposals::Side;
use crate::statistics::chance::median;
use crate::statistics::group_tests::Test;
use std::collections::{BTreeMap, BTreeSet};

/// Share of a candidate's accounts that have to agree in a finding, and of those in two that may do so.
const COVERED: f64 = 0.5;

/// Whether an account agrees in each of the families that count, where that is known. A test of the group as a whole speaks for
/// all its accounts.
fn agreement(tests: &[&Test], entity: u32) -> BTreeMap<Layer, bool> {
    let mut families: BTreeMap<Layer, bool> = BTreeMap::new();
    for test in tests {
        let agrees = if test.agreeing.is_empty() { Some(true) } else { test.agreeing.get(entity) };
        if let Some((layer, agrees)) = test.signal.layer().zip(agrees) {
            *families.entry(layer).or_default() |= agrees;
        }
    }
    families
}

/// Those of the families in which an account agrees.
fn agreed(known: &BTreeMap<Layer, bool>) -> impl Iterator<Item = Layer> {
    known.iter().filter(|(_, agrees)| **agrees).map(|(family, _)| *family)
}

/// How much better two parts have to be evidenced than the whole where one was chosen for agreeing in what is tested: by that
/// alone it agrees better.
const CHOSEN: f64 = 1.25;

/// Share of an account's texts that have to follow the rule by which its group sends copies, over that share of the group's
/// typical account: beside what is copied a campaign sends other things too.
const BY_RULE: f64 = 0.5;

/// Groups that no template proposed, as they were before what stands in a network already was taken from them.
pub struct Untold {
    /// Those that are coordinated and nothing more.
    pub bystanders: Vec<BTreeSet<u32>>,
    /// Those that would be suspected.
    pub suspects: Vec<Candidate>,
}

impl Inquiry<'_> {
    /// Tests the candidates as they stand now, corrected over `tests_made` before and those made here. Each test keeps the
    /// weaker of its two q-values: that of the group as proposed owes nothing to the choice of members, that of the
    /// members is what is printed. Candidates that no longer hold are dropped.
    pub fn standing(&self, candidates: Vec<Candidate>, untold: Untold, tests_made: u64) -> Vec<Candidate> {
        let settings = &self.settings.findings;
        let candidates: Vec<Candidate> = candidates.into_iter().filter_map(|c| self.named_for_cause(c)).collect();
        let Untold { bystanders, mut suspects } = untold;
        let mut candidates = self.parted(candidates, &bystanders, tests_made);
        let mut tests_made = tests_made;
        let q_values = |c: &Candidate| c.tests.iter().map(|t| (t.signal, t.q_value)).collect();
        let mut proposed: Vec<BTreeMap<Signal, f64>> = candidates.iter().map(q_values).collect();
        let number = |candidates: &[Candidate]| candidates.iter().map(|c| c.accounts.len()).sum::<usize>();
        loop {
            for candidate in &mut candidates {
                candidate.tests = self.test(&candidate.accounts, candidate.proposed_by);
                candidate.shape = self.shape(&candidate.accounts);
            }
            tests_made += candidates.iter().map(|c| c.tests.len() as u64).sum::<u64>();
            correct_tests(candidates.iter_mut().map(|c| &mut c.tests), tests_made);
            for (candidate, before) in candidates.iter_mut().zip(&proposed) {
                for test in &mut candidate.tests {
                    test.q_value = before.get(&test.signal).map_or(test.q_value, |q| q.max(test.q_value));
                }
            }
            // Of accounts that came from another group only these tests know anything.
            let named = number(&candidates);
            let for_cause = |(c, q)| Some((self.named_for_cause(c)?, q));
            (candidates, proposed) = candidates.into_iter().zip(proposed).filter_map(for_cause).unzip();
            if number(&candidates) == named {
                let suspects = std::mem::take(&mut suspects);
                self.completed_again(&mut candidates, &suspects);
                if number(&candidates) == named {
                    break;
                }
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
    fn parted(&self, candidates: Vec<Candidate>, bystanders: &[BTreeSet<u32>], tests_made: u64) -> Vec<Candidate> {
        let mut whole = Vec::new();
        for mut candidate in candidates {
            let rest = self.two_hands(&candidate, bystanders, tests_made).map(|(part, rest)| {
                candidate.keep(|account| part.contains(&account));
                self.members_only(rest)
            });
            whole.push(candidate);
            whole.extend(rest);
        }
        whole.retain(|c| c.accounts.len() >= self.settings.proposals.least_entities);
        whole
    }

    /// Completes networks by groups of one habit once more, for one that a crowd stood in was not mostly its habit before: what was
    /// found of both together has named out the crowd, and some of its own accounts with it. An account stays where it stands.
    fn completed_again(&self, networks: &mut [Candidate], suspects: &[Candidate]) {
        let mut home: BTreeMap<u32, usize> = BTreeMap::new();
        for (place, network) in networks.iter().enumerate() {
            network.accounts.iter().for_each(|account| _ = home.entry(*account).or_insert(place));
        }
        for suspect in suspects {
            self.completed_by_members(networks, suspect);
            for (place, network) in networks.iter_mut().enumerate() {
                let before = network.accounts.len();
                network.keep(|account| *home.entry(account).or_insert(place) == place);
                if network.accounts.len() < before {
                    network.shape = self.shape(&network.accounts);
                }
            }
        }
    }

    /// The part of a candidate that its findings are about, and the rest as a group of its own; `None` where it is one.
    fn two_hands(
        &self,
        candidate: &Candidate,
        bystanders: &[BTreeSet<u32>],
        tests_made: u64,
    ) -> Option<(BTreeSet<u32>, Group)> {
        let counting = self.counting(candidate);
        let entity = |account: &u32| self.scope.world.entity[*account as usize];
        let covered: BTreeSet<u32> = candidate
            .accounts
            .iter()
            .copied()
            .filter(|a| is_covered(&agreement(&counting, entity(a)), self.settings.findings.least_families))
            .collect();
        let carriers = self.carriers(&candidate.accounts, &candidate.tests, candidate.proposed_by);
        let by_findings = std::iter::once((covered, CHOSEN)).chain(carriers.map(|part| (part, 1.0)));
        let known = by_findings.into_iter().find_map(|(part, margin)| {
            let (_, rest) = self.apart(candidate, &part, margin, tests_made)?;
            Some((part, rest))
        });
        known.or_else(|| self.bystanders(candidate, bystanders, tests_made))
    }

    /// The same where a group of one habit or one payment that is coordinated and asks for nothing stands in a suspected group which
    /// templates proposed, such as a class that quotes the material of a campaign: the two are parted where one of them is
    /// suspected by itself and the other not.
    fn bystanders(
        &self,
        candidate: &Candidate,
        bystanders: &[BTreeSet<u32>],
        tests_made: u64,
    ) -> Option<(BTreeSet<u32>, Group)> {
        if candidate.proposed_by != Side::Content || self.verdict(candidate) != Verdict::SuspectedDistillation {
            return None;
        }
        let all: BTreeSet<u32> = candidate.accounts.iter().copied().collect();
        bystanders.iter().find_map(|group| {
            let part: BTreeSet<u32> = group.intersection(&all).copied().collect();
            let size = part.len() as f64;
            if size < CONTAINED * group.len() as f64 || size > CONTAINED * all.len() as f64 {
                return None;
            }
            let (alone, rest) = self.apart(candidate, &part, CHOSEN, tests_made)?;
            let would_be = |group: &Group| {
                let Group { accounts, tests, proposed_by, .. } = group;
                self.verdict_of(accounts, tests, &self.shape(accounts), *proposed_by) == Verdict::SuspectedDistillation
            };
            (would_be(&alone) != would_be(&rest)).then_some((part, rest))
        })
    }

    /// A part of a candidate and its rest, each as a group of its own, where the two are so much better evidenced than the whole,
    /// both stand, and no instruments tie them.
    fn apart(
        &self,
        candidate: &Candidate,
        part: &BTreeSet<u32>,
        margin: f64,
        tests_made: u64,
    ) -> Option<(Group, Group)> {
        let least = self.settings.proposals.least_entities;
        let rest: Vec<u32> = candidate.accounts.iter().copied().filter(|a| !part.contains(a)).collect();
        if part.len() < least || rest.len() < least || self.are_tied(part, &rest) {
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
        (apart > margin * Weight::of(&whole).total() && stands(&alone) && stands(&rest)).then_some((alone, rest))
    }

    /// Whether payments, devices, phones or addresses of their own tie two parts together.
    fn are_tied(&self, part: &BTreeSet<u32>, rest: &[u32]) -> bool {
        let part: Vec<u32> = part.iter().copied().collect();
        let held = self.control_families().flat_map(|family| self.scope.world.held_by(&part, family));
        !tied(held.map(|(object, _)| object), &[&part, rest]).is_empty()
    }

    fn counting<'t>(&self, candidate: &'t Candidate) -> Vec<&'t Test> {
        candidate.tests.iter().filter(|t| self.settings.findings.counts(t, candidate.proposed_by)).collect()
    }

    /// Leaves out the accounts that agree with nothing that was found, though it is known of them, those that contradict
    /// two families or more and most of what is known (whoever copies an innocent account's template and hours makes it no
    /// member), and those that agree in one family in which none of the rest does: what ties a few to each other ties
    /// them to nobody else.
    fn named_for_cause(&self, mut candidate: Candidate) -> Option<Candidate> {
        let counting = self.counting(&candidate);
        let is_stranger = |account: &u32| {
            let known = agreement(&counting, self.scope.world.entity[*account as usize]);
            let (agreed, known) = (agreed(&known).count(), known.len());
            known > 0 && (agreed == 0 || known >= agreed + 2 && known > 2 * agreed)
        };
        let mut strangers: BTreeSet<u32> = candidate.accounts.iter().copied().filter(is_stranger).collect();
        let circles = circles(&counting);
        let largest = circles.iter().map(BTreeSet::len).max().unwrap_or(0);
        let apart = |entity: u32| {
            let families = agreement(&counting, entity);
            agreed(&families).count() < self.settings.findings.least_families
                && circles.iter().any(|circle| circle.len() < largest && circle.contains(&entity))
        };
        strangers.extend(candidate.accounts.iter().filter(|a| apart(self.scope.world.entity[**a as usize])));
        // Where each text goes to a few accounts by rule, who does not follow it is of another kind.
        if let Some(replicas) = candidate.shape.replicas {
            let by_rule = self.scope.baseline.share_by_rule(&candidate.accounts, replicas);
            let typical = median(by_rule.iter().copied());
            let others = candidate.accounts.iter().zip(by_rule).filter(|(_, share)| *share < BY_RULE * typical);
            strangers.extend(others.map(|(account, _)| *account));
        }
        candidate.keep(|account| !strangers.contains(&account));
        (candidate.accounts.len() >= self.settings.proposals.least_entities).then_some(candidate)
    }

    /// Whether the findings are about the candidate's accounts.
    fn covers(&self, candidate: &Candidate) -> bool {
        let entities: Vec<u32> = candidate.accounts.iter().map(|a| self.scope.world.entity[*a as usize]).collect();
        are_about(&self.counting(candidate), &entities, self.settings.findings.least_families)
    }
}

/// Whether findings are about these accounts, as far as anything is known of them, and not each about others of them: most agree
/// in one by themselves, for what is said of a group as a whole is said of strangers in it too; and of as many as the second most
/// common finding is about, most agree in `least_families`.
fn are_about(counting: &[&Test], entities: &[u32], least_families: usize) -> bool {
    let all: Vec<BTreeMap<Layer, bool>> = entities.iter().map(|e| agreement(counting, *e)).collect();
    let known = all.iter().filter(|families| !families.is_empty()).count() as f64;
    let of_each: Vec<&Test> = counting.iter().copied().filter(|t| !t.agreeing.is_empty()).collect();
    let by_itself = entities.iter().filter(|e| agreed(&agreement(&of_each, **e)).next().is_some()).count();
    let covered = all.iter().filter(|families| !families.is_empty() && is_covered(families, least_families)).count();
    by_itself as f64 >= COVERED * known && covered as f64 >= COVERED * second_most(&all) as f64
}

/// Whether an account agrees in as many families, or in all that are known of it.
fn is_covered(known: &BTreeMap<Layer, bool>, least_families: usize) -> bool {
    agreed(known).count() >= least_families.min(known.len())
}

/// The entities that findings about each by itself tie together: who agrees in one finding, and whom another ties to any of those.
fn circles(counting: &[&Test]) -> Vec<BTreeSet<u32>> {
    let mut circles: Vec<BTreeSet<u32>> = Vec::new();
    for test in counting.iter().filter(|t| !t.agreeing.is_empty()) {
        let agreeing: BTreeSet<u32> = test.agreeing.who().collect();
        let (mut touched, rest): (Vec<_>, Vec<_>) = circles.into_iter().partition(|c| !c.is_disjoint(&agreeing));
        touched.push(agreeing);
        circles = rest;
        circles.push(touched.into_iter().flatten().collect());
    }
    circles
}

/// In how many accounts the second most common finding is, by the families in which each agrees. Cards or gateways that a third of
/// a group shares are no less a finding about it where all of it works to one measure; but they have to be those same accounts.
fn second_most(known: &[BTreeMap<Layer, bool>]) -> usize {
    let mut of_families: BTreeMap<Layer, usize> = BTreeMap::new();
    known.iter().flat_map(agreed).for_each(|family| *of_families.entry(family).or_default() += 1);
    let mut numbers: Vec<usize> = of_families.into_values().collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    numbers.get(1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::signal::Signal::{
        ContentShard, IdentityCohort, IdentityPayment, InfrastructureAddress, TimeQuota,
    };
    use crate::statistics::group_tests::{Counts, Outcome};

    fn covers(agrees: impl Fn(u32) -> Vec<Signal>) -> bool {
        let outcome = Outcome { observed: 10.0, expected: 1.0, p_value: 1e-9 };
        let of = |signal| {
            let agreeing = (0..30).map(|e| (e, agrees(e).contains(&signal))).collect();
            Test { agreeing, ..Test::of_the_whole(signal, String::new(), "accounts", Counts::Members, outcome) }
        };
        let whole = Test::of_the_whole(ContentShard, String::new(), "texts", Counts::TooLittle, outcome);
        let tests = [of(IdentityPayment), of(TimeQuota), whole];
        let speaks = |t: &&Test| {
            t.agreeing.is_empty() && agrees(0).contains(&ContentShard) || t.agreement().is_some_and(|s| s > 0.0)
        };
        let counting: Vec<&Test> = tests.iter().filter(speaks).collect();
        are_about(&counting, &(0..30).collect::<Vec<u32>>(), 2)
    }

    #[test]
    fn cards_of_a_third_are_a_finding_about_all_who_work_to_one_measure_and_those_of_others_are_not() {
        assert!(covers(|i| if i < 10 { vec![IdentityPayment, TimeQuota] } else { vec![TimeQuota] }));
        assert!(!covers(|i| if i < 12 { vec![IdentityPayment] } else { vec![TimeQuota] }), "two groups");
        assert!(!covers(|i| if i < 12 { vec![IdentityPayment, TimeQuota] } else { Vec::new() }), "a few of many");
    }

    #[test]
    fn what_ties_a_few_of_a_group_to_each_other_makes_a_circle_of_its_own() {
        let outcome = Outcome { observed: 10.0, expected: 1.0, p_value: 1e-9 };
        let of = |signal, from: u32, to: u32| {
            let agreeing = (0..71).map(|e| (e, (from..to).contains(&e))).collect();
            Test { agreeing, ..Test::of_the_whole(signal, String::new(), "accounts", Counts::Members, outcome) }
        };
        let sizes = |tests: &[Test]| {
            let circles = circles(&tests.iter().collect::<Vec<_>>());
            circles.iter().map(BTreeSet::len).collect::<Vec<_>>()
        };
        let (address, cohort, payment) =
            (of(InfrastructureAddress, 0, 64), of(IdentityCohort, 5, 60), of(IdentityPayment, 64, 71));
        assert_eq!(sizes(&[address.clone(), payment.clone(), cohort.clone()]), [7, 64]);
        assert_eq!(sizes(&[address, payment, of(IdentityPayment, 60, 68), cohort]), [71], "one that belongs to both");
    }

    #[test]
    fn users_of_a_tool_of_whom_a_third_work_to_one_measure_are_not_named_for_a_finding_about_the_whole() {
        assert!(!covers(|i| if i < 11 { vec![ContentShard, TimeQuota] } else { vec![ContentShard] }));
        assert!(covers(|i| if i < 20 { vec![ContentShard, TimeQuota] } else { vec![ContentShard] }));
    }
}
