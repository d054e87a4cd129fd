//! What a person reads, and what hostile strings in a log can do to it.

use proptest::prelude::*;
use stillhunt::document::*;
use stillhunt::ingest::Reject;
use stillhunt::report::case::CaseError;
use stillhunt::report::export::{Format, export};
use stillhunt::report::terminal::{TerminalOptions, View, summary};
use stillhunt::report::{case, inspect, json, tables};
use unicode_width::UnicodeWidthStr;

fn claim(signal: &str, statement: &str, observed: f64, expected: f64, unit: &str, q: Option<f64>) -> Claim {
    Claim {
        signal: signal.into(),
        family: signal.split('.').next().unwrap_or_default().into(),
        statement: statement.into(),
        observed,
        expected,
        compared_with: if q.is_some() { "chance" } else { "mark" }.into(),
        everybody_else: q.is_none().then_some(0.91),
        unit: unit.into(),
        p_value: q.map(|q| q / 100.0),
        q_value: q,
        weight: 3.0,
        counts: true,
        lines: vec![LineRef { file: "logs/a.jsonl".into(), line: 7 }],
        domains: Vec::new(),
        table_rows: if signal.starts_with("identity") { vec![3, 9] } else { Vec::new() },
    }
}

/// A document with one suspected and one coordinated network; `word` stands wherever a log has a say.
fn document(word: &str) -> Document {
    let network = |verdict, members: &[&str]| Network {
        id: "N-0123456789ab".into(),
        verdict,
        confidence: Confidence::Medium,
        summary: format!("{} accounts with 1200 requests, consistent with one operator.", members.len()),
        members: members.iter().map(|m| format!("{m}{word}")).collect(),
        requests: 1200,
        input_tokens: 80_000,
        output_tokens: 1_500_000,
        first: "2026-05-04T00:00:05Z".into(),
        last: "2026-05-17T23:59:10Z".into(),
        q_value: 3.2e-9,
        proposed_by: "content".into(),
        coordinated: Axis {
            holds: true,
            claims: vec![
                claim(
                    "identity.payment",
                    "6 of 12 accounts share one payment instrument",
                    6.0,
                    0.02,
                    "accounts",
                    Some(3.2e-9),
                ),
                claim(
                    "time.quota",
                    "9 of 12 accounts made nearly the same number of requests",
                    9.0,
                    1.4,
                    "accounts",
                    Some(4.1e-4),
                ),
                Claim {
                    counts: false,
                    weight: 0.0,
                    lines: Vec::new(),
                    ..claim("behaviour.client", "5 of 12 accounts use one client", 5.0, 4.0, "accounts", Some(0.3))
                },
            ],
        },
        extraction: Axis {
            holds: true,
            claims: vec![claim(
                "extraction.unrepeated",
                "texts that no other account of the group had sent before",
                0.98,
                0.75,
                "share",
                None,
            )],
        },
        evasive: Axis { holds: false, claims: Vec::new() },
        explanations: vec![
            Explanation {
                name: "one undeclared organisation".into(),
                predicts: "shared payment".into(),
                seen: "payments agree beyond chance".into(),
                fit: "partly".into(),
                would_change: "a contract that shows one customer".into(),
            },
            Explanation {
                name: "class or hackathon".into(),
                predicts: "the same exercises again and again, conversations, human days".into(),
                seen: "98 % of its texts had not been sent by another of its accounts before".into(),
                fit: "contradicted".into(),
                would_change: "an organiser who names the event".into(),
            },
        ],
        robustness: vec![
            Robustness { without: "content".into(), overlap: 0.1, survives: false },
            Robustness { without: "time".into(), overlap: 0.9, survives: true },
        ],
        streams: vec![Stream {
            id: "S1".into(),
            accounts: 11,
            requests: 900,
            excerpt: format!("Exercise: {word}"),
            template: vec![String::new(), format!("Exercise {word} of"), String::new()],
            compared: 9,
        }],
        pools: vec![
            Pool { id: "P1".into(), accounts: 7, linked_by: "1 address, 2 payment".into() },
            Pool { id: "P0".into(), accounts: 5, linked_by: String::new() },
        ],
        cells: vec![Cell { pool: "P1".into(), stream: "S1".into(), accounts: 6, requests: 500 }],
        material: Some(Material { texts: 1190, distinct: 1100, at_least: Some(5200) }),
        exemplars: vec![Exemplar {
            account_id: word.to_owned(),
            at: LineRef { file: word.to_owned(), line: 41 },
            excerpt: format!("Exercise: {word}"),
        }],
        activity: Some(Activity {
            requests: vec![600, 400, 200],
            left_out: 0,
            hours: vec![50; 24],
            busiest: vec![AccountHours { account_id: word.to_owned(), hours: vec![4; 24] }],
        }),
        set_aside: String::new(),
    };
    Document {
        schema_version: SCHEMA_VERSION.into(),
        stillhunt_version: "0.0.0".into(),
        intake: Intake {
            files: vec![InputFile { path: word.to_owned(), ..InputFile::default() }],
            rows_read: 5010,
            rows_kept: 5000,
            rows_rejected: 10,
            ..Intake::default()
        },
        signals: vec![Signal {
            name: "content.template".into(),
            evaluable: false,
            reason: "no row has user_text or system_text".into(),
        }],
        left_out: Vec::new(),
        population: Population {
            accounts: 900,
            entities: 870,
            first: "2026-05-04T00:00:05Z".into(),
            last: "2026-05-17T23:59:10Z".into(),
            groups_tested: 40,
            expected_false_networks: 3.2e-9,
        },
        networks: vec![
            network(Verdict::SuspectedDistillation, &["a", "b", "c"]),
            network(Verdict::Coordinated, &["d", "e", "f"]),
        ],
        accounts: vec![Account {
            account_id: word.to_owned(),
            network_id: "N-0123456789ab".into(),
            verdict: Verdict::SuspectedDistillation,
            membership: 0.5,
            requests: 100,
            output_tokens: 9000,
            org_id: word.to_owned(),
            created: "2026-05-04T00:00:00Z".into(),
            first: "2026-05-04T00:00:05Z".into(),
            last: "2026-05-06T23:59:10Z".into(),
            closed: "2026-05-06T23:59:59Z".into(),
        }],
        links: vec![Link {
            account_a: word.to_owned(),
            account_b: "b".into(),
            network_id: "N-0123456789ab".into(),
            family: "identity".into(),
            shared: format!("payment {word}"),
            popularity: 6,
            p_value: 1e-7,
            q_value: 1e-3,
        }],
        notices: vec!["Of 3000 links inside N-0123456789ab the strongest 2000 are listed.".into()],
        timeline: Some(Timeline {
            start: "2026-05-04T00:00:00Z".into(),
            span_seconds: 86_400,
            requests: vec![2000, 2000, 1000],
            left_out: 37,
            hours: vec![209; 24],
            releases: vec![Release { model: word.to_owned(), first: "2026-05-05T10:00:00Z".into(), accounts: 40 }],
        }),
        allowed: vec![Allowed {
            kind: "organisation".into(),
            value: word.to_owned(),
            reason: word.to_owned(),
            covers: 1,
        }],
        pseudonymised: false,
    }
}

fn plain(width: usize) -> TerminalOptions {
    TerminalOptions { width, colour: false, view: View::Normal }
}

#[test]
fn the_summary_reads_well_at_every_width() {
    for width in [40, 80, 200] {
        insta::assert_snapshot!(format!("summary_{width}"), summary(&document("acct_7"), plain(width)));
    }
}

#[test]
fn a_network_and_a_pair_are_laid_open() {
    let d = document("acct_7");
    insta::assert_snapshot!("inspect_network", inspect::network(&d, "N-0123456789ab", plain(80)).unwrap());
    insta::assert_snapshot!("inspect_pair", inspect::pair(&d, "acct_7", "acct_7", plain(80)).unwrap());
    assert!(inspect::network(&d, "N-none", plain(80)).is_none());
    assert!(inspect::pair(&d, "acct_7", "nobody", plain(80)).is_none());
}

#[test]
fn colour_carries_no_meaning() {
    let coloured = summary(&document("x"), TerminalOptions { colour: true, ..plain(80) });
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), summary(&document("x"), plain(80)));
}

/// Characters that act on a terminal, a reader's eye or a spreadsheet instead of being seen.
fn acts(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
            | '\u{3164}' | '\u{fe00}' | '\u{e0000}'..='\u{e01ef}')
}

const HOSTILE: [&str; 14] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{202e}gpj.exe",
    "=HYPERLINK(\"http://x\",\"y\")",
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    "a\",\"b\r\n\"c",
    "nul\0\u{feff}\u{2028}end",
    "\u{9b}31m\u{85}\u{7f}",
    "\u{2066}isolate\u{2069}\u{200f}",
    "tag\u{e0041}\u{e0100}\u{fe00}\u{3164}",
    " =1+1",
    "\u{ff1d}1+1",
];

#[test]
fn hostile_strings_reach_no_terminal_and_no_spreadsheet() {
    for word in HOSTILE {
        let d = document(word);
        assert!(!summary(&d, plain(80)).chars().any(acts), "{word:?}");
        assert!(!inspect::network(&d, "N-0123456789ab", plain(80)).unwrap().chars().any(acts), "{word:?}");
        assert!(!inspect::pair(&d, word, word, plain(80)).unwrap().chars().any(acts), "{word:?}");
        let rejects = [Reject { file: word.to_owned(), line: 1, reason: "broken".into() }];
        for bytes in [tables::networks(&d), tables::accounts(&d), tables::links(&d), tables::rejects(&rejects)] {
            let bytes = bytes.unwrap();
            let mut rows = csv::Reader::from_reader(bytes.as_slice());
            for cell in rows.records().flat_map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}']), "{cell:?}");
                assert!(!cell.chars().any(|c| acts(c) || c == '\n'), "{cell:?}");
            }
        }
    }
}

#[test]
fn a_weight_near_the_greatest_number_ended_the_program() {
    let mut d = document("acct_7");
    d.networks[0].coordinated.claims.iter_mut().for_each(|claim| (claim.weight, claim.counts) = (1e308, true));
    assert!(inspect::network(&d, "N-0123456789ab", plain(80)).is_some());
}

/// Every format, and the two texts of a terminal.
fn renderings(d: &Document, word: &str) -> Vec<(&'static str, String)> {
    let text = |format| String::from_utf8(export(d, format).unwrap()).unwrap();
    let mut all: Vec<(&str, String)> = Format::ALL.into_iter().map(|(name, format)| (name, text(format))).collect();
    all.push(("summary", summary(d, TerminalOptions { view: View::All, ..plain(80) })));
    all.push(("network", inspect::network(d, "N-0123456789ab", plain(80)).unwrap()));
    all.push(("pair", inspect::pair(d, word, word, plain(80)).unwrap()));
    all
}

/// The tags that a template of ours writes, counted.
fn tags(markup: &str) -> usize {
    markup.matches('<').count()
}

#[test]
fn hostile_words_add_no_tag_to_a_page_and_no_element_to_xml() {
    let quiet = document("acct");
    for word in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "<svg/onload=alert(1)>",
        "</title></style></script><iframe>",
        "]]></data><node id=\"x\"/>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>&e;",
        "{{ 7*7 }}{% raw %}",
        "&lt;&#60;&amp;",
    ] {
        let d = document(word);
        for format in [Format::Html, Format::Graphml, Format::Gexf, Format::Junit] {
            let (calm, made) = (export(&quiet, format).unwrap(), export(&d, format).unwrap());
            let (calm, made) = (String::from_utf8(calm).unwrap(), String::from_utf8(made).unwrap());
            assert_eq!(tags(&calm), tags(&made), "{format:?} {word}");
            assert_eq!(calm.matches('"').count(), made.matches('"').count(), "{format:?} {word}");
            // Words without a sign of markup in them are plain text there.
            assert!(!word.contains(['<', '"', '\'', '&']) || !made.contains(word), "{format:?} {word}");
        }
    }
}

#[test]
fn no_markdown_is_made_of_a_log() {
    for word in
        ["[x](http://evil.example)", "![x](//evil.example/p.png)", "``` # x", "www.evil.example", "a|b|c", "\n# head"]
    {
        let mut d = document(word);
        d.notices = vec![word.to_owned()];
        d.networks[0].summary = word.to_owned();
        let text = String::from_utf8(export(&d, Format::Markdown).unwrap()).unwrap();
        // Code spans hold it as it is; outside of them nothing of it acts.
        let mut outside = String::new();
        for line in text.lines() {
            let mut rest = line;
            while let Some(start) = rest.find('`').filter(|at| !rest[..*at].ends_with('\\')) {
                outside += &rest[..start];
                let fence = rest[start..].chars().take_while(|c| *c == '`').count();
                let body = &rest[start + fence..];
                let end = body.find(&"`".repeat(fence)).expect("a code span that ends on its line");
                rest = body[end..].trim_start_matches('`');
            }
            outside += rest;
            outside.push('\n');
        }
        // A sign behind a backslash is text.
        let mut acting = String::new();
        let mut signs = outside.chars();
        while let Some(sign) = signs.next() {
            if sign == '\\' {
                signs.next();
            } else {
                acting.push(sign);
            }
        }
        for mark in ["[", "]", "`", "|", "<", "http://", "www.evil"] {
            assert!(!acting.contains(mark), "{word}: {outside}");
        }
        assert!(!outside.contains("\n# head"), "{outside}");
    }
}

#[test]
fn a_page_allows_its_own_style_and_script_by_hash_and_nothing_else() {
    let page = String::from_utf8(export(&document("x"), Format::Html).unwrap()).unwrap();
    let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.starts_with("default-src &#39;none&#39;;"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    for attribute in ["style=\"", "onclick", "onload", "src=\"", "href=\"http", "@import", "url("] {
        assert!(!page.contains(attribute), "{attribute}");
    }
}

#[test]
fn the_same_document_gives_the_same_bytes_in_every_format() {
    let d = document("acct_7");
    for (name, format) in Format::ALL {
        assert!(export(&d, format).unwrap() == export(&d.clone(), format).unwrap(), "{name}");
    }
}

#[test]
fn a_document_without_anything_is_rendered_in_every_format() {
    let mut d = document("x");
    (d.networks, d.accounts, d.links, d.signals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    (d.timeline, d.allowed) = (None, Vec::new());
    for (name, format) in Format::ALL {
        assert!(!export(&d, format).unwrap().is_empty(), "{name}");
    }
    assert!(
        String::from_utf8(export(&d, Format::Html).unwrap()).unwrap().contains("No suspected distillation network")
    );
}

#[test]
fn a_network_that_is_set_aside_is_counted_and_shown_as_such_everywhere() {
    let mut d = document("x");
    d.networks[0].set_aside = "9 of its 9 accounts are known to be good.".into();
    let text = |format| String::from_utf8(export(&d, format).unwrap()).unwrap();
    assert!(summary(&d, plain(200)).contains("0 suspected networks and 1 coordinated group"));
    assert!(summary(&d, plain(200)).contains("set aside"));
    assert!(text(Format::Html).contains("Set aside as known good"));
    assert!(text(Format::Junit).contains("<skipped") && text(Format::Junit).contains("failures=\"0\""));
    assert!(text(Format::Sarif).contains("suppressions"));
    assert!(!text(Format::Stix).contains("\"campaign\""));
}

#[test]
fn the_terminal_left_out_extraction_like_groups() {
    let mut d = document("acct_7");
    d.networks.truncate(1);
    d.networks[0].verdict = Verdict::ExtractionLike;
    d.networks[0].coordinated.holds = false;
    let said = summary(&d, plain(100));
    assert!(said.contains("N-0123456789ab  extraction-like accounts, not coordinated, not suspected"), "{said}");
    assert!(said.contains("1 extraction-like group"), "{said}");
    let all = summary(&d, TerminalOptions { view: View::All, ..plain(100) });
    assert!(all.contains("extraction-like accounts, not coordinated, medium confidence"), "{all}");
    assert!(all.contains("shaped like extraction?"), "{all}");
}

#[test]
fn what_is_concluded_stands_apart_from_what_was_seen() {
    let mut d = document("acct_7");
    let text = |d: &Document, format| String::from_utf8(export(d, format).unwrap()).unwrap();
    let all = |d: &Document| {
        // The page heads the observations with their question, and assesses them.
        let page =
            text(d, Format::Html).replace("<h4>", "Observed: ").replace("<strong>Assessment:</strong>", "Inferred:");
        let inspected = inspect::network(d, "N-0123456789ab", plain(200)).unwrap();
        [
            ("page", page),
            ("markdown", text(d, Format::Markdown)),
            ("inspect", inspected),
            ("summary", summary(d, plain(200))),
        ]
    };
    for (name, said) in all(&d) {
        assert!(said.contains("Observed: run as one?") && said.contains("Observed: shaped like extraction?"), "{name}");
        assert!(said.contains("Inferred: consistent with one operator."), "{name}");
        assert!(said.contains("Inferred: consistent with harvesting outputs."), "{name}");
        assert!(said.contains("What would change the conclusion: a contract that shows one customer"), "{name}");
    }
    d.networks.truncate(1);
    (d.networks[0].coordinated.holds, d.networks[0].extraction.holds) = (false, false);
    for (name, said) in all(&d) {
        assert!(
            !said.contains("Inferred: consistent with one operator") && !said.contains("with harvesting"),
            "{name}: {said}"
        );
        assert!(said.contains("Inferred: not enough to say that one operator runs them."), "{name}");
    }
    // A test that does not count saw nothing: its words are what was looked for.
    assert_eq!(text(&d, Format::Html).matches("What was looked for").count(), 1);
}

#[test]
fn a_page_counts_extraction_like_groups_and_every_kind_of_row_and_shows_slots() {
    let mut d = document("acct_7");
    d.networks[1].verdict = Verdict::ExtractionLike;
    (d.intake.rows_joined, d.intake.rows_aside) = (7, 3);
    let page = String::from_utf8(export(&d, Format::Html).unwrap()).unwrap();
    assert!(page.contains("<dt>Extraction-like, not coordinated</dt><dd>1</dd>"));
    assert!(page.contains("fewer than 0.001 of the 2 networks would be expected") && !page.contains("3.2e-9 of"));
    assert!(page.contains(">≥ 75 %</td>") && page.contains(">91 %</td>"));
    assert!(page.contains("Not drawn: 0 requests of this network and 37 of all accounts"));
    assert!(page.contains("0 repeated + 7 joined to others + 3 no calls"));
    assert!(page.contains("Exercise acct_7 of <span class=\"slot\">changes</span>"));
    let ticket = String::from_utf8(export(&d, Format::Markdown).unwrap()).unwrap();
    assert!(ticket.contains("7 joined to others") && ticket.contains("`[...] Exercise acct_7 of [...]`"), "{ticket}");
    assert!(ticket.contains("`aacct_7` `bacct_7` `cacct_7`"), "a ticket names the accounts");
}

/// Beyond the first sixty networks a page is short, and still says which explanations were weighed.
#[test]
fn a_card_without_drawings_keeps_the_explanations_that_stand() {
    let mut d = document("x");
    let network = |i: usize| Network { id: format!("N-{i:012x}"), ..d.networks[0].clone() };
    d.networks = (0..61).map(network).collect();
    let page = String::from_utf8(export(&d, Format::Html).unwrap()).unwrap();
    let last = page.rsplit("<article").next().unwrap();
    assert!(last.contains("holds more networks than it draws"));
    assert!(last.contains("Contradicted by what was seen: class or hackathon"));
    assert!(last.contains("a contract that shows one customer") && !last.contains("an organiser who names the event"));
    assert_eq!(page.matches("an organiser who names the event").count(), 60);
}

#[test]
fn a_view_says_as_much_as_it_is_asked_for() {
    let d = document("acct_7");
    let said = |view| summary(&d, TerminalOptions { view, ..plain(100) });
    let (quiet, normal, all) = (said(View::Quiet), said(View::Normal), said(View::All));
    assert!(
        quiet.lines().count() < 8 && quiet.contains("N-0123456789ab") && quiet.contains("Coordination is not guilt")
    );
    assert!(quiet.len() < normal.len() && normal.len() < all.len());
    assert_eq!(all.matches("Innocent explanations").count(), 2);
}

#[test]
fn json_gives_every_string_back_as_it_was() {
    let calm = json(&document("acct")).unwrap();
    let lines = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().lines().count();
    for word in HOSTILE {
        let bytes = json(&document(word)).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(!text.chars().any(acts), "{word:?}");
        assert_eq!(lines(&bytes), lines(&calm), "{word:?} breaks a line");
        let back: Document = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(back.accounts[0].account_id, word);
        assert_eq!(json(&back).unwrap(), bytes);
    }
}

#[test]
fn a_long_path_keeps_its_line_number_and_leaves_room_for_the_account() {
    let mut d = document("acct_7");
    d.networks[0].exemplars[0].at.file = format!("exports/{}/events.jsonl", "deep/".repeat(30));
    for width in [40, 80, 120] {
        let text = summary(&d, plain(width));
        assert!(text.lines().any(|l| l.trim_start().starts_with('…') && l.ends_with("/events.jsonl:41")), "{text}");
        assert!(text.lines().any(|l| l.trim() == "acct_7"), "{text}");
    }
}

#[test]
fn only_suspected_networks_are_counted_as_such() {
    let mut d = document("x");
    d.networks[0].verdict = Verdict::ExtractionLike;
    assert!(summary(&d, plain(200)).contains("0 suspected networks and 1 coordinated group among"));
}

#[test]
fn a_document_of_a_later_minor_version_is_read_and_of_another_major_version_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (major, _) = SCHEMA_VERSION.split_once('.').unwrap();
    let read = |version: String| {
        let bytes = json(&Document { schema_version: version, ..document("x") }).unwrap();
        std::fs::write(folder.path().join("report.json"), bytes).unwrap();
        case::read(folder.path())
    };
    assert_eq!(read(format!("{major}.999")).unwrap().networks.len(), 2);
    for other in ["0.1".to_owned(), format!("{major}0.0"), String::new()] {
        assert!(matches!(read(other.clone()), Err(CaseError::Version { found, .. }) if found == other));
    }
}

/// Pieces that are wide, widen what stands before them, have no width, break lines, or steer.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z/]{1,90}",
        "[0-9#]\u{fe0f}{1,60}",
        "(\u{2764}\u{fe0f}){1,60}",
        "(\u{5206}|\u{ff57}){1,60}",
        "e\u{301}{1,9}",
        Just(" ".to_owned()),
        prop::sample::select(&HOSTILE[..]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_hostile_word_acts_in_any_output(word in nasty()) {
        let d = document(&word);
        for (name, text) in renderings(&d, &word) {
            prop_assert!(!text.chars().any(|c| acts(c) && c != '\r'), "{name}");
        }
        let page = String::from_utf8(export(&d, Format::Html).unwrap()).unwrap();
        let calm = String::from_utf8(export(&document("acct"), Format::Html).unwrap()).unwrap();
        // What is absent for the empty word may take a tag with it; no word adds one.
        prop_assert!(tags(&page) <= tags(&calm) + 2, "{word:?}");
    }

    #[test]
    fn no_line_is_wider_than_asked(word in nasty(), width in 40usize..=200) {
        let mut d = document(&word);
        for n in &mut d.networks {
            n.summary = word.clone();
            n.coordinated.claims[0].statement = word.clone();
            n.explanations[0].seen = word.clone();
        }
        d.notices.push(word);
        let text = summary(&d, plain(width));
        prop_assert!(!text.chars().any(acts), "{text:?}");
        for line in text.lines() {
            prop_assert!(line.width() <= width, "{} > {width}: {line:?}", line.width());
        }
    }
}
