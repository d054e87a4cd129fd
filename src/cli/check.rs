//! `check`: what would be read.

use super::input::{Input, Reading, read};
use super::interruption::Stage;
use super::output::{OUTPUT, print};
use super::resources::Resources;
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use stillhunt::document::visible::visible;
use stillhunt::document::{self, Evaluability, Intake};
use stillhunt::evidence::redact;
use stillhunt::judgement::signals;
use stillhunt::report::escape;
use stillhunt::report::terminal::intake_sentence;

/// Arguments of `check`.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    input: Input,
    /// Print JSON
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
    #[command(flatten)]
    resources: Resources,
}

/// Runs `check`.
pub fn check(Check { input, json: as_json, resources }: &Check) -> anyhow::Result<u8> {
    resources.take()?;
    let reading = read(input, None, resources, &Stage::watched()?)?;
    if *as_json { json(&reading) } else { tell(&reading) }?;
    Ok(0)
}

/// Characters of a text of the log that are shown.
const SHOWN: usize = 60;

/// What was read, for programs.
#[derive(Serialize)]
struct Checked<'a> {
    stillhunt_version: &'a str,
    intake: &'a Intake,
    accounts: usize,
    /// First and last request, RFC 3339 UTC.
    first: Option<String>,
    last: Option<String>,
    /// Finest resolution of times by format, µs.
    resolution_us: &'a BTreeMap<String, i64>,
    /// The first call of each format as it was understood, by canonical columns; texts are excerpts.
    first_calls: BTreeMap<&'a str, Map<String, Value>>,
    /// Rejected rows by reason.
    rejected: BTreeMap<&'a str, u64>,
    signals: Vec<Evaluability>,
}

/// A length of time in the unit in which it is a short number.
fn resolution(us: i64) -> String {
    const UNITS: [(i64, &str); 5] =
        [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"), (1_000, "ms")];
    let unit = UNITS.into_iter().find(|(length, _)| us > 0 && us % length == 0);
    unit.map_or_else(|| format!("{us} µs"), |(length, unit)| format!("{} {unit}", us / length))
}

/// Prints what was read as JSON.
fn json(reading: &Reading) -> anyhow::Result<()> {
    let Reading { evidence, facts, read, .. } = reading;
    let (first, last) = evidence.span().unzip();
    let excerpt = |(name, value): (&String, &Value)| {
        let excerpt = value.as_str().map(|text| redact::excerpt(text, SHOWN).into());
        (name.clone(), excerpt.unwrap_or_else(|| value.clone()))
    };
    let first_calls = read.first_records.iter();
    let checked = Checked {
        stillhunt_version: env!("CARGO_PKG_VERSION"),
        intake: &read.intake,
        accounts: evidence.accounts.len(),
        first: first.map(document::rfc3339),
        last: last.map(document::rfc3339),
        resolution_us: &read.resolution_us,
        first_calls: first_calls.map(|r| (r.format.as_str(), r.cells.iter().map(excerpt).collect())).collect(),
        rejected: read.reasons.iter().map(|(reason, rows)| (&**reason, *rows)).collect(),
        signals: signals::evaluable(&read.intake, facts, evidence),
    };
    print(&(escape::json(&serde_json::to_string_pretty(&checked)?) + "\n"))
}

/// Prints what was read.
fn tell(reading: &Reading) -> anyhow::Result<()> {
    let Reading { evidence, facts, read, .. } = reading;
    let i = &read.intake;
    let mut text = String::new();
    for f in &i.files {
        text += &format!("{}  {}  {} rows  sha256 {}\n", f.path, f.format, f.rows, f.sha256);
        if !f.reason.is_empty() {
            text += &format!("  recognised because {}\n", f.reason);
        }
    }
    text += &intake_sentence(i);
    text += "\n";
    if let Some(columns) = read.told_columns() {
        text += &format!("{columns}\n");
    }
    if let Some((first, last)) = evidence.span() {
        text += &format!(
            "{} accounts, {} to {}\n",
            evidence.accounts.len(),
            document::rfc3339(first),
            document::rfc3339(last)
        );
    }
    for (format, us) in &read.resolution_us {
        text += &format!("timestamp resolution of {format}: {}\n", resolution(*us));
    }
    for note in &i.notes {
        text += &format!("note: {}\n", visible(note));
    }
    for first in &read.first_records {
        text += &format!("\nfirst call of {}, as read\n", first.format);
        for (name, value) in &first.cells {
            let mut shown = value.as_str().map_or_else(|| value.to_string(), |t| redact::excerpt(t, SHOWN));
            if let Some(us) = value.as_i64().filter(|_| name == "ts_us") {
                shown += &format!("  {}", document::rfc3339(us));
            }
            text += &format!("  {name:18} {}\n", visible(&shown));
        }
    }
    text += "\ncolumn              filled\n";
    let (filled, absent): (Vec<_>, Vec<_>) = i.fill_rates.iter().partition(|f| f.share > 0.0);
    for f in filled {
        text += &format!("{:18} {:6.1} %\n", f.column, 100.0 * f.share);
    }
    if !absent.is_empty() {
        let names: Vec<&str> = absent.iter().map(|f| f.column.as_str()).collect();
        text += &format!("not in the log: {}\n", names.join(", "));
    }
    for c in &i.content {
        text += &format!("user text {}: {} rows\n", c.status, c.rows);
    }
    for told in read.told_rejects() {
        text += &format!("rejected: {told}\n");
    }
    // What cannot run comes first: it is what a person can do something about.
    let (can, cannot): (Vec<Evaluability>, Vec<Evaluability>) =
        signals::evaluable(i, facts, evidence).into_iter().partition(|s| s.evaluable);
    if !cannot.is_empty() {
        text += "\nsignals that cannot run\n";
        for s in cannot {
            text += &format!("  {:24} {}\n", s.name, s.reason);
        }
    }
    text += "\nsignals that can run\n";
    for s in can {
        text += &format!("  {}\n", s.name);
    }
    print(&text)
}
