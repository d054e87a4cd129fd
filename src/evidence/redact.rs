//! Excerpts for a report: secrets and personal data taken out, control characters made visible, shortened.

use regex::Regex;
use std::sync::LazyLock;

type Check = fn(&str) -> bool;

/// What is taken out, the word in its place, and what a match has to be besides.
struct Rule {
    pattern: Regex,
    word: &'static str,
    is_one: Check,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let any: Check = |_| true;
    let rules: [(&str, &str, Check); 29] = [
        (r"(?is)-----BEGIN [A-Z ]*PRIVATE KEY-----.*", "[secret]", any),
        // Vendors' marks that nothing else begins with.
        (
            r"\b(?:gh[opsur]|github_pat|glpat|xox[abeoprs]|xapp|shp(?:at|ss|ca|pa)|whsec|dckr_pat|do[opr]_v1|lin_api|sq0(?:atp|csp)|GOCSPX|PMAK|npm|pypi|figd|ATATT3|NRAK|HRKU|nvapi|gsk|r8|pplx|tvly)[-_A-Za-z0-9]{14,}",
            "[secret]",
            has_digit,
        ),
        (r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[0-9A-Z]{16}\b", "[secret]", any),
        (
            r"\bAIza[0-9A-Za-z_\-]{30,}|\bya29\.[0-9A-Za-z_\-]{20,}|\bSG\.[0-9A-Za-z_\-]{16,}\.[0-9A-Za-z_\-]{16,}|\bdapi[0-9a-f]{32}",
            "[secret]",
            any,
        ),
        (r"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}|\b\d{8,10}:[A-Za-z0-9_\-]{35}\b|\b(?:SK|AC)[0-9a-f]{32}\b", "[secret]", any),
        (r"(?i)\bhooks\.slack\.com/services/[A-Za-z0-9/]{20,}|/api/webhooks/\d+/[A-Za-z0-9_\-]{30,}", "[secret]", any),
        // Marks that are words too: what follows has to look drawn.
        (r"(?i)\b(?:sk|pk|rk|hf|xai|key|token|api|secret|ntn)[-_][A-Za-z0-9_\-]{12,}", "[secret]", looks_drawn),
        (r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?", "[secret]", any),
        (r"(?i)\bbearer\s+[A-Za-z0-9._~+/\-]{12,}=*", "[secret]", has_digit),
        (r"(?i)\bbasic\s+[A-Za-z0-9+/]{12,}={0,2}", "[secret]", looks_drawn),
        (r"(?i)\b([a-z][a-z0-9+.\-]*://)[^\s/@:]+:[^\s/@]+@", "[secret]@", any),
        (
            r"(?i)[a-z0-9_\-]*(?:password|passwd|passphrase|pwd|secret|(?:api|access|account|private|auth|signing)[-_ ]?key|(?:access|auth|refresh|id)[-_ ]?token)[a-z0-9_]*['\x22]?\s*[:=]\s*['\x22]?[^\s'\x22,;]{4,}",
            "[secret]",
            is_no_code,
        ),
        (
            r"(?i)\b(?:password|passwd|passphrase|pwd|(?:api|access)[-_ ]?key)(?: is|:| to)? +['\x22]?[^\s'\x22,;]{8,}",
            "[secret]",
            has_digit,
        ),
        (r"(?i)[?&](?:sig|token|key|code)=[^\s&]{12,}", "[secret]", any),
        (r"[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}.\-]+\.\p{L}{2,}", "[e-mail]", any),
        (r"\b(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}\b", "[address]", any),
        (r"(?i)\b(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}\b", "[address]", any),
        (r"(?i)\b(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?\b", "[address]", has_digit),
        (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", "[number]", is_iban),
        (r"(?:\b\d+\.)?\b\d(?:[ -]?\d){12,18}\b", "[number]", is_number_of_somebody),
        (r"\b\d{3}-\d{2}-\d{4}\b", "[number]", any),
        (r"\+\d[\d ().\-]{7,}\d", "[phone]", any),
        (r"\b00[1-9]\d{0,2}[ \-]\d[\d \-]{5,}\d\b", "[phone]", any),
        (r"\(?\b[2-9]\d{2}\)? ?[ .\-]?[2-9]\d{2}[.\-]\d{4}\b", "[phone]", any),
        (r"\([2-9]\d{2}\) [2-9]\d{2} \d{4}\b", "[phone]", any),
        (r"\b0[1-9]\d{0,3}[ /\-]\d{2,4}(?:[ \-]?\d{2,4}){1,4}\b", "[phone]", is_phone),
        (r"\(0\d{1,4}\) ?\d{3}[\d ]{2,7}\d\b", "[phone]", any),
        (r"(?i)\b(?:tel|phone|mobile|cell|fax|whatsapp)(?: number)?(?: is)?[.:]* *\d[\d ().\-]{4,}\d", "[phone]", any),
        (
            r"(?i)\b(?:sort code|account no\.?|account number|passport(?: no\.?)?|ssn)[: ]+[A-Z0-9][A-Z0-9 \-]{4,}\d",
            "[number]",
            any,
        ),
    ];
    let compiled = rules.into_iter().map(|(pattern, word, is_one)| Rule {
        pattern: Regex::new(pattern).expect("a constant pattern compiles; a test runs them"),
        word,
        is_one,
    });
    compiled.collect()
});

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// Whether a word behind a mark is no compound of words: digits or capitals stand inside it.
fn looks_drawn(text: &str) -> bool {
    let drawn = text.split([' ', '-', '_']).skip(1);
    drawn.filter(|part| part.len() >= 6).any(|part| {
        let after_first = &part.as_bytes()[1..];
        has_digit(part)
            || (after_first.iter().any(u8::is_ascii_uppercase) && part.bytes().any(|b| b.is_ascii_lowercase()))
    })
}

/// Whether what is set is a value and no expression.
fn is_no_code(text: &str) -> bool {
    let value = text.rsplit([':', '=', ' ']).next().unwrap_or_default();
    !text.contains('(') && (has_digit(value) || !value.contains('.'))
}

/// Check digits of an IBAN (ISO 13616).
fn is_iban(text: &str) -> bool {
    let signs: Vec<u32> = text.chars().filter_map(|c| c.to_digit(36)).collect();
    let rotated = signs.iter().skip(4).chain(signs.iter().take(4));
    signs.len() >= 15 && rotated.fold(0u32, |rest, d| (rest * if *d > 9 { 100 } else { 10 } + d) % 97) == 1
}

/// Digits that tell a person or an account: not those behind a decimal point, a time in ms, or the number of a book.
fn is_number_of_somebody(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let book = || {
        let sum: u32 = digits.iter().enumerate().map(|(i, d)| d * if i % 2 == 0 { 1 } else { 3 }).sum();
        digits.starts_with(&[9, 7]) && sum.is_multiple_of(10)
    };
    let instant = || digits[0] == 1 && (5..=9).contains(&digits[1]) && !text.contains([' ', '-']);
    !text.contains('.') && !(digits.len() == 13 && (book() || instant()))
}

/// A number with the digits of a telephone's.
fn is_phone(text: &str) -> bool {
    (9..=12).contains(&text.bytes().filter(u8::is_ascii_digit).count())
}

/// The part of a text that [`excerpt`] looks at. It looks past the cut, or half a secret would survive it.
pub fn start(text: &str, most: usize) -> &str {
    text.char_indices().nth(most + 80).map_or(text, |(end, _)| &text[..end])
}

/// At most `most` characters of `text`, redacted, on one line.
pub fn excerpt(text: &str, most: usize) -> String {
    let seen: String = start(text, most).chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let mut out = seen;
    for rule in RULES.iter() {
        let replace = |found: &regex::Captures<'_>| {
            if !(rule.is_one)(&found[0]) {
                return found[0].to_owned();
            }
            rule.word.to_owned()
        };
        if let std::borrow::Cow::Owned(changed) = rule.pattern.replace_all(&out, replace) {
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
