//! The binary as a person runs it: what it writes, what it leaves behind, and how it exits.

use assert_cmd::Command;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use stillhunt::document::Document;
use stillhunt::validation::simulate::{World, WorldSettings};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sample");

fn stillhunt(arguments: &[&Path]) -> assert_cmd::assert::Assert {
    // Even where somebody forces colours for all programs, a pipe gets none.
    Command::cargo_bin("stillhunt").unwrap().env("CLICOLOR_FORCE", "1").args(arguments).assert()
}

fn arg(word: &str) -> &Path {
    Path::new(word)
}

/// Analyses the shipped sample into `case`.
fn analyse_sample(case: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    let (events, accounts) = (format!("{SAMPLE}/events.jsonl.zst"), format!("{SAMPLE}/accounts.csv"));
    let mut arguments = vec![arg("analyze"), arg(&events), arg("--accounts"), arg(&accounts), arg("-o"), case];
    arguments.extend(more.iter().map(|m| arg(m)));
    stillhunt(&arguments)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn document(case: &Path) -> Document {
    serde_json::from_slice(&fs::read(case.join("report.json")).unwrap()).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_sample_exits_with_10_and_its_case_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let run = analyse_sample(&case, &[]).code(10);
    let output = run.get_output();
    assert!(!output.stdout.contains(&0x1b), "no colours where there is no terminal");
    let place = format!("Case written; open {}\n", case.join("report.html").display());
    assert_eq!(String::from_utf8_lossy(&output.stderr), place, "no progress where there is no terminal");

    let expected = [
        "accounts.csv",
        "evidence.parquet",
        "links.csv",
        "manifest.json",
        "networks.csv",
        "rejects.csv",
        "report.html",
        "report.json",
    ];
    assert_eq!(names(&case), expected);
    assert_eq!(names(folder.path()), ["case"], "nothing temporary is left");
    let manifest: Value = serde_json::from_slice(&fs::read(case.join("manifest.json")).unwrap()).unwrap();
    let hash =
        |path: &Path| Sha256::digest(fs::read(path).unwrap()).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let outputs = manifest["outputs"].as_array().unwrap();
    assert_eq!(outputs.len() + 1, expected.len());
    for file in outputs {
        assert_eq!(file["sha256"], hash(&case.join(file["path"].as_str().unwrap())), "{file}");
    }
    let inputs: Vec<_> = manifest["inputs"].as_array().unwrap().iter().map(|f| f["sha256"].as_str().unwrap()).collect();
    assert_eq!(inputs, ["events.jsonl.zst", "accounts.csv"].map(|n| hash(&Path::new(SAMPLE).join(n))));

    let bytes = fs::read(case.join("report.json")).unwrap();
    let found = document(&case);
    // Not assert_eq: on failure it would print the whole report.
    assert!(stillhunt::report::json(&found).unwrap() == bytes, "read and written again it is another document");
    let i = &found.intake;
    assert!(i.rows_read > 1000);
    assert_eq!(i.rows_read, i.rows_kept + i.rows_rejected + i.rows_repeated + i.rows_joined + i.rows_aside);
    let table = fs::read_to_string(case.join("accounts.csv")).unwrap();
    assert!(table.starts_with("account_id,network_id,verdict,membership"));
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<Vec<String>> =
        rows.records().map(|r| r.unwrap().iter().take(3).map(str::to_owned).collect()).collect();
    let accounts: Vec<Vec<String>> = (found.accounts.iter())
        .map(|a| vec![a.account_id.clone(), a.network_id.clone(), a.verdict.as_str().to_owned()])
        .collect();
    assert!(rows == accounts && rows.len() as u64 == found.population.accounts, "accounts.csv and report.json differ");
    assert!(found.networks.iter().all(|n| !n.explanations.is_empty() && !n.members.is_empty()));
    for claim in found.networks.iter().flat_map(|n| &n.coordinated.claims).filter(|c| c.counts) {
        assert!(claim.q_value.is_some() && claim.observed != claim.expected, "{claim:?}");
        assert!(!claim.lines.is_empty() || !claim.table_rows.is_empty(), "{claim:?}");
        assert_eq!(claim.observed < claim.expected, claim.signal == "content.shard", "{claim:?}");
    }

    let again = stillhunt(&[arg("report"), &case]).code(0);
    assert!(again.get_output().stdout == output.stdout, "the case tells something else without the logs");
    let first = &found.networks[0];
    let inspected = stillhunt(&[arg("inspect"), &case, arg(&first.id)]).code(0);
    let text = String::from_utf8_lossy(&inspected.get_output().stdout).into_owned();
    assert!(first.members.iter().all(|m| text.contains(m)), "{text}");
    stillhunt(&[arg("inspect"), &case, arg(&first.members[0]), arg(&first.members[1])]).code(0);
    stillhunt(&[arg("inspect"), &case, arg("N-none")]).code(2);
    stillhunt(&[arg("inspect"), &case, arg("N-")]).code(2);
    let short = stillhunt(&[arg("inspect"), &case, arg(&first.id[..8])]).code(0);
    assert!(short.get_output().stdout == inspected.get_output().stdout, "the beginning of an id is enough");
    assert!(!text.contains("suspected_distillation"), "{text}");
    let other = folder.path().join("other");
    let taken = stillhunt(&[arg("analyze"), &case.join("evidence.parquet"), arg("-o"), &other]).code(2);
    let said = String::from_utf8_lossy(&taken.get_output().stderr).into_owned();
    assert!(said.contains("evidence.parquet (the evidence of a case, which tells of no single call"), "{said}");
    let scored = stillhunt(&[arg("evaluate"), &case, arg(&format!("{SAMPLE}/labels.csv"))]).code(0);
    assert!(String::from_utf8_lossy(&scored.get_output().stdout).contains("false 0"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&case).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn exit_zero_turns_a_finding_into_success_and_force_replaces_only_a_case() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse_sample(&case, &["--exit-zero"]).code(0);
    let before = fs::read(case.join("report.json")).unwrap();
    analyse_sample(&case, &[]).code(2);
    assert_eq!(fs::read(case.join("report.json")).unwrap(), before);
    analyse_sample(&case, &["--force"]).code(10);
    assert_eq!(fs::read(case.join("report.json")).unwrap(), before);

    // What a person put beside the files of a case is not ours to remove.
    write(&case, "notes.txt", "seen on Tuesday");
    let run = analyse_sample(&case, &["--force"]).code(2);
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("contains notes.txt"));
    assert_eq!(fs::read_to_string(case.join("notes.txt")).unwrap(), "seen on Tuesday");
    fs::remove_file(case.join("notes.txt")).unwrap();
    analyse_sample(&case, &["--force"]).code(10);

    let precious = folder.path().join("home");
    fs::create_dir(&precious).unwrap();
    write(&precious, "thesis.txt", "years of work");
    analyse_sample(&precious, &["--force"]).code(2);
    assert_eq!(names(&precious), ["thesis.txt"]);
    let file = write(folder.path(), "letter", "dear");
    analyse_sample(&file, &["--force"]).code(2);
    assert_eq!(fs::read_to_string(&file).unwrap(), "dear");
    assert_eq!(names(folder.path()), ["case", "home", "letter"]);
}

#[test]
fn a_quiet_world_exits_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::generate(&WorldSettings { people: 60, campaigns: false, ..WorldSettings::default() });
    world.write(folder.path(), false).unwrap();
    let case = folder.path().join("case");
    stillhunt(&[
        arg("analyze"),
        &folder.path().join("events.jsonl"),
        arg("--accounts"),
        &folder.path().join("accounts.csv"),
        arg("-o"),
        &case,
    ])
    .code(0);
    assert!(document(&case).accounts.iter().all(|a| a.verdict.as_str() != "suspected_distillation"));
}

#[test]
fn wrong_usage_exits_with_2_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let row = "{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\",\"prompt\":\"x\"}\n";
    let log = write(folder.path(), "log.jsonl", row);
    let nobody = write(folder.path(), "nobody.jsonl", "{\"timestamp\":\"2026-08-03T00:00:05Z\",\"prompt\":\"x\"}\n");
    let bad_map = write(folder.path(), "bad.toml", "[fields]\nacount_id = \"x\"\n");
    let absent_column = write(folder.path(), "absent.toml", "[fields]\nts = \"no such column\"\n");
    let no_account = write(folder.path(), "facts.csv", "x,y\n1,2\n");
    let ragged = write(folder.path(), "ragged.csv", "account_id,device_id\na,1\nb,2,3\n");
    let latin = folder.path().join("latin.toml");
    fs::write(&latin, b"[fields]\nts = \"\xe9\"\n").unwrap();
    let before = names(folder.path());
    let case = folder.path().join("case");
    let missing = folder.path().join("missing");
    for arguments in [
        vec![arg("--no-such-flag")],
        vec![arg("analyze"), &log],
        vec![arg("analyze"), &missing, arg("-o"), &case],
        vec![arg("analyze"), &nobody, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--map"), &missing, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--map"), &bad_map, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--map"), &absent_column, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--accounts"), &missing, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--accounts"), &no_account, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--accounts"), &ragged, arg("-o"), &case],
        vec![arg("analyze"), &log, arg("--map"), &latin, arg("-o"), &case],
        vec![arg("check"), &missing],
    ] {
        let run = stillhunt(&arguments).code(2);
        assert!(!run.get_output().stderr.is_empty(), "{arguments:?}");
        assert_eq!(names(folder.path()), before, "{arguments:?}");
    }
}

#[test]
fn nothing_readable_exits_with_3_and_a_failure_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = write(folder.path(), "garbage.jsonl", "{\"account_id\":\"a\"}\n{broken\n");
    let case = folder.path().join("case");
    stillhunt(&[arg("analyze"), &garbage, arg("-o"), &case]).code(3);
    let noise = write(folder.path(), "noise.log", "no JSON at all\nnor here\n");
    stillhunt(&[arg("analyze"), &noise, arg("-o"), &case]).code(3);
    let cut = folder.path().join("cut.jsonl.gz");
    fs::write(&cut, b"\x1f\x8bno gzip behind these two bytes").unwrap();
    let run = stillhunt(&[arg("analyze"), &cut, arg("-o"), &case]).code(1);
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("is damaged"));
    assert!(!case.exists());

    fs::create_dir(&case).unwrap();
    stillhunt(&[arg("report"), &case]).code(1);
    write(&case, "report.json", "{\"schema_version\":\"1.0\",");
    stillhunt(&[arg("report"), &case]).code(1);
    write(&case, "report.json", "{\"schema_version\":\"99.0\"}");
    let run = stillhunt(&[arg("report"), &case]).code(1);
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("99.0"));
    let missing = folder.path().join("missing");
    let unwritable = folder.path().join("no").join("such").join("place");
    analyse_sample(&unwritable, &[]).code(2);
    // A file where a folder should be is found before the logs are read.
    let run = stillhunt(&[arg("analyze"), &missing, arg("-o"), &noise.join("case")]).code(1);
    assert!(String::from_utf8_lossy(&run.get_output().stderr).contains("cannot be written"));
    assert_eq!(names(folder.path()), ["case", "cut.jsonl.gz", "garbage.jsonl", "noise.log"]);
}

#[test]
fn check_names_what_is_filled_rejected_and_impossible() {
    let folder = tempfile::tempdir().unwrap();
    let log = write(
        folder.path(),
        "log.jsonl",
        "{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\",\"prompt\":\"x\"}\n{broken\n",
    );
    let run = stillhunt(&[arg("check"), &log]).code(0);
    let text = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    assert!(text.contains("2 rows read = 1 kept + 1 rejected + 0 repeated"), "{text}");
    assert!(text.contains("infrastructure.address") && text.contains("no row has client_ip"), "{text}");
    assert!(text.contains("2026-08-03T00:00:05Z"), "{text}");
}

#[test]
fn evidence_of_the_sample_makes_the_case_of_its_logs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample");
    let events = sample.join("events.jsonl.zst");
    let evidence = at("evidence.parquet");
    stillhunt(&[arg("collect"), &events, arg("-o"), &evidence]).code(0);
    let again = stillhunt(&[arg("collect"), &events, arg("-o"), &evidence]).code(2);
    assert!(
        String::from_utf8_lossy(&again.get_output().stderr).contains("already exists\nhint: use --force to replace it")
    );
    let accounts = sample.join("accounts.csv");
    let case = |inputs: &[&Path], name: &str| {
        let (of, accounts) =
            ([arg("-o"), &at(name)].map(Path::to_owned), [arg("--accounts"), &accounts].map(Path::to_owned));
        let words: Vec<&Path> = [arg("analyze")]
            .into_iter()
            .chain(inputs.iter().copied())
            .chain(accounts.iter().map(AsRef::as_ref))
            .chain(of.iter().map(AsRef::as_ref))
            .collect();
        stillhunt(&words).code(10);
        std::fs::read(at(name).join("report.json")).unwrap()
    };
    assert!(case(&[&events], "logs") == case(&[&evidence], "evidence"));
    let mixed = stillhunt(&[arg("check"), &events, &evidence]).code(2);
    assert!(String::from_utf8_lossy(&mixed.get_output().stderr).contains("is not evidence from `stillhunt collect`"));
    let private = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&evidence).unwrap().permissions());
    assert_eq!(private & 0o077, 0, "evidence is for its owner alone");
}

#[test]
fn the_plan_for_a_cluster_is_a_query_and_lets_nothing_else_in() {
    let run = stillhunt(&[
        arg("plan"),
        arg("--spark"),
        arg("logs.calls"),
        arg("-o"),
        arg("/evidence"),
        arg("--format"),
        arg("litellm"),
    ]);
    insta::assert_snapshot!("plan", String::from_utf8_lossy(&run.code(0).get_output().stdout));
    for (option, word) in [("--program", "x'; DROP"), ("-o", "/a b"), ("--account-field", "$(id)")] {
        let mut words = vec!["plan", "--spark", "t"];
        if option != "-o" {
            words.extend(["-o", "/evidence"]);
        }
        words.extend([option, word]);
        let words: Vec<&Path> = words.into_iter().map(arg).collect();
        assert!(
            String::from_utf8_lossy(&stillhunt(&words).code(2).get_output().stderr)
                .contains("cannot be used in a query")
        );
    }
}

#[test]
fn check_shows_how_a_vendors_log_was_understood() {
    let formats = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats");
    let logs = ["cloudtrail-bedrock/invocations.jsonl", "cloudtrail-bedrock/trail.json", "litellm-csv/spend_logs.csv"];
    let [invocations, trail, spend] = logs.map(|log| formats.join(log));
    let run = stillhunt(&[arg("check"), &invocations, &trail, &spend]).code(0);
    let text = String::from_utf8_lossy(&run.get_output().stdout).replace(formats.to_str().unwrap(), "LOGS");
    insta::assert_snapshot!("check_of_vendors", text);
    let run = stillhunt(&[arg("check"), arg("--json"), &invocations, &trail, &spend]).code(0);
    let json = String::from_utf8_lossy(&run.get_output().stdout).replace(formats.to_str().unwrap(), "LOGS");
    assert!(serde_json::from_str::<Value>(&json).is_ok());
    insta::assert_snapshot!("check_of_vendors_as_json", json);
}

/// Where `value` departs from `schema`, in the keywords that the schema of ours uses; any other is a failure.
fn departs(schema: &Value, root: &Value, value: &Value, at: &str) -> Option<String> {
    let wrong = |what: &str| Some(format!("{at}: {what}"));
    let is = |kind: &Value| match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    };
    for (keyword, rule) in schema.as_object().unwrap() {
        let found = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => None,
            "minimum" => (value.is_number() && value.as_f64() < rule.as_f64()).then(|| wrong("too small")).flatten(),
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                departs(&root["$defs"][name], root, value, at)
            }
            "type" => {
                let fits = rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is));
                (!fits).then(|| wrong("type")).flatten()
            }
            "required" => {
                let absent = rule.as_array().unwrap().iter().find(|k| value.get(k.as_str().unwrap()).is_none());
                absent.and_then(|k| wrong(&format!("{k} is absent")))
            }
            "properties" => value.as_object().into_iter().flatten().find_map(|(key, inner)| {
                let Some(rule) = rule.get(key) else { return wrong(&format!("{key} is not in the schema")) };
                departs(rule, root, inner, &format!("{at}/{key}"))
            }),
            "items" => {
                value.as_array().unwrap().iter().find_map(|inner| departs(rule, root, inner, &format!("{at}[]")))
            }
            "const" => (rule != value).then(|| wrong("other constant")).flatten(),
            "enum" => (!rule.as_array().unwrap().contains(value)).then(|| wrong("not in the list")).flatten(),
            "oneOf" | "anyOf" => {
                let fits = rule.as_array().unwrap().iter().any(|one| departs(one, root, value, at).is_none());
                (!fits).then(|| wrong("fits no alternative")).flatten()
            }
            other => panic!("unknown keyword {other}"),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[test]
fn the_report_of_the_sample_is_as_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse_sample(&case, &[]).code(10);
    let run = stillhunt(&[arg("schema")]).code(0);
    let schema: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert!(schema["$schema"].as_str().is_some_and(|s| s.contains("json-schema.org")));
    let mut report: Value = serde_json::from_slice(&fs::read(case.join("report.json")).unwrap()).unwrap();
    assert_eq!(departs(&schema, &schema, &report, ""), None);
    report["networks"][0]["verdict"] = "guilty".into();
    assert_eq!(departs(&schema, &schema, &report, "").as_deref(), Some("/networks[]/verdict: fits no alternative"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse_sample(&case, &[]).code(10);
    for arguments in [vec![arg("schema")], vec![arg("report"), &case]] {
        // The reader is gone before the first byte.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_stillhunt"))
            .args(&arguments)
            .stdout(writer)
            .stderr(std::process::Stdio::piped())
            .spawn()
            .and_then(std::process::Child::wait_with_output)
            .unwrap();
        assert_eq!((run.status.code(), String::from_utf8_lossy(&run.stderr).as_ref()), (Some(0), ""), "{arguments:?}");
    }
}

/// Names, cells and labels that would clear the screen or turn the line.
#[test]
fn hostile_words_act_on_no_terminal_by_way_of_messages() {
    let folder = tempfile::tempdir().unwrap();
    let (evil, spelt) = ("\u{1b}[2J\u{9b}\u{202e}", "\\u{1b}[2J\\u{9b}\\u{202e}");
    let case = folder.path().join("case");
    let map = write(folder.path(), "map.toml", "[fields]\n\"\\u001b[2J\\u009b\\u202e\" = \"x\"\n");
    let log = write(folder.path(), "log.jsonl", "{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\"}\n");
    let accounts = format!("account_id,network_id,verdict\n{evil},N-1,suspected_distillation\n");
    fs::create_dir(&case).unwrap();
    write(&case, "accounts.csv", &accounts);
    let unlabelled = write(folder.path(), "none.csv", "account_id,campaign,population\n");
    let labels = write(folder.path(), "labels.csv", &format!("account_id,campaign,population\n{evil},{evil},x\n"));
    let evil_log = folder.path().join(format!("{evil}.jsonl"));
    for arguments in [
        vec![arg("check"), &evil_log],
        vec![arg("check"), &log, arg("--map"), &map],
        vec![arg("evaluate"), &case, &unlabelled],
        vec![arg("evaluate"), &case, &labels],
        vec![arg("evaluate"), &case, &labels, arg("--json")],
    ] {
        let run = stillhunt(&arguments);
        let output = run.get_output();
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(!said.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{arguments:?}: {said:?}");
        let json = "\\u001b[2J\\u009b\\u202e";
        assert!(said.contains(spelt) || said.contains(json), "{arguments:?} does not name it: {said}");
    }
}

/// What a failed run says, with its exit status.
fn complaint(arguments: &[&str]) -> (Option<i32>, String) {
    let words: Vec<&Path> = arguments.iter().map(|word| arg(word)).collect();
    let run = stillhunt(&words);
    let output = run.get_output();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn messages_did_not_tell_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (case, log) = (at("case"), format!("{SAMPLE}/events.jsonl.zst"));
    analyse_sample(Path::new(&case), &[]).code(10);
    let labels = write(folder.path(), "labels.csv", "account_id,population\na,x\n").to_str().unwrap().to_owned();
    let map = write(folder.path(), "map.toml", "[fields]\nts = 5\n").to_str().unwrap().to_owned();
    let broken = write(folder.path(), "broken.toml", "[fields]\n\nts = \n").to_str().unwrap().to_owned();
    let part = at("part.parquet");
    stillhunt(&[arg("collect"), arg(&log), arg("-o"), arg(&part)]).code(0);
    let member = document(Path::new(&case)).accounts.into_iter().find(|a| !a.network_id.is_empty()).unwrap();
    let (nowhere, new) = (at("nodir/X"), at("new"));
    let expected: [(&[&str], i32, &str); 10] = [
        (&["analyze", &log, "-o", &nowhere], 2, "nodir does not exist\nhint: create it"),
        (&["collect", &log, "-o", &nowhere], 2, "nodir does not exist\nhint: create it"),
        (&["report", &case, "--format", "html", "-o", &nowhere], 2, "nodir does not exist\nhint: create it"),
        (&["check", "-"], 2, "`stillhunt collect --stdin`"),
        (&["evaluate", folder.path().to_str().unwrap(), &labels], 1, "is not a stillhunt case"),
        (&["evaluate", &case, &labels], 1, "labels.csv: the labels table lacks the column campaign"),
        (&["inspect", &case, &member.account_id], 2, &format!("not a network\nhint: it is in {}", member.network_id)),
        (&["check", &log, "--map", &map], 2, "ts is of the type integer and has to be the name of a column"),
        (&["check", &log, "--map", &broken], 2, "line 3: "),
        (&["analyze", &log, &part, "-o", &new], 2, "events.jsonl.zst is not evidence from `stillhunt collect`"),
    ];
    for (arguments, status, words) in expected {
        let (code, said) = complaint(arguments);
        assert!(code == Some(status) && said.contains(words), "{arguments:?} said with {code:?}: {said}");
    }
}

#[test]
fn collect_said_nothing_of_what_it_read() {
    let folder = tempfile::tempdir().unwrap();
    let log = write(folder.path(), "a.jsonl", "{\"ts\":1785715200,\"account_id\":\"a\"}\n{\"ts\":1785715200}\n");
    let run = stillhunt(&[arg("collect"), &log, arg("-o"), &folder.path().join("a.parquet")]).code(0);
    let said = String::from_utf8_lossy(&run.get_output().stdout).into_owned();
    assert!(said.contains("2 rows read = 1 kept + 1 rejected"), "{said}");
    assert!(said.contains("rejected: 1 rows, no account (first ") && said.contains("a.jsonl:2)"), "{said}");
}

#[test]
fn the_manual_named_a_page_that_nobody_wrote() {
    let folder = tempfile::tempdir().unwrap();
    stillhunt(&[arg("man"), arg("-o"), folder.path()]).code(0);
    let written = names(folder.path());
    let page = std::fs::read_to_string(folder.path().join("stillhunt.1")).unwrap();
    for name in page.split("stillhunt\\-").skip(1).filter_map(|rest| rest.split_once("(1)")).map(|(name, _)| name) {
        assert!(written.contains(&format!("stillhunt-{name}.1")), "{name} has no page: {written:?}");
    }
    assert!(page.contains("143"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_the_length_of_files_killed_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let run = std::process::Command::new("sh")
        .args(["-c", "ulimit -f 64; exec \"$0\" analyze \"$1\" -o \"$2\""])
        .args([assert_cmd::cargo::cargo_bin!("stillhunt"), Path::new(&format!("{SAMPLE}/events.jsonl.zst")), &case])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.code() == Some(1) && said.contains("File too large"), "{:?} {said}", run.status);
    assert!(!case.exists());
}

#[test]
fn a_quiet_run_said_nothing_of_rows_that_were_lost() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: u8| format!("{{\"ts\":{},\"account_id\":\"a\",\"prompt\":\"x{i}\"}}\n", 1_785_715_200 + u32::from(i));
    let good: String = (0..9).map(row).collect();
    let log = write(folder.path(), "a.jsonl", &(good.clone() + "{\"ts\":1785715200}\n"));
    let lost = write(folder.path(), "b.jsonl", "{\"account_id\":\"a\"}\n{\"account_id\":\"b\"}\n");
    let accounts = write(folder.path(), "facts.csv", "account_id,device_id\nother,d\n");
    let case = folder.path().join("case");
    let run = |more: &[&Path]| {
        let words =
            [&[arg("analyze"), &log, arg("-o"), &case, arg("--force"), arg("--view"), arg("quiet")], more].concat();
        let run = stillhunt(&words).code(0);
        let output = run.get_output();
        [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said).replace('\n', " "))
    };
    let [told, warned] = run(&[]);
    assert!(told.contains("1 rejected + 0 repeated; rejected for: no account, first "), "{told}");
    assert!(told.contains("a.jsonl:10 ") && told.contains("rejects.csv"), "{told}");
    assert!(warned.contains("warning: 1 of 10 rows were rejected. Rejected were 1 for no account."), "{warned}");
    let [told, warned] = run(&[&lost, arg("--accounts"), &accounts]);
    for said in [&told, &warned] {
        assert!(said.contains("All rows of ") && said.contains("b.jsonl were rejected"), "{said}");
        assert!(said.contains("NONE of 1 accounts"), "{said}");
    }
    let more = write(folder.path(), "c.jsonl", &(10..120).map(row).collect::<String>());
    let [told, warned] = run(&[&more]);
    assert!(told.contains("rejected for: no account") && warned.is_empty(), "{warned}");
}

#[test]
fn what_is_not_there_ended_with_another_status_in_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    let none = none.to_str().unwrap();
    let events = format!("{SAMPLE}/events.jsonl.zst");
    let commands: [&[&str]; 12] = [
        &["check", none],
        &["analyze", none, "-o", none],
        &["analyze", &events, "-o", none, "--allow", none],
        &["collect", none, "-o", none],
        &["report", none],
        &["inspect", none, "N-1"],
        &["evaluate", none, none],
        &["evaluate", SAMPLE, none],
        &["verify", none],
        &["compare", none, none],
        &["man", "-o", none],
        &["plan", "--spark", "t", "-o", "/e", "--map", none],
    ];
    for words in commands {
        let (code, said) = complaint(words);
        assert!(code == Some(2) && said.contains("none"), "{words:?} ended with {code:?}: {said}");
    }
}

#[test]
fn words_of_which_there_are_few_are_suggested() {
    for (words, near) in [
        (["report", "c", "--format", "markdwon"], "markdown"),
        (["report", "c", "--view", "quite"], "quiet"),
        (["check", "c", "--format", "litelm"], "litellm"),
        (["formats", "show", "vertx", ""], "vertex"),
    ] {
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let (code, said) = complaint(&words);
        let tip = said.split_once("a similar value exists").map_or("", |(_, tip)| tip);
        assert!(code == Some(2) && tip.contains(near), "{words:?}: {said}");
    }
    let run = stillhunt(&[arg("completions"), arg("bash")]).code(0);
    assert!(String::from_utf8_lossy(&run.get_output().stdout).contains("quiet normal all"));
}
