//! One row on its way from source columns to an event.

use std::borrow::Cow;

use super::chat::user_text;
use super::content::classify;
use super::json::compact;
use super::time::{Stamp, Written, in_range, parse_stamp};
use super::{address, present};
use crate::intake::event::{ContentStatus, Event, Origin};
use crate::intake::schema::{COLUMNS, at};

/// Number of canonical columns.
pub(crate) const WIDTH: usize = COLUMNS.len();
/// Cells of a row that are no canonical columns: the id that rows of one call share, their order, and what tells a call
/// from another row.
pub(crate) const JOIN: usize = WIDTH;
pub(crate) const SEQUENCE: usize = WIDTH + 1;
pub(crate) const KIND: usize = WIDTH + 2;
/// Cells of a row.
pub(crate) const CELLS: usize = WIDTH + 3;

/// Bytes of the longest name of an account: it stands in many places of a case, so that a few of a megabyte would fill it.
pub(crate) const LONGEST_ACCOUNT: usize = 1_024;

/// How a format tells the time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Stamps are those of the end of the call.
    pub ends: bool,
    /// Times without a zone are known to be UTC.
    pub utc: bool,
    /// How times are written, where a map says so.
    pub written: Option<Written>,
}

impl Clock {
    fn stamp(&self, text: &str) -> Option<Stamp> {
        self.written.as_ref().map_or_else(|| parse_stamp(text), |written| written.parse(text))
    }
}

/// The cells of one row by canonical column, as text.
pub(crate) struct Row<'a> {
    pub cells: [Option<Cow<'a, str>>; CELLS],
    pub priorities: [u16; CELLS],
    /// Bit per cell for which a source stood in the row, even with nothing in it.
    pub seen: u64,
}

impl<'a> Row<'a> {
    pub fn new() -> Self {
        Self { cells: [const { None }; CELLS], priorities: [u16::MAX; CELLS], seen: 0 }
    }

    /// Takes a source's value unless a better source has already said something.
    pub fn offer(&mut self, column: usize, priority: u16, value: Cow<'a, str>) {
        self.seen |= 1 << column;
        if self.cells[column].is_some() && self.priorities[column] <= priority {
            return;
        }
        let said = match value {
            Cow::Borrowed(text) => present(text).map(Cow::Borrowed),
            Cow::Owned(text) => match present(&text).map(str::len) {
                None => None,
                Some(length) if length == text.len() => Some(Cow::Owned(text)),
                Some(_) => Some(Cow::Owned(text.trim().to_string())),
            },
        };
        if said.is_some() {
            self.cells[column] = said;
            self.priorities[column] = priority;
        }
    }

    /// The event, or why the row is none.
    pub fn into_event(self, origin: Origin, clock: &Clock) -> Result<Event<'a>, &'static str> {
        let mut cells = self.cells;
        let mut take = |column: usize| cells[column].take();
        let stamp = match take(at::TS) {
            None => return Err("no timestamp"),
            Some(text) => clock.stamp(&text).ok_or("unreadable timestamp")?,
        };
        let account_id = take(at::ACCOUNT_ID).map(whole_id).ok_or("no account")?;
        if account_id.len() > LONGEST_ACCOUNT {
            return Err("account id over 1,024 bytes");
        }
        let user = take(at::USER_TEXT).and_then(user_text);
        let user = user.map(compact).filter(|text| present(text).is_some()).map(classify);
        let system = take(at::SYSTEM_TEXT).map(compact).map(classify);
        let said = take(at::CONTENT_STATUS).and_then(|t| ContentStatus::ALL.into_iter().find(|s| s.as_str() == t));
        let (system_text, system_tail, of_system) = system.map_or((None, None, None), |s| (s.text, s.tail, s.hash));
        let (found, user_text, user_tail, of_user) =
            user.map_or((ContentStatus::Absent, None, None, None), |u| (u.status, u.text, u.tail, u.hash));
        // Who has the text needs no hash of it.
        let system_hash = of_system.or_else(|| take(at::SYSTEM_HASH)).filter(|_| system_text.is_none());
        let user_hash = of_user.or_else(|| take(at::USER_HASH)).filter(|_| user_text.is_none());
        let found = if user_hash.is_some() { ContentStatus::Hashed } else { found };
        let duration_ms = take(at::DURATION_MS).and_then(|t| rounded(&t));
        // A log of whole seconds that subtracts whole seconds can be off by one of each.
        let (ts_us, ts_res_us) = match duration_ms.filter(|_| clock.ends) {
            None => (stamp.us, stamp.res_us),
            Some(ms) => {
                let length_us = if ms % 1_000 == 0 { stamp.res_us } else { 1_000 };
                let start = stamp.us - i64::try_from(ms).map_or(0, |ms| ms * 1_000);
                (in_range(start).ok_or("unreadable timestamp")?, stamp.res_us.max(length_us))
            }
        };
        Ok(Event {
            origin,
            ts_us,
            ts_res_us,
            zoneless: stamp.zoneless && !clock.utc,
            account_id,
            org_id: take(at::ORG_ID),
            request_id: take(at::REQUEST_ID),
            session_id: take(at::SESSION_ID),
            model: take(at::MODEL),
            system_text,
            system_tail,
            user_text,
            user_tail,
            system_hash,
            user_hash,
            tools: take(at::TOOLS).map(compact),
            temperature: take(at::TEMPERATURE).and_then(|t| decimal(&t)),
            top_p: take(at::TOP_P).and_then(|t| decimal(&t)),
            max_tokens: take(at::MAX_TOKENS).and_then(|t| count(&t)),
            stream: take(at::STREAM).and_then(|t| truth(&t)),
            input_tokens: take(at::INPUT_TOKENS).and_then(|t| count(&t)),
            output_tokens: take(at::OUTPUT_TOKENS).and_then(|t| count(&t)),
            status: take(at::STATUS).and_then(|t| count(&t)).and_then(|s| u16::try_from(s).ok()),
            finish_reason: take(at::FINISH_REASON),
            client_ip: take(at::CLIENT_IP).map(address::canonical),
            user_agent: take(at::USER_AGENT),
            tls_fingerprint: take(at::TLS_FINGERPRINT),
            key_id: take(at::KEY_ID),
            end_user_id: take(at::END_USER_ID),
            upstream_id: take(at::UPSTREAM_ID),
            response_model: take(at::RESPONSE_MODEL),
            operation: take(at::OPERATION),
            response_text: take(at::RESPONSE_TEXT),
            response_format: take(at::RESPONSE_FORMAT).map(compact),
            n: take(at::N).and_then(|t| count(&t)),
            stop: take(at::STOP).map(compact),
            seed: take(at::SEED).and_then(|t| t.parse().ok()),
            reasoning_effort: take(at::REASONING_EFFORT),
            reasoning_tokens: take(at::REASONING_TOKENS).and_then(|t| count(&t)),
            cache_read_tokens: take(at::CACHE_READ_TOKENS).and_then(|t| count(&t)),
            cache_write_tokens: take(at::CACHE_WRITE_TOKENS).and_then(|t| count(&t)),
            error_type: take(at::ERROR_TYPE),
            duration_ms,
            ttft_ms: take(at::TTFT_MS).and_then(|t| rounded(&t)),
            asn: take(at::ASN).and_then(|t| count(&t)),
            country: take(at::COUNTRY),
            accept_language: take(at::ACCEPT_LANGUAGE),
            // What the text shows goes before what the log says of it, unless it shows nothing special.
            content_status: if found == ContentStatus::Full { said.unwrap_or(found) } else { found },
        })
    }
}

/// Milliseconds, perhaps with a fraction.
fn rounded(text: &str) -> Option<u64> {
    decimal(text).filter(|ms| (0.0..9e15).contains(ms)).map(|ms| ms.round() as u64)
}

fn decimal(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A whole number of at least 0, also where it is spelt `12.0`, `1e3` or `1,000`.
fn count(text: &str) -> Option<u64> {
    let whole = |text: &str| {
        let value = decimal(text)?;
        (value >= 0.0 && value.fract() == 0.0 && value <= 9e15).then_some(value as u64)
    };
    let in_thousands = |text: &str| {
        let mut groups = text.split(',');
        let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
        first && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
    };
    text.parse().ok().or_else(|| whole(text)).or_else(|| {
        let grouped = text.contains(',') && in_thousands(text);
        grouped.then(|| text.replace(',', "").parse().ok())?
    })
}

/// A number that names an account, as data frames write it where another row has none: `7.0` is `7`.
pub(crate) fn whole_id(id: Cow<'_, str>) -> Cow<'_, str> {
    let whole = id.strip_suffix(".0").filter(|whole| !whole.is_empty() && whole.bytes().all(|b| b.is_ascii_digit()));
    match (whole.map(str::len), id) {
        (Some(length), Cow::Borrowed(id)) => Cow::Borrowed(&id[..length]),
        (Some(length), Cow::Owned(mut id)) => {
            id.truncate(length);
            Cow::Owned(id)
        }
        (None, id) => id,
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_a_data_frame_had_made_a_float_was_another_than_in_the_account_table() {
        for (id, whole) in [("7.0", "7"), ("7", "7"), ("7.5", "7.5"), ("v1.0", "v1.0"), (".0", ".0")] {
            assert_eq!(whole_id(id.into()), whole);
            assert_eq!(whole_id(id.to_owned().into()), whole);
        }
    }

    #[test]
    fn numbers_as_text() {
        assert_eq!(decimal("0.7"), Some(0.7));
        assert_eq!(decimal("NaN"), None);
        assert_eq!(decimal("inf"), None);
        assert_eq!(count("12.0"), Some(12));
        assert_eq!(count("-1"), None);
        assert_eq!(count("1,234,567"), Some(1_234_567));
        assert_eq!((count("1,23"), count(",123"), count("1,2345")), (None, None, None));
        assert_eq!(truth("True"), Some(true));
    }
}
