//! One text of a log: times, excerpts, rules, fingerprints, and what makes it safe to print.
#![no_main]

mod checks;

libfuzzer_sys::fuzz_target!(|text: &str| checks::texts(text));
