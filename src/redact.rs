//! Excerpts for a report: secrets and personal data taken out, control characters made visible, shortened.

use regex::Regex;
use std::sync::LazyLock;

static RULES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"(?i)\b(sk|pk|rk|ghp|gho|xox[abp]|akia|hf|key|token)[-_][A-Za-z0-9_\-]{12,}", "[secret]"),
        (r"\bAKIA[0-9A-Z]{16}\b", "[secret]"),
        (r"(?is)-----BEGIN [A-Z ]*PRIVATE KEY-----.*", "[secret]"),
        (r"(?i)\b(?:password|passwd|pwd|secret|api[-_ ]?key|access[-_ ]?token)\b['\x22]?\s*[:=]\s*['\x22]?[^\s'\x22,;]{4,}", "[secret]"),
        (r"(?i)\b([a-z][a-z0-9+.\-]*://)[^\s/@:]+:[^\s/@]+@", "[secret]@"),
        (r"(?i)\bbearer\s+[A-Za-z0-9._~+/\-]{12,}=*", "[secret]"),
        (r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]*", "[secret]"),
        (r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}", "[e-mail]"),
        (r"\b(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\b", "[address]"),
        (r"(?i)\b(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}\b|\b(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?\b", "[address]"),
        (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b", "[number]"),
        (r"\b\d(?:[ -]?\d){12,18}\b", "[number]"),
        (r"\b\d{3}-\d{2}-\d{4}\b", "[number]"),
        (r"\+\d[\d ().\-]{7,}\d", "[phone]"),
    ]
    .into_iter()
    .map(|(pattern, word)| (Regex::new(pattern).expect("a constant pattern compiles; a test runs them"), word))
    .collect()
});

/// The part of a text that [`excerpt`] looks at. It looks past the cut, or half a secret would survive it.
pub fn start(text: &str, most: usize) -> &str {
    text.char_indices().nth(most + 80).map_or(text, |(end, _)| &text[..end])
}

/// At most `most` characters of `text`, redacted, on one line.
pub fn excerpt(text: &str, most: usize) -> String {
    let seen: String = start(text, most).chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
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

    #[test]
    fn addresses_accounts_passwords_and_private_keys_are_taken_out() {
        for (text, expected) in [
            ("from 192.0.2.17 to 2001:db8:0:1:2:3:4:5", "from [address] to [address]"),
            ("from 2001:db8::17 on", "from [address] on"),
            ("pay to DE89 3704 0044 0532 0130 00 now", "pay to [number] now"),
            ("number 078-05-1120", "number [number]"),
            ("password: hunter22, then", "[secret], then"),
            ("{\"api_key\": \"abcd1234\"}", "{\"[secret]\"}"),
            ("see postgres://jo:secret@db/x", "see [secret]@db/x"),
            ("-----BEGIN RSA PRIVATE KEY----- MIIE", "[secret]"),
            ("version 1.2.3 at 12:30:05, std::vec::Vec, 10:5", "version 1.2.3 at 12:30:05, std::vec::Vec, 10:5"),
        ] {
            assert_eq!(excerpt(text, 200), expected);
        }
    }
}
