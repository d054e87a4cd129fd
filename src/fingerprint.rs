//! Winnowed fingerprints of text (Schleimer, Wilkerson and Aiken 2003).
//!
//! Any substring of at least `K + WINDOW - 1` normalised characters that two texts share gives them a common
//! fingerprint, wherever it stands: a template is found before, after or around its payload.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Characters in one gram.
pub const K: usize = 18;
/// Grams in one window; with `K` it guarantees detection from 39 shared characters.
pub const WINDOW: usize = 22;
/// Characters looked at on either end of a long text; bounds the cost of a 1 MB prompt.
const EDGE: usize = 2048;
/// Bytes of a character among the normalised ones.
const WIDE: usize = 4;

/// Fingerprints texts one after the other in the same memory: no text costs an allocation once a long one was seen.
#[derive(Debug, Clone, Default)]
pub struct Winnower {
    /// Normalised characters, four bytes each, so that a gram is a slice and nothing has to be copied to hash it.
    chars: Vec<u8>,
    grams: Vec<u64>,
    found: Vec<u64>,
}

impl Winnower {
    /// The winnowed fingerprints of a text, sorted and without repeats.
    pub fn winnow(&mut self, text: &str) -> &[u64] {
        self.chars.clear();
        self.found.clear();
        if text.len() > 4 * 2 * EDGE {
            let head = text.char_indices().nth(EDGE).map_or(text.len(), |(at, _)| at);
            let tail = text.char_indices().rev().nth(EDGE - 1).map_or(0, |(at, _)| at);
            self.normalise(&text[..head]);
            self.take(' ');
            self.normalise(&text[tail..]);
        } else {
            self.normalise(text);
        }
        self.grams.clear();
        let grams = self.chars.windows(WIDE * K).step_by(WIDE);
        self.grams.extend(grams.map(|gram| xxh3_64_with_seed(gram, 0x5711)));
        least_of_windows(&self.grams, &mut self.found);
        self.found.sort_unstable();
        self.found.dedup();
        &self.found
    }

    /// Lower-cases, folds white space to one blank and digit runs to `0`, so that counters do not hide a template.
    fn normalise(&mut self, text: &str) {
        for c in text.chars() {
            self.take(if c.is_ascii() {
                match c {
                    '0'..='9' => '0',
                    ' ' | '\t'..='\r' => ' ',
                    _ => c.to_ascii_lowercase(),
                }
            } else if c.is_whitespace() {
                ' '
            } else {
                c.to_lowercase().next().unwrap_or(c)
            });
        }
    }

    fn take(&mut self, c: char) {
        let wide = (c as u32).to_le_bytes();
        if matches!(c, ' ' | '0') && self.chars.last_chunk() == Some(&wide) {
            return;
        }
        self.chars.extend_from_slice(&wide);
    }
}

/// The least gram of every window. It is looked for again only when it leaves the window, which is once in half a window.
fn least_of_windows(grams: &[u64], found: &mut Vec<u64>) {
    let width = WINDOW.min(grams.len());
    let mut least = 0;
    for end in 0..grams.len() {
        if grams[end] <= grams[least] {
            least = end;
        } else if end - least >= width {
            // The last of equal ones stays longest.
            let window = &grams[end + 1 - width..=end];
            least =
                end + 1 - width + window.iter().enumerate().fold(0, |m, (i, g)| if *g <= window[m] { i } else { m });
        }
        if end + 1 >= width && found.last() != Some(&grams[least]) {
            found.push(grams[least]);
        }
    }
}

/// Hash of the whole normalised text: the work item.
pub fn item(text: &str) -> u64 {
    xxh3_64(text.trim().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn winnow(text: &str) -> Vec<u64> {
        Winnower::default().winnow(text).to_vec()
    }

    #[test]
    fn a_shared_passage_is_found_before_after_and_around_any_payload() {
        let template = "derive the answer slowly and keep all scratch work visible";
        let a = winnow(&format!("{template} how many pears are left in the third basket?"));
        let b = winnow(&format!("Hello there, quite another question about trains. {template}"));
        assert!(a.iter().any(|f| b.contains(f)));
    }

    #[test]
    fn counters_in_a_template_do_not_split_it() {
        let a = winnow("Exercise 12 of the long series of exercises for the evening class");
        let b = winnow("Exercise 1984 of the long series of exercises for the evening class");
        assert_eq!(a, b);
    }

    proptest! {
        #[test]
        fn the_least_of_every_window_is_found(grams in proptest::collection::vec(0u64..40, 0..200)) {
            let mut found = Vec::new();
            least_of_windows(&grams, &mut found);
            let mut expected: Vec<u64> = Vec::new();
            for window in grams.windows(WINDOW.min(grams.len()).max(1)) {
                let least = *window.iter().min().unwrap();
                if expected.last() != Some(&least) {
                    expected.push(least);
                }
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn of_a_long_text_both_ends_are_looked_at(middle in 20_000usize..40_000) {
            let text = format!("At the very start stands this instruction, whole. {} And at its end another one, whole.", "é".repeat(middle));
            let found = winnow(&text);
            for end in ["At the very start stands this instruction, whole.", "And at its end another one, whole. "] {
                prop_assert!(winnow(end.trim()).iter().any(|f| found.contains(f)));
            }
        }
    }
}
