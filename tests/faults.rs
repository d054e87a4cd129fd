//! Things that go wrong around the program: it is killed, memory ends, files change or cannot be read. After each there is
//! no half case, the error says what it was, and a second run succeeds.
#![cfg(unix)]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::ingest::{IngestError, IngestReport, Progress, find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::report::custody::sha256;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sample");
const BINARY: &str = env!("CARGO_BIN_EXE_stillhunt");

fn analyse(case: &Path, force: bool) -> Command {
    let mut command = Command::new(BINARY);
    command.args(["analyze", &format!("{SAMPLE}/events.jsonl.zst")]);
    command.args(["--accounts", &format!("{SAMPLE}/accounts.csv"), "-o"]).arg(case);
    command.args(force.then_some("--force")).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn is_whole(case: &Path) -> bool {
    let run = Command::new(BINARY).arg("verify").arg(case).stdout(Stdio::null()).stderr(Stdio::null()).status();
    run.unwrap().success()
}

fn said(run: &Output) -> String {
    String::from_utf8_lossy(&[&run.stdout[..], &run.stderr[..]].concat()).into_owned()
}

/// Ten moments; `STILLHUNT_KILLS=100` for a hundred.
#[test]
fn killed_at_any_moment_it_leaves_a_whole_case_or_none() {
    let kills: u32 = std::env::var("STILLHUNT_KILLS").map_or(10, |n| n.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    assert_eq!(analyse(&folder.path().join("first"), false).status().unwrap().code(), Some(10));
    let length = start.elapsed();
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    let (mut killed, mut with_earlier) = (0, 0);
    for i in 0..kills {
        let place = tempfile::tempdir().unwrap();
        let case = place.path().join("case");
        // Every other one replaces an earlier case, which must not be lost.
        let earlier = i % 2 == 1;
        if earlier {
            fs::create_dir(&case).unwrap();
            for entry in fs::read_dir(folder.path().join("first")).unwrap() {
                let from = entry.unwrap().path();
                fs::copy(&from, case.join(from.file_name().unwrap())).unwrap();
            }
        }
        let mut run = analyse(&case, earlier).spawn().unwrap();
        // Half of the moments fall where the case is written, at the end.
        let share = rng.next_u64() as f64 / u64::MAX as f64;
        std::thread::sleep(length.mul_f64(if i % 4 < 2 { share } else { 0.9 + 0.15 * share }));
        run.kill().unwrap();
        let status = run.wait().unwrap();
        killed += u32::from(status.signal() == Some(9));
        let names: Vec<PathBuf> = fs::read_dir(place.path()).unwrap().map(|e| e.unwrap().path()).collect();
        let aside = names.iter().find(|p| p.to_string_lossy().ends_with("-earlier"));
        if case.exists() {
            assert!(is_whole(&case), "kill {i}: a half case");
        } else if earlier {
            // Killed between the two renames: both are whole, and the earlier one stands beside.
            assert!(is_whole(aside.expect("the earlier case is lost")), "kill {i}");
        }
        with_earlier += u32::from(earlier);
        // With --force: what a killed run had moved is put back first.
        let again = analyse(&case, true).output().unwrap();
        assert!(again.status.code() == Some(10) && is_whole(&case), "kill {i}: {}", said(&again));
    }
    assert!(killed * 3 >= kills && with_earlier * 3 >= kills, "{killed} of {kills} runs were killed before their end");
    eprintln!("{kills} kills at random moments, {killed} before the end, {with_earlier} over an earlier case");
}

#[test]
fn where_memory_ends_there_is_no_case_and_with_more_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let mut failed = 0;
    // KiB of address space, from too little to start its threads to plenty.
    for most in [110_000u32, 130_000, 150_000, 170_000, 190_000, 210_000, 8_000_000] {
        let script = format!("ulimit -v {most}; exec \"$@\"");
        let mut limited = Command::new("sh");
        limited.args(["-c", &script, "sh"]).arg(BINARY).args(analyse(&case, false).get_args());
        let run = limited.env("RAYON_NUM_THREADS", "2").output().unwrap();
        if run.status.code() == Some(10) {
            assert!(is_whole(&case));
            fs::remove_dir_all(&case).unwrap();
            continue;
        }
        failed += 1;
        let words = said(&run);
        assert!(!case.exists() && (words.contains("memory") || words.contains("unavailable")), "{most} KiB: {words}");
    }
    assert!((1..7).contains(&failed), "{failed} limits of 7 were too little");
    assert_eq!(analyse(&case, false).status().unwrap().code(), Some(10));
}

/// Runs as nobody where this is root, who may read and write anything.
fn as_nobody(command: &mut Command, binary: &Path) -> bool {
    let root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    if root {
        command.uid(65_534).gid(65_534);
    }
    !root || binary.exists()
}

#[test]
fn without_permission_the_error_names_what_and_with_it_the_run_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(at, 0o755);
    // The program's own folder may be closed to nobody.
    let binary = at.join("stillhunt");
    fs::copy(BINARY, &binary).unwrap();
    mode(&binary, 0o755);
    let log = at.join("log.jsonl.zst");
    fs::copy(format!("{SAMPLE}/events.jsonl.zst"), &log).unwrap();
    let out = at.join("out");
    fs::create_dir(&out).unwrap();
    let run = || {
        let mut command = Command::new(&binary);
        command.arg("analyze").arg(&log).arg("-o").arg(out.join("case"));
        assert!(as_nobody(&mut command, &binary));
        loop {
            // A program that another test starts just now holds what this one has copied open for a moment.
            match command.output() {
                Err(e) if e.kind() == ErrorKind::ExecutableFileBusy => std::thread::sleep(Duration::from_millis(5)),
                ran => return ran.unwrap(),
            }
        }
    };
    mode(&log, 0o000);
    mode(&out, 0o777);
    let unread = run();
    assert_eq!(unread.status.code(), Some(1), "{}", said(&unread));
    assert!(said(&unread).contains("log.jsonl.zst cannot be read: Permission denied"), "{}", said(&unread));
    mode(&log, 0o444);
    mode(&out, 0o555);
    let unwritten = run();
    assert_eq!(unwritten.status.code(), Some(1));
    assert!(said(&unwritten).contains("cannot be written") && said(&unwritten).contains("Permission denied"));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    mode(&out, 0o777);
    let done = run();
    assert!(matches!(done.status.code(), Some(0 | 10)), "{}", said(&done));
    let case = out.join("case");
    assert_eq!(fs::metadata(&case).unwrap().permissions().mode() & 0o077, 0, "a case is private");
}

#[test]
fn an_archive_that_is_cut_anywhere_is_named_and_leaves_no_case() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let zst = fs::read(format!("{SAMPLE}/events.jsonl.zst")).unwrap();
    let plain = zstd::decode_all(zst.as_slice()).unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&plain).unwrap();
    let gz = gz.finish().unwrap();
    for (name, bytes) in [("a.jsonl.zst", &zst), ("a.jsonl.gz", &gz)] {
        let log = folder.path().join(name);
        for cut in [bytes.len() / 7, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&log, &bytes[..cut]).unwrap();
            let run = Command::new(BINARY).arg("analyze").arg(&log).arg("-o").arg(&case).output().unwrap();
            assert_eq!(run.status.code(), Some(1), "{name} cut at {cut}: {}", said(&run));
            assert!(said(&run).contains("is damaged") && said(&run).contains(name), "{}", said(&run));
            assert!(!case.exists());
        }
        // A bit that turned in the middle is found too: gzip has a sum over all, and zstd over each block's shape.
        let mut turned = bytes.clone();
        turned[bytes.len() / 2] ^= 0x10;
        fs::write(&log, &turned).unwrap();
        let run = Command::new(BINARY).arg("check").arg(&log).output().unwrap();
        assert!(name.ends_with("zst") || run.status.code() == Some(1), "{}", said(&run));
        fs::write(&log, bytes).unwrap();
        let run = Command::new(BINARY).arg("check").arg(&log).output().unwrap();
        assert_eq!(run.status.code(), Some(0));
    }
}

/// What starts with no byte at all: the memory of a process where nothing is mapped, a file as any other to whoever opens it.
#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_first_byte_cannot_be_read_is_named_with_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    for command in
        [&["check"][..], &["collect", "-o", case.to_str().unwrap()], &["analyze", "-o", case.to_str().unwrap()]]
    {
        let run = Command::new(BINARY).args(command).arg("/proc/self/mem").output().unwrap();
        assert_eq!(run.status.code(), Some(1), "{}", said(&run));
        assert!(
            said(&run).contains("/proc/self/mem cannot be read behind byte 0: Input/output error"),
            "{}",
            said(&run)
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

/// Whether a tool that makes calls of the system fail is here and may.
fn can_inject() -> bool {
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let can = probe.as_ref().is_ok_and(|run| run.status.success());
    if !can {
        eprintln!("skipped: strace is not here or may not trace: {:?}", probe.map(|run| said(&run)));
    }
    can
}

/// A disk that fails at one place of a log, once and from then on, in each of the passes over it: when its kind is told, when
/// it is hashed, when its rows are read.
#[cfg(target_os = "linux")]
#[test]
fn a_read_error_in_the_middle_of_a_log_is_named_with_its_byte_and_leaves_no_case() {
    if !can_inject() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let zst = fs::read(format!("{SAMPLE}/events.jsonl.zst")).unwrap();
    let lines = rows(false, 'x').repeat(60);
    let table = rows(true, 'x') + &rows(true, 'x')[HEAD.len()..].repeat(100);
    for (name, bytes) in [("a.jsonl", lines.as_bytes()), ("a.csv", table.as_bytes()), ("a.jsonl.zst", &zst)] {
        let log = folder.path().join(name);
        fs::write(&log, bytes).unwrap();
        let (mut places, mut failed) = (std::collections::BTreeSet::new(), 0);
        for nth in (1..).take(24) {
            let mut run = Command::new("strace");
            run.args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=read",
                "-e",
                &format!("inject=read:error=EIO:when={nth}"),
            ]);
            let run =
                run.arg("-P").arg(&log).arg(BINARY).arg("analyze").arg(&log).arg("-o").arg(&case).output().unwrap();
            if matches!(run.status.code(), Some(0 | 10)) {
                // Fewer calls than that: the disk did not fail.
                fs::remove_dir_all(&case).unwrap();
                continue;
            }
            failed += 1;
            assert_eq!(run.status.code(), Some(1), "{name}, read {nth}: {}", said(&run));
            assert!(!case.exists(), "{name}, read {nth}");
            let said = said(&run);
            let place = said.split_once(&format!("{name} cannot be read behind byte ")).expect(&said).1;
            let (byte, why) = place.split_once(": ").unwrap();
            assert!(why.starts_with("Input/output error"), "{said}");
            places.insert(byte.parse::<u64>().unwrap());
        }
        let end = bytes.len() as u64;
        assert!(
            failed >= 5 && places.iter().any(|at| (1..end).contains(at)),
            "{name}: {failed} failed, behind {places:?}"
        );
        assert!(places.iter().all(|at| *at <= end), "{name}: {places:?} of {end}");
        let again = Command::new(BINARY).arg("analyze").arg(&log).arg("-o").arg(&case).output().unwrap();
        assert!(matches!(again.status.code(), Some(0 | 10)) && is_whole(&case), "{}", self::said(&again));
        fs::remove_dir_all(&case).unwrap();
    }
}

const HEAD: &str = "timestamp,account_id,prompt\n";

/// Forty kilobytes of rows of one account, in which a change of a letter changes no length.
fn rows(csv: bool, letter: char) -> String {
    let row = |i: usize| match csv {
        true => format!("2026-08-03T00:00:{:02}Z,a,{letter}\n", i % 60),
        false => {
            format!(
                "{{\"timestamp\":\"2026-08-03T00:00:{:02}Z\",\"account_id\":\"a\",\"prompt\":\"{letter}\"}}\n",
                i % 60
            )
        }
    };
    let head = if csv { HEAD } else { "" };
    head.to_owned() + &(0..600).map(row).collect::<String>()
}

/// Reads a log that `meddle` changes when the first rows are in.
fn meddled(path: &Path, meddle: &(dyn Fn() + Sync)) -> Result<IngestReport, IngestError> {
    let small = IngestSettings { batch_bytes: 1000, ..IngestSettings::default() };
    let once = std::sync::Once::new();
    let tell = |_: Progress| once.call_once(meddle);
    read_logs::<Evidence>(&find_inputs(&[path.to_owned()])?, &FieldMap::generic(), &small, &tell).map(|(_, read)| read)
}

#[test]
fn what_a_log_grows_by_while_it_is_read_is_for_another_run() {
    let folder = tempfile::tempdir().unwrap();
    for (name, csv) in [("a.jsonl", false), ("a.csv", true)] {
        let path = folder.path().join(name);
        let before = rows(csv, 'x');
        fs::write(&path, &before).unwrap();
        let more = rows(csv, 'y');
        let grow = || fs::File::options().append(true).open(&path).unwrap().write_all(more.as_bytes()).unwrap();
        let read = meddled(&path, &grow).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 2 * before.len() as u64);
        assert_eq!((read.intake.rows_read, read.intake.files[0].bytes), (600, before.len() as u64));
        assert_eq!(read.intake.files[0].sha256, sha256(before.as_bytes()), "the hash is of what was read");
        assert!(read.intake.notes.iter().any(|n| n.contains("grew while it was read")), "{:?}", read.intake.notes);
        let again = meddled(&path, &|| {}).unwrap();
        assert_eq!(again.intake.files[0].bytes, 2 * before.len() as u64);
        assert!(!again.intake.notes.iter().any(|n| n.contains("grew")), "{:?}", again.intake.notes);
    }
}

#[test]
fn a_log_that_changes_while_it_is_read_is_named_and_a_second_run_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    for (name, csv) in [("a.jsonl", false), ("a.csv", true)] {
        let path = folder.path().join(name);
        let fresh = || fs::write(&path, rows(csv, 'x')).unwrap();
        let same = || {
            fs::write(&other, rows(csv, 'x')).unwrap();
            fs::rename(&other, &path).unwrap();
        };
        let rewritten = || fs::write(&path, rows(csv, 'y')).unwrap();
        let replaced = || {
            fs::write(&other, rows(csv, 'y')).unwrap();
            fs::rename(&other, &path).unwrap();
        };
        let cut = || fs::File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
        fresh();
        assert_eq!(meddled(&path, &same).unwrap().intake.rows_kept, 600, "other file, same bytes");
        for change in [&rewritten as &(dyn Fn() + Sync), &replaced, &cut] {
            fresh();
            let error = meddled(&path, change).unwrap_err();
            assert!(matches!(error, IngestError::Changed(_)) && error.exit_code() == 1, "{error}");
            assert!(error.to_string().contains("changed while it was read"), "{error}");
            assert!(meddled(&path, &|| {}).is_ok(), "a second run succeeds");
        }
        fresh();
        let gone = meddled(&path, &|| fs::remove_file(&path).unwrap()).unwrap_err();
        assert!(gone.to_string().contains("cannot be read: No such file"), "{gone}");
        fresh();
        let swapped = || {
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
        };
        let error = meddled(&path, &swapped).unwrap_err();
        assert!(error.exit_code() == 1 && error.to_string().contains("directory"), "{error}");
        fs::remove_dir(&path).unwrap();
    }
}

/// Times of files that lie before all time or behind it change nothing.
#[test]
fn no_time_of_a_file_has_a_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, rows(false, 'x')).unwrap();
    let calm = meddled(&path, &|| {}).unwrap();
    let far = Duration::from_secs(4_000_000_000);
    for time in [SystemTime::UNIX_EPOCH - far, SystemTime::UNIX_EPOCH + far] {
        let turn = || fs::File::options().append(true).open(&path).unwrap().set_modified(time).unwrap();
        let read = meddled(&path, &turn).unwrap();
        assert_eq!(format!("{:?}", read.intake), format!("{:?}", calm.intake));
    }
}
