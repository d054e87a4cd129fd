//! Who of a tested group belongs to it: a mixture of members and bystanders, each account judged by whether it agrees
//! with what the group was found to have in common (latent class analysis, Goodman 1974, fitted by EM, Dempster, Laird
//! and Rubin 1977). Where an account's agreement cannot be evaluated it counts neither way.

/// Something that a group has in common.
#[derive(Debug, Clone)]
pub struct Common {
    /// For each account of the group: whether it agrees; `None` where not evaluable.
    pub agrees: Vec<Option<bool>>,
    /// Share of unrelated accounts that agree by chance, 0 to 1.
    pub background: f64,
}

const ROUNDS: usize = 60;
/// A group is never taken to be purer than this: else its mere size would vouch for every account in it.
const MOST_MEMBERS: f64 = 0.9;
/// Keeps a certainty of the sample from becoming a certainty of the estimate.
const PSEUDO: f64 = 0.5;

/// Probability of membership of each account, 0 to 1. Accounts that were `recruited` for one sign have their own share of
/// members: that the rest of the group is one says nothing of them.
pub fn memberships(common: &[Common], recruited: &[bool]) -> Vec<f64> {
    let mut member = vec![MOST_MEMBERS; recruited.len()];
    for _ in 0..ROUNDS {
        let base = [false, true].map(|came| {
            let of = || member.iter().zip(recruited).filter(|(_, r)| **r == came).map(|(m, _)| *m);
            let share = (of().sum::<f64>() + PSEUDO) / (of().count() as f64 + 2.0 * PSEUDO);
            let share = share.clamp(1e-6, MOST_MEMBERS);
            libm::log(share / (1.0 - share))
        });
        let mut odds: Vec<f64> = recruited.iter().map(|r| base[usize::from(*r)]).collect();
        for c in common {
            let (mut agreeing, mut known) = (PSEUDO, 2.0 * PSEUDO);
            for (m, agrees) in member.iter().zip(&c.agrees) {
                if let Some(agrees) = agrees {
                    known += m;
                    agreeing += if *agrees { *m } else { 0.0 };
                }
            }
            let background = c.background.clamp(1e-6, 1.0 - 1e-6);
            // Members agree at least as often as anybody does.
            let rate = (agreeing / known).max(background);
            for (o, agrees) in odds.iter_mut().zip(&c.agrees) {
                *o += match agrees {
                    Some(true) => libm::log(rate / background),
                    Some(false) => libm::log((1.0 - rate) / (1.0 - background)),
                    None => 0.0,
                };
            }
        }
        member = odds.into_iter().map(|o| 1.0 / (1.0 + libm::exp(-o))).collect();
    }
    member
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(yes: usize, no: usize, background: f64) -> Common {
        Common { agrees: (0..yes + no).map(|i| Some(i < yes)).collect(), background }
    }

    #[test]
    fn bystanders_of_a_mixed_cell_are_told_from_members() {
        // 40 members agree in both respects, 20 bystanders in none.
        let found = memberships(&[common(40, 20, 0.05), common(40, 20, 0.1)], &[false; 60]);
        assert!(found[..40].iter().all(|p| *p > 0.95) && found[40..].iter().all(|p| *p < 0.05), "{found:?}");
    }

    #[test]
    fn a_member_that_differs_in_one_respect_stays() {
        let mut second = common(40, 0, 0.1);
        second.agrees[3] = Some(false);
        let found = memberships(&[common(40, 0, 0.05), second], &[false; 40]);
        assert!(found[3] > 0.5 && found[4] > found[3], "{found:?}");
    }

    #[test]
    fn recruits_by_chance_do_not_live_on_the_purity_of_the_group() {
        // 300 members who agree in most, and 60 who said the same sentence once and agree as often as anybody does.
        let agrees = |i: usize, every: usize| if i < 300 { !i.is_multiple_of(10) } else { i.is_multiple_of(every) };
        let common = [(5, 0.2), (4, 0.25)].map(|(every, background)| Common {
            agrees: (0..360).map(|i| Some(agrees(i, every))).collect(),
            background,
        });
        let recruited: Vec<bool> = (0..360).map(|i| i >= 300).collect();
        let named = |recruited: &[bool]| {
            let found = memberships(&common, recruited);
            let of = |range: std::ops::Range<usize>| found[range].iter().filter(|p| **p >= 0.5).count();
            (of(0..300), of(300..360))
        };
        assert_eq!(named(&recruited), (270, 0));
        assert!(named(&[false; 360]).1 > 0);
        // Stragglers who are of the group agree as its members do.
        let late: Vec<bool> = (0..360).map(|i| i % 10 == 3).collect();
        assert_eq!(named(&late).0, 270);
    }

    #[test]
    fn what_cannot_be_evaluated_counts_neither_way() {
        let mut c = common(20, 20, 0.05);
        c.agrees[5] = None;
        let found = memberships(&[c], &[false; 40]);
        assert!(found[5] > found[39] && found[5] < found[0], "{found:?}");
    }
}
