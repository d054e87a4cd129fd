//! Markdown for a ticket or a wiki. What a log has a say in stands in code spans, where nothing is a link or a tag.

use crate::document::{Claim, Document, LineRef, Network};
use crate::report::escape::visible;
use crate::report::reading::{Reading, comparison, readings, table_rows, template};
use crate::report::terminal::{called, count, figure, intake_told, measured};

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
    let places: Vec<String> = c.lines.iter().map(of_log).chain(table_rows(c)).collect();
    if places.is_empty() { String::new() } else { format!("; lines {}", places.join(", ")) }
}

fn claims(out: &mut String, reading: &Reading<'_>) {
    let shown: Vec<_> = reading.axis.claims.iter().filter(|c| c.counts).collect();
    if shown.is_empty() {
        return;
    }
    *out += &format!("**Observed: {}**\n\n", reading.question);
    for c in shown {
        let q = c.q_value.map(|q| format!(", q = {}", figure(q))).unwrap_or_default();
        *out += &format!(
            "- {} ({}): observed {}, {}{q}{}\n",
            words(&c.statement),
            code(&c.signal),
            words(&measured(c.observed, &c.unit)),
            words(&comparison(c)),
            lines(c)
        );
    }
    *out += &format!("\nInferred: {}.\n\n", reading.inferred);
}

fn network(out: &mut String, n: &Network) {
    *out += &format!("## {}\n\n", code(&n.id));
    if !n.set_aside.is_empty() {
        *out += &format!("Set aside: {}\n\n", words(&n.set_aside));
    }
    *out += &format!(
        "{}, {} confidence, q = {}. {}\n\n",
        called(n.verdict),
        n.confidence.as_str(),
        figure(n.q_value),
        words(&n.summary)
    );
    readings(n).iter().for_each(|reading| claims(out, reading));
    if !n.streams.is_empty() {
        *out += "**Streams: requests of one instruction**\n\n";
    }
    for s in &n.streams {
        let shown = template(s).unwrap_or_else(|| s.excerpt.clone());
        let shown = if shown.is_empty() { String::new() } else { format!(": {}", code(&shown)) };
        *out += &format!("- {}: {} requests of {} accounts{shown}\n", code(&s.id), s.requests, s.accounts);
    }
    if !n.streams.is_empty() {
        out.push('\n');
    }
    *out += "**Innocent explanations**\n\n";
    for e in &n.explanations {
        *out += &format!(
            "- {}: {}. It predicts {}; seen: {}. What would change the conclusion: {}.\n",
            words(&e.name),
            words(&e.fit),
            words(&e.predicts),
            words(&e.seen),
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
    let more = if left > 0 { format!(" and {left} more in `accounts.csv`") } else { String::new() };
    *out += &format!("\n**{}**\n\n{}{more}\n\n", count(n.members.len(), "account"), members.join(" "));
}

/// The report as CommonMark.
pub(super) fn markdown(d: &Document) -> String {
    let suspected = d.networks.iter().filter(|n| n.is_suspected()).count();
    let p = &d.population;
    let mut out = format!("# {} in these logs\n\n", count(suspected, "suspected distillation network"));
    out += &format!(
        "{} groups among {} accounts were tested, {} to {}; {} reported networks are expected to be false by chance, at \
         most, which says nothing of whether one operator is behind the others. \
         Coordination is not guilt: this is a reason to look, not a finding of fact.\n\n",
        p.groups_tested,
        p.accounts,
        words(&p.first),
        words(&p.last),
        figure(p.expected_false_networks)
    );
    out += &format!("{}.\n\n", words(&intake_told(&d.intake)));
    for s in d.signals.iter().filter(|s| !s.evaluable) {
        out += &format!("- not evaluable: {} ({})\n", code(&s.name), words(&s.reason));
    }
    out.push('\n');
    d.networks.iter().for_each(|n| network(&mut out, n));
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
