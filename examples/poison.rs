//! Measures what adversaries who know the method gain: `cargo run --release --example poison -- --out docs/poisoning.md`.

use clap::Parser;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
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

#[derive(Parser)]
#[command(about = "Write what hiding, framing and drowning do to a planted campaign and to innocents")]
struct Cli {
    /// File to write
    #[arg(long)]
    out: PathBuf,
    /// Worlds of each row
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Throw-away accounts of the largest flood
    #[arg(long, default_value_t = 50_000)]
    flood: usize,
    /// Throw-away accounts of one flood more, in a single world of each row; none without
    #[arg(long)]
    deluge: Option<usize>,
    /// Ordinary people of each world
    #[arg(long, default_value_t = 250)]
    people: usize,
    /// Only rows whose words begin so
    #[arg(long, default_value = "")]
    only: String,
    /// Keep the worlds in folders here
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// What became of the campaign and of innocents, over some worlds.
#[derive(Default)]
struct Outcome {
    worlds: usize,
    found: usize,
    /// Found as suspected or as merely coordinated.
    seen: usize,
    recall: f64,
    /// Innocent accounts in suspected networks: of any confidence, of high confidence.
    innocents: usize,
    sure: usize,
    /// Of those, throw-away accounts.
    thrown: usize,
}

fn analyse(world: &World) -> anyhow::Result<(Document, BTreeMap<String, [String; 2]>)> {
    let folder = tempfile::tempdir()?;
    world.write(folder.path(), false)?;
    let facts = account_table::read(std::fs::File::open(folder.path().join("accounts.csv"))?)?;
    let inputs = find_inputs(&[folder.path().join("events.jsonl")])?;
    let (evidence, read) = read_logs::<Evidence>(&inputs, &FieldMap::generic(), &IngestSettings::default(), &|_| {})?;
    let mut labels = BTreeMap::new();
    for row in csv::Reader::from_path(folder.path().join("labels.csv"))?.records() {
        let row = row?;
        labels.insert(row[0].to_owned(), [row[1].to_owned(), row[2].to_owned()]);
    }
    Ok((investigate_robustly(&evidence, &facts, &read, &Settings::default()), labels))
}

/// One row of the table.
struct Row {
    words: String,
    poison: Option<Poison>,
    /// Worlds of it.
    worlds: u64,
}

fn outcome(cli: &Cli, careful: bool, number: usize, row: &Row) -> anyhow::Result<Outcome> {
    let mut all = Outcome::default();
    for seed in 1..=row.worlds {
        let planted = Planted { accounts: 40, requests: 40, cover: 0.0, paraphrase: 0.0, careful };
        let mut world = World::generate(&WorldSettings {
            seed,
            people: cli.people,
            campaigns: false,
            planted: Some(planted),
            ..WorldSettings::default()
        });
        if let Some(poison) = row.poison {
            world.poison(poison, seed);
        }
        if let Some(keep) = &cli.keep {
            let name = format!("{}-{number}-{seed}", if careful { "careful" } else { "careless" });
            world.write(&keep.join(name), false)?;
        }
        let (document, labels) = analyse(&world)?;
        let guilty = labels.values().filter(|l| !l[0].is_empty()).count();
        let (mut best, mut seen): (f64, f64) = (0.0, 0.0);
        for network in &document.networks {
            let innocents: Vec<&String> =
                network.members.iter().filter(|m| labels.get(*m).is_some_and(|l| l[0].is_empty())).collect();
            let hits = network.members.len() - innocents.len();
            let overlap = hits as f64 / (network.members.len() + guilty - hits) as f64;
            if network.verdict <= Verdict::Coordinated {
                seen = seen.max(overlap);
            }
            if network.verdict != Verdict::SuspectedDistillation {
                continue;
            }
            best = best.max(overlap);
            all.recall += hits as f64 / guilty as f64;
            all.innocents += innocents.len();
            all.thrown += innocents.iter().filter(|m| labels[**m][1] == "throw-away").count();
            all.sure += if network.confidence == Confidence::High { innocents.len() } else { 0 };
        }
        all.worlds += 1;
        all.found += usize::from(best >= 0.5);
        all.seen += usize::from(seen >= 0.5);
    }
    Ok(all)
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let row = |words: String, poison| Row { words, poison, worlds: cli.seeds };
    let mut rows = vec![row("nothing".to_owned(), None)];
    for padding in [0, 1, 3, 9] {
        let words = format!("hides: {padding} popular prompts for each of its own, innocents' addresses");
        rows.push(row(words, Some(Poison::Hide { padding })));
    }
    for victims in Victims::ALL {
        let words = format!("frames {}: their template, a client of theirs", victims.population());
        rows.push(row(words, Some(Poison::Frame(victims))));
    }
    let floods = [cli.flood / 50, cli.flood].map(|accounts| (accounts, cli.seeds));
    for (accounts, worlds) in floods.into_iter().chain(cli.deluge.map(|accounts| (accounts, 1))) {
        for parrot in [false, true] {
            let with = if parrot { "one of them in its template" } else { "popular prompts" };
            let words = format!("drowns: {accounts} accounts of two requests, {with}");
            rows.push(Row { worlds, ..row(words, Some(Poison::Drown { accounts, parrot })) });
        }
    }
    let mut text = format!(
        "# Adversaries who know the method\n\nMade by `cargo run --release --example poison -- --out docs/poisoning.md --seeds {} \
         --flood {}{} --people {}`: worlds with {} ordinary people, the other innocents that go with them, and one campaign of 40 accounts with \
         40 requests each. A campaign is found where a suspected network overlaps it by half (Jaccard).\n\n\
         | operator | what it does | found as suspected | found, at least as coordinated | recall of accounts | innocents in suspected networks | of high confidence | throw-away accounts among them |\n\
         |---|---|---|---|---|---|---|---|\n",
        cli.seeds,
        cli.flood,
        cli.deluge.map(|n| format!(" --deluge {n}")).unwrap_or_default(),
        cli.people,
        cli.people
    );
    for careful in [false, true] {
        for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.words.starts_with(&cli.only)) {
            let o = outcome(&cli, careful, number, row)?;
            let operator = if careful { "careful" } else { "careless" };
            let recall = o.recall / o.worlds as f64;
            let Outcome { worlds, found, seen, innocents, sure, thrown, .. } = o;
            let words = &row.words;
            let line = format!(
                "| {operator} | {words} | {found} of {worlds} | {seen} of {worlds} | {recall:.2} | {innocents} | {sure} | {thrown} |"
            );
            eprintln!("{line}");
            writeln!(text, "{line}")?;
        }
    }
    std::fs::write(&cli.out, text)?;
    Ok(())
}
