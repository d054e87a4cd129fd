//! What is said of a network: every claim with its figure, its chance and its lines, in the words of the document.

use crate::candidates::Candidate;
use crate::document::*;
use crate::event::Origin;
use crate::explanations;
use crate::features::{AccountEvidence, Evidence};
use crate::findings;
use crate::group_tests::Test;
use crate::links::{Layer, Object};
use crate::pairs::PairLink;
use crate::scope::{Inquiry, Scope};
use crate::streams::{Layers, layers, material};
use std::collections::BTreeMap;

/// Log lines beside a claim.
const LINES_LISTED: usize = 5;
/// A family adds at most this much to the log-likelihood ratio, nats.
const FAMILY_CAP: f64 = 12.0;

/// A claim without a test: a figure beside what it is compared with.
fn described(signal: &str, statement: &str, (observed, expected): (f64, f64), unit: &str, lines: &[LineRef]) -> Claim {
    Claim {
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
    }
}

/// Where an account first touched an object that stands in its lines.
fn first_touch(evidence: &Evidence, (place, account): (u32, &AccountEvidence), object: &Object) -> Option<Origin> {
    match object.kind {
        "address" => account.addresses.get(object.value.as_str()).map(|(_, at)| (*at).into()),
        "client" => account.clients.get(object.value.as_str()).map(|(_, at)| (*at).into()),
        _ => evidence.carried(object.fingerprint()?, place).map(|carried| carried.at.into()),
    }
}

impl Inquiry<'_> {
    fn line(&self, at: Origin) -> LineRef {
        let file = self.scope.read.intake.files.get(at.file_id as usize).map_or("", |f| f.path.as_str());
        LineRef { file: file.to_owned(), line: at.line_no }
    }

    fn first_lines(&self, members: &[String]) -> Vec<LineRef> {
        let first = members.iter().filter_map(|m| self.scope.evidence.accounts.get(m)?.first_at);
        self.listed(first.collect())
    }

    /// Lines behind a test: where each account first touched what is shared; else its first line, of the accounts that
    /// agree with what was found.
    fn lines_behind(&self, test: &Test, candidate: &Candidate) -> Vec<LineRef> {
        let world = &self.scope.world;
        let shared: Vec<&Object> = match test.signal.rsplit_once('.') {
            Some((_, kind)) => {
                let of_kind = world.of_kind(kind);
                test.shared.iter().filter_map(|place| of_kind.get(*place as usize)).collect()
            }
            None => Vec::new(),
        };
        let evidence_of = |account: &u32| self.scope.evidence.accounts.get(&world.names[*account as usize]);
        let touched = |account: &u32| {
            let own = (*account, &**evidence_of(account)?);
            shared.iter().filter_map(|o| first_touch(self.scope.evidence, own, o)).min()
        };
        let mut lines: Vec<Origin> = candidate.accounts.iter().filter_map(touched).collect();
        if lines.is_empty() {
            let agrees = |account: &&u32| {
                test.agreeing.is_empty() || test.agreeing.get(&world.entity[**account as usize]) == Some(&true)
            };
            let agreeing = candidate.accounts.iter().filter(agrees);
            lines = agreeing.filter_map(|a| evidence_of(a)?.first_at).collect();
        }
        self.listed(lines)
    }

    fn listed(&self, mut lines: Vec<Origin>) -> Vec<LineRef> {
        lines.sort_unstable();
        lines.truncate(LINES_LISTED);
        lines.into_iter().map(|at| self.line(at)).collect()
    }

    fn claims(&self, candidate: &Candidate) -> Vec<Claim> {
        let mut tests: Vec<&Test> = candidate.tests.iter().collect();
        tests.sort_by(|a, b| a.q_value.total_cmp(&b.q_value).then(a.signal.cmp(b.signal)));
        let mut spent: BTreeMap<&str, f64> = BTreeMap::new();
        tests
            .into_iter()
            .map(|t| {
                let counts = self.settings.findings.counts(t, candidate.proposed_by);
                let left = spent.entry(t.family).or_insert(FAMILY_CAP);
                // Upper bound of the Bayes factor of a p-value (Sellke, Bayarri and Berger 2001).
                let p = t.outcome.p_value.max(f64::MIN_POSITIVE);
                let bound = if p < 1.0 / std::f64::consts::E { -(-std::f64::consts::E * p * p.ln()).ln() } else { 0.0 };
                let weight = if counts { bound.clamp(0.0, *left) } else { 0.0 };
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
                    lines: if counts { self.lines_behind(t, candidate) } else { Vec::new() },
                }
            })
            .collect()
    }

    pub fn network(&self, candidate: &Candidate, verdict: Verdict) -> Network {
        let members: Vec<String> =
            candidate.accounts.iter().map(|a| self.scope.world.names[*a as usize].clone()).collect();
        let accounts: Vec<_> = members.iter().filter_map(|m| self.scope.evidence.accounts.get(m)).collect();
        let lines = self.first_lines(&members);
        let claims = self.claims(candidate);
        let families = self.settings.findings.speaking(&candidate.tests, candidate.proposed_by);
        let counting = candidate.tests.iter().filter(|t| self.settings.findings.counts(t, candidate.proposed_by));
        let speaking: Vec<&str> = counting.map(|t| t.signal).collect();
        let q_value = findings::network_q(&candidate.tests, candidate.proposed_by, &self.settings.findings);
        let confidence = match families.len() {
            3.. if q_value < 0.001 && candidate.shape.texts > 0 => Confidence::High,
            2.. if q_value < 0.01 => Confidence::Medium,
            _ => Confidence::Low,
        };
        let requests = accounts.iter().map(|a| a.requests).sum();
        let word = match verdict {
            Verdict::SuspectedDistillation => "consistent with one operator harvesting outputs",
            Verdict::Coordinated if candidate.shape.texts == 0 => {
                "consistent with one operator; without texts (user_text) nothing says extraction"
            }
            Verdict::Coordinated => "consistent with one operator; nothing says extraction",
            _ => "consistent with work of one kind that is shaped like extraction; nothing says that one hand runs it",
        };
        let agree = match families.as_slice() {
            [] => ": no independent family of evidence agrees beyond chance".to_owned(),
            [one] => format!(": 1 independent family of evidence agrees beyond chance ({one})"),
            all => {
                format!(": {} independent families of evidence agree beyond chance ({})", all.len(), all.join(", "))
            }
        };
        let exemplars = findings::exemplars(self.scope.evidence, &members);
        let id = findings::network_id(&members);
        let content = !self.settings.leave_out.contains(&Layer::Content);
        let Layers { streams, pools, cells } =
            layers(&self.scope.world, self.scope.evidence, &candidate.accounts, content);
        Network {
            summary: format!("{} accounts with {requests} requests{agree}. This is {word}.", members.len()),
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
            coordinated: Axis { holds: verdict <= Verdict::Coordinated, claims },
            extraction: self.extraction(candidate, verdict, &lines),
            evasive: self.evasive(candidate, &members, &lines),
            streams,
            pools,
            cells,
            material: if content { material(accounts.iter().map(|a| &***a)) } else { None },
            explanations: explanations::weigh(&families, &speaking, &candidate.shape, candidate.proposed_by),
            robustness: Vec::new(),
            exemplars: exemplars
                .into_iter()
                .map(|(account, e)| Exemplar { account_id: account.to_owned(), at: self.line(e.at), excerpt: e.text() })
                .collect(),
            members,
            activity: None,
            set_aside: String::new(),
        }
    }

    fn extraction(&self, candidate: &Candidate, verdict: Verdict, lines: &[LineRef]) -> Axis {
        let shape = &candidate.shape;
        let s = &self.settings.findings;
        // What cannot be evaluated makes no claim; `signals` says that it could not.
        let unrepeated = match shape.beside_others {
            _ if shape.replicas.is_some() => {
                "texts that were sent into just as many accounts of the group as most of them, a few of it"
            }
            true => "texts that no other account of the group had sent before, of those that nobody outside it sent",
            false => "texts that no other account of the group had sent before",
        };
        let own = shape.own.words();
        let single_turn = format!("requests outside any conversation{own}");
        let ruled = format!("texts that match one rule pack{own}");
        let shares = [
            ("extraction.unrepeated", unrepeated, shape.unrepeated, s.least_unrepeated),
            ("extraction.single_turn", &single_turn, shape.single_turn, s.least_single_turn),
            ("extraction.uniform", "requests of one kind", shape.uniform, s.least_uniform),
            ("extraction.rules", &ruled, shape.rule_share, s.least_rule_share),
        ];
        let mut claims: Vec<Claim> = shares
            .into_iter()
            .filter_map(|(signal, words, value, least)| Some(described(signal, words, (value?, least), "share", lines)))
            .collect();
        let long = s.long_output(candidate.proposed_by, self.scope.baseline.outputs_beside(&candidate.accounts));
        claims.push(described(
            "extraction.output",
            &format!("typical output of its requests{own}"),
            (shape.output, long),
            "tokens",
            lines,
        ));
        claims.extend(shape.rhythm.map(|rhythm| Claim {
            counts: rhythm <= s.most_rhythm,
            ..described(
                "extraction.rhythm",
                "how often its accounts work at the same hours of the day: once as often as chance around the clock, one and a \
                 half times where they sleep eight hours; no more than the mark where a machine works",
                (rhythm, s.most_rhythm),
                "times",
                lines,
            )
        }));
        claims.extend(self.given_out(candidate, lines));
        Axis { holds: matches!(verdict, Verdict::SuspectedDistillation | Verdict::ExtractionLike), claims }
    }

    /// The ways in which the work is given out. Of most a test tells, under whose name the figures and q-value stand.
    fn given_out(&self, candidate: &Candidate, lines: &[LineRef]) -> Option<Claim> {
        let Candidate { tests, shape, proposed_by, .. } = candidate;
        let s = &self.settings.findings;
        let ways = s.given_out(tests, shape, *proposed_by);
        let mut behind = Vec::new();
        let mut words = Vec::new();
        for way in &ways {
            let told: Vec<&Test> = s.telling(*way, tests, *proposed_by).collect();
            let by: Vec<&str> = told.iter().map(|t| t.signal).collect();
            let by = if by.is_empty() { "extraction.rhythm".to_owned() } else { by.join(", ") };
            words.push(format!("{} ({by})", way.words()));
            behind.extend(told.into_iter().flat_map(|t| self.lines_behind(t, candidate)));
        }
        behind.sort();
        behind.dedup();
        behind.truncate(LINES_LISTED);
        let statement =
            format!("ways in which the work is given out, instead of arising in each account: {}", words.join("; "));
        let lines = if behind.is_empty() { lines } else { &behind };
        (!ways.is_empty())
            .then(|| described("extraction.given_out", &statement, (ways.len() as f64, 1.0), "ways", lines))
    }

    fn evasive(&self, candidate: &Candidate, members: &[String], lines: &[LineRef]) -> Axis {
        let Scope { facts, world, .. } = self.scope;
        let closed = members.iter().filter(|m| facts.get(*m).is_some_and(|f| f.closed_us.is_some())).count();
        let everyone = facts.values().filter(|f| f.closed_us.is_some()).count();
        let closed_share = everyone as f64 / facts.len().max(1) as f64;
        let rotates = &self.scope.baseline.census.rotates;
        let rotating = candidate.accounts.iter().filter(|a| rotates[**a as usize] == Some(true)).count();
        let world_share = rotates.iter().filter(|r| **r == Some(true)).count() as f64 / world.names.len() as f64;
        let n = members.len() as f64;
        let claim = |signal: &str, statement: &str, observed: usize, expected: f64, lines: &[LineRef]| Claim {
            family: "evasion".to_owned(),
            counts: observed as f64 >= (n / 2.0).min(3.0 * expected).max(3.0),
            ..described(signal, statement, (observed as f64, expected), "accounts", lines)
        };
        let mut claims = vec![
            claim(
                "evasion.rotation",
                "accounts that send hardly any two requests from one address",
                rotating,
                n * world_share,
                lines,
            ),
            claim("evasion.closed", "accounts that the provider had closed", closed, n * closed_share, lines),
        ];
        if let Some(found) = self.stacks().contradictions(&candidate.accounts) {
            let words = "accounts whose client names itself otherwise than its TLS handshake does";
            let lines = self.listed(found.lines);
            claims.push(claim("evasion.contradiction", words, found.members, n * found.share_outside, &lines));
        }
        // Replacement was tested; what speaks for one hand there speaks for hiding here.
        let replaced = candidate.tests.iter().filter(|t| t.signal == "time.succession");
        claims.extend(replaced.map(|t| Claim {
            family: "evasion".to_owned(),
            p_value: Some(t.outcome.p_value),
            q_value: Some(t.q_value),
            counts: self.settings.findings.counts(t, candidate.proposed_by),
            ..described(
                "evasion.succession",
                &t.statement,
                (t.outcome.observed, t.outcome.expected),
                t.unit,
                &self.lines_behind(t, candidate),
            )
        }));
        Axis { holds: claims.iter().any(|c| c.counts), claims }
    }

    pub fn link(&self, link: &PairLink, q_value: f64, network_id: &str) -> Link {
        let object = &self.scope.world.objects[link.object as usize];
        Link {
            account_a: self.scope.world.names[link.a as usize].clone(),
            account_b: self.scope.world.names[link.b as usize].clone(),
            network_id: network_id.to_owned(),
            family: object.family.name().to_owned(),
            shared: format!("{} {}", object.kind, object.value),
            popularity: object.popularity,
            p_value: link.p_value,
            q_value,
        }
    }
}
