//! What a run that was killed leaves beside its case: the next one puts it in order or names it, and touches nothing that a
//! process may still use.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_stillhunt");

fn said(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn is_whole(case: &Path) -> bool {
    Command::new(BINARY).arg("verify").arg(case).output().unwrap().status.success()
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A folder for cases, and a small log elsewhere.
struct Desk {
    place: tempfile::TempDir,
    log: tempfile::NamedTempFile,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { place: tempfile::tempdir().unwrap(), log: tempfile::NamedTempFile::new().unwrap() };
        let row = |i: usize| {
            format!(
                "{{\"timestamp\":\"2026-08-03T00:00:{:02}Z\",\"account_id\":\"a{}\",\"prompt\":\"p{i}\"}}\n",
                i % 60,
                i % 3
            )
        };
        fs::write(desk.log.path(), (0..60).map(row).collect::<String>()).unwrap();
        desk
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn case(&self) -> PathBuf {
        self.at("case")
    }

    /// The command of an analysis, behind that of a tool.
    fn analyse(&self, tool: &[&str], force: bool) -> Output {
        let words = tool.iter().copied().chain([BINARY, "analyze"]).collect::<Vec<_>>();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .arg(self.log.path())
            .arg("-o")
            .arg(self.case())
            .args(force.then_some("--force"))
            .args(["--view", "quiet"]);
        command.output().unwrap()
    }

    /// A folder as a run of this machine makes it, with part of a case in it.
    fn written(&self, mark: &str) -> PathBuf {
        let folder = self.at(&format!(".stillhunt-{mark}-abcdef"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("report.json"), "{\"half\":").unwrap();
        folder
    }
}

fn machine() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap()[..8].to_owned()
}

#[test]
fn what_a_killed_run_wrote_is_removed_and_what_another_process_uses_is_left_alone() {
    let desk = Desk::new();
    let left = desk.written(&machine());
    let used = File::open(&left).unwrap();
    used.lock().unwrap();
    let run = desk.analyse(&[], false);
    assert!(run.status.code() == Some(0) && run.stderr.is_empty() && left.exists(), "{}", said(&run));
    drop(used);
    let run = desk.analyse(&[], true);
    assert!(
        run.status.code() == Some(0) && said(&run).contains("left of a run that was killed, is removed"),
        "{}",
        said(&run)
    );
    assert_eq!(names(desk.place.path()), ["case"]);
    assert!(desk.analyse(&[], true).stderr.is_empty(), "said once");
}

#[test]
fn what_may_belong_to_somebody_else_is_named_and_stays() {
    let desk = Desk::new();
    let elsewhere = desk.written("00000000");
    let more = desk.written(&machine());
    fs::write(more.join("notes.txt"), "mine").unwrap();
    std::os::unix::fs::symlink("/etc", desk.at(&format!(".stillhunt-{}-linked", machine()))).unwrap();
    let run = desk.analyse(&[], false);
    assert_eq!(run.status.code(), Some(0));
    for folder in [&elsewhere, &more] {
        let expected =
            format!("{} is left of a run that was killed, or in use by one on another machine", folder.display());
        assert!(folder.exists() && said(&run).contains(&expected), "{}", said(&run));
    }
    assert_eq!(said(&run).lines().count(), 2, "{}", said(&run));
    assert!(more.join("report.json").exists() && more.join("notes.txt").exists());
}

#[test]
fn an_earlier_case_that_a_killed_run_had_moved_comes_back() {
    for force in [false, true] {
        let desk = Desk::new();
        assert_eq!(desk.analyse(&[], false).status.code(), Some(0));
        let mark = format!(".stillhunt-{}-abcdef", machine());
        let aside = desk.at(&format!("case{mark}-earlier"));
        fs::rename(desk.case(), &aside).unwrap();
        // The run that moved it may be about to put its own in the place.
        let written = desk.written(&machine());
        let used = File::open(&written).unwrap();
        used.lock().unwrap();
        let other = desk.analyse(&[], false);
        assert!(other.status.code() == Some(0) && other.stderr.is_empty() && aside.exists(), "{}", said(&other));
        fs::remove_dir_all(desk.case()).unwrap();
        drop(used);
        let run = desk.analyse(&[], force);
        assert!(said(&run).contains("/case is put back from "), "{}", said(&run));
        // It stands there as any other: without --force it stays.
        assert_eq!(run.status.code(), Some(if force { 0 } else { 2 }), "{}", said(&run));
        assert!(is_whole(&desk.case()));
        assert_eq!(names(desk.place.path()), ["case"]);
    }
}

#[test]
fn of_two_earlier_cases_none_is_chosen_and_one_beside_its_successor_stays() {
    let desk = Desk::new();
    assert_eq!(desk.analyse(&[], false).status.code(), Some(0));
    let aside = desk.at("case.stillhunt-00000000-abcdef-earlier");
    fs::rename(desk.case(), &aside).unwrap();
    let second = desk.at("case.stillhunt-00000000-ghijkl-earlier");
    fs::create_dir(&second).unwrap();
    let run = desk.analyse(&[], false);
    assert!(run.status.code() == Some(0) && said(&run).matches("is left of a case that stood at").count() == 2);
    let run = desk.analyse(&[], true);
    assert!(said(&run).matches("is left of the case that a run replaced at").count() == 2, "{}", said(&run));
    assert!(is_whole(&aside) && second.exists() && is_whole(&desk.case()));
}

/// Killed when it makes, writes down, moves and removes, one call of the system after the other.
#[test]
fn after_a_kill_at_any_step_of_writing_the_next_run_leaves_nothing_unnamed() {
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    if !probe.as_ref().is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: strace is not here or may not trace");
        return;
    }
    let (mut kills, mut removed, mut put_back, mut named) = (0, 0, 0, 0);
    for force in [false, true] {
        for call in ["mkdir", "mkdirat", "fsync", "rename", "renameat", "renameat2", "unlinkat", "rmdir"] {
            for nth in (1..).take(12) {
                let desk = Desk::new();
                if force {
                    assert_eq!(desk.analyse(&[], false).status.code(), Some(0));
                }
                let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
                let killed =
                    desk.analyse(&["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject], force);
                if killed.status.code() == Some(0) {
                    // There is no such call any more.
                    break;
                }
                kills += 1;
                assert!(!desk.case().exists() || is_whole(&desk.case()), "{call} {nth}: a half case");
                let next = desk.analyse(&[], true);
                let what = format!("{call} {nth}: {}", said(&next));
                assert!(next.status.code() == Some(0) && is_whole(&desk.case()), "{what}");
                for name in names(desk.place.path()).iter().filter(|name| *name != "case") {
                    assert!(said(&next).contains(name.as_str()), "{name} is not named: {what}");
                    named += 1;
                }
                removed += said(&next).matches("is removed").count();
                put_back += said(&next).matches("is put back").count();
            }
        }
    }
    eprintln!("{kills} kills: {removed} folders removed, {put_back} cases put back, {named} named");
    assert!(kills >= 20 && removed >= 10 && put_back >= 1, "{kills} {removed} {put_back} {named}");
}
