//! CSV and Parquet: rows of cells under named columns.

use super::lines::Lines;
use super::located::{failed, is_located};
use super::packed::{BATCH_ROWS, Packing};
use super::rows::{NO_UTF8, Outcome, Parsed, Plan, REFUSED, Rejection, TOO_LONG, finish, offer};
use super::unpacking::most_expanded;
use super::{IngestError, Reading, damaged};
use crate::intake::event::{Fold, Origin};
use crate::intake::formats::Role;
use crate::intake::normalise::{FieldMap, Row};
use crate::intake::settings::IngestSettings;
use polars::prelude::*;
use polars_io::parquet::read::ParquetReader;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// Bytes of a Parquet file that are unpacked at once, in batches: columns take room that lines do not.
const SLICE: usize = 4;
/// Stands behind the last row of a CSV. A quote that is left open swallows all rows behind it, and this too: the row that
/// ends with it is known for what it is.
const END: &[u8] = b"\nstillhunt: the table ends here\n";
/// Lines of greatest length after which a record of a CSV is given up: it would be held until memory ends.
const MOST_LINES: usize = 8;

/// What stands between the cells of a CSV that starts so: a comma, unless its header has none and one of the other usual
/// signs. Excel says it in a line of its own, such as `sep=;`.
pub fn delimiter(start: &[u8]) -> u8 {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if let Some([sign, b'\r' | b'\n', ..]) = start.strip_prefix(SEP) {
        return *sign;
    }
    let mut quoted = false;
    let mut there = [false; 128];
    for byte in start.iter().take_while(|b| !matches!(b, b'\r' | b'\n')) {
        quoted ^= *byte == b'"';
        if !quoted && byte.is_ascii() {
            there[usize::from(*byte)] = true;
        }
    }
    let others: Vec<u8> = b";\t|".iter().copied().filter(|sign| there[usize::from(*sign)]).collect();
    match others.as_slice() {
        [sign] if !there[usize::from(b',')] => *sign,
        _ => b',',
    }
}

/// How a line begins by which Excel names the delimiter.
const SEP: &[u8] = b"sep=";

/// Whether a line that begins with this cell names the delimiter.
pub(super) fn is_sep(cell: Option<&str>) -> bool {
    cell.is_some_and(|cell| cell.trim_start_matches('\u{feff}').as_bytes() == SEP)
}

/// Bytes that an end of a line counts for: inside of a cell more are kept of it, to tell on which line the next record begins.
/// A record of nothing but line ends is still read where one of its length is.
const LINE_END: usize = MOST_LINES;

/// Reads no more than is left, which each record renews.
struct Rationed<R> {
    inner: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Rationed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "a record has no end; is a quote left open?"));
        }
        let n = self.inner.read(&mut buffer[..most])?;
        let ends = memchr::memchr2_iter(b'\r', b'\n', &buffer[..n]).count();
        self.left.set(self.left.get().saturating_sub(n + ends * (LINE_END - 1)));
        Ok(n)
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) fn read_csv<F: Fold>(
    reader: impl Read,
    delimiter: u8,
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    settings: &IngestSettings,
    reading: &mut Reading<'_, F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    let max_line = settings.max_line_bytes;
    let ration = max_line.saturating_mul(MOST_LINES).max(1 << 16);
    let left = Rc::new(Cell::new(ration));
    let reader = Rationed { inner: reader.chain(END), left: Rc::clone(&left) };
    // All rows of a table have its columns: the first map is theirs.
    let (format, map) = plan.maps[0];
    let mut csv = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(delimiter)
        .from_reader(Lines::new(reader));
    let mut header = csv::ByteRecord::new();
    csv.read_byte_record(&mut header).map_err(|e| broken(path, 1, e))?;
    let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_start_matches('\u{feff}').to_owned();
    if is_sep(header.get(0).map(name).as_deref()) {
        csv.read_byte_record(&mut header).map_err(|e| broken(path, 2, e))?;
    }
    left.set(ration);
    let slots: Vec<Option<usize>> = header.iter().map(|cell| map.find(&name(cell))).collect();
    for (i, slot) in slots.iter().enumerate() {
        // As with a key that stands twice in an object, nobody knows which of the two is meant.
        if slot.is_some_and(|slot| !map.is_loose(slot)) && slots[..i].contains(slot) {
            return Err(IngestError::Doubled { path: path.to_owned(), column: name(&header[i]) });
        }
    }
    let refused = matches!(plan.role, Role::Refused(_));
    let mut records = Vec::with_capacity(BATCH_ROWS);
    let mut bytes = 0;
    loop {
        let mut record = csv::ByteRecord::new();
        let line = csv.get_ref().of(csv.position().byte());
        let more = csv.read_byte_record(&mut record).map_err(|e| broken(path, line, e))?;
        // Once more, for line ends before the record may not have been read before.
        let line = csv.get_ref().of(record.position().map_or(0, csv::Position::byte));
        left.set(ration);
        if more && !(record.len() == 1 && &record[0] == END.trim_ascii()) {
            bytes += record.as_slice().len();
            records.push((record, line));
        }
        if records.len() < BATCH_ROWS && bytes < settings.batch_bytes && more {
            continue;
        }
        let mut seen = 0;
        let parsed: Vec<Parsed<'_>> = records
            .iter()
            .map(|(record, line)| {
                let line = *line;
                let parse = |seen| parse_record(record, Origin { file_id, line_no: line }, (format, map), &slots, seen);
                let parsed = match refused {
                    true => Err(REFUSED),
                    false if record.as_slice().len() > max_line => Err(TOO_LONG),
                    false if record.as_slice().ends_with(END) => Err("a quote is never closed"),
                    false => parse(&mut seen),
                };
                parsed.map_err(|reason| Rejection { line, reason })
            })
            .collect();
        reading.seen |= seen;
        reading.take(path, vec![parsed])?;
        said(reading.report.intake.rows_read);
        records.clear();
        bytes = 0;
        if !more {
            return Ok(());
        }
    }
}

fn broken(path: &Path, line: u64, error: csv::Error) -> IngestError {
    let said = format!("{error} (the record that starts on line {line})");
    match error.into_kind() {
        csv::ErrorKind::Io(error) if is_located(&error) => failed(path, error),
        _ => damaged(path, &said),
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
        let cell = std::str::from_utf8(cell).map_err(|_| NO_UTF8)?;
        offer(&mut row, map, *slot, Cow::Borrowed(cell), false)?;
    }
    *seen |= row.seen;
    finish(row, origin, format, map)
}

pub(super) fn read_parquet<F: Fold>(
    file_id: u32,
    path: &Path,
    plan: &Plan<'_>,
    settings: &IngestSettings,
    reading: &mut Reading<'_, F>,
    said: &dyn Fn(u64),
) -> Result<(), IngestError> {
    let (format, map) = plan.maps[0];
    let open = || File::open(path).map_err(|source| IngestError::Unreadable { path: path.to_owned(), source });
    let file = open()?;
    let length = file.metadata().map_or(0, |about| about.len());
    if matches!(plan.role, Role::Refused(_)) {
        let rows = guarded(path, || ParquetReader::new(file).num_rows())? as u64;
        // A file may claim any number of rows, and each is told.
        if rows > most_expanded(length, settings.max_expansion) {
            return Err(damaged(path, &"it claims more rows than any file of its length holds"));
        }
        (1..=rows).for_each(|line| reading.reject_row(path, Rejection { line, reason: REFUSED }));
        return Ok(());
    }
    let mut reader = ParquetReader::new(file);
    let schema = guarded(path, || reader.schema())?;
    let mapped: Vec<(String, usize)> =
        schema.iter_names().filter_map(|name| map.find(name).map(|slot| (name.to_string(), slot))).collect();
    for (name, _) in &mapped {
        if let Some(kind) = schema.get(name).map(|field| &field.dtype).filter(|kind| is_unread(kind)) {
            let (path, column, kind) = (path.to_owned(), name.clone(), format!("{kind:?}"));
            return Err(IngestError::UnreadType { path, column, kind });
        }
    }
    if mapped.is_empty() {
        return Err(reading.no_account());
    }
    let names: Vec<String> = mapped.iter().map(|(name, _)| name.clone()).collect();
    let metadata = guarded(path, || reader.get_metadata().cloned())?;
    let mut packing =
        Packing::of(&mut open()?, &metadata, &names, settings.max_expansion).map_err(|e| damaged(path, &e))?;
    let mut first = 0;
    loop {
        let (file, names, metadata) = (open()?, names.clone(), metadata.clone());
        let slice = (first, packing.rows(first, settings.batch_bytes.saturating_mul(SLICE) as u64));
        let frame = guarded(path, || {
            let mut reader = ParquetReader::new(file);
            // The same for each slice, and in a file of many columns not little.
            reader.set_metadata(metadata);
            reader.with_columns(Some(names)).with_slice(Some(slice)).finish()
        })?;
        let height = frame.height();
        if height == 0 {
            return Ok(());
        }
        let mut cells: Vec<(usize, StringChunked)> = Vec::with_capacity(mapped.len());
        for (name, slot) in &mapped {
            let column = guarded(path, || frame.column(name).and_then(as_text))?;
            cells.push((*slot, column));
        }
        let length = |i: usize| cells.iter().map(|(_, column)| column.get(i).map_or(0, str::len)).sum::<usize>();
        let mut next = 0;
        while next < height {
            let (start, mut bytes) = (next, 0);
            while next < height && (bytes < settings.batch_bytes || next == start) {
                bytes += length(next);
                next += 1;
            }
            packing.take(bytes).map_err(|e| damaged(path, &e))?;
            let mut seen = 0;
            let parsed: Vec<Parsed<'_>> = (start..next)
                .map(|i| {
                    let line_no = (first + i + 1) as u64;
                    if length(i) > settings.max_line_bytes {
                        return Err(Rejection { line: line_no, reason: TOO_LONG });
                    }
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
        }
        first += height;
    }
}

/// Types of which no text can be made.
fn is_unread(kind: &ArrowDataType) -> bool {
    matches!(kind, ArrowDataType::Float16 | ArrowDataType::Duration(_) | ArrowDataType::Interval(_))
}

/// Names of the columns of a Parquet file.
pub(super) fn parquet_columns(path: &Path) -> Result<Vec<String>, IngestError> {
    let file = File::open(path).map_err(|source| IngestError::Unreadable { path: path.to_owned(), source })?;
    let schema = guarded(path, || ParquetReader::new(file).schema())?;
    Ok(schema.iter_names().map(ToString::to_string).collect())
}

/// Runs the Parquet reader on a file that anyone may have written: where the reader gives up on it, that is the file's
/// fault and not the program's end.
fn guarded<T>(path: &Path, read: impl FnOnce() -> PolarsResult<T>) -> Result<T, IngestError> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)) {
        Ok(Err(PolarsError::Duplicate(said))) => {
            let column = said.split('\'').nth(1).unwrap_or_default().to_owned();
            Err(IngestError::Doubled { path: path.to_owned(), column })
        }
        Ok(done) => done.map_err(|e| damaged(path, &e)),
        Err(_) => Err(damaged(path, &"a column cannot be decoded")),
    }
}

/// A column as text; times become epoch microseconds, which the reader of timestamps knows by their magnitude, and lists
/// and structures become JSON.
fn as_text(column: &Column) -> PolarsResult<StringChunked> {
    let column = match column.dtype() {
        DataType::Datetime(_, zone) => {
            column.cast(&DataType::Datetime(TimeUnit::Microseconds, zone.clone()))?.cast(&DataType::Int64)?
        }
        kind if kind.is_nested() => {
            let text = |i: usize| match column.get(i)? {
                AnyValue::Null => Ok(None),
                value => Ok(Some(json(value).to_string())),
            };
            return (0..column.len()).map(text).collect::<PolarsResult<Vec<_>>>().map(StringChunked::from_iter);
        }
        _ => column.clone(),
    };
    Ok(column.cast(&DataType::String)?.str()?.clone())
}

/// A nested value as JSON. What JSON has no kind for is written as Polars writes it.
fn json(value: AnyValue<'_>) -> Value {
    let list = |series: &Series| series.iter().map(json).collect();
    let value = value.into_static();
    match value {
        AnyValue::Null => Value::Null,
        AnyValue::Boolean(truth) => truth.into(),
        AnyValue::StringOwned(text) => text.as_str().into(),
        AnyValue::List(series) | AnyValue::Array(series, _) => list(&series),
        AnyValue::StructOwned(owned) => {
            let (values, fields) = *owned;
            let pairs = fields.iter().zip(values).map(|(field, value)| (field.name().to_string(), json(value)));
            pairs.collect::<Map<_, _>>().into()
        }
        AnyValue::UInt8(_) | AnyValue::UInt16(_) | AnyValue::UInt32(_) | AnyValue::UInt64(_) => {
            value.extract::<u64>().into()
        }
        AnyValue::Int8(_) | AnyValue::Int16(_) | AnyValue::Int32(_) | AnyValue::Int64(_) => {
            value.extract::<i64>().into()
        }
        AnyValue::Float32(number) => f64::from(number).into(),
        AnyValue::Float64(number) => number.into(),
        AnyValue::DatetimeOwned(at, unit, _) => {
            let us = match unit {
                TimeUnit::Nanoseconds => at / 1_000,
                TimeUnit::Microseconds => at,
                TimeUnit::Milliseconds => at.saturating_mul(1_000),
            };
            us.into()
        }
        other => other.to_string().into(),
    }
}
