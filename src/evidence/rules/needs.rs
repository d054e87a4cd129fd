//! What a text must have for a regular expression to match anywhere in it: sets of words, of each of which at least one
//! has to stand in the text. Derived from the expression, so that nobody has to keep two lists in step.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// Words shorter than this are in every text and tell nothing.
const LEAST_BYTES: usize = 4;

/// Words are cut to this length, so that the automaton stays small: the few texts that more bytes would rule out cost less.
const MOST_BYTES: usize = 6;

/// The sets of words, in bytes; none where nothing is certain.
pub(super) fn of(pattern: &str) -> Result<Vec<Vec<Vec<u8>>>, Box<regex_syntax::Error>> {
    // Without regard to case every letter would be a class of two; the words are looked for without regard to it instead.
    let hir = ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).build().parse(pattern)?;
    Ok(sets(&hir))
}

fn sets(hir: &Hir) -> Vec<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) if literal.0.len() >= LEAST_BYTES => {
            vec![vec![literal.0[..literal.0.len().min(MOST_BYTES)].to_vec()]]
        }
        HirKind::Capture(group) => sets(&group.sub),
        HirKind::Repetition(many) if many.min > 0 => sets(&many.sub),
        HirKind::Concat(parts) => parts.iter().flat_map(sets).collect(),
        // One of each branch's sets, that with the longest words: together they are a set of the whole.
        HirKind::Alternation(branches) => {
            let shortest = |set: &Vec<Vec<u8>>| set.iter().map(Vec::len).min().unwrap_or(0);
            let best = branches.iter().map(|branch| sets(branch).into_iter().max_by_key(shortest));
            best.collect::<Option<Vec<_>>>().map(|sets| sets.concat()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pattern: &str) -> Vec<Vec<String>> {
        let text = |word: Vec<u8>| String::from_utf8(word).unwrap();
        of(pattern).unwrap().into_iter().map(|set| set.into_iter().map(text).collect()).collect()
    }

    #[test]
    fn every_part_of_a_sequence_asks_for_one_of_its_words() {
        assert_eq!(words(r"(write|draft)\b[^.]*\b(novel|prompts?)"), [vec!["write", "draft"], vec!["novel", "prompt"]]);
    }

    #[test]
    fn what_may_be_absent_asks_for_nothing() {
        assert!(words("(answer)?").is_empty());
        assert!(words("(answer|a|1)").is_empty());
        assert_eq!(words("(one )?of these"), [vec!["of the"]]);
    }
}
