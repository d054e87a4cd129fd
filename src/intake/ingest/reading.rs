//! Everything that lasts longer than a batch: counts, repeats, rows that wait, and what is to be said in the end.

use super::facts;
use super::joins::{Call, Waiting};
use super::kept::{Counts, Kept};
use super::meetings::Meetings;
use super::report::Reused;
use super::rows::{NO_TIME, Outcome, Parsed, Rejection, TOO_LONG};
use super::{IngestError, IngestReport, Reject, shown};
use crate::document::visible::visible;
use crate::document::{ContentCount, Half};
use crate::intake::event::{ContentStatus, Event, Fold};
use crate::intake::formats::{Detected, Formats, Role};
use crate::intake::normalise::closest;
use crate::intake::schema::{COLUMNS, at};
use crate::intake::settings::IngestSettings;
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

/// Parts into which accounts are dealt: more than there are threads, so that no thread waits for long.
const SHARDS: usize = 16;

/// Memory of this process that is in use, bytes; `None` where the system does not tell.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok().map(|kib: u64| kib << 10)
}

fn within_memory(limit: Option<u64>, rows: u64) -> Result<(), IngestError> {
    let Some(limit) = limit else { return Ok(()) };
    let over = |resident: &u64| *resident > limit;
    resident().filter(over).map_or(Ok(()), |bytes| Err(IngestError::OverMemory { limit, bytes, rows }))
}

pub(super) struct Reading<'m, F> {
    /// An account's rows all go to one of these.
    shards: Vec<Kept<F>>,
    /// Rows that went to them.
    dealt: u64,
    most_resident: Option<u64>,
    pub report: IngestReport,
    /// Bit per canonical column that had a source in some row.
    pub seen: u64,
    max_listed: usize,
    max_line: usize,
    formats: &'m Formats,
    /// Format of the file that is being read; the generic one stands behind all.
    pub format: usize,
    paths: Vec<PathBuf>,
    waiting: Waiting,
    /// What is clustered, where somebody named it.
    account_field: Option<String>,
    /// Formats that have had a row.
    used: BTreeSet<usize>,
    /// Rows of a format that are no calls without their partners.
    no_calls: BTreeMap<usize, u64>,
    refused: Option<(PathBuf, String)>,
    /// The nearest format of a file that fits none, with what it lacks.
    nearest: Option<String>,
}

impl<'m, F: Fold> Reading<'m, F> {
    pub fn new(formats: &'m Formats, settings: &IngestSettings, paths: &[PathBuf], plans: &[Option<Detected>]) -> Self {
        let kinds: BTreeSet<Option<usize>> = plans.iter().map(|p| p.as_ref().map(|found| found.format)).collect();
        let shard = || Kept::new(settings.spill_bytes / SHARDS, kinds.len() > 1);
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            dealt: 0,
            most_resident: settings.memory_bytes,
            report: IngestReport::default(),
            seen: 0,
            max_listed: settings.max_listed_rejects,
            max_line: settings.max_line_bytes,
            formats,
            format: formats.list.len(),
            paths: paths.to_vec(),
            waiting: Waiting::new(settings.join_bytes),
            account_field: settings.account_field.clone(),
            used: BTreeSet::new(),
            no_calls: BTreeMap::new(),
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
        self.report.warn(format!("{} was not read: {why}", shown(path)));
        self.refused.get_or_insert_with(|| (path.to_owned(), why.to_owned()));
    }

    /// A document in which no list of records was found, with what is to be said of it.
    /// Where it is no `document` for certain, but may be a row, that helps only where nothing can be read.
    pub fn no_list(&mut self, path: &Path, remark: &str, document: bool) {
        self.nearest.get_or_insert_with(|| format!("; {} is {remark}", shown(path)));
        if document {
            // Without the names of its lists: they may be those of accounts, and a case may stand under pseudonyms.
            self.note(format!("{} is a JSON document in which no list of records was found.", shown(path)));
        }
    }

    /// A file that ends in the middle of a record.
    pub fn cut_off(&mut self, path: &Path) {
        self.report.warn(format!(
            "{} ends in the middle of a record: it was cut off, and what stood behind is missing.",
            shown(path)
        ));
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
        let empty = self.report.told_empty().map_or_else(String::new, |empty| format!("; {empty}"));
        let mut hint = empty + &self.report.told_failure();
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
        for (format, rows) in &self.no_calls {
            let partners: Vec<&str> = self.formats.family(*format).into_iter().skip(1).map(|i| self.name(i)).collect();
            let (name, partners) = (self.name(*format), partners.join(" and "));
            hint += &format!("; {rows} rows of {name} alone do not tell that they are calls: pass {partners} with it");
        }
        hint + self.nearest.as_deref().unwrap_or_default()
    }

    pub fn no_account(&self) -> IngestError {
        match &self.account_field {
            Some(field) => self.no_account_field(field),
            None => IngestError::NoAccountColumn { hint: self.hint() },
        }
    }

    /// Nothing stands under the name that somebody gave for what is clustered.
    fn no_account_field(&self, field: &str) -> IngestError {
        let choices = self.used.iter().filter_map(|i| self.formats.list.get(*i)).flat_map(|f| &f.account_choices);
        let known = choices.chain(&self.report.columns).filter(|name| *name != field);
        let near = closest(field, known.map(String::as_str)).filter(|(name, edits)| 3 * edits <= name.len() + 3);
        let near = near.map_or_else(String::new, |(name, _)| format!(" (is {} meant?)", visible(name)));
        IngestError::NoAccountField { field: field.to_owned(), near, hint: self.hint() }
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
        let mut events: Vec<Vec<(usize, Box<Event<'_>>)>> = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let mut of_chunk = Vec::with_capacity(chunk.len());
            self.report.intake.rows_read += chunk.len() as u64;
            if !chunk.is_empty() {
                self.used.insert(self.format);
            }
            for parsed in chunk {
                match parsed {
                    Err(rejection) => self.reject(path, rejection),
                    Ok(Outcome::Aside) => self.report.intake.rows_aside += 1,
                    Ok(Outcome::Fact(record)) => self.take_fact(&record),
                    Ok(Outcome::Part(part)) => self.waiting.push(&part)?,
                    Ok(Outcome::Event(event)) => of_chunk.push((self.format, event)),
                }
            }
            events.push(of_chunk);
        }
        self.fold(events, false);
        within_memory(self.most_resident, self.report.intake.rows_read)
    }

    /// Deals events, each with its format, to the shards. Those that were `joined` come in the order of their ids.
    fn fold(&mut self, events: Vec<Vec<(usize, Box<Event<'_>>)>>, joined: bool) {
        let shard_of = |event: &Event<'_>| (xxh3_64(event.account_id.as_bytes()) % SHARDS as u64) as u8;
        let dealt: Vec<Vec<u8>> =
            events.par_iter().map(|events| events.iter().map(|(_, event)| shard_of(event)).collect()).collect();
        let first = self.dealt;
        self.dealt += events.iter().map(|events| events.len() as u64).sum::<u64>();
        self.shards.par_iter_mut().zip(0..SHARDS as u8).for_each(|(shard, own)| {
            let all = events.iter().flatten().zip(dealt.iter().flatten());
            let mine = (first..).zip(all).filter(|(_, (_, dealt))| **dealt == own);
            let place = |number, event: &Event<'_>| (if joined { event.ts_us } else { 0 }, number);
            mine.for_each(|(number, ((format, event), _))| shard.take(place(number, event), *format, event));
        });
        events.into_par_iter().for_each(drop);
    }

    fn take_fact(&mut self, record: &str) {
        self.report.intake.rows_aside += 1;
        let name = self.name(self.format);
        if let Ok(record) = serde_json::from_str(record) {
            facts::take(name, &record, &mut self.report.exported);
        }
    }

    /// Joins what waits.
    fn join(&mut self) -> Result<(), IngestError> {
        let waiting = std::mem::replace(&mut self.waiting, Waiting::new(1));
        let formats = self.formats;
        let maps: Vec<_> = (0..=formats.list.len()).map(|format| formats.map(format)).collect();
        let mut halves: BTreeMap<usize, u64> = BTreeMap::new();
        let (limit, rows) = (self.most_resident, self.report.intake.rows_read);
        waiting.join(&maps, &|| within_memory(limit, rows), |calls| {
            let mut events = Vec::with_capacity(calls.len());
            for Call { outcome, format, parts, repeated, half, origins } in calls {
                self.report.intake.rows_repeated += repeated;
                match outcome {
                    Ok(Outcome::Event(event)) => {
                        half.into_iter().for_each(|half| *halves.entry(half).or_default() += 1);
                        self.report.intake.rows_joined += parts - 1;
                        events.push((format, event));
                    }
                    Err(Rejection { reason, .. }) => {
                        half.into_iter().for_each(|half| *halves.entry(half).or_default() += 1);
                        for origin in origins {
                            let path = self.paths[origin.file_id as usize].clone();
                            self.reject(&path, Rejection { line: origin.line_no, reason });
                        }
                    }
                    Ok(_) => {
                        half.into_iter().for_each(|half| *self.no_calls.entry(half).or_default() += parts);
                        self.report.intake.rows_aside += parts;
                    }
                }
            }
            self.fold(vec![events], true);
        })?;
        self.report.intake.halves =
            halves.into_iter().map(|(i, calls)| Half { format: self.name(i).to_owned(), calls }).collect();
        Ok(())
    }

    /// The result, with what is to be said of it.
    pub fn finish(mut self) -> Result<(F, IngestReport), IngestError> {
        self.join()?;
        let has = |column: usize| self.seen & (1 << column) != 0;
        // Where no row could be taken apart, nothing is known of columns.
        let apart = self.seen != 0 || self.report.reasons.contains_key(NO_TIME);
        if let Some(field) = self.account_field.as_ref().filter(|_| apart && !has(at::ACCOUNT_ID)) {
            return Err(self.no_account_field(field));
        }
        let absent = self.formats.passed().filter(|_| apart).map_or_else(Vec::new, |map| map.absent(self.seen));
        if !absent.is_empty() {
            let one = |(column, source): &(usize, &str)| format!("{} from {}", COLUMNS[*column].name, visible(source));
            let listed = absent.iter().map(one).collect::<Vec<_>>().join(", ");
            if absent.iter().any(|(column, _)| [at::TS, at::ACCOUNT_ID].contains(column)) {
                return Err(IngestError::MissingColumn { absent: listed, seen: self.report.told_failure() });
            }
            self.report.warn(format!("The map takes {listed}, and no row has such a column; all else was read."));
        }
        let (kept, rows) = (self.dealt, self.report.intake.rows_read);
        if self.seen != 0 && !has(at::ACCOUNT_ID) && self.no_calls.is_empty() {
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
        let name = |file: u32| shown(&self.paths[file as usize]);
        self.report.reused = self.shards.iter().filter_map(|shard| shard.reused(name)).reduce(Reused::merged);
        let (mut total, counts, meetings) = Kept::merged(std::mem::take(&mut self.shards));
        self.count(counts);
        self.say(meetings);
        self.report.settle(self.max_listed);
        total.finish().map_err(IngestError::Spilled)?;
        Ok((total, self.report))
    }

    fn count(&mut self, counts: Counts) {
        let named = counts.resolutions_us().map(|(format, us)| (self.name(format).to_owned(), us)).collect();
        self.report.resolution_us = named;
        let report = &mut self.report;
        report.intake.rows_kept += counts.kept;
        report.intake.rows_repeated += counts.repeated;
        report.zoneless += counts.zoneless;
        report.present = counts.present.to_vec();
        let content = ContentStatus::ALL.iter().zip(counts.content).filter(|(_, rows)| *rows > 0);
        report.intake.content = content.map(|(s, rows)| ContentCount { status: s.as_str().to_owned(), rows }).collect();
        self.report.first_records = counts.first_records(|format| self.name(format));
    }

    /// What only the whole input tells of how it was understood.
    fn say(&mut self, meetings: Option<Meetings>) {
        let formats = self.used.iter().filter_map(|i| self.formats.list.get(*i));
        self.report.ends = formats.filter(|f| f.map.clock.ends).map(|f| f.name.to_owned()).collect();
        if self.report.reasons.contains_key(TOO_LONG) {
            self.note(format!("Lines and records longer than {} bytes were rejected and not held.", self.max_line));
        }
        let Some(meetings) = meetings else { return };
        meetings.notes(|format| self.name(format)).into_iter().for_each(|note| self.note(note));
        for (a, b, shared, size) in meetings.twins.pairs() {
            let (a, b) = (self.name(a), self.name(b));
            self.report.warn(format!(
                "{a} and {b} tell of the same calls: of {size} sampled, {shared} have a partner in the same minute with the \
                 same tokens. Each such call was counted twice, and under two names an account is a pair that does all \
                 things alike: read one of the two logs."
            ));
        }
    }
}
