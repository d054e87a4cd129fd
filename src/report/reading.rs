//! What is concluded of an axis, kept apart from what was observed, in the same hedged words in every rendering.

use crate::document::glossary::{chance, figure, grouped, is_of_whole_accounts, joined, name, one_of, percent};
use crate::document::{Axis, Claim, Explanation, LineRef, Network, Stream, Verdict};

/// What the grades of confidence are.
pub(super) const CONFIDENCE: &str = "Confidence: high = at least three kinds of evidence, q < 0.001, prompt text in the log, and found \
    again with any one layer of evidence removed; medium = at least two kinds and q < 0.01; low = anything less that is still \
    reported. It is a grade, not a probability.";
/// Why the two figures beside a test can differ.
pub(super) const CHANCE: &str = "Chance: expected by chance for a group of this size. Elsewhere: share of the other accounts of the log. \
    The two can differ: the expectation includes the members and is adjusted for how many IP addresses the accounts use.";
/// What a threshold is.
pub(super) const THRESHOLDS: &str = "Thresholds were chosen by judgement and have no p-value; the answer-length threshold is computed from \
    the other accounts of this log (twice the lower quartile of their typical lengths, three times for groups proposed from similar \
    usage, and at least 1.4 times their median).";
/// What a weight is.
pub(super) const WEIGHT: &str = "Weight: upper bound on the log Bayes factor that a p-value can support (Sellke, Bayarri and Berger 2001), \
    capped at 12 per kind of evidence. It favours the finding; the sum takes the kinds as independent.";

/// `1 network`, `2 networks`.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(n as u64), if n == 1 { "" } else { "s" })
}

/// A verdict in words.
pub(super) fn called(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::SuspectedDistillation => "suspected distillation network",
        Verdict::Coordinated => "coordinated accounts; extraction not shown",
        Verdict::ExtractionLike => "extraction-like accounts, not coordinated",
        Verdict::None => "nothing found",
    }
}

/// An axis as a question, with what was observed and what follows from it.
pub(super) struct Reading<'a> {
    /// Such as `One operator?`.
    pub question: &'static str,
    /// What the observations are consistent with, or that they say nothing.
    pub inferred: &'static str,
    /// The same beside the question.
    pub short: &'static str,
    pub axis: &'a Axis,
}

/// By what is said where the axis holds and where it does not, each at length and beside the question.
fn read<'a>(axis: &'a Axis, question: &'static str, holds: [&'static str; 2], else_: [&'static str; 2]) -> Reading<'a> {
    let [inferred, short] = if axis.holds { holds } else { else_ };
    Reading { question, inferred, short, axis }
}

/// Coordination, extraction, evasion.
pub(super) fn readings(n: &Network) -> [Reading<'_>; 3] {
    let (one, work, evasion) = (&n.coordinated, &n.extraction, &n.evasive);
    let closures = !evasion.holds && evasion.claims.iter().any(|c| c.counts);
    [
        read(
            one,
            "One operator?",
            ["consistent with one operator; other explanations below", "consistent with it"],
            ["not enough evidence of one operator", "not enough evidence"],
        ),
        read(
            work,
            "Extraction?",
            ["consistent with collecting model outputs for training", "consistent with it"],
            ["not enough evidence of extraction", "not enough evidence"],
        ),
        read(
            evasion,
            "Evasion?",
            ["signs of evasion seen", "signs of it seen"],
            if closures { ["closed accounts alone are no sign of evasion"; 2] } else { ["no sign of evasion"; 2] },
        ),
    ]
}

/// A figure with its unit; shares as a percentage.
pub(super) fn measured(value: f64, unit: &str) -> String {
    match unit {
        "share" => percent(value),
        "index" | "score" => format!("{value:.2}"),
        _ => format!("{} {}", figure(value), if value == 1.0 { one_of(unit) } else { unit }),
    }
}

/// What a claim saw: `18 of 18 accounts`, `99 %`, `1,299 tokens`.
pub(super) fn seen(c: &Claim) -> String {
    match c.out_of {
        Some(of) => format!("{} of {} {}", figure(c.observed), figure(of), c.unit),
        None => measured(c.observed, &c.unit),
    }
}

/// The same without its unit, for a table.
pub(super) fn cell(value: f64, unit: &str) -> String {
    if ["share", "index", "score"].contains(&unit) { measured(value, unit) } else { figure(value) }
}

/// What a claim saw, for a table.
pub(super) fn seen_cell(c: &Claim) -> String {
    match c.out_of {
        Some(of) => format!("{} of {}", figure(c.observed), figure(of)),
        None => cell(c.observed, &c.unit),
    }
}

/// `≥ 75 %` or `≤ 1.25`.
pub(super) fn threshold(c: &Claim) -> String {
    format!("{} {}", if c.at_most { '≤' } else { '≥' }, cell(c.expected, &c.unit))
}

/// Whether other accounts meet the threshold of a claim too, so that it does not tell this network from them.
pub(super) fn is_met_elsewhere(c: &Claim) -> bool {
    let meets = |v: f64| if c.at_most { v <= c.expected } else { v >= c.expected };
    c.compared_with == "mark" && c.counts && c.everybody_else.is_some_and(meets)
}

/// What a claim's figure is compared with, in a sentence.
pub(super) fn comparison(c: &Claim) -> String {
    let by_chance = || format!("expected by chance for a group of this size: {}", cell(c.expected, &c.unit));
    match (c.compared_with.as_str(), c.q_value) {
        ("chance", _) | ("", Some(_)) => by_chance(),
        ("mark", _) => {
            let others = c.everybody_else.map(|v| {
                format!("; all other accounts, including other networks of this report: {}", cell(v, &c.unit))
            });
            let too = "; other accounts meet it too, so it does not distinguish this network";
            let too = if is_met_elsewhere(c) { too } else { "" };
            format!("threshold {}{}{too}", threshold(c), others.unwrap_or_default())
        }
        ("everybody", _) => format!("expected at the rate of all accounts: {}", cell(c.expected, &c.unit)),
        _ => format!("compared with {}", cell(c.expected, &c.unit)),
    }
}

/// What a claim saw, what that is compared with, and its q-value where it has one.
pub(super) fn figures(c: &Claim) -> String {
    let q = c.q_value.map(|q| format!("; q {}", chance(q))).unwrap_or_default();
    format!("seen: {}; {}{q}", seen(c), comparison(c))
}

/// Lines of the account table behind a claim; `None` where it rests on the log.
pub(super) fn table_rows(c: &Claim) -> Option<String> {
    let rows: Vec<String> = c.table_rows.iter().map(u64::to_string).collect();
    (!rows.is_empty()).then(|| format!("account table: {}", rows.join(", ")))
}

/// Where the evidence of a claim stands, each place as `place` writes it; `None` where nothing is cited.
pub(super) fn evidence(c: &Claim, place: impl Fn(&LineRef) -> String) -> Option<String> {
    let places: Vec<String> = c.lines.iter().map(place).chain(table_rows(c)).collect();
    if places.is_empty() {
        return None;
    }
    Some(format!("{} {}", evidence_words(c), places.join(", ")))
}

/// The words before the places where the evidence of a claim stands.
pub(super) fn evidence_words(c: &Claim) -> &'static str {
    match c.lines.is_empty() {
        true => "evidence:",
        false if is_of_whole_accounts(&c.signal) => "no single line shows this; first lines of some of these accounts:",
        false => "evidence: lines",
    }
}

/// What became of an explanation; documents before 1.7 have a single word for it.
pub(super) fn result(e: &Explanation) -> &str {
    match e.fit.as_str() {
        _ if !e.result.is_empty() => &e.result,
        "fits" => "not contradicted",
        "partly" => "partly contradicted",
        "open" => "cannot be tested here",
        other => other,
    }
}

/// What speaks for and against an explanation and what could not be checked, in sentences.
pub(super) fn weighed(e: &Explanation) -> String {
    let lists = [("For", &e.supports), ("Against", &e.against), ("Not checkable", &e.not_checkable)];
    let said: Vec<String> =
        lists.iter().filter(|(_, of)| !of.is_empty()).map(|(what, of)| format!("{what}: {}.", of.join("; "))).collect();
    let said = if said.is_empty() { format!("Seen: {}.", e.seen) } else { said.join(" ") };
    format!("It predicts {}. {said}", e.predicts)
}

/// What a group was proposed from.
pub(super) fn proposed_from(n: &Network) -> &str {
    match n.proposed_by.as_str() {
        "content" => "shared prompt templates",
        "identity and infrastructure" => "shared payments, devices, phones, e-mail addresses or IP addresses",
        "behaviour" => "similar usage (request volume, sampling parameters, answer length)",
        other => other,
    }
}

/// The same with how it was tested then.
pub(super) fn proposed(n: &Network) -> String {
    let tested = match n.proposed_by.as_str() {
        // A test of the same evidence would say nothing; of volume only what is closer than the proposal asks is tested.
        "behaviour" => "tested on other evidence, and on request volume only beyond what proposed it",
        "identity and infrastructure" => "tested on evidence not used to propose it (sign-up dates among it)",
        _ => "tested on evidence not used to propose it",
    };
    format!("Proposed from {}; {tested}.", proposed_from(n))
}

/// Which layers of evidence the finding depends on; `None` where that was not tried.
pub(super) fn sensitivity(n: &Network) -> Option<String> {
    let lost: Vec<&str> = n.robustness.iter().filter(|r| !r.survives).map(|r| r.without.as_str()).collect();
    if n.robustness.is_empty() {
        return None;
    }
    if lost.is_empty() {
        return Some("found again as a coordinated group with any one layer of evidence removed".to_owned());
    }
    let without = match lost.len() {
        1 => "without it",
        2 => "without either",
        _ => "without any one of them",
    };
    let names: Vec<&str> = lost.iter().map(|layer| short_layer(layer)).collect();
    let mut said = format!("depends on: {} ({without}, no matching coordinated group is found).", joined(&names));
    if lost.iter().any(|layer| n.proposed_by.split(" and ").any(|of| of == *layer)) {
        said += &format!(" It was proposed from {}, so removing that layer says little.", proposed_from(n));
    }
    Some(said)
}

/// A layer of evidence in a word or two.
pub(super) fn short_layer(layer: &str) -> &str {
    if layer == "identity" { "identity" } else { name(layer) }
}

/// How many of the networks of a report chance would bring about, and what that does not say.
pub(super) fn expected_by_chance(networks: usize, expected: f64) -> String {
    let networks = if networks == 1 { "network".to_owned() } else { format!("{} networks", grouped(networks as u64)) };
    format!(
        "By chance alone, fewer than {} of the {networks} would be expected to appear here (number reported × largest q). This covers \
         statistical chance only; it does not say that one operator is behind the others.",
        bound(expected)
    )
}

/// That many networks at most would chance bring about: rounded up, for it is a bound.
pub(super) fn bound(expected: f64) -> String {
    if expected < 0.01 {
        format!("{:.3}", ((1000.0 * expected).ceil() / 1000.0).max(0.001))
    } else {
        figure((100.0 * expected).ceil() / 100.0)
    }
}

/// What a term of the legends means, without the term.
pub(super) fn meaning(told: &'static str) -> &'static str {
    told.split_once(": ").map_or(told, |(_, meaning)| meaning)
}

/// The template of a stream on one line, `[...]` for a slot; `None` where it is not known.
pub(super) fn template(s: &Stream) -> Option<String> {
    (!s.template.is_empty()).then(|| s.template.join(" [...] ").trim().to_owned())
}

/// How many texts a network sent, and how large the whole is.
pub(super) fn material(m: &crate::document::Material) -> String {
    let distinct = if m.distinct == m.texts {
        "all different".to_owned()
    } else {
        format!("{} of them different", grouped(m.distinct))
    };
    let size = m.at_least.map_or_else(
        || "Too few repeats to estimate the size of the full data set.".to_owned(),
        |all| format!("The full data set is estimated at {} or more (capture-recapture).", grouped(all)),
    );
    format!("Prompts: {}, {distinct}. {size}", grouped(m.texts))
}
