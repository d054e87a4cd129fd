//! The schema of evidence: every column with the rule by which two parts of it become one. All rules are associative and
//! commutative, so that neither the order of parts nor how a log was split matters.

/// Version of the schema. A new one whenever a column, a rule, or what is put in a column changes.
pub const VERSION: i64 = 5;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    /// A 64-bit integer; else text.
    pub whole: bool,
    /// How two rows of one account become one.
    pub rule: &'static str,
}

const fn whole(name: &'static str, rule: &'static str) -> Column {
    Column { name, whole: true, rule }
}

const fn text(name: &'static str, rule: &'static str) -> Column {
    Column { name, whole: false, rule }
}

/// In their order in tables and in tab-separated rows. Lists are JSON; `[file, line]` is a place, the file by its number in
/// the part's own list.
pub const COLUMNS: [Column; 37] = [
    whole("evidence_version", "the same in all rows"),
    text("made_by", "the same in all rows"),
    text("shard", "a part is taken once"),
    text("account_id", "key; absent in the one row of a part that says what was read"),
    text("read", "JSON: counts add up, rejected rows are listed together"),
    whole("requests", "sum"),
    whole("with_text", "sum"),
    whole("hashed", "sum"),
    whole("ruled", "sum"),
    whole("single_turn", "sum"),
    whole("input_tokens", "sum"),
    whole("output_tokens", "sum"),
    whole("cut_short", "sum"),
    whole("refused", "sum"),
    whole("ln_input", "sum, millionths"),
    whole("ln_output", "sum, millionths"),
    whole("first_us", "least"),
    whole("last_us", "greatest"),
    whole("resolution_us", "greatest"),
    text("org_id", "least"),
    text("first_at", "least place"),
    text("last_at", "place of the row with the greatest `last_us`, of several the greatest"),
    text("hours", "24 sums"),
    text("addresses", "union of [value, count, place]: counts add up, least place, the 4,096 least values"),
    text("clients", "as addresses"),
    text(
        "parameters",
        "union of [value, count, outside conversations, output as `ln_output`, place]: sums, least place, the 4,096 least values",
    ),
    text("stacks", "as addresses"),
    text("models", "union of [name, first use, place of it]: least, the 4,096 least names"),
    text("sessions", "union of [hash, count]: counts add up, the 4,096 least hashes"),
    text("items", "union of [hash, count]: counts add up, the 16,384 least hashes"),
    text("times", "union with repeats: the 4,096 earliest, and those behind them in `later`"),
    text("later", "union of [hour since the Unix epoch, count]: counts add up, the 30,000 least hours"),
    text("rule_hits", "as addresses, of rule packs"),
    text("excerpts", "union of [rank, hash, place, redacted text]: the three best"),
    text("texts", "union: one record a request with text, base64"),
    whole("texts_held", "sum; as many records as `texts` holds"),
    text("check", "none; a hash of the row, so that a damaged one is noticed"),
];

/// Place of a column in a row.
pub(super) fn place(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|column| column.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_safe_in_any_query() {
        for (i, column) in COLUMNS.iter().enumerate() {
            assert_eq!(place(column.name), Some(i));
            assert!(column.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
    }
}
