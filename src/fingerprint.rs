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

/// Lower-cases, folds white space to one blank and digit runs to `0`, so that counters do not hide a template.
fn normalise(text: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(text.len().min(2 * EDGE));
    for c in text.chars() {
        let c = if c.is_whitespace() {
            ' '
        } else if c.is_ascii_digit() {
            '0'
        } else {
            c.to_lowercase().next().unwrap_or(c)
        };
        if (c == ' ' || c == '0') && out.last() == Some(&c) {
            continue;
        }
        out.push(c);
    }
    out
}

/// Hash of the whole normalised text: the work item.
pub fn item(text: &str) -> u64 {
    xxh3_64(text.trim().as_bytes())
}

/// Adds the winnowed fingerprints of `text` to `into`, sorted and without repeats.
pub fn winnow(text: &str, into: &mut Vec<u64>) {
    into.clear();
    let long = text.len() > 4 * 2 * EDGE;
    let chars = if long {
        let head: String = text.chars().take(EDGE).collect();
        let mut tail: Vec<char> = text.chars().rev().take(EDGE).collect();
        tail.reverse();
        normalise(&(head + " " + &tail.iter().collect::<String>()))
    } else {
        normalise(text)
    };
    if chars.len() < K {
        return;
    }
    let mut bytes = [0u8; 4 * K];
    let grams: Vec<u64> = chars
        .windows(K)
        .map(|gram| {
            for (slot, c) in bytes.chunks_exact_mut(4).zip(gram) {
                slot.copy_from_slice(&(*c as u32).to_le_bytes());
            }
            xxh3_64_with_seed(&bytes, 0x5711)
        })
        .collect();
    for window in grams.windows(WINDOW.min(grams.len())) {
        if let Some(least) = window.iter().min()
            && into.last() != Some(least)
        {
            into.push(*least);
        }
    }
    into.sort_unstable();
    into.dedup();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_passage_is_found_before_after_and_around_any_payload() {
        let template = "derive the answer slowly and keep all scratch work visible";
        let (mut a, mut b) = (Vec::new(), Vec::new());
        winnow(&format!("{template} how many pears are left in the third basket?"), &mut a);
        winnow(&format!("Hello there, quite another question about trains. {template}"), &mut b);
        assert!(a.iter().any(|f| b.contains(f)));
    }

    #[test]
    fn counters_in_a_template_do_not_split_it() {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        winnow("Exercise 12 of the long series of exercises for the evening class", &mut a);
        winnow("Exercise 1984 of the long series of exercises for the evening class", &mut b);
        assert_eq!(a, b);
    }
}
