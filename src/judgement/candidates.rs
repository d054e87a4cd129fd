//! Groups on their way from a proposal to a verdict: tested, joined, cleared of bystanders, made one where they overlap.

use crate::document::Verdict;
use crate::document::signal::{Layer, Signal};
use crate::judgement::findings::network_q;
use crate::judgement::joining::{Bridge, CONTAINED, better_apart, bridges, occasional_carriers, recruits, tied};
use crate::judgement::membership::{Common, memberships};
use crate::judgement::scope::{Inquiry, Scope};
use crate::judgement::shape::{Shape, own_templates, shape};
use crate::judgement::weight::Weight;
use crate::search::expansion::expanded;
use crate::search::links::{Family, Object};
use crate::search::proposals::{COMMON, Side};
use crate::statistics::chance::{benjamini_yekutieli, median};
use crate::statistics::group_tests::Test;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A proposed group, tested.
pub(crate) struct Group {
    pub accounts: Vec<u32>,
    /// Those of them that nothing proposed and that were added for carrying one of its templates.
    pub recruited: BTreeSet<u32>,
    pub proposed_by: Side,
    pub tests: Vec<Test>,
}

/// What is left of a coordinated group without bystanders.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub accounts: Vec<u32>,
    /// Probability that each account belongs to it, in the order of `accounts`.
    pub membership: Vec<f64>,
    pub proposed_by: Side,
    pub tests: Vec<Test>,
    pub shape: Shape,
}

impl Candidate {
    /// Each account with its membership.
    fn members(&self) -> impl Iterator<Item = (u32, f64)> {
        self.accounts.iter().copied().zip(self.membership.iter().copied())
    }

    /// Leaves out the accounts that are not to stay; tests and shape stay those of all.
    pub fn keep(&mut self, mut stays: impl FnMut(u32) -> bool) {
        (self.accounts, self.membership) = self.members().filter(|(account, _)| stays(*account)).unzip();
    }
}

/// Log-odds that a carrier of a group's own template belongs to it, before anything else is known.
const CARRIER: f64 = 2.0;
/// Share of the smaller of two groups that has to stand in the larger for them to be one.
const OVERLAP: f64 = 0.5;
/// How much better the parts of a group of one habit have to be evidenced: the grid lays many cells over one campaign, and those
/// that happen to agree best add up to more than it.
const PARTS_OF_HABIT: f64 = 1.25;
/// Share of its evidence that a group has to keep with the accounts that it recruits.
const KEPT: f64 = 0.9;
/// Share of a network from which a group of one habit holds part of it; one that holds part of another network too completes none.
const ELSEWHERE: f64 = 0.2;

/// Groups that are to be joined.
struct Joining<'g> {
    /// Best evidence first, then the fragments.
    groups: &'g [Group],
    /// Groups that may stand alone.
    seeds: usize,
    /// Accounts of those.
    grouped: BTreeSet<u32>,
    bridges: Vec<Bridge>,
    /// The groups that an object ties to each.
    near: BTreeMap<usize, BTreeSet<usize>>,
}

impl Joining<'_> {
    /// Groups that are tied to each other, if only by way of others.
    fn components(&self) -> Vec<BTreeSet<usize>> {
        let mut left: BTreeSet<usize> = (0..self.groups.len()).collect();
        let mut found = Vec::new();
        while let Some(first) = left.pop_first() {
            let (mut component, mut open) = (BTreeSet::from([first]), vec![first]);
            while let Some(group) = open.pop() {
                let new: Vec<usize> =
                    self.near.get(&group).into_iter().flatten().copied().filter(|n| left.remove(n)).collect();
                component.extend(&new);
                open.extend(new);
            }
            found.push(component);
        }
        found
    }
}

impl Inquiry<'_> {
    pub fn group(&self, accounts: Vec<u32>, side: Side) -> Group {
        Group { tests: self.test(&accounts, side), accounts, recruited: BTreeSet::new(), proposed_by: side }
    }

    /// Templates of the world; `None` where content is left out, for then no later step may look at them either.
    fn templates(&self) -> Option<&[Object]> {
        self.looks_at(Layer::Content).then(|| self.scope.world.of(Family::Content))
    }

    /// Families of payments, devices, phones and addresses, as far as they are looked at.
    pub fn control_families(&self) -> impl Iterator<Item = Family> {
        let all = [Family::Identity, Family::Infrastructure].into_iter();
        all.filter(|family| self.looks_at(family.layer()))
    }

    pub fn shape(&self, accounts: &[u32]) -> Shape {
        let Scope { evidence, baseline, .. } = self.scope;
        let (content, behaviour) = (self.templates().is_some(), self.looks_at(Layer::Behaviour));
        let shape = shape(evidence, baseline, accounts, &self.own_templates(accounts), content, behaviour);
        Shape {
            one_customer: self.are_one_customer(accounts),
            purses: self.purses(accounts),
            rhythm: shape.rhythm.filter(|_| self.looks_at(Layer::Time)),
            spread: shape.spread.filter(|_| self.looks_at(Layer::Time)),
            ..shape
        }
    }

    /// Templates that are a group's own; none where content is left out.
    pub fn own_templates(&self, accounts: &[u32]) -> Vec<&Object> {
        if self.templates().is_some() { own_templates(&self.scope.world, accounts) } else { Vec::new() }
    }

    pub fn verdict(&self, candidate: &Candidate) -> Verdict {
        self.verdict_of(&candidate.accounts, &candidate.tests, &candidate.shape, candidate.proposed_by)
    }

    /// The verdict on accounts with these tests and this shape.
    pub fn verdict_of(&self, accounts: &[u32], tests: &[Test], shape: &Shape, side: Side) -> Verdict {
        let settings = &self.settings.findings;
        let coordinated = settings.one_hand(tests, shape, side);
        let extraction = settings.is_extraction(tests, shape, side, self.scope.baseline.outputs_beside(accounts));
        match (coordinated, extraction) {
            (true, true) => Verdict::SuspectedDistillation,
            (true, false) => Verdict::Coordinated,
            (false, true) => Verdict::ExtractionLike,
            (false, false) => Verdict::None,
        }
    }

    /// Joins groups that share templates of their own where the whole is as well evidenced as they are together, and recruits
    /// carriers. Two campaigns on one benchmark share its wording, but together they are a worse account of either's
    /// payments, addresses and rhythm. Groups of one habit are left as they are. `fragments`, of which too little is known
    /// for them to stand alone, are joined to one that stands where instruments tie the two: a template ties the users of a
    /// tool to those who abuse it. With the number of all tests that were made, of trials that were given up too.
    pub fn joined(&self, mut groups: Vec<Group>, mut fragments: Vec<Group>, tests_made: u64) -> (Vec<Group>, u64) {
        leave_to_parts(&mut groups);
        let (habits, mut groups): (Vec<_>, Vec<_>) = groups.into_iter().partition(|c| c.proposed_by == Side::Profile);
        let by_evidence = |a: &Group, b: &Group| {
            let evidence = |g: &Group| Weight::of(&g.tests).total();
            evidence(b).total_cmp(&evidence(a)).then_with(|| a.accounts.cmp(&b.accounts))
        };
        groups.sort_by(by_evidence);
        let seeds = groups.len();
        fragments.sort_by(by_evidence);
        groups.extend(fragments);
        let members: Vec<&[u32]> = groups.iter().map(|g| g.accounts.as_slice()).collect();
        let grouped: BTreeSet<u32> = members[..seeds].iter().flat_map(|m| m.iter().copied()).collect();
        let bridges = bridges(self.templates().unwrap_or_default(), &members[..seeds]);
        let mut near: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let pairs = tied(self.control_families().flat_map(|family| self.scope.world.of(family)), &members)
            .into_iter()
            .map(|(a, b)| vec![a, b]);
        for groups in bridges.iter().map(|b| b.groups.clone()).chain(pairs) {
            for a in &groups {
                near.entry(*a).or_default().extend(groups.iter().filter(|b| *b != a));
            }
        }
        let joining = Joining { groups: &groups, seeds, grouped, bridges, near };
        // What nothing ties stays apart: such parts are joined side by side, and their groups stand in the order of their seeds.
        let (parts, tried): (Vec<BTreeMap<usize, Group>>, Vec<u64>) =
            joining.components().into_par_iter().map(|component| self.joined_inside(&joining, component)).unzip();
        let mut joined: Vec<Group> = parts.into_iter().flatten().collect::<BTreeMap<_, _>>().into_values().collect();
        let tests_made = tests_made + tried.into_iter().sum::<u64>();
        let tests_made = self.completed_by_habit(&mut joined, &habits, tests_made);
        joined.extend(habits);
        (joined, tests_made)
    }

    /// Joins groups of which only these are near each other: each by its seed. With the number of tests that this took.
    fn joined_inside(&self, joining: &Joining<'_>, mut free: BTreeSet<usize>) -> (BTreeMap<usize, Group>, u64) {
        let Joining { groups, seeds, grouped, bridges, near } = joining;
        let mut joined = BTreeMap::new();
        let mut tried = 0;
        while let Some(seed) = free.pop_first().filter(|seed| seed < seeds) {
            let mut parts = BTreeSet::from([seed]);
            let mut whole: BTreeSet<u32> = groups[seed].accounts.iter().copied().collect();
            let mut known = Weight::of(&groups[seed].tests);
            // The seed has the best evidence of all that are free, so it says which families are free to test.
            let side = groups[seed].proposed_by;
            let mut refused: BTreeSet<usize> = BTreeSet::new();
            loop {
                // What stands in the whole already is a part of it and has nothing to add.
                free.retain(|group| {
                    let inside = groups[*group].accounts.iter().filter(|a| whole.contains(a)).count();
                    (inside as f64) < CONTAINED * groups[*group].accounts.len() as f64
                });
                let neighbours = parts.iter().filter_map(|p| near.get(p)).flatten();
                let next = neighbours.filter(|n| free.contains(n) && !refused.contains(n)).min().copied();
                let Some(next) = next else { break };
                let together: Vec<u32> =
                    whole.iter().chain(&groups[next].accounts).copied().collect::<BTreeSet<_>>().into_iter().collect();
                let tests = self.test(&together, side);
                tried += tests.len() as u64;
                let evidence = Weight::of(&tests);
                if evidence.total() < known.clone().with(&Weight::of(&groups[next].tests)).total() {
                    refused.insert(next);
                    continue;
                }
                known = evidence;
                free.remove(&next);
                parts.insert(next);
                whole.extend(&groups[next].accounts);
            }
            let group = self.group(whole.iter().copied().collect(), side);
            let carriers = recruits(bridges, &parts, &group.accounts);
            let group = self.with_recruits(group, carriers, &mut tried);
            let own: Vec<u64> = self.own_templates(&group.accounts).iter().filter_map(|o| o.fingerprint()).collect();
            // Who stands in another group is no straggler of this one.
            let stragglers = occasional_carriers(self.scope.evidence, &own, &group.accounts);
            let stragglers = stragglers.difference(grouped).copied().collect();
            joined.insert(seed, self.with_recruits(group, stragglers, &mut tried));
        }
        (joined, tried)
    }

    /// A group with those whom it recruits, unless it is much worse evidenced with them: who quotes its material takes no part in
    /// its payments, addresses and rhythm.
    fn with_recruits(&self, group: Group, mut recruits: BTreeSet<u32>, tried: &mut u64) -> Group {
        if recruits.is_empty() {
            return group;
        }
        let accounts = group.accounts.iter().chain(&recruits).copied().collect::<BTreeSet<_>>().into_iter().collect();
        let larger = self.group(accounts, group.proposed_by);
        *tried += larger.tests.len() as u64;
        let evidence = |group: &Group| Weight::of(&group.tests).total();
        if evidence(&larger) < KEPT * evidence(&group) {
            return group;
        }
        recruits.extend(group.recruited);
        Group { recruited: recruits, ..larger }
    }

    /// Those of some accounts who carry the template that their test speaks of; `None` where it speaks of none.
    pub fn carriers(&self, accounts: &[u32], tests: &[Test], side: Side) -> Option<BTreeSet<u32>> {
        let speaks = |t: &&Test| t.signal == Signal::ContentTemplate && self.settings.findings.speaks(t, side);
        let template = tests.iter().find(speaks)?;
        let carries = |a: &u32| template.agreeing.get(self.scope.world.entity[*a as usize]) == Some(true);
        Some(accounts.iter().copied().filter(carries).collect())
    }

    /// What groups of one habit that carry one template grow to by its phrases, where no group is that already.
    pub fn grown_from_habits(&self, groups: &[Group]) -> Vec<Vec<u32>> {
        let of_habit = groups.iter().filter(|g| g.proposed_by == Side::Profile);
        let coordinated = of_habit.filter(|g| self.settings.findings.is_coordinated(&g.tests, g.proposed_by));
        let seeds: Vec<Vec<u32>> = coordinated
            .filter_map(|g| Some(self.carriers(&g.accounts, &g.tests, g.proposed_by)?.into_iter().collect()))
            .collect();
        if self.templates().is_none() || seeds.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<&[u32]> =
            groups.iter().filter(|g| g.proposed_by == Side::Content).map(|g| g.accounts.as_slice()).collect();
        expanded(&self.phrases(), &seeds, &self.scope.world.rank)
            .into_iter()
            .filter(|group| !known.contains(group.as_slice()))
            .collect()
    }

    /// Completes networks of one template by a group of one habit that carries one template too and holds nearly all of each
    /// that it meets: what the search for templates took apart or left outside, the habit has kept together.
    /// The tests that this takes are added to those made before.
    fn completed_by_habit(&self, joined: &mut Vec<Group>, habits: &[Group], mut tests_made: u64) -> u64 {
        let overlap = |a: &Group, inside: &BTreeSet<u32>| {
            a.accounts.iter().filter(|x| inside.contains(x)).count() as f64 / a.accounts.len() as f64
        };
        for habit in habits {
            let Some(carriers) = self.carriers(&habit.accounts, &habit.tests, habit.proposed_by) else { continue };
            let near: Vec<usize> = (0..joined.len())
                .filter(|i| joined[*i].proposed_by == Side::Content && overlap(&joined[*i], &carriers) >= ELSEWHERE)
                .collect();
            let within = near.iter().all(|i| overlap(&joined[*i], &carriers) >= CONTAINED);
            let held: BTreeSet<u32> = near.iter().flat_map(|i| joined[*i].accounts.iter().copied()).collect();
            if near.is_empty() || !within || carriers.is_subset(&held) && near.len() == 1 {
                continue;
            }
            let mut whole = self.group(held.union(&carriers).copied().collect(), Side::Content);
            tests_made += whole.tests.len() as u64;
            correct_tests(std::iter::once(&mut whole.tests), tests_made);
            let known = near.iter().map(|i| Weight::of(&joined[*i].tests).total()).fold(0.0, f64::max);
            // Its template does not count for a network that was looked for by it: what the habit shows must not hang on that.
            let stands = self.settings.findings.is_coordinated(&whole.tests, whole.proposed_by);
            if stands && Weight::of(&whole.tests).total() >= known {
                joined[near[0]] = whole;
                near[1..].iter().rev().for_each(|part| {
                    joined.remove(*part);
                });
            }
        }
        tests_made
    }

    /// How many of some templates each account of a group (rising) carries, if only in one of its texts.
    fn carried(&self, group: &[u32], templates: &[&Object]) -> Vec<usize> {
        let mut carried = vec![0; group.len()];
        for carriers in templates.iter().filter_map(|o| self.scope.evidence.carriers(o.fingerprint()?)) {
            carriers.inside(group).for_each(|(place, _)| carried[place] += 1);
        }
        carried
    }

    /// Whether each account of a group carries as much of its `own` templates as a member does: half of the template of most,
    /// or, where there are several variants, two of their fingerprints if members have many. A template of any length leaves
    /// several, and unrelated texts may share one of them, a phrase of the language, by chance. `None`
    /// without templates; of a recruit, where the template is so short that what it was recruited for is all there is.
    fn carry_the_template(&self, group: &Group, own: &[&Object]) -> Option<Vec<Option<bool>>> {
        let held = |o: &Object| o.held_in(&group.accounts) as f64;
        let purity = |o: &Object| held(o) / o.accounts.len() as f64;
        let mut of_most: Vec<&Object> =
            own.iter().copied().filter(|o| held(o) >= COMMON * group.accounts.len() as f64).collect();
        // Words of the material are carried by many; the group's own instruction by hardly anyone else.
        let purest = of_most.iter().map(|o| purity(o)).fold(0.0, f64::max);
        of_most.retain(|o| purity(o) >= 0.9 * purest);
        let template = if of_most.is_empty() { own } else { &of_most };
        let carried = self.carried(&group.accounts, template);
        let least = if of_most.is_empty() {
            let both = carried.iter().zip(&group.accounts);
            let of_members = both.filter(|(_, a)| !group.recruited.contains(a)).map(|(carried, _)| *carried as f64);
            (median(of_members) / 4.0).clamp(1.0, 2.0)
        } else {
            template.len() as f64 / 2.0
        };
        let agrees = |(carried, account): (usize, &u32)| {
            (least > 1.0 || !group.recruited.contains(account)).then_some(carried as f64 >= least)
        };
        (!template.is_empty()).then(|| carried.into_iter().zip(&group.accounts).map(agrees).collect())
    }

    /// Leaves out accounts that contradict what the group was found to have in common. The tests stay those of the
    /// group as proposed: tested again, a group chosen by a test would pass it.
    pub fn members_only(&self, group: Group) -> Candidate {
        let settings = &self.settings.findings;
        // By the names of the families, for sums of fractions depend on their order.
        let mut best: BTreeMap<&str, &Test> = BTreeMap::new();
        for test in group.tests.iter().filter(|t| settings.speaks(t, group.proposed_by) && !t.agreeing.is_empty()) {
            let held = best.entry(test.signal.family()).or_insert(test);
            if (test.q_value, test.signal) < (held.q_value, held.signal) {
                *held = test;
            }
        }
        let entity = |account: &u32| self.scope.world.entity[*account as usize];
        let mut common: BTreeMap<&str, Common> = best
            .into_iter()
            .map(|(family, t)| {
                let agrees = group.accounts.iter().map(|a| t.agreeing.get(entity(a))).collect();
                (family, Common { agrees, background: t.background })
            })
            .collect();
        let own = self.own_templates(&group.accounts);
        if let Some(agrees) = self.carry_the_template(&group, &own) {
            // A network was looked for by its templates: to carry one says little more, to carry none a lot.
            let looked_for = || Common { agrees: Vec::new(), background: libm::exp(-CARRIER) };
            common.entry(Family::Content.name()).or_insert_with(looked_for).agrees = agrees;
        }
        let common: Vec<Common> = common.into_values().collect();
        let recruited: Vec<bool> = group.accounts.iter().map(|a| group.recruited.contains(a)).collect();
        let recurs: BTreeSet<u32> = own.iter().flat_map(|o| o.accounts.iter().copied()).collect();
        // One text may be quoted by anybody: who carries no template again and again needs another sign.
        let vouched = |place: usize, account: &u32| {
            own.is_empty() || recurs.contains(account) || common.iter().any(|c| c.agrees[place] == Some(true))
        };
        let (accounts, membership): (Vec<u32>, Vec<f64>) = group
            .accounts
            .iter()
            .copied()
            .zip(memberships(&common, &recruited))
            .enumerate()
            .filter(|(place, (account, probability))| *probability >= 0.5 && vouched(*place, account))
            .map(|(_, member)| member)
            .unzip();
        let shape = self.shape(&accounts);
        Candidate { accounts, membership, proposed_by: group.proposed_by, tests: group.tests, shape }
    }

    /// A group without accounts that stand elsewhere. What is left of one that lost most of them is not the group that was
    /// tested: `None`.
    pub fn without(&self, mut candidate: Candidate, taken: &BTreeSet<u32>) -> Option<Candidate> {
        let before = candidate.accounts.len();
        candidate.keep(|account| !taken.contains(&account));
        let left = candidate.accounts.len();
        (left >= self.settings.proposals.least_entities && 2 * left >= before).then_some(candidate)
    }

    /// Completes the one suspected network that stands nearly whole in another suspected group, which no template proposed, by
    /// those of the group who carry its template in any text: who hides most of their work among a customer's carries it too
    /// seldom to be found by it.
    pub fn completed_by_members(&self, networks: &mut [Candidate], group: &Candidate) {
        let inside: BTreeSet<u32> = group.accounts.iter().copied().collect();
        let both = |network: &Candidate| network.accounts.iter().filter(|a| inside.contains(a)).count() as f64;
        let suspected = |c: &Candidate| self.verdict(c) == Verdict::SuspectedDistillation;
        let mut near = networks.iter_mut().filter(|network| both(network) >= ELSEWHERE * network.accounts.len() as f64);
        let (Some(network), None) = (near.next(), near.next()) else { return };
        // A group of one habit may hold several operators: what is not mostly the network says nothing of the rest.
        let is_it = both(network) >= (CONTAINED * network.accounts.len() as f64).max(OVERLAP * inside.len() as f64);
        if !is_it || !suspected(network) || !suspected(group) {
            return;
        }
        let own = self.own_templates(&network.accounts);
        let typical = median(self.carried(&network.accounts, &own).into_iter().map(|carried| carried as f64));
        let carried = self.carried(&group.accounts, &own);
        // A phrase of the language is in one of several templates, by chance.
        let carriers =
            group.members().zip(carried).filter(|(_, carried)| *carried > 0 && 2.0 * *carried as f64 >= typical);
        let whole = self.with_members(network, carriers.map(|(member, _)| member));
        let evidence = |c: &Candidate| Weight::of(&self.test(&c.accounts, c.proposed_by)).total();
        // As sure as the network was, and still large enough to matter: of half a log one more member is too many.
        let mut tests = self.test(&whole.accounts, whole.proposed_by);
        for test in &mut tests {
            test.q_value = network.tests.iter().find(|t| t.signal == test.signal).map_or(1.0, |t| t.q_value);
        }
        let stands = self.settings.findings.is_coordinated(&tests, whole.proposed_by);
        if stands && suspected(&whole) && evidence(&whole) >= evidence(network) {
            *network = whole;
        }
    }

    /// A candidate with more accounts, and its own tests.
    fn with_members(&self, candidate: &Candidate, more: impl Iterator<Item = (u32, f64)>) -> Candidate {
        let all: BTreeMap<u32, f64> = more.chain(candidate.members()).collect();
        let (accounts, membership): (Vec<u32>, Vec<f64>) = all.into_iter().unzip();
        let Candidate { proposed_by, ref tests, .. } = *candidate;
        Candidate { shape: self.shape(&accounts), accounts, membership, proposed_by, tests: tests.clone() }
    }

    /// Makes one of groups that overlap and were not proposed by content: a network with ten payment instruments is one
    /// group of one habit and ten of one payment. The surest tests are kept.
    pub fn merged(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let (mut habits, mut merged): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|c| c.proposed_by != Side::Content);
        let surest = |c: &Candidate| network_q(&c.tests, c.proposed_by, &self.settings.findings);
        habits.sort_by(|a, b| {
            surest(a)
                .total_cmp(&surest(b))
                .then(b.accounts.len().cmp(&a.accounts.len()))
                .then_with(|| a.accounts.cmp(&b.accounts))
        });
        // A part of what a habit has kept together, with one template in all of it, does not stand before the whole.
        let suspected = habits.iter().filter(|h| self.verdict(h) == Verdict::SuspectedDistillation);
        let wholes: Vec<(BTreeSet<u32>, f64)> = suspected
            .filter_map(|h| Some((self.carriers(&h.accounts, &h.tests, h.proposed_by)?, Weight::of(&h.tests).total())))
            .collect();
        merged.retain(|part| {
            let size = part.accounts.len() as f64;
            let weight = Weight::of(&part.tests).total();
            !wholes.iter().any(|(whole, of_whole)| {
                let inside = || part.accounts.iter().filter(|a| whole.contains(a)).count() as f64;
                size <= CONTAINED * whole.len() as f64 && weight < *of_whole && inside() >= CONTAINED * size
            })
        });
        habits.iter().for_each(|habit| self.completed_by_members(&mut merged, habit));
        // What a suspected network of one template holds already makes no second one.
        let held: BTreeSet<u32> = merged
            .iter()
            .filter(|c| self.verdict(c) == Verdict::SuspectedDistillation)
            .flat_map(|c| c.accounts.iter().copied())
            .collect();
        let mut kept: Vec<Candidate> = Vec::new();
        for habit in habits.into_iter().filter_map(|h| self.without(h, &held)) {
            let inside: BTreeSet<u32> = habit.accounts.iter().copied().collect();
            let near = |c: &Candidate| {
                let both = c.accounts.iter().filter(|a| inside.contains(a)).count();
                both as f64 >= OVERLAP * c.accounts.len().min(inside.len()) as f64
            };
            let Some(home) = kept.iter_mut().find(|c| near(c) && self.verdict(c) == self.verdict(&habit)) else {
                kept.push(habit);
                continue;
            };
            *home = self.with_members(home, habit.members());
        }
        merged.extend(kept);
        merged
    }
}

/// Drops groups whose parts are better evidenced, as far as one side proposed both: each side leaves other families to test.
fn leave_to_parts(groups: &mut Vec<Group>) {
    let mut apart = BTreeSet::new();
    for side in [Side::Content, Side::Control, Side::Profile] {
        let of_side: Vec<usize> = (0..groups.len()).filter(|i| groups[*i].proposed_by == side).collect();
        let weighed = |i: &usize| (groups[*i].accounts.as_slice(), Weight::of(&groups[*i].tests));
        let weighed: Vec<(&[u32], Weight)> = of_side.iter().map(weighed).collect();
        let margin = if side == Side::Profile { PARTS_OF_HABIT } else { 1.0 };
        apart.extend(better_apart(&weighed, margin).into_iter().map(|i| of_side[i]));
    }
    let mut place = 0..;
    groups.retain(|_| place.next().is_some_and(|place| !apart.contains(&place)));
}

/// q-values over every test of every group, so that looking at many groups costs what it should.
pub(crate) fn correct(groups: &mut [Group], tests_made: u64) {
    correct_tests(groups.iter_mut().map(|g| &mut g.tests), tests_made);
}

/// [`correct`] for lists of tests.
pub(crate) fn correct_tests<'t>(tests: impl Iterator<Item = &'t mut Vec<Test>>, tests_made: u64) {
    let mut tests: Vec<&mut Test> = tests.flatten().collect();
    let p: Vec<f64> = tests.iter().map(|t| t.outcome.p_value).collect();
    for (test, q) in tests.iter_mut().zip(benjamini_yekutieli(&p, tests_made)) {
        test.q_value = q;
    }
}
