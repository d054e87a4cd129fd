//! Prints each call as it is understood, one JSON object a line: `cargo run --example canonical -- LOGS... [--account-field
//! FIELD]`. For whoever writes a field map.

use clap::Parser;
use std::path::PathBuf;
use stillhunt::event::{Event, Fold};
use stillhunt::ingest::{find_inputs, read_logs};
use stillhunt::normalise::{FieldMap, canonical};
use stillhunt::settings::IngestSettings;

#[derive(Parser)]
struct Cli {
    #[arg(required = true)]
    logs: Vec<PathBuf>,
    #[arg(long)]
    account_field: Option<String>,
}

#[derive(Default)]
struct Lines(Vec<(i64, String)>);

impl Fold for Lines {
    fn push(&mut self, event: &Event<'_>) {
        self.0.push((event.ts_us, serde_json::Value::Object(canonical(event)).to_string()));
    }

    fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    fn finish(&mut self) -> std::io::Result<()> {
        self.0.sort();
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cli = Cli::parse();
    let settings = IngestSettings { account_field: cli.account_field, ..IngestSettings::default() };
    let (lines, _) = read_logs::<Lines>(&find_inputs(&cli.logs)?, &FieldMap::generic(), &settings, &|_| {})?;
    lines.0.iter().for_each(|(_, line)| println!("{line}"));
    Ok(())
}
