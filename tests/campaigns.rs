//! Planted campaigns are found, also the hard ones, and innocents that look guilty are not.

mod common;

use common::{analyse, analyse_with, write_world};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use stillhunt::document::signal::Layer;
use stillhunt::document::{Document, Verdict};
use stillhunt::judgement::scope::Settings;
use stillhunt::report;
use stillhunt::search::pairs::PairSettings;
use stillhunt::validation::evaluate::{Evaluation, evaluate};
use stillhunt::validation::simulate::{Planted, WorldSettings};

fn world(folder: &Path, seed: u64, people: usize, campaigns: bool) {
    write_world(folder, &WorldSettings { seed, people, campaigns, ..WorldSettings::default() });
}

/// Members of each network with its verdict, which is what a person acts on.
fn networks(d: &Document) -> BTreeSet<(&'static str, Vec<String>)> {
    d.networks.iter().map(|n| (n.verdict.as_str(), n.members.clone())).collect()
}

fn lines(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("events.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn planted_campaigns_are_found_and_innocents_are_not_among_them() {
    for seed in [7, 21] {
        let folder = tempfile::tempdir().unwrap();
        world(folder.path(), seed, 200, true);
        let d = analyse(folder.path());
        let accounts = report::tables::accounts(&d).unwrap();
        let labels = fs::File::open(folder.path().join("labels.csv")).unwrap();
        let score = evaluate(accounts.as_slice(), labels).unwrap();
        assert!(score.account.precision >= 0.95, "seed {seed}: {}", score.to_text());
        assert!(score.pairwise.f1 >= 0.85, "seed {seed}: {}", score.to_text());
        assert_eq!(score.false_networks, 0, "seed {seed}: {}", score.to_text());
    }
}

/// A log in which people share nothing whatever made the one thing that a campaign shares no wonder, and nothing was proposed.
#[test]
fn a_campaign_was_not_found_where_nobody_else_shares_anything() {
    let folder = tempfile::tempdir().unwrap();
    let draw = |of: u64| xxhash_rust::xxh3::xxh3_64(&of.to_le_bytes());
    let mut log = String::new();
    let mut table = "account_id,payment_fingerprint,created_at\n".to_owned();
    for account in 0..400u64 {
        let campaign = account < 20;
        let (card, created) = match campaign {
            true => ("one".to_owned(), format!("2026-04-20T10:{account:02}:00Z")),
            false => (
                format!("own{account}"),
                format!("2025-{:02}-{:02}T08:00:00Z", 1 + draw(account) % 12, 1 + account % 28),
            ),
        };
        table += &format!("a{account:03},{card},{created}\n");
        for request in 0..if campaign { 30 } else { 5 + draw(account) % 40 } {
            let seed = draw(account * 1_000 + request);
            let words: Vec<String> = (0..8 + seed % 20).map(|i| format!("{:x}", draw(seed ^ i) % 100_000)).collect();
            let prompt = match campaign {
                true => format!(
                    "Derive the answer slowly and keep all scratch work visible for the reader: {}",
                    words.join(" ")
                ),
                false => words.join(" "),
            };
            let (second, tokens) = (seed % 1_209_600, if campaign { 600 + seed % 300 } else { 50 + seed % 300 });
            log += &format!(
                "{{\"ts\":{},\"account_id\":\"a{account:03}\",\"prompt\":\"{prompt}\",\"output_tokens\":{tokens}}}\n",
                1_777_593_600 + second
            );
        }
    }
    fs::write(folder.path().join("events.jsonl"), log).unwrap();
    fs::write(folder.path().join("accounts.csv"), table).unwrap();
    let d = analyse(folder.path());
    let members: Vec<String> = (0..20).map(|account| format!("a{account:03}")).collect();
    assert_eq!(networks(&d), BTreeSet::from([("suspected_distillation", members)]));
}

#[test]
fn hard_campaigns_are_found_and_hard_innocents_are_not_among_them() {
    for seed in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let settings = WorldSettings { seed, people: 400, hard: true, ..WorldSettings::default() };
        write_world(folder.path(), &settings);
        let accounts = report::tables::accounts(&analyse(folder.path())).unwrap();
        let score = evaluate(accounts.as_slice(), fs::File::open(folder.path().join("labels.csv")).unwrap()).unwrap();
        assert!(score.account.precision >= 0.98, "seed {seed}: {}", score.to_text());
        assert_eq!(score.false_networks, 0, "seed {seed}: {}", score.to_text());
        let missed: Vec<&String> =
            score.per_campaign.iter().filter(|(_, c)| c.jaccard < 0.5).map(|(name, _)| name).collect();
        assert!(missed.is_empty(), "seed {seed}: missed {missed:?}\n{}", score.to_text());

        let innocent = WorldSettings { campaigns: false, ..settings };
        write_world(folder.path(), &innocent);
        let d = analyse(folder.path());
        assert!(
            d.networks.iter().all(|n| n.verdict != Verdict::SuspectedDistillation),
            "seed {seed}: {:?}",
            networks(&d)
        );
    }
}

/// The score in a world with some 320 innocents.
fn score_planted(seed: u64, planted: Planted) -> Evaluation {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        WorldSettings { seed, people: 200, campaigns: false, planted: Some(planted), ..WorldSettings::default() };
    write_world(folder.path(), &settings);
    let accounts_named = report::tables::accounts(&analyse(folder.path())).unwrap();
    let labels = fs::File::open(folder.path().join("labels.csv")).unwrap();
    evaluate(accounts_named.as_slice(), labels).unwrap()
}

/// What a campaign has in common is not rare where it is a good part of the log; that nobody else has it tells.
#[test]
fn a_campaign_that_is_a_quarter_or_half_of_the_log_is_found() {
    for (accounts, careful) in [(100, false), (300, false), (300, true)] {
        let score = score_planted(2, Planted { accounts, requests: 40, cover: 0.0, paraphrase: 0.0, careful });
        assert!(
            score.account.precision == 1.0 && score.account.recall >= 0.95,
            "{accounts} {careful}: {}",
            score.to_text()
        );
        assert!(score.per_campaign["planted"].jaccard >= 0.8, "{accounts} {careful}: {}", score.to_text());
    }
}

/// Three in five carried the template often enough to be found by it, and the others, whom their habit showed, were left out
/// because a network stood there already.
#[test]
fn those_who_hide_a_little_more_of_their_work_are_named_with_the_rest() {
    let score = score_planted(1, Planted { accounts: 40, requests: 40, cover: 0.9, paraphrase: 0.0, careful: false });
    assert!(score.account.precision == 1.0 && score.account.recall >= 0.95, "{}", score.to_text());
}

/// Popular objects used to be left out of the search where they have more pairs than may be looked at: the template of a
/// large campaign is one of them, and the campaign fell to pieces.
#[test]
fn campaigns_are_found_where_pairs_are_drawn_and_the_report_says_that_they_were() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 200, true);
    let within = |whole: u64, drawn: u64| {
        let mut settings = Settings::default();
        settings.proposals.pairs = PairSettings { whole, drawn, ..PairSettings::default() };
        let d = analyse_with(folder.path(), &settings);
        let accounts = report::tables::accounts(&d).unwrap();
        (d, evaluate(accounts.as_slice(), fs::File::open(folder.path().join("labels.csv")).unwrap()).unwrap())
    };
    let says = |d: &Document, words: &str| d.notices.iter().any(|notice| notice.contains(words));
    let (d, score) = within(3_000, 60_000);
    assert!(says(&d, "a random sample of the pairs") && !says(&d, "left out"), "{:?}", d.notices);
    // Without those objects a sixth of the largest campaign is lost.
    assert!(score.account.precision >= 0.95 && score.account.recall >= 0.97, "{}", score.to_text());
    assert_eq!(score.false_networks, 0, "{}", score.to_text());
    let (d, _) = within(3_000, 3_000);
    assert!(says(&d, "content left out: "), "{:?}", d.notices);
    let (d, _) = within(u64::MAX, 0);
    assert!(!says(&d, "a random sample of the pairs") && !says(&d, "left out"), "{:?}", d.notices);
}

/// Takes the text out of every row.
fn remove_text(folder: &Path) {
    let bare: Vec<String> = lines(folder)
        .iter()
        .map(|l| {
            let mut row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(l).unwrap();
            row.remove("prompt");
            row.remove("system_prompt");
            serde_json::to_string(&row).unwrap()
        })
        .collect();
    fs::write(folder.join("events.jsonl"), bare.join("\n")).unwrap();
}

#[test]
fn leaving_content_out_finds_what_a_log_without_text_shows() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 200, true);
    let settings = Settings { leave_out: [Layer::Content].into(), ..Settings::default() };
    let left_out = analyse_with(folder.path(), &settings);
    assert!(!left_out.networks.is_empty());
    remove_text(folder.path());
    assert_eq!(networks(&left_out), networks(&analyse(folder.path())));
}

#[test]
fn without_text_campaigns_are_still_found_and_innocents_are_not() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 400, true);
    remove_text(folder.path());
    let accounts = report::tables::accounts(&analyse(folder.path())).unwrap();
    let score = evaluate(accounts.as_slice(), fs::File::open(folder.path().join("labels.csv")).unwrap()).unwrap();
    assert!(score.account.precision >= 0.95, "{}", score.to_text());
    assert!(score.account.recall >= 0.5, "{}", score.to_text());
}

#[test]
fn a_seed_says_everything_about_a_simulated_world() {
    let read = |seed, campaigns| {
        let folder = tempfile::tempdir().unwrap();
        world(folder.path(), seed, 30, campaigns);
        ["events.jsonl", "accounts.csv", "labels.csv"].map(|f| fs::read_to_string(folder.path().join(f)).unwrap())
    };
    let first = read(3, true);
    assert!(first == read(3, true));
    assert!(first != read(4, true));
    let column = |table: &str| -> Vec<String> {
        table.lines().skip(1).filter_map(|l| l.split(',').next()).map(str::to_owned).collect()
    };
    assert_eq!(column(&first[1]), column(&first[2]), "every account has a label");
    assert_eq!(column(&first[2]).iter().collect::<BTreeSet<_>>().len(), column(&first[2]).len());
    assert!(first[2].contains("campaign:"));
    assert!(!read(3, false)[2].contains("campaign:"));
}
