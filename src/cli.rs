//! Words typed by a person, progress, colours and exit status. The only module that knows clap, anyhow and indicatif.

mod analyze;
mod check;
mod collect;
mod custody;
mod evaluate;
mod exports;
mod formats;
mod input;
mod inspect;
mod interruption;
mod manual;
mod names;
mod output;
mod resources;
mod sharing;
mod usage;

use clap::{CommandFactory, Parser, Subcommand};
use output::{lines_visible, print};
use std::io::{self, Write};
use std::process::ExitCode;
use stillhunt::document::visible::visible;
use stillhunt::evidence::shards::ShardError;
use stillhunt::intake::ingest::IngestError;
use stillhunt::report::case::CaseError;
use stillhunt::report::json_schema;
use usage::UsageError;

#[derive(Parser)]
#[command(
    version,
    about = "Find suspected coordinated distillation networks in exported LLM-API logs, offline, with evidence.",
    after_help = "Exit status:
  0         done (analyze: nothing suspected)
  1         failed (verify: something differs)
  2         wrong usage
  3         nothing readable
  10        analyze: suspected networks found
  130, 143  interrupted (Ctrl-C, SIGTERM)

A finding is a reason to look, not a finding of fact: coordination is not guilt.

Examples:
  stillhunt check logs/
  stillhunt analyze 'logs/*.jsonl.zst' --accounts accounts.csv -o CASE
  stillhunt inspect CASE N-0123456789ab
  stillhunt report CASE --format markdown"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Turn logs into a case: a report of suspected networks with the evidence behind it
    Analyze(Box<analyze::Analyze>),
    /// Dry run: show what would be read, rejected and tested
    Check(check::Check),
    /// Collect evidence from part of the logs, to analyse all parts together later
    Collect(collect::Collect),
    /// Print the query with which a Spark cluster collects evidence
    Plan(collect::Plan),
    /// Print the summary of a case again, or export it in another format, without the logs
    Report(exports::Arguments),
    /// Show the evidence for one network, or what two accounts share
    Inspect(inspect::Inspect),
    /// Score a case against labels (account_id, campaign, population)
    Evaluate(evaluate::Evaluate),
    /// Check a case against its hashes and, given the logs, derive every figure again
    Verify(custody::Verify),
    /// Follow networks from one case to another: grown, shrunk, split, merged, vanished, new
    Compare(custody::Compare),
    /// Print the JSON Schema of report.json
    Schema,
    /// Print completions for a shell
    Completions {
        /// Shell to complete in
        shell: clap_complete::Shell,
    },
    /// Print the manual page (roff), or write one for every command
    Man(manual::Manual),
    /// List the log formats that are recognised without a map
    Formats {
        #[command(subcommand)]
        command: Option<formats::Formats>,
    },
}

/// Runs the program.
pub fn run() -> ExitCode {
    // A panic quotes what it met, perhaps a cell of a log. The Parquet reader's are caught and told as errors of the file.
    std::panic::set_hook(Box::new(|panic| {
        let _ = writeln!(anstream::stderr(), "{}", visible(&panic.to_string()));
    }));
    match dispatch(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Ours quote their cause themselves.
            let own = error.is::<IngestError>() || error.is::<CaseError>() || error.is::<ShardError>();
            let said = if own { error.to_string() } else { format!("{error:#}") };
            let _ = writeln!(anstream::stderr(), "error: {}", lines_visible(&said));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if let Some(error) = error.downcast_ref::<IngestError>() {
        error.exit_code()
    } else if let Some(error) = error.downcast_ref::<CaseError>() {
        error.exit_code()
    } else if let Some(error) = error.downcast_ref::<ShardError>() {
        error.exit_code()
    } else if error.is::<UsageError>() {
        2
    } else {
        1
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

fn dispatch(Cli { command }: Cli) -> anyhow::Result<u8> {
    match command {
        Command::Analyze(arguments) => analyze::analyze(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Collect(arguments) => collect::collect(&arguments),
        Command::Plan(arguments) => collect::plan(&arguments),
        Command::Report(arguments) => exports::run(&arguments),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Evaluate(arguments) => evaluate::evaluate(&arguments),
        Command::Verify(arguments) => custody::verify(&arguments),
        Command::Compare(arguments) => custody::compare(&arguments),
        Command::Schema => {
            print(&(json_schema() + "\n"))?;
            Ok(0)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "stillhunt", &mut script);
            print(&String::from_utf8(script)?)?;
            Ok(0)
        }
        Command::Man(arguments) => manual::manual(&arguments, Cli::command()),
        Command::Formats { command } => formats::formats(command.as_ref()),
    }
}
