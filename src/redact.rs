//! Excerpts for a report: secrets and personal data taken out, control characters made visible, shortened.

use regex::Regex;
use std::sync::LazyLock;

static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"(?i)\b(sk|pk|rk|ghp|gho|xox[abp]|akia|hf|key|token)[-_][A-Za-z0-9_\-]{12,}", "[secret]"),
        (r"\bAKIA[0-9A-Z]{16}\b", "[secret]"),
        (r"(?i)\bbearer\s+[A-Za-z0-9._~+/\-]{12,}=*", "[secret]"),
        (r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*", "[secret]"),
        (r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}", "[e-mail]"),
        (r"\b\d(?:[ -]?\d){12,18}\b", "[number]"),
        (r"\+\d[\d ().\-]{7,}\d", "[phone]"),
    ]
    .into_iter()
    .map(|(pattern, word)| (Regex::new(pattern).expect("a constant pattern compiles; a test runs them"), word))
    .collect()
});

/// At most `most` characters of `text`, redacted, on one line.
pub fn excerpt(text: &str, most: usize) -> String {
    // Redaction looks past the cut, or half a secret would survive it.
    let seen: String = text.chars().take(most + 80).map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let mut out = seen;
    for (pattern, word) in RULES.iter() {
        if let std::borrow::Cow::Owned(changed) = pattern.replace_all(&out, *word) {
            out = changed;
        }
    }
    if out.chars().count() > most { out.chars().take(most - 1).chain(['…']).collect() } else { out }
}

#[cfg(test)]
mod tests {
    use super::excerpt;

    #[test]
    fn keys_mails_cards_and_phones_are_taken_out() {
        let out = excerpt(
            "mail jo.doe@example.org key sk-abcdefghijklmnop1234 card 4111 1111 1111 1111 tel +44 20 7946 0958",
            200,
        );
        assert_eq!(out, "mail [e-mail] key [secret] card [number] tel [phone]");
    }
}
