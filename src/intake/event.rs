//! One call to a model, in canonical terms, as every log format is brought to it.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::io;

/// Where a row stands in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index into the list of input files, which is sorted by path.
    pub file_id: u32,
    /// 1-based line number (for Parquet: row number; for CSV: line at which the record starts).
    pub line_no: u64,
}

/// An [`Origin`] in eight bytes, which ask for room at every fourth byte only: 2^24 files of 2^40 lines; beyond, the last of
/// them. In order of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place([u32; 2]);

const LINE_BITS: u32 = 40;

impl From<Origin> for Place {
    fn from(Origin { file_id, line_no }: Origin) -> Self {
        let file = u64::from(file_id).min((1 << (64 - LINE_BITS)) - 1);
        let place = file << LINE_BITS | line_no.min((1 << LINE_BITS) - 1);
        Self([(place >> 32) as u32, place as u32])
    }
}

impl From<Place> for Origin {
    fn from(Place([high, low]): Place) -> Self {
        let place = u64::from(high) << 32 | u64::from(low);
        Self { file_id: (place >> LINE_BITS) as u32, line_no: place & ((1 << LINE_BITS) - 1) }
    }
}

/// What a log has of the user's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentStatus {
    /// All of it.
    Full,
    /// Its middle or end was left out by the log.
    Truncated,
    /// Replaced by a constant, or in parts by placeholders.
    Redacted,
    /// Replaced by a hash.
    Hashed,
    /// Nothing.
    #[default]
    Absent,
}

impl ContentStatus {
    /// Every status, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Full, Self::Truncated, Self::Redacted, Self::Hashed, Self::Absent];

    /// The word used in every file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Truncated => "truncated",
            Self::Redacted => "redacted",
            Self::Hashed => "hashed",
            Self::Absent => "absent",
        }
    }
}

/// A canonical event. Absent is `None`; empty strings and the usual spellings of nothing never get here.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    pub origin: Origin,
    /// Start of the call, µs since the Unix epoch, UTC.
    pub ts_us: i64,
    /// What the spelling of the time can tell apart, µs: 1,000,000 for a log of whole seconds.
    pub ts_res_us: i64,
    /// The time named no zone and was taken as UTC.
    pub zoneless: bool,
    pub account_id: Cow<'a, str>,
    pub org_id: Option<Cow<'a, str>>,
    pub request_id: Option<Cow<'a, str>>,
    pub session_id: Option<Cow<'a, str>>,
    pub model: Option<Cow<'a, str>>,
    pub system_text: Option<Cow<'a, str>>,
    /// What stands behind the cut where the log left out the middle of the system text.
    pub system_tail: Option<Cow<'a, str>>,
    /// Last user turn; where the log left out its middle, what stands before the cut.
    pub user_text: Option<Cow<'a, str>>,
    /// What stands behind the cut of the user's text. Never to be joined with what stands before it.
    pub user_tail: Option<Cow<'a, str>>,
    /// What the log has instead of the system prompt and of the user's text: the same for the same text, and that is all it
    /// tells.
    pub system_hash: Option<Cow<'a, str>>,
    pub user_hash: Option<Cow<'a, str>>,
    /// Tool names or schema as the log has them, compact JSON where it was JSON.
    pub tools: Option<Cow<'a, str>>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    pub max_tokens: Option<u64>,
    pub stream: Option<bool>,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub status: Option<u16>,
    pub finish_reason: Option<Cow<'a, str>>,
    pub client_ip: Option<Cow<'a, str>>,
    pub user_agent: Option<Cow<'a, str>>,
    pub tls_fingerprint: Option<Cow<'a, str>>,
    /// API key or its hash.
    pub key_id: Option<Cow<'a, str>>,
    /// Person behind the account, as the caller names them.
    pub end_user_id: Option<Cow<'a, str>>,
    /// Upstream account that a reseller sends the call to.
    pub upstream_id: Option<Cow<'a, str>>,
    pub response_model: Option<Cow<'a, str>>,
    pub operation: Option<Cow<'a, str>>,
    pub response_text: Option<Cow<'a, str>>,
    pub response_format: Option<Cow<'a, str>>,
    /// Answers asked for.
    pub n: Option<u64>,
    pub stop: Option<Cow<'a, str>>,
    pub seed: Option<i64>,
    pub reasoning_effort: Option<Cow<'a, str>>,
    pub reasoning_tokens: Option<u64>,
    pub cache_read_tokens: Option<u64>,
    pub cache_write_tokens: Option<u64>,
    pub error_type: Option<Cow<'a, str>>,
    pub duration_ms: Option<u64>,
    pub ttft_ms: Option<u64>,
    pub asn: Option<u64>,
    /// Never scored.
    pub country: Option<Cow<'a, str>>,
    /// Never scored.
    pub accept_language: Option<Cow<'a, str>>,
    /// What is known of the user's text.
    pub content_status: ContentStatus,
}

impl<'a> Event<'a> {
    /// Hashes all that was read of the row, but not where it stood: two rows that agree in it tell one call twice.
    pub fn hash_read(&self, hasher: &mut impl Hasher) {
        let Self {
            origin: _,
            ts_us,
            ts_res_us,
            zoneless,
            account_id,
            org_id,
            request_id,
            session_id,
            model,
            system_text,
            system_tail,
            user_text,
            user_tail,
            system_hash,
            user_hash,
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
            key_id,
            end_user_id,
            upstream_id,
            response_model,
            operation,
            response_text,
            response_format,
            n,
            stop,
            seed,
            reasoning_effort,
            reasoning_tokens,
            cache_read_tokens,
            cache_write_tokens,
            error_type,
            duration_ms,
            ttft_ms,
            asn,
            country,
            accept_language,
            content_status,
        } = self;
        (ts_us, ts_res_us, zoneless, account_id, org_id, request_id, session_id, model, system_text, system_tail)
            .hash(hasher);
        (
            user_text,
            user_tail,
            tools,
            max_tokens,
            stream,
            input_tokens,
            output_tokens,
            status,
            finish_reason,
            client_ip,
        )
            .hash(hasher);
        (
            user_agent,
            tls_fingerprint,
            key_id,
            end_user_id,
            upstream_id,
            response_model,
            operation,
            response_text,
            response_format,
            n,
        )
            .hash(hasher);
        (
            stop,
            seed,
            reasoning_effort,
            reasoning_tokens,
            cache_read_tokens,
            cache_write_tokens,
            error_type,
            duration_ms,
            ttft_ms,
            asn,
        )
            .hash(hasher);
        (country, accept_language, content_status, system_hash, user_hash).hash(hasher);
        [*temperature, *top_p].map(|number| number.map(f64::to_bits)).hash(hasher);
    }

    /// An event of which nothing optional is known.
    pub fn new(origin: Origin, ts_us: i64, account_id: Cow<'a, str>) -> Self {
        Self {
            origin,
            ts_us,
            ts_res_us: 1,
            zoneless: false,
            account_id,
            org_id: None,
            request_id: None,
            session_id: None,
            model: None,
            system_text: None,
            system_tail: None,
            user_text: None,
            user_tail: None,
            system_hash: None,
            user_hash: None,
            tools: None,
            temperature: None,
            top_p: None,
            max_tokens: None,
            stream: None,
            input_tokens: None,
            output_tokens: None,
            status: None,
            finish_reason: None,
            client_ip: None,
            user_agent: None,
            tls_fingerprint: None,
            key_id: None,
            end_user_id: None,
            upstream_id: None,
            response_model: None,
            operation: None,
            response_text: None,
            response_format: None,
            n: None,
            stop: None,
            seed: None,
            reasoning_effort: None,
            reasoning_tokens: None,
            cache_read_tokens: None,
            cache_write_tokens: None,
            error_type: None,
            duration_ms: None,
            ttft_ms: None,
            asn: None,
            country: None,
            accept_language: None,
            content_status: ContentStatus::Absent,
        }
    }
}

/// Evidence that grows event by event and merges exactly: `merge` is associative and commutative up to
/// the order of rows, so that neither threads nor batches can change a result.
pub trait Fold: Default + Send {
    /// So many bytes may wait in memory for what the rest of the log tells of them.
    fn hold(&mut self, _bytes: usize) {}
    /// Takes one event in.
    fn push(&mut self, event: &Event<'_>);
    /// Takes another shard in.
    fn merge(&mut self, other: Self);
    /// Called once after the last event; brings the evidence into its final order.
    ///
    /// # Errors
    /// When what was put on disk for want of memory cannot be read again.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_in_order_of_origins_and_tell_them(a in (0u32..1 << 24, 0u64..1 << 40), b in (0u32..1 << 24, 0u64..1 << 40)) {
            let [a, b] = [a, b].map(|(file_id, line_no)| Origin { file_id, line_no });
            prop_assert_eq!(Origin::from(Place::from(a)), a);
            prop_assert_eq!(Place::from(a).cmp(&Place::from(b)), a.cmp(&b));
        }
    }
}
