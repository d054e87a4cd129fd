//! What the targets under `fuzz/` check holds for a few inputs of every kind, so that no target falls behind the program.

#[path = "../fuzz/targets/checks.rs"]
mod checks;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    #[test]
    fn any_bytes(data in proptest::collection::vec(any::<u8>(), 0..400)) {
        checks::logs(&data);
        checks::tables(&data);
        checks::reports(&data);
    }

    #[test]
    fn any_text(text in ".{0,400}") {
        checks::texts(&text);
        checks::tables(text.as_bytes());
        checks::logs(format!("{{\"ts\":\"2026-08-03\",\"account_id\":\"a\",\"prompt\":{text:?}}}").as_bytes());
    }
}
