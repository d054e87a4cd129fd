//! The instructions in a group's templates. A fingerprint that some payloads leave at the end of an instruction, as a passage that
//! ends where they begin does, stands in a part of the texts with the instruction and is no instruction of its own: judged by
//! itself, the part with the longest answers would be.

use crate::evidence::features::{Carried, Evidence};
use crate::search::links::Object;
use std::cmp::Reverse;

/// Instructions with most requests in which others may be held.
const MOST_WHOLE: usize = 16;
/// Nats against the chance that texts which have nothing to do with those of an instruction stand between its first and its last in
/// every account, from which they are among them.
const BEYOND_CHANCE: f64 = 3.0;

/// Members that carry an instruction in any text, by their places in the group, rising, and how.
pub(super) type Carriers = Vec<(usize, Carried)>;

/// Of each instruction in the templates the members that carry it. Most templates are carried by a few of a large group, so that the
/// carriers are looked up and not every member.
pub(super) fn carried(evidence: &Evidence, group: &[u32], templates: &[&Object]) -> Vec<Carriers> {
    let known = templates.iter().flat_map(|o| o.instructions.iter()).filter_map(|f| evidence.carriers(*f));
    whole(known.map(|carriers| carriers.inside(group).collect()).collect())
}

fn requests(carriers: &[(usize, Carried)]) -> u64 {
    carriers.iter().map(|(_, c)| u64::from(c.count)).sum()
}

/// Those that are no part of another, in the order in which they come.
fn whole(found: Vec<Carriers>) -> Vec<Carriers> {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|place| (Reverse(requests(&found[*place])), *place));
    let (mut largest, mut kept) = (Vec::new(), vec![true; found.len()]);
    for place in order {
        if largest.iter().any(|whole: &usize| is_part(&found[place], &found[*whole])) {
            kept[place] = false;
        } else if largest.len() < MOST_WHOLE {
            largest.push(place);
        }
    }
    found.into_iter().zip(kept).filter_map(|(carriers, kept)| kept.then_some(carriers)).collect()
}

/// Whether the texts with one fingerprint are among those with another, as far as their numbers and the first and the last of them
/// tell: it is so in every account, and of other texts of as many chance would seldom have it so.
fn is_part(part: &[(usize, Carried)], whole: &[(usize, Carried)]) -> bool {
    let mut nats = 0.0;
    let mut others = whole.iter();
    for (place, here) in part {
        let Some((_, there)) = others.find(|(other, _)| other >= place).filter(|(other, _)| other == place) else {
            return false;
        };
        let holds = there.count >= here.count && there.items.0 <= here.items.0 && there.items.1 >= here.items.1;
        if !holds {
            return false;
        }
        // The first of both is of the whole with the share that the whole has of both; so is the last.
        nats += 2.0 * libm::log1p(f64::from(here.count) / f64::from(there.count));
        if (here.count, here.items) == (there.count, there.items) {
            nats = f64::INFINITY;
        }
    }
    nats >= BEYOND_CHANCE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::Origin;

    /// Carried by so many accounts, in texts with the hashes that each has.
    fn carriers(accounts: usize, texts: impl Fn(usize) -> Vec<u32>) -> Carriers {
        let carried = |place| Carried {
            count: texts(place).len() as u32,
            items: (texts(place)[0], texts(place)[texts(place).len() - 1]),
            ln_output: 0.into(),
            single_turn: 0,
            ruled: 0,
            at: Origin { file_id: 0, line_no: 1 }.into(),
        };
        (0..accounts).map(|place| (place, carried(place))).collect()
    }

    #[test]
    fn a_passage_that_some_payloads_leave_was_judged_as_an_instruction_of_its_own() {
        let instruction = carriers(12, |_| vec![1, 3, 5, 7, 9]);
        let left_by_some = carriers(12, |_| vec![3, 7]);
        let other = carriers(12, |place| if place == 5 { vec![0, 4, 6, 8] } else { vec![2, 4, 6, 8] });
        let kept = whole(vec![left_by_some.clone(), instruction.clone(), other]);
        let of = |kept: &[Carriers]| kept.iter().map(|c| c[0].1.items).collect::<Vec<_>>();
        assert_eq!(of(&kept), [(1, 9), (2, 8)]);
        // Of two accounts nothing can be told.
        assert_eq!(whole(vec![left_by_some[..2].to_vec(), instruction]).len(), 2);
    }

    #[test]
    fn fingerprints_of_the_same_texts_are_one_instruction() {
        let of = |accounts| carriers(accounts, |_| vec![1, 9]);
        assert_eq!(whole(vec![of(3), of(3)]).len(), 1);
        assert_eq!(whole(vec![of(4), of(3)]).len(), 1, "of fewer accounts");
        assert_eq!(whole(vec![of(3), of(4)[3..].to_vec()]).len(), 2, "of others");
    }
}
