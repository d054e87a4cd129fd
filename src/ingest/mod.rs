//! Bytes to events: nothing lost silently. Every row is kept, rejected with a reason, or a repeat of one kept.

mod inputs;
mod jsonl;
mod tables;

pub use inputs::find_inputs;

use crate::document::{FillRate, InputFile, Intake};
use crate::event::{Event, Fold, Origin};
use crate::normalise::{FieldMap, WIDTH, filled};
use crate::schema::{self, COLUMNS};
use crate::settings::IngestSettings;
use crate::visible::visible;
use inputs::Format;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// Why nothing can be read at all. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("{} does not exist; name a log file, a directory or a pattern that matches one", shown(.0))]
    NotFound(PathBuf),
    #[error(
        "no log file stands in the given directories; expected names end in .jsonl, .csv or .parquet, also with .gz or .zst"
    )]
    NoLogs,
    #[error("{} cannot be read: {source}; check its permissions", shown(path))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is a pipe or a device; copy it to a file first", shown(.0))]
    NotAFile(PathBuf),
    #[error("{} is neither JSON lines, CSV nor Parquet; convert it to one of them", shown(.0))]
    UnknownFormat(PathBuf),
    #[error("{} is damaged: {reason}; export it again, or leave it out", shown(path))]
    Damaged { path: PathBuf, reason: String },
    #[error("the field map takes {canonical} from the column {column:?}, which no row has; correct the map")]
    MissingColumn { column: String, canonical: &'static str },
    #[error(
        "no row has an account column; name it in a map file with account_id = \"...\" under [fields] and pass --map"
    )]
    NoAccountColumn,
    #[error("none of {0} rows could be read; `stillhunt check` lists the reasons")]
    NothingReadable(u64),
}

impl IngestError {
    /// Exit status: 2 for what the person asked, 3 for nothing readable, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound(_) | Self::NoLogs | Self::NotAFile(_) | Self::UnknownFormat(_) => 2,
            Self::MissingColumn { .. } | Self::NoAccountColumn => 2,
            Self::NothingReadable(_) => 3,
            Self::Unreadable { .. } | Self::Damaged { .. } => 1,
        }
    }
}

/// A path that is safe to print: characters that act are spelt out.
pub fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy())
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> IngestError {
    IngestError::Damaged { path: path.to_owned(), reason: error.to_string() }
}

/// One row that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    pub file: String,
    pub line: u64,
    pub reason: &'static str,
}

/// What was read.
#[derive(Debug, Default)]
pub struct IngestReport {
    pub intake: Intake,
    /// The first rejected rows, in order of file and line.
    pub rejects: Vec<Reject>,
    /// Rejected rows beyond those listed.
    pub rejects_unlisted: u64,
}

/// How far reading is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub files_done: usize,
    pub files_total: usize,
    pub rows: u64,
}

struct Rejection {
    line: u64,
    reason: &'static str,
}

type Parsed<'a> = Result<Event<'a>, Rejection>;

/// Everything that lasts longer than a batch.
struct Reading<F> {
    total: F,
    report: IngestReport,
    requests: HashSet<u64>,
    present: [u64; WIDTH],
    /// Bit per canonical column that had a source in some row.
    seen: u32,
    max_listed: usize,
}

impl<F: Fold> Reading<F> {
    fn reject(&mut self, path: &Path, rejection: Rejection) {
        self.report.intake.rows_rejected += 1;
        if self.report.rejects.len() < self.max_listed {
            let Rejection { line, reason } = rejection;
            self.report.rejects.push(Reject { file: shown(path), line, reason });
        } else {
            self.report.rejects_unlisted += 1;
        }
    }

    /// Takes chunks of parsed rows in their order in the file.
    fn take(&mut self, path: &Path, chunks: Vec<Vec<Parsed<'_>>>) -> u64 {
        let mut rows = 0;
        let mut kept: Vec<Vec<Event<'_>>> = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let mut events = Vec::with_capacity(chunk.len());
            for parsed in chunk {
                rows += 1;
                match parsed {
                    Err(rejection) => self.reject(path, rejection),
                    Ok(event) if self.is_repeat(&event) => self.report.intake.rows_repeated += 1,
                    Ok(event) => {
                        self.report.intake.rows_kept += 1;
                        self.present.iter_mut().zip(filled(&event)).for_each(|(n, there)| *n += u64::from(there));
                        events.push(event);
                    }
                }
            }
            kept.push(events);
        }
        self.report.intake.rows_read += rows;
        let shards: Vec<F> = kept
            .par_iter()
            .map(|events| {
                let mut shard = F::default();
                events.iter().for_each(|event| shard.push(event));
                shard
            })
            .collect();
        shards.into_iter().for_each(|shard| self.total.merge(shard));
        rows
    }

    fn is_repeat(&mut self, event: &Event<'_>) -> bool {
        let Some(request) = event.request_id.as_deref() else { return false };
        let mut hash = Xxh3::new();
        hash.update(event.account_id.as_bytes());
        hash.update(&[0]);
        hash.update(request.as_bytes());
        !self.requests.insert(hash.digest())
    }
}

/// Reads all files into one fold.
///
/// # Errors
/// See [`IngestError`]; a rejected row is no error.
pub fn read_logs<F: Fold>(
    inputs: &[PathBuf],
    map: &FieldMap,
    settings: &IngestSettings,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(F, IngestReport), IngestError> {
    let mut reading: Reading<F> = Reading {
        total: F::default(),
        report: IngestReport::default(),
        requests: HashSet::new(),
        present: [0; WIDTH],
        seen: 0,
        max_listed: settings.max_listed_rejects,
    };
    for (file_id, path) in (0u32..).zip(inputs) {
        let (sha256, bytes) = hash_file(path)?;
        let (reader, format) = inputs::open(path, settings.max_expansion)?;
        let before = reading.report.intake.rows_read;
        let said = |rows| progress(Progress { files_done: file_id as usize, files_total: inputs.len(), rows });
        match format {
            Format::Jsonl => read_jsonl(reader, file_id, path, map, settings, &mut reading, &said)?,
            Format::Csv => tables::read_csv(reader, file_id, path, map, &mut reading, &said)?,
            Format::Parquet => tables::read_parquet(file_id, path, map, &mut reading, &said)?,
        }
        let rows = reading.report.intake.rows_read - before;
        reading.report.intake.files.push(InputFile {
            path: shown(path),
            format: format.name().to_owned(),
            sha256,
            bytes,
            rows,
        });
    }
    finish(reading, map)
}

fn finish<F: Fold>(mut reading: Reading<F>, map: &FieldMap) -> Result<(F, IngestReport), IngestError> {
    let has = |column: usize| reading.seen & (1 << column) != 0;
    if reading.seen != 0 {
        for (column, source) in map.explicit() {
            if !has(*column) {
                return Err(IngestError::MissingColumn { column: source.clone(), canonical: COLUMNS[*column].name });
            }
        }
    }
    let account = COLUMNS.iter().position(|c| c.name == schema::ACCOUNT_ID).unwrap_or_default();
    let intake = &mut reading.report.intake;
    if reading.seen != 0 && !has(account) {
        return Err(IngestError::NoAccountColumn);
    }
    if intake.rows_kept == 0 {
        return Err(IngestError::NothingReadable(intake.rows_read));
    }
    let kept = intake.rows_kept as f64;
    intake.fill_rates = (COLUMNS.iter().zip(reading.present))
        .map(|(column, n)| FillRate { column: column.name.to_owned(), share: n as f64 / kept })
        .collect();
    reading.total.finish();
    Ok((reading.total, reading.report))
}

fn read_jsonl<F: Fold>(
    reader: impl Read,
    file_id: u32,
    path: &Path,
    map: &FieldMap,
    settings: &IngestSettings,
    reading: &mut Reading<F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    let mut batches = jsonl::LineBatches::new(reader, settings.batch_bytes, settings.max_line_bytes);
    while let Some(batch) = batches.next_batch().map_err(|e| damaged(path, &e))? {
        if let Some(line) = batch.overlong {
            reading.report.intake.rows_read += 1;
            reading.reject(path, Rejection { line, reason: "line too long" });
        }
        let lines: Vec<&[u8]> = batch.bytes.split(|b| *b == b'\n').collect();
        let size = lines.len().div_ceil(4 * rayon::current_num_threads()).max(64);
        let parsed: Vec<(Vec<Parsed<'_>>, u32)> = lines
            .par_chunks(size)
            .enumerate()
            .map(|(chunk, lines)| {
                let mut seen = 0;
                let first = batch.first_line + (chunk * size) as u64;
                let rows = (first..)
                    .zip(lines)
                    .filter_map(|(line_no, line)| jsonl::parse(line, Origin { file_id, line_no }, map, &mut seen))
                    .collect();
                (rows, seen)
            })
            .collect();
        reading.seen |= parsed.iter().fold(0, |all, (_, seen)| all | seen);
        reading.take(path, parsed.into_iter().map(|(rows, _)| rows).collect());
        said(reading.report.intake.rows_read);
    }
    Ok(())
}

fn hash_file(path: &Path) -> Result<(String, u64), IngestError> {
    let unreadable = |source| IngestError::Unreadable { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let n = file.read(&mut buffer).map_err(unreadable)?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
    Ok((hash.finalize().iter().map(|b| format!("{b:02x}")).collect(), bytes))
}
