//! What is shown of a text.

use crate::evidence::redact;
use crate::intake::event::Origin;

/// Characters of an excerpt.
const EXCERPT: usize = 240;

/// A piece of one log line, to be redacted before it is shown: redaction is dear and most pieces never are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excerpt {
    /// Rank: lines that match a rule pack first, then by hash of the text.
    pub rank: (bool, u64),
    /// Where it stands.
    pub at: Origin,
    start: Box<str>,
    /// Whether it was redacted before it was put away.
    redacted: bool,
}

impl Excerpt {
    /// The start of a text.
    pub(super) fn raw(rank: (bool, u64), at: Origin, text: &str) -> Self {
        Self { rank, at, start: redact::start(text, EXCERPT).into(), redacted: false }
    }

    /// A piece that was redacted already.
    pub(crate) fn redacted(rank: (bool, u64), at: Origin, text: String) -> Self {
        Self { rank, at, start: text.into(), redacted: true }
    }

    /// Its text, redacted and shortened.
    pub fn text(&self) -> String {
        if self.redacted { self.start.to_string() } else { redact::excerpt(&self.start, EXCERPT) }
    }
}
