//! What is kept of each call until the whole log is read: one behind the other, and dealt to accounts in the end. Lists of
//! their own, growing side by side, would hold room for half as much again and leave their old places behind in pieces.

use super::tally::Halves;

/// Starts of requests kept for one account.
pub const MAX_TIMES: usize = 4_096;

/// When an account began a call; in twelve bytes, for there is one for each.
#[derive(Debug, Clone, Copy)]
struct Start {
    account: u32,
    /// µs since the Unix epoch, as bits.
    us: Halves,
}

/// The starts of calls that one thread met.
#[derive(Debug)]
pub(super) struct Starts {
    calls: Vec<Start>,
    /// So many may wait here; an account keeps no more than it needs.
    most: usize,
}

impl Starts {
    /// So many bytes may stay in memory.
    pub fn within(bytes: usize) -> Self {
        Self { calls: Vec::new(), most: bytes / size_of::<Start>() }
    }

    /// So many bytes may stay in memory from now on.
    pub fn hold(&mut self, bytes: usize) {
        self.most = bytes / size_of::<Start>();
    }

    pub fn push(&mut self, account: u32, us: i64) {
        self.calls.push(Start { account, us: us.cast_unsigned().into() });
    }

    /// Whether it is time to deal them.
    pub fn are_too_many(&self) -> bool {
        self.calls.len() > self.most
    }

    /// Takes the starts out, by accounts below `accounts`, µs since the Unix epoch.
    pub fn deal(&mut self, accounts: usize) -> ByAccount<i64> {
        let calls = std::mem::take(&mut self.calls);
        let start = |Start { account, us }: &Start| (*account, u64::from(*us).cast_signed());
        ByAccount::new(accounts, calls.iter().map(start))
    }

    /// Gives accounts other numbers.
    pub fn renumber(&mut self, numbers: &[u32]) {
        self.calls.iter_mut().for_each(|start| start.account = numbers[start.account as usize]);
    }
}

/// Starts of requests, µs since the Unix epoch: the earliest [`MAX_TIMES`] of an account, in order once settled.
#[derive(Debug, Clone, Default)]
pub struct Times {
    starts: Vec<i64>,
}

impl Times {
    pub(super) fn extend(&mut self, starts: impl IntoIterator<Item = i64>) {
        self.starts.extend(starts);
        if self.starts.len() > 2 * MAX_TIMES {
            self.settle();
        }
    }

    pub(super) fn settle(&mut self) {
        self.starts.sort_unstable();
        self.starts.truncate(MAX_TIMES);
        self.starts.shrink_to_fit();
    }

    /// From starts in any order.
    pub(crate) fn of(starts: Vec<i64>) -> Self {
        let mut times = Self { starts };
        times.settle();
        times
    }

    /// In order. Complete after [`Fold::finish`].
    pub fn as_slice(&self) -> &[i64] {
        &self.starts
    }
}

/// Values by the account that they are of.
pub(super) struct ByAccount<T> {
    /// Where the values of each account end.
    ends: Vec<usize>,
    values: Vec<T>,
}

impl<T: Copy + Default> ByAccount<T> {
    /// From values of accounts below `accounts`, in any order; those of one keep theirs (counting sort).
    pub fn new(accounts: usize, values: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        let mut starts = vec![0; accounts + 1];
        values.clone().for_each(|(account, _)| starts[account as usize + 1] += 1);
        for account in 0..accounts {
            starts[account + 1] += starts[account];
        }
        let mut dealt = vec![T::default(); starts[accounts]];
        for (account, value) in values {
            let next = &mut starts[account as usize];
            dealt[*next] = value;
            *next += 1;
        }
        // Each start has moved to the end of its account.
        starts.pop();
        Self { ends: starts, values: dealt }
    }

    /// The values of each account.
    pub fn each(&mut self) -> Vec<&mut [T]> {
        let mut rest = self.values.as_mut_slice();
        let mut before = 0;
        let of = |end: &usize| {
            let (own, after) = std::mem::take(&mut rest).split_at_mut(end - before);
            (rest, before) = (after, *end);
            own
        };
        self.ends.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_account_gets_its_starts_in_the_order_in_which_they_came(
            calls in proptest::collection::vec((0u32..5, any::<i64>()), 0..60),
        ) {
            let mut starts = Starts::within(0);
            calls.iter().for_each(|(account, us)| starts.push(*account, *us));
            starts.renumber(&[4, 3, 2, 1, 0]);
            prop_assert_eq!(starts.are_too_many(), !calls.is_empty());
            let mut dealt = starts.deal(6);
            let of = |account: u32| calls.iter().filter(|call| 4 - call.0 == account).map(|call| call.1).collect();
            let expected: Vec<Vec<i64>> = (0..5).map(of).chain([Vec::new()]).collect();
            prop_assert_eq!(dealt.each(), expected);
            prop_assert!(!starts.are_too_many());
        }
    }
}
