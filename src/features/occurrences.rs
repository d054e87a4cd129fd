//! Where fingerprints stood. A text of a kilobyte has some forty, nearly all of which stand nowhere else, and which of them
//! matter is known only when the whole log was read: those that recur in several accounts. Until then each is kept as eight
//! or nine bytes, beyond a limit on disk.

use super::Carried;
use crate::event::Origin;
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Fingerprints are dealt into parts by their highest byte, so that one part at a time can be sorted.
const PARTS: usize = 256;
/// Bytes of a fingerprint that its part does not tell already.
const REST: usize = 7;
/// Bytes of occurrences that a run holds in memory until it is told otherwise. Lists grow by doubling and take up to twice that.
const SPILL_BYTES: usize = 8 << 20;
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
#[derive(Debug)]
struct Packed {
    item: u64,
    /// File above, line below: 2^24 files of 2^40 lines; beyond, references name the last of them.
    at: u64,
    account: u32,
    /// The two flags above the length.
    output: u32,
}

const LINE_BITS: u32 = 40;

impl Packed {
    fn new(text: &Text) -> Self {
        let file = u64::from(text.at.file_id).min((1 << (64 - LINE_BITS)) - 1);
        let line = text.at.line_no.min((1 << LINE_BITS) - 1);
        let flags = u32::from(text.single_turn) << 31 | u32::from(text.ruled) << 30;
        let output = text.ln_output | flags;
        Self { item: text.item, at: file << LINE_BITS | line, account: text.account, output }
    }

    fn text(&self) -> Text {
        Text {
            account: self.account,
            item: self.item,
            ln_output: self.output & ((1 << 30) - 1),
            single_turn: self.output >> 31 == 1,
            ruled: self.output >> 30 & 1 == 1,
            at: Origin { file_id: (self.at >> LINE_BITS) as u32, line_no: self.at & ((1 << LINE_BITS) - 1) },
        }
    }

    fn carried(&self) -> Carried {
        let Text { item, ln_output, single_turn, ruled, at, .. } = self.text();
        Carried {
            count: 1,
            items: (item, item),
            ln_output: u64::from(ln_output),
            single_turn: single_turn.into(),
            ruled: ruled.into(),
            at,
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

/// The occurrences that one thread met.
#[derive(Debug)]
pub(super) struct Run {
    texts: Vec<Packed>,
    parts: Vec<Part>,
    held: usize,
    most_held: usize,
    file: Option<Mutex<File>>,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            texts: Vec::new(),
            parts: (0..PARTS).map(|_| Part::default()).collect(),
            held: 0,
            most_held: SPILL_BYTES,
            file: None,
        }
    }
}

/// One occurrence, in the order in which they are added up.
type Occurrence = (u64, u32, u32);

impl Run {
    /// So many bytes may stay in memory.
    pub fn hold(&mut self, bytes: usize) {
        self.most_held = bytes;
    }

    /// `fingerprints` in any order; one that stands several times in a text counts once in the end.
    pub fn push(&mut self, text: &Text, fingerprints: &[u64]) {
        let Ok(number) = u32::try_from(self.texts.len()) else { return };
        self.texts.push(Packed::new(text));
        for fingerprint in fingerprints {
            let part = &mut self.parts[(fingerprint >> (8 * REST)) as usize];
            let before = part.bytes.len();
            part.bytes.extend_from_slice(&fingerprint.to_le_bytes()[..REST]);
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

    fn spill(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(Mutex::new(tempfile::tempfile()?));
        }
        let Some(file) = self.file.as_mut().and_then(|file| file.get_mut().ok()) else { return Ok(()) };
        for part in self.parts.iter_mut().filter(|part| !part.bytes.is_empty()) {
            let at = file.seek(SeekFrom::End(0))?;
            file.write_all(&part.bytes)?;
            self.held -= part.bytes.len();
            part.spilled.push((at, part.bytes.len()));
            part.bytes.clear();
        }
        Ok(())
    }

    /// Gives accounts other numbers.
    pub fn renumber(&mut self, numbers: &[u32]) {
        self.texts.iter_mut().for_each(|text| text.account = numbers[text.account as usize]);
    }

    /// Every text with its fingerprints, rising.
    pub fn each_text(&self, mut take: impl FnMut(Text, Vec<u64>)) -> io::Result<()> {
        let mut all = Vec::new();
        (0..PARTS).try_for_each(|part| self.read(part, 0, &mut all))?;
        all.sort_unstable_by_key(|(fingerprint, _, number)| (*number, *fingerprint));
        all.dedup();
        let mut rest = all.as_slice();
        for (packed, number) in self.texts.iter().zip(0u32..) {
            let (own, after) = rest.split_at(rest.partition_point(|(_, _, n)| *n <= number));
            rest = after;
            take(packed.text(), own.iter().map(|(fingerprint, ..)| *fingerprint).collect());
        }
        Ok(())
    }

    /// Takes a part out, texts numbered from `first`.
    fn read(&self, part: usize, first: u32, into: &mut Vec<Occurrence>) -> io::Result<()> {
        let highest = (part as u64) << (8 * REST);
        let part = &self.parts[part];
        let mut number = 0;
        let mut decode = |bytes: &[u8]| {
            let mut rest = bytes;
            while let Some((fingerprint, after)) = rest.split_first_chunk::<REST>() {
                let mut wide = [0; 8];
                wide[..REST].copy_from_slice(fingerprint);
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
                let account = self.texts[number as usize].account;
                into.push((u64::from_le_bytes(wide) | highest, account, first + number));
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

/// Fingerprints that recur in at least two accounts, rising, with what every account that has them at all carries of them.
/// `recurs` says whether an account's fingerprint does.
///
/// # Errors
/// When what was put on disk cannot be read again.
pub(super) fn shared(
    runs: &[Run],
    recurs: impl Fn(u32, &Carried) -> bool + Sync,
) -> io::Result<Vec<(u64, u32, Carried)>> {
    let mut firsts = Vec::with_capacity(runs.len());
    let mut texts = 0u32;
    for run in runs {
        firsts.push(texts);
        texts = texts.saturating_add(u32::try_from(run.texts.len()).unwrap_or(u32::MAX));
    }
    let text = |number: u32| {
        let run = firsts.partition_point(|first| *first <= number) - 1;
        &runs[run].texts[(number - firsts[run]) as usize]
    };
    let of_part = |part: usize| -> io::Result<Vec<(u64, u32, Carried)>> {
        let mut all: Vec<Occurrence> = Vec::new();
        for (run, first) in runs.iter().zip(&firsts) {
            run.read(part, *first, &mut all)?;
        }
        // Counted by some bits first: what stands fewer than four times, nearly all, need not be sorted.
        let bits = (2 * all.len()).next_power_of_two().ilog2().clamp(1, 8 * REST as u32);
        let slot = |fingerprint: u64| (fingerprint << 8 >> (64 - bits)) as usize;
        let mut counts = vec![0u8; 1 << bits];
        for (fingerprint, ..) in &all {
            let count = &mut counts[slot(*fingerprint)];
            *count = (*count + 1).min(LEAST);
        }
        all.retain(|(fingerprint, ..)| counts[slot(*fingerprint)] >= LEAST);
        all.sort_unstable();
        all.dedup();
        let mut found = Vec::new();
        for same in all.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() >= usize::from(LEAST)) {
            let before = found.len();
            let mut recurring = 0;
            for own in same.chunk_by(|a, b| a.1 == b.1) {
                let mut carried = text(own[0].2).carried();
                own[1..].iter().for_each(|(_, _, number)| carried.absorb(&text(*number).carried()));
                recurring += usize::from(recurs(own[0].1, &carried));
                found.push((own[0].0, own[0].1, carried));
            }
            if recurring < 2 {
                found.truncate(before);
            }
        }
        Ok(found)
    };
    let parts: Vec<Vec<(u64, u32, Carried)>> = (0..PARTS).into_par_iter().map(of_part).collect::<io::Result<_>>()?;
    Ok(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn text(account: u32, line_no: u64) -> Text {
        let at = Origin { file_id: 1, line_no };
        Text { account, item: line_no % 3, ln_output: 7, single_turn: line_no.is_multiple_of(2), ruled: false, at }
    }

    /// Account, number of text, and fingerprints that differ in the highest byte and the lowest.
    fn texts() -> impl Strategy<Value = Vec<(u32, Vec<u64>)>> {
        let fingerprint = (0u64..3, 0u64..4).prop_map(|(high, low)| high << 56 | low);
        proptest::collection::vec((0u32..4, proptest::collection::btree_set(fingerprint, 0..6)), 0..60)
            .prop_map(|all| all.into_iter().map(|(a, set)| (a, set.into_iter().collect())).collect())
    }

    proptest! {
        #[test]
        fn what_recurs_in_two_accounts_is_found_with_all_its_carriers(all in texts(), most_held in 0usize..400, split in 0usize..60) {
            let mut expected: BTreeMap<(u64, u32), (u32, u64)> = BTreeMap::new();
            let mut runs = [Run::default(), Run::default()];
            runs.iter_mut().for_each(|run| run.most_held = most_held);
            for (n, (account, fingerprints)) in all.iter().enumerate() {
                let line = n as u64 + 1;
                runs[usize::from(n >= split)].push(&text(*account, line), fingerprints);
                for f in fingerprints {
                    let known = expected.entry((*f, *account)).or_insert((0, line));
                    *known = (known.0 + 1, known.1.min(line));
                }
            }
            let recurring = |f: u64| expected.iter().filter(|((g, _), (n, _))| *g == f && *n >= 2).count();
            let expected: Vec<_> = expected
                .iter()
                .filter(|((f, _), _)| recurring(*f) >= 2)
                .map(|((f, account), (n, line))| (*f, *account, *n, *line))
                .collect();
            let found = shared(&runs, |_, carried| carried.count >= 2).unwrap();
            let found: Vec<_> = found.into_iter().map(|(f, a, c)| (f, a, c.count, c.at.line_no)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
