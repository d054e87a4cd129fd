//! Two accounts that share what nobody else has are mostly one person: who moved to a new account when a card expired or one
//! was closed, or keeps two. Whoever gathers people by what they say gathers both, so that a crowd of such couples shares many
//! devices and addresses, and is still no network.

/// The one other account with which each shares what nobody else has, in two respects or more: a card that serves two accounts
/// may be one of many of a campaign, but who shares a device and a line too is the same person.
#[derive(Debug, Default)]
pub(crate) struct Couples {
    partner: Vec<Option<u32>>,
}

/// Respects in which two accounts have to share something of their own.
const LEAST_KINDS: u32 = 2;

impl Couples {
    /// Of so many accounts, from the holders of each instrument and of each address, by kind. Whoever shares an instrument with
    /// more than one other, or different ones with different others, is no part of a couple: that is how pools hang together.
    pub fn new<'l, I: Iterator<Item = &'l [u32]>>(
        accounts: usize,
        instruments: impl Iterator<Item = I>,
        addresses: impl Iterator<Item = &'l [u32]>,
    ) -> Self {
        let mut partner: Vec<Option<u32>> = vec![None; accounts];
        let mut of_several = vec![false; accounts];
        // The number of kinds, and the last of them that was counted.
        let mut kinds = vec![(0u32, u32::MAX); accounts];
        let mut meet = |kind: u32, holders: &[u32]| match *holders {
            [a, b] => {
                for (one, other) in [(a, b), (b, a)].map(|(one, other)| (one as usize, other)) {
                    let known = partner[one].get_or_insert(other);
                    of_several[one] |= *known != other;
                    let (n, last) = &mut kinds[one];
                    *n += u32::from(*last != kind);
                    *last = kind;
                }
            }
            _ => holders.iter().for_each(|one| of_several[*one as usize] = true),
        };
        addresses.filter(|holders| holders.len() == 2).for_each(|holders| meet(0, holders));
        (1..).zip(instruments).for_each(|(kind, lists)| lists.for_each(|holders| meet(kind, holders)));
        let is_part = |one: u32| !of_several[one as usize] && kinds[one as usize].0 >= LEAST_KINDS;
        let of = |(one, other): (u32, &Option<u32>)| other.filter(|other| is_part(one) && is_part(*other));
        Self { partner: (0..).zip(&partner).map(of).collect() }
    }

    /// Whether these holders of something are one couple.
    pub fn is_one(&self, holders: impl Iterator<Item = u32>) -> bool {
        let mut holders = holders;
        match (holders.next(), holders.next(), holders.next()) {
            (Some(a), Some(b), None) => self.partner.get(a as usize).copied().flatten() == Some(b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_shares_all_with_one_other_alone_is_a_couple_and_a_chain_or_a_pool_or_a_card_of_two_is_none() {
        let devices: &[&[u32]] = &[&[0, 1], &[2, 3], &[3, 4], &[5, 6, 7], &[7, 8], &[9, 10]];
        let cards: &[&[u32]] = &[&[0, 1], &[2, 3], &[5, 6], &[11, 12]];
        let addresses: [&[u32]; 4] = [&[9, 10], &[9, 10], &[9, 10, 11, 12], &[7, 8]];
        let couples =
            Couples::new(13, [devices, cards].map(|of| of.iter().copied()).into_iter(), addresses.into_iter());
        let is_one = |holders: &[u32]| couples.is_one(holders.iter().copied());
        assert!(is_one(&[0, 1]) && is_one(&[10, 9]), "an address of many others ties nobody");
        for holders in [&[2, 3][..], &[3, 4], &[5, 6], &[7, 8], &[11, 12], &[0, 2], &[0], &[], &[0, 1, 2]] {
            assert!(!is_one(holders), "{holders:?}");
        }
    }
}
