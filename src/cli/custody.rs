//! `verify` and `compare`.

use super::input::{Input, Understanding, read};
use super::interruption::Stage;
use super::output::{OUTPUT, lines_visible, print};
use super::resources::Resources;
use super::sharing::Sharing;
use super::usage::{UsageError, one_of};

use clap::Args;
use std::path::PathBuf;
use stillhunt::document::signal::Layer;
use stillhunt::intake::formats::SHIPPED;
use stillhunt::investigation::robustness::investigate_robustly;
use stillhunt::judgement::scope::Settings;
use stillhunt::report::case::Role;
use stillhunt::report::{case, comparison, custody, escape, tables};

/// Arguments of `verify`.
#[derive(Args)]
#[command(after_help = "Exit status: 0 all as recorded, 1 something differs; other codes as in `stillhunt --help`.

Examples:
  stillhunt verify CASE
  stillhunt verify CASE events.jsonl.zst --accounts accounts.csv")]
pub struct Verify {
    /// Folder that `analyze` wrote
    case: PathBuf,
    /// The logs of the case; if given, every figure is derived again
    logs: Vec<PathBuf>,
    /// The account table of the case
    #[arg(long, requires = "logs")]
    accounts: Option<PathBuf>,
    /// The field map of the case
    #[arg(long, requires = "logs")]
    map: Option<PathBuf>,
    /// The format, if one was given for the case
    #[arg(long, requires = "logs", value_name = "NAME", conflicts_with = "map")]
    #[arg(value_parser = one_of::<String>(SHIPPED.iter().map(|s| s.name)), hide_possible_values = true)]
    format: Option<String>,
    /// The account column or preset, if one was given for the case
    #[arg(long, requires = "logs", value_name = "COLUMN or PRESET")]
    account_field: Option<String>,
    /// The key file of a pseudonymised case
    #[arg(long, value_name = "KEYFILE")]
    pseudonymise: Option<PathBuf>,
    /// The allow list, if the case was made with one
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
    #[command(flatten)]
    resources: Resources,
}

/// Runs `verify`.
pub fn verify(arguments: &Verify) -> anyhow::Result<u8> {
    let resources = &arguments.resources;
    resources.take()?;
    let manifest = custody::manifest(&arguments.case)?;
    let mut differences = custody::check_files(&arguments.case)?;
    let mut said = format!("{} files of the case hashed", manifest.outputs.len());
    if !arguments.logs.is_empty() {
        let recorded = case::read(&arguments.case)?;
        let words = recorded.left_out.iter().map(|l| l.parse::<Layer>());
        let leave_out = words.collect::<Result<_, _>>().map_err(|e| UsageError(format!("the case left out {e}")))?;
        let input = Input {
            logs: arguments.logs.clone(),
            accounts: arguments.accounts.clone(),
            understanding: Understanding {
                map: arguments.map.clone(),
                format: arguments.format.clone(),
                account_field: arguments.account_field.clone(),
            },
        };
        let sharing =
            Sharing { pseudonymise: arguments.pseudonymise.clone(), allow: arguments.allow.clone() }.prepare()?;
        let mut lacking = forgotten(arguments, &manifest);
        if recorded.pseudonymised && sharing.pseudonyms.is_none() {
            lacking.push("pass --pseudonymise with its key: the case is pseudonymised".to_owned());
        }
        if !recorded.allowed.is_empty() && sharing.allow.is_none() {
            lacking.push("pass --allow with its list: the case was made with an allow list".to_owned());
        }
        if !lacking.is_empty() {
            return Err(UsageError(lacking.join("; ")).into());
        }
        let order: Vec<String> = recorded.intake.files.iter().map(|f| f.sha256.clone()).collect();
        let reading = read(&input, Some(&order), resources, &Stage::watched()?)?;
        let beside: Vec<(&str, &str)> = reading.beside.iter().map(|f| (f.path(), f.sha256())).collect();
        let mut causes = custody::other_inputs(&manifest, &recorded, &reading.read.intake, &beside);
        if !recorded.pseudonymised && sharing.pseudonyms.is_some() {
            causes.push("the case is not pseudonymised, but a key was given".to_owned());
        }
        if causes.is_empty() {
            let settings = Settings { leave_out, ..Settings::default() };
            let found = investigate_robustly(&reading.evidence, &reading.facts, &reading.read, &settings);
            let (table, mut rejects) = sharing.beside(&reading.evidence, &reading.read)?;
            let found = sharing.apply(found)?;
            let moved = custody::moved(&recorded, &found);
            rejects.iter_mut().for_each(|r| r.file = moved.get(&r.file).cloned().unwrap_or_else(|| r.file.clone()));
            // Under pseudonyms they stand in the order of the names behind these, which the recorded logs gave.
            if !recorded.pseudonymised {
                rejects.sort();
            }
            let (was, now) = custody::comparable(&recorded, &found);
            differences.extend(custody::differences(&was, &now)?);
            for (name, bytes) in [("rejects.csv", tables::rejects(&rejects)?), ("evidence.parquet", table)] {
                differences.extend(custody::same_bytes(&arguments.case, &recorded, name, &bytes));
            }
            said += &format!(", figures of {} networks derived again from the logs", found.networks.len());
        } else {
            // Figures of another input differ everywhere, and that says nothing.
            differences.extend(causes);
            said += ", figures not derived again";
        }
    }
    let manifest = std::fs::read(arguments.case.join("manifest.json"))?;
    let mut text: String = differences.iter().map(|d| format!("differs: {d}\n")).collect();
    text += &format!(
        "SHA-256 of manifest.json: {} (the other hashes depend on it: keep a copy elsewhere)\n",
        custody::sha256(&manifest)
    );
    text += &match differences.len() {
        0 => format!("{said}: as recorded\n"),
        1 => format!("{said}: 1 difference\n"),
        n => format!("{said}: {n} differences\n"),
    };
    print(&text)?;
    Ok(u8::from(!differences.is_empty()))
}

/// What the case was made with and the person has not passed.
fn forgotten(arguments: &Verify, manifest: &custody::Manifest) -> Vec<String> {
    let options = [(&arguments.accounts, Role::Accounts), (&arguments.map, Role::Map)];
    let passed: Vec<Role> = options.iter().filter(|(path, _)| path.is_some()).map(|(_, role)| *role).collect();
    custody::forgotten(manifest, &passed)
}

/// Arguments of `compare`.
#[derive(Args)]
#[command(
    after_help = "Networks are matched by their members. Differences may come from the logs or the settings as well as from real change.

Example:
  stillhunt compare CASE-MAY CASE-JUNE"
)]
pub struct Compare {
    /// The earlier case
    before: PathBuf,
    /// The later case
    after: PathBuf,
    /// Print JSON
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

/// Runs `compare`.
pub fn compare(arguments: &Compare) -> anyhow::Result<u8> {
    let (before, after) = (case::read(&arguments.before)?, case::read(&arguments.after)?);
    if before.pseudonymised != after.pseudonymised {
        let text = "one case is pseudonymised and the other is not\nhint: compare two cases with the same key";
        return Err(UsageError(text.to_owned()).into());
    }
    let passages = comparison::follow(&before, &after);
    if arguments.json {
        print(&(escape::json(&serde_json::to_string_pretty(&passages)?) + "\n"))?;
    } else {
        print(&(lines_visible(&comparison::to_text(&passages)) + "\n"))?;
    }
    Ok(0)
}
