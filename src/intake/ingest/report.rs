//! What was read: counts that add up, and what is said of them in the end.

use super::rows::{BAD_TIME, NO_UTF8, REFUSED};
use super::{ExportedFacts, FirstRecord, Inputs, Usage};
use crate::document::visible::visible;
use crate::document::{ContentCount, FillRate, Half, InputFile, Intake, Rejected};
use crate::intake::event::ContentStatus;
use crate::intake::schema::COLUMNS;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Files and reasons listed in one sentence.
const LISTED: usize = 5;

/// The first of some names, and what `more` says of the number of the others.
fn listed<N: AsRef<str>>(names: &[N], most: usize, more: impl Fn(usize) -> String) -> String {
    let first: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    let others = names.len() - first.len();
    first.join(", ") + &if others > 0 { format!(" and {}", more(others)) } else { String::new() }
}

/// One row that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reject {
    pub file: String,
    pub line: u64,
    pub reason: std::borrow::Cow<'static, str>,
}

/// Calls that stand under the request id of another call of the same account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reused {
    /// Ids under which more than one call stands.
    pub ids: u64,
    /// Calls under them, the first of each apart.
    pub calls: u64,
    /// Where the first of these stands.
    pub file: String,
    pub line: u64,
}

impl Reused {
    pub(super) fn merged(self, other: Self) -> Self {
        let (ids, calls) = (self.ids.saturating_add(other.ids), self.calls.saturating_add(other.calls));
        let (file, line) = (self.file, self.line).min((other.file, other.line));
        Self { ids, calls, file, line }
    }
}

/// What was read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct IngestReport {
    pub intake: Intake,
    /// The first rejected rows, in order of file and line.
    pub rejects: Vec<Reject>,
    /// All rejected rows by reason.
    pub reasons: BTreeMap<std::borrow::Cow<'static, str>, u64>,
    /// All of them by file, but for rows of a format that is told and cannot be read.
    #[serde(default)]
    pub rejected_of: BTreeMap<String, u64>,
    /// The first call of each format.
    #[serde(skip)]
    pub first_records: Vec<FirstRecord>,
    /// Names of columns in the first rows.
    #[serde(skip)]
    pub columns: BTreeSet<String>,
    /// What usage, audit and compliance exports say of accounts.
    pub exported: BTreeMap<String, ExportedFacts>,
    /// Finest resolution of times by format, µs.
    pub resolution_us: BTreeMap<String, i64>,
    /// Kept rows whose time names no zone.
    pub zoneless: u64,
    /// Formats that stamp the end of a call.
    pub ends: BTreeSet<String>,
    /// Calls under ids of others, where there are any.
    #[serde(default)]
    pub reused: Option<Reused>,
    /// What was noticed between files, in sentences.
    pub notes: Vec<String>,
    /// Kept rows in which each canonical column is present, in order of the schema.
    pub present: Vec<u64>,
}

impl IngestReport {
    /// What all parts of one input came to, with `most` rejected rows listed. Which file a number stands for has to be settled
    /// by the caller.
    pub(crate) fn of_parts(parts: impl IntoIterator<Item = Self>, most: usize) -> Self {
        let mut whole = Self::default();
        parts.into_iter().for_each(|part| whole.add(part));
        let Self { intake, notes, .. } = &mut whole;
        intake.halves.sort_by(|a, b| a.format.cmp(&b.format));
        let order = |c: &ContentCount| ContentStatus::ALL.iter().position(|s| s.as_str() == c.status);
        intake.content.sort_by_key(order);
        // In the order of their paths, as `find_inputs` finds them; a file of which several parts have rows is one.
        intake.files.sort_by_cached_key(|file| PathBuf::from(&file.path));
        intake.files.dedup_by(|later, first| {
            let same = later.path == first.path;
            first.rows = first.rows.saturating_add(if same { later.rows } else { 0 });
            same
        });
        notes.sort();
        notes.dedup();
        intake.warnings.sort();
        intake.warnings.dedup();
        whole.settle(most);
        whole
    }

    fn add(&mut self, other: Self) {
        let (own, its) = (&mut self.intake, other.intake);
        // A part may claim any count, and two of them may be more than a number holds.
        let grow = |own: &mut u64, its: u64| *own = own.saturating_add(its);
        grow(&mut own.rows_read, its.rows_read);
        grow(&mut own.rows_kept, its.rows_kept);
        grow(&mut own.rows_rejected, its.rows_rejected);
        grow(&mut own.rows_repeated, its.rows_repeated);
        grow(&mut own.rows_joined, its.rows_joined);
        grow(&mut own.rows_aside, its.rows_aside);
        for half in its.halves {
            match own.halves.iter_mut().find(|h| h.format == half.format) {
                Some(known) => grow(&mut known.calls, half.calls),
                None => own.halves.push(half),
            }
        }
        for content in its.content {
            match own.content.iter_mut().find(|c| c.status == content.status) {
                Some(known) => grow(&mut known.rows, content.rows),
                None => own.content.push(content),
            }
        }
        own.files.extend(its.files);
        own.warnings.extend(its.warnings);
        self.rejects.extend(other.rejects);
        for (reason, n) in other.reasons {
            grow(self.reasons.entry(reason).or_default(), n);
        }
        for (file, n) in other.rejected_of {
            grow(self.rejected_of.entry(file).or_default(), n);
        }
        for (account, facts) in other.exported {
            self.exported.entry(account).or_default().merge(facts);
        }
        for (format, us) in other.resolution_us {
            let finest = self.resolution_us.entry(format).or_insert(us);
            *finest = us.min(*finest);
        }
        grow(&mut self.zoneless, other.zoneless);
        self.reused = match (self.reused.take(), other.reused) {
            (None, one) | (one, None) => one,
            (Some(a), Some(b)) => Some(a.merged(b)),
        };
        self.ends.extend(other.ends);
        self.notes.extend(other.notes);
        self.present.resize(COLUMNS.len(), 0);
        self.present.iter_mut().zip(other.present).for_each(|(own, its)| grow(own, its));
    }

    /// Notes what was found and is not read, and warns of what may hold logs.
    pub fn note_left_out(&mut self, inputs: &Inputs) {
        self.remark(&inputs.notes);
        self.intake.warnings.extend_from_slice(&inputs.warnings);
    }

    /// Adds sentences to what was noticed, when all was read.
    pub fn remark(&mut self, notes: &[String]) {
        self.notes.extend_from_slice(notes);
        self.intake.notes.extend_from_slice(notes);
    }

    /// Notes what nobody should miss.
    pub(super) fn warn(&mut self, warning: String) {
        self.notes.push(warning.clone());
        self.intake.warnings.push(warning);
    }

    /// Why rows were rejected, with their number and the place of the first that is listed.
    pub fn told_rejects(&self) -> impl Iterator<Item = String> {
        self.reasons.iter().map(|(reason, n)| {
            let first = self.rejects.iter().filter(|r| r.reason == *reason).min();
            let place = first.map_or_else(String::new, |r| format!(" (first {}:{})", r.file, r.line));
            format!("{n} rows, {reason}{place}")
        })
    }

    /// What columns the first rows have, where that is known.
    pub fn told_columns(&self) -> Option<String> {
        const MOST: usize = 40;
        let one = |name: &String| visible(&name.chars().take(MOST).collect::<String>());
        let columns: Vec<String> = self.columns.iter().map(one).collect();
        (!columns.is_empty())
            .then(|| format!("columns of the first rows: {}", listed(&columns, MOST, |n| format!("{n} more"))))
    }

    /// Which files are empty.
    pub(super) fn told_empty(&self) -> Option<String> {
        let empty = self.intake.files.iter().filter(|f| f.bytes == 0 && !f.sha256.is_empty());
        let empty: Vec<&str> = empty.map(|f| f.path.as_str()).collect();
        (!empty.is_empty()).then(|| format!("empty: {}", listed(&empty, LISTED, |n| format!("{n} more"))))
    }

    /// How times are written, where some could not be read.
    fn told_times(&self) -> Option<String> {
        let rows = self.reasons.get(BAD_TIME)?;
        Some(format!(
            "{rows} rejected rows have a time that cannot be read; it is read as 2026-08-03T00:00:05Z, 2026-08-03 00:00:05, \
             2026-08-03, 03/Aug/2026:00:00:05 +0000, Mon, 03 Aug 2026 00:00:05 GMT, or as s, ms, µs or ns since 1970, from 2015 \
             to 2099; for any other way a map has format under [time], such as \"%m/%d/%Y %H:%M:%S\"."
        ))
    }

    /// What is to be done about text in another encoding.
    fn told_encoding(&self) -> Option<String> {
        let rows = self.reasons.get(NO_UTF8)?;
        Some(format!(
            "{rows} rejected rows are not UTF-8; if the log is in Latin-1 or Windows-1252, convert it, as by `iconv -f \
             WINDOWS-1252 -t UTF-8`."
        ))
    }

    /// What helps where nothing could be read.
    pub(super) fn told_failure(&self) -> String {
        let header = self.columns.iter().any(|name| crate::intake::normalise::parse_timestamp(name).is_some());
        let header =
            header.then(|| "a name among them is a time: put a line with the names of the columns first".to_owned());
        let rejects: Vec<String> = self.told_rejects().collect();
        let parts = [rejects.join(", "), self.told_columns().unwrap_or_default(), header.unwrap_or_default()];
        let more = [self.told_encoding(), self.told_times()].map(Option::unwrap_or_default);
        let more = more.iter().map(|said| said.trim_end_matches('.').to_owned());
        let parts = parts.into_iter().chain(more).filter(|part| !part.is_empty());
        parts.map(|part| format!("; {part}")).collect()
    }

    /// Counts a rejected row in its file, and lists it if it is among the first `most`.
    pub(super) fn list(&mut self, reject: Reject, most: usize) {
        if reject.reason != REFUSED {
            match self.rejected_of.get_mut(&reject.file) {
                Some(rows) => *rows += 1,
                None => _ = self.rejected_of.insert(reject.file.clone(), 1),
            }
        }
        self.rejects.push(reject);
        if self.rejects.len() > 2 * most {
            self.keep_first(most);
        }
    }

    /// By file and line and not by when they were met: so a log has the same list in whatever parts it is read.
    fn keep_first(&mut self, most: usize) {
        self.rejects.sort();
        self.rejects.truncate(most);
    }

    /// Puts rejected rows in order; rates from counts, and sentences from all.
    pub(crate) fn settle(&mut self, most: usize) {
        self.keep_first(most);
        let kept = self.intake.rows_kept.max(1) as f64;
        self.intake.fill_rates = (COLUMNS.iter().zip(&self.present))
            .map(|(column, n)| FillRate { column: column.name.to_owned(), share: *n as f64 / kept })
            .collect();
        // Of several that are as many, the first by name.
        let most = self.reasons.iter().max_by_key(|(reason, n)| (**n, std::cmp::Reverse(*reason)));
        self.intake.most_rejected = most.map(|(reason, rows)| {
            let first = self.rejects.iter().find(|reject| reject.reason == *reason);
            let (file, line) = first.map(|first| (first.file.clone(), first.line)).unwrap_or_default();
            Rejected { reason: reason.to_string(), rows: *rows, file, line }
        });
        self.say();
    }

    /// What is to be said where much was rejected.
    fn told_much(&self) -> Option<String> {
        let Intake { rows_read, rows_rejected, files, .. } = &self.intake;
        let is_lost = |f: &&InputFile| self.rejected_of.get(&f.path).is_some_and(|rows| *rows == f.rows);
        let lost: Vec<&str> = files.iter().filter(is_lost).map(|f| f.path.as_str()).collect();
        // A part may claim as many rows as a number holds.
        let much = (rows_rejected.saturating_mul(10) >= *rows_read && *rows_rejected > 0)
            .then(|| format!("{rows_rejected} of {rows_read} rows were rejected."));
        let files = listed(&lost, LISTED, |n| format!("of {n} more files"));
        let whole = (!lost.is_empty()).then(|| format!("All rows of {files} were rejected."));
        // Without their places: which is the first hangs on the names of files, and a log may move.
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let reasons = reasons.iter().take(LISTED).map(|(reason, n)| format!("{n} for {reason}"));
        let reasons = reasons.collect::<Vec<_>>().join(", ");
        let said: Vec<String> = much.into_iter().chain(whole).collect();
        (!said.is_empty()).then(|| format!("{} Rejected were {reasons}.", said.join(" ")))
    }

    /// Writes into the intake how the input was understood, in sentences.
    fn say(&mut self) {
        let mut said = Vec::new();
        // A part has said of itself what is said of the whole.
        self.intake.warnings.retain(|warning| self.notes.contains(warning));
        if let Some(Reused { ids, calls, file, line }) = &self.reused {
            said.push(format!(
                "Request ids do not tell calls apart here: {ids} of them stand on different calls of one account, on {calls} \
                 more than there are ids (first {file}:{line}). All were counted, for only rows that agree in all that is \
                 read of them are repeats. If such rows are the start and the end of one call, keep one kind of them by \
                 [rows] in a map, or each call counts twice."
            ));
        }
        if let Some(warning) = self.told_much() {
            self.intake.warnings.push(warning.clone());
            said.push(warning);
        }
        said.extend(self.notes.iter().cloned());
        if self.zoneless > 0 {
            said.push(format!("{} times name no zone and were taken as UTC.", self.zoneless));
        }
        said.extend(self.told_encoding());
        said.extend(self.told_times());
        said.extend(self.told_empty().map(|empty| format!("Files that are {empty}.")));
        let (listed, rejected) = (self.rejects.len() as u64, self.intake.rows_rejected);
        if listed < rejected {
            said.push(format!("Of {rejected} rejected rows the first {listed} are listed one by one."));
        }
        for format in &self.ends {
            said.push(format!("Times of {format} are those of the end of a call; the start was found by its length."));
        }
        for (format, us) in self.resolution_us.iter().filter(|(_, us)| **us >= 1_000_000) {
            said.push(format!("Times of {format} tell nothing shorter than {} s apart.", us / 1_000_000));
        }
        for Half { format, calls } in &self.intake.halves {
            said.push(format!("{calls} calls stand in {format} alone: its partner has no row of theirs."));
        }
        let usage: Vec<&Usage> = self.exported.values().filter_map(|facts| facts.usage.as_ref()).collect();
        if !usage.is_empty() {
            // Each of them ends at what a number holds.
            let sum = |of: fn(&Usage) -> u64| usage.iter().map(|u| of(u)).fold(0, u64::saturating_add);
            said.push(format!(
                "Usage exports name {} keys with {} buckets, {} input and {} output tokens; sums are no calls and were not \
                 read as such.",
                usage.len(),
                sum(|u| u.buckets),
                sum(|u| u.input_tokens),
                sum(|u| u.output_tokens)
            ));
        }
        self.intake.notes = said;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two keys, for each of which an export claims all the tokens that a number holds.
    #[test]
    fn claimed_sums_of_two_keys_end_at_what_a_number_holds() {
        let most = u64::MAX;
        let usage = Some(Usage { buckets: most, requests: most, input_tokens: most, output_tokens: most });
        let facts = ExportedFacts { usage, ..ExportedFacts::default() };
        let claimed = || {
            let exported = ["a", "b"].map(|key| (key.to_owned(), facts.clone())).into();
            let halves = vec![Half { format: "x".to_owned(), calls: most }];
            let intake = Intake { rows_read: most, rows_kept: most, halves, ..Intake::default() };
            IngestReport {
                intake,
                exported,
                zoneless: most,
                present: vec![most; COLUMNS.len()],
                ..IngestReport::default()
            }
        };
        let whole = IngestReport::of_parts([claimed(), claimed()], 10);
        assert_eq!((whole.intake.rows_read, whole.intake.halves[0].calls, whole.zoneless), (most, most, most));
        assert!(whole.intake.notes.iter().any(|note| note.contains(&format!("{most} buckets, {most} input"))));
    }

    /// Rows beyond those that are listed were in no file.
    #[test]
    fn a_file_rejected_whole_was_not_warned_of_behind_the_rejects_that_are_listed() {
        let mut report = IngestReport::default();
        for (path, rows) in [("a.jsonl", 30), ("b.jsonl", 40), ("c.jsonl", 5)] {
            report.intake.files.push(InputFile { path: path.to_owned(), rows, ..InputFile::default() });
            report.intake.rows_read += rows;
            for line in 1..=rows - u64::from(path == "c.jsonl") {
                report.intake.rows_rejected += 1;
                report.list(Reject { file: path.to_owned(), line, reason: "broken".into() }, 20);
            }
        }
        let parts = [report.clone(), IngestReport::default()];
        report.settle(20);
        let merged = IngestReport::of_parts(parts, 20);
        for report in [report, merged] {
            let said = report.intake.warnings.join(" ");
            assert!(said.contains("All rows of a.jsonl, b.jsonl were rejected."), "{said}");
        }
    }

    /// Ten times as many as a number holds are no number.
    #[test]
    fn a_part_that_claims_all_rows_of_a_number_rejected_ended_the_program() {
        let file = InputFile { path: "a.jsonl".to_owned(), rows: u64::MAX, ..InputFile::default() };
        let intake = Intake { rows_read: u64::MAX, rows_rejected: u64::MAX, files: vec![file], ..Intake::default() };
        let claimed = || IngestReport { intake: intake.clone(), ..IngestReport::default() };
        let whole = IngestReport::of_parts([claimed(), claimed()], 10);
        assert_eq!((whole.intake.files.len(), whole.intake.files[0].rows), (1, u64::MAX));
        assert_eq!(whole.intake.warnings.len(), 1, "{:?}", whole.intake.warnings);
    }
}
