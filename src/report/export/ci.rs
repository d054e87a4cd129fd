//! JUnit and SARIF, so that a pipeline can show what was found. A suspected network is a failure or a warning, never an
//! error: it is a reason to look.

use crate::document::{Document, LineRef, Network, Verdict};
use crate::report::escape::{self, visible};
use crate::report::markup::fill;
use crate::report::reading::{figures, result, weighed};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;

#[derive(Serialize)]
struct Case {
    name: String,
    suspected: bool,
    skipped: String,
    message: String,
    text: String,
}

#[derive(Serialize)]
struct Suite<'a> {
    cases: Vec<Case>,
    failures: usize,
    skipped: usize,
    groups_tested: u64,
    expected_false: f64,
    version: &'a str,
}

/// Claims that count, each with its chance, and the innocent explanation least contradicted.
pub(super) fn grounds(n: &Network) -> Vec<String> {
    let claims = n
        .coordinated
        .claims
        .iter()
        .filter(|c| c.counts)
        .map(|c| format!("{} ({}; {}).", c.statement, c.signal, figures(c)));
    let innocent = n.explanations.first().map(|e| {
        let mut text = format!("Innocent explanation least contradicted: {} ({}). {}", e.name, result(e), weighed(e));
        if !e.would_change.is_empty() {
            text += &format!(" What would change the conclusion: {}.", e.would_change);
        }
        text
    });
    claims.chain(innocent).collect()
}

/// JUnit XML: a case a network; suspected ones fail, those that are set aside are skipped.
pub(super) fn junit(d: &Document) -> Result<String, minijinja::Error> {
    let mut cases: Vec<Case> = d
        .networks
        .iter()
        .map(|n| Case {
            name: n.id.clone(),
            suspected: n.is_suspected(),
            skipped: if n.set_aside.is_empty() { String::new() } else { format!("set aside: {}", n.set_aside) },
            message: n.summary.clone(),
            text: grounds(n).join(" "),
        })
        .collect();
    if cases.is_empty() {
        let nothing = [String::new(), String::new(), String::new()];
        let [skipped, message, text] = nothing;
        cases.push(Case { name: "no network".to_owned(), suspected: false, skipped, message, text });
    }
    let suite = Suite {
        failures: cases.iter().filter(|c| c.suspected).count(),
        skipped: cases.iter().filter(|c| !c.skipped.is_empty()).count(),
        cases,
        groups_tested: d.population.groups_tested,
        expected_false: d.population.expected_false_networks,
        version: &d.stillhunt_version,
    };
    fill(&[("junit.xml", include_str!("junit.xml"))], suite)
}

/// A path as a URI reference: every byte that is not unreserved stands as its percent code.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn location(line: &LineRef) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&line.file) },
        "region": { "startLine": line.line.max(1) }
    }})
}

/// SARIF 2.1.0 (OASIS standard): a result a network at the lines behind it.
pub(super) fn sarif(d: &Document) -> serde_json::Result<Vec<u8>> {
    let rule = |id: &str, name: &str, text: &str| {
        json!({ "id": id, "name": name, "shortDescription": { "text": text }, "help": { "text":
            "Coordination is not guilt: a result is a reason to look, not a finding of fact. Weigh the innocent explanations first." }})
    };
    let results: Vec<Value> = d
        .networks
        .iter()
        .map(|n| {
            let suspected = n.verdict == Verdict::SuspectedDistillation;
            let mut lines: Vec<&LineRef> = n.coordinated.claims.iter().flat_map(|c| &c.lines).collect();
            lines.extend(n.exemplars.iter().map(|e| &e.at));
            lines.sort_unstable();
            lines.dedup();
            let text: Vec<String> = std::iter::once(n.summary.clone()).chain(grounds(n)).collect();
            let mut result = json!({
                "ruleId": n.verdict.as_str(),
                "level": if suspected { "warning" } else { "note" },
                "message": { "text": visible(&text.join(" ")) },
                "locations": lines.iter().map(|l| location(l)).collect::<Vec<_>>(),
                "partialFingerprints": { "members/v1": n.id },
                "properties": {
                    "network": n.id, "confidence": n.confidence.as_str(), "accounts": n.members.len(), "q": n.q_value
                }
            });
            if !n.set_aside.is_empty() {
                result["suppressions"] = json!([{ "kind": "external", "justification": visible(&n.set_aside) }]);
            }
            result
        })
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stillhunt",
                "semanticVersion": visible(&d.stillhunt_version),
                "rules": [
                    rule("suspected_distillation", "SuspectedDistillationNetwork",
                        "Accounts consistent with one operator that collects model outputs for training"),
                    rule("coordinated", "CoordinatedAccounts", "Accounts consistent with one operator; extraction not shown"),
                    rule("extraction_like", "ExtractionLikeWork", "Extraction-like work; nothing shows a single operator"),
                    rule("none", "NothingFound", "Neither")
                ]
            }},
            "columnKind": "unicodeCodePoints",
            "results": results
        }]
    });
    Ok((escape::json(&serde_json::to_string_pretty(&log)?) + "\n").into_bytes())
}
