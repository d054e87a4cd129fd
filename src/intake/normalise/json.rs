//! The little JSON that a row needs: scalars as text, nested lookups.

use std::borrow::Cow;

use sonic_rs::{LazyValue, to_array_iter, to_object_iter};

/// One key stands twice in an object that is read.
pub(crate) struct Duplicate;

/// Levels of brackets that are followed; a real log has a dozen, and parsers that recurse end with their stack.
const MAX_DEPTH: usize = 128;

/// Whether brackets stand within each other no deeper than is safe to follow. Most texts have too few of them to ask.
pub(crate) fn is_shallow(text: &str) -> bool {
    if memchr::memchr2_iter(b'[', b'{', text.as_bytes()).nth(MAX_DEPTH).is_none() {
        return true;
    }
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => depth += 1,
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return false;
        }
    }
    true
}

/// Members of an object that is known to be JSON: each name and value as it stands. Who has checked already need not check
/// again, and from quote to quote is one leap.
pub(crate) struct Members<'a> {
    object: &'a str,
    at: usize,
}

pub(crate) fn members(object: &str) -> Members<'_> {
    Members { object, at: 1 }
}

/// Place behind a string that begins at `at`.
fn behind_string(text: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found + 1;
        if text[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    text.len()
}

/// Place behind a value that begins at `at`.
fn behind_value(text: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    while at < text.len() {
        match text[at] {
            b'"' => {
                at = behind_string(text, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' | b',' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    at
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.object.as_bytes();
        let name =
            self.at + text.get(self.at..)?.iter().position(|b| !matches!(b, b',' | b' ' | b'\t' | b'\n' | b'\r'))?;
        if text[name] != b'"' {
            return None;
        }
        let end = behind_string(text, name);
        let value = end + text.get(end..)?.iter().position(|b| !matches!(b, b':' | b' ' | b'\t' | b'\n' | b'\r'))?;
        self.at = behind_value(text, value);
        Some((self.object.get(name..end)?, self.object.get(value..self.at)?))
    }
}

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
pub(super) fn member<'a>(object: &'a str, key: &str) -> Result<Option<Cow<'a, str>>, Duplicate> {
    let mut found: Option<LazyValue<'a>> = None;
    for (name, value) in to_object_iter(object).flatten() {
        if name == key && found.replace(value).is_some() {
            return Err(Duplicate);
        }
    }
    Ok(found.map(|v| v.as_raw_cow()))
}

/// Follows keys into nested objects and numbers into arrays, also where a string holds them as JSON; `None` where the
/// path ends early.
pub(crate) fn nested<'a>(value: &'a str, path: &[String]) -> Result<Option<Cow<'a, str>>, Duplicate> {
    if is_shallow(value) { follow(value, path) } else { Ok(None) }
}

fn follow<'a>(value: &'a str, path: &[String]) -> Result<Option<Cow<'a, str>>, Duplicate> {
    let Some((first, rest)) = path.split_first() else { return Ok(Some(Cow::Borrowed(value))) };
    let value = value.trim_start();
    let inner = match value.as_bytes().first() {
        Some(b'{') => member(value, first)?,
        Some(b'[') => {
            let at: Option<usize> = first.parse().ok();
            at.and_then(|at| to_array_iter(value).nth(at)?.ok()).map(|v| v.as_raw_cow())
        }
        Some(b'"') => {
            let Some(text) = scalar(Cow::Borrowed(value)) else { return Ok(None) };
            // A string within a string within a string is a bomb, not a log: one level.
            if !text.trim_start().starts_with(['{', '[']) {
                return Ok(None);
            }
            return Ok(nested(&text, path)?.map(|v| Cow::Owned(v.into_owned())));
        }
        _ => None,
    };
    match inner {
        Some(Cow::Borrowed(inner)) => follow(inner, rest),
        Some(Cow::Owned(inner)) => Ok(follow(&inner, rest)?.map(|v| Cow::Owned(v.into_owned()))),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
    fn what_is_nested_without_end_is_not_followed() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(is_shallow(&deep(MAX_DEPTH)) && !is_shallow(&deep(MAX_DEPTH + 1)));
        assert!(is_shallow(&format!("[\"\\\"{}\"]", "[".repeat(1_000_000))), "brackets of a text are no levels");
        let bomb = "[".repeat(1_000_000);
        assert!(nested(&format!("{{\"a\":{bomb}"), &["a".to_owned(), "0".to_owned()]).is_ok_and(|v| v.is_none()));
    }

    proptest! {
        #[test]
        fn members_are_those_that_a_whole_parser_finds(values in proptest::collection::vec((".{0,8}", ".{0,20}", 0u8..5), 0..6), pretty in any::<bool>()) {
            let object: serde_json::Map<String, serde_json::Value> = values
                .into_iter()
                .map(|(name, text, kind)| {
                    let value = match kind {
                        0 => serde_json::Value::Null,
                        1 => text.len().into(),
                        2 => serde_json::json!([text, {"a": [text]}]),
                        3 => serde_json::json!({"b": {"c": text}, "d": []}),
                        _ => text.into(),
                    };
                    (name, value)
                })
                .collect();
            let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) }.unwrap();
            let found: serde_json::Map<String, serde_json::Value> = members(&text)
                .map(|(name, value)| (serde_json::from_str(name).unwrap(), serde_json::from_str(value).unwrap()))
                .collect();
            prop_assert_eq!(found, object);
        }
    }

    #[test]
    fn compact_keeps_strings() {
        assert_eq!(compact(Cow::Borrowed(r#"{ "a b" : [1, "c \" d"] }"#)), r#"{"a b":[1,"c \" d"]}"#);
        assert_eq!(compact(Cow::Borrowed("[Task] Write a poem")), "[Task] Write a poem");
    }
}
