//! One call to a model, in canonical terms, as every log format is brought to it.

use std::borrow::Cow;

/// Where a row stands in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index into the list of input files, which is sorted by path.
    pub file_id: u32,
    /// 1-based line number (for Parquet: row number; for CSV: line at which the record starts).
    pub line_no: u64,
}

/// A canonical event. Absent is `None`; empty strings and the usual spellings of nothing never get here.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    pub origin: Origin,
    /// Start of the call, µs since the Unix epoch, UTC.
    pub ts_us: i64,
    pub account_id: Cow<'a, str>,
    pub org_id: Option<Cow<'a, str>>,
    pub request_id: Option<Cow<'a, str>>,
    pub session_id: Option<Cow<'a, str>>,
    pub model: Option<Cow<'a, str>>,
    pub system_text: Option<Cow<'a, str>>,
    /// Last user turn.
    pub user_text: Option<Cow<'a, str>>,
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
}

impl<'a> Event<'a> {
    /// An event of which nothing optional is known.
    pub fn new(origin: Origin, ts_us: i64, account_id: Cow<'a, str>) -> Self {
        Self {
            origin,
            ts_us,
            account_id,
            org_id: None,
            request_id: None,
            session_id: None,
            model: None,
            system_text: None,
            user_text: None,
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
        }
    }
}

/// Evidence that grows event by event and merges exactly: `merge` is associative and commutative up to
/// the order of rows, so that neither threads nor batches can change a result.
pub trait Fold: Default + Send {
    /// Takes one event in.
    fn push(&mut self, event: &Event<'_>);
    /// Takes another shard in.
    fn merge(&mut self, other: Self);
    /// Called once after the last event; brings the evidence into its final order.
    fn finish(&mut self) {}
}
