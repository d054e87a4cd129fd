//! Each known format: a small log in its vendor's shape against what it means, and the traps of each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use stillhunt::evidence::features::{Evidence, Unsettled};
use stillhunt::intake::formats::SHIPPED;
use stillhunt::intake::ingest::{IngestError, IngestReport, find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::validation::simulate::vendors::Calls;

type Read = Result<(Calls, IngestReport), IngestError>;

fn read_with(paths: &[PathBuf], settings: &IngestSettings) -> Read {
    read_logs(&find_inputs(paths)?, &FieldMap::generic(), settings, &|_| {})
}

fn read_by(paths: &[PathBuf], map: &FieldMap) -> Read {
    read_logs(&find_inputs(paths)?, map, &IngestSettings::default(), &|_| {})
}

fn read(paths: &[PathBuf]) -> Read {
    read_with(paths, &IngestSettings::default())
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats").join(name)
}

/// The logs of a folder, without what is written about them.
fn logs(name: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder(name)).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|p| {
        let name = p.file_name().unwrap().to_string_lossy();
        !name.starts_with("expected") && name != "README.md"
    });
    paths.sort();
    paths
}

fn lines(calls: &Calls) -> String {
    calls.0.iter().map(|call| format!("{call}\n")).collect()
}

fn conserved(report: &IngestReport) {
    let i = &report.intake;
    assert_eq!(i.rows_read, i.rows_kept + i.rows_rejected + i.rows_repeated + i.rows_joined + i.rows_aside);
}

#[test]
fn every_format_means_what_its_golden_calls_say() {
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(folder("")).unwrap().map(|e| e.unwrap()).filter(|e| e.path().is_dir()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let (file, got) = match read(&logs(&name)) {
            Ok((calls, report)) => {
                conserved(&report);
                let formats = report.intake.files.iter().map(|f| f.format.split(' ').next().unwrap().to_owned());
                seen.extend(formats);
                ("expected.jsonl", lines(&calls))
            }
            Err(error) => {
                seen.insert(name.clone());
                let shown = error.to_string();
                (
                    "expected.txt",
                    shown.split_once(" cannot be read: ").map_or(shown.as_str(), |s| s.1).to_owned() + "\n",
                )
            }
        };
        let path = folder(&name).join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &got).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), got, "{}", path.display());
    }
    let shipped: BTreeSet<String> = SHIPPED.iter().map(|s| s.name.to_owned()).collect();
    assert_eq!(seen, shipped, "each format has a folder and is told by its first rows");
}

#[test]
fn a_csv_of_json_cells_says_the_same_as_json_lines() {
    let (json, _) = read(&logs("litellm")).unwrap();
    let (csv, report) = read(&logs("litellm-csv")).unwrap();
    let of = |calls: &Calls, id: &str| calls.0.iter().find(|call| call.to_string().contains(id)).unwrap().clone();
    for id in ["r-0001", "r-0002"] {
        assert_eq!(of(&json, id), of(&csv, id));
    }
    assert!(report.intake.notes.iter().all(|n| !n.contains("no zone")), "the format's times are known to be UTC");
}

#[test]
fn a_64_bit_integer_in_a_string_stays_exact() {
    let (calls, _) = read(&logs("otlp-genai")).unwrap();
    assert!(lines(&calls).contains("\"input_tokens\":9007199254740993"));
}

#[test]
fn neither_a_redaction_nor_a_cut_becomes_shared_work() {
    let place = tempfile::tempdir().unwrap();
    let row = |i: usize, text: &str| {
        let messages = serde_json::json!([{"role": "user", "content": text}]);
        serde_json::json!({"request_id": format!("q{i}"), "call_type": "acompletion", "api_key": format!("k{i}"), "spend": 0,
            "startTime": format!("2026-05-02T09:15:{:02}Z", i), "user": format!("u{i}"), "messages": messages})
        .to_string()
    };
    let cut = |i: usize| {
        let (head, tail) = ((0..60).map(|n| format!("{} ", i * 7919 + n * 31)).collect::<String>(), "z".repeat(i + 1));
        let words: String =
            head.chars().map(|c| if c == ' ' { c } else { (c as u8 - b'0' + b'a' + i as u8) as char }).collect();
        format!("{words}... (litellm_truncated skipped 5120 chars. Truncation is a DB storage safeguard) ...{tail}")
    };
    let rows: Vec<String> =
        (0..4).map(|i| row(i, "redacted-by-litellm")).chain((4..8).map(|i| row(i, &cut(i)))).collect();
    let path = place.path().join("spend.jsonl");
    std::fs::write(&path, rows.join("\n")).unwrap();
    let (evidence, report): (Unsettled, _) =
        read_logs(&[path], &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let statuses: Vec<(&str, u64)> = report.intake.content.iter().map(|c| (c.status.as_str(), c.rows)).collect();
    assert_eq!(statuses, [("truncated", 4), ("redacted", 4)]);
    let mut met = BTreeSet::new();
    for account in evidence.partials().unwrap() {
        assert_eq!(account.texts.is_empty(), account.account_id.as_str() < "u4");
        for fingerprint in account.texts.iter().flat_map(|text| &text.fingerprints) {
            assert!(met.insert(*fingerprint), "two accounts share a piece of the mark of a cut");
        }
    }
    assert!(!met.is_empty());
}

#[test]
fn rows_of_a_call_are_joined_in_any_order_and_from_any_file() {
    let (whole, report) = read(&logs("azure-apim")).unwrap();
    let mut rows: Vec<String> = logs("azure-apim")
        .iter()
        .flat_map(|p| std::fs::read_to_string(p).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    rows.reverse();
    let place = tempfile::tempdir().unwrap();
    for (i, row) in rows.iter().enumerate() {
        let path = place.path().join(format!("part{:02}.jsonl", i % 3));
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        std::fs::write(&path, before + row + "\n").unwrap();
    }
    let (scattered, again) = read(&[place.path().to_owned()]).unwrap();
    let on_disk = IngestSettings { join_bytes: 1, ..IngestSettings::default() };
    let (spilled, _) = read_with(&[place.path().to_owned()], &on_disk).unwrap();
    assert_eq!(lines(&whole), lines(&scattered));
    assert_eq!(lines(&whole), lines(&spilled));
    conserved(&again);
    let counts =
        |r: &IngestReport| (r.intake.rows_kept, r.intake.rows_joined, r.intake.rows_aside, r.intake.rows_rejected);
    assert_eq!(counts(&report), (3, 6, 1, 1));
    assert_eq!(counts(&again), counts(&report));
    assert_eq!(report.reasons.get("a half without its partner"), Some(&1));
}

#[test]
fn a_call_that_only_one_log_tells_is_kept_and_counted_as_a_half() {
    let (calls, report) = read(&logs("cloudtrail-bedrock")).unwrap();
    assert_eq!(calls.0.len(), 2);
    let halves: Vec<(&str, u64)> = report.intake.halves.iter().map(|h| (h.format.as_str(), h.calls)).collect();
    assert_eq!(halves, [("cloudtrail-bedrock", 1)]);
    assert!(report.intake.notes.iter().any(|n| n.contains("1 calls stand in cloudtrail-bedrock alone")));
}

#[test]
fn what_is_clustered_can_be_chosen() {
    let accounts = |field: &str| {
        let settings = IngestSettings { account_field: Some(field.to_owned()), ..IngestSettings::default() };
        let (calls, _) = read_with(&logs("bedrock-invocation"), &settings).unwrap();
        calls.0.iter().map(|call| call["account_id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(accounts("session"), BTreeSet::from(["osier-9".to_owned(), "tern-04".to_owned()]));
    assert_eq!(accounts("account"), BTreeSet::from(["222222222001".to_owned(), "222222222002".to_owned()]));
    assert_eq!(accounts("region"), BTreeSet::from(["eu-north-1".to_owned()]), "any field of the log");
}

#[test]
fn exports_of_different_kinds_make_one_case_and_who_stands_in_both_is_said() {
    let mut paths = logs("litellm");
    paths.extend(logs("kong-ai"));
    paths.extend(logs("openai-usage"));
    let (_, report) = read(&paths).unwrap();
    conserved(&report);
    let said = |words: &str| {
        assert!(report.intake.notes.iter().any(|n| n.contains(words)), "{words}: {:#?}", report.intake.notes)
    };
    said("2 of kind account stand in each of litellm, kong-ai: taken as the same because the logs spell it alike");
    said("Usage exports name 1 keys with 1 buckets, 9000 input and 700 output tokens");
    assert_eq!(report.exported["key_tern"].usage.unwrap().requests, 31);
}

#[test]
fn an_unknown_log_is_told_the_nearest_map_and_what_it_lacks() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("odd.jsonl");
    std::fs::write(
        &path,
        "{\"request_id\":\"a\",\"call_type\":\"x\",\"startTime\":\"2026-05-02T09:15:00Z\",\"spend\":1}\n",
    )
    .unwrap();
    let message = read(&[path]).unwrap_err().to_string();
    assert!(message.contains("nearest known format is litellm, of which the rows lack api_key"), "{message}");
}

#[test]
fn a_document_and_its_lines_say_the_same() {
    let place = tempfile::tempdir().unwrap();
    let rows = std::fs::read_to_string(&logs("helicone")[0]).unwrap();
    let document = place.path().join("all.json");
    std::fs::write(&document, format!("[\n{}\n]\n", rows.trim().replace('\n', ",\n"))).unwrap();
    let (a, _) = read(&logs("helicone")).unwrap();
    let (b, report) = read(&[document]).unwrap();
    assert_eq!(lines(&a), lines(&b));
    assert_eq!(report.intake.files[0].format, "helicone (json)");
}

#[test]
fn the_table_of_the_documentation_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/formats.md");
    let table = stillhunt::intake::formats::table().unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), table);
}

#[test]
fn the_documentation_of_maps_is_that_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/maps.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (words, _) = text.split_once("| column | what it is |").unwrap();
    let whole = format!("{words}{}", stillhunt::intake::formats::columns());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &whole).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), whole);
    let maps: Vec<&str> = words.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(maps.len(), 5);
    maps.iter().for_each(|map| drop(FieldMap::from_toml(map).unwrap_or_else(|e| panic!("{e}\n{map}"))));
    // What is said of a shape is true of one that there is.
    let shapes = words.split("| `as` | what the source holds |").nth(1).unwrap().split("\n\n").next().unwrap();
    let shapes: Vec<&str> = shapes
        .lines()
        .skip(2)
        .flat_map(|row| row[1..].split('|').next().unwrap().split('`').skip(1).step_by(2))
        .collect();
    for shape in &shapes {
        FieldMap::from_toml(&format!("[fields]\nts = {{ from = \"x\", as = \"{shape}\" }}")).unwrap();
    }
    let error = FieldMap::from_toml("[fields]\nts = { from = \"x\", as = \"nothing\" }").unwrap_err().to_string();
    assert_eq!(shapes.len(), 14, "{error}");
}

#[test]
fn a_row_with_a_list_in_it_is_a_row_and_no_document() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("rows.jsonl");
    let row = |second: u8| serde_json::json!({"timestamp": format!("2026-05-02 09:15:0{second}"), "account_id": "a", "data": [{"x": 1}]});
    std::fs::write(&path, format!("{}\n{}\n", row(1), row(2))).unwrap();
    let (calls, report) = read(&[path]).unwrap();
    assert_eq!((calls.0.len(), report.intake.files[0].format.as_str()), (2, "jsonl"));
    assert!(report.intake.notes.contains(&"2 times name no zone and were taken as UTC.".to_owned()));
}

#[test]
fn hostile_traces_cost_a_row_and_not_the_program() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("traces.jsonl");
    let text = |key: &str, value: &str| serde_json::json!({"key": key, "value": {"stringValue": value}});
    let trace = |attributes: [serde_json::Value; 3]| {
        serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": "1", "attributes": attributes,
            "startTimeUnixNano": "1777713330250000000", "endTimeUnixNano": "-9223372036854775808"}]}]}]})
    };
    let deep = format!("[{{\"role\":\"user\",\"content\":{}", "[".repeat(100_000));
    let good = trace([text("gen_ai.request.model", "m"), text("user.id", "u"), text("gen_ai.input.messages", &deep)]);
    let twice = trace([text("gen_ai.request.model", "m"), text("user.id", "a"), text("user.id", "b")]);
    std::fs::write(&path, format!("{good}\n{twice}\n{{\"resourceSpans\":[{{}}]}}\n")).unwrap();
    let (calls, report) = read(&[path]).unwrap();
    conserved(&report);
    assert_eq!(calls.0.len(), 1);
    assert_eq!(report.reasons.get("duplicate key"), Some(&1));
    assert_eq!(report.reasons.get("a trace without spans"), Some(&1));
}

#[test]
fn calls_that_two_logs_tell_under_two_names_are_said_to_be_counted_twice() {
    let place = tempfile::tempdir().unwrap();
    let stamp = |i: u64| format!("2026-05-02T{:02}:{:02}:07", i / 60, i % 60);
    let spent = |i: u64| {
        serde_json::json!({"request_id": format!("q{i}"), "call_type": "acompletion", "api_key": "k", "spend": 0,
            "startTime": stamp(i) + ".250Z", "user": "gateway-7", "prompt_tokens": 100 + i, "completion_tokens": 40 + i})
    };
    let invoked = |i: u64| {
        serde_json::json!({"timestamp": stamp(i) + "Z", "accountId": "222222222001", "requestId": format!("b{i}"),
            "identity": {"arn": "arn:aws:sts::222222222001:assumed-role/app/tern"}, "operation": "Converse",
            "modelId": "m", "schemaType": "ModelInvocationLog", "input": {"inputTokenCount": 100 + i},
            "output": {"outputTokenCount": 40 + i}})
    };
    let write = |name: &str, of: &dyn Fn(u64) -> serde_json::Value| {
        let path = place.path().join(name);
        std::fs::write(&path, (0..90).map(|i| format!("{}\n", of(i))).collect::<String>()).unwrap();
        path
    };
    let (spend, invocations) = (write("spend.jsonl", &spent), write("invocations.jsonl", &invoked));
    let warns = |paths: &[PathBuf]| read(paths).unwrap().1.intake.notes.iter().any(|n| n.contains("the same calls"));
    assert!(warns(&[spend.clone(), invocations]));
    let later = write("later.jsonl", &|i| invoked(2_000 + i));
    assert!(!warns(&[spend, later]));
}

#[test]
fn a_log_of_dates_tells_no_hours_and_nobody_is_said_to_work_at_midnight() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("days.jsonl");
    let row = |i: usize| {
        format!("{{\"ts\":\"2026-05-{:02}\",\"account_id\":\"a{}\",\"prompt\":\"p{i}\"}}\n", 1 + i % 28, i % 9)
    };
    std::fs::write(&path, (0..900).map(row).collect::<String>()).unwrap();
    let (evidence, report): (Evidence, _) =
        read_logs(&[path], &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let signals = stillhunt::judgement::signals::evaluable(&report.intake, &Default::default(), &evidence);
    for name in ["time.round_the_clock", "time.turn_taking", "time.silence", "time.burst"] {
        let signal = signals.iter().find(|s| s.name == name).unwrap();
        assert_eq!((signal.evaluable, signal.reason.as_str()), (false, "some times tell the day and not the hour"));
    }
}

#[test]
fn joined_rows_mean_the_same_with_any_number_of_threads() {
    let paths: Vec<PathBuf> =
        ["azure-apim", "bedrock-invocation", "cloudtrail-bedrock", "otlp-genai"].map(logs).concat();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (calls, report) = pool.install(|| read(&paths)).unwrap();
        format!("{}{:?}{:?}", lines(&calls), report.intake, report.rejects)
    };
    let one = on(1);
    assert!([2, 8].iter().all(|threads| on(*threads) == one));
}

/// A map that joins rows was taken for one that ships, of which there is none by its number.
#[test]
fn rows_are_joined_by_a_map_of_ones_own_too() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.jsonl");
    let map = "generic = false\n[join]\nfamily = \"own\"\nkey = \"call\"\nsequence = \"part\"\n[fields]\nts = \"when\"\naccount_id = \"who\"\n\
               user_text = \"said\"\n";
    let rows = "{\"call\":\"1\",\"part\":1,\"said\":\"words\"}\n\
                {\"call\":\"1\",\"part\":0,\"when\":\"2026-08-03T00:00:05Z\",\"who\":\"a\"}\n{\"call\":\"2\",\"part\":0,\"said\":\"words\"}\n";
    std::fs::write(&path, rows).unwrap();
    let map = FieldMap::from_toml(map).unwrap();
    let (_, report): (Calls, _) = read_logs(&[path], &map, &IngestSettings::default(), &|_| {}).unwrap();
    let i = &report.intake;
    assert_eq!((i.rows_read, i.rows_kept, i.rows_joined, i.rows_rejected), (3, 1, 1, 1), "{:?}", report.reasons);
}

/// The folder of a format's logs; two of them stand in one.
fn folder_of(format: &str) -> &str {
    if format.starts_with("azure-apim") { "azure-apim" } else { format }
}

#[test]
fn the_map_that_a_format_shows_failed_on_the_formats_own_logs() {
    for shipped in SHIPPED {
        let (name, map) = (shipped.name, FieldMap::from_toml(shipped.toml).unwrap());
        let logs = logs(folder_of(name));
        match (read(&logs), read_by(&logs, &map)) {
            (Ok((calls, built_in)), Ok((own, report))) => {
                assert_eq!(lines(&own), lines(&calls), "{name}");
                conserved(&report);
                let counts = |r: &IngestReport| (r.intake.rows_kept, r.intake.rows_rejected, r.intake.halves.clone());
                assert_eq!(counts(&report), counts(&built_in), "{name}");
                let said: Vec<&String> =
                    report.intake.warnings.iter().filter(|w| w.contains("The map takes")).collect();
                assert!(said.len() <= 1, "{name}: {said:?}");
            }
            (Err(built_in), Err(own)) => assert_eq!(own.to_string(), built_in.to_string(), "{name}"),
            (built_in, own) => panic!("{name}: {:?} and {:?}", built_in.map(|_| ()), own.map(|_| ())),
        }
    }
}

#[test]
fn a_map_of_joined_rows_ended_the_program() {
    let shipped = SHIPPED.iter().find(|s| s.name == "bedrock-invocation").unwrap();
    // Somebody has taken the words about the format out, and renamed the family.
    let (_, rest) = shipped.toml.split_once("[accounts]").unwrap();
    let map = FieldMap::from_toml(&format!("generic = false\n[accounts]{rest}").replace("\"bedrock\"", "\"mine\""));
    let logs = logs("bedrock-invocation");
    let (calls, report) = read_by(&logs, &map.unwrap()).unwrap();
    assert_eq!(lines(&calls), lines(&read(&logs).unwrap().0));
    assert_eq!(report.intake.files[0].format, "jsonl");
}

#[test]
fn of_absent_columns_of_a_map_one_was_told_a_run() {
    let logs = logs("new-api");
    let shipped = SHIPPED.iter().find(|s| s.name == "new-api").unwrap();
    let changed = |from: &str, to: &str| FieldMap::from_toml(&shipped.toml.replacen(from, to, 1)).unwrap();
    let map = changed("[fields]\n", "[fields]\ntop_p = \"tpo\"\nseed = \"\u{202e}\"\n");
    let (_, report) = read_by(&logs, &map).unwrap();
    let said = &report.intake.warnings[0];
    assert!(said.contains("top_p from tpo") && said.contains("seed from \\u{202e}"), "{said}");
    let map = FieldMap::from_toml("[fields]\nts = \"whne\"\naccount_id = \"buyer\"\nmodel = \"mdl\"\n").unwrap();
    let error = read_by(&logs, &map).unwrap_err();
    let words = error.to_string();
    assert!(words.contains("account_id from buyer, model from mdl, ts from whne"), "{words}");
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn a_misspelt_account_field_was_answered_with_the_option_itself() {
    let settings = IngestSettings { account_field: Some("kye".to_owned()), ..IngestSettings::default() };
    let error = read_with(&logs("litellm"), &settings).unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("no column \"kye\" (is key meant?)"), "{said}");
    assert!(said.contains("choices of litellm: end_user, key, team, user") && error.exit_code() == 2, "{said}");
}

#[test]
fn rows_that_are_no_calls_alone_gave_no_reason() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("gateway.jsonl");
    let rows = std::fs::read_to_string(&logs("azure-apim")[0]).unwrap();
    std::fs::write(&path, rows.replace("/chat/completions", "/chat").replace("/completions", "/")).unwrap();
    let said = read(&[path]).unwrap_err().to_string();
    assert!(said.contains("rows of azure-apim-gateway alone do not tell that they are calls"), "{said}");
    assert!(said.contains("pass azure-apim-llm with it"), "{said}");
}

#[test]
fn documents_with_their_records_under_another_name_were_called_no_json() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str, value: &serde_json::Value, pretty: bool| {
        let path = place.path().join(name);
        let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        std::fs::write(&path, text.unwrap()).unwrap();
        path
    };
    let rows: Vec<serde_json::Value> = std::fs::read_to_string(&logs("helicone")[0])
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let calls = lines(&read(&logs("helicone")).unwrap().0);
    for name in ["events", "results", "items", "rows", "logs", "hits", "entries", "Items"] {
        for pretty in [true, false] {
            let value = serde_json::json!({name: rows, "nextToken": "x", "count": rows.len()});
            let (own, report) = read(&[at("one.json", &value, pretty)]).unwrap();
            assert_eq!(
                (lines(&own), report.intake.files[0].format.as_str()),
                (calls.clone(), "helicone (json)"),
                "{name}"
            );
        }
    }
    let event = |row: &serde_json::Value| serde_json::json!({"eventId": "1", "logStreamName": "s", "timestamp": 1_777_713_330_250u64, "message": row.to_string()});
    let events: Vec<_> = rows.iter().map(event).collect();
    let value = serde_json::json!({"events": events, "searchedLogStreams": [{"logStreamName": "s"}]});
    assert_eq!(lines(&read(&[at("watch.json", &value, true)]).unwrap().0), calls);

    let value = serde_json::json!({"took": 3, "hits": {"total": 2, "hits": rows}, "shards": [{"a": 1}]});
    for pretty in [true, false] {
        let said = read(&[at("search.json", &value, pretty)]).unwrap_err().to_string();
        assert!(said.contains("search.json is one JSON document") && said.contains("hits.hits, shards"), "{said}");
    }
    let said = read(&[at("row.json", &rows[0], true)]).unwrap_err().to_string();
    assert!(said.contains("write one object a line"), "{said}");
}
