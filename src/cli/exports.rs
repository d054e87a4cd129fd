//! `report`: a case in other words, on the terminal or in a file.

use super::output::{Layout, NO_OUTPUT, OUTPUT, print, terminal};
use super::sharing::Sharing;
use super::usage::{UsageError, one_of};
use anyhow::Context;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use stillhunt::intake::ingest;
use stillhunt::report::case;
use stillhunt::report::export::{Format, export};
use stillhunt::report::terminal::summary;

/// Arguments of `report`.
#[derive(Args)]
#[command(after_help = "Examples:
  stillhunt report CASE --view all
  stillhunt report CASE --format html -o report.html
  stillhunt report CASE --format stix --pseudonymise key --allow known-good.toml -o bundle.json")]
pub struct Arguments {
    /// Folder that `analyze` wrote
    case: PathBuf,
    /// Export format (default: a summary for the terminal)
    #[arg(short, long, help_heading = OUTPUT, value_parser = one_of::<Format>(Format::ALL.map(|(word, _)| word)))]
    format: Option<Format>,
    /// File to write to (default: standard output)
    #[arg(short, long, help_heading = OUTPUT, value_name = "FILE", requires = "format")]
    output: Option<PathBuf>,
    /// Replace the file
    #[arg(long, help_heading = OUTPUT, requires = "output")]
    force: bool,
    #[command(flatten)]
    layout: Layout,
    #[command(flatten)]
    sharing: Sharing,
}

/// Runs `report`.
pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let document = arguments.sharing.prepare()?.apply(case::read(&arguments.case)?)?;
    let Some(format) = arguments.format else {
        print(&summary(&document, terminal(arguments.layout)))?;
        return Ok(0);
    };
    let bytes = export(&document, format)?;
    match &arguments.output {
        Some(path) => write_whole(path, &bytes, arguments.force)?,
        None => {
            let mut out = io::stdout().lock();
            out.write_all(&bytes).and_then(|()| out.flush()).context(NO_OUTPUT)?;
        }
    }
    Ok(0)
}

/// Writes a file that appears whole or not at all. A pipe or a device is written to as it is.
fn write_whole(path: &Path, bytes: &[u8], force: bool) -> anyhow::Result<()> {
    let there = std::fs::metadata(path).ok();
    if there.as_ref().is_some_and(std::fs::Metadata::is_dir) {
        return Err(UsageError(format!("{} is a folder\nhint: name a file", ingest::shown(path))).into());
    }
    // Renaming over it would put a file in the place of a device.
    if there.as_ref().is_some_and(|m| !m.is_file()) {
        let written = std::fs::OpenOptions::new().write(true).open(path).and_then(|mut to| to.write_all(bytes));
        return written.with_context(|| format!("{} cannot be written", ingest::shown(path)));
    }
    if there.is_some() && !force {
        let text = format!("{} already exists\nhint: use --force to replace it", ingest::shown(path));
        return Err(UsageError(text).into());
    }
    let parent = case::folder_of(path)?;
    let written = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        if force {
            file.persist(path).map_err(|e| e.error)?
        } else {
            file.persist_noclobber(path).map_err(|e| e.error)?
        };
        Ok(())
    };
    written().with_context(|| format!("{} cannot be written", ingest::shown(path)))
}
