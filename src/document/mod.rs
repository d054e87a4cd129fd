//! The saved result of one investigation: plain data, versioned, independent of how it was computed.
//!
//! `report.json` is this struct and nothing else. Adding a field raises [`SCHEMA_VERSION`]'s minor part; removing or
//! re-reading one raises the major part.

pub mod glossary;
mod intake;
mod network;
pub mod signal;
pub mod visible;

pub use intake::{ContentCount, Evaluability, FillRate, Half, InputFile, Intake, Rejected};
pub use network::{
    Axis, Cell, Claim, Confidence, Exemplar, Explanation, LineRef, Material, Network, Pool, Robustness, Stream,
    Verdict, network_id,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the document's shape, `major.minor`.
pub const SCHEMA_VERSION: &str = "1.7";

/// µs since the Unix epoch as RFC 3339, whole seconds.
pub fn rfc3339(us: i64) -> String {
    let time = chrono::DateTime::from_timestamp_micros(us);
    time.map(|t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)).unwrap_or_default()
}

/// RFC 3339 as µs since the Unix epoch; `None` for what is no such time, the empty text too.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|t| t.timestamp_micros())
}

/// Everything one run of `analyze` found, and everything it could not look at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Shape of this document, `major.minor`.
    pub schema_version: String,
    /// Version of the program that wrote it.
    pub stillhunt_version: String,
    /// What was read, kept and rejected.
    pub intake: Intake,
    /// Which signals could run on these columns, and why the others could not.
    pub signals: Vec<Evaluability>,
    /// Layers of evidence that were left out on request.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Size of the examined world.
    pub population: Population,
    /// Networks, most suspicious first.
    pub networks: Vec<Network>,
    /// Every account, sorted by id.
    pub accounts: Vec<Account>,
    /// Tested links inside reported networks, strongest first.
    pub links: Vec<Link>,
    /// What was capped or left out to stay within bounds, in sentences.
    pub notices: Vec<String>,
    /// Requests of everybody over time; absent for a log without any.
    #[serde(default)]
    pub timeline: Option<Timeline>,
    /// Known-good organisations, accounts and templates that were applied, in the order of their file.
    #[serde(default)]
    pub allowed: Vec<Allowed>,
    /// Whether identifiers stand as keyed pseudonyms.
    #[serde(default)]
    pub pseudonymised: bool,
}

/// Requests of everybody in equal spans of time. Of an account the times of its 4,096 earliest requests and the 30,000 hours behind
/// them in which there were any are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// Start of the first span, RFC 3339 UTC.
    pub start: String,
    /// Length of a span, seconds.
    pub span_seconds: u64,
    /// Requests in each span.
    pub requests: Vec<u64>,
    /// Requests that stand in no span, for their times are not kept. They stand in `hours`.
    #[serde(default)]
    pub left_out: u64,
    /// Requests in each of the 24 hours of the UTC day.
    pub hours: Vec<u64>,
    /// Models that many accounts began to use inside the log, in order of time.
    pub releases: Vec<Release>,
}

/// First use of a model that was not there from the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// Model as in the log.
    pub model: String,
    /// First use by anyone, RFC 3339 UTC.
    pub first: String,
    /// Accounts that used it.
    pub accounts: u64,
}

/// Requests of a network in the spans of [`Timeline`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    /// Requests in each span.
    pub requests: Vec<u64>,
    /// Its requests that stand in no span, as in [`Timeline`].
    #[serde(default)]
    pub left_out: u64,
    /// Requests in each of the 24 hours of the UTC day.
    pub hours: Vec<u64>,
    /// The same for each of the busiest members, busiest first.
    pub busiest: Vec<AccountHours>,
}

/// One account over the hours of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountHours {
    /// Account.
    pub account_id: String,
    /// Requests in each of the 24 hours of the UTC day.
    pub hours: Vec<u64>,
}

/// One entry of a list of what is known to be good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Allowed {
    /// `organisation`, `account` or `template`.
    pub kind: String,
    /// The organisation or account, or a passage of the template.
    pub value: String,
    /// Why it is known to be good, in the words of who wrote the list.
    pub reason: String,
    /// Accounts in networks (for a template: streams) that it covers.
    pub covers: u64,
}

/// Size of the examined world.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Population {
    /// Accounts with at least one request.
    pub accounts: u64,
    /// Entities: accounts of one declared organisation count once.
    pub entities: u64,
    /// First request, RFC 3339 UTC.
    pub first: String,
    /// Last request, RFC 3339 UTC.
    pub last: String,
    /// Groups that were tested, the reported ones among them.
    pub groups_tested: u64,
    /// Most of the networks reported that are expected to be false by chance: their number times the greatest of their
    /// q-values, for a q-value bounds the share of false discoveries among all that are as small. It speaks of chance alone:
    /// whether one operator is behind what is no chance is another question.
    pub expected_false_networks: f64,
}

/// One account's place in the result.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// Account id as in the log.
    pub account_id: String,
    /// Network id, empty where none.
    pub network_id: String,
    /// Verdict of the network, `none` outside.
    pub verdict: Verdict,
    /// Probability of belonging to the network, 0 to 1, 0 outside: posterior of a mixture of members and bystanders, by which of
    /// the things that the network has in common the account agrees with (latent class analysis, Goodman 1974).
    pub membership: f64,
    /// Requests.
    pub requests: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Declared organisation; empty where none is known.
    #[serde(default)]
    pub org_id: String,
    /// When it was opened, RFC 3339 UTC; empty where unknown.
    #[serde(default)]
    pub created: String,
    /// First request, RFC 3339 UTC.
    #[serde(default)]
    pub first: String,
    /// Last request, RFC 3339 UTC.
    #[serde(default)]
    pub last: String,
    /// When it was closed, whoever did it, RFC 3339 UTC; empty where it was not, or nothing is known.
    #[serde(default)]
    pub closed: String,
}

/// A tested link between two accounts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Lesser account id.
    pub account_a: String,
    /// Greater account id.
    pub account_b: String,
    /// Network both stand in.
    pub network_id: String,
    /// Family of evidence of what is shared. Two accounts that share things of several families stand in a link for each.
    pub family: String,
    /// What is shared, in words.
    pub shared: String,
    /// Entities that share it: of all of this family that the two share, the rarest stands here.
    pub popularity: u64,
    /// p-value under the degree-preserving null.
    pub p_value: f64,
    /// Benjamini-Yekutieli q over all pairs of accounts in every family that was looked at (content, identity, infrastructure).
    pub q_value: f64,
}
