//! The summary on the terminal, fit to be pasted into a ticket.

use super::escape::{columns, truncate, truncate_start, visible};
use super::reading::{Reading, comparison, readings};
use crate::document::{Claim, Confidence, Document, Explanation, Intake, Network, Rejected, Verdict};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;

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
    /// Suspected networks with their grounds, a few coordinated groups.
    #[default]
    Normal,
    /// All groups with their grounds.
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

pub(super) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    /// An empty page, within 40 to 200 columns.
    pub fn new(options: TerminalOptions) -> Self {
        Self { out: String::new(), width: options.width.clamp(40, 200), colour: options.colour }
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    fn line(&mut self, indent: usize, style: Style, text: &str) {
        let text = truncate(&visible(text), self.width.saturating_sub(indent));
        let style = if self.colour { style } else { Style::new() };
        let _ = writeln!(self.out, "{:indent$}{style}{text}{style:#}", "");
    }

    pub fn paragraph(&mut self, indent: usize, text: &str) {
        self.styled(indent, Style::new(), text);
    }

    /// Breaks at blanks; words longer than a line are cut.
    pub fn styled(&mut self, indent: usize, style: Style, text: &str) {
        let room = self.width.saturating_sub(indent);
        let mut line = String::new();
        for word in visible(text).split(' ') {
            if !line.is_empty() && columns(&line) + 1 + columns(word) > room {
                self.line(indent, style, &line);
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(indent, style, &line);
    }

    /// A place in the log with its account: on two lines where one has no room, and a long path is cut at its start,
    /// for without the line number nobody finds the line.
    fn place(&mut self, indent: usize, place: &str, account: &str) {
        let room = self.width.saturating_sub(indent);
        let (place, account) = (visible(place), visible(account));
        if columns(&place) + 2 + columns(&account) <= room {
            self.line(indent, Style::new(), &format!("{place}  {account}"));
        } else {
            self.line(indent, Style::new(), &truncate_start(&place, room));
            self.line(indent + 2, Style::new(), &account);
        }
    }

    pub fn blank(&mut self) {
        self.out.push('\n');
    }
}

/// A figure as a person reads it: whole numbers as such, others with two places, tiny ones with an exponent.
pub(super) fn figure(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value:.0}")
    } else if value.abs() >= 0.01 {
        format!("{value:.2}")
    } else {
        format!("{value:.1e}")
    }
}

/// A figure with its unit; shares as a percentage.
pub(super) fn measured(value: f64, unit: &str) -> String {
    let one = || unit.strip_suffix('s').filter(|_| value == 1.0).unwrap_or(unit);
    let share = || {
        let rounded = format!("{:.0} %", 100.0 * value);
        // Nearly all is not all, and hardly any is not none.
        let is_whole = value == 0.0 || value == 1.0;
        if !is_whole && ["0 %", "100 %"].contains(&rounded.as_str()) {
            format!("{:.2} %", 100.0 * value)
        } else {
            rounded
        }
    };
    if unit == "share" { share() } else { format!("{} {}", figure(value), one()) }
}

/// `1 network`, `2 networks`.
pub(super) fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn claims(page: &mut Page, reading: &Reading<'_>) {
    let shown: Vec<&Claim> = reading.axis.claims.iter().filter(|c| c.counts).collect();
    if shown.is_empty() {
        return;
    }
    page.styled(2, Style::new().bold(), &format!("Observed: {}", reading.question));
    for claim in shown {
        page.paragraph(4, &claim.statement);
        let q = claim.q_value.map(|q| format!(", q = {}", figure(q))).unwrap_or_default();
        let seen = measured(claim.observed, &claim.unit);
        let text = format!("{}: {seen}, {}{q}", claim.signal, comparison(claim));
        page.paragraph(6, &text);
    }
    page.paragraph(4, &format!("Inferred: {}.", reading.inferred));
}

/// A verdict in words.
pub(super) fn called(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::SuspectedDistillation => "suspected distillation network",
        Verdict::Coordinated => "coordinated accounts",
        Verdict::ExtractionLike => "extraction-like accounts, not coordinated",
        Verdict::None => "nothing found",
    }
}

/// The best ones at length, and by name those that what was seen contradicts.
fn explanations(page: &mut Page, n: &Network) {
    page.line(2, Style::new().bold(), "Innocent explanations");
    let (against, open): (Vec<&Explanation>, Vec<&Explanation>) =
        n.explanations.iter().partition(|e| e.fit == "contradicted");
    for e in open.iter().take(EXPLAINED) {
        page.paragraph(4, &format!("{}: {}. It predicts {}; seen: {}.", e.name, e.fit, e.predicts, e.seen));
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

fn network(page: &mut Page, n: &Network) {
    let suspected = n.verdict == Verdict::SuspectedDistillation;
    let colour = if suspected { AnsiColor::Red } else { AnsiColor::Yellow };
    let what = called(n.verdict);
    let sure = match n.confidence {
        Confidence::High => "high confidence",
        Confidence::Medium => "medium confidence",
        Confidence::Low => "low confidence",
    };
    // Broken and never cut: a heading that loses its last words can turn into its opposite.
    page.styled(0, Style::new().bold().fg_color(Some(colour.into())), &format!("{}  {what}, {sure}", n.id));
    page.paragraph(2, &n.summary);
    page.paragraph(
        2,
        &format!(
            "{} input and {} output tokens, {} to {}, q = {}",
            n.input_tokens,
            n.output_tokens,
            n.first,
            n.last,
            figure(n.q_value)
        ),
    );
    let [coordinated, extraction, evasive] = readings(n);
    claims(page, &coordinated);
    if n.extraction.holds {
        claims(page, &extraction);
    }
    claims(page, &evasive);
    let lost: Vec<&str> = n.robustness.iter().filter(|r| !r.survives).map(|r| r.without.as_str()).collect();
    if !n.robustness.is_empty() {
        page.paragraph(
            2,
            &if lost.is_empty() {
                "Found again as coordinated with any one layer of evidence left out.".to_owned()
            } else {
                format!("Not found again without {}.", lost.join(", or without "))
            },
        );
    }
    explanations(page, n);
    if !n.exemplars.is_empty() {
        page.line(2, Style::new().bold(), "Lines to look at");
    }
    for e in &n.exemplars {
        page.place(4, &format!("{}:{}", e.at.file, e.at.line), &e.account_id);
        page.line(6, Style::new().dimmed(), &e.excerpt);
    }
    page.blank();
}

/// The whole summary, never wider than asked for.
pub fn summary(d: &Document, options: TerminalOptions) -> String {
    let mut page = Page::new(options);
    let i = &d.intake;
    page.paragraph(0, &intake_told(i));
    let p = &d.population;
    if options.view == View::Quiet {
        for n in d.networks.iter().filter(|n| n.is_suspected()) {
            page.paragraph(
                0,
                &format!(
                    "{}  {} confidence, {}, q = {}",
                    n.id,
                    n.confidence.as_str(),
                    count(n.members.len(), "account"),
                    figure(n.q_value)
                ),
            );
        }
        for warning in &i.warnings {
            page.paragraph(0, warning);
        }
        closing(&mut page, d);
        return page.finish();
    }
    page.paragraph(0, &format!("{} accounts of {} entities, {} to {}", p.accounts, p.entities, p.first, p.last));
    for s in d.signals.iter().filter(|s| !s.evaluable) {
        page.paragraph(0, &format!("not evaluable: {} ({})", s.name, s.reason));
    }
    page.blank();
    for n in d.networks.iter().filter(|n| n.is_suspected()) {
        network(&mut page, n);
    }
    for (verdict, more) in [(Verdict::Coordinated, "coordinated"), (Verdict::ExtractionLike, "extraction-like")] {
        let groups = standing(d, verdict);
        let shown = if options.view == View::All { groups.len() } else { COORDINATED_SHOWN };
        for n in groups.iter().take(shown) {
            if options.view == View::All {
                network(&mut page, n);
                continue;
            }
            page.styled(0, Style::new().bold(), &format!("{}  {}, not suspected", n.id, called(verdict)));
            page.paragraph(2, &n.summary);
        }
        if groups.len() > shown {
            page.paragraph(0, &format!("and {} more {more} groups in the case", groups.len() - shown));
        }
    }
    for n in d.networks.iter().filter(|n| !n.set_aside.is_empty()) {
        page.styled(0, Style::new().bold(), &format!("{}  {}, set aside", n.id, called(n.verdict)));
        page.paragraph(2, &n.set_aside);
    }
    for notice in &d.notices {
        page.paragraph(0, notice);
    }
    page.blank();
    closing(&mut page, d);
    page.finish()
}

/// Groups of one verdict that no list sets aside.
fn standing(d: &Document, verdict: Verdict) -> Vec<&Network> {
    d.networks.iter().filter(|n| n.verdict == verdict && n.set_aside.is_empty()).collect()
}

fn closing(page: &mut Page, d: &Document) {
    let suspected = d.networks.iter().filter(|n| n.is_suspected()).count();
    let aside = d.networks.iter().filter(|n| !n.set_aside.is_empty()).count();
    let alike = standing(d, Verdict::ExtractionLike).len();
    let extraction_like =
        if alike > 0 { format!(", {}", count(alike, "extraction-like group")) } else { String::new() };
    let set_aside = if aside > 0 { format!(", {aside} set aside as known good") } else { String::new() };
    page.paragraph(
        0,
        &format!(
            "{} and {} among {} tested{extraction_like}{set_aside}; {} expected to be false by chance, at most. \
             Coordination is not guilt: what is printed here is a reason to look, not a finding of fact.",
            count(suspected, "suspected network"),
            count(standing(d, Verdict::Coordinated).len(), "coordinated group"),
            d.population.groups_tested,
            figure(d.population.expected_false_networks)
        ),
    );
}

/// The same, with what most of the rejected rows were rejected for.
pub fn intake_told(i: &Intake) -> String {
    let sentence = intake_sentence(i);
    let Some(Rejected { reason, rows, file, line }) = &i.most_rejected else { return sentence };
    let many = if *rows < i.rows_rejected { format!("{rows} of them ") } else { String::new() };
    let first = if file.is_empty() { String::new() } else { format!(", first {file}:{line}") };
    format!("{sentence}; rejected {many}for: {reason}{first} (all in rejects.csv of the case)")
}

/// The equation that holds over the rows of the input.
pub fn intake_sentence(i: &Intake) -> String {
    let mut text = format!(
        "{} rows read = {} kept + {} rejected + {} repeated",
        i.rows_read, i.rows_kept, i.rows_rejected, i.rows_repeated
    );
    for (rows, what) in [(i.rows_joined, "joined to others"), (i.rows_aside, "no calls")] {
        if rows > 0 {
            text += &format!(" + {rows} {what}");
        }
    }
    text
}
