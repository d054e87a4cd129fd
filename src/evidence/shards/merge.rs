//! Parts become one: files numbered anew, accounts merged by the rules of the columns.

use super::cells;
use super::table::Row;
use super::{ShardError, sound, table};
use crate::document::InputFile;
use crate::evidence::features::Evidence;
use crate::intake::event::Fold;
use crate::intake::ingest::IngestReport;
use crate::intake::settings::IngestSettings;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Evidence of all parts, as if the log had been read in one go.
#[derive(Debug, Default)]
pub struct Merged {
    pub evidence: Evidence,
    pub read: IngestReport,
}

/// The rows of a part that say what was read, by the part's name, with the numbers of its files in the whole.
struct Heads {
    numbers: BTreeMap<String, Vec<u32>>,
    read: IngestReport,
}

/// Merges the evidence in these files, in any order and split in any way.
///
/// # Errors
/// See [`ShardError`]: nothing is merged that was collected by other rules, stands twice, or lacks a part of its own.
pub fn merge(paths: &[PathBuf]) -> Result<Merged, ShardError> {
    let mut made_by: Option<String> = None;
    let heads = heads(paths, &mut made_by)?;
    let mut evidence = Evidence::default();
    let mut sums = sound::Sums::default();
    for path in paths {
        let damaged = |reason: String| ShardError::Damaged { path: path.clone(), reason };
        table::read(path, &mut |row: Row| {
            row.check(path)?;
            if row.account_id().is_none() {
                return Ok(());
            }
            let shard = row.shard().map_err(damaged)?.to_owned();
            let files = heads.numbers.get(&shard).ok_or(ShardError::Headless { shard })?;
            let partial = cells::partial(&row.0, files).map_err(damaged)?;
            sound::check(&partial).and_then(|()| sums.add(&partial.evidence)).map_err(damaged)?;
            evidence.absorb(partial);
            Ok(())
        })?;
    }
    let read = heads.read;
    if read.intake.rows_kept == 0 {
        return Err(ShardError::Nothing { rows: read.intake.rows_read });
    }
    evidence.finish()?;
    Ok(Merged { evidence, read })
}

/// Reads what each part says of itself. Files get their numbers here, in order of their paths, and the evidence follows.
fn heads(paths: &[PathBuf], made_by: &mut Option<String>) -> Result<Heads, ShardError> {
    let mut parts: BTreeMap<String, IngestReport> = BTreeMap::new();
    for path in paths {
        table::read(path, &mut |row: Row| {
            row.check(path)?;
            let maker = row.made_by().map_err(|reason| ShardError::Damaged { path: path.clone(), reason })?;
            match made_by {
                Some(one) if one != maker => {
                    return Err(ShardError::Makers { one: one.clone(), other: maker.to_owned() });
                }
                _ => *made_by = Some(maker.to_owned()),
            }
            if row.account_id().is_some() {
                return Ok(());
            }
            let (shard, read) = head(path, &row)?;
            match parts.insert(shard, read) {
                Some(_) => Err(ShardError::Twice { path: path.clone() }),
                None => Ok(()),
            }
        })?;
    }
    let of = |file: &InputFile| PathBuf::from(&file.path);
    let all: BTreeSet<PathBuf> = parts.values().flat_map(|r| &r.intake.files).map(of).collect();
    let all: BTreeMap<PathBuf, u32> = all.into_iter().zip(0..).collect();
    let mut whole: BTreeSet<&str> = BTreeSet::new();
    for file in parts.values().flat_map(|r| &r.intake.files).filter(|f| !f.sha256.is_empty()) {
        if !whole.insert(&file.path) {
            return Err(ShardError::LogTwice { log: file.path.clone() });
        }
    }
    let numbers = parts.iter().map(|(shard, r)| (shard.clone(), r.intake.files.iter().map(|f| all[&of(f)]).collect()));
    let numbers = numbers.collect();
    let most = IngestSettings::default().max_listed_rejects;
    Ok(Heads { numbers, read: IngestReport::of_parts(parts.into_values(), most) })
}

fn head(path: &Path, row: &Row) -> Result<(String, IngestReport), ShardError> {
    let damaged = |reason: String| ShardError::Damaged { path: path.to_owned(), reason };
    let shard = row.shard().map_err(damaged)?.to_owned();
    let text = row.0.text("read").map_err(damaged)?.unwrap_or_default();
    let read = serde_json::from_str(text).map_err(|e| damaged(format!("what was read cannot be understood: {e}")))?;
    Ok((shard, read))
}
