//! What a Parquet file is unpacked to, before any of it is. The sizes in its foot are whatever its writer says, and so the
//! heads of its pages are asked, by which its reader goes.

use super::unpacking::most_expanded;
use polars_io::parquet::metadata::FileMetadataRef;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

/// Rows held at once.
pub(crate) const BATCH_ROWS: usize = 20_000;
/// Bytes that a value comes to at least: one that is written once for all, such as nothing, is still a `null` in a list.
const LEAST_VALUE: u64 = 4;
/// Bytes that a page counts at least, so that pages of nothing are not looked for without end.
const LEAST_PAGE: u64 = 64;
/// Bytes that are read to find a page's head; if they do not hold it, sixteen times as many, up to the last.
const HEADS: [u64; 4] = [4 << 10, 64 << 10, 1 << 20, 16 << 20];

/// Rows that are packed together, and bytes of what is read of them, unpacked.
struct Group {
    rows: usize,
    bytes: u64,
}

/// What the columns of a file come to that are read.
pub(crate) struct Packing {
    groups: Vec<Group>,
    most: u64,
    taken: u64,
}

/// Why a file is refused.
#[derive(Debug)]
pub(crate) struct Expands(u64);

impl std::fmt::Display for Expands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(mib) = Self(self.0 >> 20);
        write!(
            f,
            "it expands to {mib} MiB or more, beyond any honest log of its length (if it is one, write it without compression)"
        )
    }
}

impl Packing {
    /// Of the columns `names`, which may come to so many times the length of the file.
    pub fn of(
        file: &mut File,
        metadata: &FileMetadataRef,
        names: &[String],
        max_expansion: u64,
    ) -> Result<Self, Expands> {
        let length = file.metadata().map_or(0, |about| about.len());
        let most = most_expanded(length, max_expansion);
        let mut all = 0u64;
        let mut groups = Vec::with_capacity(metadata.row_groups.len());
        for group in &metadata.row_groups {
            let before = all;
            for column in names.iter().filter_map(|name| group.columns_under_root_iter(name)).flatten() {
                all = all.saturating_add(pages(file, column.byte_range(), most - all));
                if all > most {
                    return Err(Expands(all));
                }
            }
            groups.push(Group { rows: group.num_rows(), bytes: all - before });
        }
        Ok(Self { groups, most, taken: 0 })
    }

    /// Counts bytes of rows that were unpacked: one text that all rows point to stands in the file once.
    pub fn take(&mut self, bytes: usize) -> Result<(), Expands> {
        self.taken = self.taken.saturating_add(bytes as u64);
        if self.taken > self.most { Err(Expands(self.taken)) } else { Ok(()) }
    }

    /// Rows from `first` on that may be held at once: [`BATCH_ROWS`], or fewer where they are long.
    pub fn rows(&self, first: usize, most_bytes: u64) -> usize {
        let (mut skipped, mut rows, mut left) = (first, 0, most_bytes);
        for group in &self.groups {
            let here = group.rows.saturating_sub(skipped);
            skipped -= skipped.min(group.rows);
            let mean = group.bytes.div_ceil(group.rows.max(1) as u64).max(1);
            let fitting = usize::try_from(left / mean).unwrap_or(usize::MAX);
            rows += here.min(fitting).min(BATCH_ROWS - rows);
            if fitting < here || rows == BATCH_ROWS {
                break;
            }
            left -= mean * here as u64;
        }
        rows.max(1)
    }
}

/// Bytes that the pages of one column of a group are unpacked to, as far as `most`.
fn pages(file: &mut File, range: Range<u64>, most: u64) -> u64 {
    let (mut at, mut all) = (range.start, 0u64);
    let mut buffer = Vec::new();
    while at < range.end && all <= most {
        let mut head = None;
        for bytes in HEADS {
            buffer.clear();
            let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.take(bytes).read_to_end(&mut buffer));
            head = Head::read(&buffer);
            if head.is_some() || read.is_ok_and(|n| (n as u64) < bytes) {
                break;
            }
            if bytes == HEADS[HEADS.len() - 1] {
                return u64::MAX;
            }
        }
        // What is no page is the reader's to tell.
        let Some(Head { length, packed, unpacked, values }) = head else { break };
        all = all.saturating_add(unpacked.max(values.saturating_mul(LEAST_VALUE)).max(LEAST_PAGE));
        at = at.saturating_add(length).saturating_add(packed);
    }
    all
}

/// The head of a page: its own length, and what it says of the page.
#[derive(Debug, Default, PartialEq, Eq)]
struct Head {
    length: u64,
    packed: u64,
    unpacked: u64,
    values: u64,
}

impl Head {
    /// `None` where it is cut or none.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (mut rest, mut head) = (Compact(bytes), Self::default());
        rest.fields(0, &mut |rest, id, kind| {
            match (id, kind) {
                (2, Compact::I32) => head.unpacked = rest.count()?,
                (3, Compact::I32) => head.packed = rest.count()?,
                // Of a page of data, of a dictionary, and of the second kind of data.
                (5 | 7 | 8, Compact::STRUCT) => rest.fields(1, &mut |rest, id, kind| {
                    let counts = (id, kind) == (1, Compact::I32);
                    if counts {
                        head.values = rest.count()?;
                    }
                    Some(counts)
                })?,
                _ => return Some(false),
            }
            Some(true)
        })?;
        head.length = (bytes.len() - rest.0.len()) as u64;
        Some(head)
    }
}

/// Thrift in its compact protocol, of which no more is known than to find numbers in it.
struct Compact<'b>(&'b [u8]);

/// What takes a field by its number and kind; `Some(false)` leaves it to be skipped.
type Take<'t, 'b> = &'t mut dyn FnMut(&mut Compact<'b>, i64, u8) -> Option<bool>;

impl<'b> Compact<'b> {
    const I32: u8 = 5;
    const STRUCT: u8 = 12;
    /// Structures inside of each other, of which a page has two or three.
    const DEEPEST: u8 = 16;

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn skip_bytes(&mut self, n: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(n).ok()?..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A number below nothing is none.
    fn count(&mut self) -> Option<u64> {
        u64::try_from(self.signed()?).ok()
    }

    fn fields(&mut self, depth: u8, take: Take<'_, 'b>) -> Option<()> {
        let mut id = 0i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = if head >> 4 == 0 { self.signed()? } else { id.checked_add((head >> 4).into())? };
            if !take(self, id, head & 0xf)? {
                self.skip(head & 0xf, depth)?;
            }
        }
    }

    fn skip(&mut self, kind: u8, depth: u8) -> Option<()> {
        let deeper = Some(depth + 1).filter(|depth| *depth < Self::DEEPEST)?;
        match kind {
            // The kind says which truth it is.
            1 | 2 => Some(()),
            3 => self.skip_bytes(1),
            4..=6 => self.unsigned().map(|_| ()),
            7 => self.skip_bytes(8),
            8 => self.unsigned().and_then(|n| self.skip_bytes(n)),
            9 | 10 => {
                let head = self.byte()?;
                let n = if head >> 4 == 15 { self.unsigned()? } else { (head >> 4).into() };
                (0..n).try_for_each(|_| self.skip_one(head & 0xf, deeper))
            }
            11 => {
                let n = self.unsigned()?;
                let kinds = if n == 0 { 0 } else { self.byte()? };
                (0..n).try_for_each(|_| {
                    self.skip_one(kinds >> 4, deeper)?;
                    self.skip_one(kinds & 0xf, deeper)
                })
            }
            Self::STRUCT => self.fields(deeper, &mut |_, _, _| Some(false)),
            _ => None,
        }
    }

    /// One of several: there a truth has a byte of its own.
    fn skip_one(&mut self, kind: u8, depth: u8) -> Option<()> {
        if matches!(kind, 1 | 2) { self.skip_bytes(1) } else { self.skip(kind, depth) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_head_of_a_page_is_read_and_what_stands_behind_it_is_not() {
        // A page of data: 0, 100 bytes, 20 packed, a checksum, 9 values with statistics of a text.
        let head = [
            0x15, 0, 0x15, 0xc8, 1, 0x15, 40, 0x15, 2, 0x1c, 0x15, 18, 0x15, 0, 0x3c, 0x18, 2, b'a', b'b', 0, 0, 0, 7,
            7,
        ];
        let found = Head::read(&head).unwrap();
        assert_eq!(found, Head { length: 22, packed: 20, unpacked: 100, values: 9 });
        assert!((0..22).all(|end| Head::read(&head[..end]).is_none()));
    }

    #[test]
    fn fewer_rows_are_held_where_they_are_long() {
        let groups = [(100, 1_000), (50, 50_000), (1_000_000, 1_000_000)].map(|(rows, bytes)| Group { rows, bytes });
        let packing = Packing { groups: groups.into(), most: 0, taken: 0 };
        assert_eq!(packing.rows(0, 10), 1);
        assert_eq!(packing.rows(0, 500), 50);
        assert_eq!(packing.rows(0, 3_000), 102);
        assert_eq!(packing.rows(100, 3_000), 3);
        assert_eq!(packing.rows(150, 3_000), 3_000);
        assert_eq!(packing.rows(150, 1 << 20), BATCH_ROWS);
        assert_eq!(packing.rows(2_000_000, 3_000), 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_head_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Head::read(&bytes).is_none_or(|head| head.length <= bytes.len() as u64));
        }
    }
}
