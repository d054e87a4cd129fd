//! `man`: the manual pages.

use super::output::print;
use super::usage::there;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;
use stillhunt::intake::ingest;

/// Arguments of `man`.
#[derive(Args)]
#[command(after_help = "Examples:
  stillhunt man | man -l -
  stillhunt man -o ~/.local/share/man/man1")]
pub struct Manual {
    /// Existing folder for stillhunt.1, stillhunt-analyze.1 and so on; pages that are there are replaced
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Runs `man`, for the whole command line.
pub fn manual(arguments: &Manual, command: clap::Command) -> anyhow::Result<u8> {
    // `help` prints what stands in it, and has no page.
    let command = command.disable_help_subcommand(true);
    let Some(folder) = &arguments.output else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        print(&String::from_utf8(page)?)?;
        return Ok(0);
    };
    there(folder)?;
    let written = clap_mangen::generate_to(command, folder);
    written.with_context(|| format!("the manual cannot be written to {}", ingest::shown(folder)))?;
    Ok(0)
}
