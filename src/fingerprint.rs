//! Winnowed fingerprints of text (Schleimer, Wilkerson and Aiken 2003).
//!
//! Any substring of at least `K + WINDOW - 1` normalised characters that two texts share gives them a common
//! fingerprint, wherever it stands: a template is found before, after or around its payload.

use xxhash_rust::xxh3::xxh3_64;

/// Characters in one gram.
pub const K: usize = 18;
/// Grams in one window; with `K` it guarantees detection from 39 shared characters.
pub const WINDOW: usize = 22;
/// Characters looked at on either end of a long text; bounds the cost of a 1 MB prompt.
const EDGE: usize = 2048;

/// Fingerprints texts one after the other in the same memory: no text costs an allocation once a long one was seen.
#[derive(Debug, Clone, Default)]
pub struct Winnower {
    /// Normalised characters, a byte each, so that a gram is a slice and nothing has to be copied to hash it.
    chars: Vec<u8>,
    grams: Vec<u64>,
}

impl Winnower {
    /// Puts the winnowed fingerprints of a text behind those in `found`, in the order in which they stand; one that stands in
    /// several places may be there several times.
    pub fn winnow(&mut self, text: &str, found: &mut Vec<u64>) {
        self.chars.clear();
        if text.len() > 4 * 2 * EDGE {
            let head = text.char_indices().nth(EDGE).map_or(text.len(), |(at, _)| at);
            let tail = text.char_indices().rev().nth(EDGE - 1).map_or(0, |(at, _)| at);
            self.normalise(&text[..head]);
            self.normalise(" ");
            self.normalise(&text[tail..]);
        } else {
            self.normalise(text);
        }
        self.grams.clear();
        self.grams.extend(self.chars.array_windows().map(hash));
        least_of_windows(&self.grams, found);
    }

    /// Lower-cases, folds white space to one blank and digit runs to `0`, so that counters do not hide a template.
    ///
    /// A character outside ASCII becomes its lowest seven bits above ASCII: letters of one alphabet stay apart, and that
    /// eighteen in a row agree with eighteen others by chance is out of the question.
    fn normalise(&mut self, text: &str) {
        let mut at = self.chars.len();
        let mut last = self.chars.last().copied();
        // A character has a byte at least, so that this is room for all; the rest is cut off again.
        self.chars.resize(at + text.len(), 0);
        let mut take = |c: u8| {
            self.chars[at] = c;
            at += usize::from(Some(c) != last || !matches!(c, b' ' | b'0'));
            last = Some(c);
        };
        text.chars().for_each(|c| match FOLDED.get(c as usize) {
            Some(c) => take(*c),
            None if c.is_whitespace() => take(b' '),
            None => take(c.to_lowercase().next().unwrap_or(c) as u8 | 0x80),
        });
        self.chars.truncate(at);
    }
}

/// What becomes of an ASCII character.
const FOLDED: [u8; 128] = {
    let mut folded = [0; 128];
    let mut c = 0;
    while c < 128 {
        folded[c as usize] = match c {
            b'0'..=b'9' => b'0',
            b'\t'..=b'\r' => b' ',
            _ => c.to_ascii_lowercase(),
        };
        c += 1;
    }
    folded
};

/// Hash of a gram: its words folded by multiplication, as in wyhash (Wang Yi 2019).
#[inline]
fn hash(gram: &[u8; K]) -> u64 {
    const { assert!(K > 16 && K <= 24, "three words cover a gram") };
    let word = |at: usize| u64::from_le_bytes(gram[at..at + 8].try_into().expect("eight bytes"));
    let fold = |a: u64, b: u64| {
        let product = u128::from(a) * u128::from(b);
        product as u64 ^ (product >> 64) as u64
    };
    let first = fold(word(0) ^ 0x9c18_ee16_8629_9c05, word(8) ^ 0xe703_7ed1_a0b4_28db);
    fold(first ^ 0x8ebc_6af0_9c88_c6e3, word(K - 8) ^ 0x5899_65cc_7537_4cc3)
}

/// The least gram of every window; of windows in a row that agree, once. Minima up to each place of a block of windows'
/// width, and those from each place of the block before to its end, are all that is asked for (van Herk 1992): the work
/// for a gram is the same whatever the grams are.
fn least_of_windows(grams: &[u64], found: &mut Vec<u64>) {
    let first = found.len();
    // Room for one of each window. A window is written in any case and kept where it differs: to ask first would be guessed wrong
    // once for each fingerprint.
    found.resize(first + grams.len() + 1, 0);
    let mut end = first;
    let mut rests = [u64::MAX; WINDOW + 1];
    for (n, block) in grams.chunks(WINDOW).enumerate() {
        let mut least = u64::MAX;
        if n == 0 {
            found[end] = block.iter().copied().min().unwrap_or(u64::MAX);
            end += 1;
        } else {
            let mut last = found[end - 1];
            for (gram, rest) in block.iter().zip(&rests[1..]) {
                least = least.min(*gram);
                let window = least.min(*rest);
                found[end] = window;
                end += usize::from(window != last);
                last = window;
            }
        }
        // Only the last block is shorter, and nobody asks for its rests.
        for (i, gram) in block.iter().enumerate().rev() {
            rests[i] = rests[i + 1].min(*gram);
        }
    }
    found.truncate(end);
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
        let mut found = Vec::new();
        Winnower::default().winnow(text, &mut found);
        found
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
            let text = format!("At the very start stands this instruction, whole. {} And at its very end there stands another one, whole.", "é".repeat(middle));
            let found = winnow(&text);
            for end in ["At the very start stands this instruction, whole.", "And at its very end there stands another one, whole."] {
                prop_assert!(winnow(end.trim()).iter().any(|f| found.contains(f)));
            }
        }
    }
}
