//! `collect` and `plan`: evidence of parts of a log, on this machine or in the tasks of a cluster.

use super::input::{Understanding, field_map, reading, warn};
use super::interruption::Stage;
use super::output::{NO_OUTPUT, OUTPUT, print};
use super::resources::Resources;
use super::usage::UsageError;

use anyhow::Context;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use stillhunt::document::visible::visible;
use stillhunt::evidence::features::Unsettled;
use stillhunt::evidence::shards::{self, COLUMNS};
use stillhunt::intake::formats::Formats;
use stillhunt::intake::ingest::{self, IngestReport};
use stillhunt::report::case;
use stillhunt::report::terminal::intake_sentence;

/// How much is kept.
#[derive(Args)]
pub struct Thinning {
    /// Keep 1 in N fingerprints (faster; may miss short templates)
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    thin: u64,
}

/// Arguments of `collect`.
#[derive(Args)]
#[command(
    after_help = "Evidence files hold no prompt text except three redacted excerpts per account. All rows of one call must be in the same part; \
                  repeated requests are merged only within a part.

Examples:
  stillhunt collect may/ -o may.parquet
  stillhunt analyze may.parquet june.parquet -o CASE
  stillhunt collect --stdin --evidence < rows > evidence.tsv   (ROW, FILE and LINE separated by tabs)"
)]
pub struct Collect {
    /// Log files, directories or patterns
    #[arg(required_unless_present = "stdin")]
    logs: Vec<PathBuf>,
    /// Read rows from standard input: JSON, or JSON, file and line separated by tabs
    #[arg(long, conflicts_with = "logs")]
    stdin: bool,
    /// Parquet file to create
    #[arg(short, long, value_name = "FILE", help_heading = OUTPUT, required_unless_present = "evidence")]
    output: Option<PathBuf>,
    /// Write the rows of evidence to standard output, separated by tabs
    #[arg(long, help_heading = OUTPUT, conflicts_with = "output")]
    evidence: bool,
    /// Replace the file
    #[arg(long, help_heading = OUTPUT, requires = "output")]
    force: bool,
    #[command(flatten)]
    understanding: Understanding,
    #[command(flatten)]
    thinning: Thinning,
    #[command(flatten)]
    resources: Resources,
}

/// Runs `collect`.
pub fn collect(arguments: &Collect) -> anyhow::Result<u8> {
    let Collect { understanding, thinning: Thinning { thin }, resources, .. } = arguments;
    resources.take()?;
    if let Some(output) = arguments.output.as_deref().filter(|path| !arguments.force && path.exists()) {
        return Err(
            UsageError(format!("{} already exists\nhint: use --force to replace it", ingest::shown(output))).into()
        );
    }
    arguments.output.as_deref().map(case::folder_of).transpose()?;
    let (map, _) = field_map(understanding.map.as_deref())?;
    let settings = resources.within(understanding.settings());
    let stage = Stage::watched()?;
    let parts = if arguments.stdin {
        stage.enter("reading standard input".to_owned());
        ingest::read_stream::<Unsettled>(io::stdin().lock(), &map, &settings)?
    } else {
        let inputs = ingest::find_inputs(&arguments.logs)?.of_calls(&map, None)?;
        let (evidence, mut read) =
            ingest::read_logs::<Unsettled>(&inputs, &map, &settings, &|p| stage.enter(reading(p)))?;
        read.note_left_out(&inputs);
        vec![(evidence, read)]
    };
    stage.enter("putting evidence in order".to_owned());
    let mut rows = Vec::new();
    parts.iter().for_each(|(_, read)| warn(read));
    let said: Vec<String> = parts.iter().map(|(_, read)| told(read)).collect();
    for (evidence, read) in parts {
        rows.extend(shards::rows(evidence, read, *thin)?);
    }
    match &arguments.output {
        None => shards::tab_separated(&rows, &mut io::BufWriter::new(io::stdout().lock())).context(NO_OUTPUT)?,
        Some(output) => {
            stage.write(|| put(&rows, output))?;
            print(&said.concat())?;
        }
    }
    Ok(0)
}

/// What was read, with the reasons for rejected rows.
fn told(read: &IngestReport) -> String {
    let rejects = read.told_rejects().map(|told| format!("rejected: {told}\n"));
    let notes = read.intake.notes.iter().map(|note| format!("note: {}\n", visible(note)));
    format!("{}\n{}", intake_sentence(&read.intake), rejects.chain(notes).collect::<String>())
}

/// Whole or not at all: written beside its place and renamed.
fn put(rows: &[shards::Row], output: &Path) -> anyhow::Result<()> {
    let folder = case::folder_of(output)?;
    let failed = || format!("the evidence cannot be written to {}", ingest::shown(output));
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    shards::write(rows, &mut file)?;
    file.flush().and_then(|()| file.as_file().sync_all()).with_context(failed)?;
    file.persist(output).map_err(|e| e.error).with_context(failed)?;
    Ok(())
}

/// Arguments of `plan`.
#[derive(Args)]
#[command(after_help = "Example:
  stillhunt plan --spark logs.calls --format litellm -o /evidence/calls | spark-sql
  stillhunt analyze /evidence/calls/*.parquet -o CASE")]
pub struct Plan {
    /// Table or file source of Spark SQL, such as logs.calls or parquet.`/logs/calls`
    #[arg(long, value_name = "TABLE")]
    spark: String,
    /// Folder for the evidence, as the cluster sees it
    #[arg(short, long, value_name = "FOLDER")]
    output: String,
    /// The program, as the workers see it
    #[arg(long, value_name = "PATH", default_value = "stillhunt")]
    program: String,
    /// Expression for the file that a row stands in
    #[arg(long, value_name = "SQL", default_value = "_metadata.file_path")]
    file: String,
    /// Expression for the number of a row in its file, from 1
    #[arg(long, value_name = "SQL", default_value = "_metadata.row_index + 1")]
    line: String,
    #[command(flatten)]
    understanding: Understanding,
    #[command(flatten)]
    thinning: Thinning,
}

/// A word that the query hands to a shell; what a shell or the query would read otherwise is refused.
fn word(text: &str) -> Result<&str, UsageError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+@,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text);
    }
    let text = visible(text);
    Err(UsageError(format!("{text} cannot be used in a query\nhint: use letters, digits and - _ . / : = + @ , %")))
}

/// Runs `plan`.
pub fn plan(arguments: &Plan) -> anyhow::Result<u8> {
    let Plan { spark, output, program, file, line, understanding, thinning: Thinning { thin } } = arguments;
    let Understanding { map, format, account_field } = understanding;
    let mut command = format!("{} collect --stdin --evidence", word(program)?);
    let mut before = String::new();
    if let Some(map) = map {
        field_map(Some(map))?;
        let path = map.to_str().ok_or_else(|| UsageError("the path of the field map is not UTF-8".to_owned()))?;
        let name = map.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        before = format!("ADD FILE {};\n", word(path)?);
        command += &format!(" --map {}", word(name)?);
    }
    if let Some(format) = format {
        let known = Formats::load(None)?.named(format).is_some();
        known.then_some(()).ok_or_else(|| ingest::IngestError::UnknownName(format.clone()))?;
        command += &format!(" --format {format}");
    }
    if let Some(field) = account_field {
        command += &format!(" --account-field {}", word(field)?);
    }
    if *thin > 1 {
        command += &format!(" --thin {thin}");
    }
    let kind = |whole: bool| if whole { "BIGINT" } else { "STRING" };
    let columns: Vec<String> = COLUMNS.iter().map(|c| format!("`{}` {}", c.name, kind(c.whole))).collect();
    let text = format!(
        "-- Evidence of {spark}: each task hands its rows to the program, and only evidence leaves the task.\n\
         {before}INSERT OVERWRITE DIRECTORY '{}' USING parquet\n\
         SELECT TRANSFORM (to_json(struct(*)), {file}, CAST({line} AS STRING))\n  \
           ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t'\n  \
           USING '{command}'\n  \
           AS ({})\n  \
           ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t'\n\
         FROM {spark};\n",
        word(output)?,
        columns.join(", "),
    );
    print(&text)?;
    Ok(0)
}
