//! Brings any log's own column names and spellings to the canonical event.

mod address;
mod canonical;
mod chat;
mod content;
mod json;
mod map;
mod row;
mod time;
mod transform;

pub use canonical::canonical;
pub(crate) use canonical::filled;
pub(crate) use chat::is_messages;
pub(crate) use json::{is_shallow, members, nested, scalar};
pub use map::{FieldMap, MapError};
pub(crate) use map::{MAX_SOURCES, closest};
pub(crate) use row::{CELLS, JOIN, KIND, LONGEST_ACCOUNT, Row, SEQUENCE, WIDTH, whole_id};
pub(crate) use time::in_range;
pub use time::{Stamp, parse_stamp, parse_timestamp};

/// What exports write where a value is missing, in lower case: of databases (`\N`, `NULL`), data frames (`NaN`, `<NA>`, `NaT`),
/// programs (`undefined`, `(null)`, `nil`) and spreadsheets (`#N/A`).
const NOTHING: [&str; 15] = [
    "-",
    "{}",
    "[]",
    "\\n",
    "null",
    "none",
    "nan",
    "n/a",
    "<na>",
    "nat",
    "#n/a",
    "nil",
    "undefined",
    "(null)",
    "<null>",
];

/// The text if it says anything: trimmed, and none of the usual spellings of nothing, in any case.
pub fn present(text: &str) -> Option<&str> {
    let said = text.trim();
    let nothing =
        said.is_empty() || said.len() <= 9 && NOTHING.iter().any(|nothing| said.eq_ignore_ascii_case(nothing));
    (!nothing).then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_nothing() {
        for text in
            ["", " ", "-", "null", "None", "{}", "[]", "\\N", "NULL", "NaN", "(null)", "undefined", "N/A", "<NA>"]
        {
            assert_eq!(present(text), None, "{text}");
        }
        assert_eq!(present("nana"), Some("nana"));
        assert_eq!(present(" a "), Some("a"));
    }
}
