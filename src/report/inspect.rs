//! One network, or two accounts, laid open: the evidence as a waterfall of log Bayes factors, chance beside it, and the lines.

use super::reading::{
    CHANCE, CONFIDENCE, THRESHOLDS, WEIGHT, called, count, evidence, figures, material, proposed, readings, result,
    sensitivity, template, weighed,
};
use super::screen::Page;
use super::terminal::TerminalOptions;
use crate::document::glossary::{chance, grouped, membership, name, percent};
use crate::document::{Account, Claim, Document, Network};
use anstyle::Style;

/// Columns of the longest bar.
const BAR: f64 = 24.0;

/// Evidence of the network `id`; `None` where the case has no such network.
pub fn network(d: &Document, id: &str, options: TerminalOptions) -> Option<String> {
    let n = d.networks.iter().find(|n| n.id == id)?;
    let mut page = Page::new(options.width, options.colour);
    page.styled(
        0,
        Style::new().bold(),
        &format!("{}  {} · {} confidence", n.id, called(n.verdict), n.confidence.as_str()),
    );
    page.paragraph(2, &n.summary);
    if !n.set_aside.is_empty() {
        page.paragraph(2, &format!("Set aside: {}", n.set_aside));
    }
    page.paragraph(2, &format!("{} Network q {}.", proposed(n), chance(n.q_value)));
    page.blank();
    waterfall(&mut page, n);
    let [coordinated, others @ ..] = readings(n);
    page.paragraph(0, &format!("Assessment: {}.", coordinated.inferred));
    page.blank();
    for (place, reading) in others.into_iter().enumerate() {
        page.styled(0, Style::new().bold(), reading.question);
        if place == 0 && !n.judged_on.is_empty() {
            page.paragraph(2, &n.judged_on);
        }
        for c in &reading.axis.claims {
            let sign = if c.counts { '+' } else { '-' };
            page.paragraph(2, &format!("{sign} {}", c.statement));
            page.paragraph(6, &format!("{}; {}", figures(c), c.signal));
            if c.counts {
                places(&mut page, c);
            }
        }
        page.paragraph(0, &format!("Assessment: {}.", reading.inferred));
        page.blank();
    }
    layers(&mut page, n);
    if !n.robustness.is_empty() {
        page.styled(0, Style::new().bold(), "Sensitivity: one layer of evidence removed");
        for r in &n.robustness {
            let fate = if r.survives { "coordinated group found" } else { "no matching coordinated group" };
            page.paragraph(2, &format!("without {}: {fate}, overlap {}", name(&r.without), percent(r.overlap)));
        }
        if let Some(sensitivity) = sensitivity(n) {
            page.paragraph(2, &format!("Result: {}.", sensitivity.trim_end_matches('.')));
        }
        page.blank();
    }
    page.styled(0, Style::new().bold(), "Innocent explanations");
    for e in &n.explanations {
        page.paragraph(2, &format!("{}: {}. {}", e.name, result(e), weighed(e)));
        if !e.would_change.is_empty() {
            page.paragraph(6, &format!("What would change the conclusion: {}.", e.would_change));
        }
    }
    page.blank();
    page.styled(
        0,
        Style::new().bold(),
        "Members, with membership score (an estimate of the model, not a probability of wrongdoing)",
    );
    let mut members: Vec<&Account> = d.accounts.iter().filter(|a| a.network_id == n.id).collect();
    members.sort_by(|a, b| b.membership.total_cmp(&a.membership).then(a.account_id.cmp(&b.account_id)));
    for a in members {
        page.paragraph(
            2,
            &format!("{}  {} ({})", membership(a.membership), a.account_id, count(a.requests as usize, "request")),
        );
    }
    page.blank();
    for text in [CHANCE, WEIGHT, THRESHOLDS, CONFIDENCE] {
        page.styled(0, Style::new().dimmed(), text);
    }
    Some(page.finish())
}

/// Streams, pools, who of one carries how much of the other, and how large the material is.
fn layers(page: &mut Page, n: &Network) {
    if !n.streams.is_empty() {
        page.styled(0, Style::new().bold(), "Streams: requests of one instruction");
        for s in &n.streams {
            page.paragraph(2, &told(&s.id, s.requests, s.accounts));
            if let Some(template) = template(s) {
                page.paragraph(6, &format!("common to most of {}: {template}", count(s.compared as usize, "excerpt")));
            }
            if !s.excerpt.is_empty() {
                page.paragraph(6, &s.excerpt);
            }
        }
        page.blank();
    }
    if n.pools.iter().any(|p| !p.linked_by.is_empty()) {
        page.styled(
            0,
            Style::new().bold(),
            "Pools: accounts linked by payment instruments or addresses of their own, with what they carry",
        );
        for p in &n.pools {
            let by = if p.linked_by.is_empty() {
                "linked to no other".to_owned()
            } else {
                format!("linked by {}", p.linked_by)
            };
            page.paragraph(2, &format!("{}: {}, {by}", p.id, count(p.accounts as usize, "account")));
            for c in n.cells.iter().filter(|c| c.pool == p.id) {
                page.paragraph(6, &told(&c.stream, c.requests, c.accounts));
            }
        }
        page.blank();
    }
    if let Some(m) = &n.material {
        page.paragraph(0, &material(m));
        page.blank();
    }
}

/// `S1: 900 requests of 11 accounts`.
fn told(what: &str, requests: u64, accounts: u64) -> String {
    format!("{what}: {} of {}", count(requests as usize, "request"), count(accounts as usize, "account"))
}

/// Where the evidence of a claim stands: lines of logs and of the account table.
fn places(page: &mut Page, c: &Claim) {
    if let Some(places) = evidence(c, |l| format!("{}:{}", l.file, l.line)) {
        page.paragraph(6, &places);
    }
}

fn waterfall(page: &mut Page, n: &Network) {
    page.styled(0, Style::new().bold(), "One operator?");
    page.paragraph(0, "Evidence of one operator (upper bound on the log Bayes factor, at most 12 per kind)");
    let most = n.coordinated.claims.iter().map(|c| c.weight).fold(0.0, f64::max);
    let mut sum = 0.0;
    let figures = |c: &Claim| {
        let p = c.p_value.map_or_else(|| "not tested".to_owned(), |p| format!("p {}", chance(p)));
        format!("{}; {p}", figures(c))
    };
    for c in n.coordinated.claims.iter().filter(|c| c.counts) {
        sum += c.weight;
        let bar = "#".repeat((BAR * (c.weight / most.max(f64::MIN_POSITIVE))).round() as usize);
        page.paragraph(2, &format!("+{:.1} = {sum:.1}  {bar}  {}", c.weight, c.signal));
        page.paragraph(6, &c.statement);
        page.paragraph(6, &figures(c));
        places(page, c);
    }
    for c in n.coordinated.claims.iter().filter(|c| !c.counts) {
        page.paragraph(2, &format!("does not count  {}", c.signal));
        page.paragraph(6, &format!("looked for: {}", c.statement));
        page.paragraph(6, &figures(c));
    }
}

/// Why two accounts are linked, or that they are not; `None` where the case does not know one of them.
pub fn pair(d: &Document, a: &str, b: &str, options: TerminalOptions) -> Option<String> {
    let find = |id: &str| d.accounts.iter().find(|x| x.account_id == id);
    let (first, second) = (find(a)?, find(b)?);
    let mut page = Page::new(options.width, options.colour);
    for x in [first, second] {
        let place = if x.network_id.is_empty() {
            "in no network".to_owned()
        } else {
            format!("in {}, membership score {}; {}", x.network_id, membership(x.membership), called(x.verdict))
        };
        page.paragraph(0, &format!("{}: {}, {place}", x.account_id, count(x.requests as usize, "request")));
    }
    page.blank();
    let links =
        d.links.iter().filter(|l| (l.account_a == a && l.account_b == b) || (l.account_a == b && l.account_b == a));
    let mut any = false;
    for l in links {
        any = true;
        let meaning =
            if l.q_value > 0.05 { "not significant for this pair alone" } else { "significant after correction" };
        page.paragraph(
            0,
            &format!(
                "{}: both use {}, found in {} accounts or organisations; {meaning} (p {}, q {} after correction for all pairs)",
                name(&l.family),
                l.shared,
                grouped(l.popularity),
                chance(l.p_value),
                chance(l.q_value)
            ),
        );
    }
    if !any {
        page.paragraph(
            0,
            if first.network_id == second.network_id && !first.network_id.is_empty() {
                "No listed link between the two: each belongs to the network by what it shares with other members."
            } else {
                "Nothing links the two beyond chance."
            },
        );
    }
    Some(page.finish())
}
