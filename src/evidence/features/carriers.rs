//! Who carries which fingerprint, and how: for those that recur in at least two accounts. What recurs nowhere else links
//! nobody.

use super::Carried;
use super::rows::Rows;
use crate::intake::event::Origin;
use std::collections::BTreeMap;

/// The accounts that carry one fingerprint.
#[derive(Debug)]
pub struct Carriers {
    pub(super) fingerprint: u64,
    /// Places of the accounts, rising.
    accounts: Box<[u32]>,
    /// How each carries it. Millions of accounts carry one: nearly all that is known of it is small numbers.
    carried: Rows<8>,
    /// Accounts that carry it now and then and are not listed.
    unlisted: u32,
}

impl From<Carried> for [u64; 8] {
    fn from(Carried { count, items: (least, greatest), ln_output, single_turn, ruled, at }: Carried) -> Self {
        let Origin { file_id, line_no } = at.into();
        // Mostly there is one text, and no difference.
        let more = greatest.wrapping_sub(least);
        let ln_output = ln_output.into();
        let [count, single_turn, ruled, file, least, more] =
            [count, single_turn, ruled, file_id, least, more].map(u64::from);
        [count, single_turn, ruled, ln_output, file, line_no, least, more]
    }
}

impl From<[u64; 8]> for Carried {
    fn from([count, single_turn, ruled, ln_output, file, line_no, least, more]: [u64; 8]) -> Self {
        let [count, single_turn, ruled, file_id, least, more] =
            [count, single_turn, ruled, file, least, more].map(|number| number as u32);
        let items = (least, least.wrapping_add(more));
        Self { count, items, ln_output: ln_output.into(), single_turn, ruled, at: Origin { file_id, line_no }.into() }
    }
}

impl Carriers {
    /// From the accounts that carry a fingerprint, rising.
    fn new(fingerprint: u64, all: &[(u32, Carried)]) -> Self {
        let accounts = all.iter().map(|(account, _)| *account).collect();
        let carried = Rows::new(all.iter().map(|(_, carried)| (*carried).into()));
        Self { fingerprint, accounts, carried, unlisted: 0 }
    }

    /// From those of whom it `recurs`.
    fn curtailed(fingerprint: u64, all: &[(u32, Carried)], recurs: impl Fn(u32, &Carried) -> bool) -> Self {
        let recurring: Vec<(u32, Carried)> =
            all.iter().filter(|(account, carried)| recurs(*account, carried)).copied().collect();
        Self { unlisted: (all.len() - recurring.len()) as u32, ..Self::new(fingerprint, &recurring) }
    }

    /// Places of the accounts that are listed, rising.
    pub fn accounts(&self) -> &[u32] {
        &self.accounts
    }

    /// How many accounts carry it, listed or not.
    pub fn count(&self) -> usize {
        self.accounts.len() + self.unlisted as usize
    }

    /// How the account at a place carries it; `None` where it does not, or is not listed.
    pub fn of(&self, account: u32) -> Option<Carried> {
        self.accounts.binary_search(&account).ok().map(|i| self.carried.row(i).into())
    }

    /// Those that stand in a group (rising): their places in it, with what each carries.
    pub fn inside(&self, group: &[u32]) -> impl Iterator<Item = (usize, Carried)> {
        let of = |(i, account)| Some((group.binary_search(account).ok()?, self.carried.row(i).into()));
        self.accounts.iter().enumerate().filter_map(of)
    }

    /// The accounts with what each carries.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Carried)> + Clone {
        self.accounts.iter().enumerate().map(|(i, account)| (*account, self.carried.row(i).into()))
    }
}

/// How popular a fingerprint is; a tie is decided by the fingerprint.
type Popularity = (usize, u64);

/// Collects carriers within a budget. A phrase that half of all accounts use now and then says nothing of any of them, and
/// to list them all takes more memory than all else that is known: of the most popular fingerprints only those accounts
/// are listed in which it recurs. Which fingerprints that befalls does not depend on the order in which they come.
#[derive(Debug)]
pub(super) struct Collection {
    /// By popularity; all of them are listed whole.
    whole: BTreeMap<Popularity, Carriers>,
    curtailed: Vec<Carriers>,
    /// The least popular that had to be curtailed; whatever is more popular is too.
    least_curtailed: Option<Popularity>,
    /// Accounts listed in `whole`.
    listed: usize,
    most_listed: usize,
}

impl Collection {
    pub fn new(most_listed: usize) -> Self {
        Self { whole: BTreeMap::new(), curtailed: Vec::new(), least_curtailed: None, listed: 0, most_listed }
    }

    /// Takes in the accounts that carry a fingerprint, rising.
    pub fn add(&mut self, fingerprint: u64, all: &[(u32, Carried)], recurs: impl Fn(u32, &Carried) -> bool) {
        let popularity = (all.len(), fingerprint);
        if self.least_curtailed.is_some_and(|least| popularity > least) {
            self.curtailed.push(Carriers::curtailed(fingerprint, all, &recurs));
            return;
        }
        self.listed += all.len();
        self.whole.insert(popularity, Carriers::new(fingerprint, all));
        while self.listed > self.most_listed
            && let Some((popularity, carriers)) = self.whole.pop_last()
        {
            self.listed -= carriers.count();
            let all: Vec<(u32, Carried)> = carriers.iter().collect();
            self.curtailed.push(Carriers::curtailed(carriers.fingerprint, &all, &recurs));
            self.least_curtailed = Some(popularity);
        }
    }

    /// In order of fingerprints.
    pub fn settle(self) -> Vec<Carriers> {
        let mut all: Vec<Carriers> = self.whole.into_values().chain(self.curtailed).collect();
        all.sort_unstable_by_key(|carriers| carriers.fingerprint);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn carried(count: u32) -> Carried {
        let at = Origin { file_id: 0, line_no: 1 }.into();
        Carried { count, items: (1, 2), ln_output: 0.into(), single_turn: 0, ruled: 0, at }
    }

    fn any_carried() -> impl Strategy<Value = Carried> {
        let ln_output = (0u32..=64, any::<u64>()).prop_map(|(unused, sum)| sum.checked_shr(unused).unwrap_or(0));
        let items = prop_oneof![any::<u32>().prop_map(|item| (item, item)), any::<(u32, u32)>()];
        let requests = prop_oneof![[0u32..3, 0u32..3, 0u32..3], any::<[u32; 3]>()];
        (requests, items, ln_output, 0u32..1 << 24, 0u64..1 << 40).prop_map(
            |([count, single_turn, ruled], items, ln_output, file_id, line_no)| {
                let at = Origin { file_id, line_no }.into();
                Carried { count, items, ln_output: ln_output.into(), single_turn, ruled, at }
            },
        )
    }

    proptest! {
        #[test]
        fn what_each_account_carries_is_given_back(all in proptest::collection::btree_map(0u32..40, any_carried(), 0..20)) {
            let all: Vec<(u32, Carried)> = all.into_iter().collect();
            let carriers = Carriers::new(7, &all);
            let shown = |(account, carried): &(u32, Carried)| (*account, format!("{carried:?}"));
            let expected: Vec<(u32, String)> = all.iter().map(shown).collect();
            prop_assert_eq!(carriers.iter().map(|one| shown(&one)).collect::<Vec<_>>(), expected.clone());
            let each = (0u32..40).filter_map(|account| Some((account, carriers.of(account)?)));
            prop_assert_eq!(each.map(|one| shown(&one)).collect::<Vec<_>>(), expected.clone());
            let group: Vec<u32> = (0u32..40).step_by(3).collect();
            let inside = carriers.inside(&group).map(|(place, carried)| shown(&(group[place], carried)));
            let expected = expected.into_iter().filter(|(account, _)| account % 3 == 0);
            prop_assert_eq!(inside.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }

        #[test]
        fn the_most_popular_are_curtailed_and_no_more_of_them_than_must_be_in_any_order(
            lists in proptest::collection::vec(proptest::collection::vec(1u32..4, 1..12), 0..20),
            most_listed in 0usize..100,
            turn in 0usize..20,
        ) {
            let recurs = |_: u32, carried: &Carried| carried.count > 1;
            let all = |turn: usize| {
                let mut collection = Collection::new(most_listed);
                for i in 0..lists.len() {
                    let i = (i + turn) % lists.len();
                    let own: Vec<(u32, Carried)> = (0..).zip(lists[i].iter().map(|n| carried(*n))).collect();
                    collection.add(i as u64, &own, recurs);
                }
                collection.settle()
            };
            let found = all(0);
            prop_assert_eq!(format!("{:?}", found), format!("{:?}", all(turn)));
            let mut left = most_listed;
            let mut order: Vec<usize> = (0..lists.len()).collect();
            order.sort_by_key(|i| (lists[*i].len(), *i));
            let mut whole = true;
            for i in order {
                whole = whole && lists[i].len() <= left;
                left -= if whole { lists[i].len() } else { 0 };
                let recurring = lists[i].iter().filter(|n| **n > 1).count();
                prop_assert_eq!(found[i].count(), lists[i].len());
                prop_assert_eq!(found[i].accounts().len(), if whole { lists[i].len() } else { recurring });
            }
        }
    }
}
