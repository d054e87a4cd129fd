//! A network in some two dozen lines: a table for each question, and where to read on.

use super::escape::{columns, truncate_start, visible};
use super::reading::{
    CHANCE, CONFIDENCE, Reading, THRESHOLDS, called, cell, count, is_met_elsewhere, readings, result, seen_cell,
    sensitivity, threshold,
};
use super::screen::Page;
use crate::document::glossary::{chance_cell, finding, grouped};
use crate::document::{Claim, Explanation, Network, Verdict};
use anstyle::{AnsiColor, Style};

/// Below so many columns a table has no room, and its rows are told in words.
const TABLE: usize = 60;
/// Findings listed for a question; `inspect` has all.
const FINDINGS: usize = 7;
/// Width of the words before a line that stands alone.
const LABEL: usize = 15;

/// A table: heads of its columns, and rows of the same number of cells. The first column is words, the others figures.
struct Table {
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Figures keep their width, and the words are broken in what is left. `title` stands in the line of the heads where there is
    /// room for it.
    fn print(&self, page: &mut Page, indent: usize, title: &str) {
        let bold = Style::new().bold();
        if page.width() < TABLE {
            page.styled(indent, bold, title);
            for row in &self.rows {
                let told = self.heads.iter().zip(row).skip(1).filter(|(_, cell)| !cell.is_empty());
                let told: Vec<String> = told
                    .map(|(head, cell)| if head.is_empty() { cell.clone() } else { format!("{head} {cell}") })
                    .collect();
                page.paragraph(indent + 2, &format!("{}: {}", row[0], told.join("; ")));
            }
            return;
        }
        let widths: Vec<usize> = (1..self.heads.len())
            .map(|i| self.rows.iter().map(|r| columns(&r[i])).fold(columns(self.heads[i]), usize::max))
            .collect();
        let figures: usize = widths.iter().map(|w| w + 2).sum();
        let longest = self.rows.iter().map(|r| columns(&r[0])).max().unwrap_or(0);
        let room = page.width().saturating_sub(indent + 2 + figures);
        let words = longest.max(columns(title).saturating_sub(2)).clamp(20.min(room), room.max(1));
        let cells = |row: &mut dyn Iterator<Item = &str>| -> String {
            row.zip(&widths).map(|(cell, width)| format!("  {cell:<width$}")).collect::<String>().trim_end().to_owned()
        };
        let heads = cells(&mut self.heads.iter().copied().skip(1));
        if columns(title) <= words + 2 {
            page.line(indent, bold, &format!("{title}{:1$}{heads}", "", words + 2 - columns(title)));
        } else {
            page.styled(indent, bold, title);
            page.line(indent, bold, &format!("{:1$}{heads}", "", words + 2));
        }
        for row in &self.rows {
            let mut lines = broken(&row[0], words).into_iter();
            let first = lines.next().unwrap_or_default();
            let pad = words.saturating_sub(columns(&first));
            let figures = cells(&mut row.iter().skip(1).map(String::as_str));
            page.line(indent + 2, Style::new(), &format!("{first}{:pad$}{figures}", ""));
            lines.for_each(|line| page.line(indent + 4, Style::new(), &line));
        }
    }
}

/// Text in lines of at most so many columns; only a word that is longer stands out.
fn broken(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    // What follows the first line is indented by two.
    let mut room = most;
    for word in visible(text).split(' ') {
        let last = lines.last_mut().expect("there is always one");
        if last.is_empty() {
            last.push_str(word);
        } else if columns(last) + 1 + columns(word) <= room {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
            room = most.saturating_sub(2);
        }
    }
    lines
}

/// What a table calls a claim.
fn said(c: &Claim) -> &str {
    if c.finding.is_empty() { finding(&c.signal) } else { &c.finding }
}

/// Networks at a glance.
pub(super) fn glance(page: &mut Page, networks: &[&Network]) {
    let row = |n: &&Network| {
        vec![
            n.id.clone(),
            n.confidence.as_str().to_owned(),
            grouped(n.members.len() as u64),
            grouped(n.requests),
            chance_cell(n.q_value),
            n.explanations.first().map(|e| e.name.clone()).unwrap_or_default(),
        ]
    };
    let heads = vec!["network", "confidence", "accounts", "requests", "q", "innocent explanation least contradicted"];
    let mut table = Table { heads, rows: networks.iter().map(row).collect() };
    // The explanation is the longest column and no figure: where it has no room it stands with its network below.
    let width: usize = 14 + 2 + 12 + 10 + 10 + 9 + 42;
    if page.width() >= TABLE && page.width() < width {
        table.heads.pop();
        table.rows.iter_mut().for_each(|r| r.truncate(5));
    }
    table.print(page, 0, "Network");
}

/// One network.
pub(super) fn network(page: &mut Page, n: &Network) {
    let suspected = n.verdict == Verdict::SuspectedDistillation;
    let colour = if suspected { AnsiColor::Red } else { AnsiColor::Yellow };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    page.styled(0, style, &format!("{}  {} · {} confidence", n.id, called(n.verdict), n.confidence.as_str()));
    let day = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    page.paragraph(
        2,
        &format!(
            "{} · {} · {} output tokens · {} to {}",
            count(n.members.len(), "account"),
            count(n.requests as usize, "request"),
            grouped(n.output_tokens),
            day(&n.first),
            day(&n.last)
        ),
    );
    page.blank();
    let [one, work, evasion] = readings(n);
    questions(page, n, &one, &work);
    evasive(page, &evasion);
    if let Some(sensitivity) = sensitivity(n) {
        labelled(page, "Sensitivity", &sensitivity);
    }
    innocent(page, n);
    let places: Vec<String> = n.exemplars.iter().map(|e| format!("{}:{}", e.at.file, e.at.line)).collect();
    places.iter().enumerate().for_each(|(i, place)| {
        let room = page.width().saturating_sub(2 + LABEL);
        labelled(page, if i == 0 { "Read first" } else { "" }, &truncate_start(&visible(place), room));
    });
    labelled(page, "Details", &format!("stillhunt inspect CASE {}", n.id));
    page.blank();
}

fn labelled(page: &mut Page, label: &str, text: &str) {
    page.hanging(2, LABEL, label, text);
}

/// Claims of an axis that count.
fn counting<'a>(reading: &Reading<'a>) -> Vec<&'a Claim> {
    reading.axis.claims.iter().filter(|c| c.counts).collect()
}

fn questions(page: &mut Page, n: &Network, one: &Reading<'_>, work: &Reading<'_>) {
    let share = |v: Option<f64>| v.map(|v| format!("{:.1} %", 100.0 * v)).unwrap_or_default();
    let claims = counting(one);
    let rows = claims.iter().take(FINDINGS).map(|c| {
        let q = c.q_value.map(chance_cell).unwrap_or_default();
        vec![said(c).to_owned(), seen_cell(c), cell(c.expected, &c.unit), share(c.elsewhere), q]
    });
    let table = Table { heads: vec!["", "seen", "chance", "elsewhere", "q"], rows: rows.collect() };
    table.print(page, 2, &format!("{}  {}", one.question, one.short));
    more(page, claims.len());

    let (distributed, claims): (Vec<&Claim>, Vec<&Claim>) =
        counting(work).into_iter().partition(|c| c.signal == "extraction.given_out");
    let judged = n.judged_on.trim_end_matches('.').replacen("Judged", "; judged", 1);
    let title = format!("{}  {}{judged}", work.question, work.short);
    if claims.is_empty() {
        page.styled(2, Style::new().bold(), &format!("{}  {}", work.question, work.short));
    } else {
        let rows = claims.iter().map(|c| {
            let elsewhere = c.everybody_else.map(|v| cell(v, &c.unit)).unwrap_or_default();
            let note = if is_met_elsewhere(c) { "not distinctive" } else { "" };
            vec![said(c).to_owned(), seen_cell(c), threshold(c), elsewhere, note.to_owned()]
        });
        let table = Table { heads: vec!["", "seen", "threshold", "elsewhere", ""], rows: rows.collect() };
        table.print(page, 2, &title);
    }
    distributed.iter().for_each(|c| page.paragraph(4, said(c)));
}

fn more(page: &mut Page, claims: usize) {
    if claims > FINDINGS {
        page.paragraph(4, &format!("and {} more", claims - FINDINGS));
    }
}

fn evasive(page: &mut Page, evasion: &Reading<'_>) {
    let told = counting(evasion).into_iter().map(|c| match c.compared_with.as_str() {
        // What stands above already has its figures there.
        "everybody" if c.signal == "evasion.rotation" => said(c).to_owned(),
        "everybody" => format!("{} {} ({} expected)", seen_cell(c), said(c), cell(c.expected, &c.unit)),
        _ => format!("{} ({}; {} by chance)", said(c), seen_cell(c), cell(c.expected, &c.unit)),
    });
    let told: Vec<String> = told.collect();
    let text = if told.is_empty() || !evasion.axis.holds {
        std::iter::once(evasion.short.to_owned()).chain(told).collect::<Vec<_>>().join("; ")
    } else {
        told.join("; ")
    };
    labelled(page, evasion.question, &text);
}

fn innocent(page: &mut Page, n: &Network) {
    let tally = |e: &Explanation| format!("{}: {} for, {} against", e.name, e.supports.len(), e.against.len());
    let standing: Vec<&Explanation> = n.explanations.iter().filter(|e| e.fit != "contradicted").take(2).collect();
    let told: Vec<String> = if standing.is_empty() {
        n.explanations.first().map(|e| format!("{} ({})", tally(e), result(e))).into_iter().collect()
    } else {
        standing.into_iter().map(tally).collect()
    };
    if !told.is_empty() {
        labelled(page, "Innocent?", &told.join(" · "));
    }
}

/// What the columns mean.
pub(super) fn legend(page: &mut Page) {
    for text in [CHANCE, THRESHOLDS, CONFIDENCE] {
        page.styled(0, Style::new().dimmed(), text);
    }
}
