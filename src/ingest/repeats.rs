//! Which requests were counted already.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Requests seen, each as 96 bits of SipHash under keys of this run. Whoever writes a log does not know them, so that
/// nobody can choose ids that make calls pass for repeats; among 10^10 requests two agree by chance once in 10^9 runs.
#[derive(Default)]
pub(super) struct Repeats {
    keys: [RandomState; 2],
    seen: HashSet<[u32; 3]>,
}

impl Repeats {
    /// Notes a request of an account; whether it was noted before.
    pub fn is_repeat(&mut self, account: &str, request: &str) -> bool {
        // Texts of a pair are hashed with their ends: no id can lend letters to an account.
        let [first, second] = self.keys.each_ref().map(|key| key.hash_one((account, request)));
        !self.seen.insert([first as u32, (first >> 32) as u32, second as u32])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_request_of_the_same_account_is_a_repeat() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_repeat("a", "r"));
        assert!(!repeats.is_repeat("b", "r"));
        assert!(!repeats.is_repeat("a\0b", "c") && !repeats.is_repeat("a", "b\0c"));
        assert!(!repeats.is_repeat("ar", "") && !repeats.is_repeat("", "ar"));
        assert!(repeats.is_repeat("a", "r") && repeats.is_repeat("a\0b", "c"));
    }
}
