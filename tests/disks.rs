//! Disks that are full, read-only or in use: a clear error, and nothing lost. The disks are mounts in a namespace of the
//! test's own, which needs no rights where the system allows it; where it does not, the tests fail, unless
//! `STILLHUNT_SKIP_NAMESPACES` is set.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sample");
const BINARY: &str = env!("CARGO_BIN_EXE_stillhunt");

/// Runs `script` where it may mount, with `$disk` an empty folder, and `analyse FOLDER` for the sample. `None` where mounts
/// are not permitted and whoever runs the tests knows it: a test that did nothing is no test that passed.
fn where_it_may_mount(script: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]).env("disk", folder.path());
        command.env("stillhunt", BINARY).env("sample", SAMPLE).output()
    };
    let probe = in_namespace("mount -t tmpfs -o size=64k none \"$disk\"");
    let reason = match &probe {
        Ok(run) if run.status.success() => None,
        Ok(run) => Some(String::from_utf8_lossy(&run.stderr).into_owned()),
        Err(e) => Some(e.to_string()),
    };
    if let Some(reason) = reason {
        let told = format!("no mount in a namespace of one's own: {reason}");
        assert!(std::env::var_os("STILLHUNT_SKIP_NAMESPACES").is_some(), "{told}");
        // Past what the test harness keeps of a test that passes.
        let _ = writeln!(std::io::stderr(), "skipped, for STILLHUNT_SKIP_NAMESPACES is set: {told}");
        return None;
    }
    let whole = format!(
        "analyse() {{ \"$stillhunt\" analyze \"$sample/events.jsonl.zst\" --accounts \"$sample/accounts.csv\" -o \"$@\"; }}
         told() {{ \"$@\" 2>&1 >/dev/null; echo \"status $?\"; }}
         {script}"
    );
    let run = in_namespace(&whole).unwrap();
    Some(format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr)))
}

/// The lines said, but for those that say where a case is.
fn lines(said: &str) -> Vec<&str> {
    said.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("Case written")).collect()
}

#[test]
fn a_disk_without_room_for_a_case_leaves_nothing() {
    let script = "mount -t tmpfs -o size=256k none \"$disk\"; told analyse \"$disk/case\"; ls -A \"$disk\"";
    let Some(said) = where_it_may_mount(script) else { return };
    let said = lines(&said);
    assert!(said[0].contains("the case cannot be written to") && said[0].contains("No space left"), "{said:?}");
    assert_eq!(said[1..], ["status 1"], "something is left on the disk");
}

#[test]
fn a_disk_without_room_for_a_second_case_keeps_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let run = Command::new(BINARY)
        .args(["analyze", &format!("{SAMPLE}/events.jsonl.zst"), "--accounts", &format!("{SAMPLE}/accounts.csv"), "-o"])
        .arg(&case)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(run.code(), Some(10));
    let size: u64 = fs::read_dir(&case).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).sum();
    let room = size + size / 2;
    let script = format!(
        "mount -t tmpfs -o size={room} none \"$disk\"
         told analyse \"$disk/case\"; told analyse \"$disk/case\" --force; ls -A \"$disk\"
         told \"$stillhunt\" verify \"$disk/case\""
    );
    let Some(said) = where_it_may_mount(&script) else { return };
    let said = lines(&said);
    assert_eq!(said[0], "status 10");
    assert!(said[1].contains("No space left"), "{said:?}");
    assert_eq!(said[2..], ["status 1", "case", "status 0"], "the earlier case is not whole");
}

#[test]
fn a_read_only_disk_is_refused_before_the_logs_are_read_and_a_case_on_it_stays() {
    let script = "mount -t tmpfs -o size=8m none \"$disk\"; told analyse \"$disk/case\"; mount -o remount,ro \"$disk\"
         told \"$stillhunt\" analyze /no/such/log -o \"$disk/other\"; told analyse \"$disk/case\" --force
         told \"$stillhunt\" report \"$disk/case\" --format markdown -o \"$disk/report.md\"
         ls -A \"$disk\"; told \"$stillhunt\" verify \"$disk/case\"";
    let Some(said) = where_it_may_mount(script) else { return };
    let said = lines(&said);
    assert_eq!(said[0], "status 10");
    for refusal in said[1..7].chunks(2) {
        assert!(refusal[0].contains("cannot be written") && refusal[0].contains("Read-only"), "{said:?}");
        assert_eq!(refusal[1], "status 1");
    }
    assert_eq!(said[7..], ["case", "status 0"]);
}

/// A folder that is a mount cannot be renamed: the new case is complete by then and finds no place.
#[test]
fn a_case_that_cannot_be_moved_stays_as_it_is() {
    let script = "mount -t tmpfs -o size=8m none \"$disk\"; told analyse \"$disk/case\"
         mount --bind \"$disk/case\" \"$disk/case\"; told analyse \"$disk/case\" --force
         ls -A \"$disk\"; told \"$stillhunt\" verify \"$disk/case\"";
    let Some(said) = where_it_may_mount(script) else { return };
    let said = lines(&said);
    assert_eq!(said[0], "status 10");
    assert!(said[1].contains("cannot be written"), "{said:?}");
    assert_eq!(said[2..], ["status 1", "case", "status 0"]);
}

fn run(arguments: &[&str], to: Stdio) -> Output {
    Command::new(BINARY).args(arguments).stdout(to).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap()
}

#[test]
fn an_output_that_takes_nothing_is_an_error_and_a_device_stays_a_device() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        eprintln!("skipped: this system has no /dev/full");
        return;
    }
    let device = || Stdio::from(fs::OpenOptions::new().write(true).open(full).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let case = case.to_str().unwrap();
    let log = format!("{SAMPLE}/events.jsonl.zst");
    // What was asked for is the case: it is whole though nobody could be told.
    let told = run(&["analyze", &log, "-o", case], device());
    assert_eq!(told.status.code(), Some(1));
    assert_eq!(run(&["verify", case], Stdio::null()).status.code(), Some(0));
    for arguments in [
        vec!["report", case],
        vec!["report", case, "--format", "html"],
        vec!["schema"],
        vec!["man"],
        vec!["inspect", case, "N-none"],
    ] {
        let said = run(&arguments, device());
        let words = String::from_utf8_lossy(&said.stderr).into_owned();
        let (status, expected) = if arguments[0] == "inspect" {
            (2, "no network N-none")
        } else {
            (1, "the output cannot be written: No space")
        };
        assert!(said.status.code() == Some(status) && words.contains(expected), "{arguments:?}: {words}");
    }
    for more in [&["-o", "/dev/full"][..], &["-o", "/dev/full", "--force"]] {
        let said = run(&[&["report", case, "--format", "html"], more].concat(), Stdio::null());
        assert_eq!(said.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&said.stderr).contains("/dev/full cannot be written: No space"));
        assert!(fs::metadata(full).unwrap().file_type().is_char_device());
    }
    let piped = run(&["report", case, "--format", "json", "-o", "/dev/stdout"], Stdio::piped());
    assert_eq!(piped.stdout, fs::read(Path::new(case).join("report.json")).unwrap());
    let folder = run(&["report", case, "--format", "json", "-o", case, "--force"], Stdio::null());
    assert_eq!(folder.status.code(), Some(2), "{}", String::from_utf8_lossy(&folder.stderr));
}
