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

/// Probability of membership of each account, 0 to 1. `prior` are log-odds from evidence outside `common`.
pub fn memberships(common: &[Common], prior: &[f64]) -> Vec<f64> {
    let n = prior.len();
    let mut member = vec![0.9; n];
    for _ in 0..ROUNDS {
        let share = ((member.iter().sum::<f64>() + PSEUDO) / (n as f64 + 2.0 * PSEUDO)).clamp(1e-6, MOST_MEMBERS);
        let mut odds: Vec<f64> = prior.iter().map(|p| p + (share / (1.0 - share)).ln()).collect();
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
                    Some(true) => (rate / background).ln(),
                    Some(false) => ((1.0 - rate) / (1.0 - background)).ln(),
                    None => 0.0,
                };
            }
        }
        member = odds.into_iter().map(|o| 1.0 / (1.0 + (-o).exp())).collect();
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
        let found = memberships(&[common(40, 20, 0.05), common(40, 20, 0.1)], &[0.0; 60]);
        assert!(found[..40].iter().all(|p| *p > 0.95) && found[40..].iter().all(|p| *p < 0.05), "{found:?}");
    }

    #[test]
    fn a_member_that_differs_in_one_respect_stays() {
        let mut second = common(40, 0, 0.1);
        second.agrees[3] = Some(false);
        let found = memberships(&[common(40, 0, 0.05), second], &[1.0; 40]);
        assert!(found[3] > 0.5 && found[4] > found[3], "{found:?}");
    }

    #[test]
    fn what_cannot_be_evaluated_counts_neither_way() {
        let mut c = common(20, 20, 0.05);
        c.agrees[5] = None;
        let found = memberships(&[c], &[0.0; 40]);
        assert!(found[5] > found[39] && found[5] < found[0], "{found:?}");
    }
}
