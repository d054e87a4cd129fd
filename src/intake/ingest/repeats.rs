//! Which calls were counted already. Whoever sends a request may choose its id, so that an id alone tells nothing: rows are
//! repeats that also agree in all that is read of them.

use super::report::Reused;
use crate::intake::event::{Event, Origin, Place};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

const SECOND_US: i64 = 1_000_000;

/// The first call under an id: 60 bits of a hash of account and id, 36 of one of the row. Two of them are equal where their
/// ids are.
#[derive(Clone, Copy)]
struct First([u32; 3]);

impl First {
    fn new(id: u64, row: u64) -> Self {
        Self([id as u32, (id >> 32) as u32 & !0xf | (row >> 32) as u32 & 0xf, row as u32])
    }

    fn id(self) -> [u32; 2] {
        [self.0[0], self.0[1] & !0xf]
    }
}

impl PartialEq for First {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for First {}

impl Hash for First {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.id().hash(hasher);
    }
}

/// Calls seen, as SipHash under keys of this run: whoever writes a log does not know them, so that nobody can choose rows
/// that pass for repeats. Of 10^8 ids two agree by chance once in 200 runs, and all that comes of it is a wrong count in a
/// note; of 10^7 rows under one id each, one passes for a repeat once in 7,000.
#[derive(Default)]
pub(super) struct Repeats {
    keys: [RandomState; 2],
    first: HashSet<First>,
    /// Rows without an id that tell themselves from others.
    whole: HashSet<u64>,
    /// Other calls under an id that is there already, and each such id once with nothing.
    more: HashSet<[u64; 2]>,
    ids: u64,
    /// The least place of such a call.
    at: Option<Place>,
}

impl Repeats {
    /// Notes a call that has an id; whether the same row was noted before.
    pub fn is_repeat(&mut self, event: &Event<'_>, request: &str) -> bool {
        // Texts of a pair are hashed with their ends: no id can lend letters to an account.
        let id = self.keys[0].hash_one((&event.account_id, request));
        let row = self.row(event);
        let call = First::new(id, row);
        let Some(first) = self.first.get(&call) else {
            self.first.insert(call);
            return false;
        };
        if first.0 == call.0 || !self.more.insert([id, row]) {
            return true;
        }
        self.ids += u64::from(self.more.insert([id, 0]));
        let place = Place::from(event.origin);
        self.at = Some(self.at.map_or(place, |least| least.min(place)));
        false
    }

    /// Notes a call that has no id; whether the same row was noted before, as where exports overlap. Only rows that say what was
    /// asked, at a time finer than a second: of others two calls may well agree in all that a log tells.
    pub fn is_same(&mut self, event: &Event<'_>) -> bool {
        let tells_itself = event.ts_res_us < SECOND_US && (event.user_text.is_some() || event.user_hash.is_some());
        if !tells_itself {
            return false;
        }
        let row = self.row(event);
        !self.whole.insert(row)
    }

    /// Hash of all that was read of a row.
    fn row(&self, event: &Event<'_>) -> u64 {
        let mut row = self.keys[1].build_hasher();
        event.hash_read(&mut row);
        row.finish()
    }

    /// What stands under ids of other calls; `file` names a file.
    pub fn reused(&self, file: impl Fn(u32) -> String) -> Option<Reused> {
        let Origin { file_id, line_no } = Origin::from(self.at?);
        Some(Reused { ids: self.ids, calls: self.more.len() as u64 - self.ids, file: file(file_id), line: line_no })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(account: &'static str, line_no: u64, tokens: u64) -> Event<'static> {
        let event = Event::new(Origin { file_id: 0, line_no }, 0, account.into());
        Event { input_tokens: Some(tokens), ..event }
    }

    #[test]
    fn only_the_same_request_of_the_same_account_is_a_repeat() {
        let mut repeats = Repeats::default();
        let mut is_repeat = |account, request| repeats.is_repeat(&call(account, 1, 1), request);
        assert!(!is_repeat("a", "r"));
        assert!(!is_repeat("b", "r"));
        assert!(!is_repeat("a\0b", "c") && !is_repeat("a", "b\0c"));
        assert!(!is_repeat("ar", "") && !is_repeat("", "ar"));
        assert!(is_repeat("a", "r") && is_repeat("a\0b", "c"));
        assert_eq!(repeats.reused(|_| String::new()), None);
    }

    /// Two exports that overlap made each call of the overlap two.
    #[test]
    fn rows_without_an_id_that_agree_in_all_were_counted_twice() {
        let mut repeats = Repeats::default();
        let asked = |line_no, ts_res_us, text: Option<&'static str>| Event {
            ts_res_us,
            user_text: text.map(Into::into),
            ..call("a", line_no, 5)
        };
        assert!(!repeats.is_same(&asked(1, 1_000, Some("one"))) && !repeats.is_same(&asked(2, 1_000, Some("two"))));
        assert!(repeats.is_same(&asked(3, 1_000, Some("one"))));
        for line_no in 4..6 {
            assert!(!repeats.is_same(&asked(line_no, SECOND_US, Some("three"))), "of one second there may be two");
            assert!(!repeats.is_same(&asked(line_no, 1_000, None)), "who asks the same is not known");
        }
    }

    #[test]
    fn calls_under_one_id_are_calls_and_the_first_place_of_another_is_told() {
        let mut repeats = Repeats::default();
        let rows = [(9, 1), (4, 2), (3, 2), (5, 1), (2, 3), (1, 3)];
        let repeated: Vec<bool> = rows.iter().map(|(line, n)| repeats.is_repeat(&call("a", *line, *n), "0")).collect();
        assert_eq!(repeated, [false, false, true, true, false, true]);
        assert!(!repeats.is_repeat(&call("b", 1, 1), "0"));
        let told = Reused { ids: 1, calls: 2, file: "f0".to_owned(), line: 2 };
        assert_eq!(repeats.reused(|file| format!("f{file}")), Some(told));
    }
}
