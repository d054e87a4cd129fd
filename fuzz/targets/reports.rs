//! Any bytes as the report.json of a case that somebody sent: every rendering, and nothing that acts in any of them.
#![no_main]

mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::reports(data));
