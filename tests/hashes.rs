//! Logs that have hashes instead of texts: equal hashes are equal texts, and that is all they tell.

mod common;

use common::added::{Added, Draws, accused, hashed_with, networks_of, task, with};
use stillhunt::document::Document;

/// Twenty-four accounts on cards of three, which take copies of each question from one queue, eight of each, day and night.
fn labels(added: &mut Added<'_>, draws: &mut Draws) {
    let id = |account: u64| format!("labels{account:02}");
    for account in 0..24 {
        added.account(
            &id(account),
            &format!("2026-05-02T08:{:02}:00Z", 10 + account),
            &format!("card_of_three_{}", account / 3),
        );
    }
    let mut questions: Vec<String> = (0..150).flat_map(|_| vec![task(draws); 8]).collect();
    for n in (0..questions.len()).rev() {
        questions.swap(n, draws.below(n as u64 + 1) as usize);
    }
    for (n, question) in (0u64..).zip(questions) {
        let second = n * 860 + draws.below(600);
        added.call(&id(draws.below(24)), (second / 86_400, second % 86_400), &question, &draws.address(), 4);
    }
}

/// What is said of the repeats of the first network of such accounts.
fn repeats(d: &Document) -> Option<(f64, String)> {
    let of_them = d.networks.iter().find(|n| n.members.iter().any(|m| m.starts_with("labels")))?;
    let claim = of_them.extraction.claims.iter().find(|claim| claim.signal == "extraction.unrepeated")?;
    Some((claim.observed, claim.statement.clone()))
}

#[test]
fn copies_are_told_by_their_hashes_as_by_their_texts() {
    let (of_texts, of_hashes) = (with(labels), hashed_with(labels));
    for d in [&of_texts, &of_hashes] {
        assert_eq!(accused(d, "labels"), 24, "{:?}", networks_of(d, "labels"));
        let (share, statement) = repeats(d).unwrap();
        assert_eq!(share, 1.0, "{statement}");
        assert!(statement.contains("that was sent 8 times in all"), "{statement}");
    }
}

#[test]
fn a_hash_is_no_text_to_be_shown_or_matched() {
    let d = hashed_with(labels);
    let networks = d.networks.iter().filter(|n| n.members[0].starts_with("labels")).collect::<Vec<_>>();
    assert!(!networks.is_empty());
    for network in networks {
        assert!(network.exemplars.is_empty());
        assert!(network.extraction.claims.iter().all(|claim| claim.signal != "extraction.rules"));
    }
    let evaluable = |name: &str| d.signals.iter().find(|s| s.name == name).map(|s| s.evaluable);
    assert_eq!([evaluable("extraction.rules"), evaluable("content.shard")], [Some(false), Some(true)]);
}
