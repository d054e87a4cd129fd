//! `analyze`: logs to a case.

use super::input::{Input, Reading, read};
use super::interruption::Stage;
use super::output::{Layout, OUTPUT, print, terminal};
use super::resources::Resources;
use super::sharing::Sharing;
use super::usage::one_of;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use stillhunt::document::Network;
use stillhunt::document::signal::Layer;
use stillhunt::document::visible::visible;
use stillhunt::intake::ingest;
use stillhunt::investigation::robustness::investigate_robustly;
use stillhunt::judgement::scope::Settings;
use stillhunt::report::case::{self, Hashed};
use stillhunt::report::terminal::{View, summary};

/// Arguments of `analyze`.
#[derive(Args)]
#[command(
    after_help = "Exit status: 0 nothing suspected, 10 suspected networks found; other codes as in `stillhunt --help`.

Examples:
  stillhunt analyze events.jsonl.zst --accounts accounts.csv -o CASE
  stillhunt analyze logs/ --map map.toml --leave-out content -o CASE
  stillhunt analyze logs/ --pseudonymise key --allow known-good.toml -o CASE --view quiet"
)]
pub struct Analyze {
    #[command(flatten)]
    input: Input,
    /// Folder to create for the case
    #[arg(short, long, value_name = "CASE", help_heading = OUTPUT)]
    output: PathBuf,
    /// Replace an earlier case
    #[arg(long, help_heading = OUTPUT)]
    force: bool,
    /// Exit 0 even if networks were found
    #[arg(long, help_heading = OUTPUT)]
    exit_zero: bool,
    /// Treat a layer of evidence as absent; may be repeated
    #[arg(long, value_name = "LAYER", value_parser = one_of::<Layer>(Layer::ALL.map(Layer::name)))]
    leave_out: Vec<Layer>,
    #[command(flatten)]
    layout: Layout,
    #[command(flatten)]
    sharing: Sharing,
    #[command(flatten)]
    resources: Resources,
}

/// Runs `analyze`. The exit status says whether a network is suspected.
pub fn analyze(arguments: &Analyze) -> anyhow::Result<u8> {
    let Analyze { input, output, force, exit_zero, leave_out, layout, sharing, resources } = arguments;
    resources.take()?;
    for left in case::left_behind(output) {
        let _ = writeln!(anstream::stderr(), "note: {}", visible(&left));
    }
    case::may_write(output, *force)?;
    let sharing = sharing.prepare()?;
    let stage = Stage::watched()?;
    let Reading { evidence, facts, read, beside } = read(input, None, resources, &stage)?;
    stage.enter(format!("looking for networks among {} accounts", evidence.accounts.len()));
    let settings = Settings { leave_out: leave_out.iter().copied().collect(), ..Settings::default() };
    let document = sharing.apply(investigate_robustly(&evidence, &facts, &read, &settings))?;
    let named = |kind: &str, value: &str| sharing.named(kind, value);
    let (table, rejects) = sharing.beside(&evidence, &read)?;
    let beside: Vec<Hashed> = beside
        .into_iter()
        .map(|h| {
            let path = named("file", h.path());
            h.called(path)
        })
        .collect();
    stage.write(|| case::write(output, &document, &rejects, table, &beside, &settings, *force))?;
    print(&summary(&document, terminal(*layout)))?;
    if layout.view != View::Quiet {
        let page = output.join("report.html");
        let _ = writeln!(anstream::stderr(), "Case written; open {}", ingest::shown(&page));
    }
    // The system takes all memory back at once; list by list it takes seconds.
    std::mem::forget(evidence);
    let suspected = document.networks.iter().any(Network::is_suspected);
    Ok(if suspected && !*exit_zero { 10 } else { 0 })
}
