//! One line without end: it costs one row, is named with the limit that it breaks, and is never held. 128 MiB long, or as
//! many MiB as STILLHUNT_LINE_MIB says.
#![cfg(target_os = "linux")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_stillhunt");

/// Most memory that a run may take for a line of any length, KiB. Below the shortest line that is tried.
const MOST_KIB: u64 = 120 << 10;

fn line_mib() -> usize {
    std::env::var("STILLHUNT_LINE_MIB").map_or(128, |n| n.parse().unwrap())
}

/// Letters that no packer makes much shorter, 1 MiB of them: it looks back less far than that.
fn letters() -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    ChaCha8Rng::seed_from_u64(4).fill_bytes(&mut bytes);
    bytes.iter_mut().for_each(|b| *b = b'a' + (*b & 15));
    bytes
}

/// Writes `before`, a text of the length asked for, and `after`.
fn write_long(mut out: impl Write, before: &str, after: &str) {
    let letters = letters();
    out.write_all(before.as_bytes()).unwrap();
    (0..line_mib()).for_each(|_| out.write_all(&letters).unwrap());
    out.write_all(after.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Packs by the ending of the name.
fn write_log(path: &Path, before: &str, after: &str) {
    let file = BufWriter::new(File::create(path).unwrap());
    match path.extension().unwrap().to_str().unwrap() {
        "gz" => {
            let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::new(1));
            write_long(&mut out, before, after);
            out.finish().unwrap().flush().unwrap();
        }
        "zst" => {
            let mut out = zstd::Encoder::new(file, 1).unwrap();
            write_long(&mut out, before, after);
            out.finish().unwrap().flush().unwrap();
        }
        _ => write_long(file, before, after),
    }
}

/// What `check` prints of a log, its exit status, and the most memory that it was seen to take, KiB.
fn check(path: &Path) -> (String, Option<i32>, u64) {
    let start = Instant::now();
    let mut run = Command::new(BINARY)
        .arg("check")
        .arg(path)
        .env("RAYON_NUM_THREADS", "2")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut most = 0;
    while run.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap_or_default();
        let held =
            status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok());
        most = most.max(held.unwrap_or_default());
        std::thread::sleep(Duration::from_millis(2));
    }
    let run = run.wait_with_output().unwrap();
    let name = path.file_name().unwrap().to_string_lossy();
    eprintln!(
        "{name}: {} MiB on one line, {:.1} s, {} MiB of memory",
        line_mib(),
        start.elapsed().as_secs_f64(),
        most >> 10
    );
    let said = [run.stdout, run.stderr].concat();
    (String::from_utf8_lossy(&said).into_owned(), run.status.code(), most)
}

fn row(account: &str) -> String {
    format!("{{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"{account}\",\"prompt\":\"p\"}}")
}

const OPEN: &str = "{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"b\",\"prompt\":\"";

#[test]
fn a_line_of_any_length_costs_one_row_and_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (a, c) = (row("a"), row("c"));
    let between = (format!("{a}\n{OPEN}"), format!("\"}}\n{c}\n"));
    for (name, before, after, good) in [
        ("between.jsonl", between.0.clone(), between.1.clone(), 2),
        ("between.jsonl.gz", between.0.clone(), between.1.clone(), 2),
        ("between.jsonl.zst", between.0, between.1, 2),
        ("first.jsonl", OPEN.to_owned(), format!("\"}}\n{a}\n{c}\n"), 2),
        ("last.jsonl", format!("{a}\n{c}\n{OPEN}"), String::new(), 2),
        ("document.json.zst", format!("[{a},{OPEN}"), format!("\"}},{c}]"), 2),
    ] {
        let log = folder.path().join(name);
        write_log(&log, &before, &after);
        let (said, status, most) = check(&log);
        assert_eq!(status, Some(0), "{name}: {said}");
        assert!(
            said.contains("rejected: 1 rows, line too long") && said.contains(&format!("{} rows  sha256", good + 1)),
            "{name}: {said}"
        );
        assert!(said.contains("longer than 8388608 bytes"), "{name}: the limit is told: {said}");
        assert!(most > 0 && most < MOST_KIB, "{name}: {most} KiB");
        fs::remove_file(log).unwrap();
    }
}

#[test]
fn a_row_of_a_table_of_any_length_is_told_and_not_held() {
    let folder = tempfile::tempdir().unwrap();
    let good = "2026-08-03T00:00:05Z,a,p\n";
    for (name, before, after) in [
        ("closed.csv", format!("timestamp,account_id,prompt\n{good}2026-08-03T00:00:05Z,b,\""), format!("\"\n{good}")),
        ("bare.csv", format!("timestamp,account_id,prompt\n{good}2026-08-03T00:00:05Z,b,"), format!("\n{good}")),
        ("header.csv", "timestamp,account_id,".to_owned(), format!("\n{good}")),
    ] {
        let log = folder.path().join(name);
        write_log(&log, &before, &after);
        let (said, status, most) = check(&log);
        // A table is given up at a row beyond all measure: where its quotes stand, nobody knows from there on.
        assert_eq!(status, Some(1), "{name}: {said}");
        assert!(said.contains("a record has no end"), "{name}: {said}");
        assert!(most > 0 && most < 3 * MOST_KIB, "{name}: {most} KiB");
        fs::remove_file(log).unwrap();
    }
}
