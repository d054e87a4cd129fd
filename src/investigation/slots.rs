//! A template with its slots, read off the redacted excerpts that are kept: what most of them have in common is fixed, what
//! differs is a slot. The texts themselves are gone by then, so a template beyond the length of an excerpt is not seen.

use std::collections::BTreeSet;
use std::ops::Range;

/// Tokens in a row that have to be in common. Fewer, and any two English sentences share some.
const RUN: usize = 4;
/// Excerpts from which they say what is common to them.
const LEAST: usize = 3;
/// Share of the excerpts that have to hold a run: a template comes with mistakes and in variants.
const MOST_OF: f64 = 0.8;

/// Words, and each sign by itself; scripts that put no blanks between words are cut into characters.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for (at, c) in text.char_indices() {
        let joins = c.is_alphanumeric() && c < '\u{2e80}';
        match found.last_mut() {
            Some(last) if open && joins => last.end = at + c.len_utf8(),
            _ if c.is_whitespace() || c == '…' => {}
            _ => found.push(at..at + c.len_utf8()),
        }
        open = joins;
    }
    found
}

fn runs(text: &str) -> BTreeSet<Vec<&str>> {
    let words: Vec<&str> = tokens(text).into_iter().map(|t| &text[t]).collect();
    words.windows(RUN).map(<[&str]>::to_vec).collect()
}

/// Passages of `shown` that most of `excerpts` have too, in order. Between two of them stands what changes; the first or the
/// last is empty where the text begins or ends with what changes, or was cut. Empty where fewer than three excerpts are
/// given or nothing is common to them.
pub(crate) fn passages(shown: &str, excerpts: &[&str]) -> Vec<String> {
    if excerpts.len() < LEAST {
        return Vec::new();
    }
    let others: Vec<BTreeSet<Vec<&str>>> = excerpts.iter().map(|e| runs(e)).collect();
    let places = tokens(shown);
    let words: Vec<&str> = places.iter().map(|t| &shown[t.clone()]).collect();
    let mut fixed = vec![false; words.len()];
    for (at, run) in words.windows(RUN).enumerate() {
        let held = others.iter().filter(|o| o.contains(run)).count();
        if held as f64 >= MOST_OF * others.len() as f64 {
            fixed[at..at + RUN].fill(true);
        }
    }
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    for part in fixed.chunk_by(|a, b| a == b) {
        if part[0] {
            out.push(shown[places[at].start..places[at + part.len() - 1].end].to_owned());
        }
        at += part.len();
    }
    if out.is_empty() {
        return out;
    }
    if fixed.first() == Some(&false) {
        out.insert(0, String::new());
    }
    if fixed.last() == Some(&false) || shown.ends_with('…') {
        out.push(String::new());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::passages;

    #[test]
    fn what_changes_is_a_slot_wherever_it_stands() {
        let texts = [
            "Hello Ada, write a story about whales in the style of Verne. Be long.",
            "Hello Bo, write a story about tall ships in the style of Poe. Be long.",
            "Hello Cy, write a story about clocks in the style of a tired king. Be long.",
        ];
        let found = passages(texts[0], &texts);
        assert_eq!(found, ["", ", write a story about", "in the style of", ". Be long."]);
        let cut = [
            "Name three facts of the moon and…",
            "Name three facts of the sea that…",
            "Name three facts of the sun or…",
        ];
        assert_eq!(passages(cut[0], &cut), ["Name three facts of the", ""]);
    }

    #[test]
    fn one_stray_excerpt_of_five_does_not_hide_a_template_and_two_make_none() {
        let texts =
            ["Sum up this page: a b", "Sum up this page: c", "Sum up this page: d", "Sum up this page: e", "Hi"];
        assert_eq!(passages(texts[0], &texts), ["Sum up this page:", ""]);
        assert!(passages(texts[0], &texts[..2]).is_empty());
        assert!(passages("one two three four", &["five six seven eight", "nine", "ten"]).is_empty());
    }

    #[test]
    fn a_script_without_blanks_is_read_by_characters() {
        let texts = ["请写一个关于鲸鱼的故事", "请写一个关于时钟的故事", "请写一个关于海的故事"];
        assert_eq!(passages(texts[0], &texts), ["请写一个关于", ""]);
    }
}
