//! Text from logs, made safe for a terminal and for a spreadsheet.

use unicode_width::UnicodeWidthChar;

/// Characters that act instead of being seen: controls, directions, joiners, tags, line and paragraph separators.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Spells out every character that acts, as `\u{1b}`.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// A CSV cell that no spreadsheet computes: a quote before what would start a formula.
pub fn csv_cell(text: &str) -> String {
    let text = visible(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// At most `columns` terminal columns, never cut inside a character.
pub fn truncate(text: &str, columns: usize) -> String {
    let width = |c: char| c.width().unwrap_or(0);
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut used = 0;
    let mut out: String = text
        .chars()
        .take_while(|c| {
            used += width(*c);
            used < columns
        })
        .collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_bidi_and_formulas_are_spelt_out() {
        assert_eq!(visible("a\u{1b}[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\u{a}");
        assert_eq!(csv_cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(csv_cell("acct_1"), "acct_1");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_gets_through(text in any::<String>(), columns in 1usize..50) {
            prop_assert!(!visible(&text).chars().any(acts));
            prop_assert!(unicode_width::UnicodeWidthStr::width(truncate(&visible(&text), columns).as_str()) <= columns);
        }
    }
}
