//! Bytes to events: nothing lost silently. Every row is kept, rejected with a reason, or a repeat of one kept.

mod custody;
mod elements;
mod endings;
mod envelope;
mod expand;
mod facts;
mod finding;
mod foreign;
mod inputs;
mod joins;
mod jsonl;
mod kept;
mod lines;
mod located;
mod meetings;
mod packed;
mod part;
mod reading;
mod repeats;
mod report;
mod rows;
mod sorted;
mod stream;
mod tables;
mod twins;
mod unpacking;

pub use custody::hash_file;
pub use facts::{ExportedFacts, Usage};
pub use finding::{Inputs, NOT_READ, find_inputs};
pub use lines::Lines;
pub(crate) use packed::{Expands, Packing};
pub use reading::FirstRecord;
pub use report::{IngestReport, Reject, Reused};
pub use tables::delimiter;
pub use unpacking::unpacked;

use crate::document::InputFile;
use crate::document::visible::visible;
use crate::intake::event::{Fold, Origin};
use crate::intake::formats::{Detected, Formats, Role};
use crate::intake::normalise::FieldMap;
use crate::intake::settings::IngestSettings;
use custody::{Custody, Held};
use envelope::Envelope;
use expand::Expansion;
use inputs::{Container, Opened};
use rayon::prelude::*;
use reading::Reading;
use rows::{CUT_OFF, Parsed, Plan, Rejection, TOO_LONG};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Why nothing can be read at all. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error("{} does not exist; name a log file, a directory or a pattern that matches one", shown(.0))]
    NotFound(PathBuf),
    #[error(
        "there is no log file among what was given; expected names end in .jsonl, .csv or .parquet, also with .gz or .zst{0}"
    )]
    NoLogs(String),
    #[error(
        "- is no file; rows from standard input are read by `stillhunt collect --stdin`, and its output by the others"
    )]
    Stdin,
    #[error("{} is a link to what is not there; mend it, or leave it out", shown(.0))]
    Dangling(PathBuf),
    #[error("{} cannot be read: {source}; check its permissions", shown(path))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} cannot be read behind byte {at}: {source}; read it from another copy", shown(path))]
    BrokenOff { path: PathBuf, at: u64, source: io::Error },
    #[error("{} is a pipe or a device; copy it to a file first", shown(.0))]
    NotAFile(PathBuf),
    #[error("{} is neither JSON lines, CSV nor Parquet\nhint: convert it to one of them", shown(.0))]
    UnknownFormat(PathBuf),
    #[error("{} is {kind}, which is not read\nhint: {remedy}", shown(path))]
    Foreign { path: PathBuf, kind: &'static str, remedy: &'static str },
    #[error("{} is text in UTF-16; convert it, as by `iconv -f UTF-16 -t UTF-8`", shown(.0))]
    Utf16(PathBuf),
    #[error("the column {} stands more than once in {}; name one of them otherwise", visible(column), shown(path))]
    Doubled { path: PathBuf, column: String },
    #[error(
        "the column {} of {} is of the type {kind}, which is not read; make a number or a text of it, or leave it out by a map \
         (an empty source turns a column off)",
        visible(column),
        shown(path)
    )]
    UnreadType { path: PathBuf, column: String, kind: String },
    #[error("{} is damaged: {reason}; export it again, or leave it out", shown(path))]
    Damaged { path: PathBuf, reason: String },
    #[error("{} changed while it was read; copy it to where nothing writes, and read the copy", shown(.0))]
    Changed(PathBuf),
    #[error(
        "reading takes {} MiB after {rows} rows, more than the limit of {} MiB: what is known of each account has to be in \
         memory; raise --memory-limit, or read less at once",
        bytes >> 20,
        limit >> 20
    )]
    OverMemory { limit: u64, bytes: u64, rows: u64 },
    #[error("the map takes {absent}, and no row has such a column; correct the map{seen}")]
    MissingColumn { absent: String, seen: String },
    #[error(
        "no row has an account column; name it with --account-field, or in a map file with account_id = \"...\" under [fields] and pass --map{hint}"
    )]
    NoAccountColumn { hint: String },
    #[error("no column {field:?}{near}; name another with --account-field{hint}")]
    NoAccountField { field: String, near: String, hint: String },
    #[error("none of {rows} rows could be read{hint}")]
    NothingReadable { rows: u64, hint: String },
    #[error("{} cannot be read: {why}", shown(path))]
    Refused { path: PathBuf, why: String },
    #[error("there is no format {0:?}; `stillhunt formats` lists them")]
    UnknownName(String),
    #[error("rows that wait for their partners cannot be kept on disk: {0}; make room in the temporary folder")]
    Waiting(io::Error),
    #[error("evidence that was put on disk cannot be read again: {0}; make room in the temporary folder")]
    Spilled(io::Error),
    #[error("a format that ships with this program is broken: {0}; report it")]
    Shipped(#[from] crate::intake::normalise::MapError),
}

impl IngestError {
    /// Exit status: 2 for what the person asked, 3 for nothing readable, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound(_) | Self::NoLogs(_) | Self::NotAFile(_) => 2,
            Self::UnknownFormat(_) | Self::Foreign { .. } => 2,
            Self::Stdin | Self::Dangling(_) | Self::Utf16(_) => 2,
            Self::Doubled { .. } | Self::UnreadType { .. } => 1,
            Self::MissingColumn { .. } | Self::NoAccountColumn { .. } | Self::NoAccountField { .. } => 2,
            Self::UnknownName(_) => 2,
            Self::NothingReadable { .. } | Self::Refused { .. } => 3,
            Self::Unreadable { .. } | Self::BrokenOff { .. } | Self::Damaged { .. } | Self::Changed(_) => 1,
            Self::Waiting(_) | Self::Spilled(_) | Self::Shipped(_) | Self::OverMemory { .. } => 1,
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

/// How far reading is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    pub files_done: usize,
    pub files_total: usize,
    pub rows: u64,
}

/// Reads all files into one fold. Without sources of its own in `map`, each file is read as the format that its first
/// rows show.
///
/// # Errors
/// See [`IngestError`]; a rejected row is no error.
pub fn read_logs<F: Fold>(
    inputs: &[PathBuf],
    map: &FieldMap,
    settings: &IngestSettings,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(F, IngestReport), IngestError> {
    let formats = Formats::with(map, settings.account_field.as_deref())?;
    let mut plans = Vec::with_capacity(inputs.len());
    let mut envelopes = Vec::with_capacity(inputs.len());
    let mut columns = BTreeSet::new();
    for path in inputs {
        let opened = inputs::look(path, settings.max_expansion)?;
        let (found, envelope) = plan(&opened, settings, &formats)?;
        plans.push(found);
        envelopes.push(envelope);
        columns.extend(inputs::names(&opened.rows));
    }
    let mut reading: Reading<F> = Reading::new(&formats, settings, inputs, &plans);
    reading.report.columns = columns;
    for (((file_id, path), found), envelope) in (0u32..).zip(inputs).zip(&plans).zip(envelopes) {
        let custody = Custody::take(path)?;
        let Opened { reader, container, rows, remark } =
            inputs::opened(path, custody.reader(), custody.bytes(), settings.max_expansion)?;
        let (name, reason, plan) = match found {
            Some(found) => {
                let format = &formats.list[found.format];
                let plan = Plan::of(&formats, found.format);
                (format!("{} ({})", format.name, container.name()), found.reason.clone(), plan)
            }
            None => {
                if envelope.is_none() {
                    reading.unmapped(rows.first());
                }
                let plan = Plan::of(&formats, formats.list.len());
                (container.name().to_owned(), String::new(), plan)
            }
        };
        if let Some(remark) = remark {
            reading.no_list(path, &remark, matches!(container, Container::Document { .. }));
        }
        let reason = envelope.map_or_else(|| reason.clone(), |envelope| envelope.told(&reason));
        let inside = envelope.map(Expansion::Inside);
        let before = reading.report.intake.rows_read;
        let said = |rows| progress(Progress { files_done: file_id as usize, files_total: inputs.len(), rows });
        reading.format = found.as_ref().map_or(formats.list.len(), |found| found.format);
        if let Role::Refused(why) = &plan.role {
            reading.refuse(path, why);
        }
        let read = match container {
            Container::Csv(sign) => tables::read_csv(reader, sign, file_id, path, &plan, settings, &mut reading, &said),
            Container::Parquet => custody
                .exhaust(path)
                .and_then(|()| tables::read_parquet(file_id, path, &plan, settings, &mut reading, &said)),
            Container::Document { under, messages } => {
                let expansion = if messages { Some(Expansion::Messages) } else { inside };
                read_document(reader, under, expansion, file_id, path, &plan, settings, &mut reading, &said)
            }
            Container::Jsonl | Container::Text => {
                let expansion =
                    (container == Container::Text && plan.role == Role::Calls).then_some(Expansion::Combined);
                read_lines(reader, file_id, path, &plan, expansion.or(inside), settings, &mut reading, &said)
            }
        };
        let Held { sha256, bytes, grew } = custody.release(path, container == Container::Parquet, read)?;
        reading.report.notes.extend(grew);
        let rows = reading.report.intake.rows_read - before;
        reading.report.intake.files.push(InputFile { path: shown(path), format: name, reason, sha256, bytes, rows });
    }
    reading.finish()
}

/// Rows from a stream that names the place of each: `ROW <tab> FILE <tab> LINE`. A cluster that scans a table hands rows to
/// its tasks so; a row without a place stands in `standard input`, in the order of the stream. What was read of each file,
/// in order of their names; files have neither hash nor length, for nobody here has seen them whole.
///
/// # Errors
/// As [`read_logs`], but rows that cannot be read are rejected, be it all of them: what a task sees is not the log.
pub fn read_stream<F: Fold>(
    stream: impl Read,
    map: &FieldMap,
    settings: &IngestSettings,
) -> Result<Vec<(F, IngestReport)>, IngestError> {
    stream::read(stream, map, settings)
}

/// What a file is read as, and what stands around its rows; `None` for the map that was passed, or the generic one.
fn plan(
    opened: &Opened,
    settings: &IngestSettings,
    formats: &Formats,
) -> Result<(Option<Detected>, Option<Envelope>), IngestError> {
    if let Some(name) = &settings.format {
        let format = formats.named(name).ok_or_else(|| IngestError::UnknownName(name.clone()))?;
        return Ok((Some(Detected { format, reason: "asked for".to_owned() }), None));
    }
    let rows: Vec<&str> = opened.rows.iter().map(String::as_str).collect();
    let table = matches!(opened.container, Container::Csv(_) | Container::Parquet);
    let found = formats.told(&rows).filter(|found| !table || formats.list[found.format].role != Role::Facts);
    // A map of one's own names what it takes by its path.
    if found.is_some() || table || formats.passed().is_some() || formats.reads(&rows) {
        return Ok((found, None));
    }
    let reads = |rows: &[&str]| formats.told(rows).is_some() || formats.reads(rows);
    Ok(envelope::envelope(&rows, reads).map_or((None, None), |(envelope, inner)| {
        let inner: Vec<&str> = inner.iter().map(String::as_str).collect();
        (formats.told(&inner), Some(envelope))
    }))
}

/// The line on which a record starts, and where it stands among the bytes.
type Record = (u64, Range<usize>);

#[allow(clippy::too_many_arguments)]
fn read_lines<F: Fold>(
    reader: impl Read + Send,
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    expansion: Option<Expansion>,
    settings: &IngestSettings,
    reading: &mut Reading<'_, F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    let mut batches = jsonl::LineBatches::new(reader, settings.batch_bytes, settings.max_line_bytes);
    let mut next = batches.next_batch();
    let mut last: Vec<u8> = Vec::new();
    while let Some(batch) = next.map_err(|e| located::failed(path, e))? {
        if let Some(line) = batch.overlong {
            reading.reject_row(path, Rejection { line, reason: TOO_LONG });
        }
        let mut start = 0;
        let mut records: Vec<Record> = Vec::new();
        for (end, line) in memchr::memchr_iter(b'\n', &batch.bytes).chain([batch.bytes.len()]).zip(batch.first_line..) {
            // Whether a line can be held depends on its own length, not on how it falls into batches.
            if end - start > settings.max_line_bytes {
                reading.reject_row(path, Rejection { line, reason: TOO_LONG });
            } else if end > start {
                // An empty line is none: to name it would take more than twenty times its bytes.
                records.push((line, start..end));
            }
            start = end + 1;
        }
        if let Some((_, range)) = records.last().filter(|(_, range)| range.end == batch.bytes.len()) {
            // Only the last line of a file may lack its end.
            last = batch.bytes[range.clone()].to_vec();
        }
        let taken;
        // Reading and decompressing are done by one thread, while the others work on what it has read.
        (taken, next) = rayon::join(
            || take_records(&batch.bytes, &records, file_id, path, plan, expansion, reading),
            || batches.next_batch(),
        );
        taken?;
        batches.reuse(batch.bytes);
        said(reading.report.intake.rows_read);
    }
    if serde_json::from_slice::<serde::de::IgnoredAny>(&last).is_err_and(|e| !last.is_empty() && e.is_eof()) {
        reading.cut_off(path);
    }
    Ok(())
}

#[allow(clippy::too_many_arguments)]
fn read_document<F: Fold>(
    reader: impl Read,
    under: Option<&'static str>,
    expansion: Option<Expansion>,
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    settings: &IngestSettings,
    reading: &mut Reading<'_, F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    let spans = plan.maps.iter().any(|(i, _)| plan.formats.list.get(*i).is_some_and(|f| f.name == "otlp-genai"));
    let expansion = expansion.or(spans.then_some(Expansion::Spans));
    let mut elements = elements::Elements::new(reader, settings.batch_bytes, settings.max_line_bytes).under(under);
    while let Some(batch) = elements.next_batch().map_err(|e| located::failed(path, e))? {
        batch.problems.iter().for_each(|problem| reading.reject_row(path, *problem));
        if batch.problems.iter().any(|problem| problem.reason == CUT_OFF) {
            reading.cut_off(path);
        }
        take_records(&batch.bytes, &batch.records, file_id, path, plan, expansion, reading)?;
        said(reading.report.intake.rows_read);
    }
    Ok(())
}

/// Parses records in parallel, in chunks that do not depend on the number of threads' timing, and takes them in order.
fn take_records<F: Fold>(
    bytes: &[u8],
    records: &[Record],
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    expansion: Option<Expansion>,
    reading: &mut Reading<'_, F>,
) -> Result<(), IngestError> {
    let size = records.len().div_ceil(4 * rayon::current_num_threads()).max(64);
    let expanded: Vec<elements::Batch> = match expansion {
        None => Vec::new(),
        Some(how) => records.par_chunks(size).map(|some| expand::expand(how, bytes, some, plan)).collect(),
    };
    let chunks: Vec<(&[u8], &[Record])> = match expansion {
        None => records.chunks(size).map(|some| (bytes, some)).collect(),
        Some(_) => expanded.iter().map(|batch| (batch.bytes.as_slice(), batch.records.as_slice())).collect(),
    };
    for problem in expanded.iter().flat_map(|batch| &batch.problems) {
        reading.reject_row(path, *problem);
    }
    let parsed: Vec<(Vec<Parsed<'_>>, u64)> = chunks
        .par_iter()
        .map(|(bytes, some)| {
            let mut seen = 0;
            let parse = |(line_no, range): &Record| {
                jsonl::parse(&bytes[range.clone()], Origin { file_id, line_no: *line_no }, plan, &mut seen)
            };
            (some.iter().filter_map(parse).collect(), seen)
        })
        .collect();
    reading.seen |= parsed.iter().fold(0, |all, (_, seen)| all | seen);
    reading.take(path, parsed.into_iter().map(|(rows, _)| rows).collect())
}
