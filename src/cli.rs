//! Words typed by a person, progress, colours and exit status. The only module that knows clap, anyhow and indicatif.

mod check;
mod collect;
mod custody;
mod exports;
mod interruption;
mod names;
mod resources;

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use interruption::Stage;
use resources::Resources;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use stillhunt::document::signal::Layer;
use stillhunt::document::visible::visible;
use stillhunt::document::{self, Document};
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::shards::{self, ShardError};
use stillhunt::evidence::table;
use stillhunt::intake::account_table::{self, AccountTable, Facts};
use stillhunt::intake::formats::{self, SHIPPED};
use stillhunt::intake::ingest::{self, IngestError, IngestReport, Progress, Reject};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::robustness::investigate_robustly;
use stillhunt::judgement::scope::Settings;
use stillhunt::report::allow_list::AllowList;
use stillhunt::report::case::{CaseError, Hashed, Role};
use stillhunt::report::pseudonyms::Pseudonyms;
use stillhunt::report::terminal::{TerminalOptions, View, summary};
use stillhunt::report::{case, escape, inspect, json_schema};
use stillhunt::validation::evaluate;

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

/// Heading of the options that say what is written, and where.
const OUTPUT: &str = "Output";

#[derive(Subcommand)]
enum Command {
    /// Turn logs into a case: a report of suspected networks with the evidence behind it
    #[command(
        after_help = "Exit status: 0 nothing suspected, 10 suspected networks found; other codes as in `stillhunt --help`.

Examples:
  stillhunt analyze events.jsonl.zst --accounts accounts.csv -o CASE
  stillhunt analyze logs/ --map map.toml --leave-out content -o CASE
  stillhunt analyze logs/ --pseudonymise key --allow known-good.toml -o CASE --view quiet"
    )]
    Analyze {
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
        layout: exports::Layout,
        #[command(flatten)]
        sharing: Sharing,
        #[command(flatten)]
        resources: Resources,
    },
    /// Dry run: show what would be read, rejected and tested
    Check {
        #[command(flatten)]
        input: Input,
        /// Print JSON
        #[arg(long, help_heading = OUTPUT)]
        json: bool,
        #[command(flatten)]
        resources: Resources,
    },
    /// Collect evidence from part of the logs, to analyse all parts together later
    Collect(collect::Collect),
    /// Print the query with which a Spark cluster collects evidence
    Plan(collect::Plan),
    /// Print the summary of a case again, or export it in another format, without the logs
    Report(exports::Arguments),
    /// Show the evidence for one network, or what two accounts share
    Inspect {
        /// Folder that `analyze` wrote
        case: PathBuf,
        /// A network id (a unique prefix is enough) or two account ids
        #[arg(required = true, num_args = 1..=2, value_name = "NETWORK or ACCOUNT ACCOUNT")]
        names: Vec<String>,
    },
    /// Score a case against labels (account_id, campaign, population)
    Evaluate {
        /// Folder that `analyze` wrote
        case: PathBuf,
        /// CSV with a row for each account; campaign is empty for accounts in none
        labels: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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
    #[command(after_help = "Examples:
  stillhunt man | man -l -
  stillhunt man -o ~/.local/share/man/man1")]
    Man {
        /// Existing folder for stillhunt.1, stillhunt-analyze.1 and so on; pages that are there are replaced
        #[arg(short, long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
    /// List the log formats that are recognised without a map
    Formats {
        #[command(subcommand)]
        command: Option<FormatsCommand>,
    },
}

#[derive(Subcommand)]
enum FormatsCommand {
    /// Print the field map of a format, to copy and edit
    Show {
        /// Format, such as litellm
        #[arg(value_parser = one_of::<String>(SHIPPED.iter().map(|s| s.name)), hide_possible_values = true)]
        name: String,
    },
    /// Print what each format carries, as Markdown
    Table,
    /// Print the columns that a field map can fill, as Markdown
    Columns,
}

#[derive(Args)]
struct Input {
    /// Log files, directories or patterns (JSON lines, CSV or Parquet; plain, .gz or .zst), or evidence from `collect`
    #[arg(required = true)]
    logs: Vec<PathBuf>,
    /// CSV with facts about accounts: payment, device, phone, creation, closure
    #[arg(long)]
    accounts: Option<PathBuf>,
    #[command(flatten)]
    understanding: Understanding,
}

/// Takes one of these words and no other, so that a shell completes them and a near one is suggested.
fn one_of<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::fmt::Display> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>().map_err(|e| UsageError(e.to_string())))
}

/// How rows are understood.
#[derive(Args)]
struct Understanding {
    /// TOML file that maps the log's columns
    #[arg(long)]
    map: Option<PathBuf>,
    /// Read every log as this format (default: detected); `stillhunt formats` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "map")]
    #[arg(value_parser = one_of::<String>(SHIPPED.iter().map(|s| s.name)), hide_possible_values = true)]
    format: Option<String>,
    /// Column that identifies an account, or a preset such as key or user
    #[arg(long, value_name = "COLUMN or PRESET")]
    account_field: Option<String>,
}

impl Understanding {
    fn settings(&self) -> IngestSettings {
        let Self { format, account_field, .. } = self;
        IngestSettings { format: format.clone(), account_field: account_field.clone(), ..IngestSettings::default() }
    }
}

/// What is done to a document before anybody sees it.
#[derive(Args)]
struct Sharing {
    /// Replace accounts, organisations, shared objects and paths by keyed pseudonyms (HMAC-SHA-256) in all outputs;
    /// the key file holds at least 16 bytes
    #[arg(long, value_name = "KEYFILE", help_heading = OUTPUT)]
    pseudonymise: Option<PathBuf>,
    /// Allow list (TOML) of organisations, accounts and templates known to be good; networks that it covers are set aside
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    allow: Option<PathBuf>,
}

/// The same, read.
struct Prepared {
    pseudonyms: Option<Pseudonyms>,
    allow: Option<AllowList>,
}

impl Sharing {
    /// Reads the files, so that a wrong one is refused before the work.
    fn prepare(&self) -> Result<Prepared, UsageError> {
        let bytes_of = |what: &str, path: &Path| {
            std::fs::read(path)
                .map_err(|e| UsageError(format!("the {what} {} cannot be read: {e}", ingest::shown(path))))
        };
        let wrong = |path: &Path, e: &dyn std::fmt::Display| UsageError(format!("{}: {e}", ingest::shown(path)));
        let key = |path: &PathBuf| Pseudonyms::new(&bytes_of("key file", path)?).map_err(|e| wrong(path, &e));
        let list = |path: &PathBuf| {
            let text = String::from_utf8(bytes_of("allow list", path)?)
                .map_err(|e| wrong(path, &format!("not a valid allow list: not UTF-8: {e}")))?;
            AllowList::from_toml(&text).map_err(|e| wrong(path, &e))
        };
        Ok(Prepared {
            pseudonyms: self.pseudonymise.as_ref().map(key).transpose()?,
            allow: self.allow.as_ref().map(list).transpose()?,
        })
    }
}

impl Prepared {
    /// The list is applied first, for it names accounts as they are.
    fn apply(&self, mut document: Document) -> anyhow::Result<Document> {
        if let Some(list) = &self.allow {
            list.apply(&mut document);
        }
        match &self.pseudonyms {
            None => Ok(document),
            Some(names) => names.document(&document).map_err(|e| UsageError(e.to_string()).into()),
        }
    }

    /// The evidence as a table, and the rejected rows, under the names that others may see.
    fn beside(&self, evidence: &Evidence, read: &IngestReport) -> anyhow::Result<(Vec<u8>, Vec<Reject>)> {
        let named = |kind: &str, value: &str| self.named(kind, value);
        let table = table::parquet_under(evidence, &named);
        let table = table.context("the evidence cannot be written as a table")?;
        let rejects = read.rejects.iter().map(|r| Reject { file: named("file", &r.file), ..r.clone() });
        Ok((table, rejects.collect()))
    }

    /// Name of a value in the tables beside the document.
    fn named(&self, kind: &str, value: &str) -> String {
        self.pseudonyms.as_ref().map_or_else(|| value.to_owned(), |p| p.of(kind, value))
    }
}

/// What was read.
struct Reading {
    evidence: Evidence,
    facts: BTreeMap<String, Facts>,
    read: IngestReport,
    /// The account table and the map, where given.
    beside: Vec<Hashed>,
}

impl Reading {
    /// What was read, with what the account table and exports say of its accounts.
    fn new(evidence: Evidence, table: Option<AccountTable>, mut read: IngestReport, beside: Vec<Hashed>) -> Self {
        if let Some(table) = &table {
            let held = table.held_against(evidence.accounts.keys().map(AsRef::as_ref));
            if held.starts_with(account_table::NONE) {
                read.intake.warnings.push(held.clone());
            }
            read.remark(&[held]);
            read.remark(&table.notes);
        }
        let mut facts = table.unwrap_or_default().facts;
        account_table::add_exported(&mut facts, &mut read, |account| evidence.accounts.contains_key(account));
        warn(&read);
        Self { evidence, facts, read, beside }
    }
}

/// Says on standard error what nobody should miss, whatever else is printed.
fn warn(read: &IngestReport) {
    for warning in &read.intake.warnings {
        let _ = writeln!(anstream::stderr(), "warning: {}", visible(warning));
    }
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

/// Messages quote cells and names of files: a log must not write to the terminal by way of an error.
fn lines_visible(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// What the person asked for cannot be done as asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UsageError(String);

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Reads the logs in the order of their paths, or of these hashes where a case is derived again.
fn read(input: &Input, order: Option<&[String]>, resources: &Resources, stage: &Stage) -> anyhow::Result<Reading> {
    let Input { understanding, .. } = input;
    let (map, hashed) = field_map(understanding.map.as_deref())?;
    let mut beside: Vec<Hashed> = hashed.into_iter().collect();
    let table = input.accounts.as_ref().map(|path| account_table(path, &mut beside)).transpose()?;
    let inputs = ingest::find_inputs(&input.logs)?.of_calls(&map, input.accounts.as_deref())?;
    let inputs = order.map_or(inputs.clone(), |hashes| inputs.in_order_of(hashes));
    let parts = inputs.iter().filter(|path| shards::is_shard(path)).count();
    if parts > 0 {
        if let Some(log) = inputs.iter().find(|path| !shards::is_shard(path)) {
            let text = format!(
                "{} is not evidence from `stillhunt collect`, but other inputs are\nhint: analyse logs and evidence \
                 separately, or collect evidence from the logs first",
                ingest::shown(log)
            );
            return Err(UsageError(text).into());
        }
        if understanding.map.is_some() || understanding.format.is_some() || understanding.account_field.is_some() {
            let text = "--map, --format and --account-field apply when evidence is collected, not when it is analysed\n\
                        hint: leave them out";
            return Err(UsageError(text.to_owned()).into());
        }
        let shards::Merged { evidence, mut read } = shards::merge(&inputs)?;
        for path in inputs.iter() {
            let (sha256, bytes) = ingest::hash_file(path)?;
            beside.push(Hashed::known(path, sha256, bytes).read_as(Role::Evidence));
        }
        read.remark(&inputs.notes);
        return Ok(Reading::new(evidence, table, read, beside));
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg} {elapsed}").context("the progress template is constant")?,
    );
    let tell = |p: Progress| {
        let doing = reading(p);
        stage.enter(doing.clone());
        bar.set_message(doing);
        bar.tick();
    };
    let settings = resources.within(understanding.settings());
    let result = ingest::read_logs::<Evidence>(&inputs, &map, &settings, &tell);
    bar.finish_and_clear();
    let (evidence, mut read) = result?;
    read.remark(&inputs.notes);
    Ok(Reading::new(evidence, table, read, beside))
}

/// Reads the table at `path`, which may be packed, and adds it to the files that were read.
fn account_table(path: &Path, beside: &mut Vec<Hashed>) -> Result<AccountTable, UsageError> {
    let (bytes, hashed) = bytes_of("account table", path)?;
    beside.push(hashed.read_as(Role::Accounts));
    let failed = |e: &dyn std::fmt::Display| UsageError(format!("{} {e}", ingest::shown(path)));
    let bytes = ingest::unpacked(&bytes).map_err(|e| failed(&format!("is damaged: {e}")))?;
    account_table::read(bytes.as_slice()).map_err(|e| failed(&e))
}

/// That something which the person named is there.
fn there(path: &Path) -> Result<(), UsageError> {
    let absent = || UsageError(format!("{} does not exist", ingest::shown(path)));
    path.exists().then_some(()).ok_or_else(absent)
}

/// How far reading is, in words.
fn reading(p: Progress) -> String {
    format!("reading file {} of {}: {} rows", p.files_done + 1, p.files_total, p.rows)
}

fn bytes_of(what: &str, path: &Path) -> Result<(Vec<u8>, Hashed), UsageError> {
    let bytes = std::fs::read(path)
        .map_err(|e| UsageError(format!("the {what} {} cannot be read: {e}", ingest::shown(path))))?;
    let hashed = Hashed::new(path, &bytes);
    Ok((bytes, hashed))
}

/// The field map at `path`, or the generic one.
fn field_map(path: Option<&Path>) -> Result<(FieldMap, Option<Hashed>), UsageError> {
    let Some(path) = path else { return Ok((FieldMap::generic(), None)) };
    let (bytes, hashed) = bytes_of("field map", path)?;
    let text = String::from_utf8(bytes)
        .map_err(|e| UsageError(format!("the field map {} is not UTF-8: {e}", ingest::shown(path))))?;
    let map = FieldMap::from_toml(&text).map_err(|e| UsageError(e.to_string()))?;
    Ok((map, Some(hashed.read_as(Role::Map))))
}

/// What is said when standard output takes nothing more: it is full, or closed.
const NO_OUTPUT: &str = "the output cannot be written";

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(NO_OUTPUT)
}

/// What the manual is about: `help` prints what stands in it, and has no page.
fn manual() -> clap::Command {
    Cli::command().disable_help_subcommand(true)
}

fn terminal(layout: exports::Layout) -> TerminalOptions {
    let seen = || terminal_size::terminal_size().map_or(100, |(w, _)| usize::from(w.0));
    let width = layout.width.map_or_else(seen, usize::from);
    // anstream strips the colours again where they are not wanted: no terminal, NO_COLOR, a dumb one.
    TerminalOptions { width, colour: io::stdout().is_terminal(), view: layout.view }
}

fn dispatch(Cli { command }: Cli) -> anyhow::Result<u8> {
    match command {
        Command::Analyze { input, output, force, exit_zero, leave_out, layout, sharing, resources } => {
            resources.take()?;
            for left in case::left_behind(&output) {
                let _ = writeln!(anstream::stderr(), "note: {}", visible(&left));
            }
            case::may_write(&output, force)?;
            let sharing = sharing.prepare()?;
            let stage = Stage::watched()?;
            let Reading { evidence, facts, read, beside } = read(&input, None, &resources, &stage)?;
            stage.enter(format!("looking for networks among {} accounts", evidence.accounts.len()));
            let settings = Settings { leave_out: leave_out.into_iter().collect(), ..Settings::default() };
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
            stage.write(|| case::write(&output, &document, &rejects, table, &beside, &settings, force))?;
            print(&summary(&document, terminal(layout)))?;
            if layout.view != View::Quiet {
                let page = output.join("report.html");
                let _ = writeln!(anstream::stderr(), "Case written; open {}", ingest::shown(&page));
            }
            // The system takes all memory back at once; list by list it takes seconds.
            std::mem::forget(evidence);
            let suspected = document.networks.iter().any(document::Network::is_suspected);
            Ok(if suspected && !exit_zero { 10 } else { 0 })
        }
        Command::Check { input, json, resources } => {
            resources.take()?;
            let reading = read(&input, None, &resources, &Stage::watched()?)?;
            if json { check::json(&reading) } else { check::check(&reading) }?;
            Ok(0)
        }
        Command::Collect(arguments) => collect::collect(&arguments),
        Command::Plan(arguments) => collect::plan(&arguments),
        Command::Report(arguments) => exports::run(&arguments),
        Command::Verify(arguments) => custody::verify(&arguments),
        Command::Compare(arguments) => custody::compare(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "stillhunt", &mut script);
            print(&String::from_utf8(script)?)?;
            Ok(0)
        }
        Command::Man { output: Some(folder) } => {
            there(&folder)?;
            let written = clap_mangen::generate_to(manual(), &folder);
            written.with_context(|| format!("the manual cannot be written to {}", ingest::shown(&folder)))?;
            Ok(0)
        }
        Command::Man { output: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(manual()).render(&mut page)?;
            print(&String::from_utf8(page)?)?;
            Ok(0)
        }
        Command::Inspect { case, names } => {
            let document = case::read(&case)?;
            let layout = exports::Layout { view: View::Normal, width: None };
            let text = match names.as_slice() {
                [a, b] => inspect::pair(&document, a, b, terminal(layout))
                    .ok_or_else(|| UsageError(names::no_accounts(&document, [a, b]))),
                _ => inspect::network(&document, names::whole_id(&document, &names[0]), terminal(layout))
                    .ok_or_else(|| UsageError(names::no_network(&document, &names[0]))),
            }?;
            print(&text)?;
            Ok(0)
        }
        Command::Evaluate { case, labels, json } => {
            let accounts = case.join("accounts.csv");
            if !accounts.exists() {
                return Err(CaseError::none_at(&case).into());
            }
            let open = |path: &Path| {
                there(path)?;
                File::open(path).with_context(|| format!("{} cannot be read", ingest::shown(path)))
            };
            let found = evaluate::evaluate(open(&accounts)?, open(&labels)?);
            let against = || format!("{} cannot be held against {}", ingest::shown(&case), ingest::shown(&labels));
            let found = found.with_context(against)?;
            print(&if json { escape::json(&found.to_json()?) } else { lines_visible(&found.to_text()) + "\n" })?;
            Ok(0)
        }
        Command::Formats { command } => {
            print(&match command {
                None => check::list_formats()?,
                Some(FormatsCommand::Table) => formats::table()?,
                Some(FormatsCommand::Columns) => formats::columns(),
                Some(FormatsCommand::Show { name }) => {
                    let found = SHIPPED.iter().find(|s| s.name == name);
                    found.ok_or(IngestError::UnknownName(name))?.toml.to_owned()
                }
            })?;
            Ok(0)
        }
        Command::Schema => {
            print(&(json_schema() + "\n"))?;
            Ok(0)
        }
    }
}
