//! Rows that come as a stream and tell where they stood.

use super::reading::Reading;
use super::rows::{Plan, Rejection, TOO_LONG};
use super::{IngestError, IngestReport, Record, jsonl, shown, take_records};
use crate::document::InputFile;
use crate::intake::event::Fold;
use crate::intake::formats::{Detected, Formats};
use crate::intake::normalise::FieldMap;
use crate::intake::settings::IngestSettings;
use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::PathBuf;

/// Where rows without a place stand.
const NOWHERE: &str = "standard input";
/// Rows looked at to tell the format.
const ROWS: usize = 50;

/// A row, its file and its line.
struct Placed<'b> {
    row: Range<usize>,
    file: &'b str,
    line: u64,
}

/// Takes a line apart. The place stands behind the last two tabs: a row may hold tabs of its own.
fn placed(bytes: &[u8], line: Range<usize>, number: u64) -> Placed<'_> {
    let whole = Placed { row: line.clone(), file: NOWHERE, line: number };
    let text = &bytes[line.clone()];
    let place = || {
        let second = memchr::memrchr(b'\t', text)?;
        let first = memchr::memrchr(b'\t', &text[..second])?;
        let file = std::str::from_utf8(&text[first + 1..second]).ok().filter(|file| !file.is_empty())?;
        let number = std::str::from_utf8(&text[second + 1..]).ok()?.trim_ascii_end().parse().ok()?;
        // Local files as clusters name them: `file:/logs/a` or `file:///logs/a`.
        let local = file.strip_prefix("file:").map(|path| path.strip_prefix("//").unwrap_or(path));
        let file = local.filter(|path| path.starts_with('/')).unwrap_or(file);
        Some(Placed { row: line.start..line.start + first, file, line: number })
    };
    place().unwrap_or(whole)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let ends = memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]);
    ends.scan(0, |start, end| Some(std::mem::replace(start, end + 1)..end))
}

pub(super) fn read<F: Fold>(
    stream: impl Read,
    map: &FieldMap,
    settings: &IngestSettings,
) -> Result<Vec<(F, IngestReport)>, IngestError> {
    let formats = Formats::with(map, settings.account_field.as_deref())?;
    let mut batches = jsonl::LineBatches::new(stream, settings.batch_bytes, settings.max_line_bytes);
    let mut found: Option<Option<Detected>> = None;
    let mut files: BTreeMap<String, Reading<'_, F>> = BTreeMap::new();
    let failed = |e| IngestError::Unreadable { path: PathBuf::from(NOWHERE), source: e };
    while let Some(batch) = batches.next_batch().map_err(failed)? {
        let bytes = batch.bytes.as_slice();
        if found.is_none() {
            let rows: Vec<&str> = lines(bytes)
                .take(ROWS)
                .filter_map(|line| std::str::from_utf8(&bytes[placed(bytes, line, 0).row]).ok())
                .collect();
            found = Some(match &settings.format {
                Some(name) => {
                    let format = formats.named(name).ok_or_else(|| IngestError::UnknownName(name.clone()))?;
                    Some(Detected { format, reason: String::new() })
                }
                None => formats.told(&rows),
            });
        }
        let format = found.as_ref().and_then(Option::as_ref).map_or(formats.list.len(), |found| found.format);
        let plan = Plan::of(&formats, format);
        let mut of = |file: &str, records: &[Record], overlong: Option<u64>| -> Result<(), IngestError> {
            let path = PathBuf::from(file);
            let reading = files.entry(file.to_owned()).or_insert_with(|| {
                let mut reading = Reading::new(&formats, settings, std::slice::from_ref(&path), &[]);
                reading.format = format;
                reading
            });
            if let Some(line) = overlong {
                reading.reject_row(&path, Rejection { line, reason: TOO_LONG });
            }
            take_records(bytes, records, 0, &path, &plan, None, reading)
        };
        if batch.overlong.is_some() {
            of(NOWHERE, &[], batch.overlong)?;
        }
        let mut records: Vec<Record> = Vec::new();
        let mut current = NOWHERE;
        for (line, number) in lines(bytes).zip(batch.first_line..) {
            let too_long = line.len() > settings.max_line_bytes;
            let Placed { row, file, line } = placed(bytes, line, number);
            if too_long {
                of(file, &[], Some(line))?;
                continue;
            }
            if file != current && !records.is_empty() {
                of(current, &records, None)?;
                records.clear();
            }
            current = file;
            if !bytes[row.clone()].trim_ascii().is_empty() {
                records.push((line, row));
            }
        }
        if !records.is_empty() {
            of(current, &records, None)?;
        }
    }
    let name = |format: usize| formats.list.get(format).map_or("jsonl", |f| f.name);
    files
        .into_iter()
        .map(|(file, mut reading)| {
            let rows = reading.report.intake.rows_read;
            let path = shown(&PathBuf::from(file));
            let format = name(reading.format).to_owned();
            reading.report.intake.files.push(InputFile { path, format, rows, ..InputFile::default() });
            reading.finish_part()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_row_stands_behind_its_last_two_tabs() {
        let of = |line: &str| {
            let Placed { row, file, line: number } = placed(line.as_bytes(), 0..line.len(), 7);
            (line[row].to_owned(), file.to_owned(), number)
        };
        let whole = |line: &str| (line.to_owned(), NOWHERE.to_owned(), 7);
        assert_eq!(of("{\"a\":\t1}\tfile:///logs/a.parquet\t12"), ("{\"a\":\t1}".into(), "/logs/a.parquet".into(), 12));
        assert_eq!(of("{}\tfile:/logs/a\t1").1, "/logs/a");
        assert_eq!(of("{}\ts3://logs/a\t1").1, "s3://logs/a");
        assert_eq!(of("{}"), whole("{}"));
        assert_eq!(of("{\"a\":\t1,\t\"b\":2}"), whole("{\"a\":\t1,\t\"b\":2}"));
        assert_eq!(of("{}\t\t3"), whole("{}\t\t3"));
    }
}
