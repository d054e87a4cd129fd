//! Writes a labelled world: `cargo run --release --example simulate -- --out WORLD`. One to measure speed on, of a million
//! requests: `-- --out WORLD --requests 1000000 --accounts 10000`.

use clap::Parser;
use std::path::PathBuf;
use stillhunt::validation::simulate::vendors::Shape;
use stillhunt::validation::simulate::{Format, LargeWorld, World, WorldSettings};

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
    /// A large world of so many requests, which is not held in memory
    #[arg(long, requires = "accounts", conflicts_with_all = ["people", "zstd", "shape"])]
    requests: Option<u64>,
    /// Accounts of a large world
    #[arg(long, requires = "requests")]
    accounts: Option<usize>,
    /// Files of a large world: jsonl, jsonl.zst or parquet; may be given several times
    #[arg(long, requires = "requests", default_value = "jsonl")]
    format: Vec<String>,
    /// Median length of the material at the end of each payload, bytes; with 450 a request is a kilobyte of JSON
    #[arg(long, default_value_t = 0)]
    prose: usize,
}

fn named<T: Copy>(all: &[T], name_of: fn(T) -> &'static str, name: &str) -> std::io::Result<T> {
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.ok_or_else(|| std::io::Error::other(format!("there is no {name}")))
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
        prose: c.prose,
    };
    if let (Some(requests), Some(accounts)) = (c.requests, c.accounts) {
        let formats: Vec<Format> =
            c.format.iter().map(|name| named(&Format::ALL, Format::name, name)).collect::<std::io::Result<_>>()?;
        let world = LargeWorld::new(&settings, accounts, requests);
        world.write(&c.out, &formats)?;
        println!("{} requests of {} accounts", world.requests(), world.accounts());
        return Ok(());
    }
    let world = World::generate(&settings);
    world.write(&c.out, c.zstd)?;
    let calls = world.calls();
    for name in &c.shape {
        let shape = named(&Shape::ALL, Shape::name, name)?;
        let folder = c.out.join(name);
        std::fs::create_dir_all(&folder)?;
        calls.write_as(&folder, shape)?;
    }
    println!("{} requests of {} accounts", world.requests.len(), world.accounts.len());
    Ok(())
}
