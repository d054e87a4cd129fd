//! One row on its way from source columns to an event.

use std::borrow::Cow;

use super::json::{compact, last_user_turn};
use super::{parse_timestamp, present};
use crate::event::{Event, Origin};
use crate::schema::COLUMNS;

/// Number of canonical columns.
pub(crate) const WIDTH: usize = COLUMNS.len();

/// The cells of one row by canonical column, as text.
pub(crate) struct Row<'a> {
    cells: [Option<Cow<'a, str>>; WIDTH],
    priorities: [u16; WIDTH],
    /// Bit per canonical column for which a source stood in the row, even with nothing in it.
    pub seen: u32,
}

impl<'a> Row<'a> {
    pub fn new() -> Self {
        Self { cells: [const { None }; WIDTH], priorities: [u16::MAX; WIDTH], seen: 0 }
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
    pub fn into_event(self, origin: Origin) -> Result<Event<'a>, &'static str> {
        // In the order of `COLUMNS`, which a test holds fast.
        let [
            ts,
            account_id,
            org_id,
            request_id,
            session_id,
            model,
            system_text,
            user_text,
            tools,
            temperature,
            top_p,
            max_tokens,
            stream,
            input_tokens,
            output_tokens,
            status,
            finish_reason,
            client_ip,
            user_agent,
            tls_fingerprint,
        ] = self.cells;
        let ts_us = match ts {
            None => return Err("no timestamp"),
            Some(text) => parse_timestamp(&text).ok_or("unreadable timestamp")?,
        };
        let user_text = user_text.map(|text| match last_user_turn(&text) {
            Some(turn) => Cow::Owned(turn),
            None => text,
        });
        Ok(Event {
            origin,
            ts_us,
            account_id: account_id.ok_or("no account")?,
            org_id,
            request_id,
            session_id,
            model,
            system_text: system_text.map(compact),
            user_text: user_text.map(compact).filter(|text| present(text).is_some()),
            tools: tools.map(compact),
            temperature: temperature.and_then(|t| decimal(&t)),
            top_p: top_p.and_then(|t| decimal(&t)),
            max_tokens: max_tokens.and_then(|t| count(&t)),
            stream: stream.and_then(|t| truth(&t)),
            input_tokens: input_tokens.and_then(|t| count(&t)),
            output_tokens: output_tokens.and_then(|t| count(&t)),
            status: status.and_then(|t| count(&t)).and_then(|s| u16::try_from(s).ok()),
            finish_reason,
            client_ip,
            user_agent,
            tls_fingerprint,
        })
    }
}

/// Which columns an event has, in the order of [`COLUMNS`].
pub(crate) fn filled(event: &Event<'_>) -> [bool; WIDTH] {
    [
        true,
        true,
        event.org_id.is_some(),
        event.request_id.is_some(),
        event.session_id.is_some(),
        event.model.is_some(),
        event.system_text.is_some(),
        event.user_text.is_some(),
        event.tools.is_some(),
        event.temperature.is_some(),
        event.top_p.is_some(),
        event.max_tokens.is_some(),
        event.stream.is_some(),
        event.input_tokens.is_some(),
        event.output_tokens.is_some(),
        event.status.is_some(),
        event.finish_reason.is_some(),
        event.client_ip.is_some(),
        event.user_agent.is_some(),
        event.tls_fingerprint.is_some(),
    ]
}

fn decimal(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A whole number of at least 0, also where it is spelt `12.0` or `1e3`.
fn count(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let value = decimal(text)?;
        (value >= 0.0 && value.fract() == 0.0 && value <= 9e15).then_some(value as u64)
    })
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
    fn order_of_columns_is_that_of_the_event() {
        let names: Vec<&str> = COLUMNS.iter().map(|c| c.name).collect();
        let expected = "ts account_id org_id request_id session_id model system_text user_text tools temperature \
             top_p max_tokens stream input_tokens output_tokens status finish_reason client_ip user_agent tls_fingerprint";
        assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn numbers_as_text() {
        assert_eq!(decimal("0.7"), Some(0.7));
        assert_eq!(decimal("NaN"), None);
        assert_eq!(decimal("inf"), None);
        assert_eq!(count("12.0"), Some(12));
        assert_eq!(count("-1"), None);
        assert_eq!(truth("True"), Some(true));
    }
}
