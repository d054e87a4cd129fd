//! Writes a labelled world: `cargo run --release --example simulate -- --out WORLD`.

use clap::Parser;
use std::path::PathBuf;
use stillhunt::simulate::vendors::Shape;
use stillhunt::simulate::{World, WorldSettings};

#[derive(Parser)]
#[command(about = "Write a seeded, labelled world of log events")]
struct Cli {
    /// Folder to write events, accounts.csv and labels.csv to
    #[arg(long)]
    out: PathBuf,
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Ordinary people; other populations scale with them
    #[arg(long, default_value_t = 400)]
    people: usize,
    #[arg(long, default_value_t = 14)]
    days: usize,
    /// No campaign at all
    #[arg(long)]
    quiet_world: bool,
    /// With the hard cases: campaigns that hide in one respect each, innocents that look guilty
    #[arg(long)]
    hard: bool,
    /// Compress the events
    #[arg(long)]
    zstd: bool,
    /// Write the log once more in a vendor's shape, into a folder of its name: litellm, otlp, bedrock or access-log
    #[arg(long)]
    shape: Vec<String>,
}

fn main() -> std::io::Result<()> {
    let c = Cli::parse();
    let settings = WorldSettings {
        seed: c.seed,
        people: c.people,
        campaigns: !c.quiet_world,
        days: c.days.max(2),
        hard: c.hard,
        planted: None,
    };
    let world = World::generate(&settings);
    world.write(&c.out, c.zstd)?;
    let calls = world.calls();
    for name in &c.shape {
        let shape = Shape::ALL.into_iter().find(|s| s.name() == name);
        let shape = shape.ok_or_else(|| std::io::Error::other(format!("there is no shape {name}")))?;
        let folder = c.out.join(name);
        std::fs::create_dir_all(&folder)?;
        calls.write_as(&folder, shape)?;
    }
    println!("{} requests of {} accounts", world.requests.len(), world.accounts.len());
    Ok(())
}
