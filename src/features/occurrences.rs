//! Where fingerprints stood. A text of a kilobyte has some forty, nearly all of which stand nowhere else, and which of them
//! matter is known only when the whole log was read: those that recur in several accounts. Until then each is kept as eight
//! or nine bytes, beyond a limit on disk.

use super::Carried;
use super::calls::Starts;
use super::carriers::{Carriers, Collection};
use super::preambles::Preambles;
use super::tally::Halves;
use crate::event::{Origin, Place};
use crate::pieces::Pieces;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fingerprints are dealt into parts by their lowest byte, so that one part at a time can be added up. The highest tells
/// little: winnowing keeps the least hashes.
const PARTS: usize = 256;
/// Bytes of a fingerprint that its part does not tell already.
const REST: usize = 7;
/// Bytes of occurrences that a run holds in memory until it is told otherwise. Lists grow by doubling and take up to twice that.
const SPILL_BYTES: usize = 8 << 20;
/// Starts of calls may take this part of as much.
const OF_STARTS: usize = 4;
/// Bytes that are written at once: parts of a few kilobytes each, one by one, would ask the system for each.
const WRITTEN: usize = 1 << 18;
/// Fewest occurrences of a fingerprint that recurs in two accounts: twice in each.
const LEAST: u8 = 4;

/// A request with text: what a fingerprint in it says of its account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub account: u32,
    /// Hash of the text.
    pub item: u64,
    /// ln(1 + output tokens), millionths; below 2^26 for any number of tokens.
    pub ln_output: u32,
    pub single_turn: bool,
    pub ruled: bool,
    pub at: Origin,
}

/// A [`Text`] in 24 bytes, for there is one for each request of the log.
#[derive(Debug, Clone, Copy)]
struct Packed {
    item: u64,
    at: Place,
    account: u32,
    /// The two flags above the length.
    output: u32,
}

impl Packed {
    fn new(text: &Text) -> Self {
        let flags = u32::from(text.single_turn) << 31 | u32::from(text.ruled) << 30;
        let output = text.ln_output | flags;
        Self { item: text.item, at: text.at.into(), account: text.account, output }
    }

    fn text(&self) -> Text {
        Text {
            account: self.account,
            item: self.item,
            ln_output: self.output & ((1 << 30) - 1),
            single_turn: self.output >> 31 == 1,
            ruled: self.output >> 30 & 1 == 1,
            at: self.at.into(),
        }
    }

    fn carried(&self) -> Carried {
        let Text { item, ln_output, single_turn, ruled, .. } = self.text();
        let half = (item >> 32) as u32;
        Carried {
            count: 1,
            items: (half, half),
            ln_output: u64::from(ln_output).into(),
            single_turn: single_turn.into(),
            ruled: ruled.into(),
            at: self.at,
        }
    }
}

/// Occurrences of one part: the rest of each fingerprint, then how many texts further it stands than the one before.
#[derive(Debug, Default)]
struct Part {
    bytes: Vec<u8>,
    last: u32,
    /// Where pieces of it stand in the file.
    spilled: Vec<(u64, usize)>,
}

/// What one thread met.
#[derive(Debug)]
pub(super) struct Run {
    pub starts: Starts,
    pub preambles: Preambles,
    /// Texts that came with one of the preambles, each with its number.
    prefaced: Pieces<(u32, u32)>,
    /// Whether accounts count its texts already.
    counted: bool,
    texts: Pieces<Packed>,
    parts: Vec<Part>,
    held: usize,
    most_held: usize,
    file: Option<Mutex<File>>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            starts: Starts::within(SPILL_BYTES / OF_STARTS),
            preambles: Preambles::default(),
            prefaced: Pieces::default(),
            counted: false,
            texts: Pieces::default(),
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            held: 0,
            most_held: SPILL_BYTES,
            file: None,
        }
    }
}

/// A fingerprint and the number of a text that it stands in; in twelve bytes, for one that everybody carries has millions.
type Occurrence = (Halves, u32);

impl Run {
    /// One within as much memory, for texts that their accounts count already.
    pub fn for_counted(&self) -> Self {
        Self { counted: true, most_held: self.most_held, ..Self::default() }
    }

    /// So many bytes may stay in memory.
    pub fn hold(&mut self, bytes: usize) {
        self.starts.hold(bytes / OF_STARTS);
        self.most_held = bytes;
    }

    /// `fingerprints` in any order; one that stands several times in a text counts once in the end. With those of a preamble that
    /// came before, by its number.
    pub fn push(&mut self, text: &Text, preamble: Option<u32>, fingerprints: &mut Vec<u64>) {
        let Ok(number) = u32::try_from(self.texts.len()) else { return };
        self.texts.push(Packed::new(text));
        if let Some(preamble) = preamble {
            self.prefaced.push((number, preamble));
            self.preambles.take_from(preamble, fingerprints);
        }
        for fingerprint in &*fingerprints {
            let part = &mut self.parts[(fingerprint % PARTS as u64) as usize];
            let before = part.bytes.len();
            part.bytes.extend_from_slice(&fingerprint.to_le_bytes()[8 - REST..]);
            let mut distance = number - part.last;
            while distance >= 0x80 {
                part.bytes.push(distance as u8 | 0x80);
                distance >>= 7;
            }
            part.bytes.push(distance as u8);
            part.last = number;
            self.held += part.bytes.len() - before;
        }
        if self.held > self.most_held && self.spill().is_err() {
            // No room on disk: it stays in memory as long as that lasts.
            self.most_held = usize::MAX;
        }
    }

    /// Nothing more will come: puts the rest of the fingerprints where most are.
    pub fn settle(&mut self) {
        if self.file.is_some() && self.spill().is_ok() {
            self.parts.iter_mut().for_each(|part| part.bytes = Vec::new());
        }
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(Mutex::new(tempfile::tempfile()?));
        }
        let Some(file) = self.file.as_mut().and_then(|file| file.get_mut().ok()) else { return Ok(()) };
        let mut at = file.seek(SeekFrom::End(0))?;
        let mut out = BufWriter::with_capacity(WRITTEN, file);
        self.parts.iter().try_for_each(|part| out.write_all(&part.bytes))?;
        out.flush()?;
        // Not before all of it is there.
        for part in self.parts.iter_mut().filter(|part| !part.bytes.is_empty()) {
            part.spilled.push((at, part.bytes.len()));
            at += part.bytes.len() as u64;
            part.bytes.clear();
        }
        self.held = 0;
        Ok(())
    }

    /// Gives accounts other numbers.
    pub fn renumber(&mut self, numbers: &[u32]) {
        self.starts.renumber(numbers);
        self.texts.iter_mut().for_each(|text| text.account = numbers[text.account as usize]);
    }

    /// The account and the hash of every text that its account does not count yet.
    pub fn uncounted(&self) -> impl Iterator<Item = (u32, u64)> + Clone {
        let texts = (!self.counted).then(|| self.texts.iter());
        texts.into_iter().flatten().map(|text| (text.account, text.item))
    }

    /// Every text with its fingerprints, rising.
    pub fn each_text(&self, mut take: impl FnMut(Text, Vec<u64>)) -> io::Result<()> {
        let mut all = Vec::new();
        (0..PARTS).try_for_each(|part| self.read(part, 0, |occurrence| all.push(occurrence)))?;
        for (number, preamble) in self.prefaced.iter() {
            all.extend(self.preambles.fingerprints(*preamble).iter().map(|f| (Halves::from(*f), *number)));
        }
        all.sort_unstable_by_key(|(fingerprint, number)| (*number, *fingerprint));
        all.dedup();
        let mut rest = all.as_slice();
        for (packed, number) in self.texts.iter().zip(0u32..) {
            let (own, after) = rest.split_at(rest.partition_point(|(_, n)| *n <= number));
            rest = after;
            take(packed.text(), own.iter().map(|(fingerprint, _)| (*fingerprint).into()).collect());
        }
        Ok(())
    }

    /// Bytes of a part.
    fn bytes(&self, part: usize) -> usize {
        let Part { bytes, spilled, .. } = &self.parts[part];
        bytes.len() + spilled.iter().map(|(_, length)| length).sum::<usize>()
    }

    /// Takes a part out, texts numbered from `first` and rising.
    fn read(&self, part: usize, first: u32, mut take: impl FnMut(Occurrence)) -> io::Result<()> {
        let lowest = part as u64;
        let part = &self.parts[part];
        let mut number = 0;
        let mut decode = |bytes: &[u8]| {
            let mut rest = bytes;
            while let Some((fingerprint, after)) = rest.split_first_chunk::<REST>() {
                let mut wide = [0; 8];
                wide[8 - REST..].copy_from_slice(fingerprint);
                let mut distance = 0;
                let mut length = 0;
                for (i, byte) in after.iter().enumerate() {
                    distance |= u32::from(byte & 0x7f) << (7 * i);
                    length = i + 1;
                    if byte & 0x80 == 0 {
                        break;
                    }
                }
                rest = &after[length..];
                number += distance;
                take(((u64::from_le_bytes(wide) | lowest).into(), first + number));
            }
        };
        let mut piece = Vec::new();
        for (at, length) in &part.spilled {
            let mut file = match &self.file {
                Some(file) => file.lock().map_err(|_| io::Error::other("a thread that held the file is gone"))?,
                None => break,
            };
            piece.resize(*length, 0);
            file.seek(SeekFrom::Start(*at))?;
            file.read_exact(&mut piece)?;
            drop(file);
            decode(&piece);
        }
        decode(&part.bytes);
        Ok(())
    }
}

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
    let texts = Texts::new(runs);
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
            texts.read(part, &mut pieces)?;
            for piece in &mut pieces {
                piece.sort_unstable();
                for same in piece.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() >= usize::from(LEAST)) {
                    desk.carry(&texts, same);
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
    fn new(runs: &'r [Run]) -> Self {
        let mut texts = Self { runs, firsts: Vec::new(), end: 0, sums: Vec::new(), preambles: Vec::new() };
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

    /// An account, and what it carries by one text or preamble.
    fn carried(&self, number: u32) -> (u32, Carried) {
        if let Some(place) = number.checked_sub(self.end) {
            return self.sums[place as usize];
        }
        let run = self.firsts.partition_point(|first| *first <= number) - 1;
        let text = &self.runs[run].texts[(number - self.firsts[run]) as usize];
        (text.account, text.carried())
    }

    /// A part of all runs, in pieces by the next bits of the fingerprints, each without what stands fewer than [`LEAST`]
    /// times, which is nearly all. Pieces are of a size that leaves what is counted in them near the processor.
    fn read(&self, part: usize, pieces: &mut Vec<Vec<Occurrence>>) -> io::Result<()> {
        let about = self.runs.iter().map(|run| run.bytes(part)).sum::<usize>() / (REST + 1);
        let bits = (about / PIECE).next_power_of_two().ilog2().min(MOST_PIECE_BITS);
        // What a popular fingerprint has blown up is let go: each piece would be as large as the largest in the end.
        pieces.retain(|piece| piece.capacity() <= 4 * PIECE);
        pieces.iter_mut().for_each(Vec::clear);
        pieces.resize_with(1 << bits, Vec::new);
        let mut put = |occurrence: Occurrence| pieces[bits_behind(occurrence.0, 8, bits)].push(occurrence);
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
        pieces.iter_mut().for_each(|piece| keep_frequent(piece, 8 + bits));
        Ok(())
    }
}

/// Occurrences of a piece.
const PIECE: usize = 1 << 16;
const MOST_PIECE_BITS: u32 = 12;

/// So many bits of a fingerprint, behind its lowest.
fn bits_behind(fingerprint: Halves, lowest: u32, bits: u32) -> usize {
    (u64::from(fingerprint) >> lowest & ((1 << bits) - 1)) as usize
}

/// Counts by some bits of each fingerprint behind those that all have in common, and keeps what may stand [`LEAST`] times;
/// what a few others are taken for along with it is told apart later.
fn keep_frequent(all: &mut Vec<Occurrence>, common: u32) {
    let bits = (2 * all.len()).next_power_of_two().ilog2().min(32);
    let slot = |fingerprint: Halves| bits_behind(fingerprint, common, bits);
    let mut counts = vec![0u8; 1 << bits];
    for (fingerprint, _) in &*all {
        let count = &mut counts[slot(*fingerprint)];
        *count = (*count + 1).min(LEAST);
    }
    all.retain(|(fingerprint, _)| counts[slot(*fingerprint)] >= LEAST);
}

/// Memory that is used for one part after the other.
#[derive(Default)]
struct Desk {
    fetched: Vec<(u32, Carried)>,
    /// What each account carries of a fingerprint, in the order in which they come.
    own: Vec<(u32, Carried)>,
    /// Where each account stands in `own`, if that place is its own: a sparse set, which nobody has to clear (Briggs and
    /// Torczon 1993).
    places: Vec<u32>,
}

impl Desk {
    /// Adds up what texts (rising) carry of a fingerprint that stands in all of them.
    fn carry(&mut self, texts: &Texts<'_>, same: &[Occurrence]) {
        /// Texts that are fetched at once: nearly every one is far from the processor, and to wait for one at a time takes
        /// most of the time of all.
        const FETCHED: usize = 64;
        self.own.clear();
        let mut last = None;
        for some in same.chunks(FETCHED) {
            self.fetched.clear();
            self.fetched.extend(some.iter().map(|(_, number)| texts.carried(*number)));
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
    use super::*;
    use crate::fingerprint::Winnower;
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
        fn what_recurs_in_two_accounts_is_found_with_all_its_carriers(all in texts(), most_held in 0usize..400, split in 0usize..60) {
            let mut expected: BTreeMap<(u64, u32), (u32, u64)> = BTreeMap::new();
            let mut runs = [Run::default(), Run::default()];
            runs.iter_mut().for_each(|run| run.most_held = most_held);
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
            let found = shared(&runs, usize::MAX, |_, carried| carried.count >= 2).unwrap();
            let one = |of: &Carriers| {
                let fingerprint = of.fingerprint;
                of.iter().map(|(a, c)| (fingerprint, a, c.count, Origin::from(c.at).line_no)).collect::<Vec<_>>()
            };
            let found: Vec<_> = found.iter().flat_map(one).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
