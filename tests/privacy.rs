//! Secrets and personal data in texts: a set written for this project, by shape, and how much of it excerpts let through. The
//! values are drawn at random and are nobody's.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::BTreeMap;
use stillhunt::evidence::redact::excerpt;

const UNMARKED: &str = "without any mark";

/// Shapes: `A` stands for a letter or digit, `a` for a small one, `U` for a capital or digit, `h` for a hex digit, `9` for a
/// digit, `x` for a letter; everything else, and what stands between `<` and `>`, is itself.
const SHAPES: [(&str, &[&str]); 10] = [
    (
        "keys of model vendors",
        &[
            "<sk->AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<sk-proj->AAAAAAAAAAAA_AAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAAAAA",
            "<sk-ant-api03->AAAAAAAAAA-AAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAA",
            "<sk-or-v1->hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
            "<hf_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<gsk_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<xai->AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<pplx->hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
            "<r8_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<nvapi->AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<AIza>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ],
    ),
    (
        "keys of other vendors",
        &[
            "<AKIA>UUUUUUUUUUUUUUUU",
            "<ASIA>UUUUUUUUUUUUUUUU",
            "<aws_secret_access_key = >AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<ghp_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<ghs_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<github_pat_>AAAAAAAAAAAAAAAAAAAAAA_AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<glpat->AAAAAAAAAAAAAAAAAAAA",
            "<xoxb->999999999999-9999999999999-AAAAAAAAAAAAAAAAAAAAAAAA",
            "<xapp-1-A>UUUUUUUUUU-9999999999999-hhhhhhhhhhhhhhhhhhhhhhhh",
            "<https://hooks.slack.com/services/T>UUUUUUUU/<B>UUUUUUUU/AAAAAAAAAAAAAAAAAAAAAAAA",
            "<npm_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<pypi-AgEIcHlwaS5vcmc>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<dckr_pat_>AAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<SG.>AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<sk_live_>AAAAAAAAAAAAAAAAAAAAAAAA",
            "<rk_live_>AAAAAAAAAAAAAAAAAAAAAAAA",
            "<whsec_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<shpat_>hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
            "<dop_v1_>hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
            "<dapi>hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
            "<PMAK->hhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh",
            "<lin_api_>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<ATATT3xFfGF0>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<AccountKey=>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA<==>",
            "<ya29.>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<GOCSPX->AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "9999999999<:AA>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<AGE-SECRET-KEY-1>UUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUUU",
        ],
    ),
    (
        "tokens and passwords",
        &[
            "<Authorization: Bearer >AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<Authorization: Basic >AAAAAAAAAAAAAAAAAAAAAAAA<==>",
            "<eyJhbGciOiJIUzI1NiJ9.eyJ>AAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "<password: >AAAAAAAAAA",
            "<password=>AAAA9AAAAA",
            "<DB_PASSWORD=>AAAAAAAAAAAA",
            "<\"password\": \">AAAAAAAAAAAA<\">",
            "<my password is >AAAAAAAA99",
            "<client_secret=>AAAAAAAAAAAAAAAAAAAA",
            "<API_KEY=>AAAAAAAAAAAAAAAAAAAA",
            "<x-api-key: >AAAAAAAAAAAAAAAAAAAA",
            "<postgres://admin:>AAAAAAAAAAAA<@db.internal/x>",
            "<https://user:>AAAAAAAAAAAA<@example.org/path>",
            "<?access_token=>AAAAAAAAAAAAAAAAAAAAAAAA",
            "<-----BEGIN OPENSSH PRIVATE KEY----- >AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ],
    ),
    (
        "e-mail addresses",
        &[
            "xxxx.xxxxxx<@example.org>",
            "xxxx99<@mail.example.com>",
            "xxx+xxxx<@example.co.uk>",
            "xxxx_xxx<@>xxxxxx<.io>",
            "<J\u{f6}rg.>xxxxx<@example.de>",
            "xxxxx<@b\u{fc}cher.example>",
            "<XX.>xxxxx<@EXAMPLE.NET>",
            "xxxx-xxxx<@sub.>xxxxxx<.museum>",
        ],
    ),
    (
        "telephone numbers",
        &[
            "<+44 20 >9999 9999",
            "<+1 (2>99<) 5>99<->9999",
            "<+1-2>99<-5>99<->9999",
            "<+49 (0)30 >999999",
            "<+33 6 >99 99 99 99",
            "<+91 >99999 99999",
            "<(2>99<) 5>99<->9999",
            "<2>99<-5>99<->9999",
            "<2>99<.5>99<.>9999",
            "<020 >9999 9999",
            "<06 >99 99 99 99",
            "<0049 30 >9999999",
            "<phone: >999 9999",
        ],
    ),
    ("bank accounts and numbers of persons", &["9<78-05-1>999"]),
    (
        "addresses of machines",
        &[
            "<10.>99<.17.>99",
            "<192.0.2.1>99",
            "<2001:db8:>hhhh<:0:>hhh<::>h9",
            "<fe80::>hhhh<:>9hhh",
            "hh<:>hh<:>h9<:>hh<:>hh<:>hh",
        ],
    ),
    ("long numbers", &["9999 9999 9999 9999", "9999-9999-9999-9999"]),
    // Nothing tells these from other words: they are counted apart, and no rule tries.
    (
        UNMARKED,
        &["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "xxxx< at example dot org>", "<Ms >xxxxxxxx< of 9 Mill Lane>"],
    ),
    ("keys without a name", &["<api key >AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA9a"]),
];

/// Sentences around a value.
const AROUND: [&str; 6] = [
    "{}",
    "Please debug this: {} does not work any more.",
    "my data are {}, and I need a letter",
    "config:\n  value = '{}'\n  retries = 3",
    "\u{8bf7}\u{7ffb}\u{8bd1} {} \u{8c22}\u{8c22}",
    "<user>{}</user>",
];

/// What looks like one and is none.
const INNOCENT: [&str; 72] = [
    "std::vec::Vec and core::fmt::Debug",
    "version 1.2.3 at 12:30:05",
    "on 2026-08-03 and 03/08/2026",
    "from 1914-1918 to 1939-1945",
    "the year 2024 2025 2026",
    "ratio 3.14159265358979323846",
    "0.1234567890123456789 exactly",
    "10.5 and 12.75 and 99.99",
    "at 1785715200123 ms since the epoch",
    "ISBN 978-3-16-148410-0",
    "ISBN 9780306406157",
    "page 1234 of 5678",
    "key-value-store-database",
    "token-classification-pipeline",
    "a hf-transformers-style loader",
    "sk-learn-like estimators",
    "pk-fk-relationships explained",
    "token = next_token()",
    "password = getpass(prompt)",
    "api_key = os.environ",
    "secret santa for the office",
    "the password policy of the firm",
    "forgot password links",
    "bearer of good news",
    "bearer bonds are old",
    "basic understanding of physics",
    "basic instructions follow here",
    "@property def name(self)",
    "@app.route('/x')",
    "user@host: permission denied",
    "a@b matrix product",
    "import foo@1.2.3",
    "#ff00aa and #123456",
    "550e8400-e29b-41d4-a716-446655440000",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
    "commit 9fceb02",
    "0x7fff5fbff8a0",
    "1,234,567,890,123 dollars",
    "1000000007 is prime",
    "100000000 seconds",
    "2^64 = 18446744073709551616",
    "8080:80 in docker",
    "ports 3000-3010",
    "SELECT * FROM users WHERE id = 12345678",
    "order no 4711-0815",
    "invoice 2026-000123",
    "room 020, floor 3",
    "chapter 06 12 of 34",
    "3 x 4 x 5 = 60",
    "51.5074, -0.1278",
    "lat 48.8566 lon 2.3522",
    "E = mc2",
    "H2SO4 and C6H12O6",
    "GPT-4 and BERT-large-uncased",
    "ES2015 to ES2023",
    "ISO 8601-1:2019",
    "RFC 2616 section 14.9",
    "DIN EN 60529",
    "the keyboard and the monkey",
    "tokenization_with_sentencepiece",
    "key_error_handling_in_python",
    "api-design-best-practices",
    "secret_sauce_of_the_recipe",
    "a -> b -> c",
    "f(x)::int",
    "12:30:05:10",
    "00:1a in hex",
    "abc::def::fed",
    "add::bad and fee::fad",
    "AB12 is a seat",
    "GB is a country",
    "phone a friend",
];

fn drawn(shape: &str, rng: &mut ChaCha8Rng) -> String {
    const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";
    let mut literal = false;
    let mut out = String::new();
    for c in shape.chars() {
        let letters: &[u8] = match c {
            '<' => {
                literal = true;
                continue;
            }
            '>' => {
                literal = false;
                continue;
            }
            _ if literal => b"",
            'A' => ALL,
            'U' => &ALL[..36],
            'a' => &ALL[26..],
            'h' => b"0123456789abcdef",
            '9' => b"123456789",
            'x' => b"abcdefghijklmnoprstuvw",
            'X' => b"ABCDEFGH",
            _ => b"",
        };
        match letters.len() {
            0 => out.push(c),
            n => out.push(char::from(letters[(rng.next_u64() % n as u64) as usize])),
        }
    }
    out
}

/// A card number with its check digit (Luhn), in the groups of its kind.
fn card(rng: &mut ChaCha8Rng, groups: &[usize], first: &str, between: &str) -> String {
    let digits: usize = groups.iter().sum();
    let mut number: Vec<u32> = first.chars().filter_map(|c| c.to_digit(10)).collect();
    while number.len() < digits - 1 {
        number.push((rng.next_u64() % 10) as u32);
    }
    let sum: u32 =
        number.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { 2 * d / 10 + 2 * d % 10 } else { *d }).sum();
    number.push((10 - sum % 10) % 10);
    let text: String = number.iter().map(ToString::to_string).collect();
    let mut at = 0;
    let piece = |n: &usize| {
        at += n;
        text[at - n..at].to_owned()
    };
    groups.iter().map(piece).collect::<Vec<_>>().join(between)
}

/// An IBAN with its check digits (ISO 13616).
fn iban(rng: &mut ChaCha8Rng, country: &str, digits: usize, spaced: bool) -> String {
    let body: String = (0..digits).map(|_| char::from(b'0' + (rng.next_u64() % 10) as u8)).collect();
    let rest = format!("{body}{country}00").chars().fold(0u64, |rest, c| match c.to_digit(36) {
        Some(d) if d >= 10 => (rest * 100 + u64::from(d)) % 97,
        d => (rest * 10 + u64::from(d.unwrap_or(0))) % 97,
    });
    let whole = format!("{country}{:02}{body}", 98 - rest);
    let groups: Vec<String> = whole.as_bytes().chunks(4).map(|g| String::from_utf8_lossy(g).into_owned()).collect();
    if spaced { groups.join(" ") } else { whole }
}

/// Kind and value of each.
fn positives() -> Vec<(&'static str, String)> {
    let mut rng = ChaCha8Rng::seed_from_u64(29);
    let mut all = Vec::new();
    for (kind, shapes) in SHAPES {
        for shape in shapes {
            all.extend((0..6).map(|_| (kind, drawn(shape, &mut rng))));
        }
    }
    for (groups, first) in
        [(&[4, 4, 4, 4][..], "4"), (&[4, 4, 4, 4], "51"), (&[4, 6, 5], "37"), (&[16], "6011"), (&[15], "34")]
    {
        for between in [" ", "-"] {
            all.extend((0..4).map(|_| ("payment cards", card(&mut rng, groups, first, between))));
        }
    }
    for (country, digits) in [("DE", 18), ("FR", 23), ("NL", 14), ("ES", 20)] {
        for spaced in [true, false] {
            all.extend(
                (0..3).map(|_| ("bank accounts and numbers of persons", iban(&mut rng, country, digits, spaced))),
            );
        }
    }
    all
}

/// Whether enough of a value is left to use it: its last six signs, without what separates them.
fn survives(value: &str, out: &str) -> bool {
    let bare = |t: &str| -> String { t.chars().filter(|c| c.is_alphanumeric()).collect() };
    let (value, out) =
        (bare(value.trim_end_matches("@db.internal/x").trim_end_matches("@example.org/path")), bare(out));
    let last: String = value.chars().skip(value.chars().count().saturating_sub(6)).collect();
    out.contains(&last)
}

#[test]
fn excerpts_let_hardly_any_secret_through_and_leave_other_text_alone() {
    let mut kinds: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut missed = Vec::new();
    let positives = positives();
    for (i, (kind, value)) in positives.iter().enumerate() {
        let text = AROUND[i % AROUND.len()].replace("{}", value);
        let out = excerpt(&text, 240);
        let (caught, all) = kinds.entry(kind).or_default();
        *all += 1;
        if survives(value, &out) { missed.push(format!("{kind}: {text:?} -> {out:?}")) } else { *caught += 1 }
    }
    let mut wrong = Vec::new();
    for text in INNOCENT {
        for around in AROUND {
            let text = around.replace("{}", text).replace('\n', " ");
            if excerpt(&text, 240) != text {
                wrong.push(format!("{text:?} -> {:?}", excerpt(&text, 240)));
            }
        }
    }
    if let Some((caught, all)) = kinds.remove(UNMARKED) {
        println!("{UNMARKED}: {caught} of {all} taken out");
    }
    let caught: usize = kinds.values().map(|(c, _)| c).sum();
    let marked: usize = kinds.values().map(|(_, all)| all).sum();
    for (kind, (caught, all)) in &kinds {
        println!("{kind}: {caught} of {all} taken out");
    }
    let precision = caught as f64 / (caught + wrong.len()) as f64;
    println!(
        "recall {:.3} ({caught} of {}), {} of {} innocent texts changed, precision {precision:.3}",
        caught as f64 / marked as f64,
        marked,
        wrong.len(),
        INNOCENT.len() * AROUND.len()
    );
    missed.iter().chain(&wrong).for_each(|line| println!("{line}"));
    assert!(marked > 400 && caught as f64 >= 0.98 * marked as f64, "{caught} of {marked}");
    assert!(kinds.values().all(|(caught, all)| *caught as f64 >= 0.9 * *all as f64), "{kinds:?}");
    assert!(precision >= 0.97, "{precision}");
}
