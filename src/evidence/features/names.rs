//! Words that many accounts say, each kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Bytes of words that are shared at most: those that many say are met early, and nobody fills memory with what only one says.
const MOST_BYTES: usize = 4 << 20;

/// The words that were met first. Who keeps one keeps a pointer, and two that say the same mostly keep the same one.
#[derive(Debug, Default)]
pub(super) struct Names {
    shared: HashSet<Arc<str>>,
    bytes: usize,
}

impl Names {
    /// The word as it is kept; one of its own where too much is shared already.
    pub fn keep(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.shared.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        if self.bytes + name.len() <= MOST_BYTES {
            self.bytes += name.len();
            self.shared.insert(Arc::clone(&new));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_is_kept_once() {
        let mut names = Names::default();
        let (first, again) = (names.keep("python/3.11"), names.keep("python/3.11"));
        assert!(Arc::ptr_eq(&first, &again));
        assert!(!Arc::ptr_eq(&first, &names.keep("python/3.12")));
    }

    #[test]
    fn beyond_the_most_that_is_shared_each_word_is_kept_by_itself() {
        let mut names = Names::default();
        let long = "x".repeat(MOST_BYTES - 4);
        assert!(Arc::ptr_eq(&names.keep(&long), &names.keep(&long)));
        assert!(!Arc::ptr_eq(&names.keep("a word"), &names.keep("a word")));
        assert!(Arc::ptr_eq(&names.keep("word"), &names.keep("word")));
        assert_eq!((&*names.keep("a word"), names.bytes), ("a word", MOST_BYTES));
    }
}
