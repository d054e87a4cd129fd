//! The machine around the program has no say: zone, language, threads, folders, and another build of the same source.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sample");

/// A case of `log`, each file by name, made by `program` under some variables in the folder `at`.
fn case(program: &str, at: &Path, log: &Path, variables: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("case");
    let mut command = Command::new(program);
    command.arg("analyze").arg(log).args(["--accounts", &format!("{SAMPLE}/accounts.csv"), "-o"]).arg(&out);
    command.current_dir(at).envs(variables.iter().copied()).stdout(Stdio::null());
    assert_eq!(command.status().unwrap().code(), Some(10), "{variables:?}");
    let files = fs::read_dir(&out).unwrap().map(|e| e.unwrap().path());
    files.map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&p).unwrap())).collect()
}

const OWN: &str = env!("CARGO_BIN_EXE_stillhunt");

#[test]
fn zone_language_threads_and_folders_change_no_byte_of_a_case() {
    let log = Path::new(SAMPLE).join("events.jsonl.zst");
    let elsewhere = tempfile::tempdir().unwrap();
    let calm = case(OWN, Path::new("/"), &log, &[("TZ", "UTC"), ("LC_ALL", "C"), ("RAYON_NUM_THREADS", "1")]);
    assert_eq!(calm.len(), 8);
    let temporary = elsewhere.path().to_str().unwrap();
    for variables in [
        &[("TZ", "Pacific/Kiritimati"), ("LC_ALL", "tr_TR.UTF-8"), ("RAYON_NUM_THREADS", "2")][..],
        &[
            ("TZ", "Pacific/Pago_Pago"),
            ("LANG", "ar_EG.UTF-8"),
            ("LC_NUMERIC", "de_DE.UTF-8"),
            ("RAYON_NUM_THREADS", "8"),
        ],
        &[
            ("TZ", ":nonsense"),
            ("HOME", "/nowhere"),
            ("TMPDIR", temporary),
            ("POLARS_MAX_THREADS", "3"),
            ("NO_COLOR", "1"),
        ],
    ] {
        let other = case(OWN, elsewhere.path(), &log, variables);
        for (name, bytes) in &calm {
            assert!(other[name] == *bytes, "{name} differs under {variables:?}");
        }
    }
}

#[test]
fn another_name_of_the_log_is_the_only_thing_that_changes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let packed = fs::read(format!("{SAMPLE}/events.jsonl.zst")).unwrap();
    let (first, second) = (at.join("a.jsonl.zst"), at.join("zz.ndjson.zst"));
    fs::write(&first, &packed).unwrap();
    fs::write(&second, &packed).unwrap();
    let report = |path: &Path| String::from_utf8(case(OWN, at, path, &[]).remove("report.json").unwrap()).unwrap();
    let renamed = report(&second).replace(second.to_str().unwrap(), first.to_str().unwrap());
    assert!(renamed == report(&first));
}

/// `STILLHUNT_OTHER_BUILD` names the program as another profile built it.
#[test]
fn another_build_of_the_same_source_writes_the_same_bytes() {
    let Ok(other) = std::env::var("STILLHUNT_OTHER_BUILD") else {
        eprintln!("skipped: STILLHUNT_OTHER_BUILD names no program");
        return;
    };
    let log = Path::new(SAMPLE).join("events.jsonl.zst");
    let (ours, theirs) = (case(OWN, Path::new("/"), &log, &[]), case(&other, Path::new("/"), &log, &[]));
    for (name, bytes) in &ours {
        assert!(theirs[name] == *bytes, "{name} differs");
    }
}
