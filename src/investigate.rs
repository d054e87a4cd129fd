//! The main job from evidence to document: propose, test, correct over all groups, judge, write down.

use crate::activity;
use crate::candidates::{Candidate, Group, correct};
use crate::chance::benjamini_yekutieli;
use crate::document::*;
use crate::features::Evidence;
use crate::links::{Family, World};
use crate::proposals::{PairLink, Side};
use crate::scope::{Inquiry, Scope, Settings, Shared};
use crate::signals;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const SIDES: [Side; 3] = [Side::Content, Side::Control, Side::Profile];
/// Links listed for one network; all are counted.
const LINKS_LISTED: usize = 2_000;

/// What a search came to, before it is written down.
pub(crate) struct Found {
    /// In the order in which they are reported; an account stands in one.
    pub candidates: Vec<Candidate>,
    links: Vec<PairLink>,
    groups_tested: u64,
    notices: Vec<String>,
}

/// Proposes, tests, corrects and judges.
pub(crate) fn search(inquiry: &Inquiry<'_>) -> Found {
    let settings = inquiry.settings;
    let mut notices = Vec::new();
    let mut links: Vec<PairLink> = Vec::new();
    let mut proposed: Vec<(Side, Vec<u32>)> = Vec::new();
    for side in SIDES {
        let families: Vec<Family> =
            side.families().iter().copied().filter(|f| !settings.leave_out.contains(&f.layer())).collect();
        if families.is_empty() {
            continue;
        }
        let groups = if side == Side::Profile {
            inquiry.profiles().to_vec()
        } else {
            let proposal = inquiry.proposal(&families);
            if proposal.objects_left_out > 0 {
                notices.push(format!(
                    "{} very popular shared objects were left out of the search for groups to stay within {} pairs.",
                    proposal.objects_left_out, settings.proposals.pair_budget
                ));
            }
            links.extend(&proposal.links);
            proposal.groups.clone()
        };
        proposed.extend(groups.into_iter().map(|accounts| (side, accounts)));
    }
    let mut groups: Vec<Group> =
        proposed.into_par_iter().map(|(side, accounts)| inquiry.group(accounts, side)).collect();
    let tests_made = groups.iter().map(|g| g.tests.len() as u64).sum();
    correct(&mut groups, tests_made);
    let groups_tested = groups.len() as u64;
    groups.retain(|g| settings.findings.is_coordinated(&g.tests, g.proposed_by));

    let mut groups = inquiry.joined(groups);
    correct(&mut groups, tests_made);
    let mut candidates: Vec<Candidate> = groups.into_par_iter().map(|g| inquiry.members_only(g)).collect();
    candidates.retain(|c| c.accounts.len() >= settings.proposals.least_entities);
    let mut candidates = inquiry.merged(candidates);
    let tested = candidates.len();
    candidates.retain(|c| inquiry.verdict(c) != Verdict::None);
    let alike = tested - candidates.len();
    if alike > 0 {
        notices.push(format!(
            "{alike} groups are alike beyond chance in what people of one kind have in common (software, timetable, day of \
             sign-up); nothing says that one hand runs them, and they are not reported."
        ));
    }
    // Suspected before merely coordinated, surer side before less sure, larger before smaller.
    candidates.sort_by_cached_key(|c| {
        (inquiry.verdict(c), c.proposed_by, std::cmp::Reverse(c.accounts.len()), c.accounts.clone())
    });
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut standing = Vec::new();
    for candidate in candidates {
        if let Some(candidate) = inquiry.without(candidate, &taken) {
            taken.extend(&candidate.accounts);
            standing.push(candidate);
        }
    }
    let mut standing = inquiry.standing(standing, tests_made);
    standing.sort_by_cached_key(|c| {
        (inquiry.verdict(c), c.proposed_by, std::cmp::Reverse(c.accounts.len()), c.accounts.clone())
    });
    Found { candidates: standing, links, groups_tested, notices }
}

/// Runs the method.
pub fn investigate(scope: &Scope<'_>, settings: &Settings) -> Document {
    document(&Inquiry { scope, settings, shared: &Shared::default() })
}

/// The document of a run.
pub(crate) fn document(inquiry: &Inquiry<'_>) -> Document {
    let Inquiry { scope: Scope { evidence, facts, read, world, .. }, settings, .. } = inquiry;
    let Found { candidates, links, groups_tested, notices } = search(inquiry);
    let population = population(world, evidence, groups_tested);
    // Pairs are looked at twice, by content and by control.
    let pairs = population.entities * population.entities.saturating_sub(1);
    let p: Vec<f64> = links.iter().map(|l| l.p_value).collect();
    let q = benjamini_yekutieli(&p, pairs);
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
        notices: read.intake.notes.iter().cloned().chain(notices).collect(),
        timeline: activity::timeline(evidence),
        allowed: Vec::new(),
        pseudonymised: false,
    };
    let mut place: BTreeMap<u32, (String, Verdict, f64)> = BTreeMap::new();
    for (candidate, mut own) in candidates.iter().zip(links_inside(&candidates, &links, world.names.len())) {
        let verdict = inquiry.verdict(candidate);
        let mut network = inquiry.network(candidate, verdict);
        network.activity = document.timeline.as_ref().map(|t| activity::activity(t, evidence, &network.members));
        own.sort_by(|(_, x), (_, y)| x.p_value.total_cmp(&y.p_value).then((x.a, x.b).cmp(&(y.a, y.b))));
        if own.len() > LINKS_LISTED {
            document.notices.push(format!(
                "Of {} links inside {} the strongest {LINKS_LISTED} are listed.",
                own.len(),
                network.id
            ));
        }
        document.links.extend(own.iter().take(LINKS_LISTED).map(|(i, l)| inquiry.link(l, q[*i], &network.id)));
        for (account, membership) in candidate.accounts.iter().zip(&candidate.membership) {
            place.insert(*account, (network.id.clone(), verdict, *membership));
        }
        document.population.expected_false_networks += network.q_value;
        document.networks.push(network);
    }
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

/// Links inside each candidate, with their places. No account stands in two candidates.
fn links_inside<'l>(
    candidates: &[Candidate],
    links: &'l [PairLink],
    accounts: usize,
) -> Vec<Vec<(usize, &'l PairLink)>> {
    let mut home: Vec<Option<usize>> = vec![None; accounts];
    for (place, candidate) in candidates.iter().enumerate() {
        candidate.accounts.iter().for_each(|a| home[*a as usize] = Some(place));
    }
    let mut inside = vec![Vec::new(); candidates.len()];
    for (place, link) in links.iter().enumerate() {
        if let (Some(a), Some(b)) = (home[link.a as usize], home[link.b as usize])
            && a == b
        {
            inside[a].push((place, link));
        }
    }
    inside
}

fn population(world: &World, evidence: &Evidence, groups_tested: u64) -> Population {
    let (first, last) = evidence.span().unzip();
    let entities: BTreeSet<u32> = world.entity.iter().copied().collect();
    Population {
        accounts: world.names.len() as u64,
        entities: entities.len() as u64,
        first: first.map(rfc3339).unwrap_or_default(),
        last: last.map(rfc3339).unwrap_or_default(),
        groups_tested,
        expected_false_networks: 0.0,
    }
}
