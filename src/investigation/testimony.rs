//! What is said of a network: every claim with its figure, its chance and its lines, in the words of the document.

use crate::document::glossary::{self, grouped};
use crate::document::signal::{Layer, Signal};
use crate::document::*;
use crate::evidence::features::AccountEvidence;
use crate::evidence::rules;
use crate::intake::account_table::is_public_mail;
use crate::investigation::citations::{LINES_LISTED, exemplars};
use crate::investigation::streams::{Layers, layers, material};
use crate::judgement::candidates::Candidate;
use crate::judgement::dispatch::GivenOut;
use crate::judgement::explanations;
use crate::judgement::findings;
use crate::judgement::scope::{Inquiry, Scope};
use crate::judgement::shape::{Own, Shape, Sight, beside, sights};
use crate::population::baseline::Baseline;
use crate::search::pairs::PairLink;
use crate::statistics::group_tests::{Counts, Test, stated};
use std::collections::{BTreeMap, BTreeSet};

/// E-mail domains that a statement names.
const DOMAINS_NAMED: usize = 6;
/// A family adds at most this much to the log of the Bayes factor.
const FAMILY_CAP: f64 = 12.0;

/// A claim without a test: a figure beside the threshold from which it counts.
fn described(
    signal: Signal,
    statement: &str,
    (observed, expected): (f64, f64),
    unit: &str,
    lines: &[LineRef],
) -> Claim {
    Claim {
        signal: signal.to_string(),
        family: Layer::Content.name().to_owned(),
        statement: statement.to_owned(),
        finding: glossary::finding(signal.id()).to_owned(),
        observed,
        expected,
        compared_with: "mark".to_owned(),
        everybody_else: None,
        out_of: None,
        elsewhere: None,
        at_most: false,
        unit: unit.to_owned(),
        p_value: None,
        q_value: None,
        weight: 0.0,
        counts: observed >= expected,
        lines: lines.to_vec(),
        table_rows: Vec::new(),
        domains: Vec::new(),
    }
}

/// Whether claims are signs of evasion. Closed accounts alone are none: the provider may have closed them.
fn is_evasion(claims: &[Claim]) -> bool {
    claims.iter().any(|c| c.counts && c.signal != Signal::EvasionClosed.id())
}

impl Inquiry<'_> {
    /// The e-mail domains that a test is about, those of most members first.
    fn domains(&self, test: &Test, candidate: &Candidate) -> Vec<String> {
        if ![Signal::IdentityEmailDomain, Signal::IdentityOwnDomain].contains(&test.signal) {
            return Vec::new();
        }
        let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
        for account in self.agreeing(test, &candidate.accounts) {
            let facts = self.scope.facts.get(&self.scope.world.names[account as usize]);
            facts.and_then(|f| f.email_domain.as_deref()).into_iter().for_each(|d| *domains.entry(d).or_default() += 1);
        }
        let mut named: Vec<(&str, usize)> = domains.into_iter().collect();
        named.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        named.into_iter().map(|(domain, _)| domain.to_owned()).collect()
    }

    /// A statement with the domains that it is about, and what is known of each: to be at a public provider ties nobody.
    fn named(statement: &str, domains: &[String]) -> String {
        if let [only] = domains
            && is_public_mail(only)
        {
            let provider = format!("a public e-mail provider ({only})");
            let said = statement.replacen("have e-mail addresses at one domain", &format!("use {provider}"), 1);
            let said = said.replacen("has e-mail addresses at one domain", &format!("uses {provider}"), 1);
            if said != statement {
                return said + "; weak evidence: anyone can use it";
            }
        }
        let said = |domain: &String| {
            if is_public_mail(domain) { format!("{domain} (a public provider)") } else { domain.clone() }
        };
        let mut named: Vec<String> = domains.iter().take(DOMAINS_NAMED).map(said).collect();
        if domains.len() > DOMAINS_NAMED {
            named.push(format!("and {} more", domains.len() - DOMAINS_NAMED));
        }
        let named = if named.is_empty() { String::new() } else { format!("; domains: {}", named.join(", ")) };
        statement.to_owned() + &named
    }

    fn claims(&self, candidate: &Candidate) -> Vec<Claim> {
        let mut tests: Vec<&Test> = candidate.tests.iter().collect();
        tests.sort_by(|a, b| a.q_value.total_cmp(&b.q_value).then(a.signal.cmp(&b.signal)));
        let mut spent: BTreeMap<Option<Layer>, f64> = BTreeMap::new();
        tests
            .into_iter()
            .map(|t| {
                let counts = self.settings.findings.counts(t, candidate.proposed_by);
                let left = spent.entry(t.signal.layer()).or_insert(FAMILY_CAP);
                // Upper bound of the Bayes factor of a p-value (Sellke, Bayarri and Berger 2001).
                let p = t.outcome.p_value.max(f64::MIN_POSITIVE);
                let bound = if p < 1.0 / std::f64::consts::E {
                    -libm::log(-std::f64::consts::E * p * libm::log(p))
                } else {
                    0.0
                };
                let weight = if counts { bound.clamp(0.0, *left) } else { 0.0 };
                *left -= weight;
                let (lines, table_rows) = if counts { self.cited(t, candidate) } else { Default::default() };
                let domains = self.domains(t, candidate);
                Claim {
                    signal: t.signal.to_string(),
                    family: t.signal.family().to_owned(),
                    statement: Self::named(&t.statement, &domains),
                    finding: if t.finding.is_empty() {
                        glossary::finding(t.signal.id()).to_owned()
                    } else {
                        t.finding.clone()
                    },
                    observed: t.outcome.observed,
                    expected: t.outcome.expected,
                    compared_with: "chance".to_owned(),
                    everybody_else: None,
                    out_of: (!t.agreeing.is_empty() && t.counts == Counts::Members).then_some(t.agreeing.len() as f64),
                    elsewhere: t.elsewhere,
                    at_most: false,
                    unit: t.unit.to_owned(),
                    p_value: Some(t.outcome.p_value),
                    q_value: Some(t.q_value),
                    weight,
                    counts,
                    lines,
                    table_rows,
                    domains,
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
        let speaking: Vec<Signal> = counting.map(|t| t.signal).collect();
        let q_value = findings::network_q(&candidate.tests, candidate.proposed_by, &self.settings.findings);
        let confidence = match families.len() {
            3.. if q_value < 0.001 && candidate.shape.rule_share.is_some() => Confidence::High,
            2.. if q_value < 0.01 => Confidence::Medium,
            _ => Confidence::Low,
        };
        let sum = |of: fn(&AccountEvidence) -> u64| accounts.iter().map(|a| of(a)).fold(0, u64::saturating_add);
        let requests = sum(|a| a.requests);
        let extraction = self.extraction(candidate, verdict, &lines);
        let open = format!(
            "consistent with one operator that does not hide it ({}); extraction is not shown",
            Shape::ONE_CUSTOMER
        );
        let word = match verdict {
            Verdict::SuspectedDistillation => "consistent with one operator collecting model outputs for training",
            Verdict::Coordinated if candidate.shape.texts == 0 => {
                "consistent with one operator; the log has no prompt text, and what it does record (lengths, parameters, times) does \
                 not show extraction"
            }
            Verdict::Coordinated if candidate.shape.one_customer => &open,
            Verdict::Coordinated if extraction.claims.iter().any(|c| c.counts) => {
                "consistent with one operator; extraction is not shown"
            }
            Verdict::Coordinated => "consistent with one operator; no sign of extraction was found",
            _ => "consistent with extraction-like work; nothing shows a single operator",
        };
        // Claims are in order of their q-values: the first of a family carries it.
        let mut of_others: BTreeSet<&str> = families.iter().map(|family| family.name()).collect();
        let carries = |c: &&Claim| c.counts && of_others.remove(c.family.as_str());
        let names: Vec<&str> = claims.iter().filter(carries).map(|c| glossary::name(&c.signal)).collect();
        let agree = match names.as_slice() {
            [] => "No kind of evidence exceeds chance".to_owned(),
            [one] => format!("1 kind of evidence exceeds chance: {one}"),
            all => format!("{} kinds of evidence exceed chance: {}", all.len(), all.join(", ")),
        };
        let exemplars = exemplars(self.scope.evidence, &members);
        let id = network_id(&members);
        let content = self.looks_at(Layer::Content);
        let Layers { streams, pools, cells } =
            layers(&self.scope.world, self.scope.evidence, &candidate.accounts, content);
        Network {
            summary: format!(
                "{} accounts with {} requests. {agree}. This is {word}.",
                grouped(members.len() as u64),
                grouped(requests)
            ),
            id,
            verdict,
            confidence,
            requests,
            input_tokens: sum(|a| a.input_tokens),
            output_tokens: sum(|a| a.output_tokens),
            first: accounts.iter().map(|a| a.first_us).min().map(rfc3339).unwrap_or_default(),
            last: accounts.iter().map(|a| a.last_us).max().map(rfc3339).unwrap_or_default(),
            q_value,
            proposed_by: candidate.proposed_by.words(),
            coordinated: Axis { holds: verdict <= Verdict::Coordinated, claims },
            judged_on: candidate.shape.judged_on(),
            extraction,
            evasive: self.evasive(candidate),
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
        let sights = self.sights(&candidate.accounts);
        let lines_of = |shows: fn(&Sight) -> bool| {
            let of = |shows: &dyn Fn(&&Sight) -> bool| sights.iter().filter(shows).map(|s| s.at).collect::<Vec<_>>();
            let shown = of(&|sight| shows(sight));
            // Where it is known of no line, those of which the share is.
            self.listed(if shown.is_empty() { of(&|_| true) } else { shown })
        };
        let (work, alone) = (lines_of(|_| true), lines_of(|sight| sight.single_turn));
        // Of a template's own requests those that match are known where all of an account's do; others are no lines of it.
        let matching = match shape.own {
            _ if sights.iter().any(|s| s.ruled) => lines_of(|s| s.ruled),
            Own::All => self.ruled_lines(candidate),
            _ => Vec::new(),
        };
        let outputs = self.scope.baseline.outputs_beside(&candidate.accounts);
        let others = beside(&self.scope.baseline, &candidate.accounts);
        let unrepeated_by_others = others.unrepeated.filter(|_| shape.replicas.is_none());
        // What cannot be evaluated makes no claim; `signals` says that it could not.
        let shares = [
            (
                Signal::ExtractionUnrepeated,
                shape.unrepeated_words(),
                shape.unrepeated,
                s.least_unrepeated,
                unrepeated_by_others,
                &work,
            ),
            (
                Signal::ExtractionSingleTurn,
                shape.single_turn_words(),
                shape.single_turn,
                s.least_single_turn,
                others.single_turn,
                &alone,
            ),
            (Signal::ExtractionUniform, shape.uniform_words(), shape.uniform, s.least_uniform, None, &work),
        ];
        let mut claims: Vec<Claim> = shares
            .into_iter()
            .filter_map(|(signal, words, value, least, everybody_else, lines)| {
                Some(Claim { everybody_else, ..described(signal, &words?, (value?, least), "share", lines) })
            })
            .collect();
        let long = s.long_output(candidate.proposed_by, outputs);
        claims.extend(shape.rule_share.zip(shape.rules_words()).map(|(share, words)| {
            let matches = share >= s.least_rule_share;
            let too_short = matches && s.is_too_short(shape, shape.output >= long);
            let but = if too_short { "; the answers are not as long as such prompts ask for" } else { "" };
            let statement = words + &self.packs(candidate) + but;
            Claim {
                counts: matches && !too_short,
                everybody_else: others.rule_share,
                ..described(Signal::ExtractionRules, &statement, (share, s.least_rule_share), "share", &matching)
            }
        }));
        // A log without output tokens tells of no length.
        claims.extend((shape.output + outputs.median > 0.0).then(|| Claim {
            everybody_else: Some(outputs.median),
            ..described(
                Signal::ExtractionOutput,
                &shape.output_words(shape.output >= long),
                (shape.output, long),
                "tokens",
                &work,
            )
        }));
        let awake = shape.rhythm.is_some_and(|rhythm| rhythm <= s.most_rhythm);
        let rhythm = shape.rhythm.zip(shape.rhythm_words(awake));
        claims.extend(rhythm.map(|(rhythm, words)| Claim {
            counts: awake,
            at_most: true,
            ..described(Signal::ExtractionRhythm, &words, (rhythm, s.most_rhythm), "index", lines)
        }));
        let ways = s.given_out(&candidate.tests, shape, candidate.proposed_by);
        claims.extend(self.spread(candidate, &ways));
        claims.extend(self.given_out(candidate, &ways, lines));
        Axis { holds: matches!(verdict, Verdict::SuspectedDistillation | Verdict::ExtractionLike), claims }
    }

    /// By how much the rates of the accounts differ: told where a test says that they keep to any quota.
    fn spread(&self, candidate: &Candidate, ways: &[GivenOut]) -> Option<Claim> {
        let Candidate { tests, shape, proposed_by, .. } = candidate;
        let s = &self.settings.findings;
        let (spread, test) = (shape.spread?, s.telling(GivenOut::ToMeasure, tests, *proposed_by).next()?);
        let statement = format!(
            "request rates of the accounts differ by at most {} beyond random variation (90 % confidence)",
            glossary::percent(spread)
        );
        Some(Claim {
            counts: ways.contains(&GivenOut::ToMeasure),
            at_most: true,
            ..described(
                Signal::ExtractionSpread,
                &statement,
                (spread, s.most_spread),
                "share",
                &self.cited(test, candidate).0,
            )
        })
    }

    fn sights(&self, accounts: &[u32]) -> Vec<Sight> {
        let Scope { evidence, baseline, .. } = self.scope;
        let content = self.looks_at(Layer::Content);
        sights(evidence, baseline, accounts, &self.own_templates(accounts), content)
    }

    /// Lines whose text matches a rule pack, whether they are the group's own work or not.
    fn ruled_lines(&self, candidate: &Candidate) -> Vec<LineRef> {
        let accounts = candidate.accounts.iter().map(|id| self.scope.baseline.accounts[*id as usize]);
        self.listed(accounts.filter_map(|a| a.rule_hits.values().map(|(_, at)| (*at).into()).min()).collect())
    }

    /// Which known wordings stand most often in requests of these accounts, with what it asks for.
    fn packs(&self, candidate: &Candidate) -> String {
        let mut hits: BTreeMap<&str, u64> = BTreeMap::new();
        for account in candidate.accounts.iter().map(|id| self.scope.baseline.accounts[*id as usize]) {
            account.rule_hits.iter().for_each(|(pack, (n, _))| *hits.entry(*pack).or_default() += u64::from(*n));
        }
        let most = hits.into_iter().filter(|(_, n)| *n > 0).max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)));
        most.map(|(pack, _)| format!(" (in these accounts most often {pack}: {})", rules::gloss(pack)))
            .unwrap_or_default()
    }

    /// The ways in which the work is given out. Of most a test tells, under whose name the figures and q-value stand.
    fn given_out(&self, candidate: &Candidate, ways: &[GivenOut], lines: &[LineRef]) -> Option<Claim> {
        let Candidate { tests, proposed_by, .. } = candidate;
        let s = &self.settings.findings;
        let (mut behind, mut table_rows, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for way in ways {
            let told: Vec<&Test> = s.telling(*way, tests, *proposed_by).collect();
            words.push(way.words());
            for (lines, rows) in told.into_iter().map(|t| self.cited(t, candidate)) {
                behind.extend(lines);
                table_rows.extend(rows);
            }
        }
        behind.sort();
        behind.dedup();
        behind.truncate(LINES_LISTED);
        table_rows.sort_unstable();
        table_rows.dedup();
        table_rows.truncate(LINES_LISTED);
        let statement = format!("signs that work is distributed centrally: {}", words.join("; "));
        let lines = if behind.is_empty() && table_rows.is_empty() { lines } else { &behind };
        let seen = (ways.len() as f64, 1.0);
        (!ways.is_empty()).then(|| Claim {
            table_rows,
            finding: format!("distributed: {}", words.join(", ")),
            ..described(Signal::ExtractionGivenOut, &statement, seen, "signs", lines)
        })
    }

    fn evasive(&self, candidate: &Candidate) -> Axis {
        let Scope { facts, world, .. } = self.scope;
        let Baseline { accounts, census, .. } = &self.scope.baseline;
        let least_lift = self.settings.findings.least_lift;
        let claim =
            |signal: Signal, statement: &str, (seen, of): (usize, usize), expected: f64, lines: &[LineRef]| Claim {
                family: signal.family().to_owned(),
                compared_with: "everybody".to_owned(),
                counts: seen as f64 >= (of as f64 / 2.0).min(3.0 * expected).max(least_lift * expected).max(3.0),
                out_of: Some(of as f64),
                ..described(signal, statement, (seen as f64, expected), "accounts", lines)
            };
        let members =
            |is: &dyn Fn(u32) -> bool| candidate.accounts.iter().copied().filter(|a| is(*a)).collect::<Vec<u32>>();
        let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;

        let rotates = &census.rotates;
        let rotating = members(&|account| rotates[account as usize] == Some(true));
        let first_lines = self.listed(rotating.iter().filter_map(|id| accounts[*id as usize].first_at).collect());
        // Where a test was made of it its figures are these, or one thing would have two chances in one report.
        let test = candidate.tests.iter().find(|t| t.signal == Signal::InfrastructureRotation);
        let counted = test.filter(|t| self.settings.findings.counts(t, candidate.proposed_by));
        let (statement, seen, expected) = match test {
            Some(t) => {
                let seen = (t.outcome.observed as usize, t.agreeing.len());
                let again = counted.map(|_| {
                    format!(
                        "IP address rotation, already counted above under \"One operator?\": {} of {} accounts",
                        grouped(seen.0 as u64),
                        grouped(seen.1 as u64)
                    )
                });
                (again.unwrap_or_else(|| t.statement.clone()), seen, t.outcome.expected)
            }
            None => {
                let known = members(&|account| rotates[account as usize].is_some()).len();
                let of_all = |is: fn(&&Option<bool>) -> bool| rotates.iter().filter(is).count();
                let rate = share(of_all(|r| **r == Some(true)), of_all(|r| r.is_some()));
                let words =
                    stated(rotating.len(), known, "accounts use a different IP address for nearly every request");
                let unknown = candidate.accounts.len() - known;
                let unknown = if unknown > 0 { format!("; not known for {unknown} more") } else { String::new() };
                (words + &unknown, (rotating.len(), known), rate * known as f64)
            }
        };
        let mut claims = Vec::new();
        if self.looks_at(Layer::Infrastructure) {
            let finding =
                if counted.is_some() { "IP address rotation (same fact as above)" } else { "IP address rotation" };
            let finding = finding.to_owned();
            claims.push(Claim { finding, ..claim(Signal::EvasionRotation, &statement, seen, expected, &first_lines) });
        }

        let facts_of = |account: u32| facts.get(&world.names[account as usize]);
        let told = members(&|account| facts_of(account).is_some()).len();
        let closed = members(&|account| facts_of(account).is_some_and(|f| f.closed_us.is_some()));
        let rate = share(facts.values().filter(|f| f.closed_us.is_some()).count(), facts.len());
        let last_lines = self.listed(closed.iter().filter_map(|id| self.last_line(*id)).collect());
        let words = stated(closed.len(), told, "accounts have been closed")
            + " (the table does not say by whom; a closure by the provider is not evasion in itself)";
        claims.push(Claim {
            table_rows: self.rows(closed.iter().copied()),
            ..claim(Signal::EvasionClosed, &words, (closed.len(), told), rate * told as f64, &last_lines)
        });
        if let Some(found) = self.stacks().contradictions(&candidate.accounts) {
            let of = candidate.accounts.len();
            let words = stated(found.members, of, "accounts name a client that their TLS handshake contradicts");
            let lines = self.listed(found.lines);
            let expected = of as f64 * found.share_outside;
            claims.push(claim(Signal::EvasionContradiction, &words, (found.members, of), expected, &lines));
        }
        // Replacement was tested; what speaks for one hand there speaks for hiding here.
        let replaced =
            candidate.tests.iter().filter(|t| t.signal == Signal::TimeSuccession && t.outcome.observed > 0.0);
        claims.extend(replaced.map(|t| Claim {
            table_rows: self.rows_behind(t, candidate),
            family: Signal::EvasionSuccession.family().to_owned(),
            compared_with: "chance".to_owned(),
            p_value: Some(t.outcome.p_value),
            q_value: Some(t.q_value),
            counts: self.settings.findings.counts(t, candidate.proposed_by),
            ..described(
                Signal::EvasionSuccession,
                &t.statement,
                (t.outcome.observed, t.outcome.expected),
                t.unit,
                &self.lines_behind(t, candidate),
            )
        }));
        Axis { holds: is_evasion(&claims), claims }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_named_and_a_public_provider_is_called_so() {
        let said = "9 of 9 accounts have e-mail addresses at one domain";
        let domains = |names: &[&str]| Inquiry::named(said, &names.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            domains(&["gmail.com", "mill.example"]),
            format!("{said}; domains: gmail.com (a public provider), mill.example")
        );
        assert_eq!(domains(&[]), said);
        assert!(domains(&["a.example"; 9]).ends_with(", and 3 more"));
        assert_eq!(
            domains(&["gmail.com"]),
            "9 of 9 accounts use a public e-mail provider (gmail.com); weak evidence: anyone can use it"
        );
    }

    #[test]
    fn closed_accounts_alone_are_no_evasion() {
        let claim = |signal: Signal| Claim { counts: true, ..described(signal, "", (9.0, 1.0), "accounts", &[]) };
        assert!(!is_evasion(&[claim(Signal::EvasionClosed)]));
        assert!(is_evasion(&[claim(Signal::EvasionClosed), claim(Signal::EvasionSuccession)]));
        assert!(is_evasion(&[claim(Signal::EvasionRotation)]));
        assert!(!is_evasion(&[Claim { counts: false, ..claim(Signal::EvasionRotation) }]));
    }
}
