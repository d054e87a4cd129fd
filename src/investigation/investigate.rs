//! The main job from evidence to document: propose, test, correct over all groups, judge, write down.

use crate::document::glossary::grouped;
use crate::document::*;
use crate::evidence::features::Evidence;
use crate::investigation::activity;
use crate::judgement::candidates::{Candidate, Group, correct};
use crate::judgement::scope::{Inquiry, Scope, Settings, Shared};
use crate::judgement::signals;
use crate::judgement::standing::Untold;
use crate::judgement::weight::Weight;
use crate::search::links::{Family, World};
use crate::search::pairs::{PairLink, Pairs};
use crate::search::proposals::{Proposal, Side};
use crate::statistics::chance::PValues;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SIDES: [Side; 3] = [Side::Content, Side::Control, Side::Profile];
/// Links listed for one network; all are counted.
const LINKS_LISTED: usize = 2_000;

/// What a search came to, before it is written down.
pub(crate) struct Found {
    /// In the order in which they are reported; an account stands in one.
    pub candidates: Vec<Candidate>,
    groups_tested: u64,
    notices: Vec<String>,
}

/// Proposes, tests, corrects and judges.
pub(crate) fn search(inquiry: &Inquiry<'_>) -> Found {
    let settings = inquiry.settings;
    let mut notices = Vec::new();
    let mut proposed: Vec<(Side, Vec<u32>)> = Vec::new();
    for side in SIDES {
        let families = families(side, settings);
        if families.is_empty() {
            continue;
        }
        let groups = if side == Side::Profile {
            inquiry.profiles().to_vec()
        } else {
            let proposal = inquiry.proposal(&families);
            notices.extend(bounds(side, &proposal));
            proposal.groups.clone()
        };
        proposed.extend(groups.into_iter().map(|accounts| (side, accounts)));
    }
    let mut groups: Vec<Group> =
        proposed.into_par_iter().map(|(side, accounts)| inquiry.group(accounts, side)).collect();
    let mut tests_made: u64 = groups.iter().map(|g| g.tests.len() as u64).sum();
    correct(&mut groups, tests_made);
    let grown = inquiry.grown_from_habits(&groups);
    if !grown.is_empty() {
        groups.par_extend(grown.into_par_iter().map(|accounts| inquiry.group(accounts, Side::Content)));
        tests_made = groups.iter().map(|g| g.tests.len() as u64).sum();
        correct(&mut groups, tests_made);
    }
    let groups_tested = groups.len() as u64;
    let (groups, mut fragments): (Vec<Group>, Vec<Group>) =
        groups.into_iter().partition(|g| settings.findings.is_coordinated(&g.tests, g.proposed_by));
    fragments
        .retain(|g| g.proposed_by == Side::Content && !settings.findings.speaking(&g.tests, g.proposed_by).is_empty());
    let (mut groups, tests_made) = inquiry.joined(groups, fragments, tests_made);
    correct(&mut groups, tests_made);
    let mut candidates: Vec<Candidate> = groups.into_par_iter().map(|g| inquiry.members_only(g)).collect();
    candidates.retain(|c| c.accounts.len() >= settings.proposals.least_entities);
    let (mut bystanders, mut suspects) = (Vec::new(), Vec::new());
    for candidate in candidates.iter().filter(|c| c.proposed_by != Side::Content) {
        match inquiry.verdict(candidate) {
            Verdict::Coordinated => bystanders.push(candidate.accounts.iter().copied().collect()),
            Verdict::SuspectedDistillation => suspects.push(candidate.clone()),
            _ => (),
        }
    }
    let mut candidates = inquiry.merged(candidates);
    let tested = candidates.len();
    candidates.retain(|c| inquiry.verdict(c) != Verdict::None);
    let alike = tested - candidates.len();
    if alike > 0 {
        let (groups, they) = if alike == 1 {
            ("1 other group is".to_owned(), "It is")
        } else {
            (format!("{} other groups are", grouped(alike as u64)), "They are")
        };
        notices.push(format!(
            "{groups} unusually similar only in ways unrelated users often are (software, schedule, sign-up day). {they} not listed."
        ));
    }
    // Suspected before merely coordinated, surer side before less sure, better evidenced before worse: of two that overlap the
    // first stands, and a large group that is some network and whoever uses its words is worse evidenced than the network.
    candidates.sort_by_cached_key(|c| {
        // The bits of what is not negative are in its order.
        let evidence = Weight::of(&c.tests).total().max(0.0).to_bits();
        (inquiry.verdict(c), c.proposed_by, std::cmp::Reverse(evidence), c.accounts.clone())
    });
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut standing = Vec::new();
    for candidate in candidates {
        if let Some(candidate) = inquiry.without(candidate, &taken) {
            taken.extend(&candidate.accounts);
            standing.push(candidate);
        }
    }
    let mut standing = inquiry.standing(standing, Untold { bystanders, suspects }, tests_made);
    standing.sort_by_cached_key(|c| {
        (inquiry.verdict(c), c.proposed_by, std::cmp::Reverse(c.accounts.len()), c.accounts.clone())
    });
    Found { candidates: standing, groups_tested, notices }
}

/// Families of shared objects by which a side proposes, without those that are left out.
fn families(side: Side, settings: &Settings) -> Vec<Family> {
    side.families().iter().copied().filter(|f| !settings.leave_out.contains(&f.layer())).collect()
}

/// What a proposal did not look at.
fn bounds(side: Side, proposal: &Proposal) -> Vec<String> {
    let (of, drawn, left_out) = (side.words(), proposal.objects_drawn_from, proposal.objects_left_out);
    let mut said = Vec::new();
    if drawn > 0 {
        said.push(format!(
            "Very common shared objects for which the search for groups by {of} looked at a random sample of the pairs: {}.",
            grouped(drawn)
        ));
    }
    if left_out > 0 {
        said.push(format!(
            "Even more common objects that the search for groups by {of} left out: {}.",
            grouped(left_out)
        ));
    }
    if proposal.popular_left_out > 0 {
        said.push(format!(
            "Wordings used by many accounts, for which it was not tested whether those accounts are a group: {}.",
            grouped(proposal.popular_left_out)
        ));
    }
    said
}

/// Whose log it may be.
fn of_house(world: &World) -> Option<String> {
    world.house.map(|house| house.said(world.names.len()))
}

/// What is not known of who carries which fingerprint.
fn curtailed(evidence: &Evidence) -> Option<String> {
    let n = evidence.curtailed();
    (n > 0).then(|| {
        format!(
            "Text fingerprints so common that only accounts in which one recurs were kept, and not those that use it now and then: {}.",
            grouped(n as u64)
        )
    })
}

/// Runs the method.
pub fn investigate(scope: &Scope<'_>, settings: &Settings) -> Document {
    document(&Inquiry { scope, settings, shared: &Shared::default() })
}

/// The document of a run.
pub(crate) fn document(inquiry: &Inquiry<'_>) -> Document {
    let Inquiry { scope: Scope { evidence, facts, read, world, .. }, settings, .. } = inquiry;
    let Found { candidates, groups_tested, notices } = search(inquiry);
    let population = population(world, evidence, groups_tested);
    let inside = links_inside(inquiry, &candidates);
    let mut document = Document {
        schema_version: SCHEMA_VERSION.to_owned(),
        stillhunt_version: env!("CARGO_PKG_VERSION").to_owned(),
        intake: read.intake.clone(),
        signals: signals::evaluable(&read.intake, facts, evidence),
        left_out: settings.leave_out.iter().map(|l| l.name().to_owned()).collect(),
        population,
        networks: Vec::new(),
        accounts: Vec::new(),
        links: Vec::new(),
        notices: read
            .intake
            .notes
            .iter()
            .cloned()
            .chain(of_house(world))
            .chain(curtailed(evidence))
            .chain(notices)
            .collect(),
        timeline: activity::timeline(evidence, &world.entity),
        allowed: Vec::new(),
        pseudonymised: false,
    };
    let mut place: BTreeMap<u32, (String, Verdict, f64)> = BTreeMap::new();
    let networks: Vec<(Verdict, Network)> = candidates
        .par_iter()
        .map(|candidate| {
            let verdict = inquiry.verdict(candidate);
            (verdict, inquiry.network(candidate, verdict))
        })
        .collect();
    for ((candidate, inside), (verdict, mut network)) in candidates.iter().zip(inside).zip(networks) {
        network.activity = document.timeline.as_ref().map(|t| activity::activity(t, evidence, &network.members));
        if inside.all > inside.listed.len() {
            document.notices.push(format!(
                "{} links between pairs of accounts inside {}, each over something rare; the {} rarest are listed. Such links \
                 suggest a group; none need be significant alone.",
                grouped(inside.all as u64),
                network.id,
                grouped(LINKS_LISTED as u64)
            ));
        }
        document.links.extend(inside.listed.iter().map(|(link, q)| inquiry.link(link, *q, &network.id)));
        for (account, membership) in candidate.accounts.iter().zip(&candidate.membership) {
            place.insert(*account, (network.id.clone(), verdict, *membership));
        }
        document.networks.push(network);
    }
    document.population.expected_false_networks = expected_false(&document.networks);
    document.accounts = (0u32..)
        .zip(&evidence.accounts)
        .map(|(i, (id, account))| {
            let (network_id, verdict, membership) =
                place.get(&i).cloned().unwrap_or((String::new(), Verdict::None, 0.0));
            Account {
                account_id: id.clone(),
                network_id,
                verdict,
                membership,
                requests: account.requests,
                output_tokens: account.output_tokens,
                ..activity::life(account, id, facts)
            }
        })
        .collect();
    document
}

/// Most of the networks that are expected to be false by chance. A q-value is that of a threshold and not of the network that
/// stands at it: the sum of all would take each for its own share.
fn expected_false(networks: &[Network]) -> f64 {
    networks.len() as f64 * networks.iter().map(|n| n.q_value).fold(0.0, f64::max)
}

/// Links inside a candidate.
#[derive(Default)]
struct Inside {
    /// How many there are.
    all: usize,
    /// The strongest, strongest first, with their q-values.
    listed: Vec<(PairLink, f64)>,
}

impl Inside {
    fn add(&mut self, link: PairLink) {
        self.all += 1;
        self.listed.push((link, 1.0));
        if self.listed.len() >= 2 * LINKS_LISTED {
            self.settle();
        }
    }

    fn settle(&mut self) {
        let strength = |x: &PairLink, y: &PairLink| {
            x.p_value.total_cmp(&y.p_value).then((x.a, x.b, x.object).cmp(&(y.a, y.b, y.object)))
        };
        self.listed.sort_by(|(x, _), (y, _)| strength(x, y));
        self.listed.truncate(LINKS_LISTED);
    }
}

/// Sides that look for links.
const LINKED: [Side; 2] = [Side::Content, Side::Control];

/// Tests of links that are made of so many accounts: of each pair one in every family that is looked at.
fn tests_of_links(accounts: u64, settings: &Settings) -> u64 {
    let looked_at: usize = LINKED.iter().map(|side| families(*side, settings).len()).sum();
    looked_at as u64 * (accounts * accounts.saturating_sub(1) / 2)
}

/// Links inside each candidate. No account stands in two candidates. Links are looked for once more, and not kept from the
/// search: that takes a part of its time, and to keep all of them would take most of the memory.
fn links_inside(inquiry: &Inquiry<'_>, candidates: &[Candidate]) -> Vec<Inside> {
    let Inquiry { scope: Scope { world, .. }, settings, .. } = inquiry;
    let mut home: Vec<Option<usize>> = vec![None; world.names.len()];
    for (place, candidate) in candidates.iter().enumerate() {
        candidate.accounts.iter().for_each(|a| home[*a as usize] = Some(place));
    }
    let mut inside: Vec<Inside> = candidates.iter().map(|_| Inside::default()).collect();
    let mut p_values = PValues::default();
    for side in LINKED {
        Pairs::new(world, &families(side, settings), &settings.proposals.pairs).each_link(|link| {
            p_values.push(link.p_value);
            if let (Some(a), Some(b)) = (home[link.a as usize], home[link.b as usize])
                && a == b
            {
                inside[a].add(link);
            }
        });
    }
    inside.iter_mut().for_each(Inside::settle);
    let wanted: Vec<f64> = inside.iter().flat_map(|i| &i.listed).map(|(link, _)| link.p_value).collect();
    let q_values = p_values.q_values(&wanted, tests_of_links(world.names.len() as u64, settings));
    inside.iter_mut().flat_map(|i| &mut i.listed).zip(q_values).for_each(|((_, q), value)| *q = value);
    inside
}

fn population(world: &World, evidence: &Evidence, groups_tested: u64) -> Population {
    let (first, last) = evidence.span().unzip();
    Population {
        accounts: world.names.len() as u64,
        entities: world.entity_count() as u64,
        first: first.map(rfc3339).unwrap_or_default(),
        last: last.map(rfc3339).unwrap_or_default(),
        groups_tested,
        expected_false_networks: 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::signal::Layer;

    /// Links by what people have and by where they work are two families of one side, and were counted as one.
    #[test]
    fn tests_of_links_were_fewer_than_the_families_that_were_looked_at() {
        let mut settings = Settings::default();
        assert_eq!(tests_of_links(10, &settings), 3 * 45);
        settings.leave_out = [Layer::Content].into();
        assert_eq!(tests_of_links(10, &settings), 2 * 45);
        assert_eq!(tests_of_links(0, &settings), 0);
    }

    #[test]
    fn one_doubtful_network_makes_all_doubtful_that_are_reported_with_it() {
        assert_eq!(expected_false(&[]), 0.0);
        let network = |q_value: f64| -> Network {
            let axis = r#"{"holds":true,"claims":[]}"#;
            let text = format!(
                r#"{{"id":"","verdict":"coordinated","confidence":"low","summary":"","members":[],"requests":0,"input_tokens":0,
                "output_tokens":0,"first":"","last":"","q_value":{q_value},"proposed_by":"","coordinated":{axis},
                "extraction":{axis},"evasive":{axis},"explanations":[],"exemplars":[]}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        assert_eq!(expected_false(&[network(1e-9), network(0.002), network(1e-6), network(1e-4)]), 0.008);
    }
}
