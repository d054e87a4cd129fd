//! Planted campaigns are found, innocent worlds stay quiet, and nothing but the evidence decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use stillhunt::account_table;
use stillhunt::document::{Document, Verdict};
use stillhunt::evaluate::evaluate;
use stillhunt::features::Evidence;
use stillhunt::ingest::{find_inputs, read_logs};
use stillhunt::investigate::investigate;
use stillhunt::normalise::FieldMap;
use stillhunt::report;
use stillhunt::scope::{Scope, Settings};
use stillhunt::settings::IngestSettings;
use stillhunt::simulate::{World, WorldSettings};

fn world(folder: &Path, seed: u64, people: usize, campaigns: bool) {
    World::generate(&WorldSettings { seed, people, campaigns, ..WorldSettings::default() })
        .write(folder, false)
        .unwrap();
}

fn examine(folder: &Path) -> Document {
    let facts = account_table::read(fs::File::open(folder.join("accounts.csv")).unwrap()).unwrap();
    let inputs: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    let inputs = find_inputs(&inputs).unwrap();
    let (evidence, read) =
        read_logs::<Evidence>(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    investigate(&Scope::new(&evidence, &facts, &read), &Settings::default())
}

/// Members of each network with its verdict, which is what a person acts on.
fn networks(d: &Document) -> BTreeSet<(&'static str, Vec<String>)> {
    d.networks.iter().map(|n| (n.verdict.as_str(), n.members.clone())).collect()
}

/// The document without places in the input, the only thing that the order of rows may change.
fn without_places(mut d: Document) -> String {
    d.intake.files.clear();
    for n in &mut d.networks {
        n.exemplars.iter_mut().for_each(|e| e.at.line = 0);
        for axis in [&mut n.coordinated, &mut n.extraction, &mut n.evasive] {
            axis.claims.iter_mut().for_each(|c| c.lines.clear());
        }
    }
    String::from_utf8(report::json(&d).unwrap()).unwrap()
}

fn lines(folder: &Path) -> Vec<String> {
    fs::read_to_string(folder.join("events.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn planted_campaigns_are_found_and_innocents_are_not_among_them() {
    for seed in [7, 21] {
        let folder = tempfile::tempdir().unwrap();
        world(folder.path(), seed, 200, true);
        let d = examine(folder.path());
        let accounts = report::tables::accounts(&d).unwrap();
        let labels = fs::File::open(folder.path().join("labels.csv")).unwrap();
        let score = evaluate(accounts.as_slice(), labels).unwrap();
        assert!(score.account.precision >= 0.95, "seed {seed}: {}", score.to_text());
        assert!(score.pairwise.f1 >= 0.85, "seed {seed}: {}", score.to_text());
        assert_eq!(score.false_networks, 0, "seed {seed}: {}", score.to_text());
    }
}

#[test]
fn hard_campaigns_are_found_and_hard_innocents_are_not_among_them() {
    for seed in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let settings = WorldSettings { seed, people: 400, hard: true, ..WorldSettings::default() };
        World::generate(&settings).write(folder.path(), false).unwrap();
        let accounts = report::tables::accounts(&examine(folder.path())).unwrap();
        let score = evaluate(accounts.as_slice(), fs::File::open(folder.path().join("labels.csv")).unwrap()).unwrap();
        assert!(score.account.precision >= 0.98, "seed {seed}: {}", score.to_text());
        assert_eq!(score.false_networks, 0, "seed {seed}: {}", score.to_text());
        let missed: Vec<&String> =
            score.per_campaign.iter().filter(|(_, c)| c.jaccard < 0.5).map(|(name, _)| name).collect();
        assert!(missed.is_empty(), "seed {seed}: missed {missed:?}\n{}", score.to_text());

        let innocent = WorldSettings { campaigns: false, ..settings };
        World::generate(&innocent).write(folder.path(), false).unwrap();
        let d = examine(folder.path());
        assert!(
            d.networks.iter().all(|n| n.verdict != Verdict::SuspectedDistillation),
            "seed {seed}: {:?}",
            networks(&d)
        );
    }
}

#[test]
fn without_text_campaigns_are_still_found_and_innocents_are_not() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 400, true);
    let bare: Vec<String> = lines(folder.path())
        .iter()
        .map(|l| {
            let mut row: serde_json::Map<String, serde_json::Value> = serde_json::from_str(l).unwrap();
            row.remove("prompt");
            row.remove("system_prompt");
            serde_json::to_string(&row).unwrap()
        })
        .collect();
    fs::write(folder.path().join("events.jsonl"), bare.join("\n")).unwrap();
    let accounts = report::tables::accounts(&examine(folder.path())).unwrap();
    let score = evaluate(accounts.as_slice(), fs::File::open(folder.path().join("labels.csv")).unwrap()).unwrap();
    assert!(score.account.precision >= 0.95, "{}", score.to_text());
    assert!(score.account.recall >= 0.5, "{}", score.to_text());
}

#[test]
fn worlds_without_campaigns_raise_no_suspicion() {
    for seed in 101..=108 {
        let folder = tempfile::tempdir().unwrap();
        world(folder.path(), seed, 120, false);
        let d = examine(folder.path());
        let suspected = d.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation).count();
        assert_eq!(suspected, 0, "seed {seed}: {:?}", networks(&d));
    }
}

#[test]
fn threads_order_and_division_into_files_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 120, true);
    let with_threads =
        |n: usize| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(|| examine(folder.path()));
    let whole = with_threads(1);
    assert!(!whole.networks.is_empty());
    let bytes = report::json(&whole).unwrap();
    assert!(report::json(&with_threads(2)).unwrap() == bytes && report::json(&with_threads(8)).unwrap() == bytes);

    let mut rows = lines(folder.path());
    // Any fixed permutation does; this one tears neighbours apart.
    rows.sort_by_key(|l| xxhash_rust::xxh3::xxh3_64(l.as_bytes()));
    fs::write(folder.path().join("events.jsonl"), rows.join("\n")).unwrap();
    let shuffled = examine(folder.path());
    assert!(without_places(shuffled) == without_places(whole.clone()), "the order of rows changed the document");

    fs::remove_file(folder.path().join("events.jsonl")).unwrap();
    for (i, part) in rows.chunks(rows.len() / 9).enumerate() {
        fs::write(folder.path().join(format!("part{i}.jsonl")), part.join("\n")).unwrap();
    }
    assert_eq!(networks(&examine(folder.path())), networks(&whole));
}

#[test]
fn names_of_accounts_decide_nothing() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 120, true);
    let before = examine(folder.path());
    let renamed = |id: &str| format!("u{:016x}", xxhash_rust::xxh3::xxh3_64(id.as_bytes()));
    let names: BTreeMap<String, String> =
        before.accounts.iter().map(|a| (a.account_id.clone(), renamed(&a.account_id))).collect();
    for file in ["events.jsonl", "accounts.csv"] {
        let text = fs::read_to_string(folder.path().join(file)).unwrap();
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("acct_") {
            out += &rest[..at];
            let id = &rest[at..at + 19];
            out += &renamed(id);
            rest = &rest[at + 19..];
        }
        fs::write(folder.path().join(file), out + rest).unwrap();
    }
    let expected: BTreeSet<_> = networks(&before)
        .into_iter()
        .map(|(verdict, members)| {
            let mut members: Vec<String> = members.iter().map(|m| names[m].clone()).collect();
            members.sort();
            (verdict, members)
        })
        .collect();
    assert_eq!(networks(&examine(folder.path())), expected);
}

#[test]
fn a_quiet_account_more_and_whole_weeks_later_change_no_network() {
    let folder = tempfile::tempdir().unwrap();
    world(folder.path(), 7, 120, true);
    let before = examine(folder.path());
    let mut rows = lines(folder.path());
    for (i, text) in ["what rhymes with orange", "ideas for a birthday", "how long do eggs boil"].iter().enumerate() {
        rows.push(format!(
            "{{\"timestamp\":\"2026-05-0{}T10:00:00Z\",\"account_id\":\"zz_quiet\",\"session_id\":\"s\",\"prompt\":\"{text}\",\"client_ip\":\"192.0.2.77\",\"output_tokens\":200}}",
            i + 5
        ));
    }
    fs::write(folder.path().join("events.jsonl"), rows.join("\n")).unwrap();
    assert_eq!(networks(&examine(folder.path())), networks(&before));
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
