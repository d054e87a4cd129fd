//! Evidence collected in parts: any split, any order, the same document as from the logs in one go.

use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use stillhunt::document::{Document, Verdict};
use stillhunt::evidence::features::{Evidence, Unsettled};
use stillhunt::evidence::shards::{self, COLUMNS, Merged, ShardError};
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{IngestReport, find_inputs, read_logs, read_stream};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::report;
use stillhunt::validation::simulate::{World, WorldSettings};
use tempfile::TempDir;

const FILES: usize = 10;

/// A world of which every line stands in one of ten files, one line of each file broken.
struct Parted {
    folder: TempDir,
    files: Vec<PathBuf>,
}

static WORLD: LazyLock<Parted> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    World::generate(&WorldSettings { people: 80, ..WorldSettings::default() }).write(folder.path(), false).unwrap();
    let whole = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    std::fs::remove_file(folder.path().join("events.jsonl")).unwrap();
    let mut parts = vec![String::new(); FILES];
    for (i, line) in whole.lines().enumerate() {
        parts[i * 7 % FILES].extend([line, "\n"]);
    }
    let files: Vec<PathBuf> = (0..FILES).map(|i| folder.path().join(format!("part{i}.jsonl"))).collect();
    for (path, part) in files.iter().zip(&parts) {
        std::fs::write(path, format!("{part}{{\"timestamp\": \"yesterday\"}}\n")).unwrap();
    }
    Parted { folder, files }
});

fn document(evidence: &Evidence, read: &IngestReport) -> (Document, String) {
    let facts = account_table::read(std::fs::File::open(WORLD.folder.path().join("accounts.csv")).unwrap()).unwrap();
    let document = investigate(&Scope::new(evidence, &facts, read), &Settings::default());
    let json = String::from_utf8(report::json(&document).unwrap()).unwrap();
    (document, format!("{json}{:?}{:?}", read.rejects, read.reasons))
}

static IN_ONE_GO: LazyLock<String> = LazyLock::new(|| {
    let (evidence, read): (Evidence, _) =
        read_logs(&WORLD.files, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let (document, json) = document(&evidence, &read);
    assert!(document.networks.iter().any(|n| n.verdict == Verdict::SuspectedDistillation));
    assert_eq!(read.rejects.len(), FILES);
    json
});

fn collected(files: &[PathBuf], into: &Path) {
    let (evidence, read): (Unsettled, _) =
        read_logs(&find_inputs(files).unwrap(), &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let rows = shards::rows(evidence, read, 1).unwrap();
    shards::write(&rows, std::fs::File::create(into).unwrap()).unwrap();
}

/// Every row of the world as a cluster hands it out.
static PLACED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let of = |path: &PathBuf| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let placed = |(line, n): (&str, usize)| format!("{line}\tfile://{}\t{n}\n", path.display());
        text.lines().zip(1..).map(placed).collect()
    };
    WORLD.files.iter().flat_map(of).collect()
});

fn streamed(rows: &[&String]) -> Vec<shards::Row> {
    let text: String = rows.iter().map(|row| row.as_str()).collect();
    let parts: Vec<(Unsettled, IngestReport)> =
        read_stream(text.as_bytes(), &FieldMap::generic(), &IngestSettings::default()).unwrap();
    parts.into_iter().flat_map(|(evidence, read)| shards::rows(evidence, read, 1).unwrap()).collect()
}

/// What a cluster makes of the lines that its tasks print: a table with the declared columns.
fn as_a_cluster_writes(rows: &[shards::Row], into: &Path) {
    let mut text = Vec::new();
    shards::tab_separated(rows, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let cells: Vec<Vec<Option<&str>>> =
        text.lines().map(|line| line.split('\t').map(|cell| (cell != "\\N").then_some(cell)).collect()).collect();
    assert!(cells.iter().all(|row| row.len() == COLUMNS.len()));
    let columns = COLUMNS.iter().enumerate().map(|(i, column)| {
        let own = cells.iter().map(|row| row[i]);
        if column.whole {
            Column::new(column.name.into(), own.map(|c| c.map(|c| c.parse::<i64>().unwrap())).collect::<Vec<_>>())
        } else {
            Column::new(column.name.into(), own.collect::<Vec<_>>())
        }
    });
    let mut frame = DataFrame::new(cells.len(), columns.collect()).unwrap();
    ParquetWriter::new(std::fs::File::create(into).unwrap()).finish(&mut frame).unwrap();
}

fn merged(parts: &[PathBuf]) -> String {
    let Merged { evidence, read } = shards::merge(parts).unwrap();
    document(&evidence, &read).1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5, ..ProptestConfig::default() })]

    #[test]
    fn files_collected_in_any_parts_and_merged_in_any_order_make_the_document_of_one_go(
        part_of in proptest::collection::vec(0usize..4, FILES), backwards in any::<bool>(),
    ) {
        let place = tempfile::tempdir().unwrap();
        let mut parts = Vec::new();
        for part in 0..4 {
            let files: Vec<PathBuf> = (0..FILES).filter(|i| part_of[*i] == part).map(|i| WORLD.files[i].clone()).collect();
            if !files.is_empty() {
                parts.push(place.path().join(format!("evidence{part}.parquet")));
                collected(&files, parts.last().unwrap());
            }
        }
        if backwards {
            parts.reverse();
        }
        prop_assert!(merged(&parts) == *IN_ONE_GO);
    }

    #[test]
    fn rows_dealt_to_any_tasks_make_the_document_of_one_task(seed in any::<u64>(), tasks in 1usize..6) {
        static ONE_TASK: LazyLock<String> = LazyLock::new(|| {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("one.parquet");
            as_a_cluster_writes(&streamed(&PLACED.iter().collect::<Vec<_>>()), &path);
            merged(&[path])
        });
        let place = tempfile::tempdir().unwrap();
        let mut parts = Vec::new();
        let task = |row: usize| (row as u64).wrapping_mul(seed | 1).rotate_left(17) as usize % tasks;
        for t in 0..tasks {
            let rows: Vec<&String> = (0..PLACED.len()).rev().filter(|i| task(*i) == t).map(|i| &PLACED[i]).collect();
            parts.push(place.path().join(format!("task{t}.parquet")));
            as_a_cluster_writes(&streamed(&rows), parts.last().unwrap());
        }
        prop_assert!(merged(&parts) == *ONE_TASK);
    }
}

#[test]
fn rows_that_come_as_a_stream_find_what_the_files_themselves_show() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("one.parquet");
    as_a_cluster_writes(&streamed(&PLACED.iter().collect::<Vec<_>>()), &path);
    let unhashed = |json: &str| -> String {
        let of_files =
            |line: &&str| !line.contains("\"sha256\"") && !line.contains("\"bytes\"") && !line.contains("\"reason\"");
        json.lines().filter(of_files).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(unhashed(&merged(&[path])), unhashed(&IN_ONE_GO));
}

#[test]
fn parts_that_do_not_add_up_are_refused_in_a_clear_sentence() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (a, b) = (at("a.parquet"), at("b.parquet"));
    collected(&WORLD.files[..2], &a);
    collected(&WORLD.files[1..3], &b);
    let refused = |parts: &[PathBuf]| shards::merge(parts).unwrap_err().to_string();
    std::fs::copy(&a, at("again.parquet")).unwrap();
    assert!(
        refused(&[a.clone(), at("again.parquet")]).starts_with("the same evidence stands twice, the second time in ")
    );
    assert!(refused(&[a.clone(), b]).contains("part1.jsonl was collected whole more than once"));

    let table = polars_io::parquet::read::ParquetReader::new(std::fs::File::open(&a).unwrap());
    let table = polars_io::SerReader::finish(table).unwrap();
    let write = |mut frame: DataFrame, name: &str| {
        ParquetWriter::new(std::fs::File::create(at(name)).unwrap()).finish(&mut frame).unwrap();
        at(name)
    };
    let with = |name: &str, column: Column| {
        let mut changed = table.clone();
        changed.with_column(column).unwrap();
        write(changed, name)
    };
    let later = with("later.parquet", Column::new("evidence_version".into(), vec![99i64; table.height()]));
    let of_version = format!("holds evidence of version 99, and this program reads version {}", shards::VERSION);
    assert!(refused(&[later]).contains(&of_version));
    let mut requests: Vec<Option<i64>> = table.column("requests").unwrap().i64().unwrap().iter().collect();
    requests[1] = requests[1].map(|n| n + 1);
    assert!(
        refused(&[with("more.parquet", Column::new("requests".into(), requests))]).contains("a row was changed or cut")
    );
    let lacking = write(table.drop("texts").unwrap(), "lacking.parquet");
    assert!(refused(&[lacking]).contains("has no column texts"));
    let headless = write(table.slice(1, table.height()), "headless.parquet");
    assert!(refused(&[headless]).contains("a part of the evidence is missing"));
    std::fs::write(at("cut.parquet"), &std::fs::read(&a).unwrap()[..4_000]).unwrap();
    assert!(refused(&[at("cut.parquet")]).contains("is damaged"));
}

#[test]
fn every_second_fingerprint_finds_the_same_campaigns_and_says_so() {
    let place = tempfile::tempdir().unwrap();
    let thin = |n: u64, name: &str| {
        let (evidence, read): (Unsettled, _) =
            read_logs(&WORLD.files, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
        let path = place.path().join(name);
        shards::write(&shards::rows(evidence, read, n).unwrap(), std::fs::File::create(&path).unwrap()).unwrap();
        path
    };
    let (all, some) = (thin(1, "all.parquet"), thin(2, "some.parquet"));
    let size = |path: &PathBuf| std::fs::metadata(path).unwrap().len();
    assert!(4 * size(&some) < 3 * size(&all), "{} of {}", size(&some), size(&all));
    let found = |path: &PathBuf| {
        let Merged { evidence, read } = shards::merge(std::slice::from_ref(path)).unwrap();
        let document = document(&evidence, &read).0;
        assert_eq!(document.notices.iter().any(|n| n.contains("one in 2 was collected")), path == &some);
        let suspected = document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation);
        suspected.map(|n| n.members.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(found(&some), found(&all));
    let mixed = shards::merge(&[all, some]).unwrap_err().to_string();
    assert!(mixed.contains("evidence of two programs does not add up"), "{mixed}");
}

#[test]
fn a_task_without_a_readable_row_says_so_and_fails_nobody() {
    let rows = streamed(&[&"{broken\tfile:///logs/a.parquet\t3\n".to_owned()]);
    assert_eq!(rows.len(), 1);
    assert!(streamed(&[]).is_empty());
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.parquet");
    as_a_cluster_writes(&rows, &path);
    assert!(matches!(shards::merge(&[path]), Err(ShardError::Nothing { rows: 1 })));
}

/// More rejected rows than are listed one by one, in two parts: the list is that of one go, and says what it leaves out.
#[test]
fn a_merged_case_lists_as_many_rejected_rows_as_one_in_one_go() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let good = "{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\"}\n";
    for (name, bad) in [("a.jsonl", 60_000), ("b.jsonl", 70_000)] {
        std::fs::write(at(name), good.to_owned() + &"x\n".repeat(bad)).unwrap();
        collected(&[at(name)], &at(&format!("{name}.parquet")));
    }
    let logs = find_inputs(&[at("a.jsonl"), at("b.jsonl")]).unwrap();
    let (_, once): (Evidence, _) = read_logs(&logs, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let Merged { read, .. } = shards::merge(&[at("b.jsonl.parquet"), at("a.jsonl.parquet")]).unwrap();
    assert_eq!(once.rejects.len(), IngestSettings::default().max_listed_rejects);
    assert!(once.rejects == read.rejects, "the lists differ");
    assert!(once.rejects.last().unwrap().file.ends_with("b.jsonl"));
    for report in [&once, &read] {
        assert_eq!(report.intake.rows_rejected, 130_000);
        let said = "Of 130000 rejected rows the first 100000 are listed one by one.";
        assert!(report.intake.notes.iter().any(|n| n == said), "{:?}", report.intake.notes);
    }
}
