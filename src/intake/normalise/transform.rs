//! How the value of a source becomes that of a canonical column: data of a field map, not code of a format.

use super::address::host;
use super::chat::{MODEL, is_messages, last_turn, last_user_turn, system_turns, unquoted, user_text};
use super::json::scalar;
use super::present;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a source holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// The value itself.
    #[default]
    Value,
    /// Chat messages, of which the last of the user is meant; anything else is the text itself.
    LastUser,
    /// Chat messages, of which the last of the user is meant; anything else is not.
    UserTurns,
    /// Chat messages or parts of text, of which those of the system are meant; a string is the text itself.
    System,
    /// Chat messages, of which those of the system are meant; anything else is not.
    SystemTurns,
    /// Messages or choices of an answer; a string is the text itself.
    Answer,
    /// A text or an array of its parts.
    Parts,
    /// A length of time in s, ms, µs or ns.
    Seconds,
    Millis,
    Micros,
    Nanos,
    /// An HTTP status; anything that is none is absent.
    HttpStatus,
    /// An address, perhaps with a port.
    Host,
    /// The first of several values set apart by commas.
    First,
}

/// From a raw JSON value or a cell to text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Transform {
    pub shape: Shape,
    /// Values to be replaced.
    pub values: BTreeMap<String, String>,
    /// Constants that say nothing.
    pub absent: Vec<String>,
    /// What is meant stands behind the first of these.
    pub after: Option<String>,
    /// What is meant stands behind the last of these.
    pub after_last: Option<String>,
    /// What is meant ends before the first of these.
    pub before: Option<String>,
}

impl Transform {
    pub fn of(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// The text, `None` where the source says nothing; `Err` for a string with a broken escape.
    pub fn apply<'a>(&self, raw: Cow<'a, str>) -> Result<Option<Cow<'a, str>>, &'static str> {
        scalar(raw).ok_or("broken escape").map(|text| self.apply_text(text))
    }

    /// The same for what is text already.
    pub fn apply_text<'a>(&self, text: Cow<'a, str>) -> Option<Cow<'a, str>> {
        if self.shape == Shape::Value && self.is_plain() {
            return Some(text);
        }
        let said = present(&text)?;
        if self.absent.iter().any(|a| a == said) {
            return None;
        }
        let mut said = said;
        if let Some(marker) = &self.after {
            said = said.split_once(marker.as_str())?.1;
        }
        if let Some(marker) = &self.after_last {
            said = said.rsplit_once(marker.as_str()).map_or(said, |(_, rest)| rest);
        }
        if let Some(marker) = &self.before {
            said = said.split_once(marker.as_str()).map_or(said, |(first, _)| first);
        }
        if let Some(known) = self.values.get(said) {
            return present(known).map(|known| Cow::Owned(known.to_owned()));
        }
        self.shape.read(said).map(Cow::Owned)
    }

    fn is_plain(&self) -> bool {
        self.values.is_empty()
            && self.absent.is_empty()
            && self.after.is_none()
            && self.after_last.is_none()
            && self.before.is_none()
    }
}

impl Shape {
    fn read(self, said: &str) -> Option<String> {
        match self {
            Self::Value => Some(said.to_owned()),
            Self::System if is_messages(said) => system_turns(said),
            Self::SystemTurns => system_turns(said),
            Self::LastUser => user_text(Cow::Borrowed(said)).map(Cow::into_owned),
            Self::UserTurns => last_user_turn(said),
            Self::System | Self::Parts => Some(unquoted(said)),
            Self::Answer => answer(said),
            Self::Seconds => millis(said, 1e3),
            Self::Millis => millis(said, 1.0),
            Self::Micros => millis(said, 1e-3),
            Self::Nanos => millis(said, 1e-6),
            Self::HttpStatus => {
                let digits: String = said.chars().take_while(char::is_ascii_digit).collect();
                digits.parse::<u16>().ok().filter(|s| (100..600).contains(s)).map(|_| digits)
            }
            Self::Host => Some(host(said).to_owned()),
            Self::First => said.split(',').next().and_then(present).map(str::to_owned),
        }
    }
}

/// The text of an answer: the last message, the last choice's message, or parts.
fn answer(said: &str) -> Option<String> {
    if is_messages(said) { last_turn(said, &MODEL) } else { Some(unquoted(said)) }
}

/// Whole milliseconds; a negative length means that there was none.
fn millis(said: &str, scale: f64) -> Option<String> {
    let value: f64 = said.parse().ok()?;
    (value.is_finite() && value >= 0.0 && value * scale < 9e15).then(|| format!("{}", (value * scale).round() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(shape: Shape, raw: &str) -> Option<String> {
        Transform::of(shape).apply(Cow::Borrowed(raw)).unwrap().map(Cow::into_owned)
    }

    #[test]
    fn lengths_of_time_become_milliseconds() {
        assert_eq!(read(Shape::Seconds, "8.421").as_deref(), Some("8421"));
        assert_eq!(read(Shape::Nanos, "\"8421000000\"").as_deref(), Some("8421"));
        assert_eq!(read(Shape::Millis, "-1000"), None);
        assert_eq!(read(Shape::Seconds, "-"), None);
    }

    #[test]
    fn an_address_loses_its_port() {
        assert_eq!(read(Shape::Host, "203.0.113.10:64484").as_deref(), Some("203.0.113.10"));
        assert_eq!(read(Shape::Host, "[2001:db8::1]:443").as_deref(), Some("2001:db8::1"));
        assert_eq!(read(Shape::Host, "2001:db8::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(read(Shape::First, "203.0.113.1, 10.0.0.1").as_deref(), Some("203.0.113.1"));
    }

    #[test]
    fn a_word_is_no_status() {
        assert_eq!(read(Shape::HttpStatus, "\"429\"").as_deref(), Some("429"));
        assert_eq!(read(Shape::HttpStatus, "\"rate limited\""), None);
    }

    #[test]
    fn messages_of_every_vendor_are_read() {
        let openai = r#"[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"u"}]}]"#;
        let semconv = r#"[{"role":"user","parts":[{"type":"text","content":"u"}]}]"#;
        let gemini = r#"[{"role":"user","parts":[{"text":"u"}]},{"role":"model","parts":[{"text":"m"}]}]"#;
        for text in [openai, semconv, gemini] {
            assert_eq!(read(Shape::LastUser, text).as_deref(), Some("u"), "{text}");
        }
        assert_eq!(read(Shape::System, openai).as_deref(), Some("s"));
        assert_eq!(read(Shape::System, r#"[{"type":"text","content":"s"}]"#).as_deref(), Some("s"));
        assert_eq!(read(Shape::System, semconv), None);
        assert_eq!(read(Shape::LastUser, r#"[{"role":"assistant","content":"x"}]"#), None);
        assert_eq!(read(Shape::Answer, r#"{"role":"assistant","content":[{"text":"a"}]}"#).as_deref(), Some("a"));
        assert_eq!(read(Shape::Answer, "plain").as_deref(), Some("plain"));
    }
}
