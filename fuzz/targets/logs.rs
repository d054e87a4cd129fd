//! Any bytes as a log: JSON lines, JSON documents, CSV, access logs, Parquet, gzip, zstd. No row is lost silently.
#![no_main]

mod checks;

// Polars gives up on damaged files by panics that the program catches: only one that escapes is a finding.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| checks::logs(data));
