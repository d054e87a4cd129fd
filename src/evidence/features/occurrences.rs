//! Where fingerprints stood. A text of a kilobyte has some forty, nearly all of which stand nowhere else, and which of them
//! matter is known only when the whole log was read: those that recur in several accounts. Until then each is kept as eight
//! or nine bytes, beyond a limit on disk.

use super::Carried;
use super::calls::Starts;
use super::preambles::Preambles;
use super::tally::Halves;
use crate::evidence::pieces::Pieces;
use crate::intake::event::{Origin, Place};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::Mutex;

/// Fingerprints are dealt into parts by their lowest byte, so that one part at a time can be added up. The highest tells
/// little: winnowing keeps the least hashes.
pub(super) const PARTS: usize = 256;
/// Bytes of a fingerprint that its part does not tell already.
pub(super) const REST: usize = 7;
/// Bytes of occurrences that a run holds in memory until it is told otherwise. Lists grow by doubling and take up to twice that.
const SPILL_BYTES: usize = 8 << 20;
/// Starts of calls may take this part of as much.
const OF_STARTS: usize = 4;
/// Bytes that are written at once: parts of a few kilobytes each, one by one, would ask the system for each.
const WRITTEN: usize = 1 << 18;

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
pub(super) struct Packed {
    item: u64,
    at: Place,
    pub account: u32,
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

    pub fn carried(&self) -> Carried {
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
    pub prefaced: Pieces<(u32, u32)>,
    /// Whether accounts count its texts already.
    counted: bool,
    pub texts: Pieces<Packed>,
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
pub(super) type Occurrence = (Halves, u32);

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
    pub fn bytes(&self, part: usize) -> usize {
        let Part { bytes, spilled, .. } = &self.parts[part];
        bytes.len() + spilled.iter().map(|(_, length)| length).sum::<usize>()
    }

    /// Takes a part out, texts numbered from `first` and rising.
    pub fn read(&self, part: usize, first: u32, mut take: impl FnMut(Occurrence)) -> io::Result<()> {
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
