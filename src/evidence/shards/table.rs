//! Rows of evidence as Parquet and as tab-separated text. Both hold the same cells.

use super::ShardError;
use super::cells::{self, Cell, Cells};
use super::columns::{COLUMNS, VERSION};
use crate::evidence::features::Unsettled;
use crate::intake::ingest::{Expands, IngestReport, Packing};
use crate::intake::settings::IngestSettings;
use polars::prelude::*;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::ParquetWriter;
use polars_io::{SerReader, parquet::read::ParallelStrategy};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use xxhash_rust::xxh3::Xxh3;

/// Rows held at once.
const BATCH_ROWS: usize = 4_096;
/// The column that tells evidence from a log.
const MARK: &str = "evidence_version";
/// What stands for nothing in tab-separated text, as Hive and Spark have it.
const NOTHING: &str = "\\N";

/// One row of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub(super) Cells);

impl Row {
    /// The account, spelt on one line; `None` for the row that says what was read.
    pub(super) fn account_id(&self) -> Option<&str> {
        self.0.text("account_id").ok().flatten()
    }

    pub(super) fn shard(&self) -> Result<&str, String> {
        self.0.text("shard")?.ok_or_else(|| "the part has no name".to_owned())
    }

    pub(super) fn made_by(&self) -> Result<&str, String> {
        self.0.text("made_by")?.ok_or_else(|| "the program has no name".to_owned())
    }

    /// Whether the row is of this version and whole.
    pub(super) fn check(&self, path: &Path) -> Result<(), ShardError> {
        let damaged = |reason: String| ShardError::Damaged { path: path.to_owned(), reason };
        let found = self.0.whole(MARK).map_err(damaged)?;
        if found != VERSION {
            return Err(ShardError::Version { path: path.to_owned(), found });
        }
        if self.0.is_whole().map_err(damaged)? { Ok(()) } else { Err(damaged("a row was changed or cut".to_owned())) }
    }
}

fn made_by(thin: u64) -> String {
    let share = if thin == 1 { String::new() } else { format!(", one fingerprint in {thin}") };
    format!("stillhunt {}{share}", env!("CARGO_PKG_VERSION"))
}

/// The rows of a part: one that says what was read, then one an account. The part is named after what is in it, so that the
/// same part is known wherever it comes from. None at all where nothing was read.
///
/// Nearly all of evidence is fingerprints. With `thin` above 1 only every so manieth is kept, chosen by its hash and so the
/// same in every part (FracMinHash, Irber and others 2022): a template of many fingerprints is still found, a short one may
/// be missed, and the evidence says so.
///
/// # Errors
/// When what was put on disk for want of memory cannot be read again.
pub fn rows(evidence: Unsettled, mut read: IngestReport, thin: u64) -> Result<Vec<Row>, ShardError> {
    if read.intake.rows_read == 0 {
        return Ok(Vec::new());
    }
    let thin = thin.max(1);
    if thin > 1 {
        read.notes.push(format!(
            "Of the fingerprints of texts one in {thin} was collected: a template is found by those, and a short one may be missed."
        ));
    }
    // Derived from counts when parts are merged.
    read.intake.notes.clear();
    read.intake.fill_rates.clear();
    let mut head = Cells::empty();
    head.put("read", Cell::Text(serde_json::to_string(&read).map_err(io::Error::other)?));
    let mut all = vec![head];
    let mut partials = evidence.partials()?;
    let texts = partials.iter_mut().flat_map(|partial| &mut partial.texts);
    texts.for_each(|text| text.fingerprints.retain(|f| f % thin == 0));
    all.extend(partials.iter().map(cells::account));
    let mut hash = Xxh3::new();
    for cells in &all {
        hash.update(line(cells).as_bytes());
    }
    let shard = format!("{:032x}", hash.digest128());
    Ok(all
        .into_iter()
        .map(|mut cells| {
            cells.seal(&made_by(thin), &shard);
            Row(cells)
        })
        .collect())
}

fn line(cells: &Cells) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Absent => NOTHING.to_owned(),
        Cell::Whole(value) => value.to_string(),
        Cell::Text(text) => text.clone(),
    };
    let mut line = cells.0.iter().map(cell).collect::<Vec<_>>().join("\t");
    line.push('\n');
    line
}

/// Writes rows as tab-separated lines, for a cluster that takes them from a task's standard output.
///
/// # Errors
/// When the output takes nothing more.
pub fn tab_separated(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    rows.iter().try_for_each(|row| out.write_all(line(&row.0).as_bytes()))?;
    out.flush()
}

/// Writes rows as a Parquet file.
///
/// # Errors
/// When the file cannot be written.
pub fn write(rows: &[Row], out: impl Write) -> Result<(), ShardError> {
    let columns = COLUMNS.iter().enumerate().map(|(i, column)| {
        let cells = rows.iter().map(|row| &row.0.0[i]);
        if column.whole {
            let values: Int64Chunked =
                cells.map(|c| if let Cell::Whole(value) = c { Some(*value) } else { None }).collect();
            values.with_name(column.name.into()).into_column()
        } else {
            let values: StringChunked =
                cells.map(|c| if let Cell::Text(text) = c { Some(text.as_str()) } else { None }).collect();
            values.with_name(column.name.into()).into_column()
        }
    });
    let mut table = DataFrame::new(rows.len(), columns.collect())?;
    ParquetWriter::new(out).with_row_group_size(Some(BATCH_ROWS)).finish(&mut table)?;
    Ok(())
}

/// Whether a file is evidence and no log.
pub fn is_shard(path: &Path) -> bool {
    let schema = || {
        let file = File::open(path).ok()?;
        std::panic::catch_unwind(|| ParquetReader::new(file).schema().ok()).ok()?
    };
    let ends_so = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    ends_so && schema().is_some_and(|schema| schema.contains(MARK))
}

/// Runs the Parquet reader on a file that anyone may have written.
fn guarded<T>(path: &Path, read: impl FnOnce() -> PolarsResult<T>) -> Result<T, ShardError> {
    let damaged = |reason: String| ShardError::Damaged { path: path.to_owned(), reason };
    let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
    read.map_err(|_| damaged("a column cannot be decoded".to_owned()))?.map_err(|e| damaged(e.to_string()))
}

/// Reads evidence row by row.
///
/// # Errors
/// When the file cannot be read or lacks a column, and what `take` returns.
pub fn read(path: &Path, take: &mut dyn FnMut(Row) -> Result<(), ShardError>) -> Result<(), ShardError> {
    let open = || File::open(path).map_err(|source| ShardError::Unreadable { path: path.to_owned(), source });
    let expands = |e: Expands| ShardError::Damaged { path: path.to_owned(), reason: e.to_string() };
    let mut reader = ParquetReader::new(open()?);
    let (schema, metadata) = guarded(path, || Ok((reader.schema()?, reader.get_metadata()?.clone())))?;
    let names = COLUMNS.map(|column| column.name.to_owned()).to_vec();
    if let Some(column) = COLUMNS.iter().find(|column| !schema.contains(column.name)) {
        return Err(ShardError::NoColumn { path: path.to_owned(), column: column.name });
    }
    let IngestSettings { batch_bytes, max_expansion, .. } = IngestSettings::default();
    let mut packing = Packing::of(&mut open()?, &metadata, &names, max_expansion).map_err(expands)?;
    let mut first = 0;
    loop {
        let slice = (first, packing.rows(first, batch_bytes as u64).min(BATCH_ROWS));
        let mut reader = ParquetReader::new(open()?).read_parallel(ParallelStrategy::Columns);
        reader.set_metadata(metadata.clone());
        // Other columns are none of ours, and may be of any kind.
        let frame = guarded(path, || reader.with_columns(Some(names.clone())).with_slice(Some(slice)).finish())?;
        if frame.height() == 0 {
            return Ok(());
        }
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for column in COLUMNS {
            let kind = if column.whole { DataType::Int64 } else { DataType::String };
            columns.push(guarded(path, || frame.column(column.name)?.strict_cast(&kind))?);
        }
        for i in 0..frame.height() {
            let mut bytes = 0;
            let mut cell = |column: &Column| {
                let text = match column.get(i) {
                    Ok(AnyValue::Int64(value)) => return Cell::Whole(value),
                    Ok(AnyValue::String(text)) => text.to_owned(),
                    Ok(AnyValue::StringOwned(text)) => text.to_string(),
                    _ => return Cell::Absent,
                };
                bytes += text.len();
                Cell::Text(text)
            };
            let row = Row(Cells(columns.iter().map(&mut cell).collect()));
            packing.take(bytes).map_err(expands)?;
            take(row)?;
        }
        first += frame.height();
    }
}
