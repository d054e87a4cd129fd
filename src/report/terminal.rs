//! The summary on the terminal, fit to be pasted into a ticket.

use super::outline;
use super::reading::{
    Reading, called, count, evidence, expected_by_chance, figures, proposed, readings, result, sensitivity, weighed,
};
use super::screen::Page;
use crate::document::glossary::{chance, grouped};
use crate::document::{Document, Explanation, Intake, Network, Rejected, Verdict};
use anstyle::{AnsiColor, Style};

/// How the summary is laid out.
#[derive(Debug, Clone, Copy)]
pub struct TerminalOptions {
    /// Columns; kept within 40 to 200.
    pub width: usize,
    /// Whether to colour.
    pub colour: bool,
    /// How much of it.
    pub view: View,
}

/// How much a summary says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// A line a suspected network, what nobody should miss, and the sum.
    Quiet,
    /// A table for each question on a suspected network, a few coordinated groups.
    #[default]
    Normal,
    /// All groups with their grounds, in sentences.
    All,
}

impl View {
    /// All, with the word for each.
    pub const ALL: [(&'static str, View); 3] = [("quiet", View::Quiet), ("normal", View::Normal), ("all", View::All)];
}

impl std::str::FromStr for View {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = View::ALL.iter().find(|(name, _)| *name == word).map(|(_, view)| *view);
        known.ok_or_else(|| format!("it has to be one of {}", View::ALL.map(|(name, _)| name).join(", ")))
    }
}

/// Networks of mere coordination that are shown; all stand in the case.
const COORDINATED_SHOWN: usize = 5;

/// Innocent explanations told at length; the card has all.
const EXPLAINED: usize = 2;

fn claims(page: &mut Page, reading: &Reading<'_>) {
    page.styled(2, Style::new().bold(), reading.question);
    for claim in reading.axis.claims.iter().filter(|c| c.counts) {
        page.paragraph(4, &claim.statement);
        page.paragraph(6, &format!("{}; {}", figures(claim), claim.signal));
        if let Some(places) = evidence(claim, |l| format!("{}:{}", l.file, l.line)) {
            page.paragraph(6, &places);
        }
    }
    page.paragraph(4, &format!("Assessment: {}.", reading.inferred));
}

/// The best ones at length, and by name those that what was seen contradicts.
fn explanations(page: &mut Page, n: &Network) {
    page.line(2, Style::new().bold(), "Innocent explanations");
    let (against, open): (Vec<&Explanation>, Vec<&Explanation>) =
        n.explanations.iter().partition(|e| e.fit == "contradicted");
    for e in open.iter().take(EXPLAINED) {
        page.paragraph(4, &format!("{}: {}. {}", e.name, result(e), weighed(e)));
        if !e.would_change.is_empty() {
            page.paragraph(6, &format!("What would change the conclusion: {}.", e.would_change));
        }
    }
    let names = |of: &[&Explanation]| of.iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join("; ");
    if open.len() > EXPLAINED {
        page.paragraph(4, &format!("Also weighed and not contradicted: {}.", names(&open[EXPLAINED..])));
    }
    if !against.is_empty() {
        page.paragraph(4, &format!("Contradicted by what was seen: {}.", names(&against)));
    }
}

/// One network in full sentences.
fn network(page: &mut Page, n: &Network) {
    let suspected = n.verdict == Verdict::SuspectedDistillation;
    let colour = if suspected { AnsiColor::Red } else { AnsiColor::Yellow };
    // Broken and never cut: a heading that loses its last words can turn into its opposite.
    let heading = format!("{}  {} · {} confidence", n.id, called(n.verdict), n.confidence.as_str());
    page.styled(0, Style::new().bold().fg_color(Some(colour.into())), &heading);
    page.paragraph(2, &n.summary);
    page.paragraph(
        2,
        &format!(
            "{} input and {} output tokens, {} to {}; q {}",
            grouped(n.input_tokens),
            grouped(n.output_tokens),
            n.first,
            n.last,
            chance(n.q_value)
        ),
    );
    page.paragraph(2, &proposed(n));
    let [coordinated, extraction, evasive] = readings(n);
    claims(page, &coordinated);
    if !n.judged_on.is_empty() {
        page.paragraph(2, &n.judged_on);
    }
    claims(page, &extraction);
    claims(page, &evasive);
    if let Some(sensitivity) = sensitivity(n) {
        page.paragraph(2, &format!("Sensitivity: {}", sensitivity.trim_end_matches('.')));
    }
    explanations(page, n);
    if !n.exemplars.is_empty() {
        page.line(2, Style::new().bold(), "Lines to look at, redacted");
    }
    for e in &n.exemplars {
        page.place(4, &format!("{}:{}", e.at.file, e.at.line), &e.account_id);
        page.line(6, Style::new().dimmed(), &e.excerpt);
    }
    page.blank();
}

/// The whole summary, never wider than asked for: first what was found, then each network, then what was read.
pub fn summary(d: &Document, options: TerminalOptions) -> String {
    let mut page = Page::new(options.width, options.colour);
    if options.view == View::Quiet {
        page.paragraph(0, &intake_told(&d.intake));
        for n in d.networks.iter().filter(|n| n.is_suspected()) {
            page.paragraph(
                0,
                &format!(
                    "{}  {} confidence, {}, q {}",
                    n.id,
                    n.confidence.as_str(),
                    count(n.members.len(), "account"),
                    chance(n.q_value)
                ),
            );
        }
        for warning in &d.intake.warnings {
            page.paragraph(0, warning);
        }
        page.paragraph(0, &verdict(d));
        caveat(&mut page, d);
        return page.finish();
    }
    page.styled(0, Style::new().bold(), &verdict(d));
    let suspected: Vec<&Network> = d.networks.iter().filter(|n| n.is_suspected()).collect();
    if !suspected.is_empty() {
        outline::glance(&mut page, &suspected);
    }
    caveat(&mut page, d);
    page.blank();
    for n in suspected {
        if options.view == View::All { network(&mut page, n) } else { outline::network(&mut page, n) }
    }
    for (verdict, more) in [(Verdict::Coordinated, "coordinated"), (Verdict::ExtractionLike, "extraction-like")] {
        let groups = standing(d, verdict);
        let shown = if options.view == View::All { groups.len() } else { COORDINATED_SHOWN };
        for n in groups.iter().take(shown) {
            if options.view == View::All {
                network(&mut page, n);
                continue;
            }
            page.styled(0, Style::new().bold(), &format!("{}  {}; not suspected", n.id, called(verdict)));
            page.paragraph(2, &n.summary);
        }
        if groups.len() > shown {
            let more = format!("and {} more {more} groups in the case", grouped((groups.len() - shown) as u64));
            page.paragraph(0, &more);
        }
    }
    for n in d.networks.iter().filter(|n| !n.set_aside.is_empty()) {
        page.styled(0, Style::new().bold(), &format!("{}  {}; set aside", n.id, called(n.verdict)));
        page.paragraph(2, &n.set_aside);
    }
    if !d.networks.is_empty() {
        outline::legend(&mut page);
        page.blank();
    }
    read(&mut page, d);
    page.finish()
}

/// What was read and what could not be looked at.
fn read(page: &mut Page, d: &Document) {
    let p = &d.population;
    page.paragraph(0, &intake_told(&d.intake));
    let entities = if p.entities == p.accounts {
        String::new()
    } else {
        format!(" ({} after counting each declared organisation once)", grouped(p.entities))
    };
    page.paragraph(0, &format!("{} accounts{entities}, {} to {}", grouped(p.accounts), p.first, p.last));
    for s in d.signals.iter().filter(|s| !s.evaluable) {
        page.paragraph(0, &format!("not assessed: {} ({})", s.name, s.reason));
    }
    for notice in &d.notices {
        page.paragraph(0, notice);
    }
}

/// Groups of one verdict that no list sets aside.
fn standing(d: &Document, verdict: Verdict) -> Vec<&Network> {
    d.networks.iter().filter(|n| n.verdict == verdict && n.set_aside.is_empty()).collect()
}

/// What was found, in one sentence.
fn verdict(d: &Document) -> String {
    let suspected = d.networks.iter().filter(|n| n.is_suspected()).count();
    let aside = d.networks.iter().filter(|n| !n.set_aside.is_empty()).count();
    let alike = standing(d, Verdict::ExtractionLike).len();
    let extraction_like =
        if alike > 0 { format!(", {}", count(alike, "extraction-like group")) } else { String::new() };
    let set_aside = if aside > 0 { format!(", {aside} set aside as known good") } else { String::new() };
    format!(
        "{} and {} among {} tested{extraction_like}{set_aside}.",
        count(suspected, "suspected network"),
        count(standing(d, Verdict::Coordinated).len(), "coordinated group"),
        grouped(d.population.groups_tested)
    )
}

/// What the figures do not say.
fn caveat(page: &mut Page, d: &Document) {
    let by_chance = if d.networks.is_empty() {
        String::new()
    } else {
        expected_by_chance(d.networks.len(), d.population.expected_false_networks) + " "
    };
    page.paragraph(
        0,
        &format!(
            "{by_chance}Coordination is not guilt: what is printed here is a reason to look, not a finding of fact."
        ),
    );
}

/// The same, with what most of the rejected rows were rejected for.
pub fn intake_told(i: &Intake) -> String {
    let sentence = intake_sentence(i);
    let Some(Rejected { reason, rows, file, line }) = &i.most_rejected else { return sentence };
    let many = if *rows < i.rows_rejected { format!("{} of them ", grouped(*rows)) } else { String::new() };
    let first = if file.is_empty() { String::new() } else { format!(", first {file}:{line}") };
    format!("{sentence}; rejected {many}for: {reason}{first} (all in rejects.csv of the case)")
}

/// The equation that holds over the rows of the input.
pub fn intake_sentence(i: &Intake) -> String {
    let [read, kept, rejected, repeated] = [i.rows_read, i.rows_kept, i.rows_rejected, i.rows_repeated].map(grouped);
    let mut text = format!("{read} rows read = {kept} kept + {rejected} rejected + {repeated} repeated");
    for (rows, what) in [(i.rows_joined, "joined to others"), (i.rows_aside, "no calls")] {
        if rows > 0 {
            text += &format!(" + {} {what}", grouped(rows));
        }
    }
    text
}
