//! Ctrl-C and limits: a run that is ended from outside says how far it was, and leaves nothing behind.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

const STILLHUNT: &str = env!("CARGO_BIN_EXE_stillhunt");

fn signal(child: &Child, name: &str) {
    // Whoever has ended already cannot be sent anything.
    let _ = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).stderr(Stdio::null()).status();
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn sample(name: &str) -> String {
    format!("{}/testdata/sample/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn whoever_is_interrupted_says_how_far_it_was() {
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let mut child = Command::new(STILLHUNT)
            .args(["collect", "--stdin", "--evidence"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // More than a pipe holds: once it is written, the program reads, and so knows what to do about a signal.
        stdin.write_all(&b"{\"ts\":\"2026-08-03T00:00:00Z\",\"account_id\":\"a\"}\n".repeat(20_000)).unwrap();
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        assert_eq!(stderr(&output), "stillhunt: interrupted while reading standard input; nothing was written\n");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn whenever_an_analysis_is_interrupted_it_leaves_a_whole_case_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut ended = 0;
    for wait in [0u64, 10, 30, 60, 100, 200, 400, 800, 1600, 3200] {
        let case = folder.path().join("CASE");
        let child = Command::new(STILLHUNT)
            .args(["analyze", &sample("events.jsonl.zst"), "--accounts", &sample("accounts.csv"), "-o"])
            .arg(&case)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        signal(&child, "INT");
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(10) => {
                assert_eq!(names(folder.path()), ["CASE"]);
                assert!(case.join("manifest.json").exists());
                fs::remove_dir_all(&case).unwrap();
            }
            // Before it knew what to do about a signal, or after.
            code => {
                assert!(code.is_none() || code == Some(130), "{code:?}: {}", stderr(&output));
                assert!(code.is_none() || stderr(&output).starts_with("stillhunt: interrupted while "));
                assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
                ended += 1;
            }
        }
    }
    assert!(ended > 0, "nothing was ever interrupted");
}

#[test]
fn a_limit_of_memory_ends_reading_with_its_figures() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("many.jsonl");
    let mut rows = Vec::new();
    for i in 0..150_000 {
        writeln!(rows, "{{\"ts\":\"2026-08-03T00:00:00Z\",\"account_id\":\"account {i}\",\"client_ip\":\"10.0.0.1\"}}")
            .unwrap();
    }
    fs::write(&log, rows).unwrap();
    let check =
        |limit: &str| Command::new(STILLHUNT).args(["check", "--memory-limit", limit]).arg(&log).output().unwrap();
    let output = check("64M");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.starts_with("error: reading takes ") && said.contains("more than the limit of 64 MiB"), "{said}");
    assert_eq!(check("2G").status.code(), Some(0));
}

#[test]
fn any_number_of_threads_gives_the_same_output() {
    let folder = tempfile::tempdir().unwrap();
    let report = |threads: &str| {
        let case = folder.path().join(threads);
        let status = Command::new(STILLHUNT)
            .args(["analyze", &sample("events.jsonl.zst"), "--threads", threads, "-o"])
            .arg(&case)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(matches!(status.code(), Some(0 | 10)));
        fs::read(case.join("report.json")).unwrap()
    };
    assert_eq!(report("1"), report("3"));
}
