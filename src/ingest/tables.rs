//! CSV and Parquet: rows of cells under named columns.

use super::rows::{Outcome, Parsed, Plan, Rejection, finish, offer};
use super::{IngestError, Reading, damaged};
use crate::event::{Fold, Origin};
use crate::normalise::{FieldMap, Row};
use polars::prelude::*;
use polars_io::parquet::read::ParquetReader;
use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Rows held at once.
const BATCH_ROWS: usize = 20_000;

pub(super) fn read_csv<F: Fold>(
    reader: impl Read,
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    reading: &mut Reading<'_, F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    // All rows of a table have its columns: the first map is theirs.
    let (format, map) = plan.maps[0];
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let header = csv.byte_headers().map_err(|e| damaged(path, &e))?.clone();
    let name = |i: usize, bytes: &[u8]| {
        let bytes = if i == 0 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        String::from_utf8_lossy(bytes).into_owned()
    };
    let slots: Vec<Option<usize>> = header.iter().enumerate().map(|(i, n)| map.find(&name(i, n))).collect();
    let mut records = Vec::with_capacity(BATCH_ROWS);
    loop {
        let mut record = csv::ByteRecord::new();
        let more = csv.read_byte_record(&mut record).map_err(|e| damaged(path, &e))?;
        if more {
            records.push(record);
        }
        if records.len() < BATCH_ROWS && more {
            continue;
        }
        let mut seen = 0;
        let parsed: Vec<Parsed<'_>> = records
            .iter()
            .map(|record| {
                let line = record.position().map_or(0, csv::Position::line);
                parse_record(record, Origin { file_id, line_no: line }, (format, map), &slots, &mut seen)
                    .map_err(|reason| Rejection { line, reason })
            })
            .collect();
        reading.seen |= seen;
        reading.take(path, vec![parsed])?;
        said(reading.report.intake.rows_read);
        records.clear();
        if !more {
            return Ok(());
        }
    }
}

fn parse_record<'a>(
    record: &'a csv::ByteRecord,
    origin: Origin,
    (format, map): (usize, &FieldMap),
    slots: &[Option<usize>],
    seen: &mut u64,
) -> Result<Outcome<'a>, &'static str> {
    if record.len() != slots.len() {
        return Err("wrong number of cells");
    }
    let mut row = Row::new();
    for (cell, slot) in record.iter().zip(slots) {
        let Some(slot) = slot else { continue };
        let cell = std::str::from_utf8(cell).map_err(|_| "invalid UTF-8")?;
        offer(&mut row, map, *slot, Cow::Borrowed(cell), false)?;
    }
    *seen |= row.seen;
    finish(row, origin, format, map)
}

pub(super) fn read_parquet<F: Fold>(
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    reading: &mut Reading<'_, F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    let (format, map) = plan.maps[0];
    let open = || File::open(path).map_err(|source| IngestError::Unreadable { path: path.to_owned(), source });
    let schema = ParquetReader::new(open()?).schema().map_err(|e| damaged(path, &e))?;
    let mapped: Vec<(String, usize)> =
        schema.iter_names().filter_map(|name| map.find(name).map(|slot| (name.to_string(), slot))).collect();
    if mapped.is_empty() {
        return Err(reading.no_account());
    }
    let names: Vec<String> = mapped.iter().map(|(name, _)| name.clone()).collect();
    let mut first = 0;
    loop {
        let frame = ParquetReader::new(open()?)
            .with_columns(Some(names.clone()))
            .with_slice(Some((first, BATCH_ROWS)))
            .finish()
            .map_err(|e| damaged(path, &e))?;
        let height = frame.height();
        if height == 0 {
            return Ok(());
        }
        let mut cells: Vec<(usize, StringChunked)> = Vec::with_capacity(mapped.len());
        for (name, slot) in &mapped {
            let column = frame.column(name).and_then(as_text).map_err(|e| damaged(path, &e))?;
            cells.push((*slot, column));
        }
        let mut seen = 0;
        let parsed: Vec<Parsed<'_>> = (0..height)
            .map(|i| {
                let line_no = (first + i + 1) as u64;
                let mut row = Row::new();
                cells
                    .iter()
                    .try_for_each(|(slot, column)| {
                        offer(&mut row, map, *slot, Cow::Borrowed(column.get(i).unwrap_or_default()), false)
                    })
                    .and_then(|()| {
                        seen |= row.seen;
                        finish(row, Origin { file_id, line_no }, format, map)
                    })
                    .map_err(|reason| Rejection { line: line_no, reason })
            })
            .collect();
        reading.seen |= seen;
        reading.take(path, vec![parsed])?;
        said(reading.report.intake.rows_read);
        first += height;
    }
}

/// Names of the columns of a Parquet file.
pub(super) fn parquet_columns(path: &Path) -> Result<Vec<String>, IngestError> {
    let file = File::open(path).map_err(|source| IngestError::Unreadable { path: path.to_owned(), source })?;
    let schema = ParquetReader::new(file).schema().map_err(|e| damaged(path, &e))?;
    Ok(schema.iter_names().map(ToString::to_string).collect())
}

/// A column as text; times become epoch microseconds, which the reader of timestamps knows by their magnitude.
fn as_text(column: &Column) -> PolarsResult<StringChunked> {
    let column = match column.dtype() {
        DataType::Datetime(_, zone) => {
            column.cast(&DataType::Datetime(TimeUnit::Microseconds, zone.clone()))?.cast(&DataType::Int64)?
        }
        _ => column.clone(),
    };
    Ok(column.cast(&DataType::String)?.str()?.clone())
}
