//! What is concluded of an axis, kept apart from what was observed, in the same hedged words in every rendering.

use super::terminal::measured;
use crate::document::{Axis, Claim, Network, Stream};

/// An axis as a question, with what was observed and what follows from it.
pub(super) struct Reading<'a> {
    /// Such as `run as one?`.
    pub question: &'static str,
    /// What the observations are consistent with, or that they say nothing.
    pub inferred: &'static str,
    pub axis: &'a Axis,
}

fn reading<'a>(axis: &'a Axis, question: &'static str, holds: &'static str, else_: &'static str) -> Reading<'a> {
    Reading { question, inferred: if axis.holds { holds } else { else_ }, axis }
}

/// Coordination, extraction, evasion.
pub(super) fn readings(n: &Network) -> [Reading<'_>; 3] {
    [
        reading(
            &n.coordinated,
            "run as one?",
            "consistent with one operator",
            "not enough to say that one operator runs them",
        ),
        reading(
            &n.extraction,
            "shaped like extraction?",
            "consistent with harvesting outputs",
            "not enough to say extraction",
        ),
        reading(&n.evasive, "do they hide?", "consistent with hiding", "nothing says that they hide"),
    ]
}

/// What a claim's figure is compared with, in words before that figure.
pub(super) fn against(c: &Claim) -> &'static str {
    match (c.compared_with.as_str(), c.q_value) {
        ("chance", _) | ("", Some(_)) => "by chance",
        ("mark", _) => "the mark is",
        ("everybody", _) => "at everybody's rate",
        _ => "compared with",
    }
}

/// That figure with those words, and the one of everybody else where it is known.
pub(super) fn comparison(c: &Claim) -> String {
    let beside = c.everybody_else.map(|v| format!(", everybody else {}", measured(v, &c.unit))).unwrap_or_default();
    format!("{} {}{beside}", against(c), measured(c.expected, &c.unit))
}

/// Lines of the account table behind a claim; `None` where it rests on the log.
pub(super) fn table_rows(c: &Claim) -> Option<String> {
    let rows: Vec<String> = c.table_rows.iter().map(u64::to_string).collect();
    (!rows.is_empty()).then(|| format!("account table: {}", rows.join(", ")))
}

/// The template of a stream on one line, `[...]` for a slot; `None` where it is not known.
pub(super) fn template(s: &Stream) -> Option<String> {
    (!s.template.is_empty()).then(|| s.template.join(" [...] ").trim().to_owned())
}
