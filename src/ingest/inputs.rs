//! Which files are meant, and what is in them.

use super::IngestError;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Kind of records in a file, after decompression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jsonl,
    Csv,
    Parquet,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

const ENDINGS: [&str; 6] = ["jsonl", "ndjson", "json", "log", "csv", "parquet"];

fn looks_like_a_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// Files under the given files, directories and glob patterns: sorted, each once. Links inside directories are not
/// followed; pipes and devices are refused.
pub fn find_inputs(given: &[PathBuf]) -> Result<Vec<PathBuf>, IngestError> {
    let mut found = Vec::new();
    for path in given {
        if path.exists() {
            add(path, &mut found)?;
            continue;
        }
        let pattern = path.to_string_lossy();
        let matches = if pattern.contains(['*', '?', '[']) { glob::glob(&pattern).ok() } else { None };
        let before = found.len();
        for hit in matches.into_iter().flatten() {
            let hit = hit.map_err(|e| IngestError::Unreadable { path: e.path().to_owned(), source: e.into() })?;
            add(&hit, &mut found)?;
        }
        if found.len() == before {
            return Err(IngestError::NotFound(path.clone()));
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(IngestError::NoLogs);
    }
    Ok(found)
}

fn add(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), IngestError> {
    let unreadable = |source: io::Error| IngestError::Unreadable { path: path.to_owned(), source };
    let kind = std::fs::metadata(path).map_err(unreadable)?;
    if kind.is_file() {
        found.push(path.to_owned());
    } else if kind.is_dir() {
        let mut pending = vec![path.to_owned()];
        while let Some(folder) = pending.pop() {
            let unreadable = |source: io::Error| IngestError::Unreadable { path: folder.clone(), source };
            for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let kind = entry.file_type().map_err(unreadable)?;
                if kind.is_dir() {
                    pending.push(entry.path());
                } else if kind.is_file() && looks_like_a_log(&entry.path()) {
                    found.push(entry.path());
                }
            }
        }
    } else {
        return Err(IngestError::NotAFile(path.to_owned()));
    }
    Ok(())
}

/// Reads the decompressed bytes and refuses to expand beyond what any honest log does.
struct Guarded<R> {
    inner: R,
    out: u64,
    limit: u64,
}

/// Bytes that may be read before the ratio counts.
const FREE_EXPANSION: u64 = 64 << 20;

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.out += n as u64;
        if self.out > self.limit {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "it expands beyond any honest log"));
        }
        Ok(n)
    }
}

/// Opens a file, undoes its compression, and tells its format by its first bytes.
pub(super) fn open(path: &Path, max_expansion: u64) -> Result<(Box<dyn Read>, Format), IngestError> {
    let unreadable = |source: io::Error| IngestError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let limit = file.metadata().map_err(unreadable)?.len().saturating_mul(max_expansion).max(FREE_EXPANSION);
    let (magic, file) = peek(file).map_err(unreadable)?;
    let plain: Box<dyn Read> = if magic.starts_with(&[0x1f, 0x8b]) {
        Box::new(Guarded { inner: flate2::read::MultiGzDecoder::new(file), out: 0, limit })
    } else if magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(Guarded { inner: zstd::Decoder::new(file).map_err(unreadable)?, out: 0, limit })
    } else {
        Box::new(file)
    };
    let (start, plain) = peek(plain).map_err(|e| super::damaged(path, &e))?;
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&start).trim_ascii_start();
    let format = if start.starts_with(b"PAR1") {
        Format::Parquet
    } else if text.is_empty() || text.starts_with(b"{") {
        Format::Jsonl
    } else if start.contains(&0) || text.starts_with(b"[") {
        return Err(IngestError::UnknownFormat(path.to_owned()));
    } else if path.to_string_lossy().to_lowercase().contains(".csv") || !looks_like_a_log(path) {
        Format::Csv
    } else {
        Format::Jsonl
    };
    Ok((Box::new(plain), format))
}

type Peeked<R> = (Vec<u8>, io::Chain<io::Cursor<Vec<u8>>, R>);

/// The first bytes, and a reader that still begins with them.
fn peek<R: Read>(mut reader: R) -> io::Result<Peeked<R>> {
    let mut start = Vec::new();
    reader.by_ref().take(256).read_to_end(&mut start)?;
    Ok((start.clone(), io::Cursor::new(start).chain(reader)))
}
