//! Rows of one call, in any order and from any file: they wait for each other, on disk where they are many.

use super::rows::{Outcome, Parsed, Rejection};
use crate::event::Origin;
use crate::formats::Formats;
use crate::normalise::{CELLS, KIND, Row, is_messages};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use xxhash_rust::xxh3::xxh3_64;

/// Shares into which waiting rows are dealt by their key; one is held at a time in the end.
const SHARES: u64 = 64;
/// Rows that one call may have.
const MAX_PARTS: usize = 4_096;

/// One of the rows that tell a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    key: String,
    format: usize,
    sequence: i64,
    file_id: u32,
    line_no: u64,
    /// Column, priority and text of each filled cell.
    cells: Vec<(usize, u16, String)>,
}

impl Part {
    pub fn new(key: String, format: usize, origin: Origin, sequence: i64, row: Row<'_>) -> Self {
        let Row { cells, priorities, .. } = row;
        let filled = cells.into_iter().zip(priorities).enumerate();
        let cells =
            filled.filter_map(|(column, (cell, priority))| Some((column, priority, cell?.into_owned()))).collect();
        Self { key, format, sequence, file_id: origin.file_id, line_no: origin.line_no, cells }
    }

    /// Its place among the rows of a call.
    fn place(&self) -> (usize, i64) {
        (self.format, self.sequence)
    }

    fn origin(&self) -> Origin {
        Origin { file_id: self.file_id, line_no: self.line_no }
    }
}

/// Waiting rows.
pub(super) struct Waiting {
    held: Vec<Vec<u8>>,
    bytes: usize,
    limit: usize,
    spilled: Vec<Option<std::fs::File>>,
}

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

impl Waiting {
    /// Rows wait in memory up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            held: (0..SHARES).map(|_| Vec::new()).collect(),
            bytes: 0,
            limit,
            spilled: (0..SHARES).map(|_| None).collect(),
        }
    }

    pub fn push(&mut self, part: &Part) -> io::Result<()> {
        let share = (xxh3_64(part.key.as_bytes()) % SHARES) as usize;
        let before = self.held[share].len();
        serde_json::to_writer(&mut self.held[share], part)?;
        self.held[share].push(b'\n');
        self.bytes += self.held[share].len() - before;
        if self.bytes > self.limit { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        for (held, file) in self.held.iter_mut().zip(&mut self.spilled) {
            if !held.is_empty() {
                let file = match file {
                    Some(file) => file,
                    None => file.insert(tempfile::tempfile()?),
                };
                file.write_all(held)?;
                held.clear();
            }
        }
        self.bytes = 0;
        Ok(())
    }

    /// Hands over the calls, share by share.
    pub fn join(self, formats: &Formats, mut take: impl FnMut(Vec<Call>)) -> io::Result<()> {
        for (held, file) in self.held.into_iter().zip(self.spilled) {
            let mut bytes = Vec::new();
            if let Some(mut file) = file {
                file.seek(SeekFrom::Start(0))?;
                file.read_to_end(&mut bytes)?;
            }
            bytes.extend(held);
            let mut calls: BTreeMap<(&str, String), Vec<Part>> = BTreeMap::new();
            for line in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                let part: Part = serde_json::from_slice(line)?;
                let family = formats.map(part.format).joined.as_ref().map_or("", |j| j.family.as_str());
                calls.entry((family, part.key.clone())).or_default().push(part);
            }
            take(calls.into_values().flat_map(|parts| join_calls(parts, formats)).collect());
        }
        Ok(())
    }
}

/// The calls that rows of one key tell: one, unless rows of one place in it say different things. Then the first of each
/// place are a call, the second another, in the order of their times and never of their places in the input.
fn join_calls(mut parts: Vec<Part>, formats: &Formats) -> Vec<Call> {
    parts.sort_by(|a, b| (a.place(), &a.cells, a.origin()).cmp(&(b.place(), &b.cells, b.origin())));
    let all = parts.len();
    parts.dedup_by(|a, b| a.place() == b.place() && a.cells == b.cells);
    let mut repeated = (all - parts.len()) as u64;
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
    calls.into_iter().map(|parts| join_call(parts, std::mem::take(&mut repeated), formats)).collect()
}

fn join_call(parts: Vec<Part>, repeated: u64, formats: &Formats) -> Call {
    let mut origins: Vec<Origin> = parts.iter().map(Part::origin).collect();
    origins.sort();
    let origin = origins[0];
    let first = parts[0].format;
    let half = parts.iter().all(|p| p.format == first).then_some(first);
    let told =
        if parts.len() > MAX_PARTS { Err("too many rows for one call") } else { event(&parts, half, origin, formats) };
    let outcome = told.map_err(|reason| Rejection { line: origin.line_no, reason });
    Call { outcome, format: first, parts: parts.len() as u64, repeated, half, origins }
}

fn event(
    parts: &[Part],
    half: Option<usize>,
    origin: Origin,
    formats: &Formats,
) -> Result<Outcome<'static>, &'static str> {
    if let Some(joined) = half.and_then(|half| formats.map(half).joined.as_ref()) {
        let kind = parts.iter().flat_map(|p| &p.cells).find(|c| c.0 == KIND).map_or("", |c| c.2.as_str());
        if !joined.alone_if.is_empty() && !joined.alone_if.iter().any(|word| kind.contains(word.as_str())) {
            return Ok(Outcome::Aside);
        }
    }
    let mut row = Row::new();
    for column in 0..CELLS {
        let cells = || parts.iter().flat_map(|p| p.cells.iter().filter(|c| c.0 == column).map(|c| (p.format, c)));
        let Some((format, best)) = cells().min_by_key(|(format, c)| (c.1, *format)) else { continue };
        match formats.map(format).pieces_of(column) {
            None => row.offer(column, best.1, Cow::Owned(best.2.clone())),
            Some(transform) => {
                let pieces: Vec<&str> = cells().filter(|(f, _)| *f == format).map(|(_, c)| c.2.as_str()).collect();
                let text = transform.apply_text(Cow::Owned(merged(&pieces)));
                row.offer(column, best.1, text.map_or(Cow::Borrowed(""), |t| Cow::Owned(t.into_owned())));
            }
        }
    }
    let clock = formats.map(parts[0].format).clock;
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
            row.offer(crate::schema::at::TS, 0, Cow::Owned(format!("178399520{second}")));
            row.offer(crate::schema::at::ACCOUNT_ID, 0, Cow::Borrowed("a"));
            Part::new("k".to_owned(), format, Origin { file_id: 0, line_no }, sequence, row)
        };
        let told = |parts: Vec<Part>| -> Vec<(i64, u64, u64)> {
            let calls = join_calls(parts, &formats);
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
                row.offer(crate::schema::at::TS, 0, Cow::Borrowed("1783995200"));
                row.offer(crate::schema::at::ACCOUNT_ID, 0, Cow::Owned(format!("a{i}")));
                let part = Part::new(format!("k{}", i % 50), format, Origin { file_id: 0, line_no: i }, i as i64, row);
                waiting.push(&part).unwrap();
            }
            let mut calls = Vec::new();
            waiting.join(&formats, |some| calls.extend(some.into_iter().map(|c| (c.origins[0], c.parts)))).unwrap();
            calls
        };
        assert_eq!(joined(1 << 20).len(), 50);
        assert_eq!(joined(1 << 20), joined(1));
    }
}
