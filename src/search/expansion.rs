//! Seed set expansion (Kloumann and Kleinberg 2014): a wording that was varied falls apart into as many communities as it has
//! variants, of a few accounts each. A community is grown by those who carry, if only here and there, the phrases that several
//! of its members carry and hardly anybody else: each account of a campaign has met most variants of its wording by and by.

use crate::evidence::features::Evidence;
use crate::search::holdings::{Lists, counted, in_both};
use crate::search::proposals::MOST_OF_ALL;
use crate::statistics::chance::median;
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Share of a group that has to carry a phrase for it to be one of the group's, and the fewest accounts.
const CARRIED_BY: f64 = 0.1;
const LEAST_CARRIERS: u64 = 2;
/// How much more frequent the phrase has to be inside the group than outside.
const ENRICHED: f64 = 4.0;
/// The same for a group that is so large a part of all accounts that the rest of it, where there is any, is most of who carries
/// the phrase outside.
const ENRICHED_OF_LARGE: f64 = 2.0;
const LARGE: f64 = 0.1;
/// Fewest of the group's phrases in an account that is taken in: one sentence leaves two or three.
const LEAST_PHRASES: u64 = 4;
/// What an account has to have of the group's phrases, over what a typical member has: in number, and as a share of all phrases
/// that it shares with anybody.
const OF_NUMBER: f64 = 0.25;
const OF_SHARE: f64 = 0.5;
/// Rounds of growing; most groups stay as they are after two or three.
const ROUNDS: usize = 8;
/// Share of all accounts beyond which it is everybody's tool that a seed grows to which is so small that it would have to grow to
/// more than so many times itself; a larger one may grow to [`MOST_OF_ALL`].
const MOST_OF_SMALL: f64 = 0.3;
const SMALL: f64 = 10.0;
/// How much a seed has to grow to be worth a test of its own.
const GROWN: f64 = 1.2;
/// Share of a seed, or of what became of it, in a group that is grown already: from there it would grow to the same.
const INSIDE: f64 = 0.8;

/// Who carries which phrase, if only in one text: fingerprints that recur in two accounts at least.
#[derive(Debug)]
pub struct Phrases<'e> {
    /// Accounts that carry each, rising.
    carriers: Vec<&'e [u32]>,
    of_account: &'e Lists,
}

impl<'e> Phrases<'e> {
    /// From the evidence and what [`Phrases::of_accounts`] makes of it.
    pub(crate) fn new(evidence: &'e Evidence, of_account: &'e Lists) -> Self {
        Self { carriers: evidence.shared().map(|of| of.accounts()).collect(), of_account }
    }

    /// Phrases of each account.
    pub(crate) fn of_accounts(evidence: &Evidence) -> Lists {
        Lists::inversion(evidence.shared().map(|of| of.accounts()), evidence.accounts.len())
    }

    fn accounts(&self) -> f64 {
        self.of_account.len() as f64
    }

    /// Accounts that carry a group's phrases as its members do, rising.
    fn alike(&self, group: &[u32]) -> Vec<u32> {
        let size = group.len() as f64;
        let least = LEAST_CARRIERS.max((CARRIED_BY * size).ceil() as u64);
        let mut phrases = counted(group.iter().map(|a| self.of_account.of(*a)), self.carriers.len());
        let enriched = if size >= LARGE * self.accounts() { ENRICHED_OF_LARGE } else { ENRICHED };
        phrases.retain(|(phrase, n)| {
            let outside = self.carriers[*phrase as usize].len() as f64 - *n as f64;
            *n >= least && *n as f64 / size >= enriched * outside / (self.accounts() - size).max(1.0)
        });
        // Of a member those phrases count that would be the group's without it.
        let without_one: Vec<u32> = phrases.iter().filter(|(_, n)| *n > least).map(|(phrase, _)| *phrase).collect();
        let share = |account: u32, n: u64| n as f64 / self.of_account.of(account).len().max(1) as f64;
        let of_member = |account: u32| {
            let n = in_both(self.of_account.of(account), &without_one) as u64;
            (n, share(account, n))
        };
        let of_members: Vec<(u64, f64)> = group.iter().map(|a| of_member(*a)).collect();
        let least_number = (OF_NUMBER * median(of_members.iter().map(|(n, _)| *n as f64))).max(LEAST_PHRASES as f64);
        let least_share = OF_SHARE * median(of_members.iter().map(|(_, share)| *share));
        let carried = counted(phrases.iter().map(|(phrase, _)| self.carriers[*phrase as usize]), self.of_account.len());
        let is_alike = |(account, n): &(u32, u64)| *n as f64 >= least_number && share(*account, *n) >= least_share;
        carried.into_iter().filter(is_alike).map(|(account, _)| account).collect()
    }

    /// What a seed grows to; `None` where it grows without end, hardly at all, or on the way to one that was `found` before.
    fn grown(&self, seed: &[u32], found: &Found) -> Option<Vec<u32>> {
        let most = (SMALL * seed.len() as f64).clamp(MOST_OF_SMALL * self.accounts(), MOST_OF_ALL * self.accounts());
        let mut group = seed.to_vec();
        for _ in 0..ROUNDS {
            let next = self.alike(&group);
            if next.len() as f64 > most {
                return None;
            }
            if next == group {
                break;
            }
            if found.holds_most_of(&next) {
                return None;
            }
            group = next;
        }
        (group.len() as f64 >= GROWN * seed.len() as f64).then_some(group)
    }
}

/// Groups that were found so far, and of each account the places of those in which it stands: a wording of many variants has
/// thousands of seeds, and only those groups are asked that a seed has an account in.
struct Found {
    groups: Vec<Vec<u32>>,
    of_account: Vec<Vec<u32>>,
}

impl Found {
    /// Whether most of a group stands in one of those found before, to which it would grow.
    fn holds_most_of(&self, group: &[u32]) -> bool {
        let mut places: Vec<u32> = group.iter().flat_map(|a| &self.of_account[*a as usize]).copied().collect();
        places.sort_unstable();
        places.chunk_by(|a, b| a == b).any(|same| same.len() as f64 >= INSIDE * group.len() as f64)
    }

    fn push(&mut self, group: Vec<u32>) {
        let place = self.groups.len() as u32;
        group.iter().for_each(|a| self.of_account[*a as usize].push(place));
        self.groups.push(group);
    }
}

/// Groups (accounts, rising) that seeds grow to, largest seeds first: those that are not nearly the same as one before. Which of
/// two of a size comes first is decided by the `rank` of their accounts, which knows nothing of names.
pub fn expanded(phrases: &Phrases<'_>, seeds: &[Vec<u32>], rank: &[u32]) -> Vec<Vec<u32>> {
    /// Seeds that are grown side by side, before those behind them are looked at: few, for those that grow to the same do so for
    /// nothing.
    const AT_ONCE: usize = 4;
    let mut sorted: Vec<&Vec<u32>> = seeds.iter().collect();
    let ranks = |seed: &[u32]| {
        let mut ranks: Vec<u32> = seed.iter().map(|a| rank[*a as usize]).collect();
        ranks.sort_unstable();
        ranks
    };
    sorted.sort_by_cached_key(|seed| (std::cmp::Reverse(seed.len()), ranks(seed)));
    let mut found = Found { groups: Vec::new(), of_account: vec![Vec::new(); phrases.of_account.len()] };
    let mut left = sorted.into_iter();
    loop {
        // A seed is asked once, when its turn comes: what was found by then stays.
        let now: Vec<&Vec<u32>> = left.by_ref().filter(|seed| !found.holds_most_of(seed)).take(AT_ONCE).collect();
        if now.is_empty() {
            break;
        }
        let grown: Vec<Vec<u32>> = now.par_iter().filter_map(|seed| phrases.grown(seed, &found)).collect();
        for group in grown {
            if !found.holds_most_of(&group) {
                found.push(group);
            }
        }
    }
    found.groups.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number below `below`, always the same for the same two.
    fn draw(a: u32, b: u32, below: u32) -> u32 {
        (xxhash_rust::xxh3::xxh3_64(&[a.to_le_bytes(), b.to_le_bytes()].concat()) % u64::from(below)) as u32
    }

    /// Of 400 accounts the first 60 carry a third each of 90 variants; everybody carries each of 200 sayings now and then.
    fn varied() -> Vec<Vec<u32>> {
        let variants = (0..90).map(|v| (0..60).filter(|a| draw(*a, v, 3) == 0).collect());
        let sayings = (0..200).map(|s| (0..400).filter(|a| draw(*a, 1000 + s, 12) == 0).collect());
        variants.chain(sayings).collect()
    }

    /// What seeds grow to among 400 accounts, by who carries each phrase.
    fn grow(carriers: &[Vec<u32>], seeds: &[Vec<u32>]) -> Vec<Vec<u32>> {
        let rank: Vec<u32> = (0..400).rev().collect();
        let carriers: Vec<&[u32]> = carriers.iter().map(Vec::as_slice).collect();
        let of_account = Lists::inversion(carriers.iter().copied(), 400);
        expanded(&Phrases { carriers, of_account: &of_account }, seeds, &rank)
    }

    #[test]
    fn a_wording_of_many_variants_is_grown_from_a_few_of_its_accounts() {
        let found = grow(&varied(), &[vec![3, 17, 41, 58]]);
        assert_eq!(found, [(0..60).collect::<Vec<u32>>()]);
    }

    #[test]
    fn what_everybody_says_now_and_then_grows_nothing() {
        assert!(grow(&varied(), &[vec![100, 170, 230, 399]]).is_empty());
        assert!(grow(&[], &[vec![1, 2, 3]]).is_empty());
    }

    /// The rest of it was most of who carried its phrases outside, and so they were no phrases of its own.
    #[test]
    fn a_wording_of_many_variants_that_half_of_a_log_uses_is_grown_from_a_tenth() {
        let variants = (0..90).map(|v| (0..200).filter(|a| draw(*a, v, 3) == 0).collect());
        let sayings = (0..200).map(|s| (0..400).filter(|a| draw(*a, 1000 + s, 12) == 0).collect());
        let carriers: Vec<Vec<u32>> = variants.chain(sayings).collect();
        assert_eq!(grow(&carriers, &[(0..200).step_by(5).collect()]), [(0..200).collect::<Vec<u32>>()]);
    }

    #[test]
    fn a_tool_that_most_use_is_no_group() {
        let tool: Vec<Vec<u32>> = (0..90).map(|v| (0..300).filter(|a| draw(*a, v, 3) == 0).collect()).collect();
        assert!(grow(&tool, &[vec![3, 17, 41, 58]]).is_empty());
    }

    #[test]
    fn seeds_of_one_wording_grow_to_one_group_in_any_order() {
        let seeds = [vec![3, 17, 41, 58], vec![1, 2, 7], vec![20, 30, 40, 50, 55]];
        let turned = [seeds[2].clone(), seeds[0].clone(), seeds[1].clone()];
        assert_eq!(grow(&varied(), &seeds), grow(&varied(), &turned));
        assert_eq!(grow(&varied(), &seeds).len(), 1);
    }

    /// Every seed was held against every group after each four of them: this took minutes, and grows with the square.
    #[test]
    fn seeds_of_thousands_of_wordings_were_each_asked_again_after_every_four() {
        const WORDINGS: u32 = 4_000;
        let of = |wording: u32| (6 * wording..6 * wording + 6).collect::<Vec<u32>>();
        let carriers: Vec<Vec<u32>> = (0..WORDINGS).flat_map(|w| vec![of(w); 8]).collect();
        let halves = |w: u32| of(w).chunks(3).map(<[u32]>::to_vec).collect::<Vec<_>>();
        let seeds: Vec<Vec<u32>> = (0..WORDINGS).flat_map(halves).collect();
        let of_account = Lists::inversion(carriers.iter().map(Vec::as_slice), 6 * WORDINGS as usize);
        let phrases = Phrases { carriers: carriers.iter().map(Vec::as_slice).collect(), of_account: &of_account };
        let rank: Vec<u32> = (0..6 * WORDINGS).collect();
        assert_eq!(expanded(&phrases, &seeds, &rank), (0..WORDINGS).map(of).collect::<Vec<_>>());
    }
}
