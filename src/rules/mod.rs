//! Rule packs: what extraction prompts say, kept as data in `packs.toml`. A pack never convicts: it counts only
//! together with work that never repeats and never converses.

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct PackFile {
    pack: Vec<Pack>,
}

#[derive(Deserialize)]
struct Pack {
    name: String,
    patterns: Vec<String>,
}

struct Compiled {
    name: &'static str,
    set: RegexSet,
}

/// One automaton a pack: in one for all of them the gaps of each pattern would multiply with those of every other.
static PACKS: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let packs: PackFile =
        toml::from_str(include_str!("packs.toml")).expect("the shipped rule packs parse; a test holds it");
    let compile = |pack: Pack| {
        // Bytes instead of Unicode classes, and a roomy cache, keep the automaton from being thrown away and rebuilt.
        let set = RegexSetBuilder::new(pack.patterns)
            .case_insensitive(true)
            .dot_matches_new_line(true)
            .unicode(false)
            .dfa_size_limit(DFA_BYTES)
            .build();
        // Names live as long as the program, like the packs that are compiled into it.
        let name: &'static str = Box::leak(pack.name.into_boxed_str());
        Compiled { name, set: set.expect("the shipped rule packs compile; a test holds it") }
    };
    packs.pack.into_iter().map(compile).collect()
});

/// Bytes at either end of a text that the rules look at.
const EDGE: usize = 800;
/// Memory for each automaton, one for each thread.
const DFA_BYTES: usize = 16 << 20;

/// Names of the packs that match `text`, sorted.
pub fn matching(text: &str) -> Vec<&'static str> {
    let head = &text[..text.floor_char_boundary(EDGE)];
    let tail = &text[text.ceil_char_boundary(text.len().saturating_sub(EDGE))..];
    let matches =
        |p: &Compiled| p.set.is_match(head.as_bytes()) || text.len() > EDGE && p.set.is_match(tail.as_bytes());
    let mut names: Vec<&'static str> = PACKS.iter().filter(|p| matches(p)).map(|p| p.name).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pack_knows_its_own_kind_and_leaves_plain_questions_alone() {
        assert_eq!(matching("Think step by step and show your complete chain of thought."), ["reasoning_elicitation"]);
        assert_eq!(matching("Rate the answer from 1 to 10 and give a rationale."), ["rubric_judging"]);
        assert_eq!(matching("Rewrite the given prompt into a more complex version."), ["instruction_evolving"]);
        assert!(matching("What should I cook for six people on Sunday?").is_empty());
    }
}
