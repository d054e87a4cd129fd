//! One text of a log: times, excerpts, rules, fingerprints, and what makes it safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stillhunt::normalise::parse_timestamp;
use stillhunt::report::escape;
use stillhunt::{fingerprint, redact, rules};

fuzz_target!(|text: &str| {
    if let Some(us) = parse_timestamp(text) {
        assert!((631_152_000_000_000..4_102_444_800_000_000).contains(&us));
    }
    let excerpt = redact::excerpt(text, 200);
    assert!(excerpt.chars().count() <= 200);
    let _ = rules::matching(text);
    let mut prints = Vec::new();
    fingerprint::winnow(text, &mut prints);
    assert!(prints.is_sorted() && prints.len() <= text.chars().count());
    let shown = escape::visible(text);
    assert!(!shown.chars().any(char::is_control));
    assert!(escape::columns(&escape::truncate(&shown, 40)) <= 40);
    assert!(!escape::csv_cell(text).trim_start().starts_with(['=', '+', '-', '@']));
});
