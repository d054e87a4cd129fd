//! JSON lines: our own reader, because one bad line must cost one line. Only the mapped fields are looked into.

use super::envelope::behind_prefix;
use super::rows::{NO_UTF8, Outcome, Parsed, Plan, Rejection, finish, offer};
use crate::intake::event::Origin;
use crate::intake::normalise::{MAX_SOURCES, Row, is_shallow, members, scalar};
use memchr::memchr_iter;
use std::borrow::Cow;
use std::io::{self, Read};

/// Lines of one file, in batches that end at a line's end.
pub(super) struct LineBatches<R> {
    reader: R,
    batch_bytes: usize,
    max_line: usize,
    carry: Vec<u8>,
    /// Memory of a batch that is done with.
    spare: Vec<u8>,
    next_line: u64,
    done: bool,
}

/// Whole lines, with the number of the first; lines too long to hold are named instead.
pub(super) struct Batch {
    pub bytes: Vec<u8>,
    pub first_line: u64,
    pub overlong: Option<u64>,
}

impl<R: Read> LineBatches<R> {
    pub fn new(reader: R, batch_bytes: usize, max_line: usize) -> Self {
        Self {
            reader,
            batch_bytes: batch_bytes.max(1),
            max_line,
            carry: Vec::new(),
            spare: Vec::new(),
            next_line: 1,
            done: false,
        }
    }

    /// The next batch, `None` at the end of the file.
    pub fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        if self.done {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.spare);
        bytes.clear();
        // Room for all of it at once: a list that grows by doubling is copied as often.
        bytes.reserve(self.carry.len() + self.batch_bytes);
        bytes.append(&mut self.carry);
        let mut overlong = None;
        loop {
            if let Some(end) = memchr::memrchr(b'\n', &bytes) {
                self.carry = bytes.split_off(end + 1);
                break;
            }
            if bytes.len() > self.max_line {
                // A line that cannot be held: count it, skip to its end, go on behind it.
                bytes.clear();
                overlong = Some(self.next_line);
                self.done = !self.skip_line()?;
                break;
            }
            if self.reader.by_ref().take(self.batch_bytes as u64).read_to_end(&mut bytes)? == 0 {
                self.done = true;
                break;
            }
        }
        let first_line = self.next_line;
        self.next_line += memchr_iter(b'\n', &bytes).count() as u64 + u64::from(overlong.is_some());
        Ok(Some(Batch { bytes, first_line, overlong }))
    }

    /// Gives back a batch's memory for one to come: megabytes that are asked of the system anew have to be cleared by it.
    pub fn reuse(&mut self, bytes: Vec<u8>) {
        self.spare = bytes;
    }

    /// Reads on behind the next line end, which it keeps from there; false at the end of the file.
    fn skip_line(&mut self) -> io::Result<bool> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            if self.reader.by_ref().take(1 << 20).read_to_end(&mut buffer)? == 0 {
                return Ok(false);
            }
            if let Some(end) = memchr::memchr(b'\n', &buffer) {
                self.carry = buffer.split_off(end + 1);
                return Ok(true);
            }
        }
    }
}

/// One line; `None` for a blank one.
pub(super) fn parse<'a>(line: &'a [u8], origin: Origin, plan: &Plan<'_>, seen: &mut u64) -> Option<Parsed<'a>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = if origin.line_no == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
    if line.trim_ascii().is_empty() {
        return None;
    }
    Some(parse_object(line, origin, plan, seen).map_err(|reason| Rejection { line: origin.line_no, reason }))
}

fn parse_object<'a>(
    line: &'a [u8],
    origin: Origin,
    plan: &Plan<'_>,
    seen: &mut u64,
) -> Result<Outcome<'a>, &'static str> {
    let text = behind_prefix(std::str::from_utf8(line).map_err(|_| NO_UTF8)?.trim());
    if !text.starts_with('{') {
        return Err("not a JSON object");
    }
    if !is_shallow(text) {
        return Err("nested too deeply");
    }
    // The only pass that looks at every byte's meaning; what follows leaps over what is not mapped.
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| "not JSON")?;
    let (format, map) = match plan.map_for(text) {
        Ok(chosen) => chosen,
        Err(outcome) => return outcome,
    };
    let mut row = Row::new();
    let mut filled = [0u64; MAX_SOURCES / 64];
    for (name, value) in members(text) {
        let name = scalar(Cow::Borrowed(name)).ok_or("broken escape")?;
        let Some(slot) = map.find(&name) else { continue };
        let bit = 1 << (slot % 64);
        if filled[slot / 64] & bit != 0 && !map.is_loose(slot) {
            return Err("duplicate key");
        }
        filled[slot / 64] |= bit;
        offer(&mut row, map, slot, Cow::Borrowed(value), true)?;
    }
    *seen |= row.seen;
    finish(row, origin, format, map)
}
