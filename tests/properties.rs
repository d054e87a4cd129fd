//! Structured fuzzing on stable Rust: whatever stands in a log, a table, a map or a case, nothing panics, no row is lost, and
//! nothing acts. `PROPTEST_CASES` raises the number of cases; `fuzz/` holds targets for libFuzzer.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use stillhunt::document::Document;
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::{redact, table};
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{IngestReport, find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::report::allow_list::AllowList;
use stillhunt::report::export::{Format, export};
use stillhunt::report::terminal::{TerminalOptions, View, summary};
use stillhunt::report::{case, comparison, custody, inspect, json as report_json};
use stillhunt::validation::evaluate;
use stillhunt::validation::simulate::{World, WorldSettings};

/// Texts that mean something to some reader.
const WORDS: [&str; 22] = [
    "",
    " ",
    "a",
    "null",
    "NaN",
    "-0",
    "1e400",
    "2026-08-03T00:00:05Z",
    "1785715200",
    "<b>&\"'",
    "=1+1",
    "\u{1b}[2J",
    "\u{202e}x",
    "a\nb",
    "\0",
    "[1]",
    "{\"a\":",
    "[{\"role\":\"user\",\"content\":\"x\"}]",
    "../..",
    "\u{feff}",
    "18446744073709551615",
    "`|[x](y)",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => select(&WORDS[..]).prop_map(str::to_owned), 1 => any::<String>(), 1 => "[a-c]{1,2}"]
}

/// Any JSON, of the kinds that logs hold.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..4)
                .prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// Names that some format looks for.
fn key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 34] = [
        "timestamp",
        "account_id",
        "prompt",
        "messages",
        "model",
        "request_id",
        "client_ip",
        "user_agent",
        "session_id",
        "temperature",
        "input_tokens",
        "output_tokens",
        "usage",
        "request",
        "response",
        "metadata",
        "user",
        "api_key",
        "startTime",
        "content",
        "role",
        "attributes",
        "resourceSpans",
        "scopeSpans",
        "spans",
        "data",
        "Records",
        "results",
        "id",
        "request_body",
        "status",
        "max_tokens",
        "msec",
        "request_time",
    ];
    prop_oneof![9 => select(&KEYS[..]).prop_map(str::to_owned), 1 => word()]
}

/// A row that is near enough to a call to be taken for one.
fn row() -> impl Strategy<Value = Value> {
    let extra = prop::collection::vec((key(), value()), 0..6);
    (prop::option::weighted(0.9, word()), prop::option::weighted(0.9, "[a-d]"), extra).prop_map(
        |(time, account, extra)| {
            let mut row: Map<String, Value> = extra.into_iter().collect();
            row.extend(
                time.map(|t| {
                    ("timestamp".to_owned(), if t.len() > 9 { json!(t) } else { json!("2026-08-03T00:00:05Z") })
                }),
            );
            row.extend(account.map(|a| ("account_id".to_owned(), json!(a))));
            row.into()
        },
    )
}

/// Rows as they stand in one of the containers.
fn log() -> impl Strategy<Value = Vec<u8>> {
    let rows = || prop::collection::vec(row(), 1..12);
    let lines = rows().prop_map(|rows| rows.iter().map(|r| r.to_string() + "\n").collect::<String>().into_bytes());
    let wrapped = (rows(), select(&["", "Records", "data", "resourceSpans"][..])).prop_map(|(rows, name)| {
        if name.is_empty() { json!(rows) } else { json!({ name: rows }) }.to_string().into_bytes()
    });
    let cells = prop::collection::vec(prop::collection::vec(word(), 1..5), 1..8);
    let table = (prop::collection::vec(key(), 0..3), cells).prop_map(|(names, cells)| {
        let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        csv.write_record(["timestamp", "account_id"].into_iter().map(str::to_owned).chain(names)).unwrap();
        cells.iter().for_each(|c| csv.write_record(c).unwrap());
        csv.into_inner().unwrap()
    });
    let access = prop::collection::vec((word(), word(), word()), 1..8).prop_map(|lines| {
        let line = |(a, b, c): &(String, String, String)| {
            format!("192.0.2.1 - {a} [14/Jul/2026:02:13:20 +0000] \"GET {b} HTTP/1.1\" 200 1 \"-\" \"{c}\"\n")
        };
        lines.iter().map(line).collect::<String>().into_bytes()
    });
    let whole = prop_oneof![4 => lines, 2 => wrapped, 3 => table, 1 => access];
    // Some are broken: cut, or a byte of them changed.
    (whole, prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()))).prop_map(
        |(mut log, broken)| {
            if let Some((at, byte, cut)) = broken.filter(|_| !log.is_empty()) {
                let at = at.index(log.len());
                if cut { log.truncate(at) } else { log[at] = byte }
            }
            log
        },
    )
}

fn read(log: &[u8], packed: bool) -> Option<(Evidence, IngestReport)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("any.log");
    std::fs::write(&path, if packed { zstd::encode_all(log, 1).unwrap() } else { log.to_vec() }).unwrap();
    let settings = IngestSettings { batch_bytes: 300, join_bytes: 100, ..IngestSettings::default() };
    read_logs(&find_inputs(&[path]).unwrap(), &FieldMap::generic(), &settings, &|_| {}).ok()
}

/// The report of a small world, as JSON to be changed.
static REPORT: LazyLock<Value> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    World::generate(&WorldSettings { people: 60, ..WorldSettings::default() }).write(folder.path(), false).unwrap();
    let inputs = find_inputs(&[folder.path().join("events.jsonl")]).unwrap();
    let (evidence, read) =
        read_logs::<Evidence>(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let facts = account_table::read(std::fs::File::open(folder.path().join("accounts.csv")).unwrap()).unwrap();
    let mut document = investigate(&Scope::new(&evidence, &facts, &read), &Settings::default());
    assert!(!document.networks.is_empty() && !document.links.is_empty());
    document.networks.truncate(2);
    document.accounts.truncate(4);
    document.links.truncate(4);
    document.networks.iter_mut().for_each(|n| n.members.truncate(4));
    serde_json::to_value(&document).unwrap()
});

/// Every leaf of a value, as paths.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| leaves(v, &format!("{at}/{k}"), found)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{at}/{i}"), found)),
        _ => found.push(at.to_owned()),
    }
}

static LEAVES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut found = Vec::new();
    leaves(&REPORT, "", &mut found);
    found
});

fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}')
}

/// A case as somebody may send it: some leaves say something else.
fn sent() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => word().prop_map(Value::from),
        1 => prop_oneof![Just(0u64), Just(1), Just(u64::MAX), Just(u64::MAX / 2), any::<u64>()].prop_map(Value::from),
        1 => prop_oneof![Just(0.0), Just(-1.0), Just(1e308), Just(f64::MIN_POSITIVE), any::<f64>()].prop_map(Value::from),
        1 => Just(Value::Null),
        1 => Just(json!([])),
    ];
    prop::collection::vec((any::<prop::sample::Index>(), leaf), 1..6).prop_map(|changes| {
        let mut report = REPORT.clone();
        for (at, leaf) in changes {
            let path = at.get(&LEAVES);
            if let Some(slot) = report.pointer_mut(path) {
                // Of another kind it would only be refused: a text takes the place of a text, a number that of a number.
                if slot.is_string() == leaf.is_string() && (slot.is_number() == leaf.is_number() || leaf.is_null()) {
                    *slot = leaf;
                }
            }
        }
        report
    })
}

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").map_or(160, |n| n.parse().unwrap());
    // What fails becomes a test with a name, not a file of seeds.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_row_of_any_log_is_lost(log in log()) {
        let plain = read(&log, false);
        if let Some((evidence, report)) = &plain {
            let i = &report.intake;
            let told = i.rows_kept + i.rows_rejected + i.rows_repeated + i.rows_joined + i.rows_aside;
            prop_assert_eq!(i.rows_read, told);
            prop_assert_eq!(evidence.accounts.values().map(|a| a.requests).sum::<u64>(), i.rows_kept);
            let (first, last) = evidence.span().unwrap();
            prop_assert!(first <= last && last - first < 4_000_000_000_000_000);
            prop_assert!(table::parquet_under(evidence, &|_, v| v.to_owned()).is_ok());
        }
        let packed = read(&log, true);
        let said = |r: &Option<(Evidence, IngestReport)>| {
            r.as_ref().map(|(e, r)| {
                let rejects: Vec<_> = r.rejects.iter().map(|r| (r.line, r.reason.clone())).collect();
                (format!("{:?}", e.accounts), rejects, r.intake.rows_read)
            })
        };
        prop_assert!(said(&plain) == said(&packed), "packed it says something else");
    }

    #[test]
    fn a_case_that_somebody_sent_acts_in_no_rendering(report in sent()) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("report.json"), report.to_string()).unwrap();
        let Ok(document) = case::read(folder.path()) else { return Ok(()) };
        let options = TerminalOptions { width: 80, colour: false, view: View::All };
        let mut texts = vec![("summary", summary(&document, options))];
        for n in &document.networks {
            texts.extend(inspect::network(&document, &n.id, options).map(|t| ("network", t)));
        }
        if let [a, b, ..] = &document.accounts[..] {
            texts.extend(inspect::pair(&document, &a.account_id, &b.account_id, options).map(|t| ("pair", t)));
        }
        for (name, format) in Format::ALL {
            let made = export(&document, format);
            prop_assert!(made.is_ok(), "{name}: {:?}", made.err());
            texts.push((name, String::from_utf8(made.unwrap()).unwrap()));
        }
        for (name, text) in &texts {
            prop_assert!(!text.chars().any(|c| acts(c) && c != '\r'), "{name}");
            if name.ends_with("-csv") {
                let mut rows = csv::Reader::from_reader(text.as_bytes());
                for cell in rows.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
                    let number = cell.parse::<f64>().is_ok();
                    prop_assert!(number || !cell.trim_start().starts_with(['=', '+', '-', '@']), "{name}: {cell:?}");
                }
            }
        }
        let again = report_json(&document).unwrap();
        let back: Document = serde_json::from_slice(&again).unwrap();
        prop_assert!(report_json(&back).unwrap() == again, "it does not read back the same");
        comparison::to_text(&comparison::follow(&document, &back));
        prop_assert_eq!(custody::differences(&document, &back).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn tables_maps_and_lists_are_read_or_refused(
        cells in prop::collection::vec(prop::collection::vec(word(), 3), 0..8),
        names in prop::collection::vec(select(&["account_id", "created_at", "email", "device_id", "network_id", "verdict", "campaign", "population"][..]), 3),
        pairs in prop::collection::vec((key(), value()), 0..5),
    ) {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(&names).unwrap();
        cells.iter().for_each(|c| csv.write_record(c).unwrap());
        let table = csv.into_inner().unwrap();
        if let Ok(facts) = account_table::read(table.as_slice()) {
            prop_assert!(facts.len() <= cells.len());
        }
        if let Ok(found) = evaluate::evaluate(table.as_slice(), table.as_slice()) {
            prop_assert!(found.to_json().is_ok());
        }
        let body = |pairs: &[(String, Value)]| -> String {
            pairs.iter().map(|(k, v)| format!("{} = {}\n", json!(k), v.to_string().replace(':', "="))).collect()
        };
        for table in ["[fields]", "[[account]]", "[[organisation]]", "[[template]]", "[time]", "[join]", "[detect]"] {
            let text = format!("{table}\n{}", body(&pairs));
            let _ = FieldMap::from_toml(&text);
            let _ = AllowList::from_toml(&text);
        }
    }

    #[test]
    fn an_excerpt_is_short_and_stays_one_when_it_is_taken_again(text in prop::collection::vec(word(), 0..30), most in 20usize..240) {
        let text = text.concat();
        let once = redact::excerpt(&text, most);
        prop_assert!(once.chars().count() <= most && !once.contains('\n'));
    }
}

/// Found by `a_case_that_somebody_sent_acts_in_no_rendering`: charts add up counts, and 64 bits have an end.
#[test]
fn a_count_beyond_all_measure_in_a_sent_case_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = REPORT.clone();
    report["timeline"]["hours"][3] = json!(u64::MAX);
    std::fs::write(folder.path().join("report.json"), report.to_string()).unwrap();
    let error = case::read(folder.path()).unwrap_err();
    assert!(error.to_string().contains("is no count of a case"), "{error}");
}

/// Found by the same: not only accounts and shared objects are texts in a case that somebody sent.
#[test]
fn ids_times_and_families_of_a_sent_case_are_no_formulas() {
    let mut report = REPORT.clone();
    for path in [
        "/networks/0/id",
        "/networks/0/first",
        "/networks/0/last",
        "/accounts/0/network_id",
        "/links/0/network_id",
        "/links/0/family",
    ] {
        *report.pointer_mut(path).unwrap() = json!("=1+1");
    }
    let document: Document = serde_json::from_value(report).unwrap();
    for format in [Format::NetworksCsv, Format::AccountsCsv, Format::LinksCsv] {
        let table = String::from_utf8(export(&document, format).unwrap()).unwrap();
        assert!(table.contains("'=1+1") && !table.contains(",=1+1") && !table.contains("\n=1+1"), "{table}");
    }
}
