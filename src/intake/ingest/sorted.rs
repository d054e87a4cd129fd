//! Rows in order of their keys, sorted on disk where they are many. Keys are compared and never hashed, so that nobody can
//! choose keys that have to be in memory together.

use super::IngestError;
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// Sorted files that are made one, so that few are open however many rows wait.
const RUNS: usize = 32;

/// Where a row and its key stand: the key from `start`, the row from `row` to `end`.
struct Held {
    start: usize,
    row: usize,
    end: usize,
}

/// What takes a key and a row.
type Each<'e> = &'e mut dyn FnMut(&[u8], &[u8]) -> Result<(), IngestError>;

/// Rows that wait.
pub(super) struct Sorted {
    bytes: Vec<u8>,
    held: Vec<Held>,
    limit: usize,
    /// Sorted files, by how often their rows were merged.
    files: Vec<Vec<File>>,
}

impl Sorted {
    /// Rows wait in memory up to `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), held: Vec::new(), limit, files: Vec::new() }
    }

    pub fn push(&mut self, key: &[u8], row: &impl Serialize) -> Result<(), IngestError> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let row_at = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, row).map_err(|e| IngestError::Waiting(e.into()))?;
        self.held.push(Held { start, row: row_at, end: self.bytes.len() });
        if self.bytes.len() + size_of_val(self.held.as_slice()) > self.limit { self.spill() } else { Ok(()) }
    }

    fn sort(&mut self) {
        let bytes = &self.bytes;
        self.held.sort_by(|a, b| bytes[a.start..a.row].cmp(&bytes[b.start..b.row]));
    }

    fn spill(&mut self) -> Result<(), IngestError> {
        self.sort();
        let mut file = Written::new()?;
        for Held { start, row, end } in self.held.drain(..) {
            file.put(&self.bytes[start..row], &self.bytes[row..end])?;
        }
        self.bytes.clear();
        let mut whole = file.done()?;
        for level in 0.. {
            if self.files.len() == level {
                self.files.push(Vec::new());
            }
            self.files[level].push(whole);
            if self.files[level].len() < RUNS {
                break;
            }
            let mut file = Written::new()?;
            merge(std::mem::take(&mut self.files[level]), &mut |key, row| file.put(key, row))?;
            whole = file.done()?;
        }
        Ok(())
    }

    /// Hands over all rows in order of their keys.
    pub fn each(mut self, each: Each<'_>) -> Result<(), IngestError> {
        if !self.files.is_empty() {
            self.spill()?;
            self.bytes = Vec::new();
            return merge(self.files.into_iter().flatten().collect(), each);
        }
        self.sort();
        self.held.iter().try_for_each(|h| each(&self.bytes[h.start..h.row], &self.bytes[h.row..h.end]))
    }
}

/// A sorted file that is being written.
struct Written(BufWriter<File>);

impl Written {
    fn new() -> Result<Self, IngestError> {
        tempfile::tempfile().map(|file| Self(BufWriter::new(file))).map_err(IngestError::Waiting)
    }

    fn put(&mut self, key: &[u8], row: &[u8]) -> Result<(), IngestError> {
        let parts = [&(key.len() as u64).to_le_bytes()[..], &(row.len() as u64).to_le_bytes(), key, row];
        parts.iter().try_for_each(|part| self.0.write_all(part)).map_err(IngestError::Waiting)
    }

    fn done(self) -> Result<File, IngestError> {
        self.0.into_inner().map_err(|e| IngestError::Waiting(e.into_error()))
    }
}

/// A sorted file, and the row that is next.
struct Run {
    rows: BufReader<File>,
    key: Vec<u8>,
    row: Vec<u8>,
}

impl Run {
    /// `None` where no row is left.
    fn of(mut file: File) -> io::Result<Option<Self>> {
        file.seek(SeekFrom::Start(0))?;
        let mut run = Self { rows: BufReader::new(file), key: Vec::new(), row: Vec::new() };
        Ok(run.goes_on()?.then_some(run))
    }

    fn goes_on(&mut self) -> io::Result<bool> {
        if self.rows.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut lengths = [[0; 8]; 2];
        for length in &mut lengths {
            self.rows.read_exact(length)?;
        }
        for (length, into) in lengths.into_iter().zip([&mut self.key, &mut self.row]) {
            let length = u64::from_le_bytes(length);
            into.clear();
            if self.rows.by_ref().take(length).read_to_end(into)? as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(true)
    }
}

fn merge(files: Vec<File>, each: Each<'_>) -> Result<(), IngestError> {
    let runs = files.into_iter().filter_map(|file| Run::of(file).transpose());
    let mut runs = runs.collect::<io::Result<Vec<Run>>>().map_err(IngestError::Waiting)?;
    while let Some(least) = (0..runs.len()).min_by(|a, b| runs[*a].key.cmp(&runs[*b].key)) {
        let run = &mut runs[least];
        each(&run.key, &run.row)?;
        if !run.goes_on().map_err(IngestError::Waiting)? {
            runs.remove(least);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_come_in_order_of_their_keys_whether_they_wait_on_disk_or_not(
            keys in proptest::collection::vec("[a-c]{0,3}", 0..200),
            limit in 0usize..2_000,
        ) {
            let mut sorted = Sorted::new(limit);
            keys.iter().enumerate().for_each(|(i, key)| sorted.push(key.as_bytes(), &i).unwrap());
            let mut found: Vec<(String, usize)> = Vec::new();
            let take = &mut |key: &[u8], row: &[u8]| {
                found.push((String::from_utf8(key.to_vec()).unwrap(), serde_json::from_slice(row).unwrap()));
                Ok(())
            };
            sorted.each(take).unwrap();
            prop_assert!(found.is_sorted_by(|a, b| a.0 <= b.0));
            found.sort();
            let mut expected: Vec<(String, usize)> = keys.into_iter().enumerate().map(|(i, key)| (key, i)).collect();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
