//! What a text in a log is worth: whole, cut, replaced. A constant that stands on everybody's lines must never look
//! like a shared template, and neither must the mark of a cut.

use crate::intake::event::ContentStatus;
use std::borrow::Cow;

/// Constants that logs write instead of a text, in lower case.
const REDACTED: [&str; 14] = [
    "redacted-by-litellm",
    "redacted",
    "[redacted]",
    "<redacted>",
    "{redacted}",
    "***",
    "*****",
    "[filtered]",
    "[removed]",
    "[hidden]",
    "<masked>",
    "[masked]",
    "omitted",
    "content not captured",
];

/// How LiteLLM marks the middle that it left out, up to the closing bracket.
const CUT: &str = "(litellm_truncated";

/// A text with its cut, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content<'a> {
    pub status: ContentStatus,
    /// The text, or what stands before the cut. `None` where it was replaced.
    pub text: Option<Cow<'a, str>>,
    /// What stands behind the cut.
    pub tail: Option<Cow<'a, str>>,
    /// The hash that stands in its place.
    pub hash: Option<Cow<'a, str>>,
}

impl<'a> Content<'a> {
    fn new(status: ContentStatus, text: Option<Cow<'a, str>>) -> Self {
        Self { status, text, tail: None, hash: None }
    }
}

/// A hash in hex: of 128 bits or more by itself, of 64 or more with the name of its function before it.
fn is_hash(text: &str) -> bool {
    let named =
        |(name, _): &(&str, &str)| (2..=10).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
    let (digest, long_enough) = match text.split_once(':').filter(named) {
        Some((_, digest)) => (digest, (16..=128).contains(&digest.len())),
        None => (text, matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128)),
    };
    long_enough && digest.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Tells a text from what logs put in its place, and takes the mark of a cut out of it.
pub(crate) fn classify(text: Cow<'_, str>) -> Content<'_> {
    let trimmed = text.trim();
    if trimmed.len() <= 32 && REDACTED.contains(&trimmed.to_lowercase().as_str()) {
        return Content::new(ContentStatus::Redacted, None);
    }
    if trimmed.len() <= 140 && is_hash(trimmed) {
        let hash = Some(Cow::Owned(trimmed.to_owned()));
        return Content { hash, ..Content::new(ContentStatus::Hashed, None) };
    }
    let Some((head, tail)) = around_cut(&text) else {
        return Content::new(ContentStatus::Full, Some(text));
    };
    let part = |part: &str| (!part.is_empty()).then(|| Cow::Owned(part.to_owned()));
    match (part(head), part(tail)) {
        // Without a head, the tail is all there is.
        (None, tail) => Content::new(ContentStatus::Truncated, tail),
        (head, tail) => Content { tail, ..Content::new(ContentStatus::Truncated, head) },
    }
}

/// What stands before and behind the mark; of several marks the outermost texts.
fn around_cut(text: &str) -> Option<(&str, &str)> {
    let start = memchr::memmem::find(text.as_bytes(), CUT.as_bytes())?;
    let last = memchr::memmem::rfind(text.as_bytes(), CUT.as_bytes())?;
    let end = memchr::memchr(b')', &text.as_bytes()[last..]).map_or(text.len(), |at| last + at + 1);
    let (head, tail) = (&text[..start], &text[end..]);
    let head = head.trim_end().strip_suffix("...").unwrap_or(head);
    let tail = tail.trim_start().strip_prefix("...").unwrap_or(tail);
    Some((head.trim_end(), tail.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (ContentStatus, Option<String>, Option<String>) {
        let content = classify(Cow::Borrowed(text));
        (content.status, content.text.map(Cow::into_owned), content.tail.map(Cow::into_owned))
    }

    #[test]
    fn a_constant_or_a_hash_is_no_text() {
        for text in ["redacted-by-litellm", " [REDACTED] ", "***"] {
            assert_eq!(told(text), (ContentStatus::Redacted, None, None), "{text}");
        }
        for text in [
            "d41d8cd98f00b204e9800998ecf8427e",
            "sha256:0475529ba727fac93ae2ac94",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ] {
            assert_eq!(told(text), (ContentStatus::Hashed, None, None), "{text}");
        }
        assert_eq!(classify(" md5:d41d8cd98f00b204 ".into()).hash.as_deref(), Some("md5:d41d8cd98f00b204"));
        for text in ["deadbeef", "0475529ba727fac93ae2ac94", "facade: deadbeefdeadbeef", ":d41d8cd98f00b204"] {
            assert_eq!(told(text).0, ContentStatus::Full, "{text}");
        }
        assert_eq!(told("Was [REDACTED] there?").0, ContentStatus::Full);
    }

    #[test]
    fn a_question_of_thirty_two_letters_that_ends_in_a_time_was_taken_for_a_hash() {
        let question = "When do we meet, can I make 8:30";
        assert_eq!((question.len(), told(question).0), (32, ContentStatus::Full));
    }

    #[test]
    fn the_mark_of_a_cut_is_in_neither_part() {
        let cut = (ContentStatus::Truncated, Some("Read this".to_owned()), Some("and sum it up.".to_owned()));
        assert_eq!(told("Read this... (litellm_truncated skipped 912 chars) ...and sum it up."), cut);
        assert_eq!(told("Read this... (litellm_truncated 912 chars)"), (cut.0, cut.1, None));
        let (status, text, tail) = told("... (litellm_truncated skipped 9 chars) ... only the end");
        assert_eq!((status, text.as_deref(), tail), (ContentStatus::Truncated, Some("only the end"), None));
    }
}
