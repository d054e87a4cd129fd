//! `evaluate`: a case against labels.

use super::output::{lines_visible, print};
use super::usage::there;
use anyhow::Context;
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};
use stillhunt::intake::ingest::shown;
use stillhunt::report::case::CaseError;
use stillhunt::report::escape;
use stillhunt::validation::evaluate;

/// Arguments of `evaluate`.
#[derive(Args)]
pub struct Evaluate {
    /// Folder that `analyze` wrote
    case: PathBuf,
    /// CSV with a row for each account; campaign is empty for accounts in none
    labels: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `evaluate`.
pub fn evaluate(Evaluate { case, labels, json }: &Evaluate) -> anyhow::Result<u8> {
    let accounts = case.join("accounts.csv");
    if !accounts.exists() {
        return Err(CaseError::none_at(case).into());
    }
    let open = |path: &Path| {
        there(path)?;
        File::open(path).with_context(|| format!("{} cannot be read", shown(path)))
    };
    let found = evaluate::evaluate(open(&accounts)?, open(labels)?);
    let found = found.with_context(|| format!("{} cannot be held against {}", shown(case), shown(labels)))?;
    print(&if *json { escape::json(&found.to_json()?) } else { lines_visible(&found.to_text()) + "\n" })?;
    Ok(0)
}
