//! What a person passes beside the logs: account table, field map, list of the known good, labels.
#![no_main]

mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::tables(data));
