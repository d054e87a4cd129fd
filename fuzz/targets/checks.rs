//! What must hold whatever stands in the input, one function for each target. The tests of the program run them too, so that
//! they cannot fall behind it.
#![allow(dead_code)]

use std::sync::LazyLock;
use stillhunt::document::Document;
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::fingerprint::Winnower;
use stillhunt::evidence::{redact, rules};
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::{FieldMap, parse_timestamp};
use stillhunt::intake::settings::IngestSettings;
use stillhunt::report::allow_list::AllowList;
use stillhunt::report::export::{Format, export};
use stillhunt::report::terminal::{TerminalOptions, View, summary};
use stillhunt::report::{comparison, escape, inspect};
use stillhunt::validation::evaluate;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder"));

/// Any bytes as a log: JSON lines, JSON documents, CSV, access logs, Parquet, gzip, zstd. No row is lost silently.
pub fn logs(data: &[u8]) {
    let path = FOLDER.path().join("any.log");
    std::fs::write(&path, data).expect("a temporary file");
    let inputs = find_inputs(&[path]).expect("it is there");
    let settings = IngestSettings { batch_bytes: 4096, max_line_bytes: 1 << 16, ..IngestSettings::default() };
    if let Ok((evidence, read)) = read_logs::<Evidence>(&inputs, &FieldMap::generic(), &settings, &|_| {}) {
        let i = &read.intake;
        let told = i.rows_kept + i.rows_rejected + i.rows_repeated + i.rows_joined + i.rows_aside;
        assert_eq!(i.rows_read, told, "rows are lost");
        let requests: u64 = evidence.accounts.values().map(|a| a.requests).sum();
        assert_eq!(requests, i.rows_kept, "calls are lost");
    }
}

/// What a person passes beside the logs: account table, field map, list of the known good, labels.
pub fn tables(data: &[u8]) {
    let _ = account_table::read(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = FieldMap::from_toml(text);
        let _ = AllowList::from_toml(text);
    }
    let middle = data.len() / 2;
    let _ = evaluate::evaluate(&data[..middle], &data[middle..]);
}

/// One text of a log: times, excerpts, rules, fingerprints, and what makes it safe to print.
pub fn texts(text: &str) {
    if let Some(us) = parse_timestamp(text) {
        assert!((631_152_000_000_000..4_102_444_800_000_000).contains(&us));
    }
    let excerpt = redact::excerpt(text, 200);
    assert!(excerpt.chars().count() <= 200);
    rules::matching(text, &mut Vec::new());
    let mut found = Vec::new();
    Winnower::default().winnow(text, &mut found);
    assert!(found.len() <= text.chars().count());
    let shown = escape::visible(text);
    assert!(!shown.chars().any(char::is_control));
    assert!(escape::columns(&escape::truncate(&shown, 40)) <= 40);
    assert!(!escape::csv_cell(text).trim_start().starts_with(['=', '+', '-', '@']));
}

/// Any bytes as the report.json of a case that somebody sent: every rendering, and nothing that acts in any of them.
pub fn reports(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Document>(data) else { return };
    let options = TerminalOptions { width: 80, colour: false, view: View::All };
    let mut texts = vec![summary(&document, options)];
    texts.extend(document.networks.iter().filter_map(|n| inspect::network(&document, &n.id, options)));
    for (_, format) in Format::ALL {
        if let Ok(bytes) = export(&document, format) {
            texts.push(String::from_utf8(bytes).expect("every format is text"));
        }
    }
    for text in &texts {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\r'), "a control character stands in it");
    }
    let _ = comparison::to_text(&comparison::follow(&document, &document));
}
