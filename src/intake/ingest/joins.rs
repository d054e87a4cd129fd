//! Rows of one call, in any order and from any file: they wait for each other, on disk where they are many.

use super::IngestError;
use super::part::Part;
use super::rows::{Outcome, Parsed, Rejection};
use super::sorted::Sorted;
use crate::intake::event::Origin;
use crate::intake::normalise::{CELLS, FieldMap, KIND, Row, is_messages};

use std::borrow::Cow;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of rows after which the calls that they tell are handed over.
const HANDED: usize = 16 << 20;
/// Rows that one call may have.
const MAX_PARTS: usize = 4_096;
/// Why rows of a call that has more are rejected.
const TOO_MANY: &str = "too many rows for one call";
/// Bytes of rows that are held of one key, beside as many that have just come: a client may choose one key for all it does. More
/// than a call says that is told in as many rows as any.
const MOST_OF_KEY: usize = 64 << 20;
/// Why rows behind them are rejected.
const TOO_MUCH: &str = "too many calls under one id";

/// What became of the rows of one call.
pub(super) struct Call {
    pub outcome: Parsed<'static>,
    /// Format of its first rows.
    pub format: usize,
    /// Rows that it is told in, repeated ones apart.
    pub parts: u64,
    pub repeated: u64,
    /// The only format that tells it, where its partners say nothing.
    pub half: Option<usize>,
    /// Every row, for those that have to be named one by one.
    pub origins: Vec<Origin>,
}

/// Waiting rows.
pub(super) struct Waiting(Sorted);

impl Waiting {
    /// Rows wait in memory up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self(Sorted::new(limit))
    }

    pub fn push(&mut self, part: &Part) -> Result<(), IngestError> {
        self.0.push(part.key.as_bytes(), part)
    }

    /// Hands over the calls in order of their keys, by the map of each format; `within` says whether there is memory for more.
    pub fn join(
        self,
        maps: &[&FieldMap],
        within: &dyn Fn() -> Result<(), IngestError>,
        mut take: impl FnMut(Vec<Call>),
    ) -> Result<(), IngestError> {
        let mut of_key: Vec<u8> = Vec::new();
        let mut gathered: BTreeMap<&str, Rows> = BTreeMap::new();
        let (mut calls, mut bytes) = (Vec::new(), 0);
        self.0.each(&mut |key, row| {
            if key != of_key {
                calls.extend(std::mem::take(&mut gathered).into_values().flat_map(|rows| rows.calls(maps)));
                of_key.clear();
                of_key.extend_from_slice(key);
            }
            bytes += row.len();
            if bytes > HANDED {
                bytes = 0;
                within()?;
                take(std::mem::take(&mut calls));
            }
            let part: Part = serde_json::from_slice(row).map_err(|e| IngestError::Waiting(e.into()))?;
            let family = maps[part.format].joined.as_ref().map_or("", |j| j.family.as_str());
            gathered.entry(family).or_default().push(part);
            Ok(())
        })?;
        calls.extend(gathered.into_values().flat_map(|rows| rows.calls(maps)));
        take(calls);
        within()
    }
}

/// A row of a call that has more than it may: its place, what tells it from a repeat, and where it stands.
type Beyond = ((usize, i64), u64, Origin);

/// Rows of one key, which anybody may have chosen: what repeats, and what no call can hold, is not kept as it comes.
#[derive(Default)]
struct Rows {
    parts: Vec<Part>,
    repeated: u64,
    /// Of the places behind the first [`MAX_PARTS`] and one, without which nobody would see that there are more; and of the rows
    /// behind the first [`MOST_OF_KEY`] bytes.
    beyond: Vec<Beyond>,
    /// The first of them: what comes behind it is beyond too, so that the order in which rows come decides nothing.
    bar: Option<Part>,
    /// Rows that were left when they were looked through, and bytes that are held.
    left: usize,
    bytes: usize,
}

impl Rows {
    fn push(&mut self, part: Part) {
        self.bytes += part.bytes();
        self.parts.push(part);
        if self.parts.len() > 2 * self.left.max(MAX_PARTS) || self.bytes > 2 * MOST_OF_KEY {
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        self.parts.sort_by(|a, b| (a.place(), &a.cells, a.origin()).cmp(&(b.place(), &b.cells, b.origin())));
        let all = self.parts.len();
        self.parts.dedup_by(|a, b| a.place() == b.place() && a.cells == b.cells);
        self.repeated += (all - self.parts.len()) as u64;
        let ends = self.parts.chunk_by(|a, b| a.place() == b.place()).map(<[Part]>::len);
        let end = ends.take(MAX_PARTS + 1).sum::<usize>();
        let mut before = 0;
        let is_held = |part: &&Part| {
            let first = before < MOST_OF_KEY && self.bar.as_ref().is_none_or(|bar| part.is_before(bar));
            before += part.bytes();
            first
        };
        let end = self.parts[..end].iter().take_while(is_held).count();
        if let Some(first) = self.parts.get(end)
            && self.bar.as_ref().is_none_or(|bar| first.is_before(bar))
        {
            self.bar = Some(first.clone());
        }
        let beyond = |part: Part| {
            let mut cells = Vec::new();
            for (column, priority, text) in &part.cells {
                cells.extend([*column as u64, (*priority).into(), text.len() as u64].map(u64::to_le_bytes).concat());
                cells.extend(text.as_bytes());
            }
            (part.place(), xxh3_64(&cells), part.origin())
        };
        self.beyond.extend(self.parts.drain(end..).map(beyond));
        self.left = self.parts.len();
        self.bytes = self.parts.iter().map(Part::bytes).sum();
    }

    fn calls(mut self, maps: &[&FieldMap]) -> Vec<Call> {
        self.tidy();
        let Self { parts, mut repeated, mut beyond, .. } = self;
        let all = beyond.len();
        beyond.sort();
        beyond.dedup_by(|a, b| (a.0, a.1) == (b.0, b.1));
        repeated += (all - beyond.len()) as u64;
        let mut calls = join_calls(parts, repeated, maps);
        if let Some((Some(told), origin)) = beyond.first().map(|first| (calls.first(), first.2)) {
            let reason = if told.parts > MAX_PARTS as u64 { TOO_MANY } else { TOO_MUCH };
            let outcome = Err(Rejection { line: origin.line_no, reason });
            let (format, parts) = (told.format, beyond.len() as u64);
            let origins = beyond.into_iter().map(|(_, _, origin)| origin).collect();
            calls.push(Call { outcome, format, parts, repeated: 0, half: None, origins });
        }
        calls
    }
}

/// The calls that rows of one key tell: one, unless rows of one place in it say different things. Then the first of each
/// place are a call, the second another, in the order of their times and never of their places in the input.
/// `parts` are in order of their places, and none is a repeat.
fn join_calls(parts: Vec<Part>, mut repeated: u64, maps: &[&FieldMap]) -> Vec<Call> {
    let mut calls: Vec<Vec<Part>> = Vec::new();
    let (mut last, mut nth) = (None, 0);
    for part in parts {
        nth = if last == Some(part.place()) { nth + 1 } else { 0 };
        last = Some(part.place());
        match calls.get_mut(nth) {
            Some(call) => call.push(part),
            None => calls.push(vec![part]),
        }
    }
    calls.into_iter().map(|parts| join_call(parts, std::mem::take(&mut repeated), maps)).collect()
}

fn join_call(parts: Vec<Part>, repeated: u64, maps: &[&FieldMap]) -> Call {
    let mut origins: Vec<Origin> = parts.iter().map(Part::origin).collect();
    origins.sort();
    let origin = origins[0];
    let first = parts[0].format;
    let half = parts.iter().all(|p| p.format == first).then_some(first);
    let told = if parts.len() > MAX_PARTS { Err(TOO_MANY) } else { event(&parts, half, origin, maps) };
    let outcome = told.map_err(|reason| Rejection { line: origin.line_no, reason });
    Call { outcome, format: first, parts: parts.len() as u64, repeated, half, origins }
}

fn event(
    parts: &[Part],
    half: Option<usize>,
    origin: Origin,
    maps: &[&FieldMap],
) -> Result<Outcome<'static>, &'static str> {
    if let Some(joined) = half.and_then(|half| maps[half].joined.as_ref()) {
        let kind = parts.iter().flat_map(|p| &p.cells).find(|c| c.0 == KIND).map_or("", |c| c.2.as_str());
        if !joined.alone_if.is_empty() && !joined.alone_if.iter().any(|word| kind.contains(word.as_str())) {
            return Ok(Outcome::Aside);
        }
    }
    let mut row = Row::new();
    for column in 0..CELLS {
        let cells = || parts.iter().flat_map(|p| p.cells.iter().filter(|c| c.0 == column).map(|c| (p.format, c)));
        let Some((format, best)) = cells().min_by_key(|(format, c)| (c.1, *format)) else { continue };
        match maps[format].pieces_of(column) {
            None => row.offer(column, best.1, Cow::Owned(best.2.clone())),
            Some(transform) => {
                let pieces: Vec<&str> = cells().filter(|(f, _)| *f == format).map(|(_, c)| c.2.as_str()).collect();
                let text = transform.apply_text(Cow::Owned(merged(&pieces)));
                row.offer(column, best.1, text.map_or(Cow::Borrowed(""), |t| Cow::Owned(t.into_owned())));
            }
        }
    }
    let clock = &maps[parts[0].format].clock;
    match row.into_event(origin, clock) {
        Ok(event) => Ok(Outcome::Event(Box::new(event))),
        Err("no account" | "no timestamp") if half.is_some() => Err("a half without its partner"),
        Err(reason) => Err(reason),
    }
}

/// Pieces of chat messages as one: arrays follow each other, and a turn that goes on in the next piece is one turn.
fn merged(pieces: &[&str]) -> String {
    let parsed = || -> Option<Vec<serde_json::Value>> {
        let mut turns: Vec<serde_json::Value> = Vec::new();
        for piece in pieces {
            let more: Vec<serde_json::Value> = is_messages(piece).then(|| serde_json::from_str(piece).ok())??;
            for (i, turn) in more.into_iter().enumerate() {
                match turns.last_mut() {
                    Some(last)
                        if i == 0
                            && last["role"] == turn["role"]
                            && last["content"].is_string()
                            && turn["content"].is_string() =>
                    {
                        let whole = [last["content"].as_str(), turn["content"].as_str()]
                            .map(Option::unwrap_or_default)
                            .concat();
                        last["content"] = whole.into();
                    }
                    _ => turns.push(turn),
                }
            }
        }
        Some(turns)
    };
    match pieces {
        [only] => (*only).to_owned(),
        _ => parsed().map_or_else(|| pieces.concat(), |turns| serde_json::Value::from(turns).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::formats::Formats;

    fn maps(formats: &Formats) -> Vec<&FieldMap> {
        formats.list.iter().map(|f| &f.map).collect()
    }

    #[test]
    fn a_turn_that_goes_on_in_the_next_piece_is_one_turn() {
        let whole = merged(&[
            r#"[{"role":"system","content":"s"},{"role":"user","content":"one "}]"#,
            r#"[{"role":"user","content":"two"}]"#,
        ]);
        assert_eq!(whole, r#"[{"content":"s","role":"system"},{"content":"one two","role":"user"}]"#);
        assert_eq!(merged(&["[{\"role\":\"us", "er\"}]"]), "[{\"role\":\"user\"}]");
    }

    #[test]
    fn rows_of_one_place_that_differ_are_calls_of_their_own_in_any_order() {
        let formats = Formats::load(None).unwrap();
        let format = formats.named("bedrock-invocation").unwrap();
        let part = |line_no: u64, sequence: i64, second: u64| {
            let mut row = Row::new();
            row.offer(crate::intake::schema::at::TS, 0, Cow::Owned(format!("178399520{second}")));
            row.offer(crate::intake::schema::at::ACCOUNT_ID, 0, Cow::Borrowed("a"));
            Part::new("k".to_owned(), format, Origin { file_id: 0, line_no }, sequence, row)
        };
        let told = |parts: Vec<Part>| -> Vec<(i64, u64, u64)> {
            let mut rows = Rows::default();
            parts.into_iter().for_each(|part| rows.push(part));
            let calls = rows.calls(&maps(&formats));
            let us = |call: &Call| match &call.outcome {
                Ok(Outcome::Event(event)) => event.ts_us,
                _ => 0,
            };
            calls.iter().map(|call| (us(call), call.parts, call.repeated)).collect()
        };
        let expected = [(1_783_995_201_000_000, 2, 1), (1_783_995_202_000_000, 1, 0), (1_783_995_203_000_000, 1, 0)];
        let rows = [(0, 2), (1, 9), (0, 1), (0, 3), (0, 1)];
        for turn in 0..rows.len() {
            let rows = rows.iter().cycle().skip(turn).take(rows.len());
            let parts = (1..).zip(rows).map(|(line, (sequence, second))| part(line, *sequence, *second));
            assert_eq!(told(parts.collect()), expected);
        }
    }

    #[test]
    fn rows_that_wait_on_disk_are_joined_like_those_in_memory() {
        let formats = Formats::load(None).unwrap();
        let format = formats.named("bedrock-invocation").unwrap();
        let joined = |limit: usize| {
            let mut waiting = Waiting::new(limit);
            for i in 0..200u64 {
                let mut row = Row::new();
                row.offer(crate::intake::schema::at::TS, 0, Cow::Borrowed("1783995200"));
                row.offer(crate::intake::schema::at::ACCOUNT_ID, 0, Cow::Owned(format!("a{i}")));
                let part = Part::new(format!("k{}", i % 50), format, Origin { file_id: 0, line_no: i }, i as i64, row);
                waiting.push(&part).unwrap();
            }
            let mut calls = Vec::new();
            let take = |some: Vec<Call>| calls.extend(some.into_iter().map(|c| (c.origins[0], c.parts)));
            waiting.join(&maps(&formats), &|| Ok(()), take).unwrap();
            calls
        };
        assert_eq!(joined(1 << 20).len(), 50);
        assert_eq!(joined(1 << 20), joined(1));
    }
    /// Rows of one key were held all of them before anybody asked how many there are.
    #[test]
    fn rows_without_end_under_one_key_are_let_go_as_they_come() {
        let formats = Formats::load(None).unwrap();
        let format = formats.named("azure-apim-llm").unwrap();
        let part = |line_no: u64, sequence: u64| {
            let mut row = Row::new();
            row.offer(crate::intake::schema::at::TS, 0, Cow::Borrowed("1783995200"));
            Part::new("k".to_owned(), format, Origin { file_id: 0, line_no }, sequence as i64, row)
        };
        let n = 10 * MAX_PARTS as u64;
        let told = |order: &dyn Fn(u64) -> u64| {
            let mut rows = Rows::default();
            for line in 0..2 * n {
                // Each place twice, the second time as a repeat.
                rows.push(part(order(line), order(line) % n));
                assert!(rows.parts.len() <= 4 * MAX_PARTS, "{} rows are held", rows.parts.len());
            }
            let calls = rows.calls(&maps(&formats));
            assert!(calls.iter().all(|call| matches!(call.outcome, Err(Rejection { reason: TOO_MANY, .. }))));
            let counts = calls.iter().map(|call| (call.parts, call.repeated)).collect::<Vec<_>>();
            (counts, calls.into_iter().flat_map(|call| call.origins).collect::<Vec<_>>())
        };
        let (counts, origins) = told(&|i| i);
        let most = MAX_PARTS as u64 + 1;
        assert_eq!((counts, origins.len() as u64), (vec![(most, n), (n - most, 0)], n));
        for order in [&(|i| 2 * n - 1 - i) as &dyn Fn(u64) -> u64, &|i| i / 2 + i % 2 * n] {
            assert_eq!(told(order), told(&|i| i));
        }
        // Of one place there may be as many as calls under one id.
        let mut rows = Rows::default();
        (0..3 * MAX_PARTS as u64).for_each(|line| {
            let mut row = Row::new();
            row.offer(crate::intake::schema::at::TS, 0, Cow::Owned((1_783_995_200 + line).to_string()));
            rows.push(Part::new("k".to_owned(), format, Origin { file_id: 0, line_no: line }, 0, row));
        });
        assert_eq!(rows.calls(&maps(&formats)).len(), 3 * MAX_PARTS);
    }

    /// Rows of one place that say different things are calls of their own, and were all of them held.
    #[test]
    fn rows_of_one_place_without_end_were_held_until_the_last() {
        let formats = Formats::load(None).unwrap();
        let format = formats.named("azure-apim-llm").unwrap();
        let part = |n: u64| {
            let mut row = Row::new();
            row.offer(crate::intake::schema::at::TS, 0, Cow::Owned((1_783_995_200 + n).to_string()));
            // Every seventh is longer.
            let text = "x".repeat(if n.is_multiple_of(7) { 150_000 } else { 100_000 });
            row.offer(crate::intake::schema::at::USER_TEXT, 0, Cow::Owned(text));
            Part::new("k".to_owned(), format, Origin { file_id: 0, line_no: n }, 0, row)
        };
        let n = 3 * (MOST_OF_KEY / 100_000) as u64;
        let told = |order: &dyn Fn(u64) -> u64| {
            let mut rows = Rows::default();
            for i in 0..2 * n {
                rows.push(part(order(i) % n));
                let held: usize = rows.parts.iter().map(Part::bytes).sum();
                assert!(held <= 2 * MOST_OF_KEY + (1 << 20), "{held} bytes are held");
            }
            let calls = rows.calls(&maps(&formats));
            let reasons = |call: &Call| call.outcome.as_ref().err().map(|rejection| rejection.reason);
            let rejected =
                calls.iter().filter(|call| reasons(call) == Some(TOO_MUCH)).map(|call| call.parts).sum::<u64>();
            let repeated = calls.iter().map(|call| call.repeated).sum::<u64>();
            let all = calls.iter().map(|call| call.parts).sum::<u64>();
            assert!(rejected > n / 2 && rejected < 3 * n / 4, "{rejected} of {n}");
            assert_eq!((all, repeated), (n, n), "nothing is lost");
            calls.into_iter().map(|call| call.origins).collect::<Vec<_>>()
        };
        let forth = told(&|i| i);
        assert!(forth == told(&|i| 2 * n - 1 - i) && forth == told(&|i| i * 5));
    }

    #[test]
    fn joining_stops_where_memory_ends() {
        let formats = Formats::load(None).unwrap();
        let format = formats.named("bedrock-invocation").unwrap();
        let mut waiting = Waiting::new(1 << 20);
        for line_no in 0..40 {
            let mut row = Row::new();
            row.offer(crate::intake::schema::at::USER_TEXT, 0, Cow::Owned("x".repeat(1 << 20)));
            let key = format!("k{}", line_no % 3);
            waiting.push(&Part::new(key, format, Origin { file_id: 0, line_no }, 0, row)).unwrap();
        }
        let asked = std::cell::Cell::new(0);
        let within = || {
            asked.set(asked.get() + 1);
            if asked.get() < 2 { Ok(()) } else { Err(IngestError::OverMemory { limit: 0, bytes: 0, rows: 0 }) }
        };
        let mut taken = 0;
        let stopped = waiting.join(&maps(&formats), &within, |calls| taken += calls.len());
        assert!(matches!(stopped, Err(IngestError::OverMemory { .. })) && asked.get() == 2 && taken < 40);
    }
}
