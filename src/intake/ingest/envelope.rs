//! Rows within rows: what collectors of logs put around the line that a program wrote.

use crate::intake::normalise::{is_shallow, members, scalar};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Names under which a row stands, as text or as an object: of Elasticsearch, Splunk, Google Cloud, Docker, Azure, journald,
/// Loki, and of what writes its messages as JSON. Dots lead into an envelope within an envelope.
const NAMES: [&str; 14] = [
    "_source",
    "jsonPayload",
    "result",
    "result._raw",
    "log",
    "properties",
    "message",
    "msg",
    "MESSAGE",
    "line",
    "_raw",
    "textPayload",
    "body",
    "data",
];

/// Bytes of the longest text that is taken for what a collector puts before a line.
const LONGEST_PREFIX: usize = 256;

/// Where the rows of a file stand in what was put around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Envelope {
    pub name: &'static str,
    /// What stands around a row belongs to it, such as its time.
    pub around: bool,
}

impl Envelope {
    /// Why a file is read as it is, where its rows stand in this.
    pub fn told(self, reason: &str) -> String {
        let stand = format!("rows stand in {}", self.name);
        if reason.is_empty() { stand } else { format!("{stand}; of these {reason}") }
    }
}

/// The envelope in which most of these rows stand, with the rows as they are in it; `reads` says whether rows can be read.
pub(super) fn envelope(rows: &[&str], reads: impl Fn(&[&str]) -> bool) -> Option<(Envelope, Vec<String>)> {
    let ways = NAMES.iter().flat_map(|name| [false, true].map(|around| Envelope { name, around }));
    ways.map(|envelope| (envelope, rows.iter().filter_map(|row| inside(row, envelope)).collect::<Vec<String>>())).find(
        |(_, inner)| {
            let inner: Vec<&str> = inner.iter().map(String::as_str).collect();
            2 * inner.len() > rows.len() && reads(&inner)
        },
    )
}

/// The row in an envelope; `None` where no JSON object stands in it.
pub(super) fn inside(row: &str, Envelope { name, around }: Envelope) -> Option<String> {
    name.split('.').try_fold(row.to_owned(), |outer, name| unwrapped(&outer, name, around))
}

fn unwrapped(row: &str, name: &str, around: bool) -> Option<String> {
    let outer = behind_prefix(row);
    if !is_object(outer) {
        return None;
    }
    let is_it = |key: &str| key.trim_matches('"') == name;
    let (_, value) = members(outer).find(|(key, _)| is_it(key))?;
    let value = scalar(Cow::Borrowed(value))?;
    let inner = value.trim();
    if !is_object(inner) {
        return None;
    }
    let mut whole = inner.to_owned();
    if around {
        let own: BTreeSet<&str> = members(inner).map(|(key, _)| key).collect();
        whole.pop();
        let mut first = own.is_empty();
        for (key, value) in members(outer).filter(|(key, _)| !is_it(key) && !own.contains(key)) {
            whole += if first { "" } else { "," };
            whole += &format!("{key}:{value}");
            first = false;
        }
        whole.push('}');
    }
    Some(whole)
}

/// Whether this is one JSON object that is safe to look into.
fn is_object(text: &str) -> bool {
    text.starts_with('{') && is_shallow(text) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A line without what a collector puts before it: the time and stream of a container, the host and program of syslog.
pub(super) fn behind_prefix(line: &str) -> &str {
    match line.find('{') {
        Some(at) if at > 0 && at <= LONGEST_PREFIX && line.ends_with('}') => &line[at..],
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"user_id":"u","ts":1,"q":"a \"b\" c"}"#;

    fn reads(rows: &[&str]) -> bool {
        rows.iter().all(|row| row.contains("\"user_id\"") && row.contains("\"ts\""))
    }

    #[test]
    fn rows_are_found_in_what_collectors_put_around_them() {
        let quoted = serde_json::to_string(&format!("{ROW}\n")).unwrap();
        for (row, name) in [
            (format!(r#"{{"log":{quoted},"stream":"stdout","time":"2026-11-02T08:00:20Z"}}"#), "log"),
            (format!(r#"{{"_index":"x","_id":"1","_source":{ROW}}}"#), "_source"),
            (format!(r#"{{"preview":false,"result":{ROW}}}"#), "result"),
            (format!(r#"{{"preview":false,"result":{{"_time":"t","_raw":{quoted}}}}}"#), "result._raw"),
            (format!("2026-11-02T08:00:20Z stdout F {{\"message\":{quoted}}}"), "message"),
        ] {
            let (envelope, inner) = envelope(&[&row], reads).unwrap();
            assert_eq!((envelope, inner.as_slice()), (Envelope { name, around: false }, &[ROW.to_owned()][..]));
        }
        assert_eq!(envelope(&[ROW], reads), None);
    }

    #[test]
    fn what_a_row_lacks_is_taken_from_around_it() {
        let row = r#"{"timestamp":5,"ts":2,"jsonPayload":{"user_id":"u"},"x":[1]}"#;
        let (_, inner) = envelope(&[row], reads).unwrap();
        assert_eq!(inner, [r#"{"user_id":"u","timestamp":5,"ts":2,"x":[1]}"#]);
        let row = r#"{"ts":2,"user_id":"other","log":{"user_id":"u"}}"#;
        assert_eq!(inside(row, Envelope { name: "log", around: true }).unwrap(), r#"{"user_id":"u","ts":2}"#);
        let row = r#"{"ts":2,"log":{}}"#;
        assert_eq!(inside(row, Envelope { name: "log", around: true }).unwrap(), r#"{"ts":2}"#);
    }

    #[test]
    fn what_stands_before_a_line_is_left_out_and_text_is_none_of_it() {
        assert_eq!(behind_prefix(&format!("Nov  2 08:00:20 host gw[12]: {ROW}")), ROW);
        assert_eq!(behind_prefix(ROW), ROW);
        assert_eq!(behind_prefix("a {b} c"), "a {b} c");
        let long = format!("{}{ROW}", "x".repeat(LONGEST_PREFIX + 1));
        assert_eq!(behind_prefix(&long), long);
    }
}
