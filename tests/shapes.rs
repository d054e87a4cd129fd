//! One world in vendors' shapes: the same networks wherever the fields allow.

use std::collections::BTreeSet;
use std::path::Path;
use stillhunt::document::{Document, Verdict};
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::validation::simulate::vendors::Shape;
use stillhunt::validation::simulate::{World, WorldSettings};

fn analysed(folder: &Path, table: &Path, account_field: Option<&str>) -> Document {
    let settings = IngestSettings { account_field: account_field.map(str::to_owned), ..IngestSettings::default() };
    let inputs = find_inputs(&[folder.join("events*")]).unwrap();
    let (evidence, report): (Evidence, _) = read_logs(&inputs, &FieldMap::generic(), &settings, &|_| {}).unwrap();
    let facts = account_table::read(std::fs::File::open(table).unwrap()).unwrap();
    investigate(&Scope::new(&evidence, &facts, &report), &Settings::default())
}

fn networks(document: &Document) -> BTreeSet<(Verdict, Vec<String>)> {
    document.networks.iter().map(|n| (n.verdict, n.members.clone())).collect()
}

#[test]
fn a_world_in_a_vendors_shape_has_the_networks_that_its_fields_allow() {
    let place = tempfile::tempdir().unwrap();
    let world = World::generate(&WorldSettings { people: 150, ..WorldSettings::default() });
    world.write(place.path(), false).unwrap();
    let table = place.path().join("accounts.csv");
    let plain = analysed(place.path(), &table, None);
    let expected = networks(&plain);
    assert!(expected.iter().any(|(verdict, _)| *verdict == Verdict::SuspectedDistillation));
    let calls = world.calls();
    for shape in Shape::ALL {
        let folder = place.path().join(shape.name());
        std::fs::create_dir(&folder).unwrap();
        calls.write_as(&folder, shape).unwrap();
        let document = analysed(&folder, &table, (shape == Shape::Bedrock).then_some("session"));
        assert_eq!(document.intake.rows_kept, plain.intake.rows_kept, "{}", shape.name());
        let found = networks(&document);
        if shape == Shape::AccessLog {
            // Neither text nor tokens: nothing is extraction, and every network is one of accounts run as one.
            assert!(found.iter().all(|(verdict, _)| *verdict == Verdict::Coordinated), "{found:#?}");
            assert!(!found.is_empty());
        } else {
            assert_eq!(found, expected, "{}", shape.name());
        }
    }
}
