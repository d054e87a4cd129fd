//! Measures what the method finds and what it misses, on worlds with one planted campaign, and how often it raises a
//! false alarm on worlds without: `cargo run --release --example power -- --out docs/power.md`.

use clap::Parser;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use stillhunt::document::{Document, Verdict};
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::validation::simulate::{Planted, World, WorldSettings};

#[derive(Parser)]
#[command(about = "Write power curves and the rate of false networks as a Markdown table")]
struct Cli {
    /// File to write
    #[arg(long)]
    out: PathBuf,
    /// Worlds of each cell
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// Worlds without campaigns
    #[arg(long, default_value_t = 100)]
    quiet_seeds: u64,
    /// Ordinary people of each world; the other innocent populations scale with them
    #[arg(long, default_value_t = 250)]
    people: usize,
}

/// The campaign of which one property is varied at a time.
const BASE: Planted = Planted { accounts: 40, requests: 40, cover: 0.0, paraphrase: 0.0, careful: false };
const SIZES: [usize; 9] = [2, 3, 4, 5, 8, 20, 40, 100, 300];
const REQUESTS: [usize; 8] = [2, 3, 4, 6, 10, 40, 100, 500];
const COVERS: [f64; 6] = [0.0, 0.5, 0.7, 0.8, 0.9, 0.95];
const PARAPHRASES: [f64; 6] = [0.0, 0.25, 0.5, 0.75, 0.9, 1.0];

/// What became of one planted campaign.
struct Fate {
    /// Best overlap (Jaccard) with a suspected network, and with any reported one.
    suspected: f64,
    coordinated: f64,
    /// Share of its accounts in suspected networks.
    recall: f64,
    /// Suspected networks most of whose accounts are innocent.
    false_networks: usize,
}

fn world(settings: &WorldSettings) -> anyhow::Result<(Document, BTreeSet<String>)> {
    let folder = tempfile::tempdir()?;
    World::generate(settings).write(folder.path(), false)?;
    let mut guilty = BTreeSet::new();
    for row in csv::Reader::from_path(folder.path().join("labels.csv"))?.records() {
        let row = row?;
        if !row[1].is_empty() {
            guilty.insert(row[0].to_owned());
        }
    }
    Ok((analyse(folder.path())?, guilty))
}

fn analyse(folder: &Path) -> anyhow::Result<Document> {
    let facts = account_table::read(std::fs::File::open(folder.join("accounts.csv"))?)?;
    let inputs = find_inputs(&[folder.join("events.jsonl")])?;
    let (evidence, read) = read_logs(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {})?;
    Ok(investigate(&Scope::new(&evidence, &facts, &read), &Settings::default()))
}

fn fate(settings: &WorldSettings) -> anyhow::Result<Fate> {
    let (document, guilty) = world(settings)?;
    let mut fate = Fate { suspected: 0.0, coordinated: 0.0, recall: 0.0, false_networks: 0 };
    for network in &document.networks {
        let hits = network.members.iter().filter(|m| guilty.contains(*m)).count();
        let overlap = hits as f64 / (network.members.len() + guilty.len() - hits) as f64;
        fate.coordinated = overlap.max(fate.coordinated);
        if network.verdict == Verdict::SuspectedDistillation {
            fate.suspected = overlap.max(fate.suspected);
            fate.recall += hits as f64 / guilty.len().max(1) as f64;
            fate.false_networks += usize::from(2 * hits < network.members.len());
        }
    }
    Ok(fate)
}

/// 95 % interval of a share (Wilson 1927).
fn wilson(hits: usize, of: usize) -> (f64, f64) {
    let (n, p, z) = (of as f64, hits as f64 / of as f64, 1.959_964);
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

fn share(hits: usize, of: usize) -> String {
    let (low, high) = wilson(hits, of);
    format!("{hits} of {of} ({:.0} to {:.0} %)", 100.0 * low, 100.0 * high)
}

type Vary = fn(&mut Planted, f64);

fn curve(text: &mut String, cli: &Cli, title: &str, levels: &[f64], unit: &str, vary: Vary) -> anyhow::Result<()> {
    writeln!(text, "\n## {title}\n")?;
    writeln!(
        text,
        "| {unit} | operator | found as suspected | found, at least as coordinated | recall of accounts | false networks |"
    )?;
    writeln!(text, "|---|---|---|---|---|---|")?;
    let cells: Vec<(f64, bool)> = levels.iter().flat_map(|l| [(*l, false), (*l, true)]).collect();
    let jobs: Vec<(f64, bool, u64)> =
        cells.iter().flat_map(|(l, c)| (1..=cli.seeds).map(|seed| (*l, *c, seed))).collect();
    let fates: Vec<Fate> = jobs
        .par_iter()
        .map(|(level, careful, seed)| {
            let mut planted = Planted { careful: *careful, ..BASE };
            vary(&mut planted, *level);
            fate(&WorldSettings {
                seed: *seed,
                people: cli.people,
                campaigns: false,
                planted: Some(planted),
                ..WorldSettings::default()
            })
        })
        .collect::<anyhow::Result<_>>()?;
    for ((level, careful), fates) in cells.iter().zip(fates.chunks(cli.seeds as usize)) {
        let count = |of: fn(&Fate) -> f64| fates.iter().filter(|f| of(f) >= 0.5).count();
        writeln!(
            text,
            "| {level} | {} | {} | {} | {:.2} | {} |",
            if *careful { "careful" } else { "careless" },
            share(count(|f| f.suspected), fates.len()),
            share(count(|f| f.coordinated), fates.len()),
            fates.iter().map(|f| f.recall).sum::<f64>() / fates.len() as f64,
            fates.iter().map(|f| f.false_networks).sum::<usize>(),
        )?;
    }
    eprintln!("{title}: done");
    Ok(())
}

fn quiet(text: &mut String, cli: &Cli) -> anyhow::Result<()> {
    writeln!(text, "\n## Worlds without a campaign\n")?;
    writeln!(
        text,
        "| innocents | worlds | with a suspected network | suspected networks | merely coordinated networks a world |"
    )?;
    writeln!(text, "|---|---|---|---|---|")?;
    for (name, hard) in [("ordinary", false), ("ordinary and hard", true)] {
        let worlds = (cli.quiet_seeds / 2) as usize;
        let found: Vec<(usize, usize)> = (1..=worlds as u64)
            .into_par_iter()
            .map(|seed| {
                let seed = 1000 + seed;
                let settings =
                    WorldSettings { seed, people: cli.people, campaigns: false, hard, ..WorldSettings::default() };
                let (document, _) = world(&settings)?;
                let suspected =
                    document.networks.iter().filter(|n| n.verdict == Verdict::SuspectedDistillation).count();
                Ok((suspected, document.networks.len() - suspected))
            })
            .collect::<anyhow::Result<_>>()?;
        writeln!(
            text,
            "| {name} | {worlds} | {} | {} | {:.2} |",
            share(found.iter().filter(|(suspected, _)| *suspected > 0).count(), worlds),
            found.iter().map(|(suspected, _)| suspected).sum::<usize>(),
            found.iter().map(|(_, coordinated)| coordinated).sum::<usize>() as f64 / worlds as f64,
        )?;
    }
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let mut text = String::from("# Power and false alarms\n\n");
    writeln!(
        text,
        "Made by `cargo run --release --example power -- --out docs/power.md --seeds {} --quiet-seeds {} --people {}` with stillhunt {}, \
         method without the leave-one-layer-out runs, which change no verdict.\n",
        cli.seeds,
        cli.quiet_seeds,
        cli.people,
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(
        text,
        "Each world holds some {} innocent accounts over {} days and one planted campaign of {} accounts with {} requests each, of \
         which one property is varied. A *careless* operator shares payments and gateways and signs up within nine days; a *careful* one \
         pays for each account by itself, uses a new address for every request and signs up over a month. Both never sleep. \
         Found means an overlap (Jaccard) of a half or more. Shares with 95 % intervals (Wilson 1927). The worlds are simulated: \
         the table says how the method scales, not what it does on a log of yours.",
        cli.people * 8 / 5,
        WorldSettings::default().days,
        BASE.accounts,
        BASE.requests
    )?;
    let sizes: Vec<f64> = SIZES.map(|s| s as f64).to_vec();
    let requests: Vec<f64> = REQUESTS.map(|r| r as f64).to_vec();
    curve(&mut text, &cli, "Size of the network", &sizes, "accounts", |p, v| p.accounts = v as usize)?;
    curve(&mut text, &cli, "Requests of an account", &requests, "requests", |p, v| p.requests = v as usize)?;
    curve(&mut text, &cli, "Cover traffic", &COVERS, "share", |p, v| p.cover = v)?;
    curve(&mut text, &cli, "Paraphrase", &PARAPHRASES, "share", |p, v| p.paraphrase = v)?;
    quiet(&mut text, &cli)?;
    if let Some(folder) = cli.out.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&cli.out, text)?;
    Ok(())
}
