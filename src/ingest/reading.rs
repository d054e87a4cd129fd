//! Everything that lasts longer than a batch: counts, repeats, rows that wait, and what is to be said in the end.

use super::facts;
use super::joins::{Call, Waiting};
use super::repeats::Repeats;
use super::rows::{Outcome, Parsed, Rejection, TOO_LONG};
use super::twins::Twins;
use super::{IngestError, IngestReport, Reject, shown};
use crate::document::{ContentCount, Half};
use crate::event::{ContentStatus, Event, Fold};
use crate::formats::{Detected, Formats, Role};
use crate::normalise::{FieldMap, WIDTH, canonical, filled};
use crate::schema::{COLUMNS, at};
use crate::settings::IngestSettings;
use rayon::prelude::*;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

/// The first call of a format, as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRecord {
    pub format: String,
    /// By canonical name.
    pub cells: Map<String, Value>,
}

/// Kinds of identity that can stand in several formats.
const IDENTITIES: [&str; 3] = ["account", "key", "end user"];

/// Where an identity was met: bit per format, and the account that it stood with first.
struct Met {
    formats: u64,
    account: String,
    several_accounts: bool,
}

/// Parts into which accounts are dealt: more than there are threads, so that no thread waits for long.
const SHARDS: usize = 16;

/// Memory of this process that is in use, bytes; `None` where the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|kib: u64| kib << 10)
}

pub(super) struct Reading<'m, F> {
    /// An account's events all go to one of these, so that shards grow side by side and have nothing in common to be merged
    /// batch by batch.
    shards: Vec<F>,
    most_resident: Option<u64>,
    pub report: IngestReport,
    requests: Repeats,
    present: [u64; WIDTH],
    content: [u64; ContentStatus::ALL.len()],
    /// Bit per canonical column that had a source in some row.
    pub seen: u64,
    max_listed: usize,
    max_line: usize,
    formats: &'m Formats,
    /// Format of the file that is being read; the generic one stands behind all.
    pub format: usize,
    paths: Vec<PathBuf>,
    waiting: Waiting,
    /// Kept only where files of several formats are read.
    met: Option<BTreeMap<(usize, String), Met>>,
    twins: Twins,
    /// Formats that have had a row.
    used: BTreeSet<usize>,
    refused: Option<(PathBuf, String)>,
    /// The nearest format of a file that fits none, with what it lacks.
    nearest: Option<String>,
}

impl<'m, F: Fold> Reading<'m, F> {
    pub fn new(formats: &'m Formats, settings: &IngestSettings, paths: &[PathBuf], plans: &[Option<Detected>]) -> Self {
        let shard = || {
            let mut shard = F::default();
            shard.hold(settings.spill_bytes / SHARDS);
            shard
        };
        let kinds: BTreeSet<Option<usize>> = plans.iter().map(|p| p.as_ref().map(|found| found.format)).collect();
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            most_resident: settings.memory_bytes,
            report: IngestReport::default(),
            requests: Repeats::default(),
            present: [0; WIDTH],
            content: [0; ContentStatus::ALL.len()],
            seen: 0,
            max_listed: settings.max_listed_rejects,
            max_line: settings.max_line_bytes,
            formats,
            format: formats.list.len(),
            paths: paths.to_vec(),
            waiting: Waiting::new(settings.join_bytes),
            met: (kinds.len() > 1).then(BTreeMap::new),
            twins: Twins::default(),
            used: BTreeSet::new(),
            refused: None,
            nearest: None,
        }
    }

    fn name(&self, format: usize) -> &'static str {
        self.formats.list.get(format).map_or("generic", |f| f.name)
    }

    fn note(&mut self, note: String) {
        self.report.notes.push(note);
    }

    /// A file of a known format that cannot be used.
    pub fn refuse(&mut self, path: &Path, why: &str) {
        self.note(format!("{} was not read: {why}", shown(path)));
        self.refused.get_or_insert_with(|| (path.to_owned(), why.to_owned()));
    }

    /// A file of no known format; `row` is its first.
    pub fn unmapped(&mut self, row: Option<&String>) {
        let near = row.and_then(|row| self.formats.nearest(row));
        if self.nearest.is_none()
            && let Some((format, lacks)) = near
        {
            let lacks = lacks.join(", ");
            self.nearest = Some(format!(
                "; the nearest known format is {}, of which the rows lack {lacks}: `stillhunt formats show {}` prints its \
                 map to copy and edit",
                format.name, format.name
            ));
        }
    }

    /// What would help where nothing could be read.
    fn hint(&self) -> String {
        let mut hint = String::new();
        for format in self.used.iter().filter_map(|i| self.formats.list.get(*i)) {
            let partners =
                || self.formats.family(self.formats.named(format.name).unwrap_or_default()).into_iter().skip(1);
            let partners: Vec<&str> = partners().map(|i| self.name(i)).collect();
            hint += &match &format.role {
                Role::Calls if !format.account_choices.is_empty() => {
                    format!("; choices of {}: {}", format.name, format.account_choices.join(", "))
                }
                Role::Calls => format!("; {} names no account: pass {} with it", format.name, partners.join(" and ")),
                Role::Facts => {
                    format!("; {} tells of accounts and not of calls: pass it with a log of calls", format.name)
                }
                Role::Refused(_) => String::new(),
            };
        }
        hint + self.nearest.as_deref().unwrap_or_default()
    }

    pub fn no_account(&self) -> IngestError {
        IngestError::NoAccountColumn { hint: self.hint() }
    }

    /// Counts and rejects a row that is not even one.
    pub fn reject_row(&mut self, path: &Path, rejection: Rejection) {
        self.report.intake.rows_read += 1;
        self.reject(path, rejection);
    }

    fn reject(&mut self, path: &Path, Rejection { line, reason }: Rejection) {
        self.report.intake.rows_rejected += 1;
        *self.report.reasons.entry(reason.into()).or_default() += 1;
        self.report.list(Reject { file: shown(path), line, reason: reason.into() }, self.max_listed);
    }

    /// Takes chunks of parsed rows in their order in the file.
    pub fn take(&mut self, path: &Path, chunks: Vec<Vec<Parsed<'_>>>) -> Result<(), IngestError> {
        let mut kept: Vec<Vec<Box<Event<'_>>>> = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let mut events = Vec::with_capacity(chunk.len());
            for parsed in chunk {
                self.report.intake.rows_read += 1;
                self.used.insert(self.format);
                match parsed {
                    Err(rejection) => self.reject(path, rejection),
                    Ok(Outcome::Aside) => self.report.intake.rows_aside += 1,
                    Ok(Outcome::Fact(record)) => self.take_fact(&record),
                    Ok(Outcome::Part(part)) => self.waiting.push(&part).map_err(IngestError::Waiting)?,
                    Ok(Outcome::Event(event)) => events.extend(self.keep(event, self.format)),
                }
            }
            kept.push(events);
        }
        self.fold(&kept);
        self.is_within_memory()
    }

    fn is_within_memory(&self) -> Result<(), IngestError> {
        let Some(limit) = self.most_resident else { return Ok(()) };
        let rows = self.report.intake.rows_read;
        let over = |resident: &u64| *resident > limit;
        resident().filter(over).map_or(Ok(()), |bytes| Err(IngestError::OverMemory { limit, bytes, rows }))
    }

    fn fold(&mut self, kept: &[Vec<Box<Event<'_>>>]) {
        let shard_of = |event: &Event<'_>| (xxh3_64(event.account_id.as_bytes()) % SHARDS as u64) as u8;
        let dealt: Vec<Vec<u8>> =
            kept.par_iter().map(|events| events.iter().map(|event| shard_of(event)).collect()).collect();
        self.shards.par_iter_mut().zip(0..SHARDS as u8).for_each(|(shard, own)| {
            for (events, dealt) in kept.iter().zip(&dealt) {
                events.iter().zip(dealt).filter(|(_, dealt)| **dealt == own).for_each(|(event, _)| shard.push(event));
            }
        });
    }

    fn take_fact(&mut self, record: &str) {
        self.report.intake.rows_aside += 1;
        let name = self.name(self.format);
        if let Ok(record) = serde_json::from_str(record) {
            facts::take(name, &record, &mut self.report.exported);
        }
    }

    /// Counts an event; `None` for a repeat.
    fn keep<'a>(&mut self, event: Box<Event<'a>>, format: usize) -> Option<Box<Event<'a>>> {
        if self.is_repeat(&event) {
            self.report.intake.rows_repeated += 1;
            return None;
        }
        self.report.intake.rows_kept += 1;
        self.present.iter_mut().zip(filled(&event)).for_each(|(n, there)| *n += u64::from(there));
        self.content[event.content_status as usize] += 1;
        self.report.zoneless += u64::from(event.zoneless);
        let name = self.name(format);
        match self.report.resolution_us.get_mut(name) {
            Some(finest) => *finest = event.ts_res_us.min(*finest),
            None => {
                self.report.resolution_us.insert(name.to_owned(), event.ts_res_us);
                let cells = canonical(&event);
                self.report.first_records.push(FirstRecord { format: name.to_owned(), cells });
            }
        }
        self.meet(&event, format);
        Some(event)
    }

    fn meet(&mut self, event: &Event<'_>, format: usize) {
        let Some(met) = &mut self.met else { return };
        self.twins.push(event, format);
        let account = event.account_id.as_ref();
        let identities = [Some(account), event.key_id.as_deref(), event.end_user_id.as_deref()];
        for (kind, identity) in identities.into_iter().enumerate() {
            let Some(identity) = identity else { continue };
            let new = || Met { formats: 0, account: account.to_owned(), several_accounts: false };
            let met = met.entry((kind, identity.to_owned())).or_insert_with(new);
            met.formats |= 1 << format.min(63);
            met.several_accounts |= met.account != account;
        }
    }

    fn is_repeat(&mut self, event: &Event<'_>) -> bool {
        let Some(request) = event.request_id.as_deref() else { return false };
        self.requests.is_repeat(&event.account_id, request)
    }

    /// Joins what waits.
    fn join(&mut self) -> Result<(), IngestError> {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::new(1));
        let formats = self.formats;
        let mut halves: BTreeMap<usize, u64> = BTreeMap::new();
        let joined = waiting.join(formats, |calls| {
            let mut events = Vec::with_capacity(calls.len());
            for Call { outcome, format, parts, repeated, half, origins } in calls {
                self.report.intake.rows_repeated += repeated;
                match outcome {
                    Ok(Outcome::Event(event)) => {
                        half.into_iter().for_each(|half| *halves.entry(half).or_default() += 1);
                        self.report.intake.rows_joined += parts - 1;
                        events.extend(self.keep(event, format));
                    }
                    Err(Rejection { reason, .. }) => {
                        half.into_iter().for_each(|half| *halves.entry(half).or_default() += 1);
                        for origin in origins {
                            let path = self.paths[origin.file_id as usize].clone();
                            self.reject(&path, Rejection { line: origin.line_no, reason });
                        }
                    }
                    Ok(_) => self.report.intake.rows_aside += parts,
                }
            }
            self.fold(&[events]);
        });
        joined.map_err(IngestError::Waiting)?;
        self.report.intake.halves =
            halves.into_iter().map(|(i, calls)| Half { format: self.name(i).to_owned(), calls }).collect();
        Ok(())
    }

    /// The result, with what is to be said of it.
    pub fn finish(mut self, map: &FieldMap) -> Result<(F, IngestReport), IngestError> {
        self.join()?;
        let has = |column: usize| self.seen & (1 << column) != 0;
        if self.seen != 0 {
            for (column, source) in map.explicit() {
                if !has(*column) {
                    return Err(IngestError::MissingColumn {
                        column: source.clone(),
                        canonical: COLUMNS[*column].name,
                    });
                }
            }
        }
        let (kept, rows) = (self.report.intake.rows_kept, self.report.intake.rows_read);
        if self.seen != 0 && !has(at::ACCOUNT_ID) {
            return Err(self.no_account());
        }
        if kept == 0 {
            return Err(match self.refused.take() {
                Some((path, why)) => IngestError::Refused { path, why },
                None => IngestError::NothingReadable { rows, hint: self.hint() },
            });
        }
        self.settle()
    }

    /// The result of a part of the log, whatever it came to.
    pub fn finish_part(mut self) -> Result<(F, IngestReport), IngestError> {
        self.join()?;
        self.settle()
    }

    fn settle(mut self) -> Result<(F, IngestReport), IngestError> {
        let report = &mut self.report;
        let counts = ContentStatus::ALL.iter().zip(self.content).filter(|(_, rows)| *rows > 0);
        report.intake.content = counts.map(|(s, rows)| ContentCount { status: s.as_str().to_owned(), rows }).collect();
        report.present = self.present.to_vec();
        self.say();
        self.report.settle(self.max_listed);
        // Nothing else will be read, and there are as many of these as rows.
        drop(self.requests);
        let mut total = F::default();
        self.shards.into_iter().for_each(|shard| total.merge(shard));
        total.finish().map_err(IngestError::Spilled)?;
        Ok((total, self.report))
    }

    /// What only the whole input tells of how it was understood.
    fn say(&mut self) {
        let formats = self.used.iter().filter_map(|i| self.formats.list.get(*i));
        self.report.ends = formats.filter(|f| f.map.clock.ends).map(|f| f.name.to_owned()).collect();
        if self.report.reasons.contains_key(TOO_LONG) {
            self.note(format!("Lines and records longer than {} bytes were rejected and not held.", self.max_line));
        }
        self.say_met();
        for (a, b, shared, size) in self.twins.pairs() {
            let (a, b) = (self.name(a), self.name(b));
            self.note(format!(
                "{a} and {b} tell of the same calls: of {size} sampled, {shared} have a partner in the same minute with the \
                 same tokens. Each such call was counted twice, and under two names an account is a pair that does all \
                 things alike: read one of the two logs."
            ));
        }
    }

    /// Who stands in several formats, and how that is known.
    fn say_met(&mut self) {
        let Some(met) = self.met.take() else { return };
        let mut groups: BTreeMap<(usize, u64, bool), u64> = BTreeMap::new();
        for ((kind, _), m) in met.iter().filter(|(_, m)| m.formats.count_ones() > 1) {
            *groups.entry((*kind, m.formats, m.several_accounts)).or_default() += 1;
        }
        for ((kind, formats, several), n) in groups {
            let names: Vec<&str> = (0..64).filter(|i| formats & (1 << i) != 0).map(|i| self.name(i)).collect();
            let (what, names) = (IDENTITIES[kind], names.join(", "));
            let taken = match (kind, several) {
                (0, _) => "taken as the same because the logs spell it alike; nothing else says so",
                (_, true) => "spelt alike, with different accounts: those are kept apart",
                (_, false) => "spelt alike, with the same account",
            };
            self.note(format!("{n} of kind {what} stand in each of {names}: {taken}."));
        }
    }
}
