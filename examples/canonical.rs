//! Prints each call as it is understood, one JSON object a line: `cargo run --example canonical -- LOGS... [--account-field
//! FIELD]`. For whoever writes a field map.

use clap::Parser;
use std::path::PathBuf;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::validation::simulate::vendors::Calls;

#[derive(Parser)]
struct Cli {
    #[arg(required = true)]
    logs: Vec<PathBuf>,
    #[arg(long)]
    account_field: Option<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cli = Cli::parse();
    let settings = IngestSettings { account_field: cli.account_field, ..IngestSettings::default() };
    let (calls, _) = read_logs::<Calls>(&find_inputs(&cli.logs)?, &FieldMap::generic(), &settings, &|_| {})?;
    calls.0.iter().for_each(|call| println!("{call}"));
    Ok(())
}
