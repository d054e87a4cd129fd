//! Any bytes as a log: JSON lines, JSON documents, CSV, access logs, Parquet, gzip, zstd. No row is lost silently.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use stillhunt::features::Evidence;
use stillhunt::ingest::{find_inputs, read_logs};
use stillhunt::normalise::FieldMap;
use stillhunt::settings::IngestSettings;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    // Polars gives up on damaged files by panics that the program catches: only one that escapes is a finding.
    std::panic::set_hook(Box::new(|_| {}));
    tempfile::tempdir().expect("a temporary folder")
});

fuzz_target!(|data: &[u8]| {
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
});
