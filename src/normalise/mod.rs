//! Brings any log's own column names and spellings to the canonical event.

mod canonical;
mod content;
mod json;
mod map;
mod row;
mod time;
mod transform;

pub use canonical::canonical;
pub(crate) use canonical::filled;
pub(crate) use json::{is_messages, is_shallow, members, nested, scalar};
pub use map::{FieldMap, MapError};
pub(crate) use map::{MAX_SOURCES, closest};
pub(crate) use row::{CELLS, JOIN, KIND, LONGEST_ACCOUNT, Row, SEQUENCE, WIDTH};
pub(crate) use time::in_range;
pub use time::{Stamp, parse_stamp, parse_timestamp};

/// The text if it says anything: trimmed, and none of the usual spellings of nothing.
pub fn present(text: &str) -> Option<&str> {
    match text.trim() {
        "" | "-" | "null" | "None" | "{}" | "[]" => None,
        said => Some(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_nothing() {
        for text in ["", " ", "-", "null", "None", "{}", "[]"] {
            assert_eq!(present(text), None);
        }
        assert_eq!(present(" a "), Some("a"));
    }
}
