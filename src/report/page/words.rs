//! Figures and words of the document as the page writes them for people.

use crate::report::terminal::figure;

/// Most of the networks that chance would give, in a sentence and in a tile: what is next to nothing needs no exponent.
pub(super) fn by_chance(n: f64) -> [String; 2] {
    let few = match n {
        n if n > 0.0 && n < 0.001 => return ["fewer than 0.001".to_owned(), "< 0.001".to_owned()],
        n if n > 0.0 && n < 0.01 => format!("{n:.4}"),
        n => figure(n),
    };
    [format!("at most {few}"), format!("≤ {few}")]
}

/// A p- or q-value as a person reads it; beyond these ends the digits say nothing more.
pub(super) fn probability(value: f64) -> String {
    match value {
        v if v < 1e-12 => "< 1e-12".to_owned(),
        v if v > 0.99 => "> 0.99".to_owned(),
        v => figure(v),
    }
}

/// A membership score; it is an estimate, so it is never printed as certainty.
pub(super) fn score(membership: f64) -> String {
    if membership >= 0.9995 { ">0.999".to_owned() } else { format!("{membership:.3}") }
}

/// How far an innocent explanation is contradicted, in words; a word of a later version as it stands.
pub(super) fn result(fit: &str) -> &str {
    match fit {
        "fits" => "not contradicted",
        "partly" => "partly contradicted",
        "open" => "cannot be tested here",
        other => other,
    }
}

/// What a side of the evidence proposes groups from; its name as the document has it where it is another version's.
pub(super) fn proposed_from(side: &str) -> &str {
    match side {
        "content" => "shared prompt templates",
        "identity and infrastructure" => "shared payments, devices, phones or addresses",
        "behaviour" => "similar habits (request volume, sampling parameters, answer length)",
        other => other,
    }
}

/// What ties a pool, such as `9 address, 23 payment`, in words; words of another version as they stand.
pub(super) fn ties(linked_by: &str) -> String {
    let one = |part: &str| {
        let (n, kind) = part.split_once(' ').unwrap_or_default();
        let (one, more) = match kind {
            "address" => ("IP address", "IP addresses"),
            "device" => ("device", "devices"),
            "email" => ("e-mail address", "e-mail addresses"),
            "payment" => ("payment instrument", "payment instruments"),
            "phone" => ("phone number", "phone numbers"),
            "prefix" => ("network prefix", "network prefixes"),
            _ => return part.to_owned(),
        };
        format!("{n} {}", if n == "1" { one } else { more })
    };
    let parts: Vec<String> = linked_by.split(", ").map(one).collect();
    match parts.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => parts.concat(),
    }
}
