//! An adversary who knows how texts are hashed chooses texts of which the hashes are those of an innocent's. The hashes are
//! put in place here, whatever function makes them: what is tested is what anybody could gain by a collision.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use stillhunt::document::{Document, Verdict};
use stillhunt::evidence::features::{Evidence, MAX_ITEMS, Partial, Tally, Unsettled};
use stillhunt::intake::account_table;
use stillhunt::intake::event::Fold;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::validation::simulate::{Planted, World, WorldSettings};

/// What the campaign's texts collide with.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Crafted {
    /// Fingerprints that recur in a victim, added to its own.
    Beside,
    /// Nothing but fingerprints that recur in a victim.
    Instead,
    /// Those, and each text as a whole passes for one of the victim's.
    Texts,
}

/// Fingerprints that recur in an account, as a template does, and its texts.
fn carried(partial: &Partial) -> (BTreeSet<u64>, Vec<u64>) {
    let mut texts: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for text in &partial.texts {
        for fingerprint in &text.fingerprints {
            texts.entry(*fingerprint).or_default().insert(text.item);
        }
    }
    let least = 2.max(partial.texts.len() * 8 / 100);
    let recurring = texts.iter().filter(|(_, items)| items.len() >= least).map(|(f, _)| *f).collect();
    (recurring, partial.texts.iter().map(|text| text.item).collect())
}

/// The document of a world in which every text of the campaign collides with a victim. One account of the campaign takes after
/// one victim, so that each victim has carriers enough for a network.
fn document(
    folder: &Path,
    labels: &BTreeMap<String, String>,
    is_victim: &dyn Fn(&str) -> bool,
    crafted: Crafted,
) -> Document {
    let facts = account_table::read(std::fs::File::open(folder.join("accounts.csv")).unwrap()).unwrap();
    let inputs = find_inputs(&[folder.join("events.jsonl")]).unwrap();
    let (unsettled, read) =
        read_logs::<Unsettled>(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let mut partials = unsettled.partials().unwrap();
    // The busiest, at most four: forty accounts are then ten around each.
    let mut victims: Vec<&Partial> = partials.iter().filter(|p| is_victim(&labels[&p.account_id])).collect();
    victims.sort_by_key(|p| std::cmp::Reverse(p.texts.len()));
    let mut victims: Vec<_> = victims.into_iter().map(carried).filter(|(recurring, _)| !recurring.is_empty()).collect();
    victims.truncate(4);
    assert!(!victims.is_empty(), "a victim has a template");
    let campaign = partials.iter_mut().filter(|p| labels[&p.account_id] == "campaign:planted");
    for (i, partial) in campaign.enumerate() {
        let (recurring, items) = &victims[i % victims.len()];
        for (n, text) in partial.texts.iter_mut().enumerate() {
            if crafted != Crafted::Beside {
                text.fingerprints.clear();
            }
            text.fingerprints.extend(recurring);
            text.fingerprints.sort_unstable();
            text.fingerprints.dedup();
            if crafted == Crafted::Texts {
                text.item = items[(i + n) % items.len()];
            }
        }
        if crafted == Crafted::Texts {
            let mut counts: BTreeMap<u64, u32> = BTreeMap::new();
            partial.texts.iter().for_each(|text| *counts.entry(text.item).or_default() += 1);
            let counts = counts.into_iter().map(|(item, n)| (item.into(), n)).collect();
            partial.evidence.items = Tally::of(counts, MAX_ITEMS);
        }
    }
    let mut evidence = Evidence::default();
    partials.into_iter().for_each(|partial| evidence.absorb(partial));
    evidence.finish().unwrap();
    investigate(&Scope::new(&evidence, &facts, &read), &Settings::default())
}

/// Whoever is named is like the others in something of its own: the machines among the innocents make data for themselves day and
/// night, as a campaign does, and a pupil and a crowd worker signed up in the days in which they did. All of their texts were
/// known to the adversary beforehand, who is then as good as in their place.
#[test]
fn of_those_who_are_framed_by_crafted_collisions_hardly_any_is_in_a_suspected_network() {
    let (mut found, mut worlds, mut named) = (0, 0, BTreeMap::new());
    for (seed, careful) in [(1, false), (1, true), (2, false)] {
        let folder = tempfile::tempdir().unwrap();
        let planted = Planted { accounts: 40, requests: 40, cover: 0.0, paraphrase: 0.0, careful };
        let settings =
            WorldSettings { seed, people: 250, campaigns: false, planted: Some(planted), ..WorldSettings::default() };
        World::generate(&settings).write(folder.path(), false).unwrap();
        let mut labels = csv::Reader::from_path(folder.path().join("labels.csv")).unwrap();
        let labels: BTreeMap<String, String> =
            labels.records().map(|r| r.map(|r| (r[0].to_owned(), r[2].to_owned())).unwrap()).collect();
        let populations: BTreeSet<&String> = labels.values().filter(|p| p.starts_with("benign:")).collect();
        assert!(populations.len() >= 5, "{populations:?}");
        for victim in ["benign:lone_synth", "benign:framework", "benign:crowd_work", "benign:"] {
            for crafted in [Crafted::Beside, Crafted::Instead, Crafted::Texts] {
                let document = document(folder.path(), &labels, &|p| p.starts_with(victim), crafted);
                worlds += 1;
                for network in document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation) {
                    found += usize::from(network.members.len() >= 8);
                    for innocent in network.members.iter().filter(|m| labels[*m].starts_with("benign:")) {
                        let world = format!("seed {seed}, careful {careful}, {crafted:?} with {victim}");
                        eprintln!("{world}: {} is named: {}", labels[innocent], network.summary);
                        *named.entry(labels[innocent].as_str().to_owned()).or_insert(0) += 1;
                    }
                }
            }
        }
    }
    eprintln!("{worlds} worlds: {found} networks of those who craft; innocents in them: {named:?}");
    assert!(found >= worlds / 2, "{found} found in {worlds}");
    let most =
        [("benign:lone_synth", 3), ("benign:class", 1), ("benign:crowd_work", 1)].map(|(who, n)| (who.to_owned(), n));
    let most = BTreeMap::from(most);
    assert!(named.iter().all(|(who, n)| *n <= most.get(who).copied().unwrap_or(0)), "{named:?} in {worlds}");
}
