//! `formats`: what is known without a map.

use super::output::print;
use super::usage::one_of;
use clap::Subcommand;
use stillhunt::intake::formats::{self, Role, SHIPPED};
use stillhunt::intake::ingest::IngestError;

/// What `formats` prints instead of the list.
#[derive(Subcommand)]
pub enum Formats {
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

/// Runs `formats`.
pub fn formats(command: Option<&Formats>) -> anyhow::Result<u8> {
    print(&match command {
        None => list()?,
        Some(Formats::Table) => formats::table()?,
        Some(Formats::Columns) => formats::columns(),
        Some(Formats::Show { name }) => {
            let found = SHIPPED.iter().find(|s| s.name == name);
            found.ok_or_else(|| IngestError::UnknownName(name.clone()))?.toml.to_owned()
        }
    })?;
    Ok(0)
}

/// The list of formats.
fn list() -> anyhow::Result<String> {
    let mut text = String::new();
    for format in formats::Formats::load(None)?.list {
        text += &format!("{:28} {}\n", format.name, format.title);
        let more = match &format.role {
            Role::Calls if format.account_choices.is_empty() => String::new(),
            Role::Calls => format!("--account-field {}", format.account_choices.join(", ")),
            Role::Facts => "facts about accounts, no calls".to_owned(),
            Role::Refused(why) => format!("refused: {why}"),
        };
        for line in [format.notes, more].iter().filter(|line| !line.is_empty()) {
            text += &format!("{:28} {line}\n", "");
        }
    }
    Ok(
        text + "\nOther JSON lines, CSV or Parquet: common column names are recognised; for the rest, write a field map (--map).\n"
    )
}
