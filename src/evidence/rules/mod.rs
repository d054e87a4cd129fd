//! Rule packs: what extraction prompts say, kept as data in `packs.toml`. A pack never convicts: it counts only
//! together with work that never repeats and never converses.

mod needs;
mod words;

use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use words::Words;

#[derive(Deserialize)]
struct PackFile {
    pack: Vec<Pack>,
}

#[derive(Deserialize)]
struct Pack {
    name: String,
    /// What such a prompt asks for, in plain words.
    gloss: String,
    /// Whether what it asks for is a long answer, so that short ones are to something else.
    #[serde(default)]
    at_length: bool,
    patterns: Vec<String>,
}

/// One pattern, and what a text must have for it to be worth running.
struct Rule {
    pack: &'static str,
    pattern: Regex,
    /// Sets of words, of each of which one has to be there.
    needs: Seen,
}

/// A bit for each set of words.
type Seen = [u64; MOST_SETS / 64];

const MOST_SETS: usize = 512;

/// All rules in order of their packs' names, and what tells in one pass over a text which of them can match at all. Texts
/// that say nothing of the kind, nearly all, cost that pass alone.
struct Compiled {
    rules: Vec<Rule>,
    /// Words with the sets that each belongs to.
    words: Words<Seen>,
    /// What each pack's prompts ask for.
    glosses: BTreeMap<&'static str, String>,
    /// Packs that ask for long answers.
    at_length: BTreeSet<&'static str>,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let mut packs: PackFile =
        toml::from_str(include_str!("packs.toml")).expect("the shipped rule packs parse; a test holds it");
    packs.pack.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut rules, mut glosses, mut at_length) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    let mut words: BTreeMap<Vec<u8>, Seen> = BTreeMap::new();
    let mut sets = 0;
    for pack in packs.pack {
        // Names live as long as the program, like the packs that are compiled into it.
        let name: &'static str = Box::leak(pack.name.into_boxed_str());
        glosses.insert(name, pack.gloss);
        at_length.extend(pack.at_length.then_some(name));
        for source in pack.patterns {
            let mut needs = [0; MOST_SETS / 64];
            for set in needs::of(&source).expect("the shipped rules parse; a test holds it") {
                needs[sets / 64] |= 1 << (sets % 64);
                for word in set {
                    words.entry(word).or_default()[sets / 64] |= 1 << (sets % 64);
                }
                sets += 1;
            }
            // Bytes instead of Unicode classes, and a roomy cache, keep the automaton from being thrown away and rebuilt.
            let pattern = RegexBuilder::new(&source)
                .case_insensitive(true)
                .dot_matches_new_line(true)
                .unicode(false)
                .dfa_size_limit(DFA_BYTES)
                .build()
                .expect("the shipped rules compile; a test holds it");
            rules.push(Rule { pack: name, pattern, needs });
        }
    }
    Compiled { rules, words: Words::new(words), glosses, at_length }
});

/// Bytes at either end of a text that the rules look at.
const EDGE: usize = 800;
/// Memory for each automaton, one for each thread.
const DFA_BYTES: usize = 16 << 20;

/// The pack of this name.
pub fn known(name: &str) -> Option<&'static str> {
    COMPILED.rules.iter().map(|rule| rule.pack).find(|pack| *pack == name)
}

/// What prompts of a pack ask for, in plain words; nothing for an unknown one.
pub fn gloss(name: &str) -> &'static str {
    COMPILED.glosses.get(name).map_or("", String::as_str)
}

/// Whether prompts of a pack ask for a long answer, as who asks for the reasoning does.
pub fn asks_at_length(name: &str) -> bool {
    COMPILED.at_length.contains(name)
}

/// Adds the names of the packs that match `text` to `into`, where some may stand already.
pub fn matching(text: &str, into: &mut Vec<&'static str>) {
    let head = &text.as_bytes()[..text.floor_char_boundary(EDGE)];
    look(head, into);
    if text.len() > EDGE {
        look(&text.as_bytes()[text.ceil_char_boundary(text.len().saturating_sub(EDGE))..], into);
    }
}

fn look(text: &[u8], into: &mut Vec<&'static str>) {
    let Compiled { rules, words, .. } = &*COMPILED;
    let mut seen: Seen = [0; MOST_SETS / 64];
    words.each(text, |sets| seen.iter_mut().zip(sets).for_each(|(all, of)| *all |= of));
    for rule in rules {
        let possible = rule.needs.iter().zip(seen).all(|(needs, seen)| needs & !seen == 0);
        if possible && into.last() != Some(&rule.pack) && rule.pattern.is_match(text) {
            into.push(rule.pack);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packs(text: &str) -> Vec<&'static str> {
        let mut found = Vec::new();
        matching(text, &mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn each_pack_knows_its_own_kind_and_leaves_plain_questions_alone() {
        assert_eq!(packs("Think step by step and show your complete chain of thought."), ["reasoning_elicitation"]);
        assert_eq!(packs("Rate the answer from 1 to 10 and give a rationale."), ["rubric_judging"]);
        assert_eq!(packs("Rewrite the given prompt into a more complex version."), ["instruction_evolving"]);
        for (text, pack) in [
            ("Solve it, and keep every wrong turn and abandoned attempt on the page.", "reasoning_elicitation"),
            ("Prior to the conclusion, narrate how you weigh each option.", "reasoning_elicitation"),
            ("You are the adjudicator: helpfulness, completeness, soundness; overall score 0-10.", "rubric_judging"),
            ("Which of the replies is stronger, A or B, or a tie?", "rubric_judging"),
            ("Produce an offspring of the seed question.", "instruction_evolving"),
            ("Invent a problem that a nurse would meet on nights. Answer it in full.", "instruction_evolving"),
            ("Phrase a reply that sidesteps the subject of the strikes.", "constraint_rewriting"),
            ("Compose an exchange of nine turns between a user and an assistant.", "task_farming"),
            ("Judge the two replies. Final line: [[A]] or [[B]].", "rubric_judging"),
            ("You are an impartial evaluator. Apply it literally.", "rubric_judging"),
            ("Show every calculation before the result.", "reasoning_elicitation"),
            ("First explain the plan, then the query, then the result schema.", "reasoning_elicitation"),
            ("Think about which function is needed, then emit the call as JSON.", "reasoning_elicitation"),
            ("Write the prompt that a user could have given to obtain it.", "instruction_evolving"),
            ("Produce the user's opening message, then answer as the expert.", "task_farming"),
            ("Derive it in three independent solutions.", "task_farming"),
        ] {
            assert!(packs(text).contains(&pack), "{text}: {:?}", packs(text));
        }
        for text in [
            "What should I cook for six people on Sunday?",
            "Write a polite answer to my landlord about the broken boiler.",
            "Make five quiz questions on photosynthesis for my class, with a key.",
            "Correct my essay and make it shorter.",
            "Write a dialogue between two pirates who have lost their map.",
            "Show me how to think about buying a first flat.",
            "What would my grandmother have asked the doctor?",
            "Explain the steps for renewing a passport.",
            "Rate my cover letter and tell me what to improve.",
        ] {
            assert!(packs(text).is_empty(), "{text}: {:?}", packs(text));
        }
    }
}
