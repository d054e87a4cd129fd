//! `report.html`: one file that needs nothing else. It is complete without its script, which only filters and sorts.

mod charts;
mod picture;

use crate::document::glossary::{chance_cell, grouped, membership, percent};
use crate::document::{
    Account, Allowed, Claim, Document, Evaluability, Explanation, InputFile, LineRef, Link, Network, Verdict,
};
use crate::report::markup::fill;
use crate::report::reading::{
    CHANCE, CONFIDENCE, Reading, THRESHOLDS, WEIGHT, bound, cell, count, evidence_words, expected_by_chance,
    is_met_elsewhere, meaning, measured, proposed, readings, result, sensitivity, table_rows, threshold,
};
use crate::report::terminal::intake_told;
use base64::Engine;
use charts::{Bars, Hours, LifeLine, Mark, short};
use picture::Picture;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const TEMPLATES: [(&str, &str); 4] = [
    ("page.html", include_str!("page.html")),
    ("card.html", include_str!("card.html")),
    ("reading.html", include_str!("reading.html")),
    ("drawings.html", include_str!("drawings.html")),
];
const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// Networks with drawings and with the tests that do not count: a page of thousands of accounts has to open too. The rest
/// keep their evidence and say so.
const DRAWN: usize = 60;
/// Members named one by one in a card; the table of accounts has all.
const MEMBERS: usize = 60;
/// Characters of a path in the page.
const PATH: usize = 90;

/// Source expression of the content security policy that allows exactly `text`.
fn allowed(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// A time as a person reads it; the log's own word where it is none.
fn moment(text: &str) -> String {
    match (crate::document::parse_rfc3339(text), text.get(..10), text.get(11..16)) {
        (Some(_), Some(day), Some(time)) => format!("{day} {time}"),
        _ => text.to_owned(),
    }
}

fn path(file: &str) -> String {
    crate::report::escape::truncate_start(&crate::report::escape::visible(file), PATH)
}

fn place(line: &LineRef) -> String {
    format!("{}:{}", path(&line.file), line.line)
}

/// Lines with their file said once, such as `logs/a.jsonl: 6, 43`.
fn places(lines: &[LineRef]) -> Vec<String> {
    let of_one_file = lines.chunk_by(|a, b| a.file == b.file);
    of_one_file
        .map(|part| {
            let numbers: Vec<String> = part.iter().map(|l| l.line.to_string()).collect();
            format!("{}: {}", path(&part[0].file), numbers.join(", "))
        })
        .collect()
}

/// One claim with its bar in the waterfall: where it begins and how long it is, both of 100.
#[derive(Serialize)]
struct ClaimRow<'a> {
    signal: &'a str,
    family: &'a str,
    statement: &'a str,
    observed: String,
    expected: String,
    /// What gives `expected` in the table on evasion.
    basis: &'static str,
    /// The figure from which a claim of extraction counts, with its direction.
    threshold: String,
    /// The same figure of the accounts outside the network, where it is known.
    elsewhere: String,
    /// That figure reaches the threshold too.
    met_elsewhere: bool,
    p_value: String,
    q_value: String,
    counts: bool,
    weight: String,
    sum: String,
    bar_at: f64,
    bar: f64,
    lines: Vec<String>,
    /// Words before `lines`.
    evidence: &'static str,
}

fn rows(claims: &[Claim]) -> Vec<ClaimRow<'_>> {
    let total: f64 = claims.iter().filter(|c| c.counts).map(|c| c.weight).sum();
    let scale = 100.0 / total.max(f64::MIN_POSITIVE);
    let mut sum = 0.0;
    let tested = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), chance_cell);
    claims
        .iter()
        .map(|c| {
            let before = sum;
            sum += if c.counts { c.weight } else { 0.0 };
            ClaimRow {
                signal: &c.signal,
                family: &c.family,
                statement: &c.statement,
                observed: measured(c.observed, &c.unit),
                expected: measured(c.expected, &c.unit),
                basis: if c.compared_with == "chance" { "by chance" } else { "at the rate of all accounts" },
                threshold: threshold(c),
                elsewhere: c.everybody_else.map_or_else(|| "–".to_owned(), |v| cell(v, &c.unit)),
                met_elsewhere: is_met_elsewhere(c),
                p_value: tested(c.p_value),
                q_value: tested(c.q_value),
                counts: c.counts,
                weight: format!("+{:.1}", c.weight),
                sum: format!("{sum:.1}"),
                bar_at: charts::tenth((before * scale).clamp(0.0, 100.0)),
                bar: charts::tenth(((sum - before) * scale).clamp(0.0, 100.0)),
                lines: places(&c.lines).into_iter().chain(table_rows(c)).collect(),
                evidence: evidence_words(c),
            }
        })
        .collect()
}

#[derive(Serialize)]
struct AxisView<'a> {
    question: &'static str,
    inferred: &'static str,
    counting: Vec<ClaimRow<'a>>,
    others: Vec<ClaimRow<'a>>,
}

impl<'a> AxisView<'a> {
    fn new(Reading { question, inferred, axis, .. }: Reading<'a>, drawn: bool) -> Self {
        let (counting, others): (_, Vec<_>) = rows(&axis.claims).into_iter().partition(|r| r.counts);
        Self { question, inferred, counting, others: if drawn { others } else { Vec::new() } }
    }
}

#[derive(Serialize)]
struct StreamRow<'a> {
    id: &'a str,
    accounts: String,
    requests: String,
    excerpt: &'a str,
    /// Fixed passages; a slot stands between two of them.
    template: &'a [String],
    /// How many excerpts were compared, and how many of them have each passage: four of five at least.
    compared: [String; 2],
}

/// A pool with its requests in each stream, in the order of the streams; empty where it carries none.
#[derive(Serialize)]
struct PoolRow<'a> {
    id: &'a str,
    accounts: String,
    linked_by: &'a str,
    cells: Vec<String>,
}

/// An innocent explanation, its result in words.
#[derive(Serialize)]
struct Innocent<'a> {
    result: &'a str,
    told: &'a Explanation,
}

impl<'a> From<&'a Explanation> for Innocent<'a> {
    fn from(told: &'a Explanation) -> Self {
        Self { result: result(told), told }
    }
}

/// What becomes of a network without each layer of evidence.
#[derive(Serialize)]
struct Sensitivity<'a> {
    /// What it depends on, in a sentence.
    told: String,
    /// Of each layer its name, whether the network is found without it, the overlap, and whether it was proposed from it.
    rows: Vec<(&'a str, bool, String, bool)>,
}

impl<'a> Sensitivity<'a> {
    fn of(n: &'a Network) -> Option<Self> {
        let proposed = |layer: &str| n.proposed_by.split(" and ").any(|side| side == layer);
        let rows =
            n.robustness.iter().map(|r| (r.without.as_str(), r.survives, percent(r.overlap), proposed(&r.without)));
        sensitivity(n).map(|told| Self { told: told.trim_end_matches('.').to_owned(), rows: rows.collect() })
    }
}

/// How many prompts there are, how many of them differ, and the least size of what they are drawn from.
#[derive(Serialize)]
struct MaterialView {
    prompts: String,
    distinct: String,
    all_different: bool,
    at_least: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    account: &'a str,
    at: String,
    excerpt: &'a str,
}

/// All that a card shows.
#[derive(Serialize)]
struct Card<'a> {
    id: &'a str,
    kind: &'static str,
    sign: &'static str,
    title: &'static str,
    suspected: bool,
    set_aside: &'a str,
    drawn: bool,
    proposed: String,
    judged_on: &'a str,
    confidence: &'static str,
    summary: &'a str,
    accounts: String,
    requests: String,
    input_tokens: String,
    output_tokens: String,
    first: String,
    last: String,
    q_value: String,
    best: Option<Innocent<'a>>,
    coordinated: AxisView<'a>,
    extraction: AxisView<'a>,
    evasive: AxisView<'a>,
    life: Option<LifeLine>,
    bars: Option<Bars>,
    hours: Option<Hours>,
    ticks: Vec<Mark>,
    releases: Vec<Mark>,
    picture: Option<Picture>,
    streams: Vec<StreamRow<'a>>,
    pools: Vec<PoolRow<'a>>,
    material: Option<MaterialView>,
    sensitivity: Option<Sensitivity<'a>>,
    explanations: Vec<Innocent<'a>>,
    /// Names of those that a card without drawings does not lay out.
    contradicted: Vec<&'a str>,
    exemplars: Vec<Line<'a>>,
    members: Vec<&'a str>,
    members_left: usize,
}

fn layers(n: &Network) -> (Vec<StreamRow<'_>>, Vec<PoolRow<'_>>) {
    let streams = n.streams.iter().map(|s| StreamRow {
        id: &s.id,
        accounts: grouped(s.accounts),
        requests: grouped(s.requests),
        excerpt: &s.excerpt,
        template: &s.template,
        compared: [s.compared, s.compared.saturating_mul(4).div_ceil(5)].map(grouped),
    });
    let cell = |pool: &str, stream: &str| {
        let cell = n.cells.iter().find(|c| c.pool == pool && c.stream == stream);
        cell.map(|c| grouped(c.requests)).unwrap_or_default()
    };
    let pools = n.pools.iter().map(|p| PoolRow {
        id: &p.id,
        accounts: grouped(p.accounts),
        linked_by: &p.linked_by,
        cells: n.streams.iter().map(|s| cell(&p.id, &s.id)).collect(),
    });
    (streams.collect(), pools.collect())
}

/// The verdict on a network: class of style, sign and title. The sign says without colour what the colour says.
fn named(n: &Network) -> (&'static str, &'static str, &'static str) {
    match n.verdict {
        _ if !n.set_aside.is_empty() => ("aside", "○", "Set aside as known good"),
        Verdict::SuspectedDistillation => ("suspected", "▲", "Suspected distillation network"),
        Verdict::Coordinated => ("coordinated", "◆", "Coordinated accounts; extraction not shown"),
        Verdict::ExtractionLike => ("coordinated", "◇", "Extraction-like, not coordinated"),
        Verdict::None => ("aside", "○", "Nothing found"),
    }
}

fn card<'a>(d: &'a Document, n: &'a Network, accounts: &[&'a Account], links: &[&Link], drawn: bool) -> Card<'a> {
    let (kind, sign, title) = named(n);
    let timeline = d.timeline.as_ref().filter(|_| drawn);
    let axis = timeline.and_then(charts::Axis::new);
    let on_time = timeline.zip(axis.as_ref());
    let active = timeline.zip(n.activity.as_ref());
    let (streams, pools) = layers(n);
    let (explanations, contradicted): (Vec<_>, Vec<_>) =
        n.explanations.iter().partition(|e| drawn || e.fit != "contradicted");
    let [coordinated, extraction, evasive] = readings(n).map(|reading| AxisView::new(reading, drawn));
    Card {
        id: &n.id,
        kind,
        sign,
        title,
        suspected: n.is_suspected(),
        set_aside: &n.set_aside,
        drawn,
        proposed: proposed(n),
        judged_on: &n.judged_on,
        confidence: n.confidence.as_str(),
        summary: &n.summary,
        accounts: grouped(n.members.len() as u64),
        requests: grouped(n.requests),
        input_tokens: grouped(n.input_tokens),
        output_tokens: grouped(n.output_tokens),
        first: moment(&n.first),
        last: moment(&n.last),
        q_value: chance_cell(n.q_value),
        best: n.explanations.first().map(Innocent::from),
        coordinated,
        extraction,
        evasive,
        life: axis.as_ref().and_then(|axis| charts::life_line(axis, accounts)),
        bars: active.and_then(|(t, a)| charts::bars(t, a)),
        hours: active.and_then(|(t, a)| charts::hours(t, n, a)),
        ticks: axis.as_ref().map(charts::Axis::ticks).unwrap_or_default(),
        releases: on_time.map(|(t, axis)| axis.releases(t)).unwrap_or_default(),
        picture: if drawn { picture::picture(n, links) } else { None },
        streams,
        // One row that nothing links says nothing.
        pools: if n.pools.iter().any(|p| !p.linked_by.is_empty()) { pools } else { Vec::new() },
        material: n.material.as_ref().map(|m| MaterialView {
            prompts: grouped(m.texts),
            distinct: grouped(m.distinct),
            all_different: m.texts == m.distinct,
            at_least: m.at_least.map(grouped),
        }),
        sensitivity: Sensitivity::of(n),
        explanations: explanations.into_iter().map(Innocent::from).collect(),
        contradicted: contradicted.iter().map(|e| e.name.as_str()).collect(),
        exemplars: n
            .exemplars
            .iter()
            .map(|e| Line { account: &e.account_id, at: place(&e.at), excerpt: &e.excerpt })
            .collect(),
        members: n.members.iter().take(if drawn { MEMBERS } else { 0 }).map(String::as_str).collect(),
        members_left: n.members.len().saturating_sub(MEMBERS),
    }
}

#[derive(Serialize)]
struct AccountRow<'a> {
    id: &'a str,
    network: &'a str,
    sign: &'static str,
    verdict: &'static str,
    membership: String,
    requests: String,
    output_tokens: String,
    org: &'a str,
    created: String,
    first: String,
    last: String,
    closed: String,
}

#[derive(Serialize)]
struct File<'a> {
    path: String,
    rows: String,
    file: &'a InputFile,
}

#[derive(Serialize)]
struct View<'a> {
    policy: String,
    style: &'static str,
    script: &'static str,
    version: &'a str,
    schema: &'a str,
    headline: String,
    suspected: usize,
    coordinated: usize,
    extraction_like: usize,
    aside: usize,
    networks: usize,
    /// In a sentence, and in a tile.
    by_chance: String,
    expected_false: String,
    /// What chance, weight, threshold and confidence mean.
    terms: [&'static str; 4],
    groups_tested: String,
    accounts_all: String,
    entities: String,
    first: String,
    last: String,
    rows: [String; 2],
    intake: String,
    files: Vec<File<'a>>,
    columns: Vec<(&'a str, String)>,
    could_not: Vec<&'a Evaluability>,
    could: Vec<&'a Evaluability>,
    left_out: &'a [String],
    allowed: &'a [Allowed],
    pseudonymised: bool,
    /// What nobody should miss.
    warnings: &'a [String],
    notices: Vec<&'a String>,
    cards: Vec<Card<'a>>,
    accounts: Vec<AccountRow<'a>>,
}

/// The whole page.
///
/// # Errors
/// Only when a template of ours is wrong.
pub fn page(d: &Document) -> Result<String, minijinja::Error> {
    let mut members: BTreeMap<&str, Vec<&Account>> = BTreeMap::new();
    for a in d.accounts.iter().filter(|a| !a.network_id.is_empty()) {
        members.entry(&a.network_id).or_default().push(a);
    }
    let mut links: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
    for l in &d.links {
        links.entry(&l.network_id).or_default().push(l);
    }
    let mut networks: Vec<&Network> = d.networks.iter().collect();
    // The surest first. Total, and the same whatever the order of the document's networks of equal rank.
    networks.sort_by(|a, b| {
        let rank = |n: &Network| (!n.set_aside.is_empty(), n.verdict, n.confidence);
        rank(a).cmp(&rank(b)).then(a.q_value.total_cmp(&b.q_value)).then_with(|| a.id.cmp(&b.id))
    });
    let names: BTreeMap<&str, (&str, &str, &str)> = networks.iter().map(|n| (n.id.as_str(), named(n))).collect();
    let cards: Vec<Card<'_>> = networks
        .iter()
        .enumerate()
        .map(|(place, n)| {
            let accounts = members.get(n.id.as_str()).map(Vec::as_slice).unwrap_or_default();
            card(d, n, accounts, links.get(n.id.as_str()).map(Vec::as_slice).unwrap_or_default(), place < DRAWN)
        })
        .collect();
    let suspected = networks.iter().filter(|n| n.is_suspected()).count();
    let aside = networks.iter().filter(|n| !n.set_aside.is_empty()).count();
    let of = |verdict| networks.iter().filter(|n| n.set_aside.is_empty() && n.verdict == verdict).count();
    let headline = match suspected {
        0 => "No suspected distillation network stands out in these logs".to_owned(),
        n => format!("{} in these logs", count(n, "suspected distillation network")),
    };
    let i = &d.intake;
    let p = &d.population;
    let mut flagged: Vec<&Account> = d.accounts.iter().filter(|a| !a.network_id.is_empty()).collect();
    let order: BTreeMap<&str, usize> = networks.iter().enumerate().map(|(i, n)| (n.id.as_str(), i)).collect();
    flagged.sort_by(|a, b| {
        let rank = |x: &Account| order.get(x.network_id.as_str()).copied().unwrap_or(usize::MAX);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| b.membership.total_cmp(&a.membership))
            .then_with(|| (&a.account_id, &a.network_id).cmp(&(&b.account_id, &b.network_id)))
    });
    let (could, could_not) = d.signals.iter().partition(|s| s.evaluable);
    let view = View {
        policy: format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            allowed(STYLE),
            allowed(SCRIPT)
        ),
        style: STYLE,
        script: SCRIPT,
        version: &d.stillhunt_version,
        schema: &d.schema_version,
        headline,
        suspected,
        coordinated: of(Verdict::Coordinated),
        extraction_like: of(Verdict::ExtractionLike),
        aside,
        networks: networks.len(),
        by_chance: expected_by_chance(networks.len(), p.expected_false_networks),
        expected_false: bound(p.expected_false_networks),
        terms: [CHANCE, WEIGHT, THRESHOLDS, CONFIDENCE].map(meaning),
        groups_tested: grouped(p.groups_tested),
        accounts_all: grouped(p.accounts),
        entities: grouped(p.entities),
        first: moment(&p.first),
        last: moment(&p.last),
        rows: [i.rows_read, i.rows_kept].map(grouped),
        intake: intake_told(i),
        files: i.files.iter().map(|f| File { path: short(&f.path, 300), rows: grouped(f.rows), file: f }).collect(),
        columns: i.fill_rates.iter().map(|f| (f.column.as_str(), percent(f.share))).collect(),
        could_not,
        could,
        left_out: &d.left_out,
        allowed: &d.allowed,
        pseudonymised: d.pseudonymised,
        warnings: &i.warnings,
        notices: d.notices.iter().filter(|notice| !i.warnings.contains(notice)).collect(),
        cards,
        accounts: flagged
            .into_iter()
            .map(|a| {
                let (_, sign, title) = names.get(a.network_id.as_str()).copied().unwrap_or(("", "", "unknown"));
                AccountRow {
                    id: &a.account_id,
                    network: &a.network_id,
                    sign,
                    verdict: title.split([',', ';']).next().unwrap_or_default(),
                    membership: membership(a.membership),
                    requests: grouped(a.requests),
                    output_tokens: grouped(a.output_tokens),
                    org: &a.org_id,
                    created: moment(&a.created),
                    first: moment(&a.first),
                    last: moment(&a.last),
                    closed: moment(&a.closed),
                }
            })
            .collect(),
    };
    fill(&TEMPLATES, view)
}
