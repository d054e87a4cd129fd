//! Charts of a network as coordinates: positions are computed here, a template draws them. All share one axis of time.

use crate::document::{Account, Activity, Network, Timeline, parse_rfc3339, rfc3339};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Edges of the drawing of time, in units of a view box 960 wide.
const LEFT: f64 = 168.0;
const RIGHT: f64 = 948.0;
/// Accounts drawn in a life line.
const LIVES: usize = 40;
const ROW: f64 = 15.0;
/// Height of the bars of requests.
const BARS: f64 = 96.0;
/// Side of the largest square in the drawing of hours, and the distance of two.
const SQUARE: f64 = 15.0;
const HOUR: f64 = 32.5;
const DAY_US: i64 = 86_400_000_000;

/// One decimal is a tenth of a pixel: more would be bytes for nothing.
pub(super) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// `text` shortened to `most` characters.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// A labelled place on the axis.
#[derive(Serialize)]
pub(super) struct Mark {
    x: f64,
    label: String,
}

/// The axis of time that all charts of a page share.
pub(super) struct Axis {
    start: i64,
    end: i64,
    seconds: i64,
    spans: usize,
}

impl Axis {
    pub fn new(t: &Timeline) -> Option<Self> {
        let start = parse_rfc3339(&t.start)?;
        let seconds = i64::try_from(t.span_seconds).ok().filter(|s| *s > 0)?;
        let length = seconds.checked_mul(1_000_000)?.checked_mul(i64::try_from(t.requests.len()).ok()?)?;
        (length > 0).then_some(Self { start, end: start.checked_add(length)?, seconds, spans: t.requests.len() })
    }

    /// Place of a time, kept within the drawing.
    fn x(&self, us: i64) -> f64 {
        let share = (us.saturating_sub(self.start)) as f64 / (self.end.saturating_sub(self.start)) as f64;
        tenth(LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT))
    }

    fn covers(&self, us: i64) -> bool {
        (self.start..=self.end).contains(&us)
    }

    /// At most seven dates.
    pub fn ticks(&self) -> Vec<Mark> {
        let step = self.spans.div_ceil(6).max(1);
        // Days are what a person counts in: a step shorter than a day is left, a longer one made whole days.
        let day = (86_400 / self.seconds).max(1) as usize;
        let step = if step > day { step.div_ceil(day) * day } else { step };
        let label = |us: i64| {
            let whole = rfc3339(us);
            let date = whole.get(..10).unwrap_or_default().to_owned();
            if step >= day {
                date
            } else {
                format!("{} {}", date.get(5..).unwrap_or_default(), whole.get(11..16).unwrap_or_default())
            }
        };
        (0..self.spans)
            .step_by(step)
            .map(|n| self.start + n as i64 * self.seconds * 1_000_000)
            .map(|us| Mark { x: self.x(us), label: label(us) })
            .filter(|m| m.x < RIGHT - 60.0)
            .collect()
    }

    /// First uses of new models.
    pub fn releases(&self, t: &Timeline) -> Vec<Mark> {
        let place = |r: &crate::document::Release| {
            let at = parse_rfc3339(&r.first).filter(|at| self.covers(*at))?;
            Some(Mark { x: self.x(at), label: short(&r.model, 40) })
        };
        t.releases.iter().filter_map(place).collect()
    }
}

/// One account in a life line.
#[derive(Serialize)]
struct Life {
    y: f64,
    label: String,
    from: f64,
    width: f64,
    opened: Option<f64>,
    closed: Option<f64>,
}

/// Accounts from their opening to their end, and who follows whom.
#[derive(Serialize)]
pub(super) struct LifeLine {
    height: f64,
    rows: Vec<Life>,
    /// Lines from a closed account to one opened within a day of it.
    successions: Vec<String>,
    of: usize,
    shown: usize,
    /// Whether any account drawn was opened in the time of the logs.
    rings: bool,
    closed: usize,
    followed: usize,
}

/// `accounts` are the members of one network.
pub(super) fn life_line(axis: &Axis, accounts: &[&Account]) -> Option<LifeLine> {
    struct Dates<'a> {
        account: &'a Account,
        opened: i64,
        created: Option<i64>,
        first: i64,
        last: i64,
        closed: Option<i64>,
    }
    let mut dates: Vec<Dates<'_>> = accounts
        .iter()
        .filter_map(|a| {
            let (first, last) = (parse_rfc3339(&a.first)?, parse_rfc3339(&a.last)?);
            // Who was opened long before the logs begins with the first request in them.
            let created = parse_rfc3339(&a.created).filter(|at| axis.covers(*at));
            let opened = created.unwrap_or(first);
            Some(Dates { account: a, opened, created, first, last, closed: parse_rfc3339(&a.closed) })
        })
        .collect();
    if dates.is_empty() {
        return None;
    }
    dates.sort_by(|a, b| (a.opened, a.first, &a.account.account_id).cmp(&(b.opened, b.first, &b.account.account_id)));
    let openings: Vec<i64> = dates.iter().map(|d| d.opened).collect();
    // The first account that is opened within a day of the closing.
    let heir = |closed: i64| {
        let place = openings.partition_point(|o| *o <= closed);
        openings.get(place).is_some_and(|o| o - closed <= DAY_US).then_some(place)
    };
    let closures = dates.iter().filter(|d| d.closed.is_some()).count();
    let followed = dates.iter().filter(|d| d.closed.and_then(heir).is_some()).count();
    let of = dates.len();
    let shown = of.min(LIVES);
    // Evenly over the order of opening, so that the picture has the shape of the whole.
    let rows_of: BTreeMap<usize, f64> =
        (0..shown).map(|i| (i * of / shown, 8.0 + ROW * i as f64 + ROW / 2.0)).collect();
    let mut rows = Vec::new();
    let mut successions = Vec::new();
    for (place, y) in &rows_of {
        let d = &dates[*place];
        let (from, to) = (axis.x(d.first), axis.x(d.last));
        rows.push(Life {
            y: tenth(*y),
            label: short(&d.account.account_id, 22),
            from,
            width: tenth((to - from).max(1.5)),
            opened: d.created.map(|at| axis.x(at)),
            closed: d.closed.filter(|at| axis.covers(*at)).map(|at| axis.x(at)),
        });
        if let Some((closed, heir)) = d.closed.and_then(|at| Some((at, heir(at)?)))
            && let Some(below) = rows_of.get(&heir)
        {
            successions.push(format!(
                "M{} {} V{} H{}",
                axis.x(closed),
                tenth(*y),
                tenth(*below),
                axis.x(openings[heir])
            ));
        }
    }
    let rings = rows.iter().any(|row| row.opened.is_some());
    Some(LifeLine {
        height: 16.0 + ROW * shown as f64,
        rows,
        successions,
        of,
        shown,
        rings,
        closed: closures,
        followed,
    })
}

/// Requests of a network as bars, and as they would fall if it worked when everybody does.
#[derive(Serialize)]
pub(super) struct Bars {
    height: f64,
    bars: String,
    everybody: String,
    most: u64,
    span: String,
    /// Requests that are not drawn, of the network and of everybody.
    left_out: [u64; 2],
}

/// A case that somebody sent may count beyond 64 bits.
fn sum(counts: &[u64]) -> u64 {
    counts.iter().copied().fold(0, u64::saturating_add)
}

/// Bars of `activity` beside those of `t`; `None` where it counts nothing.
pub(super) fn bars(t: &Timeline, activity: &Activity) -> Option<Bars> {
    let (own, all) = (sum(&activity.requests), sum(&t.requests));
    if own == 0 || all == 0 || activity.requests.len() != t.requests.len() {
        return None;
    }
    let expected: Vec<f64> = t.requests.iter().map(|n| *n as f64 * own as f64 / all as f64).collect();
    let most = activity.requests.iter().copied().max().unwrap_or(0);
    let top = expected.iter().copied().fold(most as f64, f64::max);
    let step = (RIGHT - LEFT) / activity.requests.len() as f64;
    let y = |value: f64| tenth(8.0 + BARS * (1.0 - value / top));
    let (mut bars, mut everybody) = (String::new(), String::new());
    for (i, (n, e)) in activity.requests.iter().zip(&expected).enumerate() {
        let x = tenth(LEFT + step * i as f64);
        if *n > 0 {
            let _ = write!(bars, "M{x} {}V{}H{}V{}z", 8.0 + BARS, y(*n as f64), tenth(x + step * 0.82), 8.0 + BARS);
        }
        let _ = write!(everybody, "{}{x} {}H{}", if i == 0 { "M" } else { "L" }, y(*e), tenth(x + step));
    }
    let hours = t.span_seconds as f64 / 3600.0;
    let span = if hours < 48.0 { format!("{hours:.0} h") } else { format!("{:.0} days", hours / 24.0) };
    let left_out = [activity.left_out, t.left_out];
    Some(Bars { height: 16.0 + BARS, bars, everybody, most, span, left_out })
}

/// One row of squares.
#[derive(Serialize)]
struct HourRow {
    y: f64,
    label: String,
    squares: String,
    reference: bool,
}

/// Requests over the hours of the day: the area of a square is the share of the row's busiest hour.
#[derive(Serialize)]
pub(super) struct Hours {
    height: f64,
    columns: Vec<Mark>,
    rows: Vec<HourRow>,
    quietest: String,
    quietest_share: f64,
    quietest_everybody: f64,
    shown: usize,
    of: usize,
}

/// Squares for everybody, the network, and its busiest accounts; `None` where nothing is counted.
pub(super) fn hours(t: &Timeline, n: &Network, activity: &Activity) -> Option<Hours> {
    let total = sum(&activity.hours);
    let everybody = sum(&t.hours);
    if total == 0 || everybody == 0 || activity.hours.len() != 24 || t.hours.len() != 24 {
        return None;
    }
    let mut rows = Vec::new();
    let mut row = |label: String, hours: &[u64], reference: bool| {
        let y = 22.0 + (SQUARE + 3.0) * rows.len() as f64 + if reference { 0.0 } else { 8.0 };
        let most = hours.iter().copied().max().unwrap_or(0).max(1) as f64;
        let mut squares = String::new();
        for (hour, count) in hours.iter().take(24).enumerate().filter(|(_, n)| **n > 0) {
            let side = tenth((SQUARE * (*count as f64 / most).sqrt()).max(1.5));
            let x = tenth(LEFT + HOUR * hour as f64 + (HOUR - side) / 2.0);
            let _ = write!(squares, "M{x} {}h{side}v{side}h-{side}z", tenth(y + (SQUARE - side) / 2.0));
        }
        rows.push(HourRow { y: tenth(y + SQUARE - 4.0), label, squares, reference });
    };
    row("all accounts".to_owned(), &t.hours, true);
    row("this network".to_owned(), &activity.hours, true);
    for a in &activity.busiest {
        row(short(&a.account_id, 22), &a.hours, false);
    }
    let quietest = (0..24).min_by_key(|h| (t.hours[*h], *h)).unwrap_or(0);
    let columns = (0..24).step_by(3);
    let column = |h: i32| Mark { x: tenth(LEFT + HOUR * f64::from(h) + HOUR / 2.0), label: format!("{h:02}") };
    Some(Hours {
        height: 22.0 + (SQUARE + 3.0) * rows.len() as f64 + 14.0,
        columns: columns.map(column).collect(),
        rows,
        quietest: format!("{quietest:02}:00"),
        quietest_share: tenth(100.0 * activity.hours[quietest] as f64 / total as f64),
        quietest_everybody: tenth(100.0 * t.hours[quietest] as f64 / everybody as f64),
        shown: activity.busiest.len(),
        of: n.members.len(),
    })
}
