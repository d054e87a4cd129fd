//! What is in a file.

use super::IngestError;
use super::elements::{LOOSE, WRAPPERS, outer_keys, outer_values};
use super::endings::{is_named_table, looks_like_a_log};
use super::envelope::behind_prefix;
use super::expand::{is_combined, message};
use super::foreign::refused;
use super::located::{Located, failed};
use super::unpacking::{most_expanded, unpacking};
use crate::document::visible::visible;
use crate::intake::schema::{self, COLUMNS, at};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How records stand in a file, after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// One JSON object a line.
    Jsonl,
    /// JSON documents with lists of records, under this name beside the usual ones. Records may be events whose texts are
    /// meant.
    Document {
        under: Option<&'static str>,
        messages: bool,
    },
    /// Lines of an access log.
    Text,
    /// With this sign between its cells.
    Csv(u8),
    Parquet,
}

impl Container {
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Document { .. } => "json",
            Self::Text => "text",
            Self::Csv(_) => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// A file that is open, with the rows at its start as JSON.
pub(super) struct Opened {
    pub reader: Box<dyn Read + Send>,
    pub container: Container,
    pub rows: Vec<String>,
    /// What is to be said of a document whose records cannot be found.
    pub remark: Option<String>,
}

/// Bytes looked at to tell what a file is.
const PEEK: u64 = 256 << 10;
/// Rows looked at.
const ROWS: usize = 50;

/// Looks at the start of a file.
pub(super) fn look(path: &Path, max_expansion: u64) -> Result<Opened, IngestError> {
    let unreadable = |source: io::Error| IngestError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    opened(path, Located::new(file), bytes, max_expansion)
}

/// Undoes the compression of a file of so many `bytes`, and tells by its start how records stand in it.
pub(super) fn opened(
    path: &Path,
    file: impl Read + Send + 'static,
    bytes: u64,
    max_expansion: u64,
) -> Result<Opened, IngestError> {
    let unreadable = |source: io::Error| IngestError::Unreadable { path: path.to_owned(), source };
    let limit = most_expanded(bytes, max_expansion);
    let (magic, file) = peek(file, 8).map_err(|e| failed(path, e))?;
    let plain = unpacking(&magic, file, limit).map_err(unreadable)?;
    let (start, plain) = peek(plain, PEEK).map_err(|e| failed(path, e))?;
    let whole = (start.len() as u64) < PEEK;
    refused(path, &start)?;
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    let binary = start.iter().take(256).any(|b| *b == 0);
    let mut remark = None;
    let (container, rows) = if start.starts_with(b"PAR1") {
        (Container::Parquet, vec![named(super::tables::parquet_columns(path)?)])
    } else if text.is_empty() {
        (Container::Jsonl, Vec::new())
    } else if is_utf16(&start) {
        return Err(IngestError::Utf16(path.to_owned()));
    } else if binary {
        return Err(IngestError::UnknownFormat(path.to_owned()));
    } else if text.starts_with(b"[") && !looks_like_text(text) {
        (DOCUMENT, document_rows(text, None))
    } else if text.starts_with(b"{") {
        let (container, rows, said) = json_rows(text, whole);
        remark = said;
        (container, rows)
    } else if let Some(row) = text_row(text) {
        (Container::Text, vec![row])
    } else if let Some(rows) = prefixed_rows(text).filter(|_| !is_named_table(path)) {
        (Container::Jsonl, rows)
    } else if is_named_table(path) || !looks_like_a_log(path) {
        let delimiter = super::delimiter(text);
        (Container::Csv(delimiter), csv_row(text, delimiter))
    } else {
        (Container::Jsonl, Vec::new())
    };
    Ok(Opened { reader: Box::new(plain), container, rows, remark })
}

/// Names of columns in the first rows of one file that are told.
const NAMES: usize = 200;

/// Names of the columns in rows that are JSON objects.
pub(super) fn names(rows: &[String]) -> BTreeSet<String> {
    let keys = |row: &String| serde_json::from_str::<Map<String, Value>>(row).unwrap_or_default();
    rows.iter().flat_map(keys).map(|(name, _)| name).take(NAMES).collect()
}

/// Whether text of two bytes a letter stands here: a mark of it, or letters with a zero each.
fn is_utf16(start: &[u8]) -> bool {
    let zeros = |odd: usize| start.iter().take(64).skip(odd).step_by(2).all(|b| *b == 0);
    start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) || start.len() > 3 && (zeros(0) != zeros(1))
}

fn named(columns: Vec<String>) -> String {
    Value::Object(columns.into_iter().map(|name| (name, Value::from(""))).collect()).to_string()
}

/// A line such as `[2026-07-14 02:13:20] ...` is no JSON array.
fn looks_like_text(text: &[u8]) -> bool {
    !text[1..].trim_ascii_start().starts_with(b"{") && !text[1..].trim_ascii_start().starts_with(b"]")
}

/// The first lines that are whole.
fn lines(text: &[u8]) -> impl Iterator<Item = &str> {
    let lines = text.split(|b| *b == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    lines.map(str::trim).filter(|line| !line.is_empty())
}

const DOCUMENT: Container = Container::Document { under: None, messages: false };

fn json_rows(text: &[u8], whole: bool) -> (Container, Vec<String>, Option<String>) {
    let end = memchr::memchr(b'\n', text);
    let first = &text[..end.unwrap_or(text.len())];
    let is_line = serde_json::from_slice::<serde::de::IgnoredAny>(first).is_ok();
    let keys = outer_keys(if is_line { first } else { text });
    // A row with a time of its own is a row, whatever lists stand in it.
    let timed = |key: &str| key == schema::TS || COLUMNS[at::TS].aliases.contains(&key);
    let wrapped = keys.iter().any(|(key, value)| *value == b'[' && WRAPPERS.contains(&key.as_str()))
        && !(is_line && keys.iter().any(|(key, _)| timed(key)));
    // Cut JSON lines are bad lines, not a document: a document goes on with a key on its next line or is one long line.
    let second = end.map(|end| text[end..].trim_ascii_start());
    let spread = second.is_some_and(|second| second.starts_with(b"\"")) || (end.is_none() && !whole && !is_line);
    if wrapped && (is_line || spread || end.is_none()) {
        return (DOCUMENT, document_rows(text, None), None);
    }
    let one = if is_line { second.is_none_or(<[u8]>::is_empty) } else { spread && (!whole || is_json(text)) };
    let told = |key: &str| timed(key) || key.ends_with("_at");
    if one && !(is_line && keys.iter().any(|(key, _)| told(key))) {
        let lists = lists(text);
        let loose: Vec<&'static str> = LOOSE.into_iter().filter(|name| lists.iter().any(|list| list == name)).collect();
        if let [under] = loose.as_slice() {
            let (rows, messages) = events(document_rows(text, Some(under)));
            return (Container::Document { under: Some(under), messages }, rows, None);
        }
        // What tells a time is a row, and its lists are its own.
        let is_row = keys.iter().any(|(key, _)| told(key));
        let remark = Some(told_lists(if is_row { &[] } else { &lists }));
        if !is_line && end.is_some() {
            return (DOCUMENT, Vec::new(), remark);
        }
        if !lists.is_empty() {
            return (Container::Jsonl, vec![String::from_utf8_lossy(first).into_owned()], remark);
        }
    }
    let rows = lines(text).filter(|l| l.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(l).is_ok());
    (Container::Jsonl, rows.take(ROWS).map(str::to_owned).collect(), None)
}

/// Whether a text is JSON values, one behind the other.
fn is_json(text: &[u8]) -> bool {
    serde_json::Deserializer::from_slice(text).into_iter::<serde::de::IgnoredAny>().all(|value| value.is_ok())
}

/// Lists of objects in the outermost object, and in the objects in it, by their names.
fn lists(text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for (key, at) in outer_values(text) {
        let value = &text[at..];
        if is_list_of_objects(value) {
            found.push(key);
        } else if value[0] == b'{' {
            let inner = outer_values(value).into_iter().filter(|(_, at)| is_list_of_objects(&value[*at..]));
            found.extend(inner.map(|(name, _)| format!("{key}.{name}")));
        }
    }
    found
}

fn is_list_of_objects(value: &[u8]) -> bool {
    value.strip_prefix(b"[").is_some_and(|inside| inside.trim_ascii_start().starts_with(b"{"))
}

/// What is said of a document in which no list of records is found. The names stand in no command: a log may have any.
fn told_lists(lists: &[String]) -> String {
    const MOST: usize = 8;
    let one = |name: &String| visible(&name.chars().take(40).collect::<String>());
    match lists {
        [] => "JSON over several lines, and no list of records; write one object a line, as by `jq -c .`".to_owned(),
        _ => format!(
            "one JSON document, and under no usual name does a list of records stand in it; it has the lists {}: take one out, \
             as by `jq -c '.NAME[]'`",
            lists.iter().take(MOST).map(one).collect::<Vec<_>>().join(", ")
        ),
    }
}

/// The texts of events of CloudWatch, and that they are such; other records as they are.
fn events(rows: Vec<String>) -> (Vec<String>, bool) {
    let is_event = |row: &String| ["eventId", "logStreamName", "ingestionTime"].iter().any(|name| row.contains(name));
    let texts: Vec<String> =
        rows.iter().filter(|row| is_event(row)).filter_map(|row| message(row.as_bytes())).collect();
    // Lines of a runtime may stand between the records.
    let records: Vec<String> =
        texts.into_iter().filter(|text| text.starts_with('{') && is_json(text.as_bytes())).collect();
    if 2 * records.len() > rows.len() { (records, true) } else { (rows, false) }
}

fn document_rows(text: &[u8], under: Option<&'static str>) -> Vec<String> {
    let mut elements = super::elements::Elements::new(text, text.len(), text.len()).under(under);
    let Ok(Some(batch)) = elements.next_batch() else { return Vec::new() };
    let whole = batch.records.into_iter().take(ROWS).map(|(_, range)| batch.bytes[range].to_vec());
    let mut rows: Vec<String> = whole.filter_map(|row| String::from_utf8(row).ok()).collect();
    if rows.is_empty() {
        // The first record is longer than what is looked at: its keys tell as much.
        let start = text.windows(2).position(|w| w[0] == b'[' && (w[1] == b'{' || w[1].is_ascii_whitespace()));
        let inner = start.map_or(&[][..], |at| text[at + 1..].trim_ascii_start());
        rows.push(named(outer_keys(inner).into_iter().map(|(key, _)| key).collect()));
    }
    rows
}

/// What tells lines of text from others.
fn text_row(text: &[u8]) -> Option<String> {
    let first: Vec<&str> = lines(text).take(ROWS).collect();
    if first.iter().any(|line| is_combined(line)) {
        return Some(named(vec!["combined".to_owned()]));
    }
    let vllm = first.iter().any(|line| line.contains("Received request ") && line.contains("SamplingParams("));
    vllm.then(|| named(vec!["vllm".to_owned()]))
}

/// JSON objects behind what a collector of logs puts before each line, where most lines are such.
fn prefixed_rows(text: &[u8]) -> Option<Vec<String>> {
    let first: Vec<&str> = lines(text).take(ROWS).collect();
    let is_row = |row: &&str| row.starts_with('{') && is_json(row.as_bytes());
    let rows: Vec<String> = first.iter().map(|line| behind_prefix(line)).filter(is_row).map(str::to_owned).collect();
    (2 * rows.len() > first.len()).then_some(rows)
}

/// The first record of a CSV under its header.
fn csv_row(text: &[u8], delimiter: u8) -> Vec<String> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).has_headers(false).delimiter(delimiter).from_reader(text);
    let mut records = csv.records().map_while(Result::ok).skip_while(|first| super::tables::is_sep(first.get(0)));
    let Some(header) = records.next() else { return Vec::new() };
    let first = records.next().unwrap_or_default();
    let cells = header.iter().enumerate().map(|(i, name)| (name.to_owned(), first.get(i).unwrap_or_default().into()));
    vec![Value::Object(cells.collect::<Map<_, _>>()).to_string()]
}

type Peeked<R> = (Vec<u8>, io::Chain<io::Cursor<Vec<u8>>, R>);

/// The first bytes, and a reader that still begins with them.
fn peek<R: Read>(mut reader: R, bytes: u64) -> io::Result<Peeked<R>> {
    let mut start = Vec::new();
    reader.by_ref().take(bytes).read_to_end(&mut start)?;
    Ok((start.clone(), io::Cursor::new(start).chain(reader)))
}
