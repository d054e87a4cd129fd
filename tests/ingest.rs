//! Rows in, events out: formats, compressions, hostile bytes, conservation.

use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;
use proptest::prelude::*;
use std::io::Write;
use std::path::{Path, PathBuf};
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::event::Origin;
use stillhunt::intake::ingest::{IngestError, IngestReport, NOT_READ, find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;

const CSV: &str = "timestamp,account_id,prompt,temperature\n\
    2026-08-03T00:00:05.271Z,a,\"one, two\",0.7\n2026-08-03T00:00:06Z,b,three,\n2026-08-03T00:00:07Z,a,four,-\n";
const JSONL: &str = "{\"timestamp\":\"2026-08-03T00:00:05.271Z\",\"account_id\":\"a\",\"prompt\":\"one, two\",\"temperature\":0.7}\n\
    {\"timestamp\":\"2026-08-03T00:00:06Z\",\"account_id\":\"b\",\"prompt\":\"three\",\"temperature\":null}\n\
    {\"timestamp\":\"2026-08-03T00:00:07Z\",\"account_id\":\"a\",\"prompt\":\"four\"}\n";

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read_with(path: &Path, map: &FieldMap, settings: &IngestSettings) -> Result<(Evidence, IngestReport), IngestError> {
    read_logs(&find_inputs(&[path.to_owned()])?, map, settings, &|_| {})
}

fn read(path: &Path) -> Result<(Evidence, IngestReport), IngestError> {
    read_with(path, &FieldMap::generic(), &IngestSettings::default())
}

/// What was understood, line numbers apart: a CSV has a header line and a Parquet file has none.
fn understood(path: &Path) -> String {
    let (evidence, report) = read(path).unwrap();
    assert_eq!(report.intake.rows_kept, 3);
    let accounts: Vec<_> = evidence
        .accounts
        .iter()
        .map(|(id, a)| (id, a.requests, a.first_us, a.last_us, &a.items, a.clients.keys().collect::<Vec<_>>()))
        .collect();
    format!("{accounts:?}")
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn every_format_and_compression_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let plain = understood(&write(at, "a.jsonl", JSONL.as_bytes()));
    assert_eq!(understood(&write(at, "b.jsonl.gz", &gz(JSONL.as_bytes()))), plain);
    assert_eq!(understood(&write(at, "c.jsonl.zst", &zstd::encode_all(JSONL.as_bytes(), 1).unwrap())), plain);
    assert_eq!(understood(&write(at, "d.csv", CSV.as_bytes())), plain);
    assert_eq!(understood(&write(at, "e.csv.gz", &gz(CSV.as_bytes()))), plain);
    let mut frame = df!(
        "timestamp" => ["2026-08-03T00:00:05.271Z", "2026-08-03T00:00:06Z", "2026-08-03T00:00:07Z"],
        "account_id" => ["a", "b", "a"],
        "prompt" => ["one, two", "three", "four"],
        "temperature" => [Some(0.7), None, None],
    )
    .unwrap();
    let path = at.join("f.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
    assert_eq!(understood(&path), plain);
}

#[test]
fn a_bad_line_costs_one_line_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut bytes =
        b"\xef\xbb\xbf{\"ts\":1785715200,\"account_id\":\"a\"}\r\n\r\n{\"ts\":1785715200,\"account_id\":\"a\"".to_vec();
    bytes.extend(b"\n{\"ts\":1785715200,\"account_id\":\"\xff\"}\n{\"ts\":1,\"ts\":2,\"account_id\":\"a\"}\n[1]\n");
    bytes.extend(b"{\"ts\":\"yesterday\",\"account_id\":\"a\"}\n{\"ts\":1785715200}\n{\"ts\":1785715200,\"account_id\":\"b\"} x\n");
    let (_, report) = read(&write(folder.path(), "bad.jsonl", &bytes)).unwrap();
    let said: Vec<(u64, &str)> = report.rejects.iter().map(|r| (r.line, r.reason.as_ref())).collect();
    let expected = [
        (3, "not JSON"),
        (4, "invalid UTF-8"),
        (5, "duplicate key"),
        (6, "not a JSON object"),
        (7, "unreadable timestamp"),
        (8, "no account"),
        (9, "not JSON"),
    ];
    assert_eq!(said, expected);
    assert_eq!((report.intake.rows_read, report.intake.rows_kept, report.intake.rows_rejected), (8, 1, 7));
}

#[test]
fn lists_of_structures_in_parquet_are_read_as_the_same_rows_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let turn = |text: &str| {
        df!("role" => ["user", "assistant"], "content" => [text, "an answer"], "turn_identifier" => [1u8, 1])
            .unwrap()
            .into_struct("turn".into())
            .into_series()
    };
    let header = df!("user-agent" => ["tool/1", "tool/2"]).unwrap().into_struct("header".into()).into_series();
    let mut frame = df!(
        "conversation_hash" => ["c1", "c2"],
        "timestamp" => ["2026-08-03T00:00:05Z", "2026-08-03T00:00:06Z"],
        "hashed_ip" => ["h1", "h2"],
        "language" => ["x", "x"],
        "turn" => [1i8, 1],
        "conversation" => [turn("first \"text\""), turn("second")],
    )
    .unwrap();
    frame.with_column(header.into()).unwrap();
    let path = folder.path().join("a.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
    let rows: String = [("c1", "h1", "first \\\"text\\\"", 5, 1), ("c2", "h2", "second", 6, 2)]
        .iter()
        .map(|(id, ip, text, second, tool)| {
            format!("{{\"conversation_hash\":\"{id}\",\"timestamp\":\"2026-08-03T00:00:0{second}Z\",\"hashed_ip\":\"{ip}\",\"language\":\"x\",\"turn\":1,\"conversation\":[{{\"role\":\"user\",\"content\":\"{text}\",\"turn_identifier\":1}},{{\"role\":\"assistant\",\"content\":\"an answer\",\"turn_identifier\":1}}],\"header\":{{\"user-agent\":\"tool/{tool}\"}}}}\n")
        })
        .collect();
    let (of_table, report) = read(&path).unwrap();
    let (of_lines, _) = read(&write(folder.path(), "a.jsonl", rows.as_bytes())).unwrap();
    assert_eq!(report.intake.files[0].format, "wildchat (parquet)");
    let said = |e: &Evidence| -> Vec<String> {
        e.accounts
            .iter()
            .map(|(id, a)| format!("{id} {:?} {:?} {}", a.items, a.clients.keys().collect::<Vec<_>>(), a.first_us))
            .collect()
    };
    assert_eq!(said(&of_table), said(&of_lines));
    assert_eq!(of_table.accounts["h1"].with_text, 1);
}

#[test]
fn brackets_without_end_cost_a_line_and_not_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = "[".repeat(1_000_000);
    let row = |prompt: &str| {
        serde_json::json!({"timestamp": "2026-08-03T00:00:05Z", "account_id": "a", "prompt": prompt}).to_string()
    };
    let lines = [
        row(&bomb),
        row(&format!("[{{\"role\":\"user\",\"content\":{bomb}")),
        format!("{{\"account_id\":{bomb}"),
        format!("{{\"account_id\":\"a\",\"prompt\":{bomb}{}}}", "]".repeat(1_000_000)),
        format!(
            "{{\"ts\":\"2026-08-03T00:00:05Z\",\"account_id\":\"a\",\"x\":{}1{}}}",
            "{\"a\":".repeat(1_000_000),
            "}".repeat(1_000_000)
        ),
    ];
    let (_, report) = read(&write(folder.path(), "a.jsonl", lines.join("\n").as_bytes())).unwrap();
    assert_eq!((report.intake.rows_kept, report.intake.rows_rejected), (2, 3));
    assert_eq!(report.reasons.get("nested too deeply"), Some(&3));
    let csv = format!("timestamp,account_id,prompt\n2026-08-03T00:00:05Z,a,\"[{{\"\"role\"\":{bomb}\"\n");
    assert_eq!(read(&write(folder.path(), "b.csv", csv.as_bytes())).unwrap().1.intake.rows_kept, 1);
}

#[test]
fn a_line_too_long_to_hold_is_skipped_and_the_next_one_keeps_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{{\"ts\":1785715200,\"account_id\":\"a\",\"prompt\":\"{}\"}}\n", "x".repeat(5000));
    let text = format!("{}{long}{{\"ts\":1785715200}}\n", &JSONL[..JSONL.find('\n').unwrap() + 1]);
    let settings = IngestSettings { batch_bytes: 64, max_line_bytes: 1000, ..IngestSettings::default() };
    let path = write(folder.path(), "long.jsonl", text.as_bytes());
    let (_, report) = read_with(&path, &FieldMap::generic(), &settings).unwrap();
    let said: Vec<(u64, &str)> = report.rejects.iter().map(|r| (r.line, r.reason.as_ref())).collect();
    assert_eq!(said, [(2, "line too long"), (3, "no account")]);
}

#[test]
fn a_row_of_a_csv_stands_on_the_line_that_an_editor_shows_whatever_ends_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let table = CSV.replace("\n2026-08-03T00:00:07Z", "\n\nyesterday,a,five,\n2026-08-03T00:00:07Z");
    for (name, table) in [("f.csv", table.clone()), ("g.csv", table.replace('\n', "\r\n"))] {
        let (evidence, report) = read(&write(folder.path(), name, table.as_bytes())).unwrap();
        let rejected: Vec<u64> = report.rejects.iter().map(|r| r.line).collect();
        assert_eq!(rejected, [5], "{name}");
        let first = |account: &str| evidence.accounts[account].first_at.map(|at| at.line_no);
        assert_eq!((first("a"), first("b")), (Some(2), Some(3)), "{name}");
        assert_eq!(evidence.accounts["a"].last_at.map(|at| Origin::from(at).line_no), Some(6), "{name}");
    }
}

#[test]
fn a_repeated_request_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let line = "{\"ts\":1785715200,\"account_id\":\"a\",\"request_id\":\"r\"}\n";
    let (evidence, report) = read(&write(folder.path(), "twice.jsonl", line.repeat(2).as_bytes())).unwrap();
    assert_eq!((report.intake.rows_kept, report.intake.rows_repeated), (1, 1));
    assert_eq!(evidence.accounts["a"].requests, 1);
}

#[test]
fn calls_under_one_request_id_made_one_another_vanish() {
    let folder = tempfile::tempdir().unwrap();
    let line = |second: u32, text: &str, id: &str| {
        format!(
            "{{\"ts\":{},\"account_id\":\"a\",\"prompt\":\"{text}\",\"request_id\":\"{id}\"}}\n",
            1_785_715_200 + second
        )
    };
    let rows = line(0, "x", "0") + &line(0, "y", "0") + &line(1, "x", "0") + &line(1, "x", "0") + &line(2, "z", "own");
    let (evidence, report) = read(&write(folder.path(), "reused.jsonl", rows.as_bytes())).unwrap();
    assert_eq!((report.intake.rows_kept, report.intake.rows_repeated), (4, 1));
    assert_eq!(evidence.accounts["a"].requests, 4);
    let reused = report.reused.unwrap();
    assert_eq!((reused.ids, reused.calls, reused.line), (1, 2, 2));
    let note = &report.intake.notes[0];
    assert!(note.contains("1 of them stand") && note.contains("reused.jsonl:2"), "{note}");
}

#[test]
fn a_log_that_was_given_twice_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let log = write(at, "a.jsonl", JSONL.as_bytes());
    let copy = write(at, "b.jsonl", JSONL.as_bytes());
    std::fs::hard_link(&log, at.join("c.jsonl")).unwrap();
    let other = write(at, "d.jsonl", JSONL.replace("four", "five").as_bytes());
    let empty = [write(at, "e.jsonl", b""), write(at, "f.jsonl", b"")];
    let found = find_inputs(&[log.clone(), at.join("./a.jsonl"), copy, at.to_owned()]).unwrap();
    assert_eq!(found.to_vec(), [vec![log, other], empty.to_vec()].concat());
    let said = found.notes.join("\n");
    assert!(found.notes.iter().all(|note| note.starts_with(NOT_READ)), "{said}");
    assert!(
        said.contains("c.jsonl (a copy, byte for byte") && said.contains("b.jsonl (the same file a second"),
        "{said}"
    );
}

#[test]
fn an_account_table_among_the_logs_was_read_as_a_call_of_each_account() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let log = write(at, "a.jsonl", JSONL.as_bytes());
    let table = b"account_id,org_id,created_at,payment_fingerprint,country\na,,2026-08-03T00:00:05Z,pm_1,NO\n";
    let passed = write(at, "facts.csv", table);
    write(at, "older.csv", &[&table[..], b"b,,2026-08-03,pm_2,NO\n"].concat());
    write(at, "labels.csv", b"account_id,campaign,population\na,C-1,x\n");
    // Few columns, and yet logs.
    let few = write(at, "few.csv", b"account_id,created_at\na,2026-08-03T00:00:05Z\n");
    let calls = write(at, "calls.csv", b"account_id,created_at,device_id,model\na,2026-08-03T00:00:05Z,d,m\n");
    let generic = FieldMap::generic();
    let found = find_inputs(&[at.to_owned()]).unwrap().of_calls(&generic, Some(&at.join("./facts.csv"))).unwrap();
    assert_eq!(found.to_vec(), [log, calls, few.clone()]);
    let said = found.notes.join("\n");
    assert!(found.notes.iter().all(|note| note.starts_with(NOT_READ)), "{said}");
    let words =
        ["facts.csv (passed as --accounts", "older.csv (by its header a table of acc", "labels.csv (by its header a"];
    assert!(words.iter().all(|words| said.contains(words)), "{said}");
    let alone = |map: &FieldMap| find_inputs(std::slice::from_ref(&passed)).unwrap().of_calls(map, None);
    let error = alone(&generic).unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("pass it as --accounts"), "{error}");
    assert!(alone(&FieldMap::from_toml("[fields]\nts = \"created_at\"").unwrap()).is_ok(), "the map says it is a log");
    assert!(find_inputs(&[few]).unwrap().of_calls(&generic, None).is_ok());
}

#[cfg(unix)]
#[test]
fn links_to_logs_were_skipped_without_a_word_and_so_was_all_else() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let elsewhere = tempfile::tempdir().unwrap();
    let log = write(elsewhere.path(), "a.log", JSONL.as_bytes());
    symlink(&log, at.join("current.jsonl")).unwrap();
    symlink("gone.jsonl", at.join("dangling.jsonl")).unwrap();
    write(at, "picture.png", b"x");
    write(at, ".hidden.jsonl", JSONL.as_bytes());
    let found = find_inputs(&[at.to_owned()]).unwrap();
    assert_eq!(*found, [at.join("current.jsonl")]);
    let said = found.notes.join("\n");
    for (name, why) in [("picture.png", "does not end"), (".hidden.jsonl", "hidden"), ("dangling.jsonl", "not there")] {
        assert!(said.lines().any(|line| line.contains(name) && line.contains(why)), "{said}");
    }
    let error = find_inputs(&[at.join("dang*")]).unwrap_err();
    assert!(error.to_string().contains("is a link to what is not there; mend it"), "{error}");
    assert_eq!(error.exit_code(), 2);
    std::fs::remove_file(at.join("current.jsonl")).unwrap();
    assert!(find_inputs(&[at.to_owned()]).unwrap_err().to_string().contains("picture.png"));
}

#[test]
fn a_case_among_the_logs_was_read_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let log = write(at, "a.jsonl", JSONL.as_bytes());
    let case = at.join("CASE");
    std::fs::create_dir(&case).unwrap();
    write(&case, "accounts.csv", b"account_id\na\n");
    write(&case, "report.json", b"{}");
    assert_eq!(find_inputs(&[at.to_owned()]).unwrap().len(), 3, "a folder of that name alone is none");
    write(&case, "manifest.json", b"{\"stillhunt_version\": \"0.1.0\"}");
    let found = find_inputs(&[at.to_owned()]).unwrap();
    assert_eq!(*found, [log]);
    assert!(found.notes[0].contains("CASE (a case of this program)"), "{:?}", found.notes);
}

#[test]
fn cells_between_other_signs_were_one_cell() {
    let folder = tempfile::tempdir().unwrap();
    let plain = understood(&write(folder.path(), "a.csv", CSV.as_bytes()));
    for (name, sign) in [("b.csv", ";"), ("c.csv", "\t"), ("d.tsv", "\t"), ("e.csv", "|")] {
        // A sign inside of a cell is in quotes, as the comma was.
        let text = CSV.replace("one, two", "\u{1}").replace(',', sign).replace('\u{1}', "one, two");
        assert_eq!(understood(&write(folder.path(), name, text.as_bytes())), plain, "{name}");
        let text = format!("\u{feff}sep={sign}\r\n{text}");
        assert_eq!(understood(&write(folder.path(), name, text.as_bytes())), plain, "sep= in {name}");
    }
    assert_eq!(stillhunt::intake::ingest::delimiter(b"a,b;c\n"), b',');
    assert_eq!(stillhunt::intake::ingest::delimiter(b"\"a;b\"|c\n;"), b'|');
}

#[test]
fn a_log_of_which_nothing_could_be_read_was_referred_to_check_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str, bytes: &[u8]| read(&write(folder.path(), name, bytes)).unwrap_err().to_string();
    let text = said("a.jsonl", b"{\"when\":1785715200,\"account_id\":\"a\"}\n{\"who\":1}\n");
    assert!(text.contains("none of 2 rows could be read; 2 rows, no timestamp (first "), "{text}");
    assert!(text.contains("a.jsonl:1); columns of the first rows: account_id, when, who"), "{text}");
    let text = said("b.csv", b"2026-08-03T00:00:05Z,a,hello\n2026-08-03T00:00:06Z,b,hello\n");
    assert!(text.contains("put a line with the names of the columns first"), "{text}");
    let text = said("c.csv", b"timestamp,account_id,prompt\n2026-08-03T00:00:05Z,a,caf\xe9\n");
    assert!(text.contains("1 rows, invalid UTF-8 (first ") && text.contains("iconv -f WINDOWS-1252"), "{text}");
    let utf16: Vec<u8> = CSV.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [utf16.clone(), [vec![0xff, 0xfe], utf16].concat()] {
        assert!(said("d.csv", &bytes).contains("is text in UTF-16; convert it"));
    }
}

#[test]
fn a_field_that_the_program_knows_itself_could_not_be_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let row =
        "{\"ts\":1785715200,\"account_id\":\"a\",\"client_ip\":\"192.0.2.1\",\"org_id\":\"o\",\"caller\":\"c\"}\n";
    let path = write(folder.path(), "a.jsonl", row.as_bytes());
    for (field, account) in [("client_ip", "192.0.2.1"), ("org_id", "o"), ("account_id", "a"), ("caller", "c")] {
        let settings = IngestSettings { account_field: Some(field.to_owned()), ..IngestSettings::default() };
        let (evidence, report) = read_with(&path, &FieldMap::generic(), &settings).unwrap();
        assert_eq!(evidence.accounts.keys().collect::<Vec<_>>(), [account], "{field}");
        let filled = report.intake.fill_rates.iter().filter(|f| f.share > 0.0).map(|f| f.column.as_str());
        let filled: Vec<&str> = filled.collect();
        assert!(filled.contains(&"client_ip") && filled.contains(&"org_id"), "{field} is still read as what it is");
    }
}

#[test]
fn of_a_column_that_stands_twice_in_a_csv_the_first_was_read() {
    let folder = tempfile::tempdir().unwrap();
    for header in ["timestamp,account_id,account_id", "timestamp,account_id,Account_ID"] {
        let text = format!("{header}\n2026-08-03T00:00:05Z,a,b\n");
        let error = read(&write(folder.path(), "a.csv", text.as_bytes())).unwrap_err();
        assert!(error.to_string().to_lowercase().contains("the column account_id stands more than once"), "{error}");
    }
    let text = "timestamp,account_id,note,note\n2026-08-03T00:00:05Z,a,b,c\n";
    assert_eq!(read(&write(folder.path(), "b.csv", text.as_bytes())).unwrap().1.intake.rows_kept, 1);
}

#[test]
fn whole_parquet_with_a_column_of_another_type_was_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    let length = Series::new("timestamp".into(), [1i64]).cast(&DataType::Duration(TimeUnit::Milliseconds)).unwrap();
    let mut frame = df!("account_id" => ["a"]).unwrap();
    frame.with_column(length.into()).unwrap();
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
    let error = read(&path).unwrap_err();
    assert!(error.to_string().starts_with("the column timestamp of "), "{error}");
    assert!(error.to_string().contains("is of the type Duration(Millisecond), which is not read"), "{error}");
}

#[test]
fn a_name_of_a_megabyte_was_an_account() {
    let folder = tempfile::tempdir().unwrap();
    let row = |bytes: usize| format!("{{\"ts\":1785715200,\"account_id\":\"{}\"}}\n", "x".repeat(bytes));
    let text = row(1024) + &row(1025) + &row(1 << 20);
    let (evidence, report) = read(&write(folder.path(), "a.jsonl", text.as_bytes())).unwrap();
    assert_eq!((evidence.accounts.len(), report.intake.rows_rejected), (1, 2));
    assert_eq!(report.reasons["account id over 1,024 bytes"], 2);
}

#[test]
fn what_cannot_be_read_is_said_with_its_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let code =
        |result: Result<(Evidence, IngestReport), IngestError>| result.err().map(|e| (e.exit_code(), e.to_string()));
    let starts = |got: Option<(u8, String)>, status: u8, words: &str| {
        let (code, message) = got.expect("an error");
        assert_eq!(code, status, "{message}");
        assert!(message.contains(words), "{message}");
    };
    starts(code(read(&at.join("none.jsonl"))), 2, "does not exist");
    starts(code(read(&write(at, "empty.jsonl", b""))), 3, "none of 0 rows could be read; empty: ");
    starts(code(read(&write(at, "x.bin", &[0, 1, 2, 0]))), 2, "neither JSON lines");
    starts(code(read(&write(at, "anon.jsonl", b"{\"ts\":1785715200}\n"))), 2, "no row has an account column");
    let cut = gz(JSONL.repeat(500).as_bytes());
    starts(code(read(&write(at, "cut.jsonl.gz", &cut[..cut.len() / 2]))), 1, "is damaged");
    let map = FieldMap::from_toml("[fields]\naccount_id = \"buyer\"").unwrap();
    let path = write(at, "mapped.jsonl", JSONL.as_bytes());
    starts(code(read_with(&path, &map, &IngestSettings::default())), 2, "account_id from buyer, and no row has");
    starts(code(read(Path::new("/dev/null"))), 2, "is a pipe or a device");
}

#[test]
fn a_bomb_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = zstd::encode_all(std::io::repeat(b' ').take_exactly(200 << 20), 1).unwrap();
    let message = read(&write(folder.path(), "bomb.jsonl.zst", &bomb)).unwrap_err().to_string();
    assert!(message.contains("expands beyond"), "{message}");
}

trait TakeExactly: std::io::Read + Sized {
    fn take_exactly(self, bytes: u64) -> std::io::Take<Self> {
        std::io::Read::take(self, bytes)
    }
}
impl TakeExactly for std::io::Repeat {}

proptest! {
    #[test]
    fn rows_are_conserved_whatever_the_bytes_and_the_batch(
        lines in prop::collection::vec(prop_oneof![
            Just(JSONL.lines().next().unwrap().as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
        ], 1..40),
        batch in 1usize..300,
    ) {
        let mut bytes = JSONL.as_bytes().to_vec();
        lines.iter().for_each(|line| {
            bytes.extend(line);
            bytes.push(b'\n');
        });
        let folder = tempfile::tempdir().unwrap();
        let path = write(folder.path(), "any.jsonl", &bytes);
        let small = IngestSettings { batch_bytes: batch, ..IngestSettings::default() };
        let (a, one) = read(&path).unwrap();
        let (b, other) = read_with(&path, &FieldMap::generic(), &small).unwrap();
        let i = &one.intake;
        prop_assert_eq!(i.rows_read, i.rows_kept + i.rows_rejected + i.rows_repeated);
        prop_assert_eq!(one.rejects, other.rejects);
        prop_assert_eq!(format!("{:?}", a.accounts), format!("{:?}", b.accounts));
    }
}
