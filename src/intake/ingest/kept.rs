//! Rows that are kept: of some accounts, counted as they come. An account's rows all go to one of these, so that they grow side
//! by side and have nothing in common until the end.

use super::FirstRecord;
use super::meetings::Meetings;
use super::repeats::Repeats;
use super::report::Reused;
use crate::intake::event::{ContentStatus, Event, Fold};
use crate::intake::normalise::{WIDTH, canonical, filled};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Where a call stands: its time, if calls of its format come in no order of their own, and its number among all.
pub(super) type Place = (i64, u64);

/// How rows of one format tell the time, and the first of them.
struct OfFormat {
    /// Finest resolution of their times, µs.
    resolution_us: i64,
    /// Place of the first, and its cells.
    first: (Place, Map<String, Value>),
}

/// Counts of rows.
pub(super) struct Counts {
    pub kept: u64,
    pub repeated: u64,
    /// Kept rows whose times name no zone.
    pub zoneless: u64,
    /// Kept rows with each column.
    pub present: [u64; WIDTH],
    /// Kept rows of each [`ContentStatus`].
    pub content: [u64; ContentStatus::ALL.len()],
    of_format: BTreeMap<usize, OfFormat>,
}

impl Counts {
    fn new() -> Self {
        let (present, content) = ([0; WIDTH], [0; ContentStatus::ALL.len()]);
        Self { kept: 0, repeated: 0, zoneless: 0, present, content, of_format: BTreeMap::new() }
    }

    fn add(&mut self, place: Place, format: usize, event: &Event<'_>) {
        self.kept += 1;
        self.zoneless += u64::from(event.zoneless);
        self.present.iter_mut().zip(filled(event)).for_each(|(n, there)| *n += u64::from(there));
        self.content[event.content_status as usize] += 1;
        let new = || OfFormat { resolution_us: event.ts_res_us, first: (place, canonical(event)) };
        let of_format = self.of_format.entry(format).or_insert_with(new);
        if place < of_format.first.0 {
            of_format.first = (place, canonical(event));
        }
        of_format.resolution_us = of_format.resolution_us.min(event.ts_res_us);
    }

    fn merge(&mut self, other: Self) {
        self.kept += other.kept;
        self.repeated += other.repeated;
        self.zoneless += other.zoneless;
        self.present.iter_mut().zip(other.present).for_each(|(n, more)| *n += more);
        self.content.iter_mut().zip(other.content).for_each(|(n, more)| *n += more);
        for (format, theirs) in other.of_format {
            match self.of_format.get_mut(&format) {
                None => {
                    self.of_format.insert(format, theirs);
                }
                Some(own) => {
                    own.resolution_us = own.resolution_us.min(theirs.resolution_us);
                    if theirs.first.0 < own.first.0 {
                        own.first = theirs.first;
                    }
                }
            }
        }
    }

    /// Finest resolution of each format, µs.
    pub fn resolutions_us(&self) -> impl Iterator<Item = (usize, i64)> {
        self.of_format.iter().map(|(format, of)| (*format, of.resolution_us))
    }

    /// The first call of each format, in the order in which they came; `name` says what a format is called.
    pub fn first_records(self, name: impl Fn(usize) -> &'static str) -> Vec<FirstRecord> {
        let mut firsts: Vec<_> = self.of_format.into_iter().map(|(format, of)| (of.first, format)).collect();
        firsts.sort_by_key(|((place, _), _)| *place);
        let record = |((_, cells), format)| FirstRecord { format: String::from(name(format)), cells };
        firsts.into_iter().map(record).collect()
    }
}

/// Rows of some accounts.
pub(super) struct Kept<F> {
    fold: F,
    requests: Repeats,
    counts: Counts,
    /// Only where files of several formats are read.
    meetings: Option<Meetings>,
}

impl<F: Fold> Kept<F> {
    /// So many bytes may stay in memory; `several` says whether files of several formats are read.
    pub fn new(bytes: usize, several: bool) -> Self {
        let mut fold = F::default();
        fold.hold(bytes);
        Self { fold, requests: Repeats::default(), counts: Counts::new(), meetings: several.then(Meetings::default) }
    }

    /// Takes a row, unless it was counted already: under the same request id, or, where the log has none, the same in all.
    pub fn take(&mut self, place: Place, format: usize, event: &Event<'_>) {
        let is_repeat = match event.request_id.as_deref() {
            Some(request) => self.requests.is_repeat(event, request),
            None => self.requests.is_same(event),
        };
        if is_repeat {
            self.counts.repeated += 1;
            return;
        }
        self.counts.add(place, format, event);
        self.meetings.iter_mut().for_each(|meetings| meetings.take(event, format));
        self.fold.push(event);
    }

    /// What stands under ids of other calls; `file` names a file.
    pub fn reused(&self, file: impl Fn(u32) -> String) -> Option<Reused> {
        self.requests.reused(file)
    }

    /// What all have come to.
    pub fn merged(parts: Vec<Self>) -> (F, Counts, Option<Meetings>) {
        let mut total = (F::default(), Counts::new(), None);
        for Self { fold, requests, counts, meetings } in parts {
            // Nothing else will be read, and there are as many of these as rows.
            drop(requests);
            total.0.merge(fold);
            total.1.merge(counts);
            total.2 = match (total.2, meetings) {
                (None, one) | (one, None) => one,
                (Some(a), Some(b)) => Some(Meetings::merged(a, b)),
            };
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::Origin;
    use proptest::prelude::*;

    /// Lines in order.
    #[derive(Default)]
    struct Seen(Vec<u64>);

    impl Fold for Seen {
        fn push(&mut self, event: &Event<'_>) {
            self.0.push(event.origin.line_no);
        }

        fn merge(&mut self, other: Self) {
            self.0.extend(other.0);
            self.0.sort_unstable();
        }
    }

    proptest! {
        #[test]
        fn parts_by_account_keep_and_count_what_one_does(calls in proptest::collection::vec((0u8..4, 0u8..6, 0usize..3, 1i64..4), 0..60)) {
            let parts = |n: u8| {
                let mut parts: Vec<Kept<Seen>> = (0..n).map(|_| Kept::new(0, false)).collect();
                for (number, (account, request, format, resolution_us)) in (0..).zip(&calls) {
                    let origin = Origin { file_id: 0, line_no: number };
                    let event = Event {
                        request_id: (*request > 0).then(|| format!("r{request}").into()),
                        ts_res_us: *resolution_us,
                        zoneless: *request == 2,
                        ..Event::new(origin, 0, format!("a{account}").into())
                    };
                    parts[usize::from(account % n)].take((0, number), *format, &event);
                }
                let (seen, counts, _) = Kept::merged(parts);
                let numbers = (counts.kept, counts.repeated, counts.zoneless, counts.present, counts.content);
                let resolutions: Vec<_> = counts.resolutions_us().collect();
                (seen.0, format!("{numbers:?}"), resolutions, counts.first_records(|format| ["x", "y", "z"][format]))
            };
            prop_assert_eq!(parts(1), parts(3));
        }
    }
}
