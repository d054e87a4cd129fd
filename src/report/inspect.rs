//! One network, or two accounts, laid open: the evidence as a waterfall in log-odds, chance beside it, and the lines.

use super::reading::{comparison, readings, table_rows, template};
use super::terminal::{Page, TerminalOptions, called, count, figure, measured};
use crate::document::{Account, Claim, Document, LineRef, Network};
use anstyle::Style;

/// Columns of the longest bar.
const BAR: f64 = 24.0;

/// Evidence of the network `id`; `None` where the case has no such network.
pub fn network(d: &Document, id: &str, options: TerminalOptions) -> Option<String> {
    let n = d.networks.iter().find(|n| n.id == id)?;
    let mut page = Page::new(options);
    page.styled(
        0,
        Style::new().bold(),
        &format!("{}  {}, {} confidence", n.id, called(n.verdict), n.confidence.as_str()),
    );
    page.paragraph(2, &n.summary);
    if !n.set_aside.is_empty() {
        page.paragraph(2, &format!("Set aside: {}", n.set_aside));
    }
    page.paragraph(2, &format!("Proposed by {}, tested by other families; q = {}.", n.proposed_by, figure(n.q_value)));
    page.blank();
    waterfall(&mut page, n);
    let [coordinated, others @ ..] = readings(n);
    page.paragraph(0, &format!("Inferred: {}.", coordinated.inferred));
    page.blank();
    for reading in others {
        page.styled(0, Style::new().bold(), &format!("Observed: {}", reading.question));
        for c in &reading.axis.claims {
            let sign = if c.counts { '+' } else { '-' };
            page.paragraph(2, &format!("{sign} {}: {}, {}", c.statement, measured(c.observed, &c.unit), comparison(c)));
            if c.counts {
                places(&mut page, c);
            }
        }
        page.paragraph(0, &format!("Inferred: {}.", reading.inferred));
        page.blank();
    }
    layers(&mut page, n);
    if !n.robustness.is_empty() {
        page.styled(0, Style::new().bold(), "With one layer left out");
        for r in &n.robustness {
            let fate = if r.survives { "found again as coordinated" } else { "not found again" };
            page.paragraph(2, &format!("without {}: {fate}, {:.0} % the same accounts", r.without, 100.0 * r.overlap));
        }
        page.blank();
    }
    page.styled(0, Style::new().bold(), "Innocent explanations");
    for e in &n.explanations {
        page.paragraph(2, &format!("{}: {}. It predicts {}; seen: {}.", e.name, e.fit, e.predicts, e.seen));
        if !e.would_change.is_empty() {
            page.paragraph(6, &format!("What would change the conclusion: {}.", e.would_change));
        }
    }
    page.blank();
    page.styled(0, Style::new().bold(), "Members, with the probability that each belongs to it");
    let mut members: Vec<&Account> = d.accounts.iter().filter(|a| a.network_id == n.id).collect();
    members.sort_by(|a, b| b.membership.total_cmp(&a.membership).then(a.account_id.cmp(&b.account_id)));
    for a in members {
        page.paragraph(2, &format!("{:.3}  {} ({} requests)", a.membership, a.account_id, a.requests));
    }
    Some(page.finish())
}

/// Streams, pools, who of one carries how much of the other, and how large the material is.
fn layers(page: &mut Page, n: &Network) {
    if !n.streams.is_empty() {
        page.styled(0, Style::new().bold(), "Streams: requests of one instruction");
        for s in &n.streams {
            page.paragraph(2, &format!("{}: {} requests of {} accounts", s.id, s.requests, s.accounts));
            if let Some(template) = template(s) {
                page.paragraph(
                    6,
                    &format!("in common to most of {}: {template}", count(s.compared as usize, "excerpt")),
                );
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
            "Pools: accounts tied by instruments or addresses of their own, with what they carry",
        );
        for p in &n.pools {
            let by = if p.linked_by.is_empty() {
                "linked to no other".to_owned()
            } else {
                format!("linked by {}", p.linked_by)
            };
            page.paragraph(2, &format!("{}: {} accounts, {by}", p.id, p.accounts));
            for c in n.cells.iter().filter(|c| c.pool == p.id) {
                page.paragraph(6, &format!("{}: {} requests of {} accounts", c.stream, c.requests, c.accounts));
            }
        }
        page.blank();
    }
    if let Some(m) = &n.material {
        let size = m.at_least.map_or_else(
            || "too few came just twice for the whole to be estimated".to_owned(),
            |all| format!("by capture and recapture the whole holds at least {all}"),
        );
        page.paragraph(0, &format!("Material: {} texts, {} of them distinct; {size}.", m.texts, m.distinct));
        page.blank();
    }
}

/// Where the evidence of a claim stands: lines of logs and of the account table.
fn places(page: &mut Page, c: &Claim) {
    let of_log = |l: &LineRef| format!("{}:{}", l.file, l.line);
    let places: Vec<String> = c.lines.iter().map(of_log).chain(table_rows(c)).collect();
    if !places.is_empty() {
        page.paragraph(6, &places.join(", "));
    }
}

fn waterfall(page: &mut Page, n: &Network) {
    page.styled(
        0,
        Style::new().bold(),
        "Observed: run as one? Evidence in nats at most, the best case for the accuser, each family capped",
    );
    let most = n.coordinated.claims.iter().map(|c| c.weight).fold(0.0, f64::max);
    let mut sum = 0.0;
    let figures = |c: &Claim| {
        let chance = |v: Option<f64>| v.map_or_else(|| "not tested".to_owned(), figure);
        format!(
            "{}: {}, {}, p = {}, q = {}",
            c.statement,
            measured(c.observed, &c.unit),
            comparison(c),
            chance(c.p_value),
            chance(c.q_value)
        )
    };
    for c in n.coordinated.claims.iter().filter(|c| c.counts) {
        sum += c.weight;
        let bar = "#".repeat((BAR * (c.weight / most.max(f64::MIN_POSITIVE))).round() as usize);
        page.paragraph(2, &format!("+{:.1} = {sum:.1}  {bar}  {}", c.weight, c.signal));
        page.paragraph(6, &figures(c));
        places(page, c);
    }
    for c in n.coordinated.claims.iter().filter(|c| !c.counts) {
        page.paragraph(2, &format!("does not count  {}", c.signal));
        page.paragraph(6, &format!("looked for: {}", figures(c)));
    }
}

/// Why two accounts are linked, or that they are not; `None` where the case does not know one of them.
pub fn pair(d: &Document, a: &str, b: &str, options: TerminalOptions) -> Option<String> {
    let find = |id: &str| d.accounts.iter().find(|x| x.account_id == id);
    let (first, second) = (find(a)?, find(b)?);
    let mut page = Page::new(options);
    for x in [first, second] {
        let place = if x.network_id.is_empty() {
            "in no network".to_owned()
        } else {
            format!("in {} with probability {:.3}, {}", x.network_id, x.membership, called(x.verdict))
        };
        page.paragraph(0, &format!("{}: {} requests, {place}", x.account_id, x.requests));
    }
    page.blank();
    let links =
        d.links.iter().filter(|l| (l.account_a == a && l.account_b == b) || (l.account_a == b && l.account_b == a));
    let mut any = false;
    for l in links {
        any = true;
        page.paragraph(
            0,
            &format!(
                "{}: both have {}, as {} entities do; p = {} that two that share as many objects with anybody share one as rare, q = {} over all pairs",
                l.family,
                l.shared,
                l.popularity,
                figure(l.p_value),
                figure(l.q_value)
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
