//! What is kept of each call until the whole log is read: one behind the other, beyond a limit on disk, and dealt to accounts in
//! the end. Lists of their own, growing side by side, would hold room for half as much again and leave their old places behind in
//! pieces.

use super::HOUR_US;
use super::tally::Halves;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};

/// Starts of requests kept for one account; of those behind them the hours are.
pub const MAX_TIMES: usize = 4_096;
/// Hours kept behind them: more than three years, and so all of any log that has a calendar.
pub const MAX_HOURS: usize = 30_000;

/// When an account began a call; in twelve bytes, for there is one for each.
#[derive(Debug, Clone, Copy)]
struct Start {
    account: u32,
    /// µs since the Unix epoch, as bits.
    us: Halves,
}

/// Bytes of one on disk: the account, and the time, each the lowest byte first.
const ON_DISK: usize = 12;

impl Start {
    fn bytes(&self) -> [u8; ON_DISK] {
        let mut bytes = [0; ON_DISK];
        bytes[..4].copy_from_slice(&self.account.to_le_bytes());
        bytes[4..].copy_from_slice(&u64::from(self.us).to_le_bytes());
        bytes
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let (mut account, mut us) = ([0; 4], [0; 8]);
        from.read_exact(&mut account)?;
        from.read_exact(&mut us)?;
        Ok(Self { account: u32::from_le_bytes(account), us: u64::from_le_bytes(us).into() })
    }
}

/// The starts of calls that one thread met.
#[derive(Debug)]
pub(super) struct Starts {
    calls: Vec<Start>,
    /// So many may wait here.
    most: usize,
    file: Option<File>,
    /// Calls in the file.
    spilled: usize,
    /// What accounts are called by now, for who is on disk keeps the number it went there with; nothing else comes then.
    renumbered: Option<Vec<u32>>,
}

impl Starts {
    /// So many bytes may stay in memory.
    pub fn within(bytes: usize) -> Self {
        Self { calls: Vec::new(), most: bytes / size_of::<Start>(), file: None, spilled: 0, renumbered: None }
    }

    /// So many bytes may stay in memory from now on.
    pub fn hold(&mut self, bytes: usize) {
        self.most = bytes / size_of::<Start>();
    }

    pub fn push(&mut self, account: u32, us: i64) {
        self.calls.push(Start { account, us: us.cast_unsigned().into() });
        if self.calls.len() > self.most && self.spill().is_err() {
            // No room on disk: they stay in memory as long as that lasts.
            self.most = usize::MAX;
        }
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        let bytes: Vec<u8> = self.calls.iter().flat_map(Start::bytes).collect();
        file.write_all(&bytes)?;
        self.spilled += self.calls.len();
        self.calls.clear();
        Ok(())
    }

    /// Takes the starts out, by accounts below `accounts`, µs since the Unix epoch.
    ///
    /// # Errors
    /// When what was put on disk cannot be read again.
    pub fn deal(&mut self, accounts: usize) -> io::Result<ByAccount<i64>> {
        let mut calls = Vec::with_capacity(self.spilled + self.calls.len());
        if let Some(mut file) = self.file.take() {
            file.rewind()?;
            let mut file = BufReader::new(file);
            for _ in 0..std::mem::take(&mut self.spilled) {
                calls.push(Start::read(&mut file)?);
            }
        }
        calls.append(&mut self.calls);
        let number = |account: u32| self.renumbered.as_ref().map_or(account, |numbers| numbers[account as usize]);
        let start = |Start { account, us }: &Start| (number(*account), u64::from(*us).cast_signed());
        Ok(ByAccount::new(accounts, calls.iter().map(start)))
    }

    /// Gives accounts other numbers.
    pub fn renumber(&mut self, numbers: &[u32]) {
        match &mut self.renumbered {
            Some(known) => known.iter_mut().for_each(|number| *number = numbers[*number as usize]),
            None => self.renumbered = Some(numbers.to_vec()),
        }
    }
}

/// When an account began its requests: the earliest [`MAX_TIMES`] starts, µs since the Unix epoch, and behind them how many fell
/// into each of the next [`MAX_HOURS`] hours in which there were any, hours since the Unix epoch. In order once settled.
///
/// Whoever makes a thousand requests a day would else have a first week and nothing more.
#[derive(Debug, Clone, Default)]
pub struct Times {
    starts: Vec<i64>,
    later: Vec<(i32, u32)>,
}

impl Times {
    pub(super) fn extend(&mut self, starts: impl IntoIterator<Item = i64>) {
        self.starts.extend(starts);
        if self.starts.len() > 2 * MAX_TIMES || self.later.len() > 2 * MAX_HOURS {
            self.settle();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.later.extend(other.later);
        self.extend(other.starts);
    }

    pub(super) fn settle(&mut self) {
        self.starts.sort_unstable();
        let beyond = self.starts.get(MAX_TIMES..).unwrap_or_default();
        self.later.extend(beyond.iter().map(|us| (hour(*us) as i32, 1)));
        self.starts.truncate(MAX_TIMES);
        self.starts.shrink_to_fit();
        self.later.sort_unstable();
        self.later.dedup_by(|(hour, count), (known, sum)| {
            let same = hour == known;
            if same {
                *sum = sum.saturating_add(*count);
            }
            same
        });
        self.later.truncate(MAX_HOURS);
        self.later.shrink_to_fit();
    }

    /// From starts, and hours behind them with the requests in each, in any order.
    pub(crate) fn of(starts: Vec<i64>, later: Vec<(i32, u32)>) -> Self {
        let mut times = Self { starts, later };
        times.settle();
        times
    }

    /// The earliest starts, in order. Complete after [`Fold::finish`].
    pub fn earliest(&self) -> &[i64] {
        &self.starts
    }

    /// Hours behind them, in order, with the requests in each.
    pub fn later(&self) -> &[(i32, u32)] {
        &self.later
    }

    /// The first and the last hour in which there were any requests, since the Unix epoch.
    pub fn ends(&self) -> Option<(i64, i64)> {
        ends_of(&self.starts, &self.later)
    }

    /// Hours in which there were any requests, since the Unix epoch, rising, each once.
    pub fn hours(&self) -> Vec<i64> {
        hours_of(&self.starts, &self.later)
    }
}

fn hour(us: i64) -> i64 {
    us.div_euclid(HOUR_US)
}

/// The first and the last hour of starts, which are in order, and hours behind them, in any.
pub(crate) fn ends_of(starts: &[i64], later: &[(i32, u32)]) -> Option<(i64, i64)> {
    let last = later.iter().map(|(hour, _)| (*hour).into()).chain(starts.last().map(|us| hour(*us))).max()?;
    Some((starts.first().map(|us| hour(*us))?, last))
}

/// As [`Times::hours`], of starts and hours behind them in any order.
pub(crate) fn hours_of(starts: &[i64], later: &[(i32, u32)]) -> Vec<i64> {
    let mut hours: Vec<i64> = starts.iter().map(|us| hour(*us)).chain(later.iter().map(|(h, _)| (*h).into())).collect();
    hours.sort_unstable();
    hours.dedup();
    hours
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

    #[test]
    fn times_of_parts_are_those_of_the_whole_in_any_order() {
        let draw = |i: u64| xxhash_rust::xxh3::xxh3_64(&i.to_le_bytes());
        let starts: Vec<i64> = (0..20_000).map(|i| (draw(i) % 900) as i64 * HOUR_US / 2).collect();
        let whole = Times::of(starts.clone(), Vec::new());
        assert_eq!((whole.earliest().len(), whole.later().iter().map(|(_, n)| n).sum::<u32>()), (MAX_TIMES, 15_904));
        let mut every: Vec<i64> = starts.iter().map(|us| hour(*us)).collect();
        every.sort_unstable();
        every.dedup();
        assert_eq!(whole.hours(), every);
        assert_eq!(whole.ends(), Some((every[0], every[every.len() - 1])));
        let part = |of: usize| Times::of(starts.iter().copied().skip(of).step_by(3).collect(), Vec::new());
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            let mut all = part(order[0]);
            order[1..].iter().for_each(|of| all.merge(part(*of)));
            all.settle();
            assert_eq!((all.earliest(), all.later()), (whole.earliest(), whole.later()));
        }
    }

    proptest! {
        #[test]
        fn each_account_gets_its_starts_in_the_order_in_which_they_came(
            calls in proptest::collection::vec((0u32..5, any::<i64>()), 0..60),
            held in 0usize..80,
        ) {
            let mut starts = Starts::within(held * size_of::<Start>());
            calls.iter().for_each(|(account, us)| starts.push(*account, *us));
            prop_assert!(starts.calls.len() <= held);
            starts.renumber(&[4, 3, 2, 1, 0]);
            starts.renumber(&[1, 2, 3, 4, 5]);
            let mut dealt = starts.deal(7).unwrap();
            let of = |account: u32| calls.iter().filter(|call| 5 - call.0 == account).map(|call| call.1).collect();
            let expected: Vec<Vec<i64>> = (0..7).map(of).collect();
            prop_assert_eq!(dealt.each(), expected);
        }
    }
}
