//! The little JSON that a row needs: scalars as text, nested lookups, chat messages.

use std::borrow::Cow;

use sonic_rs::{JsonValueTrait, LazyValue, to_array_iter, to_object_iter};

/// One key stands twice in an object that is read.
pub(crate) struct Duplicate;

/// A JSON value as text: strings without quotes and escapes, anything else as it stands. `None` for a
/// string with a broken escape.
pub(crate) fn scalar(raw: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if !raw.starts_with('"') {
        return Some(raw);
    }
    match raw {
        Cow::Borrowed(quoted) => {
            let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
            if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
                Some(Cow::Borrowed(inner))
            } else {
                unescape(inner).map(Cow::Owned)
            }
        }
        Cow::Owned(quoted) => unescape(quoted.get(1..quoted.len().checked_sub(1)?)?).map(Cow::Owned),
    }
}

/// Undoes JSON escapes; a surrogate without its partner becomes U+FFFD, as Python writes such logs.
fn unescape(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        rest = rest.get(at + 2..)?;
        out.push(match escape {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => escape as char,
            b'u' => {
                let first = hex4(rest)?;
                rest = &rest[4..];
                let low = rest.strip_prefix("\\u").and_then(hex4).filter(|low| (0xDC00..0xE000).contains(low));
                match (first, low) {
                    (0xD800..0xDC00, Some(low)) => {
                        rest = &rest[6..];
                        char::from_u32(0x10000 + ((first - 0xD800) << 10) + (low - 0xDC00))?
                    }
                    _ => char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER),
                }
            }
            _ => return None,
        });
    }
    out.push_str(rest);
    Some(out)
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

/// Raw value of a key of an object; later values of the same key are refused.
fn member<'a>(object: &'a str, key: &str) -> Result<Option<Cow<'a, str>>, Duplicate> {
    let mut found: Option<LazyValue<'a>> = None;
    for (name, value) in to_object_iter(object).flatten() {
        if name == key && found.replace(value).is_some() {
            return Err(Duplicate);
        }
    }
    Ok(found.map(|v| v.as_raw_cow()))
}

/// Follows keys into nested objects; `None` where the path ends early.
pub(crate) fn nested<'a>(object: &'a str, path: &[String]) -> Result<Option<Cow<'a, str>>, Duplicate> {
    let Some((first, rest)) = path.split_first() else { return Ok(Some(Cow::Borrowed(object))) };
    if !object.trim_start().starts_with('{') {
        return Ok(None);
    }
    match member(object, first)? {
        Some(Cow::Borrowed(inner)) => nested(inner, rest),
        Some(Cow::Owned(inner)) => Ok(nested(&inner, rest)?.map(|v| Cow::Owned(v.into_owned()))),
        None => Ok(None),
    }
}

/// A JSON object or array without the white space between its tokens; other text as it stands.
pub(crate) fn compact(raw: Cow<'_, str>) -> Cow<'_, str> {
    let candidate = raw.starts_with(['{', '[']) && raw.bytes().any(|b| b.is_ascii_whitespace());
    if !candidate || serde_json::from_str::<serde::de::IgnoredAny>(&raw).is_err() {
        return raw;
    }
    let (mut quoted, mut escaped) = (false, false);
    let keep = |c: &char| {
        let kept = quoted || !matches!(c, ' ' | '\t' | '\r' | '\n');
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = quoted,
            '"' => quoted = !quoted,
            _ => {}
        }
        kept
    };
    Cow::Owned(raw.chars().filter(keep).collect())
}

/// The text of the last user turn, if this is an array of chat messages that has one.
pub(crate) fn last_user_turn(text: &str) -> Option<String> {
    if !text.starts_with('[') || !text.contains("\"role\"") {
        return None;
    }
    let mut last = None;
    for message in to_array_iter(text) {
        let message = message.ok()?;
        if !message.is_object() {
            return None;
        }
        let raw = message.as_raw_cow();
        let role = member(&raw, "role").ok()?.and_then(scalar);
        if role.as_deref() == Some("user") {
            last = member(&raw, "content").ok()?.and_then(|content| content_text(&content));
        }
    }
    last
}

/// A message's content: a string, or the text parts of an array of parts.
fn content_text(content: &str) -> Option<String> {
    if content.starts_with('"') {
        return scalar(Cow::Borrowed(content)).map(Cow::into_owned);
    }
    if !content.starts_with('[') {
        return None;
    }
    let mut parts = Vec::new();
    for part in to_array_iter(content).flatten().filter(|p| p.is_object()) {
        let raw = part.as_raw_cow();
        if let Some(text) = member(&raw, "text").ok()?.filter(|t| t.starts_with('"')).and_then(scalar) {
            parts.push(text.into_owned());
        }
    }
    (!parts.is_empty()).then(|| parts.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let read = |raw: &'static str| scalar(Cow::Borrowed(raw)).map(Cow::into_owned);
        assert_eq!(read(r#""a\n\u00e9\ud83d\ude00\/""#).as_deref(), Some("a\né😀/"));
        assert_eq!(read(r#""\ud83d x""#).as_deref(), Some("\u{FFFD} x"));
        assert_eq!(read(r#""\q""#), None);
        assert_eq!(read(r#""\u12""#), None);
        assert_eq!(read("1.5").as_deref(), Some("1.5"));
    }

    #[test]
    fn compact_keeps_strings() {
        assert_eq!(compact(Cow::Borrowed(r#"{ "a b" : [1, "c \" d"] }"#)), r#"{"a b":[1,"c \" d"]}"#);
        assert_eq!(compact(Cow::Borrowed("[Task] Write a poem")), "[Task] Write a poem");
    }

    #[test]
    fn messages() {
        let text = r#"[{"role":"user","content":"one"},{"role":"user","content":[{"type":"text","text":"t\no"}]},{"role":"assistant","content":"x"}]"#;
        assert_eq!(last_user_turn(text).as_deref(), Some("t\no"));
        assert_eq!(last_user_turn(r#"["role"]"#), None);
    }
}
