//! Parquet that somebody wrote to hurt, or that a disk broke: an error or all of its rows, and never the program's end.

use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;
use std::path::Path;
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::ingest::{IngestError, IngestReport, find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;

fn read(path: &Path) -> Result<(Evidence, IngestReport), IngestError> {
    read_logs(&find_inputs(&[path.to_owned()])?, &FieldMap::generic(), &IngestSettings::default(), &|_| {})
}

fn bytes_of(mut frame: DataFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).unwrap();
    bytes
}

const ROWS: usize = 40;

fn sample() -> DataFrame {
    let times: Vec<String> = (0..ROWS).map(|i| format!("2026-08-03T00:00:{:02}Z", i % 60)).collect();
    let accounts: Vec<String> = (0..ROWS).map(|i| format!("a{}", i % 7)).collect();
    let prompts: Vec<Option<String>> = (0..ROWS).map(|i| (i % 3 > 0).then(|| "words of a text ".repeat(i))).collect();
    let tokens: Vec<i64> = (0..ROWS as i64).collect();
    df!("timestamp" => times, "account_id" => accounts, "prompt" => prompts, "output_tokens" => tokens).unwrap()
}

/// A column of each kind that Polars can write, and one that hides half of its rows.
fn columns() -> Vec<(&'static str, Column)> {
    let whole =
        |kind: &DataType| Column::new("x".into(), (0..ROWS as i32).map(|i| i % 9).collect::<Vec<_>>()).cast(kind);
    let kinds = [
        DataType::Boolean,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::UInt8,
        DataType::UInt16,
        DataType::UInt32,
        DataType::UInt64,
        DataType::Float32,
        DataType::Float64,
        DataType::String,
        DataType::Date,
        DataType::Time,
        DataType::Datetime(TimeUnit::Milliseconds, None),
        DataType::Datetime(TimeUnit::Microseconds, None),
        DataType::Datetime(TimeUnit::Nanoseconds, None),
        DataType::Duration(TimeUnit::Milliseconds),
        DataType::Duration(TimeUnit::Nanoseconds),
        DataType::Decimal(20, 2),
        DataType::List(Box::new(DataType::Int32)),
    ];
    let mut all: Vec<(&str, Column)> = Vec::new();
    for kind in &kinds {
        all.push(("whole numbers cast", whole(kind).unwrap_or_else(|e| panic!("{kind}: {e}"))));
    }
    let extremes = [i64::MIN, i64::MAX, -1, 0];
    let repeated = |i: usize| extremes[i % extremes.len()];
    let extreme = Column::new("x".into(), (0..ROWS).map(repeated).collect::<Vec<_>>());
    for unit in [TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds] {
        all.push(("times at the ends of the range", extreme.cast(&DataType::Datetime(unit, None)).unwrap()));
    }
    all.push(("numbers at the ends of the range", extreme));
    let floats = [f64::NAN, f64::INFINITY, f64::MIN, 1e-320];
    all.push(("no numbers", Column::new("x".into(), (0..ROWS).map(|i| floats[i % 4]).collect::<Vec<_>>())));
    all.push(("nothing", Column::full_null("x".into(), ROWS, &DataType::Null)));
    all.push(("no text", Column::full_null("x".into(), ROWS, &DataType::String)));
    let raw: Vec<&[u8]> = (0..ROWS).map(|i| if i % 2 == 0 { &b"\xff\xfe\0"[..] } else { b"text" }).collect();
    all.push(("bytes", Column::new("x".into(), raw)));
    let inner = df!("a" => vec![1i32; ROWS], "b" => vec!["\u{1b}[2J"; ROWS]).unwrap().into_struct("x".into());
    all.push(("a structure", inner.into_series().into()));
    all
}

/// What a file of so many rows says: all of them, or an error in words.
fn told(path: &Path, name: &str) {
    match read(path) {
        Ok((evidence, report)) => {
            let i = &report.intake;
            assert_eq!(i.rows_read, ROWS as u64, "{name}: rows are lost");
            assert_eq!(i.rows_kept + i.rows_rejected + i.rows_repeated, ROWS as u64, "{name}: rows are lost");
            assert_eq!(evidence.accounts.values().map(|a| a.requests).sum::<u64>(), i.rows_kept, "{name}");
        }
        Err(e) => assert!(e.to_string().len() > 20, "{name}: {e}"),
    }
}

#[test]
fn a_column_of_any_kind_in_any_place_loses_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let mut read_whole = 0;
    for (kind, column) in columns() {
        for place in
            ["timestamp", "account_id", "prompt", "output_tokens", "messages", "request_id", "nobody asks for it"]
        {
            let mut frame = sample();
            frame.with_column(column.clone().with_name(place.into())).unwrap();
            std::fs::write(&path, bytes_of(frame)).unwrap();
            told(&path, &format!("{kind} ({}) as {place}", column.dtype()));
            read_whole += usize::from(read(&path).is_ok_and(|(_, r)| r.intake.rows_kept == ROWS as u64));
        }
    }
    assert!(read_whole > 80, "most of these files are sound, {read_whole} were read whole");
}

/// Every byte of head and foot, and every thirteenth between, changed in two ways; and the file cut at each of them.
#[test]
fn a_broken_file_is_an_error_or_tells_all_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let good = bytes_of(sample());
    std::fs::write(&path, &good).unwrap();
    assert_eq!(read(&path).unwrap().1.intake.rows_kept, ROWS as u64);
    let places = (0..good.len()).filter(|i| *i < 32 || *i + 700 > good.len() || i % 13 == 0);
    let (mut read_well, mut refused) = (0, 0);
    for at in places {
        for change in [0x01u8, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            std::fs::write(&path, &bytes).unwrap();
            match read(&path) {
                Err(_) => refused += 1,
                Ok((_, report)) => {
                    let i = &report.intake;
                    assert_eq!(
                        i.rows_read,
                        i.rows_kept + i.rows_rejected + i.rows_repeated,
                        "byte {at} ^ {change:02x}"
                    );
                    read_well += 1;
                }
            }
        }
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(read(&path).is_err(), "cut at {at}");
    }
    assert!(read_well > 0 && refused > 100, "{read_well} read, {refused} refused");
}

fn read_with(path: &Path, settings: &IngestSettings) -> Result<(Evidence, IngestReport), IngestError> {
    read_logs(&find_inputs(&[path.to_owned()])?, &FieldMap::generic(), settings, &|_| {})
}

fn with_prompts(prompts: Vec<String>) -> DataFrame {
    let times = vec!["2026-08-03T00:00:05Z"; prompts.len()];
    let accounts: Vec<String> = (0..prompts.len()).map(|i| format!("a{}", i % 7)).collect();
    df!("timestamp" => times, "account_id" => accounts, "prompt" => prompts).unwrap()
}

/// Neither what a column is unpacked to was looked at, nor what its rows point to.
#[test]
fn a_file_that_expands_beyond_any_honest_log_is_refused_as_packed_lines_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    // Texts of one letter, each of another length, are packed to next to nothing; one text that all rows have stands there once.
    let different = (0..200).map(|i| "x".repeat((1 << 19) + i)).collect();
    let one = vec!["y".repeat(1 << 16); 2_000];
    for (name, prompts) in [("packed", different), ("pointed to", one)] {
        let bytes = bytes_of(with_prompts(prompts));
        std::fs::write(&path, &bytes).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains("beyond any honest log"), "{name}, {} bytes: {message}", bytes.len());
        let lifted = IngestSettings { max_expansion: 1 << 20, ..IngestSettings::default() };
        assert!(read_with(&path, &lifted).unwrap().1.intake.rows_kept > 0, "{name}");
    }
}

#[test]
fn a_row_that_is_too_long_is_rejected_as_a_line_is_and_the_rows_beside_it_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let prompts: Vec<String> = (0..200).map(|i| "words ".repeat(if i % 50 == 7 { 2_000 } else { i % 50 })).collect();
    std::fs::write(&path, bytes_of(with_prompts(prompts))).unwrap();
    let whole = IngestSettings { max_line_bytes: 4_096, ..IngestSettings::default() };
    let (_, report) = read_with(&path, &whole).unwrap();
    let lines: Vec<u64> = report.rejects.iter().map(|r| r.line).collect();
    assert_eq!((lines, report.reasons["line too long"]), (vec![8, 58, 108, 158], 4));
    // However few rows are held at once.
    for batch_bytes in [1, 300, 5_000] {
        let (evidence, small) = read_with(&path, &IngestSettings { batch_bytes, ..whole.clone() }).unwrap();
        assert_eq!((&small.rejects, small.intake.rows_kept, evidence.accounts.len()), (&report.rejects, 196, 7));
    }
}
