//! Text from logs, made safe for a terminal and for a spreadsheet.

use crate::document::visible::acts;
pub use crate::document::visible::visible;
use unicode_width::UnicodeWidthChar;

/// A CSV cell that no spreadsheet computes: a quote before what would start a formula, wide forms included.
pub fn csv_cell(text: &str) -> String {
    let text = visible(text);
    let starts_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if starts_formula { format!("'{text}") } else { text }
}

/// JSON whose strings hold no character that acts, as `\u001b`: serde leaves those above ASCII as they are.
/// Outside strings JSON is ASCII, so that only strings change, and they read back the same.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && acts(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// Terminal columns a text takes at most. A selector of emoji style may widen the character before it.
pub fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

fn column(c: char) -> usize {
    if c == '\u{fe0f}' { 1 } else { c.width().unwrap_or(0) }
}

/// As many of the characters as leave room for an ellipsis within `most` columns.
fn fitting(chars: impl Iterator<Item = char>, most: usize) -> Vec<char> {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += column(*c);
            used < most
        })
        .collect()
}

/// At most `most` terminal columns, never cut inside a character.
pub fn truncate(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    fitting(text.chars(), most).into_iter().chain(['…']).collect()
}

/// As [`truncate`], but the end is kept.
pub fn truncate_start(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    std::iter::once('…').chain(fitting(text.chars().rev(), most).into_iter().rev()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_bidi_and_formulas_are_spelt_out() {
        assert_eq!(visible("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\u{a}");
        assert_eq!(csv_cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv_cell(" \u{ff1d}1"), "' \u{ff1d}1");
        assert_eq!(csv_cell("acct_1"), "acct_1");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_gets_through(text in any::<String>(), columns in 1usize..50) {
            prop_assert!(!visible(&text).chars().any(acts));
            for cut in [truncate(&visible(&text), columns), truncate_start(&visible(&text), columns)] {
                prop_assert!(unicode_width::UnicodeWidthStr::width(cut.as_str()) <= columns);
            }
        }
    }
}
