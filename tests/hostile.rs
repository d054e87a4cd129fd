//! Every field, column name and file name of a log as an attack, through the whole program; bombs, and files that are none.

use assert_cmd::Command;
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use stillhunt::document::Document;
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::ingest::{IngestError, IngestReport, find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::validation::simulate::{World, WorldSettings};

/// One of each kind of attack; each is put behind every text of a log, one a field in turn.
const ATTACKS: [&str; 14] = [
    "<script>alert(1)</script>",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m",
    "\u{202e}gpj.exe\u{2066}\u{200f}\u{feff}",
    "]]></data><node id=\"x\"/><!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;",
    "[x](http://evil.example) ![y](//evil.example/p.png) `` # |",
    "{\"account_id\":\"other\",\"a\":[1]}",
    "../../../../etc/passwd",
    "[fields]\naccount_id = \"x\"",
    "{{ 7*7 }}{% raw %}${7*7}%s%n",
    "a\",\"b\r\n\"c\0",
    "\u{2028}\u{85}\u{e0041}\u{3164}",
];

/// Fields of a row that hold text, which a log's writer has a say in.
const FIELDS: [&str; 8] =
    ["account_id", "org_id", "request_id", "model", "prompt", "client_ip", "user_agent", "tls_fingerprint"];

fn stillhunt(arguments: &[&str]) -> std::process::Output {
    Command::cargo_bin("stillhunt").unwrap().args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn read_with(path: &Path, settings: &IngestSettings) -> Result<(Evidence, IngestReport), IngestError> {
    read_logs(&find_inputs(&[path.to_owned()])?, &FieldMap::generic(), settings, &|_| {})
}

fn read(path: &Path) -> Result<(Evidence, IngestReport), IngestError> {
    read_with(path, &IngestSettings::default())
}

/// Writes a world in which every text carries an attack. One value stays one value, so that what is shared stays shared.
fn hostile_world(folder: &Path) -> (PathBuf, PathBuf) {
    World::generate(&WorldSettings { people: 150, ..WorldSettings::default() }).write(folder, false).unwrap();
    let attack = |field: usize, value: &str| {
        let sum: usize = value.bytes().map(usize::from).sum();
        format!("{value}{}", ATTACKS[(field + sum) % ATTACKS.len()])
    };
    let log = fs::read_to_string(folder.join("events.jsonl")).unwrap();
    let rows: String = log
        .lines()
        .map(|line| {
            let mut row: Map<String, Value> = serde_json::from_str(line).unwrap();
            for (i, field) in FIELDS.iter().enumerate() {
                if let Some(Value::String(value)) = row.get_mut(*field) {
                    *value = attack(if *field == "account_id" { 0 } else { i }, value);
                }
            }
            for (i, name) in ATTACKS.iter().enumerate() {
                row.insert((*name).to_owned(), json!(ATTACKS[(i + 1) % ATTACKS.len()]));
            }
            row.insert("__proto__".to_owned(), json!({"constructor": ATTACKS[0]}));
            Value::Object(row).to_string() + "\n"
        })
        .collect();
    let mut table = csv::Reader::from_path(folder.join("accounts.csv")).unwrap();
    let header = table.headers().unwrap().clone();
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(header.iter().chain(ATTACKS)).unwrap();
    for record in table.records() {
        let record = record.unwrap();
        let cell = |(i, cell): (usize, &str)| match &header[i] {
            "created_at" | "closed_at" => cell.to_owned(),
            _ if cell.is_empty() => String::new(),
            "account_id" => attack(0, cell),
            "org_id" => attack(1, cell),
            _ => attack(i, cell),
        };
        out.write_record(record.iter().enumerate().map(cell).chain(ATTACKS.map(str::to_owned))).unwrap();
    }
    let name: String = ATTACKS[..4].concat().replace(['/', '\0'], "_") + "\u{1b}[2J\u{202e}.jsonl";
    (write(folder, &name, rows.as_bytes()), write(folder, "\"><svg onload=x>\u{1b}[2J.csv", &out.into_inner().unwrap()))
}

/// Characters that act on a terminal or an eye instead of being seen.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{3164}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// What stands outside of code spans.
fn outside_code(markdown: &str) -> String {
    let mut outside = String::new();
    for line in markdown.lines() {
        let mut rest = line;
        while let Some(start) = rest.find('`').filter(|at| !rest[..*at].ends_with('\\')) {
            outside += &rest[..start];
            let fence = rest[start..].chars().take_while(|c| *c == '`').count();
            let body = &rest[start + fence..];
            let end = body.find(&"`".repeat(fence)).expect("a code span ends on its line");
            rest = &body[end + fence..];
        }
        outside += rest;
        outside.push('\n');
    }
    outside
}

/// Whether the tags of an XML document close each other, by a reader that knows nothing else.
fn is_balanced(xml: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for piece in xml.split('<').skip(1) {
        let Some((tag, text)) = piece.split_once('>') else { return false };
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap_or_default();
        match tag.as_bytes() {
            [b'?', ..] => {}
            [b'/', ..] if open.pop() != Some(name) => return false,
            [b'/', ..] | [.., b'/'] => {}
            _ => open.push(name),
        }
        if text.contains('>') || text.replace("&lt;", "").contains("&e;") {
            return false;
        }
    }
    open.is_empty()
}

#[test]
fn a_log_in_which_everything_is_an_attack_acts_in_no_rendering() {
    let folder = tempfile::tempdir().unwrap();
    let (log, accounts) = hostile_world(folder.path());
    let case = folder.path().join("case");
    let run = stillhunt(&["analyze", text(&log), "--accounts", text(&accounts), "-o", text(&case)]);
    let said = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
    assert_eq!(run.status.code(), Some(10), "{said}");
    assert!(!said.chars().any(acts), "{said:?}");
    // Nothing went anywhere but into the case.
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(beside.len(), 6, "{beside:?}");
    let document: Document = serde_json::from_slice(&fs::read(case.join("report.json")).unwrap()).unwrap();
    let members: Vec<&String> = document.networks.iter().flat_map(|n| &n.members).collect();
    let named = ATTACKS.iter().filter(|a| members.iter().any(|m| m.contains(**a))).count();
    assert!(members.len() > 8 && named > 5, "{named} attacks stand in the names of {} members", members.len());
    assert!(
        document.links.iter().any(|l| ATTACKS.iter().any(|a| l.shared.contains(a))),
        "a shared object is an attack: {:?}",
        document.links.iter().map(|l| &l.shared).take(5).collect::<Vec<_>>()
    );
    let report = |format: &str| {
        let run = stillhunt(&["report", text(&case), "--format", format]);
        assert_eq!(run.status.code(), Some(0), "{format}");
        String::from_utf8(run.stdout).unwrap()
    };
    for format in ["html", "json", "markdown", "graphml", "gexf", "stix", "junit", "sarif"] {
        let said = report(format);
        let bad = said.chars().find(|c| acts(*c) && *c != '\r');
        assert_eq!(bad, None, "{format}");
        match format {
            "json" | "stix" | "sarif" => drop(serde_json::from_str::<Value>(&said).unwrap()),
            "markdown" => {
                let outside = outside_code(&said).replace("\\[", "").replace("\\]", "");
                assert!(!outside.contains("](") && !outside.contains("<script"), "{outside}");
            }
            _ => {
                for word in ["<script>alert", "<svg", "<node id=\"x\"", "' onmouseover='", "<!ENTITY", "\"><"] {
                    let ours = word == "<svg" && format == "html" || word == "\"><";
                    assert!(ours || !said.contains(word), "{format} holds {word}");
                }
                assert!(!said.contains("onload=alert(1)>"), "{format}");
                assert!(format == "html" || is_balanced(&said), "{format} is no XML");
            }
        }
    }
    for format in ["networks-csv", "accounts-csv", "links-csv"] {
        let said = report(format);
        let mut rows = csv::Reader::from_reader(said.as_bytes());
        for cell in rows.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
            assert!(!cell.trim_start().starts_with(['=', '+', '@', '-']) && !cell.chars().any(acts), "{cell:?}");
        }
    }
    let network = &document.networks[0];
    for names in [vec![network.id.as_str()], vec![network.members[0].as_str(), network.members[1].as_str()]] {
        // An argument holds no NUL, whatever an account is called.
        if names.iter().all(|n| !n.contains('\0')) {
            let run = stillhunt(&[&["inspect", text(&case), "--"][..], &names].concat());
            let said = String::from_utf8([run.stdout, run.stderr].concat()).unwrap();
            assert!(run.status.success() && !said.chars().any(acts), "{said:?}");
        }
    }
    let run = stillhunt(&["check", text(&log)]);
    assert!(!String::from_utf8(run.stdout).unwrap().chars().any(acts));
}

#[test]
fn numbers_and_times_beyond_all_measure_are_no_numbers_and_no_times() {
    let folder = tempfile::tempdir().unwrap();
    let row = |ts: &str, rest: &str| format!("{{\"timestamp\":{ts},\"account_id\":\"a\"{rest}}}\n");
    let good = "\"2026-08-03T00:00:05Z\"";
    let mut rows = String::new();
    let times =
        ["\"0000-01-01T00:00:00Z\"", "\"9999-12-31T23:59:59Z\"", "-1", "1e400", "9e18", "\"NaN\"", "\"inf\"", "0"];
    times.iter().for_each(|t| rows += &row(t, ""));
    let most = u64::MAX;
    for value in ["1e400", "-1e400", "\"NaN\"", "\"Infinity\"", &most.to_string(), "1e308", "-1", "\"\u{0660}\""] {
        let names =
            ["input_tokens", "output_tokens", "temperature", "top_p", "max_tokens", "status", "n", "duration_ms"];
        let cells: String = names.iter().map(|n| format!(",\"{n}\":{value}")).collect();
        rows += &row(good, &cells).repeat(3);
    }
    rows += "{\"timestamp\":NaN,\"account_id\":\"a\"}\n{\"timestamp\":Infinity,\"account_id\":\"a\"}\n";
    let (evidence, report) = read(&write(folder.path(), "a.jsonl", rows.as_bytes())).unwrap();
    assert_eq!(report.intake.rows_read, times.len() as u64 + 24 + 2);
    assert_eq!(report.reasons.get("unreadable timestamp"), Some(&(times.len() as u64 - 1)));
    assert_eq!(report.reasons.get("no timestamp"), Some(&1), "NaN is how data frames write that there is none");
    assert_eq!(report.reasons.get("not JSON"), Some(&2), "NaN is not JSON: {:?}", report.reasons);
    let a = &evidence.accounts["a"];
    assert_eq!((a.requests, a.input_tokens, a.output_tokens), (24, 3 << 26, 3 << 26));
    assert!(a.parameters.keys().all(|p| !p.contains("inf") && !p.contains("NaN")), "{:?}", a.parameters);
}

/// nginx stamps the end of a request: its length must not carry the start out of all time.
#[test]
fn a_length_beyond_all_measure_moves_no_call_out_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let row = |seconds: &str, id: &str| {
        format!(
            "{{\"time_iso8601\":\"2026-05-02T09:15:32+00:00\",\"msec\":\"1777713332.150\",\"remote_addr\":\"192.0.2.41\",\
             \"http_x_forwarded_for\":\"-\",\"request_method\":\"POST\",\"request_uri\":\"/v1/messages\",\"status\":200,\
             \"request_time\":{seconds},\"upstream_header_time\":\"0.3\",\"http_user_agent\":\"x\",\"ssl_ja4\":\"t\",\
             \"request_id\":\"{id}\",\"consumer\":\"tern\"}}\n"
        )
    };
    let rows = row("1.9", "r1") + &row("8.9e12", "r2") + &row("1e300", "r3") + &row("-5", "r4");
    let (evidence, report) = read(&write(folder.path(), "access.jsonl", rows.as_bytes())).unwrap();
    assert_eq!(report.intake.files[0].format, "nginx-json (jsonl)");
    assert_eq!((report.intake.rows_kept, report.reasons.get("unreadable timestamp")), (3, Some(&1)));
    let (first, last) = evidence.span().unwrap();
    assert!(last - first < 10_000_000, "{first} to {last}");
}

#[test]
fn ids_that_only_look_like_those_of_another_call_are_no_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let row = |account: &str, request: &str| {
        json!({"timestamp": "2026-08-03T00:00:05Z", "account_id": account, "request_id": request}).to_string() + "\n"
    };
    let rows = row("a\0b", "c") + &row("a", "b\0c") + &row("a\0b\0c", "x") + &row("a", "b\0c");
    let (_, report) = read(&write(folder.path(), "a.jsonl", rows.as_bytes())).unwrap();
    assert_eq!((report.intake.rows_kept, report.intake.rows_repeated), (3, 1));
}

#[test]
fn whatever_the_encoding_every_row_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = |account: &str| format!("{{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"{account}\"}}");
    let mixed = format!("\u{feff}{}\r\n{}\n\r\n\n{}\r{}\r\n{}", row("a"), row("b"), row("c"), row("d"), row("e"));
    let (evidence, report) = read(&write(at, "mixed.jsonl", mixed.as_bytes())).unwrap();
    // A carriage return alone ends no line: two objects on one line are no JSON.
    assert_eq!((report.intake.rows_kept, report.intake.rows_rejected), (3, 1));
    assert!(evidence.accounts.keys().eq(["a", "b", "e"]));
    let csv = "\u{feff}\"timestamp\",account_id\r\n2026-08-03T00:00:05Z,a\n\r\n2026-08-03T00:00:05Z,\"b\r\nb\"\r\n";
    let (evidence, report) = read(&write(at, "mixed.csv", csv.as_bytes())).unwrap();
    assert!(report.intake.rows_read == 2 && evidence.accounts.keys().eq(["a", "b\r\nb"]), "{:?}", report.rejects);
    let mut bytes = b"timestamp,account_id\n2026-08-03T00:00:05Z,\xff\xfe\n".to_vec();
    bytes.extend(b"2026-08-03T00:00:05Z,a\n2026-08-03T00:00:05Z\n2026-08-03T00:00:05Z,a,b\n");
    let (_, report) = read(&write(at, "latin.csv", &bytes)).unwrap();
    assert_eq!((report.reasons["invalid UTF-8"], report.reasons["wrong number of cells"]), (1, 2));
    let wide: Vec<u8> = row("a").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let message = read(&write(at, "wide.jsonl", &[&b"\xff\xfe"[..], &wide].concat())).unwrap_err().to_string();
    assert!(message.contains("is text in UTF-16"), "{message}");
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    let good = "\"timestamp\":\"2026-08-03T00:00:05Z\"";
    let rows = [
        format!("{{{good},\"account_id\":\"a\",\"account_id\":\"b\"}}"),
        format!("{{{good},\"account_id\":\"a\",\"\\u0061ccount_id\":\"b\"}}"),
        format!("{{{good},\"account_id\":\"a\",\"nothing\":1,\"nothing\":2}}"),
    ];
    let (evidence, report) = read(&write(folder.path(), "a.jsonl", rows.join("\n").as_bytes())).unwrap();
    assert_eq!((report.intake.rows_kept, report.reasons.get("duplicate key")), (1, Some(&2)));
    assert_eq!(evidence.accounts["a"].requests, 1);
}

#[test]
fn bombs_are_refused_whatever_packs_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let packed = |inner: &mut dyn Read| {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::copy(inner, &mut out).unwrap();
        out.finish().unwrap()
    };
    let row = b"{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\"}\n";
    let zeros = packed(&mut row.chain(std::io::repeat(b' ').take(100 << 20)));
    let message = read(&write(at, "a.jsonl.gz", &zeros)).unwrap_err().to_string();
    assert!(message.contains("expands beyond") && message.contains("is damaged"), "{message}");
    // Members that follow each other are one file.
    let members: Vec<u8> = packed(&mut std::io::repeat(b'\n').take(8 << 20)).repeat(12);
    let message = read(&write(at, "b.jsonl.gz", &[packed(&mut &row[..]), members].concat())).unwrap_err().to_string();
    assert!(message.contains("expands beyond"), "{message}");
    // A table whose quote is never closed, packed: one cell of 100 MiB.
    let cell =
        packed(&mut b"timestamp,account_id\n2026-08-03T00:00:05Z,\"".chain(std::io::repeat(b'x').take(100 << 20)));
    let message = read(&write(at, "c.csv.gz", &cell)).unwrap_err().to_string();
    assert!(message.contains("expands beyond") || message.contains("no end"), "{message}");
    // Packed twice: what comes out is binary.
    let twice = packed(&mut zeros.as_slice());
    let message = read(&write(at, "d.jsonl.gz", &twice)).unwrap_err().to_string();
    assert!(message.contains("neither JSON lines"), "{message}");
    // Bytes behind the end of the archive are not a log either.
    let tail = [packed(&mut &row[..]), b"trailing".to_vec()].concat();
    let result = read(&write(at, "e.jsonl.gz", &tail));
    assert!(result.is_err() || result.unwrap().1.intake.rows_kept == 1);
}

/// A few bytes a span, and what its resource lends it: of 8 MiB so made came terabytes.
#[test]
fn what_a_trace_lends_to_all_its_spans_does_not_grow_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let trace = |lent: &str, bytes: usize, spans: &str| {
        let text = "x".repeat(bytes);
        format!(
            "{{\"resourceSpans\":[{{\"resource\":{{\"attributes\":[{{\"key\":\"{lent}\",\"value\":{{\"stringValue\":\"{text}\"}}}}]}},\
             \"scopeSpans\":[{{\"spans\":[{spans}]}}]}}]}}\n"
        )
    };
    let span = |i: usize| {
        format!(
            "{{\"spanId\":\"{i:016x}\",\"startTimeUnixNano\":\"1777713330250000000\",\"attributes\":[{{\"key\":\"gen_ai.request.model\",\
             \"value\":{{\"stringValue\":\"m\"}}}},{{\"key\":\"user.id\",\"value\":{{\"stringValue\":\"a\"}}}}]}}"
        )
    };
    let spans = (0..1_000).map(span).collect::<Vec<_>>().join(",");
    // Spans stand too far behind for their format to be told.
    let traces = IngestSettings { format: Some("otlp-genai".to_owned()), ..IngestSettings::default() };
    let by_service = IngestSettings { account_field: Some("service".to_owned()), ..traces.clone() };
    // Nobody reads what is lent, or it is as short as names are.
    let path = write(folder.path(), "honest.json", trace("process.command", 1 << 20, &spans).as_bytes());
    assert_eq!(read_with(&path, &traces).unwrap().1.intake.rows_kept, 1_000);
    let path = write(folder.path(), "named.json", trace("service.name", 60, &spans).as_bytes());
    assert_eq!(read_with(&path, &by_service).unwrap().0.accounts.len(), 1);
    for (name, spans) in [("long.json", spans), ("short.json", vec!["{}"; 500_000].join(","))] {
        let two = trace("service.name", 1 << 20, &spans) + &trace("service.name", 60, &span(1));
        let (_, report) = read_with(&write(folder.path(), name, two.as_bytes()), &by_service).unwrap();
        assert_eq!((report.intake.rows_kept, report.intake.rows_rejected), (1, 1), "{name}: {:?}", report.reasons);
        assert!(
            report.reasons.contains_key("a trace that grows beyond any honest one"),
            "{name}: {:?}",
            report.reasons
        );
    }
    // What is no span is told as such.
    let path = write(folder.path(), "bare.json", trace("x", 1, &format!("0,{},[],{}", span(1), span(2))).as_bytes());
    let (_, report) = read(&path).unwrap();
    assert_eq!((report.intake.rows_kept, report.reasons.get("not a JSON object")), (2, Some(&2)));
}

#[test]
fn whether_a_line_is_too_long_depends_on_its_own_length_alone() {
    let folder = tempfile::tempdir().unwrap();
    let row = |n: usize| {
        let line = format!(
            "{{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\",\"prompt\":\"{}\"}}\n",
            "x".repeat(n)
        );
        (line.len() - 1, line)
    };
    let mut rows: Vec<(usize, String)> = [0, 10, 200, 30, 900, 0, 120, 121, 122, 400, 5, 180, 2000, 1].map(row).into();
    let longest = rows[6].0;
    for batch_bytes in [50, 200, 333, 1000, 100_000] {
        let settings = IngestSettings { batch_bytes, max_line_bytes: longest, ..IngestSettings::default() };
        for _ in 0..rows.len() {
            rows.rotate_left(1);
            let log: String = rows.iter().map(|(_, line)| line.as_str()).collect();
            let (_, report) = read_with(&write(folder.path(), "a.jsonl", log.as_bytes()), &settings).unwrap();
            let rejected: Vec<u64> = report.rejects.iter().map(|r| r.line).collect();
            let expected = (1..).zip(&rows).filter(|(_, (length, _))| *length > longest).map(|(line, _)| line);
            assert_eq!(rejected, expected.collect::<Vec<u64>>(), "batches of {batch_bytes}");
            assert_eq!(report.reasons["line too long"], rejected.len() as u64);
        }
    }
}

#[test]
fn a_quote_that_is_left_open_is_told_and_not_taken_for_a_cell() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |n: usize| "2026-08-03T00:00:05Z,a,text\n".repeat(n);
    let open = format!("timestamp,account_id,prompt\n{}2026-08-03T00:00:06Z,b,\"swallows\n{}", rows(2), rows(50));
    let (evidence, report) = read(&write(folder.path(), "open.csv", open.as_bytes())).unwrap();
    assert_eq!((report.rejects[0].line, report.rejects[0].reason.as_ref()), (4, "a quote is never closed"));
    assert!(report.intake.rows_kept == 2 && evidence.accounts.keys().eq(["a"]));
    // One that swallows more than can be held is an error and names its row.
    let small = IngestSettings { max_line_bytes: 1 << 14, batch_bytes: 1 << 14, ..IngestSettings::default() };
    let open = format!("timestamp,account_id,prompt\n{}2026-08-03T00:00:06Z,b,\"swallows\n{}", rows(2), rows(10_000));
    let message = read_with(&write(folder.path(), "long.csv", open.as_bytes()), &small).unwrap_err().to_string();
    assert!(message.contains("is a quote left open?") && message.contains("line 4"), "{message}");
    // A long cell that ends is one row that is rejected.
    let long = format!("timestamp,account_id,prompt\n{}2026-08-03T00:00:06Z,b,\"{}\"\n", rows(2), "x".repeat(20_000));
    let (_, report) = read_with(&write(folder.path(), "cell.csv", long.as_bytes()), &small).unwrap();
    assert_eq!(
        (report.intake.rows_kept, report.rejects[0].line, report.rejects[0].reason.as_ref()),
        (2, 4, "line too long")
    );
    // The mark of the end is none inside a text, and a table without a last line end has it too.
    let whole = "timestamp,account_id,prompt\n2026-08-03T00:00:05Z,a,\"stillhunt: the table ends here\"";
    assert_eq!(read(&write(folder.path(), "end.csv", whole.as_bytes())).unwrap().1.intake.rows_kept, 1);
}

#[cfg(unix)]
#[test]
fn links_in_circles_pipes_and_devices_are_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let row = b"{\"timestamp\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\"}\n";
    let log = write(at, "a.jsonl", row);
    std::os::unix::fs::symlink(at, at.join("circle")).unwrap();
    std::os::unix::fs::symlink("self.jsonl", at.join("self.jsonl")).unwrap();
    fs::create_dir(at.join("folder.jsonl")).unwrap();
    let fifo = at.join("pipe.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let found = find_inputs(&[at.to_owned()]).unwrap();
    assert_eq!(*found, [log], "circles and pipes in a folder are left alone");
    let said = found.notes.join("\n");
    for (name, why) in [("circle", "a link to a folder"), ("self.jsonl", "a link to what"), ("pipe.jsonl", "a pipe or")]
    {
        assert!(said.lines().any(|line| line.contains(name) && line.contains(why)), "{said}");
    }
    for (path, status) in [(fifo, 2), (at.join("self.jsonl"), 2), (PathBuf::from("/dev/zero"), 2)] {
        let case = at.join("case");
        let run = stillhunt(&["analyze", text(&path), "-o", text(&case)]);
        assert_eq!(run.status.code(), Some(status), "{}", String::from_utf8_lossy(&run.stderr));
        assert!(!case.exists());
    }
}
