//! An adversary who knows the method: to copy an innocent's template, client and parameters must not make it a member of a
//! suspected network, and to work among popular prompts from innocents' addresses must not hide. docs/poisoning.md has the
//! figures.

use std::collections::BTreeMap;
use std::path::Path;
use stillhunt::document::{Confidence, Document, Verdict};
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::robustness::investigate_robustly;
use stillhunt::judgement::scope::Settings;
use stillhunt::validation::simulate::poison::{Poison, Victims};
use stillhunt::validation::simulate::{Planted, World, WorldSettings};

fn world(seed: u64, careful: bool, poison: Poison) -> World {
    let planted = Planted { accounts: 40, requests: 40, cover: 0.0, paraphrase: 0.0, careful };
    let settings =
        WorldSettings { seed, people: 250, campaigns: false, planted: Some(planted), ..WorldSettings::default() };
    let mut world = World::generate(&settings);
    world.poison(poison, seed);
    world
}

/// The document with confidences that survive the loss of each layer, and the population of each account.
fn investigated(folder: &Path, world: &World) -> (Document, BTreeMap<String, String>) {
    world.write(folder, false).unwrap();
    let facts = account_table::read(std::fs::File::open(folder.join("accounts.csv")).unwrap()).unwrap();
    let inputs = find_inputs(&[folder.join("events.jsonl")]).unwrap();
    let (evidence, read) =
        read_logs::<Evidence>(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    let mut labels = csv::Reader::from_path(folder.join("labels.csv")).unwrap();
    let labels = labels.records().map(|r| r.map(|r| (r[0].to_owned(), r[2].to_owned())).unwrap()).collect();
    (investigate_robustly(&evidence, &facts, &read, &Settings::default()), labels)
}

/// The one exception is a machine that makes data for itself day and night: it agrees in its hours too. Which fingerprints a
/// text leaves decides whether it is named, in one of eight worlds here, and never surely.
#[test]
fn of_those_framed_by_template_client_and_parameters_no_person_is_in_a_suspected_network() {
    let (mut found, mut machine) = (0, 0);
    for seed in [1, 2] {
        for victims in Victims::ALL.into_iter().filter(|v| seed == 1 || *v == Victims::LoneSynth) {
            for careful in [false, true] {
                let folder = tempfile::tempdir().unwrap();
                let (document, labels) = investigated(folder.path(), &world(seed, careful, Poison::Frame(victims)));
                for network in document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation) {
                    let innocent: Vec<&String> =
                        network.members.iter().filter(|m| labels[*m].starts_with("benign:")).collect();
                    for innocent in &innocent {
                        let world = format!("{seed} {victims:?} {careful}: {innocent}");
                        assert_eq!(labels[*innocent], "benign:lone_synth", "{world}");
                        assert_ne!(network.confidence, Confidence::High, "{world}");
                    }
                    machine += innocent.len();
                    found += usize::from(network.members.len() >= 20);
                }
            }
        }
    }
    assert!(machine <= 1, "the machine is named {machine} times");
    assert!(found >= 6, "the campaigns that frame are found themselves: {found} of 8");
}

/// Of ten requests nine are innocents' prompts, and all come from innocents' addresses: whoever is behind one seldom changes it.
#[test]
fn work_among_popular_prompts_from_innocents_addresses_is_found() {
    for (careful, padding) in [(false, 0), (true, 0), (true, 9)] {
        let folder = tempfile::tempdir().unwrap();
        let (document, labels) = investigated(folder.path(), &world(1, careful, Poison::Hide { padding }));
        let mut suspected = document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation);
        let network = suspected.next().expect("the campaign is suspected");
        assert!(suspected.next().is_none());
        let planted = network.members.iter().filter(|m| labels[*m] == "campaign:planted").count();
        assert!(planted >= 36 && network.members.len() == planted, "{careful} {padding}: {planted} of 40");
    }
}

/// Throw-away accounts in a campaign's template once cut it into parts that its habit had kept together.
#[test]
fn a_flood_of_throw_away_accounts_neither_hides_the_campaign_nor_is_named_with_it() {
    for (seed, careful, accounts, parrot) in
        [(1, false, 1500, false), (1, false, 1500, true), (1, true, 1000, false), (2, true, 1000, true)]
    {
        let folder = tempfile::tempdir().unwrap();
        let drowned = world(seed, careful, Poison::Drown { accounts, parrot });
        let (document, labels) = investigated(folder.path(), &drowned);
        let suspected: Vec<_> =
            document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation).collect();
        let members: Vec<&String> = suspected.iter().flat_map(|n| &n.members).collect();
        let planted = members.iter().filter(|m| labels[**m] == "campaign:planted").count();
        let world = format!("{seed} {careful} {parrot}: {planted} of 40, {} named", members.len());
        assert!(suspected.len() == 1 && planted >= 36 && members.len() == planted, "{world}");
    }
}

/// The same world poisoned twice is the same world.
#[test]
fn poison_is_seeded() {
    let bytes = || {
        let folder = tempfile::tempdir().unwrap();
        world(3, true, Poison::Hide { padding: 1 }).write(folder.path(), false).unwrap();
        std::fs::read(folder.path().join("events.jsonl")).unwrap()
    };
    assert!(bytes() == bytes());
}
