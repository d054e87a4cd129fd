//! Evidence that somebody else made: whatever its columns say under a hash that holds, it is refused, or the whole method goes through.

use polars::prelude::*;
use polars_io::SerReader;
use polars_io::parquet::read::ParquetReader;
use polars_io::parquet::write::ParquetWriter;
use std::fs::File;
use std::path::{Path, PathBuf};
use stillhunt::evidence::features::Unsettled;
use stillhunt::evidence::shards::{self, COLUMNS, Merged};
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::report;
use xxhash_rust::xxh3::xxh3_64;

#[derive(Clone, Debug)]
enum Cell {
    Absent,
    Whole(i64),
    Text(String),
}

/// The rows of a part, and what one needs to write them again.
fn rows_of(path: &Path) -> Vec<Vec<Cell>> {
    let frame = ParquetReader::new(File::open(path).unwrap()).finish().unwrap();
    let cell = |i: usize, name: &str| match frame.column(name).unwrap().get(i).unwrap() {
        AnyValue::Int64(n) => Cell::Whole(n),
        AnyValue::String(text) => Cell::Text(text.to_owned()),
        AnyValue::StringOwned(text) => Cell::Text(text.to_string()),
        _ => Cell::Absent,
    };
    (0..frame.height()).map(|i| COLUMNS.iter().map(|c| cell(i, c.name)).collect()).collect()
}

/// Writes rows under a check that holds, as anybody can.
fn written(mut rows: Vec<Vec<Cell>>, path: &Path) {
    let check = COLUMNS.iter().position(|c| c.name == "check").unwrap();
    for row in &mut rows {
        let mut bytes = Vec::new();
        for (_, cell) in row.iter().enumerate().filter(|(i, _)| *i != check) {
            match cell {
                Cell::Absent => bytes.push(0),
                Cell::Whole(value) => {
                    bytes.push(1);
                    bytes.extend(value.to_le_bytes());
                }
                Cell::Text(text) => {
                    bytes.push(2);
                    bytes.extend((text.len() as u64).to_le_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
        row[check] = Cell::Text(format!("{:016x}", xxh3_64(&bytes)));
    }
    let columns = COLUMNS.iter().enumerate().map(|(i, column)| {
        let own = rows.iter().map(|row| &row[i]);
        if column.whole {
            let whole = own.map(|c| if let Cell::Whole(n) = c { Some(*n) } else { None });
            Column::new(column.name.into(), whole.collect::<Vec<_>>())
        } else {
            let text = own.map(|c| if let Cell::Text(t) = c { Some(t.as_str()) } else { None });
            Column::new(column.name.into(), text.collect::<Vec<_>>())
        }
    });
    let mut frame = DataFrame::new(rows.len(), columns.collect()).unwrap();
    ParquetWriter::new(File::create(path).unwrap()).finish(&mut frame).unwrap();
}

fn part(folder: &Path) -> PathBuf {
    let row = |i: usize| {
        format!(
            "{{\"timestamp\":\"2026-08-03T{:02}:00:05Z\",\"account_id\":\"a{}\",\"prompt\":\"Question {i}: why do rivers meander so?\",\
             \"input_tokens\":7,\"output_tokens\":90,\"client_ip\":\"192.0.2.{i}\",\"user_agent\":\"x\",\"model\":\"m\",\"temperature\":0.5,\
             \"session_id\":\"s{}\"}}\n",
            i % 24,
            i % 6,
            i / 2
        )
    };
    let log = folder.join("a.jsonl");
    std::fs::write(&log, (0..120).map(row).collect::<String>()).unwrap();
    let (evidence, read): (Unsettled, _) =
        read_logs(&find_inputs(&[log]).unwrap(), &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let path = folder.join("a.parquet");
    shards::write(&shards::rows(evidence, read, 1).unwrap(), File::create(&path).unwrap()).unwrap();
    path
}

/// Whether the evidence is taken; if it is, the whole method has to go through.
fn taken(path: &Path) -> Result<(), String> {
    let Merged { evidence, read } = shards::merge(&[path.to_owned()]).map_err(|e| e.to_string())?;
    let facts = account_table::read(&b"account_id,created_at\na0,2026-08-01T00:00:00Z\n"[..]).unwrap();
    let document = investigate(&Scope::new(&evidence, &facts, &read), &Settings::default());
    report::json(&document).unwrap();
    Ok(())
}

#[test]
fn whatever_a_column_claims_the_evidence_is_refused_or_goes_through() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows_of(&part(folder.path()));
    let path = folder.path().join("changed.parquet");
    written(rows.clone(), &path);
    taken(&path).unwrap();
    let deep = "[".repeat(10_000);
    let texts = [
        "",
        "[]",
        "null",
        "{}",
        "{",
        "[1e400]",
        "[-9223372036854775808,9223372036854775807]",
        "[[0,0]]",
        "[[0,4294967295],[0,4294967295],[0,0]]",
        "[[\"x\",4294967295,[0,18446744073709551615]]]",
        "[[\"x\",0,[4294967295,1]]]",
        "[[\"x\",1,4294967295,18446744073709551615,[0,1]]]",
        "[[\"x\",9223372036854775807,[0,1]]]",
        "[[true,0,[0,1],\"x\"],[true,0,[0,1],\"x\"],[true,0,[0,1],\"x\"],[true,0,[0,1],\"x\"]]",
        "[4294967295,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]",
        "////////////////////////////////",
        "\\u{110000}",
        &deep,
    ];
    let texts: Vec<Cell> = texts.iter().map(|text| Cell::Text((*text).to_owned())).chain([Cell::Absent]).collect();
    let wholes = [-1, 0, 1, 3, 1 << 20, (1 << 48) - 1, i64::MAX, i64::MIN].map(Cell::Whole);
    let (mut refused, mut through) = (0, 0);
    for (i, column) in COLUMNS.iter().enumerate().filter(|(_, c)| c.name != "check") {
        for value in if column.whole { &wholes[..] } else { &texts } {
            // In the row that says what was read, in one account, and in all of them.
            for places in [0..1, 1..2, 1..rows.len()] {
                let mut changed = rows.clone();
                changed[places.clone()].iter_mut().for_each(|row| row[i] = value.clone());
                written(changed, &path);
                let result = std::panic::catch_unwind(|| taken(&path));
                match result.unwrap_or_else(|_| panic!("{} = {value:?} in {places:?}", column.name)) {
                    Ok(()) => through += 1,
                    Err(_) => refused += 1,
                }
            }
        }
    }
    assert!(refused > 500 && through > 100, "{refused} refused, {through} went through");
}

#[test]
fn counts_of_what_was_read_that_no_number_holds_together_are_refused_or_end_there() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows_of(&part(folder.path()));
    let read = COLUMNS.iter().position(|c| c.name == "read").unwrap();
    let shard = COLUMNS.iter().position(|c| c.name == "shard").unwrap();
    let Cell::Text(said) = &rows[0][read] else { panic!() };
    let said = said.replace(":120,", &format!(":{},", u64::MAX)).replace("\"sha256\":\"", "\"sha256\":\"\",\"x\":\"");
    let mut changed = rows.clone();
    changed[0][read] = Cell::Text(said);
    let mut other = changed.clone();
    other.iter_mut().for_each(|row| row[shard] = Cell::Text("other".to_owned()));
    let path = folder.path().join("two.parquet");
    written([changed, other].concat(), &path);
    let result = std::panic::catch_unwind(|| taken(&path));
    assert!(result.is_ok());
}

#[test]
fn evidence_of_a_thousand_times_its_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = rows_of(&part(folder.path()));
    let org = COLUMNS.iter().position(|c| c.name == "org_id").unwrap();
    let one = rows[1].clone();
    rows.extend(vec![one; 2_000]);
    rows.iter_mut().for_each(|row| row[org] = Cell::Text("x".repeat(1 << 17)));
    let path = folder.path().join("packed.parquet");
    written(rows, &path);
    let message = taken(&path).unwrap_err();
    assert!(message.contains("beyond any honest log"), "{message}");
}

#[test]
fn columns_of_other_kinds_are_refused_or_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = part(folder.path());
    let frame = ParquetReader::new(File::open(&path).unwrap()).finish().unwrap();
    let n = frame.height();
    let lists = Series::new("x".into(), vec![Series::new("".into(), [1i64, 2]); n]);
    let kinds = [
        Column::new("x".into(), vec![true; n]),
        Column::new("x".into(), vec![f64::NAN; n]),
        Column::new("x".into(), vec!["y"; n]),
        lists.into_column(),
        Column::full_null("x".into(), n, &DataType::Int64),
    ];
    let changed = folder.path().join("changed.parquet");
    let names = COLUMNS.iter().map(|c| c.name).chain(["other"]);
    for name in names {
        for column in &kinds {
            let mut frame = frame.clone();
            frame.with_column(column.clone().with_name(name.into())).unwrap();
            ParquetWriter::new(File::create(&changed).unwrap()).finish(&mut frame).unwrap();
            let result = std::panic::catch_unwind(|| taken(&changed));
            let result = result.unwrap_or_else(|_| panic!("{name} as {}", column.dtype()));
            assert!(name != "other" || result.is_ok(), "{result:?}");
        }
    }
}
