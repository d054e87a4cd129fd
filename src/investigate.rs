//! The main job from evidence to document: propose, test, correct over all groups, judge, write down.

use crate::account_table::Facts;
use crate::baseline::{Baseline, Test, rotates};
use crate::chance::benjamini_yekutieli;
use crate::document::*;
use crate::event::Origin;
use crate::explanations;
use crate::features::Evidence;
use crate::findings::{self, FindingSettings, Shape};
use crate::ingest::IngestReport;
use crate::joining::{bridges, recruits};
use crate::links::{Family, Layer, Object, World, invert};
use crate::membership::{Common, memberships};
use crate::profiles::{ProfileSettings, propose_profiles};
use crate::proposals::{COMMON, PairLink, ProposalSettings, Side, propose};
use crate::signals;
use rayon::prelude::*;
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

/// A proposed group on its way to a verdict.
struct Candidate {
    accounts: Vec<u32>,
    /// Probability that each account belongs to it, in the order of `accounts`.
    membership: Vec<f64>,
    proposed_by: Side,
    tests: Vec<Test>,
    shape: Shape,
}

const SIDES: [Side; 3] = [Side::Content, Side::Control, Side::Profile];
/// Links listed for one network; all are counted.
const LINKS_LISTED: usize = 2_000;
/// Log lines beside a claim.
const LINES_LISTED: usize = 5;
/// A family adds at most this much to the log-likelihood ratio, nats.
const FAMILY_CAP: f64 = 12.0;
/// Log-odds that a carrier of a group's own template belongs to it, before anything else is known.
const CARRIER: f64 = 2.0;
/// Share of the smaller of two groups that has to stand in the larger for them to be one.
const OVERLAP: f64 = 0.5;

/// Everything that a run looks at, made once for any number of runs with other settings.
pub struct Scope<'a> {
    evidence: &'a Evidence,
    facts: &'a BTreeMap<String, Facts>,
    read: &'a IngestReport,
    world: World,
    baseline: Baseline,
}

impl<'a> Scope<'a> {
    /// From what was read.
    pub fn new(evidence: &'a Evidence, facts: &'a BTreeMap<String, Facts>, read: &'a IngestReport) -> Self {
        let world = invert(evidence, facts);
        let baseline = Baseline::new(&world, evidence, facts);
        Self { evidence, facts, read, world, baseline }
    }
}

/// Runs the method.
pub fn investigate(scope: &Scope<'_>, settings: &Settings) -> Document {
    let Scope { evidence, facts, read, world, baseline } = scope;
    let inquiry = Inquiry { world, evidence, baseline, settings };
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
            propose_profiles(world, evidence, &settings.profiles)
        } else {
            let proposal = propose(world, &families, &settings.proposals);
            if proposal.objects_left_out > 0 {
                notices.push(format!(
                    "{} very popular shared objects were left out of the search for groups to stay within {} pairs.",
                    proposal.objects_left_out, settings.proposals.pair_budget
                ));
            }
            links.extend(proposal.links);
            proposal.groups
        };
        proposed.extend(groups.into_iter().map(|accounts| (side, accounts)));
    }
    let mut candidates: Vec<Candidate> =
        proposed.into_par_iter().map(|(side, accounts)| inquiry.candidate(accounts, side)).collect();
    let tests_made = candidates.iter().map(|c| c.tests.len() as u64).sum();
    correct(&mut candidates, tests_made);
    let groups_tested = candidates.len() as u64;
    candidates.retain(|c| settings.findings.is_coordinated(&c.tests, c.proposed_by));

    let mut candidates = inquiry.joined(candidates);
    correct(&mut candidates, tests_made);
    let mut candidates: Vec<Candidate> = candidates.into_par_iter().map(|c| inquiry.members_only(c)).collect();
    candidates.retain(|c| c.accounts.len() >= settings.proposals.least_entities);
    let mut candidates = inquiry.merged(candidates);
    // Suspected before merely coordinated, surer side before less sure, larger before smaller: an account stands in one
    // network.
    candidates
        .sort_by_key(|c| (inquiry.verdict(c), c.proposed_by, std::cmp::Reverse(c.accounts.len()), c.accounts.clone()));
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut standing = Vec::new();
    for candidate in candidates {
        if let Some(candidate) = inquiry.without(candidate, &taken) {
            taken.extend(&candidate.accounts);
            standing.push(candidate);
        }
    }
    let candidates = standing;
    let pairs = {
        let entities: BTreeSet<u32> = world.entity.iter().copied().collect();
        let n = entities.len() as u64;
        n * n.saturating_sub(1) / 2 * 2
    };
    let p: Vec<f64> = links.iter().map(|l| l.p_value).collect();
    let q = benjamini_yekutieli(&p, pairs);
    let scene = Scene { world, evidence, facts, read, baseline, settings };
    let mut document = Document {
        schema_version: SCHEMA_VERSION.to_owned(),
        stillhunt_version: env!("CARGO_PKG_VERSION").to_owned(),
        intake: read.intake.clone(),
        signals: signals::evaluable(&read.intake, facts),
        left_out: settings.leave_out.iter().map(|l| l.name().to_owned()).collect(),
        population: population(world, evidence, groups_tested),
        networks: Vec::new(),
        accounts: Vec::new(),
        links: Vec::new(),
        notices,
    };
    let mut place: BTreeMap<u32, (String, Verdict, f64)> = BTreeMap::new();
    for candidate in &candidates {
        let verdict = inquiry.verdict(candidate);
        let network = scene.network(candidate, verdict);
        let inside: BTreeSet<u32> = candidate.accounts.iter().copied().collect();
        let mut own: Vec<(usize, &PairLink)> =
            links.iter().enumerate().filter(|(_, l)| inside.contains(&l.a) && inside.contains(&l.b)).collect();
        own.sort_by(|(_, x), (_, y)| x.p_value.total_cmp(&y.p_value).then((x.a, x.b).cmp(&(y.a, y.b))));
        if own.len() > LINKS_LISTED {
            document.notices.push(format!(
                "Of {} links inside {} the strongest {LINKS_LISTED} are listed.",
                own.len(),
                network.id
            ));
        }
        document.links.extend(own.iter().take(LINKS_LISTED).map(|(i, l)| scene.link(l, q[*i], &network.id)));
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
            }
        })
        .collect();
    document
}

/// What every step on the way to a verdict looks at.
struct Inquiry<'a> {
    world: &'a World,
    evidence: &'a Evidence,
    baseline: &'a Baseline,
    settings: &'a Settings,
}

impl Inquiry<'_> {
    fn candidate(&self, accounts: Vec<u32>, side: Side) -> Candidate {
        Candidate {
            tests: self.test(&accounts, side),
            shape: self.shape(&accounts),
            membership: vec![1.0; accounts.len()],
            accounts,
            proposed_by: side,
        }
    }

    fn test(&self, accounts: &[u32], side: Side) -> Vec<Test> {
        self.baseline.test(self.world, accounts, side, &self.settings.leave_out)
    }

    fn shape(&self, accounts: &[u32]) -> Shape {
        let reads_text = !self.settings.leave_out.contains(&Layer::Content);
        findings::shape(self.world, self.evidence, self.baseline, accounts, reads_text)
    }

    fn verdict(&self, candidate: &Candidate) -> Verdict {
        let (settings, side) = (&self.settings.findings, candidate.proposed_by);
        if candidate.shape.is_extraction(self.baseline, side, settings)
            && settings.one_hand(&candidate.tests, &candidate.shape, side)
        {
            Verdict::SuspectedDistillation
        } else {
            Verdict::Coordinated
        }
    }

    /// Joins groups that share templates of their own where the whole is better evidenced than its best part, and recruits
    /// carriers. Two campaigns on one benchmark share its wording, but together they are a worse account of either's
    /// payments, addresses and rhythm. Groups of one habit are left as they are.
    fn joined(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let (habits, mut candidates): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|c| c.proposed_by == Side::Profile);
        candidates.sort_by(|a, b| {
            let evidence = |c: &Candidate| findings::evidence(&c.tests);
            evidence(b).total_cmp(&evidence(a)).then_with(|| a.accounts.cmp(&b.accounts))
        });
        let groups: Vec<Vec<u32>> = candidates.iter().map(|c| c.accounts.clone()).collect();
        let bridges = bridges(self.world, &groups);
        let mut near: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for bridge in &bridges {
            for a in &bridge.groups {
                near.entry(*a).or_default().extend(bridge.groups.iter().filter(|b| *b != a));
            }
        }
        let mut free: BTreeSet<usize> = (0..groups.len()).collect();
        let mut joined = Vec::new();
        while let Some(seed) = free.pop_first() {
            let mut parts = BTreeSet::from([seed]);
            let mut whole: BTreeSet<u32> = groups[seed].iter().copied().collect();
            let mut known = findings::evidence(&candidates[seed].tests);
            // The seed has the best evidence of all that are free, so it says which families are free to test.
            let side = candidates[seed].proposed_by;
            let mut refused: BTreeSet<usize> = BTreeSet::new();
            loop {
                let neighbours = parts.iter().filter_map(|p| near.get(p)).flatten();
                let next = neighbours.filter(|n| free.contains(n) && !refused.contains(n)).min().copied();
                let Some(next) = next else { break };
                let together: Vec<u32> =
                    whole.iter().chain(&groups[next]).copied().collect::<BTreeSet<_>>().into_iter().collect();
                let evidence = findings::evidence(&self.test(&together, side));
                if evidence < known {
                    refused.insert(next);
                    continue;
                }
                known = evidence;
                free.remove(&next);
                parts.insert(next);
                whole.extend(&groups[next]);
            }
            let mut accounts: Vec<u32> = whole.into_iter().collect();
            accounts.extend(recruits(&bridges, &parts, &accounts));
            accounts.sort_unstable();
            joined.push(self.candidate(accounts, side));
        }
        joined.extend(habits);
        joined
    }

    /// Leaves out accounts that contradict what the group was found to have in common. The tests stay those of the
    /// group as proposed: tested again, a group chosen by a test would pass it.
    fn members_only(&self, candidate: Candidate) -> Candidate {
        let settings = &self.settings.findings;
        let mut best: BTreeMap<&str, &Test> = BTreeMap::new();
        for test in
            candidate.tests.iter().filter(|t| settings.speaks(t, candidate.proposed_by) && !t.agreeing.is_empty())
        {
            let held = best.entry(test.family).or_insert(test);
            if (test.q_value, test.signal) < (held.q_value, held.signal) {
                *held = test;
            }
        }
        let entity = |account: &u32| self.world.entity[*account as usize];
        let mut common: Vec<Common> = best
            .into_values()
            .map(|t| Common {
                agrees: candidate.accounts.iter().map(|a| t.agreeing.get(&entity(a)).copied()).collect(),
                background: t.background,
            })
            .collect();
        let inside: BTreeSet<u32> = candidate.accounts.iter().copied().collect();
        let own = findings::own_templates(self.world, &candidate.accounts);
        let held = |o: &Object| o.accounts.iter().filter(|a| inside.contains(a)).count() as f64;
        let purity = |o: &Object| held(o) / o.accounts.len() as f64;
        let mut of_most: Vec<&Object> =
            own.iter().copied().filter(|o| held(o) >= COMMON * inside.len() as f64).collect();
        // Words of the material are carried by many; the group's own instruction by hardly anyone else.
        let purest = of_most.iter().map(|o| purity(o)).fold(0.0, f64::max);
        of_most.retain(|o| purity(o) >= 0.9 * purest);
        let mut prior = vec![0.0; candidate.accounts.len()];
        if of_most.is_empty() {
            // Several variants, none carried by most: to carry any is all that can be asked.
            let carriers: BTreeSet<u32> = own.iter().flat_map(|o| o.accounts.iter().copied()).collect();
            for (prior, account) in prior.iter_mut().zip(&candidate.accounts) {
                *prior = if carriers.contains(account) { CARRIER } else { 0.0 };
            }
        } else {
            let carried = |account: &u32| {
                let n = of_most.iter().filter(|o| o.accounts.binary_search(account).is_ok()).count();
                2 * n >= of_most.len()
            };
            // A network was looked for by its templates: to carry one says little more, to carry none a lot.
            common.push(Common {
                agrees: candidate.accounts.iter().map(|a| Some(carried(a))).collect(),
                background: (-CARRIER).exp(),
            });
        }
        let (accounts, membership): (Vec<u32>, Vec<f64>) = candidate
            .accounts
            .iter()
            .copied()
            .zip(memberships(&common, &prior))
            .filter(|(_, probability)| *probability >= 0.5)
            .unzip();
        let shape = self.shape(&accounts);
        Candidate { accounts, membership, shape, ..candidate }
    }

    /// A group without accounts that stand elsewhere. What is left of one that lost most of them is not the group that was
    /// tested: `None`.
    fn without(&self, mut candidate: Candidate, taken: &BTreeSet<u32>) -> Option<Candidate> {
        let before = candidate.accounts.len();
        let both = candidate.accounts.iter().copied().zip(candidate.membership.iter().copied());
        (candidate.accounts, candidate.membership) = both.filter(|(a, _)| !taken.contains(a)).unzip();
        let left = candidate.accounts.len();
        (left >= self.settings.proposals.least_entities && 2 * left >= before).then_some(candidate)
    }

    /// Makes one of groups that overlap and were not proposed by content: a network with ten payment instruments is one
    /// group of one habit and ten of one payment. The surest tests are kept.
    fn merged(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let (mut habits, mut merged): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|c| c.proposed_by != Side::Content);
        let surest = |c: &Candidate| findings::network_q(&c.tests, &self.settings.findings);
        habits.sort_by(|a, b| {
            surest(a)
                .total_cmp(&surest(b))
                .then(b.accounts.len().cmp(&a.accounts.len()))
                .then_with(|| a.accounts.cmp(&b.accounts))
        });
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
            let mut all: BTreeMap<u32, f64> =
                home.accounts.iter().copied().zip(home.membership.iter().copied()).collect();
            for (account, membership) in habit.accounts.iter().zip(&habit.membership) {
                all.entry(*account).or_insert(*membership);
            }
            (home.accounts, home.membership) = all.into_iter().unzip();
            home.shape = self.shape(&home.accounts);
        }
        merged.extend(kept);
        merged
    }
}

/// q-values over every test of every group, so that looking at many groups costs what it should.
fn correct(candidates: &mut [Candidate], tests_made: u64) {
    let p: Vec<f64> = candidates.iter().flat_map(|c| c.tests.iter().map(|t| t.outcome.p_value)).collect();
    let mut q = benjamini_yekutieli(&p, tests_made).into_iter();
    for test in candidates.iter_mut().flat_map(|c| &mut c.tests) {
        test.q_value = q.next().unwrap_or(1.0);
    }
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

/// µs since the Unix epoch as RFC 3339, whole seconds.
pub fn rfc3339(us: i64) -> String {
    chrono::DateTime::from_timestamp_micros(us)
        .map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        .unwrap_or_default()
}

/// What every claim is written from.
struct Scene<'a> {
    world: &'a World,
    evidence: &'a Evidence,
    facts: &'a BTreeMap<String, Facts>,
    read: &'a IngestReport,
    baseline: &'a Baseline,
    settings: &'a Settings,
}

impl Scene<'_> {
    fn line(&self, at: Origin) -> LineRef {
        let file = self.read.intake.files.get(at.file_id as usize).map_or("", |f| f.path.as_str());
        LineRef { file: file.to_owned(), line: at.line_no }
    }

    fn first_lines(&self, members: &[String]) -> Vec<LineRef> {
        let mut lines: Vec<LineRef> =
            members.iter().filter_map(|m| self.evidence.accounts.get(m)?.first_at).map(|at| self.line(at)).collect();
        lines.sort();
        lines.truncate(LINES_LISTED);
        lines
    }

    fn claims(&self, candidate: &Candidate, lines: &[LineRef]) -> Vec<Claim> {
        let mut tests: Vec<&Test> = candidate.tests.iter().collect();
        tests.sort_by(|a, b| a.q_value.total_cmp(&b.q_value).then(a.signal.cmp(b.signal)));
        let mut spent: BTreeMap<&str, f64> = BTreeMap::new();
        tests
            .into_iter()
            .map(|t| {
                let counts = self.settings.findings.speaks(t, candidate.proposed_by);
                let left = spent.entry(t.family).or_insert(FAMILY_CAP);
                // Upper bound of the Bayes factor of a p-value (Sellke, Bayarri and Berger 2001).
                let p = t.outcome.p_value.max(f64::MIN_POSITIVE);
                let bound = if p < 1.0 / std::f64::consts::E { -(-std::f64::consts::E * p * p.ln()).ln() } else { 0.0 };
                let weight = bound.clamp(0.0, *left);
                *left -= weight;
                Claim {
                    signal: t.signal.to_owned(),
                    family: t.family.to_owned(),
                    statement: t.statement.clone(),
                    observed: t.outcome.observed,
                    expected: t.outcome.expected,
                    unit: t.unit.to_owned(),
                    p_value: Some(t.outcome.p_value),
                    q_value: Some(t.q_value),
                    weight,
                    counts,
                    lines: if counts { lines.to_vec() } else { Vec::new() },
                }
            })
            .collect()
    }

    fn network(&self, candidate: &Candidate, verdict: Verdict) -> Network {
        let members: Vec<String> = candidate.accounts.iter().map(|a| self.world.names[*a as usize].clone()).collect();
        let accounts: Vec<_> = members.iter().filter_map(|m| self.evidence.accounts.get(m)).collect();
        let lines = self.first_lines(&members);
        let claims = self.claims(candidate, &lines);
        let families = self.settings.findings.speaking(&candidate.tests, candidate.proposed_by);
        let q_value = findings::network_q(&candidate.tests, &self.settings.findings);
        let confidence = match families.len() {
            3.. if q_value < 0.001 && candidate.shape.texts > 0 => Confidence::High,
            2.. if q_value < 0.01 => Confidence::Medium,
            _ => Confidence::Low,
        };
        let requests = accounts.iter().map(|a| a.requests).sum();
        let word = match verdict {
            Verdict::SuspectedDistillation => "consistent with one operator harvesting outputs",
            _ => "consistent with one operator; nothing says extraction",
        };
        let exemplars = findings::exemplars(self.evidence, &members);
        let id = findings::network_id(&members);
        Network {
            summary: format!(
                "{} accounts with {requests} requests, {word}; {} independent families of evidence agree ({}).",
                members.len(),
                families.len(),
                families.join(", ")
            ),
            id,
            verdict,
            confidence,
            requests,
            input_tokens: accounts.iter().map(|a| a.input_tokens).sum(),
            output_tokens: accounts.iter().map(|a| a.output_tokens).sum(),
            first: accounts.iter().map(|a| a.first_us).min().map(rfc3339).unwrap_or_default(),
            last: accounts.iter().map(|a| a.last_us).max().map(rfc3339).unwrap_or_default(),
            q_value,
            proposed_by: candidate.proposed_by.words(),
            coordinated: Axis { holds: true, claims },
            extraction: self.extraction(candidate, verdict, &lines),
            evasive: self.evasive(&members, &lines),
            explanations: explanations::weigh(&families, &candidate.shape),
            robustness: Vec::new(),
            exemplars: exemplars
                .into_iter()
                .map(|(account, e)| Exemplar {
                    account_id: account.to_owned(),
                    at: self.line(e.at),
                    excerpt: e.text.clone(),
                })
                .collect(),
            members,
        }
    }

    fn extraction(&self, candidate: &Candidate, verdict: Verdict, lines: &[LineRef]) -> Axis {
        let shape = &candidate.shape;
        let s = &self.settings.findings;
        let claim = |signal: &str, statement: &str, observed: f64, expected: f64, unit: &str| Claim {
            signal: signal.to_owned(),
            family: "content".to_owned(),
            statement: statement.to_owned(),
            observed,
            expected,
            unit: unit.to_owned(),
            p_value: None,
            q_value: None,
            weight: 0.0,
            counts: observed >= expected,
            lines: lines.to_vec(),
        };
        // What cannot be evaluated makes no claim; `signals` says that it could not.
        let shares = [
            ("extraction.unrepeated", "texts that the group had not sent before", shape.unrepeated, s.least_unrepeated),
            ("extraction.single_turn", "requests outside any conversation", shape.single_turn, s.least_single_turn),
            ("extraction.rules", "texts that match one rule pack", shape.rule_share, s.least_rule_share),
        ];
        let mut claims: Vec<Claim> = shares
            .into_iter()
            .filter_map(|(signal, words, value, least)| Some(claim(signal, words, value?, least, "share")))
            .collect();
        let long = s.long_output(candidate.proposed_by) * self.baseline.ordinary_output;
        claims.push(claim("extraction.output", "typical output of these requests", shape.output, long, "tokens"));
        Axis { holds: verdict == Verdict::SuspectedDistillation, claims }
    }

    fn evasive(&self, members: &[String], lines: &[LineRef]) -> Axis {
        let closed = members.iter().filter(|m| self.facts.get(*m).is_some_and(|f| f.closed_us.is_some())).count();
        let everyone = self.facts.values().filter(|f| f.closed_us.is_some()).count();
        let closed_share = everyone as f64 / self.facts.len().max(1) as f64;
        let fresh = |m: &&String| self.evidence.accounts.get(*m).is_some_and(|a| rotates(a) == Some(true));
        let rotating = members.iter().filter(fresh).count();
        let world = self.world.names.iter().filter(fresh).count() as f64 / self.world.names.len() as f64;
        let n = members.len() as f64;
        let claim = |signal: &str, statement: &str, observed: usize, expected: f64| Claim {
            signal: signal.to_owned(),
            family: "evasion".to_owned(),
            statement: statement.to_owned(),
            observed: observed as f64,
            expected,
            unit: "accounts".to_owned(),
            p_value: None,
            q_value: None,
            weight: 0.0,
            counts: observed as f64 >= (n / 2.0).min(3.0 * expected).max(3.0),
            lines: lines.to_vec(),
        };
        let claims = vec![
            claim("evasion.rotation", "accounts that hardly ever use an address twice", rotating, n * world),
            claim("evasion.closed", "accounts that the provider had closed", closed, n * closed_share),
        ];
        Axis { holds: claims.iter().any(|c| c.counts), claims }
    }

    fn link(&self, link: &PairLink, q_value: f64, network_id: &str) -> Link {
        let object = &self.world.objects[link.object as usize];
        Link {
            account_a: self.world.names[link.a as usize].clone(),
            account_b: self.world.names[link.b as usize].clone(),
            network_id: network_id.to_owned(),
            family: object.family.name().to_owned(),
            shared: format!("{} {}", object.kind, object.value),
            popularity: object.popularity,
            p_value: link.p_value,
            q_value,
        }
    }
}
