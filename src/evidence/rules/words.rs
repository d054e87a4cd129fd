//! Looks for some hundred short words in a text, without regard to ASCII case, wherever they stand: one multiplication for each
//! byte, and a second look only where four bytes in a row may begin a word. An automaton takes three times as long, for each
//! of its steps waits for the one before.

/// Bytes by which a word is looked up. No word is shorter.
const START: usize = 4;
/// Bits of the hash of a start.
const BITS: u32 = 15;
/// Words that may begin alike: what a text can make us compare for each of its bytes.
const MOST_ALIKE: usize = 16;

/// Sets a bit that tells upper case from lower: letters that differ in case alone become equal, and few others do.
const FOLD: u32 = 0x2020_2020;

/// Words, each with what it stands for.
#[derive(Debug)]
pub(super) struct Words<T> {
    /// A bit for each hash of a start.
    may_begin: Box<[u64; 1 << (BITS - 6)]>,
    /// Where the words of each hash end in `words`.
    ends: Vec<u16>,
    /// In order of the hashes of their starts; letters in lower case.
    words: Vec<(Vec<u8>, T)>,
}

/// Hash of the first bytes of a word in either case: Fibonacci hashing (Knuth 1973, 6.4).
fn hash(start: &[u8; START]) -> usize {
    let folded = u32::from_le_bytes(*start) | FOLD;
    (folded.wrapping_mul(0x9e37_79b1) >> (u32::BITS - BITS)) as usize
}

impl<T> Words<T> {
    /// From words of four bytes at least.
    ///
    /// # Panics
    /// Where a word is shorter, or more than sixteen have one hash: words come with the program, and a test holds them.
    pub fn new(words: impl IntoIterator<Item = (Vec<u8>, T)>) -> Self {
        let hash_of = |word: &[u8]| hash(word.first_chunk().expect("words have four bytes at least"));
        let mut words: Vec<(Vec<u8>, T)> = words.into_iter().map(|(w, t)| (w.to_ascii_lowercase(), t)).collect();
        words.sort_by(|a, b| (hash_of(&a.0), &a.0).cmp(&(hash_of(&b.0), &b.0)));
        let mut may_begin = Box::new([0; 1 << (BITS - 6)]);
        let mut ends = vec![0; 1 << BITS];
        for (word, _) in &words {
            may_begin[hash_of(word) / 64] |= 1 << (hash_of(word) % 64);
            ends[hash_of(word)] += 1;
        }
        assert!(ends.iter().all(|alike| usize::from(*alike) <= MOST_ALIKE), "too many words begin alike");
        let mut end = 0;
        for own in &mut ends {
            end += *own;
            *own = end;
        }
        Self { may_begin, ends, words }
    }

    /// Tells of each word that stands in a text, as often as it does.
    pub fn each<'w>(&'w self, text: &[u8], mut take: impl FnMut(&'w T)) {
        let places = text.len().saturating_sub(START - 1);
        for block in (0..places).step_by(64) {
            let end = places.min(block + 64) + START - 1;
            // Looked at together, so that the processor need not guess at each place whether a word begins there.
            let mut begin = 0u64;
            for (place, start) in text[block..end].array_windows().enumerate() {
                let hash = hash(start);
                begin |= (self.may_begin[hash / 64] >> (hash % 64) & 1) << place;
            }
            while begin != 0 {
                let place = block + begin.trailing_zeros() as usize;
                begin &= begin - 1;
                self.beginning(&text[place..]).for_each(&mut take);
            }
        }
    }

    /// The words with which a text begins.
    fn beginning(&self, text: &[u8]) -> impl Iterator<Item = &T> {
        let alike = text.first_chunk().map(hash).map_or(0..0, |hash| {
            let from = hash.checked_sub(1).map_or(0, |before| self.ends[before]);
            usize::from(from)..usize::from(self.ends[hash])
        });
        let stands = |word: &[u8]| text.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word));
        self.words[alike].iter().filter(move |(word, _)| stands(word)).map(|(_, stands_for)| stands_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn words_are_those_that_a_plain_search_finds(words in proptest::collection::btree_set("[a-c@` ]{4,6}", 1..9), text in "[a-cA-C@` é]{0,150}") {
            let found = Words::new(words.iter().map(|w| (w.clone().into_bytes(), w.clone())));
            let mut seen = Vec::new();
            found.each(text.as_bytes(), |word| seen.push(word.clone()));
            seen.sort();
            let folded = text.to_ascii_lowercase();
            let at = |word: &String| (0..folded.len()).filter(|i| folded.as_bytes()[*i..].starts_with(word.as_bytes())).count();
            let expected: Vec<String> = words.iter().flat_map(|w| std::iter::repeat_n(w.clone(), at(w))).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
