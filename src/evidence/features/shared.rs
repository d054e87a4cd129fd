//! What all accounts share, added up when the whole log was read: part by part of the fingerprints, so that memory is that of one part
//! and of what comes out.

use super::Carried;
use super::carriers::{Carriers, Collection};
use super::occurrences::{Occurrence, PARTS, REST, Run};
use super::tally::Halves;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fewest occurrences of a fingerprint that recurs in two accounts: twice in each.
const LEAST: u8 = 4;

/// Fingerprints that recur in at least two accounts, rising, with every account that has them at all. `recurs` says whether
/// an account's fingerprint does. Of the most popular, where `most_listed` accounts are listed already, only accounts in which it does.
///
/// # Errors
/// When what was put on disk cannot be read again.
pub(super) fn shared(
    runs: &[Run],
    most_listed: usize,
    recurs: impl Fn(u32, &Carried) -> bool + Sync,
) -> io::Result<Vec<Carriers>> {
    shared_of(&Texts::new(runs, MOST_OF_PIECE), most_listed, recurs)
}

fn shared_of(
    texts: &Texts<'_>,
    most_listed: usize,
    recurs: impl Fn(u32, &Carried) -> bool + Sync,
) -> io::Result<Vec<Carriers>> {
    let collection = Mutex::new(Collection::new(most_listed));
    let next = AtomicUsize::new(0);
    // Each thread takes one part after the other and uses its memory again: what is put away for good would stand scattered
    // among what is not.
    let of_thread = |_: rayon::BroadcastContext<'_>| -> io::Result<()> {
        let (mut desk, mut pieces) = (Desk::default(), Vec::new());
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= PARTS {
                return Ok(());
            }
            texts.read(part, &mut pieces, &mut desk)?;
            for Piece { occurrences, .. } in &mut pieces {
                occurrences.sort_unstable();
                for same in occurrences.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() >= usize::from(LEAST)) {
                    desk.carry(texts, same);
                    if desk.own.iter().filter(|(account, carried)| recurs(*account, carried)).nth(1).is_some() {
                        desk.own.sort_unstable_by_key(|(account, _)| *account);
                        let mut collection = collection.lock().map_err(|_| io::Error::other("a thread is gone"))?;
                        collection.add(same[0].0.into(), &desk.own, &recurs);
                    }
                }
            }
        }
    };
    rayon::broadcast(of_thread).into_iter().collect::<io::Result<()>>()?;
    Ok(collection.into_inner().map_err(|_| io::Error::other("a thread is gone"))?.settle())
}

/// The texts of all runs, numbered through, and behind them what accounts carry of preambles.
struct Texts<'r> {
    runs: &'r [Run],
    /// Occurrences of a piece from which those of popular fingerprints are added up.
    most_of_piece: usize,
    /// Number of each run's first.
    firsts: Vec<u32>,
    /// Number behind the last.
    end: u32,
    /// What an account carries of a preamble; its number is one behind the texts.
    sums: Vec<(u32, Carried)>,
    /// Each preamble: its run, its number there, and its places among the sums.
    preambles: Vec<(&'r Run, u32, Range<u32>)>,
}

impl<'r> Texts<'r> {
    fn new(runs: &'r [Run], most_of_piece: usize) -> Self {
        let mut texts =
            Self { runs, most_of_piece, firsts: Vec::new(), end: 0, sums: Vec::new(), preambles: Vec::new() };
        for run in runs {
            texts.firsts.push(texts.end);
            texts.end = texts.end.saturating_add(u32::try_from(run.texts.len()).unwrap_or(u32::MAX));
            texts.add_preambles(run);
        }
        texts
    }

    fn add_preambles(&mut self, run: &'r Run) {
        let mut carried: BTreeMap<(u32, u32), Carried> = BTreeMap::new();
        for (number, preamble) in run.prefaced.iter() {
            let text = &run.texts[*number as usize];
            let one = text.carried();
            carried.entry((*preamble, text.account)).and_modify(|sum| sum.absorb(&one)).or_insert(one);
        }
        for ((preamble, account), sum) in carried {
            let place = self.sums.len() as u32;
            self.sums.push((account, sum));
            match self.preambles.last_mut() {
                Some((of, last, places)) if std::ptr::eq(*of, run) && *last == preamble => places.end = place + 1,
                _ => self.preambles.push((run, preamble, place..place + 1)),
            }
        }
    }

    /// An account, and what it carries by one text or preamble, or by what of a part was added up; `added` has these.
    fn carried(&self, number: u32, added: &[(u32, Carried)]) -> (u32, Carried) {
        if let Some(place) = number.checked_sub(self.end) {
            let place = place as usize;
            return place.checked_sub(self.sums.len()).map_or_else(|| self.sums[place], |place| added[place]);
        }
        let run = self.firsts.partition_point(|first| *first <= number) - 1;
        let text = &self.runs[run].texts[(number - self.firsts[run]) as usize];
        (text.account, text.carried())
    }

    /// A part of all runs, in pieces by the next bits of the fingerprints, each without what stands fewer than [`LEAST`]
    /// times, which is nearly all. Pieces are of a size that leaves what is counted in them near the processor.
    fn read(&self, part: usize, pieces: &mut Vec<Piece>, desk: &mut Desk) -> io::Result<()> {
        let about = self.runs.iter().map(|run| run.bytes(part)).sum::<usize>() / (REST + 1);
        let bits = (about / PIECE).next_power_of_two().ilog2().min(MOST_PIECE_BITS);
        // As much as a piece mostly holds: lists that double hold twice that. What a popular fingerprint has blown up is let go,
        // for each piece would be as large as the largest in the end.
        let room = ((about >> bits) * 9 / 8).next_multiple_of(ROOM_STEP);
        pieces.retain(|piece| piece.occurrences.capacity() <= room);
        pieces.resize_with(1 << bits, Piece::default);
        for piece in pieces.iter_mut() {
            piece.occurrences.clear();
            piece.occurrences.reserve_exact(room);
            piece.most = self.most_of_piece;
        }
        desk.added.clear();
        let mut put = |occurrence: Occurrence| {
            let piece = &mut pieces[bits_behind(occurrence.0, 8, bits)];
            if piece.is_full_before(occurrence) {
                desk.add_up(self, piece);
            }
            piece.occurrences.push(occurrence);
        };
        for (run, first) in self.runs.iter().zip(&self.firsts) {
            run.read(part, *first, &mut put)?;
        }
        for (run, preamble, places) in &self.preambles {
            for fingerprint in run.preambles.in_part(*preamble, part as u8) {
                for place in places.clone() {
                    // As often as it takes to be told from what is rare.
                    let times = self.sums[place as usize].1.count.min(LEAST.into());
                    (0..times).for_each(|_| put(((*fingerprint).into(), self.end + place)));
                }
            }
        }
        pieces.iter_mut().for_each(|piece| keep_frequent(&mut piece.occurrences, 8 + bits, &mut desk.counts));
        Ok(())
    }
}

/// Occurrences of a piece.
const PIECE: usize = 1 << 16;
const MOST_PIECE_BITS: u32 = 12;
/// Parts are of much the same size, and pieces in such steps fit the next part too.
const ROOM_STEP: usize = 1 << 13;

/// Only what popular fingerprints have blown up is so large.
const MOST_OF_PIECE: usize = 2 * PIECE;

/// A piece of a part: of some fingerprints all occurrences.
#[derive(Default)]
struct Piece {
    occurrences: Vec<Occurrence>,
    /// From so many it is full.
    most: usize,
}

impl Piece {
    /// Whether it is full and what comes next is of another text: one that stands twice in a text must not be added up between.
    fn is_full_before(&self, next: Occurrence) -> bool {
        self.occurrences.len() >= self.most && self.occurrences.last().is_some_and(|(_, number)| *number != next.1)
    }
}

/// So many bits of a fingerprint, behind its lowest.
fn bits_behind(fingerprint: Halves, lowest: u32, bits: u32) -> usize {
    (u64::from(fingerprint) >> lowest & ((1 << bits) - 1)) as usize
}

/// Counts by some bits of each fingerprint behind those that all have in common, and keeps what may stand [`LEAST`] times;
/// what a few others are taken for along with it is told apart later. `counts` is memory that is used again.
fn keep_frequent(all: &mut Vec<Occurrence>, common: u32, counts: &mut Vec<u8>) {
    let bits = (2 * all.len()).next_power_of_two().ilog2().min(32);
    let slot = |fingerprint: Halves| bits_behind(fingerprint, common, bits);
    counts.clear();
    counts.resize(1 << bits, 0);
    for (fingerprint, _) in &*all {
        let count = &mut counts[slot(*fingerprint)];
        *count = (*count + 1).min(LEAST);
    }
    all.retain(|(fingerprint, _)| counts[slot(*fingerprint)] >= LEAST);
}

/// Memory that is used for one part after the other.
#[derive(Default)]
struct Desk {
    /// What of a part was added up already: an account, and what it carries of some fingerprint.
    added: Vec<(u32, Carried)>,
    /// For what is left of a piece.
    left: Vec<Occurrence>,
    fetched: Vec<(u32, Carried)>,
    counts: Vec<u8>,
    /// What each account carries of a fingerprint, in the order in which they come.
    own: Vec<(u32, Carried)>,
    /// Where each account stands in `own`, if that place is its own: a sparse set, which nobody has to clear (Briggs and
    /// Torczon 1993).
    places: Vec<u32>,
}

impl Desk {
    /// Adds up what of a piece stands so often that the sums take less memory: what everybody says in each request then costs
    /// accounts and not requests.
    fn add_up(&mut self, texts: &Texts<'_>, piece: &mut Piece) {
        /// The part of a full piece from which it is worth a look, and occurrences of an account for which its sum takes less.
        const POPULAR: usize = 256;
        const OF_ACCOUNT: usize = 5;
        piece.occurrences.sort_unstable();
        let mut left = std::mem::take(&mut self.left);
        for same in piece.occurrences.chunk_by(|a, b| a.0 == b.0) {
            let is_popular = same.len() >= texts.most_of_piece / POPULAR;
            if is_popular {
                self.carry(texts, same);
            }
            if !is_popular || self.own.len() * OF_ACCOUNT > same.len() {
                left.extend_from_slice(same);
                continue;
            }
            // As often as it takes to be told from what is rare.
            let times = usize::from(LEAST).div_ceil(self.own.len());
            for one in &self.own {
                let number = texts.end + (texts.sums.len() + self.added.len()) as u32;
                left.extend(std::iter::repeat_n((same[0].0, number), times));
                self.added.push(*one);
            }
        }
        self.left = std::mem::replace(&mut piece.occurrences, left);
        self.left.clear();
        piece.most = texts.most_of_piece.max(2 * piece.occurrences.len());
    }

    /// Adds up what texts (rising) carry of a fingerprint that stands in all of them.
    fn carry(&mut self, texts: &Texts<'_>, same: &[Occurrence]) {
        /// Texts that are fetched at once: nearly every one is far from the processor, and to wait for one at a time takes
        /// most of the time of all.
        const FETCHED: usize = 64;
        self.own.clear();
        let mut last = None;
        for some in same.chunks(FETCHED) {
            self.fetched.clear();
            self.fetched.extend(some.iter().map(|(_, number)| texts.carried(*number, &self.added)));
            for ((_, number), (account, one)) in some.iter().zip(&self.fetched) {
                // What stands twice in a text is carried once.
                if last.replace(*number) == Some(*number) {
                    continue;
                }
                let place = *account as usize;
                if place >= self.places.len() {
                    self.places.resize(place + 1, 0);
                }
                match self.own.get_mut(self.places[place] as usize).filter(|(own, _)| own == account) {
                    Some((_, carried)) => carried.absorb(one),
                    None => {
                        self.places[place] = self.own.len() as u32;
                        self.own.push((*account, *one));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::occurrences::Text;
    use super::*;
    use crate::evidence::fingerprint::Winnower;
    use crate::intake::event::Origin;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn text(account: u32, line_no: u64) -> Text {
        let at = Origin { file_id: 1, line_no };
        Text { account, item: line_no % 3, ln_output: 7, single_turn: line_no.is_multiple_of(2), ruled: false, at }
    }

    /// System prompts long enough to be kept.
    fn preambles() -> Vec<String> {
        (0..3).map(|n| (0..120).map(|i| format!("{:x} ", i * 7919 + n * 104_729)).collect()).collect()
    }

    fn winnowed(text: &str) -> Vec<u64> {
        let mut found = Vec::new();
        Winnower::default().winnow(text, &mut found);
        found
    }

    /// Accounts of texts, and fingerprints that differ in the highest byte and the lowest; some stand twice in a text. Some texts
    /// come with a preamble, and some have a fingerprint of one.
    fn texts() -> impl Strategy<Value = Vec<(u32, Vec<u64>, usize)>> {
        let of_preambles: Vec<u64> = preambles().iter().flat_map(|p| winnowed(p).into_iter().take(2)).collect();
        let fingerprint = (0u64..3, 0u64..4).prop_map(|(high, low)| high << 56 | low);
        let fingerprint = prop_oneof![fingerprint, proptest::sample::select(of_preambles)];
        proptest::collection::vec((0u32..4, proptest::collection::vec(fingerprint, 0..6), 0usize..5), 0..60)
    }

    proptest! {
        #[test]
        fn what_recurs_in_two_accounts_is_found_with_all_its_carriers(all in texts(), most_held in 0usize..400, most_of_piece in 1usize..100, split in 0usize..60) {
            let mut expected: BTreeMap<(u64, u32), (u32, u64)> = BTreeMap::new();
            let mut runs = [Run::default(), Run::default()];
            runs.iter_mut().for_each(|run| run.hold(most_held));
            let prompts = preambles();
            let mut sent: [Vec<BTreeSet<u64>>; 2] = Default::default();
            for (n, (account, fingerprints, prompt)) in all.iter().enumerate() {
                let line = n as u64 + 1;
                let run = &mut runs[usize::from(n >= split)];
                let mut fingerprints = fingerprints.clone();
                let of_prompt = prompts.get(*prompt).map(|prompt| winnowed(prompt)).unwrap_or_default();
                let distinct: BTreeSet<u64> = fingerprints.iter().chain(&of_prompt).copied().collect();
                let preamble = prompts.get(*prompt).and_then(|p| run.preambles.number(p, &mut Winnower::default()));
                if preamble.is_none() {
                    fingerprints.extend(of_prompt);
                }
                run.push(&text(*account, line), preamble, &mut fingerprints);
                for f in &distinct {
                    let known = expected.entry((*f, *account)).or_insert((0, line));
                    *known = (known.0 + 1, known.1.min(line));
                }
                sent[usize::from(n >= split)].push(distinct);
            }
            for (run, sent) in runs.iter().zip(&sent) {
                let mut told = Vec::new();
                run.each_text(|_, fingerprints| told.push(fingerprints)).unwrap();
                let sent: Vec<Vec<u64>> = sent.iter().map(|text| text.iter().copied().collect()).collect();
                prop_assert_eq!(told, sent);
            }
            let recurring = |f: u64| expected.iter().filter(|((g, _), (n, _))| *g == f && *n >= 2).count();
            let expected: Vec<_> = expected
                .iter()
                .filter(|((f, _), _)| recurring(*f) >= 2)
                .map(|((f, account), (n, line))| (*f, *account, *n, *line))
                .collect();
            let found = shared_of(&Texts::new(&runs, most_of_piece), usize::MAX, |_, carried| carried.count >= 2).unwrap();
            let one = |of: &Carriers| {
                let fingerprint = of.fingerprint;
                of.iter().map(|(a, c)| (fingerprint, a, c.count, Origin::from(c.at).line_no)).collect::<Vec<_>>()
            };
            let found: Vec<_> = found.iter().flat_map(one).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
