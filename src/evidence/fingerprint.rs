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
        least_of_windows(&self.chars, found);
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
        let mut read = 0;
        while read < text.len() {
            let with_one_before = read.checked_sub(1).and_then(|before| text.as_bytes()[before..].first_chunk());
            if let Some(block) = with_one_before.and_then(plain) {
                self.chars[at..at + AT_ONCE].copy_from_slice(&block);
                at += AT_ONCE;
                last = block.last().copied();
                read += AT_ONCE;
                continue;
            }
            let mut take = |c: u8| {
                self.chars[at] = c;
                at += usize::from(Some(c) != last || !is_folded(c));
                last = Some(c);
            };
            let end = text.ceil_char_boundary(read + AT_ONCE);
            text[read..end].chars().for_each(|c| match u8::try_from(c) {
                Ok(c) if c.is_ascii() => take(fold(c)),
                _ if c.is_whitespace() => take(b' '),
                _ => take(c.to_lowercase().next().unwrap_or(c) as u8 | 0x80),
            });
            read = end;
        }
        self.chars.truncate(at);
    }
}

/// Bytes that are normalised at once.
const AT_ONCE: usize = 16;

/// What becomes of a block of ASCII in which nothing repeats that is folded; before it stands the byte behind which it
/// comes. Nearly every block is such, and none of its bytes waits for another: they are all taken in a few vector instructions.
#[inline]
fn plain(bytes: &[u8; AT_ONCE + 1]) -> Option<[u8; AT_ONCE]> {
    let folded = bytes.map(fold);
    let repeats = folded.array_windows().fold(false, |any, [before, c]| any | (c == before) & is_folded(*c));
    (!repeats & bytes.is_ascii()).then(|| *folded.last_chunk().expect("one more than a block"))
}

/// Whether several of a character in a row become one.
fn is_folded(c: u8) -> bool {
    (c == b' ') | (c == b'0')
}

/// What becomes of an ASCII character: by arithmetic, which can be done with many at once, and not by a table.
#[inline]
fn fold(c: u8) -> u8 {
    let c = c | u8::from(c.wrapping_sub(b'A') < 26) << 5;
    let c = if c.wrapping_sub(b'0') < 10 { b'0' } else { c };
    if c.wrapping_sub(b'\t') < 5 { b' ' } else { c }
}

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

/// Characters of as many grams as a window has.
const BLOCK: usize = WINDOW + K - 1;

/// The least gram of every window; of windows in a row that agree, once. Minima up to each place of a block of windows'
/// width, and those from each place of the block before to its end, are all that is asked for (van Herk 1992): the work
/// for a gram is the same whatever the grams are.
fn least_of_windows(chars: &[u8], found: &mut Vec<u64>) {
    let Some(first) = chars.first_chunk::<BLOCK>() else {
        found.extend(chars.array_windows().map(hash).min());
        return;
    };
    let mut grams = [0; WINDOW];
    grams.iter_mut().zip(first.array_windows()).for_each(|(kept, gram)| *kept = hash(gram));
    let mut rests = least_to_end(&grams);
    let mut last = rests[0];
    found.push(last);
    // Room for one of each window. A window is written in any case and kept where it differs: to ask first would be guessed wrong
    // once for each fingerprint.
    let mut end = found.len();
    found.resize(end + chars.len(), 0);
    let mut take = |window: u64| {
        found[end] = window;
        end += usize::from(window != last);
        last = window;
    };
    let mut behind = &chars[WINDOW..];
    // A block is of a length that the compiler knows, and its grams never leave the processor.
    while let Some(block) = behind.first_chunk::<BLOCK>() {
        let mut least = u64::MAX;
        for ((gram, kept), rest) in block.array_windows().map(hash).zip(&mut grams).zip(&rests[1..]) {
            *kept = gram;
            least = least.min(gram);
            take(least.min(*rest));
        }
        rests = least_to_end(&grams);
        behind = &behind[WINDOW..];
    }
    let mut least = u64::MAX;
    for (gram, rest) in behind.array_windows().map(hash).zip(&rests[1..]) {
        least = least.min(gram);
        take(least.min(*rest));
    }
    found.truncate(end);
}

/// The least gram from each place of a block to its end.
#[inline]
fn least_to_end(grams: &[u64; WINDOW]) -> [u64; WINDOW + 1] {
    let mut rests = [u64::MAX; WINDOW + 1];
    for (i, gram) in grams.iter().enumerate().rev() {
        rests[i] = rests[i + 1].min(*gram);
    }
    rests
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
        fn the_least_of_every_window_is_found(chars in proptest::collection::vec(0u8..3, 0..200)) {
            let mut found = vec![7];
            least_of_windows(&chars, &mut found);
            let grams: Vec<u64> = chars.array_windows().map(hash).collect();
            let mut expected: Vec<u64> = vec![7];
            for window in grams.windows(WINDOW.min(grams.len()).max(1)) {
                let least = *window.iter().min().unwrap();
                if expected.last() != Some(&least) {
                    expected.push(least);
                }
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn texts_are_normalised_as_character_by_character(pieces in proptest::collection::vec("[ -~]{0,24}|[\t-\r 0-9]{0,5}|[A-Z]{0,40}|[éΣİ\u{a0}\u{2003}\u{1}\u{7f}]{0,3}", 0..12)) {
            let mut winnower = Winnower::default();
            let mut expected: Vec<u8> = Vec::new();
            for text in [pieces.concat(), pieces.join("0 ")] {
                winnower.normalise(&text);
                for c in text.chars() {
                    let c = match c {
                        '0'..='9' => b'0',
                        _ if c.is_whitespace() => b' ',
                        _ if c.is_ascii() => c.to_ascii_lowercase() as u8,
                        _ => c.to_lowercase().next().unwrap() as u8 | 0x80,
                    };
                    if !(matches!(c, b' ' | b'0') && expected.last() == Some(&c)) {
                        expected.push(c);
                    }
                }
            }
            prop_assert_eq!(winnower.chars, expected);
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
