//! Every line that stands beside a claim has to show it: looked up in the shipped sample.

mod common;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;
use stillhunt::document::{Claim, Document, Network};
use stillhunt::evidence::rules;

/// The sample: its report, its rows, and the rows of its account table, both as a reader counts them.
struct Sample {
    report: Document,
    rows: Vec<Value>,
    table: Vec<csv::StringRecord>,
}

static SAMPLE: LazyLock<Sample> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/sample");
    let log = zstd::decode_all(std::fs::File::open(folder.join("events.jsonl.zst")).unwrap()).unwrap();
    let rows = log.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_path(folder.join("accounts.csv")).unwrap();
    Sample {
        report: common::analyse(&folder),
        rows: rows.map(|row| serde_json::from_slice(row).unwrap()).collect(),
        table: table.records().map(Result::unwrap).collect(),
    }
});

impl Sample {
    /// The claims of a signal that count, with their networks.
    fn claims(&self, signal: &str) -> Vec<(&Network, &Claim)> {
        let of = |n: &'static Network| {
            [&n.coordinated, &n.extraction, &n.evasive]
                .into_iter()
                .flat_map(move |a| a.claims.iter().map(move |c| (n, c)))
        };
        let report: &'static Document = &SAMPLE.report;
        let found: Vec<_> =
            report.networks.iter().flat_map(of).filter(|(_, c)| c.signal == signal && c.counts).collect();
        assert!(!found.is_empty(), "the sample shows {signal}");
        assert!(found.iter().all(|(_, c)| c.lines.len() <= 5 && c.table_rows.len() <= 5));
        found
    }

    fn cited(&self, claim: &Claim) -> Vec<&Value> {
        claim.lines.iter().map(|l| &self.rows[l.line as usize - 1]).collect()
    }

    fn of_account(&self, account: &str) -> Vec<&Value> {
        self.rows.iter().filter(|row| row["account_id"] == account).collect()
    }

    /// A cell of the account table by the line and the name of the column.
    fn cell(&self, line: u64, column: &str) -> &str {
        let at = self.table[0].iter().position(|name| name == column).unwrap();
        &self.table[line as usize - 1][at]
    }
}

fn text<'r>(row: &'r Value, field: &str) -> &'r str {
    row[field].as_str().unwrap_or_default()
}

#[test]
fn closed_accounts_are_shown_by_their_own_last_lines() {
    for (network, claim) in SAMPLE.claims("evasion.closed") {
        assert!(!claim.lines.is_empty() && claim.lines.len() == claim.table_rows.len());
        let closed: BTreeSet<&str> = claim.table_rows.iter().map(|row| SAMPLE.cell(*row, "account_id")).collect();
        for row in &claim.table_rows {
            assert!(!SAMPLE.cell(*row, "closed_at").is_empty());
        }
        for row in SAMPLE.cited(claim) {
            let account = text(row, "account_id");
            assert!(closed.contains(account) && network.members.iter().any(|m| m == account));
            let last = SAMPLE.of_account(account).into_iter().map(|row| text(row, "timestamp")).max();
            assert_eq!(Some(text(row, "timestamp")), last);
        }
    }
}

#[test]
fn the_match_of_a_rule_pack_is_shown_by_lines_that_match_one() {
    let mut packs = Vec::new();
    for (_, claim) in SAMPLE.claims("extraction.rules") {
        assert!(!claim.lines.is_empty());
        for row in SAMPLE.cited(claim) {
            rules::matching(text(row, "prompt"), &mut packs);
            assert!(!packs.is_empty(), "{row}");
        }
    }
}

#[test]
fn requests_outside_conversations_are_shown_by_such() {
    for (_, claim) in SAMPLE.claims("extraction.single_turn") {
        for row in SAMPLE.cited(claim) {
            let session = text(row, "session_id");
            let of_session = |other: &&&Value| text(other, "session_id") == session;
            assert!(
                session.is_empty() || SAMPLE.rows.iter().collect::<Vec<_>>().iter().filter(of_session).count() == 1
            );
        }
    }
}

#[test]
fn changes_of_address_are_shown_by_accounts_that_change_theirs() {
    for signal in ["infrastructure.rotation", "evasion.rotation"] {
        for (_, claim) in SAMPLE.claims(signal) {
            for row in SAMPLE.cited(claim) {
                let calls = SAMPLE.of_account(text(row, "account_id"));
                let mut addresses: BTreeMap<&str, f64> = BTreeMap::new();
                calls.iter().for_each(|call| *addresses.entry(text(call, "client_ip")).or_default() += 1.0);
                let n = calls.len() as f64;
                let alike: f64 = addresses.values().map(|n| n * (n - 1.0)).sum();
                assert!(addresses.len() as f64 >= 0.8 * n || alike <= 0.05 * n * (n - 1.0), "{signal}: {row}");
            }
        }
    }
}

#[test]
fn a_shared_network_is_shown_by_lines_that_stand_in_it() {
    for (_, claim) in SAMPLE.claims("infrastructure.prefix") {
        let of = |row: &&Value| text(row, "client_ip").rsplit_once('.').map(|(prefix, _)| prefix.to_owned());
        let cited: BTreeSet<Option<String>> = SAMPLE.cited(claim).iter().map(of).collect();
        let everybody = |prefix: &Option<String>| {
            let inside = SAMPLE.rows.iter().filter(|row| of(row) == *prefix).map(|row| text(row, "account_id"));
            inside.collect::<BTreeSet<_>>().len()
        };
        assert!(cited.iter().all(|prefix| prefix.is_some() && everybody(prefix) >= 2), "{cited:?}");
    }
}

#[test]
fn what_the_account_table_tells_is_shown_by_lines_of_the_account_table() {
    for (network, claim) in SAMPLE.claims("identity.cohort").into_iter().chain(SAMPLE.claims("identity.payment")) {
        assert!(claim.lines.is_empty() && !claim.table_rows.is_empty(), "{}", claim.signal);
        for row in &claim.table_rows {
            assert!(network.members.iter().any(|m| m == SAMPLE.cell(*row, "account_id")));
            assert!(claim.signal != "identity.payment" || !SAMPLE.cell(*row, "payment_fingerprint").is_empty());
        }
    }
}

/// The number behind a word.
fn number_after(text: &str, word: &str) -> Option<f64> {
    text.split_once(word)?.1.split([' ', ';', ')']).next()?.replace(',', "").parse().ok()
}

#[test]
fn a_span_of_sign_ups_is_printed_with_both_ends_and_with_how_many_others_stand_in_it() {
    for (network, claim) in SAMPLE.claims("identity.cohort") {
        let (_, span) = claim.statement.split_once(", from ").expect(&claim.statement);
        let (from, rest) = span.split_once(" to ").unwrap();
        let (to, rest) = rest.split_once("; elsewhere in the log: ").expect(&claim.statement);
        let (within, others) = (number_after(rest, "").unwrap(), number_after(rest, " of ").unwrap());
        assert!(within <= others && rest.contains(" accounts"));
        // Of accounts without an organisation each counts for itself.
        let inside = |(row, account): &(u64, &str)| {
            let (created, is_one) = (SAMPLE.cell(*row, "created_at"), SAMPLE.cell(*row, "org_id").is_empty());
            assert!(is_one || !network.members.iter().any(|m| m == account), "the sample's networks declare nothing");
            from[..19] <= created[..19] && created[..19] <= to[..19] && network.members.iter().any(|m| m == account)
        };
        let rows = (2..=SAMPLE.table.len() as u64).map(|row| (row, SAMPLE.cell(row, "account_id")));
        assert_eq!(rows.filter(inside).count() as f64, claim.observed, "{}", claim.statement);
    }
}

#[test]
fn nothing_is_called_short_or_nearly_the_same_without_its_figures() {
    let words = ["short span", "nearly the same"];
    let claims = SAMPLE.report.networks.iter().flat_map(|n| &n.coordinated.claims);
    let said: Vec<&str> =
        claims.map(|c| c.statement.as_str()).filter(|s| words.iter().any(|w| s.contains(w))).collect();
    assert!(said.is_empty(), "{said:?}");
    for (_, claim) in SAMPLE.claims("time.round_the_clock") {
        assert!(claim.statement.contains(" similar daily rhythm (rhythm index "));
    }
    for (_, claim) in SAMPLE.claims("time.quota") {
        assert!(claim.statement.contains(" requests each; elsewhere in the log: "), "{}", claim.statement);
    }
}

#[test]
fn a_share_of_the_requests_with_one_template_says_how_many_these_are_and_what_part_of_all() {
    let mut seen = 0;
    for signal in ["extraction.single_turn", "extraction.rules"] {
        for (network, claim) in SAMPLE.claims(signal) {
            let judged = "Judged on the shared prompt template with the longest answers: ";
            let Some(judged) = network.judged_on.strip_prefix(judged) else { continue };
            let (estimated, statement) = match claim.statement.strip_prefix("an estimated ") {
                Some(rest) => (true, rest),
                None => (false, claim.statement.as_str()),
            };
            let (k, own) = (number_after(statement, "").unwrap(), number_after(statement, " of ").unwrap());
            assert_eq!(
                number_after(judged, "("),
                Some((100.0 * number_after(judged, "").unwrap() / network.requests as f64).round())
            );
            assert_eq!(number_after(judged, " of "), Some(network.requests as f64));
            assert!(own <= number_after(judged, "").unwrap());
            let rounded = if estimated { 0.5 / own } else { 1e-9 };
            assert!((claim.observed - k / own).abs() <= rounded, "{}", claim.statement);
            let told: Vec<&str> = network.explanations.iter().map(|e| e.seen.as_str()).collect();
            let said = claim.statement.split(" (in these accounts").next().unwrap();
            assert!(told.iter().any(|seen| seen.contains(said)), "the explanations say the same: {told:?}");
            seen += 1;
        }
    }
    assert!(seen > 3);
}

/// What an analysis writes, and not only what renders it, in the usual words.
#[test]
fn no_statement_has_a_word_that_only_its_writer_knows() {
    let banned =
        ["mark", "hand", "purses", "nats", "accuser", "everybody", "whomever", "harvesting", "called", "measure"];
    let mut said: Vec<&str> = SAMPLE.report.notices.iter().map(String::as_str).collect();
    for n in &SAMPLE.report.networks {
        said.extend([n.summary.as_str(), n.judged_on.as_str()]);
        let claims = [&n.coordinated, &n.extraction, &n.evasive].into_iter().flat_map(|a| &a.claims);
        said.extend(claims.flat_map(|c| [c.statement.as_str(), c.finding.as_str()]));
        for e in &n.explanations {
            said.extend([e.predicts.as_str(), e.seen.as_str(), e.result.as_str()]);
            said.extend(e.supports.iter().chain(&e.against).chain(&e.not_checkable).map(String::as_str));
        }
    }
    for text in said {
        let found = text.split(|c: char| !c.is_alphabetic()).find(|word| banned.contains(word));
        assert!(found.is_none() && !text.contains("given out"), "{found:?} in {text}");
    }
}

#[test]
fn what_is_compared_with_a_mark_is_not_said_to_be_compared_with_chance() {
    for network in &SAMPLE.report.networks {
        for claim in [&network.coordinated, &network.extraction, &network.evasive].into_iter().flat_map(|a| &a.claims) {
            assert_eq!(claim.compared_with == "chance", claim.p_value.is_some(), "{claim:?}");
            let expected = if claim.signal.starts_with("evasion") { "everybody" } else { "mark" };
            assert!(claim.p_value.is_some() || claim.compared_with == expected, "{claim:?}");
        }
    }
    let (_, claim) = SAMPLE.claims("extraction.single_turn")[0];
    let others = claim.everybody_else.expect("the log knows conversations");
    assert!((0.0..1.0).contains(&others) && others < claim.observed, "{claim:?}");
}

#[test]
fn changes_of_address_have_one_figure_and_one_chance_in_a_report() {
    for (network, claim) in SAMPLE.claims("evasion.rotation") {
        let tested = network.coordinated.claims.iter().find(|c| c.signal == "infrastructure.rotation").expect("tested");
        assert_eq!((claim.observed, claim.expected), (tested.observed, tested.expected));
        if tested.counts {
            let again = "IP address rotation, already counted above under \"One operator?\": ";
            assert!(claim.statement.starts_with(again), "{}", claim.statement);
            assert!(tested.statement.starts_with(claim.statement.trim_start_matches(again)), "{}", tested.statement);
        } else {
            assert_eq!(claim.statement, tested.statement);
        }
    }
}

#[test]
fn who_closed_an_account_is_not_said_for_the_table_does_not_say_it() {
    for (_, claim) in SAMPLE.claims("evasion.closed") {
        assert!(claim.statement.contains(" (the table does not say by whom; "), "{}", claim.statement);
    }
}

#[test]
fn what_could_not_be_evaluated_was_not_tested() {
    let tested = SAMPLE.report.networks.iter().flat_map(|n| &n.coordinated.claims).map(|c| c.signal.as_str());
    let tested: BTreeSet<&str> = tested.collect();
    let silent = SAMPLE.report.signals.iter().filter(|s| !s.evaluable && tested.contains(s.name.as_str()));
    let silent: Vec<&str> = silent.map(|s| s.name.as_str()).collect();
    assert!(tested.len() > 5 && silent.is_empty(), "tested and said to be not evaluable: {silent:?}");
}

#[test]
fn how_much_of_the_work_is_of_one_kind_is_no_less_than_any_stream_and_no_more_than_all() {
    for network in &SAMPLE.report.networks {
        let claims = network.extraction.claims.iter().filter(|c| c.signal == "extraction.uniform");
        for claim in claims {
            let told = claim.statement.split(" of ").next().unwrap();
            let (certain, about) = told.split_once(" to ").unwrap_or((told, told));
            let (certain, about) = (number_after(certain, ""), number_after(about, "").expect(&claim.statement));
            let all = number_after(&claim.statement, " of ");
            assert!(certain.unwrap() <= about && about <= all.unwrap(), "{}", claim.statement);
            let most = network.streams.iter().map(|s| s.requests as f64).fold(0.0, f64::max);
            assert!(certain.unwrap() >= most || network.streams.len() > 1, "{most} in a stream: {}", claim.statement);
        }
    }
}
