//! Markdown for a ticket or a wiki. What a log has a say in stands in code spans, where nothing is a link or a tag.

use crate::document::glossary::{chance, grouped};
use crate::document::{Claim, Document, LineRef, Network};
use crate::report::escape::visible;
use crate::report::reading::{
    CHANCE, CONFIDENCE, Reading, THRESHOLDS, called, count, evidence, expected_by_chance, figures, proposed, readings,
    result, sensitivity, template, weighed,
};
use crate::report::terminal::intake_told;

/// Accounts named one by one.
const MEMBERS: usize = 60;

/// A code span that its content cannot end.
fn code(text: &str) -> String {
    let text = visible(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A blank inside keeps backticks at the ends from joining the fence, and is dropped by whoever renders it.
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Words as they are: no mark-up, no tag, no link, also none made of a bare address.
fn words(text: &str) -> String {
    let mut out = String::new();
    let text = visible(text);
    for (at, c) in text.char_indices() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            ':' if text[at..].starts_with("://") => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            '.' if out.ends_with("www") || out.ends_with("WWW") => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '!' | '|' | '>' | '~' | '$' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn lines(c: &Claim) -> String {
    let of_log = |l: &LineRef| code(&format!("{}:{}", l.file, l.line));
    evidence(c, of_log).map(|places| format!("; {places}")).unwrap_or_default()
}

fn claims(out: &mut String, reading: &Reading<'_>, judged_on: &str) {
    let shown: Vec<_> = reading.axis.claims.iter().filter(|c| c.counts).collect();
    if shown.is_empty() {
        return;
    }
    *out += &format!("**{}**\n\n", reading.question);
    if !judged_on.is_empty() {
        *out += &format!("{}\n\n", words(judged_on));
    }
    for c in shown {
        *out += &format!("- {} ({}); {}{}\n", words(&c.statement), code(&c.signal), words(&figures(c)), lines(c));
    }
    *out += &format!("\nAssessment: {}.\n\n", reading.inferred);
}

fn network(out: &mut String, n: &Network) {
    *out += &format!("## {}\n\n", code(&n.id));
    if !n.set_aside.is_empty() {
        *out += &format!("Set aside: {}\n\n", words(&n.set_aside));
    }
    *out += &format!(
        "{} · {} confidence, q {}. {} {}\n\n",
        called(n.verdict),
        n.confidence.as_str(),
        words(&chance(n.q_value)),
        words(&n.summary),
        words(&proposed(n))
    );
    let about = ["", n.judged_on.as_str(), ""];
    readings(n).iter().zip(about).for_each(|(reading, judged_on)| claims(out, reading, judged_on));
    if let Some(sensitivity) = sensitivity(n) {
        *out += &format!("Sensitivity: {}.\n\n", words(sensitivity.trim_end_matches('.')));
    }
    if !n.streams.is_empty() {
        *out += "**Streams: requests of one instruction**\n\n";
    }
    for s in &n.streams {
        let shown = template(s).unwrap_or_else(|| s.excerpt.clone());
        let shown = if shown.is_empty() { String::new() } else { format!(": {}", code(&shown)) };
        *out += &format!(
            "- {}: {} requests of {} accounts{shown}\n",
            code(&s.id),
            grouped(s.requests),
            grouped(s.accounts)
        );
    }
    if !n.streams.is_empty() {
        out.push('\n');
    }
    *out += "**Innocent explanations**\n\n";
    for e in &n.explanations {
        *out += &format!(
            "- {}: {}. {} What would change the conclusion: {}.\n",
            words(&e.name),
            words(result(e)),
            words(&weighed(e)),
            words(if e.would_change.is_empty() { "not recorded" } else { &e.would_change })
        );
    }
    if !n.exemplars.is_empty() {
        *out += "\n**Lines to look at, redacted**\n\n";
    }
    for e in &n.exemplars {
        let place = format!("{}:{}", e.at.file, e.at.line);
        *out += &format!("- {} {}: {}\n", code(&place), code(&e.account_id), code(&e.excerpt));
    }
    let members: Vec<String> = n.members.iter().take(MEMBERS).map(|m| code(m)).collect();
    let left = n.members.len().saturating_sub(MEMBERS);
    let more = if left > 0 { format!(" and {} more in `accounts.csv`", grouped(left as u64)) } else { String::new() };
    *out += &format!("\n**{}**\n\n{}{more}\n\n", count(n.members.len(), "account"), members.join(" "));
}

/// The report as CommonMark.
pub(super) fn markdown(d: &Document) -> String {
    let suspected = d.networks.iter().filter(|n| n.is_suspected()).count();
    let p = &d.population;
    let mut out = format!("# {} in these logs\n\n", count(suspected, "suspected distillation network"));
    let by_chance = if d.networks.is_empty() {
        String::new()
    } else {
        words(&expected_by_chance(d.networks.len(), p.expected_false_networks)) + " "
    };
    out += &format!(
        "{} groups among {} accounts were tested, {} to {}. {by_chance}\
         Coordination is not guilt: this is a reason to look, not a finding of fact.\n\n",
        grouped(p.groups_tested),
        grouped(p.accounts),
        words(&p.first),
        words(&p.last)
    );
    out += &format!("{}.\n\n", words(&intake_told(&d.intake)));
    for s in d.signals.iter().filter(|s| !s.evaluable) {
        out += &format!("- not assessed: {} ({})\n", code(&s.name), words(&s.reason));
    }
    out.push('\n');
    d.networks.iter().for_each(|n| network(&mut out, n));
    if !d.networks.is_empty() {
        [CHANCE, THRESHOLDS, CONFIDENCE].iter().for_each(|text| out += &format!("{}\n\n", words(text)));
    }
    for notice in &d.notices {
        out += &format!("{}\n\n", words(notice));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_cannot_be_left_and_words_make_no_link() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x"), "`` `x ``");
        assert_eq!(words("[x](http://y) <b> www.z"), "\\[x\\](http&#58;//y) &lt;b> www&#46;z".replace("b>", "b\\>"));
    }
}
