//! What several integration tests share: simulated worlds on disk, and the whole method run on them.

#[allow(dead_code, reason = "not every test puts accounts of its own into a world")]
pub mod added;

use std::path::Path;
use stillhunt::document::Document;
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::validation::simulate::{World, WorldSettings};

/// Writes a world into `folder`, as `stillhunt` would find it.
pub fn write_world(folder: &Path, settings: &WorldSettings) {
    World::generate(settings).write(folder, false).unwrap();
}

/// Analyses the logs in `folder/events*` with `folder/accounts.csv`.
pub fn analyse(folder: &Path) -> Document {
    analyse_with(folder, &Settings::default())
}

/// [`analyse`] under other settings.
pub fn analyse_with(folder: &Path, settings: &Settings) -> Document {
    let facts = account_table::read(std::fs::File::open(folder.join("accounts.csv")).unwrap()).unwrap();
    let inputs = find_inputs(&[folder.join("events*")]).unwrap();
    let (evidence, report) = read_logs(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {}).unwrap();
    investigate(&Scope::new(&evidence, &facts, &report), settings)
}
