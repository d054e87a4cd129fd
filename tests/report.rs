//! What a person reads, and what hostile strings in a log can do to it.

#[path = "common/written.rs"]
mod written;

use proptest::prelude::*;
use stillhunt::document::*;
use stillhunt::intake::ingest::Reject;
use stillhunt::report::case::CaseError;
use stillhunt::report::export::{Format, export};
use stillhunt::report::terminal::{TerminalOptions, View, summary};
use stillhunt::report::{case, inspect, json, tables};
use unicode_width::UnicodeWidthStr;
use written::document;

fn plain(width: usize) -> TerminalOptions {
    TerminalOptions { width, colour: false, view: View::Normal }
}

#[test]
fn the_summary_reads_well_at_every_width() {
    for width in [40, 80, 120, 200] {
        insta::assert_snapshot!(format!("summary_{width}"), summary(&document("acct_7"), plain(width)));
    }
}

/// Words that mean something else to whoever did not write this, and have a usual one instead.
#[test]
fn no_word_of_ours_stands_where_a_usual_one_would() {
    const BANNED: [&str; 12] = [
        "mark",
        "marks",
        "hand",
        "hands",
        "purse",
        "purses",
        "nats",
        "accuser",
        "everybody",
        "whomever",
        "harvest",
        "harvesting",
    ];
    let mut d = document("acct");
    let all = TerminalOptions { view: View::All, ..plain(120) };
    let text = |d: &Document, format| String::from_utf8(export(d, format).unwrap()).unwrap();
    for holds in [true, false] {
        for n in &mut d.networks {
            (n.coordinated.holds, n.extraction.holds, n.evasive.holds) = (holds, holds, holds);
        }
        for said in [
            summary(&d, plain(120)),
            summary(&d, all),
            inspect::network(&d, "N-0123456789ab", plain(120)).unwrap(),
            inspect::pair(&d, "acct", "acct", plain(120)).unwrap(),
            text(&d, Format::Markdown),
            text(&d, Format::Junit),
            text(&d, Format::Stix),
        ] {
            let words = said.split(|c: char| !c.is_alphabetic()).map(str::to_lowercase);
            let found: Vec<String> = words.filter(|w| BANNED.contains(&w.as_str())).collect();
            assert!(found.is_empty(), "{found:?} in {said}");
            assert!(!said.contains("given out") && !said.contains("Called"), "{said}");
        }
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
    assert!(said.contains("N-0123456789ab  extraction-like accounts, not coordinated; not suspected"), "{said}");
    assert!(said.contains("1 extraction-like group"), "{said}");
    let all = summary(&d, TerminalOptions { view: View::All, ..plain(100) });
    assert!(all.contains("extraction-like accounts, not coordinated · medium confidence"), "{all}");
    assert!(all.contains("Extraction?"), "{all}");
}

#[test]
fn what_is_concluded_stands_apart_from_what_was_seen() {
    let mut d = document("acct_7");
    let text = |d: &Document, format| String::from_utf8(export(d, format).unwrap()).unwrap();
    let all = |d: &Document| {
        let page = text(d, Format::Html).replace("<strong>Assessment:</strong>", "Assessment:");
        let inspected = inspect::network(d, "N-0123456789ab", plain(200)).unwrap();
        [
            ("page", page),
            ("markdown", text(d, Format::Markdown)),
            ("inspect", inspected),
            ("summary", summary(d, TerminalOptions { view: View::All, ..plain(200) })),
        ]
    };
    for (name, said) in all(&d) {
        assert!(said.contains("One operator?") && said.contains("Extraction?"), "{name}");
        assert!(said.contains("Assessment: consistent with one operator; other explanations below."), "{name}");
        assert!(said.contains("Assessment: consistent with collecting model outputs for training."), "{name}");
        assert!(said.contains("What would change the conclusion: a contract that shows one customer"), "{name}");
    }
    d.networks.truncate(1);
    (d.networks[0].coordinated.holds, d.networks[0].extraction.holds) = (false, false);
    for (name, said) in all(&d) {
        assert!(
            !said.contains("Assessment: consistent with one operator") && !said.contains("with collecting"),
            "{name}: {said}"
        );
        assert!(said.contains("Assessment: not enough evidence of one operator."), "{name}");
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
    assert!(
        page.contains(">≥ 75 %</td>")
            && page.contains(">91 % <span class=\"basis\">meets it too: not distinctive</span></td>")
    );
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
        assert!(text.lines().any(|l| l.contains('…') && l.ends_with("/events.jsonl:41")), "{text}");
        let text = summary(&d, TerminalOptions { view: View::All, ..plain(width) });
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
