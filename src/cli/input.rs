//! The logs, the account table and the field map that were named, read.

use super::interruption::Stage;
use super::resources::Resources;
use super::usage::{UsageError, bytes_of, one_of};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use stillhunt::document::visible::visible;
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::shards;
use stillhunt::intake::account_table::{self, AccountTable, Facts};
use stillhunt::intake::formats::SHIPPED;
use stillhunt::intake::ingest::{self, IngestReport, Progress};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::report::case::{Hashed, Role};

/// Arguments that name logs.
#[derive(Args)]
pub struct Input {
    /// Log files, directories or patterns (JSON lines, CSV or Parquet; plain, .gz or .zst), or evidence from `collect`
    #[arg(required = true)]
    pub logs: Vec<PathBuf>,
    /// CSV with facts about accounts: payment, device, phone, creation, closure
    #[arg(long)]
    pub accounts: Option<PathBuf>,
    #[command(flatten)]
    pub understanding: Understanding,
}

/// How rows are understood.
#[derive(Args)]
pub struct Understanding {
    /// TOML file that maps the log's columns
    #[arg(long)]
    pub map: Option<PathBuf>,
    /// Read every log as this format (default: detected); `stillhunt formats` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "map")]
    #[arg(value_parser = one_of::<String>(SHIPPED.iter().map(|s| s.name)), hide_possible_values = true)]
    pub format: Option<String>,
    /// Column that identifies an account, or a preset such as key or user
    #[arg(long, value_name = "COLUMN or PRESET")]
    pub account_field: Option<String>,
}

impl Understanding {
    /// Settings of reading that come of it.
    pub fn settings(&self) -> IngestSettings {
        let Self { format, account_field, .. } = self;
        IngestSettings { format: format.clone(), account_field: account_field.clone(), ..IngestSettings::default() }
    }
}

/// What was read.
pub struct Reading {
    pub evidence: Evidence,
    pub facts: BTreeMap<String, Facts>,
    pub read: IngestReport,
    /// The account table and the map, where given.
    pub beside: Vec<Hashed>,
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
pub fn warn(read: &IngestReport) {
    for warning in &read.intake.warnings {
        let _ = writeln!(anstream::stderr(), "warning: {}", visible(warning));
    }
}

/// Reads the logs in the order of their paths, or of these hashes where a case is derived again.
pub fn read(input: &Input, order: Option<&[String]>, resources: &Resources, stage: &Stage) -> anyhow::Result<Reading> {
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
        read.note_left_out(&inputs);
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
    read.note_left_out(&inputs);
    Ok(Reading::new(evidence, table, read, beside))
}

/// Reads the table at `path`, which may be packed, and adds it to the files that were read.
fn account_table(path: &Path, beside: &mut Vec<Hashed>) -> Result<AccountTable, UsageError> {
    let bytes = bytes_of("account table", path)?;
    beside.push(Hashed::new(path, &bytes).read_as(Role::Accounts));
    let failed = |e: &dyn std::fmt::Display| UsageError(format!("{} {e}", ingest::shown(path)));
    let bytes = ingest::unpacked(&bytes).map_err(|e| failed(&format!("is damaged: {e}")))?;
    account_table::read(bytes.as_slice()).map_err(|e| failed(&e))
}

/// How far reading is, in words.
pub fn reading(p: Progress) -> String {
    format!("reading file {} of {}: {} rows", p.files_done + 1, p.files_total, p.rows)
}

/// The field map at `path`, or the generic one.
pub fn field_map(path: Option<&Path>) -> Result<(FieldMap, Option<Hashed>), UsageError> {
    let Some(path) = path else { return Ok((FieldMap::generic(), None)) };
    let bytes = bytes_of("field map", path)?;
    let hashed = Hashed::new(path, &bytes).read_as(Role::Map);
    let text = String::from_utf8(bytes)
        .map_err(|e| UsageError(format!("the field map {} is not UTF-8: {e}", ingest::shown(path))))?;
    let map = FieldMap::from_toml(&text).map_err(|e| UsageError(e.to_string()))?;
    Ok((map, Some(hashed)))
}
