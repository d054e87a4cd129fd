//! Tests of a whole group: is it more alike in one respect than as many accounts drawn at random from this world?
//! A group is tested only by families that had no part in proposing it, so choosing it does not bias the test.

use crate::chance::hypergeometric_tail;

/// Outcome of one group test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Members that are alike in the tested respect.
    pub observed: f64,
    /// As many as chance would give, in the same unit.
    pub expected: f64,
    /// Corrected for every window or object that the test looked at.
    pub p_value: f64,
}

/// Share of a group that a cluster has to hold before [`cluster`] looks at it.
const CLUSTER_SHARE: f64 = 0.6;

/// Scan for a cluster on a line, such as sign-up times or logged volumes (after Naus 1965, with the world itself as the
/// null): the shortest span with 60 % of the members is compared with how many of all accounts stand in it.
///
/// `all` holds a value for every account that has one, `members` those of the group, which are among `all`.
/// Returns `None` (not evaluable) below four members with a value. Bonferroni over the spans.
pub fn cluster(all: &[f64], members: &[f64]) -> Option<Outcome> {
    if members.len() < 4 {
        return None;
    }
    let sorted = |values: &[f64]| {
        let mut v = values.to_vec();
        v.sort_by(f64::total_cmp);
        v
    };
    let (all, members) = (sorted(all), sorted(members));
    let inside = ((members.len() as f64 * CLUSTER_SHARE).ceil() as usize).max(3);
    let spans = members.len() - inside + 1;
    // Every window of that many members, judged by how many accounts of the world it holds.
    (0..spans)
        .map(|i| {
            let (low, high) = (members[i], members[i + inside - 1]);
            let world = all.partition_point(|v| *v <= high) - all.partition_point(|v| *v < low);
            let held = members.partition_point(|v| *v <= high) - members.partition_point(|v| *v < low);
            let tail = hypergeometric_tail(all.len() as u64, world as u64, members.len() as u64, held as u64);
            Outcome {
                observed: held as f64,
                expected: members.len() as f64 * world as f64 / all.len() as f64,
                // Windows are anchored at both ends: all pairs of ends count as looked at.
                p_value: (tail * (members.len() * members.len()) as f64 / 2.0).min(1.0),
            }
        })
        .min_by(|a, b| a.p_value.total_cmp(&b.p_value))
}

/// The one object that the group concentrates on most: for each object its holders in the world and in the group.
/// Bonferroni over the objects of the world. `None` where nobody has such an object.
pub fn concentration(world: u64, group: u64, holders: &[(u64, u64)]) -> Option<Outcome> {
    holders
        .iter()
        .map(|&(all, inside)| Outcome {
            observed: inside as f64,
            expected: group as f64 * all as f64 / world as f64,
            p_value: if inside < 2 {
                1.0
            } else {
                (hypergeometric_tail(world, all, group, inside) * holders.len() as f64).min(1.0)
            },
        })
        .min_by(|a, b| a.p_value.total_cmp(&b.p_value).then(b.observed.total_cmp(&a.observed)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    fn uniform(rng: &mut ChaCha8Rng) -> f64 {
        (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    #[test]
    fn a_planted_sign_up_cohort_is_recovered() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut all: Vec<f64> = (0..1000).map(|_| 365.0 * uniform(&mut rng)).collect();
        let members: Vec<f64> = (0..20).map(|_| 100.0 + 5.0 * uniform(&mut rng)).collect();
        all.extend(&members);
        let outcome = cluster(&all, &members).expect("twenty members suffice");
        assert!(outcome.p_value < 1e-9, "{outcome:?}");
        assert!(outcome.observed > 5.0 * outcome.expected);
    }

    #[test]
    fn groups_drawn_at_random_are_called_clustered_no_more_often_than_nominal() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let all: Vec<f64> = (0..1000).map(|_| uniform(&mut rng)).collect();
        let worlds = 400;
        let called = (0..worlds)
            .filter(|_| {
                let mut order: Vec<usize> = (0..all.len()).collect();
                for i in 0..12 {
                    order.swap(i, i + (rng.next_u64() as usize) % (all.len() - i));
                }
                let members: Vec<f64> = order[..12].iter().map(|i| all[*i]).collect();
                cluster(&all, &members).is_some_and(|o| o.p_value <= 0.05)
            })
            .count();
        // Binomial(400, 0.05): mean 20, standard deviation 4.4.
        assert!(called <= 33, "{called} of {worlds} at p <= 0.05");
    }

    #[test]
    fn too_few_members_are_not_evaluable() {
        assert_eq!(cluster(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 2.0, 3.0]), None);
        assert_eq!(concentration(100, 10, &[]), None);
    }

    #[test]
    fn one_payment_behind_a_group_stands_out_and_a_popular_client_does_not() {
        let payments = concentration(3000, 12, &[(12, 12), (5, 0), (3, 1)]).expect("there are payments");
        assert!(payments.p_value < 1e-12);
        let clients = concentration(3000, 12, &[(2500, 11), (500, 1)]).expect("there are clients");
        assert!(clients.p_value > 0.5);
    }
}
