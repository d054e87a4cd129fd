//! JSON documents: a list of records, bare or wrapped in an object, read as a stream so that only one record has to be
//! held. Several documents may follow each other, as in a log of batches.

use super::rows::{CUT_OFF, Rejection, TOO_LONG};
use std::io::{self, Read};
use std::ops::Range;

/// Names under which exports wrap their records.
pub(super) const WRAPPERS: [&str; 5] = ["Records", "records", "resourceSpans", "data", "result"];

/// Names under which a document may have its records, if it has one list of objects under one of them and no time of its own:
/// a row may have such a list too.
pub(super) const LOOSE: [&str; 10] =
    ["events", "results", "items", "Items", "rows", "logs", "hits", "entries", "logEvents", "runs"];

/// Records with the line on which each starts.
#[derive(Default)]
pub(super) struct Batch {
    pub bytes: Vec<u8>,
    pub records: Vec<(u64, Range<usize>)>,
    pub problems: Vec<Rejection>,
}

impl Batch {
    /// Bytes that it takes, with what names its records: where these are short, or none at all, that is most of it.
    pub fn held(&self) -> usize {
        self.bytes.len() + size_of_val(self.records.as_slice()) + size_of_val(self.problems.as_slice())
    }
}

/// Records of one file, in batches.
pub(super) struct Elements<R> {
    reader: R,
    batch_bytes: usize,
    max_record: usize,
    /// A name of a list of records beside the usual ones.
    under: Option<&'static str>,
    buffer: Vec<u8>,
    at: usize,
    line: u64,
    depth: usize,
    /// Depth inside the list whose members are records; 0 outside any.
    list: usize,
    /// The outermost value is an object.
    object: bool,
    /// A list of records was found in this document.
    found: bool,
    quoted: bool,
    escaped: bool,
    /// Last string on the first level of an object.
    key: Vec<u8>,
    /// A member may begin here.
    fresh: bool,
    /// Start of the record that is being read, and its line.
    record: Option<(usize, u64)>,
    /// Bytes of it that were dropped.
    overlong: bool,
    done: bool,
}

impl<R: Read> Elements<R> {
    pub fn new(reader: R, batch_bytes: usize, max_record: usize) -> Self {
        Self {
            reader,
            batch_bytes: batch_bytes.max(1),
            max_record,
            under: None,
            buffer: Vec::new(),
            at: 0,
            line: 1,
            depth: 0,
            list: 0,
            object: false,
            found: false,
            quoted: false,
            escaped: false,
            key: Vec::new(),
            fresh: false,
            record: None,
            overlong: false,
            done: false,
        }
    }

    /// The same with one more name under which records stand.
    pub fn under(self, name: Option<&'static str>) -> Self {
        Self { under: name, ..self }
    }

    /// The next batch, `None` at the end of the file.
    pub fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        let mut batch = Batch::default();
        while !self.done {
            if self.at == self.buffer.len() {
                self.buffer.clear();
                self.at = 0;
                if self.reader.by_ref().take(1 << 16).read_to_end(&mut self.buffer)? == 0 {
                    self.done = true;
                    if self.depth > 0 {
                        let line = self.record.map_or(self.line, |(_, line)| line);
                        batch.problems.push(Rejection { line, reason: CUT_OFF });
                    }
                    break;
                }
            }
            let byte = self.buffer[self.at];
            self.at += 1;
            self.step(byte, &mut batch);
            if self.record.is_none() && batch.held() >= self.batch_bytes {
                break;
            }
        }
        let empty = batch.records.is_empty() && batch.problems.is_empty();
        Ok(if self.done && empty { None } else { Some(batch) })
    }

    fn step(&mut self, byte: u8, batch: &mut Batch) {
        if self.record.is_some() {
            if batch.bytes.len() - self.record.map_or(0, |(start, _)| start) < self.max_record {
                batch.bytes.push(byte);
            } else {
                self.overlong = true;
            }
        }
        self.line += u64::from(byte == b'\n');
        if self.quoted {
            let ends = byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            self.quoted = !ends;
            if !ends && self.depth == 1 && self.key.len() < 64 {
                self.key.push(byte);
            }
            return;
        }
        if self.fresh && !byte.is_ascii_whitespace() {
            self.fresh = false;
            if !matches!(byte, b'{' | b']') {
                batch.problems.push(Rejection { line: self.line, reason: "not a JSON object" });
            }
        }
        match byte {
            b'"' => {
                self.quoted = true;
                self.escaped = false;
                if self.depth == 1 {
                    self.key.clear();
                }
            }
            b'{' | b'[' => self.open(byte, batch),
            b'}' | b']' => self.close(batch),
            b',' if self.list > 0 && self.depth == self.list => self.fresh = true,
            _ => {}
        }
    }

    fn open(&mut self, byte: u8, batch: &mut Batch) {
        if self.depth == 0 {
            (self.object, self.found, self.list) = (byte == b'{', false, 0);
        }
        let wrapped = || WRAPPERS.iter().chain(&self.under).any(|w| w.as_bytes() == self.key.as_slice());
        let begins =
            byte == b'[' && self.list == 0 && (self.depth == 0 || (self.depth == 1 && self.object && wrapped()));
        if self.list > 0 && self.depth == self.list && byte == b'{' && self.record.is_none() {
            self.record = Some((batch.bytes.len(), self.line));
            self.overlong = false;
            batch.bytes.push(byte);
        }
        self.depth += 1;
        if begins {
            (self.list, self.fresh, self.found) = (self.depth, true, true);
        }
    }

    fn close(&mut self, batch: &mut Batch) {
        if self.depth == 0 {
            batch.problems.push(Rejection { line: self.line, reason: "not JSON" });
            return;
        }
        self.depth -= 1;
        if self.list > 0
            && self.depth == self.list
            && let Some((start, line)) = self.record.take()
        {
            if self.overlong {
                batch.bytes.truncate(start);
                batch.problems.push(Rejection { line, reason: TOO_LONG });
            } else {
                batch.records.push((line, start..batch.bytes.len()));
            }
        }
        if self.depth < self.list {
            (self.list, self.fresh) = (0, false);
        }
        if self.depth == 0 && !self.found {
            batch.problems.push(Rejection { line: self.line, reason: "a JSON document without a list of records" });
        }
    }
}

/// The keys of the outermost object with the first byte of each value, as far as the bytes go.
pub(super) fn outer_keys(bytes: &[u8]) -> Vec<(String, u8)> {
    outer_values(bytes).into_iter().map(|(key, at)| (key, bytes[at])).collect()
}

/// The keys of the outermost object with the place at which each value starts, as far as the bytes go.
pub(super) fn outer_values(bytes: &[u8]) -> Vec<(String, usize)> {
    let mut keys = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut start, mut pending) = (0usize, false, false, 0, None);
    for (i, &byte) in bytes.iter().enumerate() {
        if quoted {
            if byte == b'"' && !escaped {
                quoted = false;
                if depth == 1 && pending.is_none() {
                    pending = Some(String::from_utf8_lossy(&bytes[start..i]).into_owned());
                }
            }
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        if byte.is_ascii_whitespace() || byte == b':' {
            continue;
        }
        if depth == 1
            && byte != b','
            && let Some(key) = pending.take()
        {
            keys.push((key, i));
            if byte == b'"' {
                // The value is a string: what it says is no key.
                (quoted, escaped, start, pending) = (true, false, i + 1, Some(String::new()));
                continue;
            }
        }
        match byte {
            b'"' => (quoted, escaped, start) = (true, false, i + 1),
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => break,
            b'}' | b']' => depth -= 1,
            b',' => pending = None,
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    type Split = (Vec<(u64, String)>, Vec<(u64, &'static str)>);

    fn split(text: &str, batch: usize) -> Split {
        let mut elements = Elements::new(text.as_bytes(), batch, 1000);
        let (mut records, mut problems) = (Vec::new(), Vec::new());
        while let Some(batch) = elements.next_batch().unwrap() {
            records.extend(
                batch
                    .records
                    .iter()
                    .map(|(line, range)| (*line, String::from_utf8(batch.bytes[range.clone()].to_vec()).unwrap())),
            );
            problems.extend(batch.problems.iter().map(|p| (p.line, p.reason)));
        }
        (records, problems)
    }

    #[test]
    fn records_are_found_bare_and_wrapped_with_their_lines() {
        let text = "{\"success\":true,\n\"result\": [\n {\"a\":\"]},{\\\"\"},\n {\"b\":[{}]} ]}\n[{\"c\":1}]";
        let expected =
            vec![(3, "{\"a\":\"]},{\\\"\"}".to_owned()), (4, "{\"b\":[{}]}".into()), (5, "{\"c\":1}".into())];
        for batch in [1, 7, 1000] {
            assert_eq!(split(text, batch), (expected.clone(), vec![]));
        }
    }

    #[test]
    fn what_is_no_record_is_named() {
        assert_eq!(split("[1, {\"a\":1}, \"x\"]", 100).1, [(1, "not a JSON object"), (1, "not a JSON object")]);
        assert_eq!(split("[{\"a\":1},\n{\"b\":", 100).1, [(2, "the document is cut off")]);
        assert_eq!(split("{\"a\":{\"data\":[]}}", 100).1, [(1, "a JSON document without a list of records")]);
        let long = format!("[{{\"a\":\"{}\"}},{{\"b\":1}}]", "x".repeat(2000));
        let (records, problems) = split(&long, 100);
        assert_eq!((records.len(), problems), (1, vec![(1, "line too long")]));
    }

    #[test]
    fn members_that_are_no_records_end_a_batch_as_bytes_do() {
        for (text, n) in [("1,".repeat(50_000), 50_001), ("{},".repeat(50_000), 50_001)] {
            let text = format!("[{{}},{text}{{}}]");
            let mut elements = Elements::new(text.as_bytes(), 1 << 14, 1000);
            let (mut batches, mut all) = (0, 0);
            while let Some(batch) = elements.next_batch().unwrap() {
                assert!(batch.held() < (1 << 14) + 100, "{} bytes are held", batch.held());
                batches += 1;
                all += batch.records.len() + batch.problems.len();
            }
            assert!(batches > 50 && all > n, "{all} members in {batches} batches");
        }
    }

    #[test]
    fn outer_keys_know_lists_from_strings() {
        let keys = outer_keys(b"{\"object\":\"data\",\"n\":{\"x\":[1]},\"data\":[{\"y\":1");
        assert_eq!(keys, [("object".to_owned(), b'"'), ("n".to_owned(), b'{'), ("data".to_owned(), b'[')]);
    }
}
