//! Measures what each vendor's log loses: a labelled world written in every shape, read again and investigated.
//! `cargo run --release --example shapes -- --out docs/shapes.md [WORLD]`

use clap::Parser;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use stillhunt::document::{Document, Verdict};
use stillhunt::evidence::features::Evidence;
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::report::tables;
use stillhunt::validation::evaluate::evaluate;
use stillhunt::validation::simulate::vendors::{Calls, Shape};
use stillhunt::validation::simulate::{World, WorldSettings};

#[derive(Parser)]
#[command(about = "Write what vendors' shapes of a log lose as a Markdown table")]
struct Cli {
    /// File to write
    #[arg(long)]
    out: PathBuf,
    /// Folder with events, accounts.csv and labels.csv; without it the hard simulated world of seed 1
    world: Option<PathBuf>,
}

fn analysed(logs: &Path, world: &Path, account_field: Option<&str>) -> Result<Document, Box<dyn Error>> {
    let settings = IngestSettings { account_field: account_field.map(str::to_owned), ..IngestSettings::default() };
    let inputs = find_inputs(&[logs.join("events*")])?;
    let (evidence, report): (Evidence, _) = read_logs(&inputs, &FieldMap::generic(), &settings, &|_| {})?;
    let facts = account_table::read(std::fs::File::open(world.join("accounts.csv"))?)?;
    Ok(investigate(&Scope::new(&evidence, &facts, &report), &Settings::default()))
}

fn suspected(document: &Document) -> BTreeSet<&[String]> {
    let suspected = document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation);
    suspected.map(|n| n.members.as_slice()).collect()
}

/// Columns that the log as it was has and this one has not.
fn lost(plain: &Document, shaped: &Document) -> String {
    let has = |d: &Document| -> BTreeSet<String> {
        d.intake.fill_rates.iter().filter(|f| f.share > 0.0).map(|f| f.column.clone()).collect()
    };
    let lost: Vec<String> = has(plain).difference(&has(shaped)).cloned().collect();
    if lost.is_empty() { "nothing".to_owned() } else { lost.join(", ") }
}

fn row(name: &str, plain: &Document, shaped: &Document, world: &Path) -> Result<String, Box<dyn Error>> {
    let labels = std::fs::File::open(world.join("labels.csv"))?;
    let scores = evaluate(tables::accounts(shaped)?.as_slice(), labels)?;
    let same = suspected(plain).intersection(&suspected(shaped)).count();
    let silent: Vec<&str> = shaped.signals.iter().filter(|s| !s.evaluable).map(|s| s.name.as_str()).collect();
    let found = scores.per_campaign.values().filter(|c| c.jaccard >= 0.5).count();
    let coordinated = shaped.networks.iter().filter(|n| n.verdict == Verdict::Coordinated).count();
    Ok(format!(
        "| {name} | {} | {same} of {} | {found} of {} | {:.3} | {:.3} | {} | {coordinated} | {} | {} |\n",
        shaped.intake.rows_kept,
        suspected(plain).len(),
        scores.per_campaign.len(),
        scores.account.precision,
        scores.account.recall,
        scores.false_networks,
        lost(plain, shaped),
        silent.join(", "),
    ))
}

fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let place = tempfile::tempdir()?;
    let (world, what) = match cli.world {
        Some(world) => (world, "a world passed on the command line"),
        None => {
            World::generate(&WorldSettings { seed: 1, hard: true, ..WorldSettings::default() })
                .write(place.path(), false)?;
            (place.path().to_owned(), "the hard simulated world of seed 1")
        }
    };
    let (calls, _): (Calls, _) =
        read_logs(&find_inputs(&[world.join("events*")])?, &FieldMap::generic(), &IngestSettings::default(), &|_| {})?;
    let plain = analysed(&world, &world, None)?;
    let mut table = format!(
        "# What vendors' shapes of a log lose\n\nMade by `cargo run --release --example shapes -- --out docs/shapes.md`: {what}, \
         written in each shape, read again and investigated. `Same` counts suspected networks with exactly the members that \
         they have in the log as it was; LiteLLM cuts long texts, Bedrock has whole seconds and its clients in CloudTrail, an \
         access log has neither texts nor tokens nor models.\n\n\
         | shape | calls | same | campaigns found | precision | recall | false networks | coordinated groups | columns lost | not evaluable |\n\
         |---|---|---|---|---|---|---|---|---|---|\n"
    );
    write!(table, "{}", row("as it was", &plain, &plain, &world)?)?;
    for shape in Shape::ALL {
        let folder = tempfile::tempdir()?;
        calls.write_as(folder.path(), shape)?;
        let shaped = analysed(folder.path(), &world, (shape == Shape::Bedrock).then_some("session"))?;
        table += &row(shape.name(), &plain, &shaped, &world)?;
    }
    std::fs::write(cli.out, table)?;
    Ok(())
}
