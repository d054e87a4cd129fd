//! The saved result of one investigation: plain data, versioned, independent of how it was computed.
//!
//! `report.json` is this struct and nothing else. Adding a field raises [`SCHEMA_VERSION`]'s minor part; removing or
//! re-reading one raises the major part.

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
    pub signals: Vec<Signal>,
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

/// Conservation of rows: `rows_read = rows_kept + rows_rejected + rows_repeated + rows_joined + rows_aside`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Intake {
    /// Files in the order in which `file_id` numbers them.
    pub files: Vec<InputFile>,
    /// Rows seen, blank lines apart.
    pub rows_read: u64,
    /// Rows that became events.
    pub rows_kept: u64,
    /// Rows that could not be read; each stands in `rejects.csv`.
    pub rows_rejected: u64,
    /// Rows that agree in all with an earlier one of the same id; without an id, if their times are finer than a second.
    pub rows_repeated: u64,
    /// Further rows of calls that are told in several rows.
    #[serde(default)]
    pub rows_joined: u64,
    /// Rows that are no calls: facts of accounts, spans of other work.
    #[serde(default)]
    pub rows_aside: u64,
    /// Share of kept rows, 0 to 1, in which each canonical column is present.
    pub fill_rates: Vec<FillRate>,
    /// Calls of which a half is missing, by the format whose half is there.
    #[serde(default)]
    pub halves: Vec<Half>,
    /// Kept rows by what they have of the user's text.
    #[serde(default)]
    pub content: Vec<ContentCount>,
    /// How the input was understood, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Those of the sentences that nobody should miss.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What most of the rejected rows were rejected for.
    #[serde(default)]
    pub most_rejected: Option<Rejected>,
}

/// Rows that were rejected for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Why.
    pub reason: String,
    /// Rows.
    pub rows: u64,
    /// File of the first of them that is listed.
    pub file: String,
    /// Its line.
    pub line: u64,
}

/// Calls that one log tells and its partner does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Half {
    /// Format of the rows that are there.
    pub format: String,
    /// Calls without rows of its partner.
    pub calls: u64,
}

/// Rows of one content status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentCount {
    /// `full`, `truncated`, `redacted`, `hashed` or `absent`.
    pub status: String,
    /// Rows.
    pub rows: u64,
}

/// One file of the input.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct InputFile {
    /// Path as given or found, made safe to print.
    pub path: String,
    /// `jsonl`, `csv` or `parquet`, or a vendor's format.
    pub format: String,
    /// Why it was taken for this format.
    #[serde(default)]
    pub reason: String,
    /// SHA-256 of the bytes on disk, in hex; empty where rows came as a stream and nobody saw the file whole.
    pub sha256: String,
    /// Bytes on disk; 0 where rows came as a stream.
    pub bytes: u64,
    /// Rows read from it.
    pub rows: u64,
}

/// Share of rows in which a column is present.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FillRate {
    /// Canonical column name.
    pub column: String,
    /// 0 to 1.
    pub share: f64,
}

/// One line of evidence the method knows, and whether these logs allow it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Signal {
    /// Name, such as `content.template`.
    pub name: String,
    /// Whether it could be evaluated.
    pub evaluable: bool,
    /// Why not, or what it needs.
    pub reason: String,
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

/// What a group or an account is called in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Coordinated and extraction-shaped.
    SuspectedDistillation,
    /// Run as one by the statistics; nothing says extraction.
    Coordinated,
    /// Extraction-shaped work without statistical coordination.
    ExtractionLike,
    /// Neither.
    None,
}

impl Verdict {
    /// The word used in every file.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::SuspectedDistillation => "suspected_distillation",
            Verdict::Coordinated => "coordinated",
            Verdict::ExtractionLike => "extraction_like",
            Verdict::None => "none",
        }
    }
}

/// How sure the method is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Three independent families, q < 0.001, and no single family carries it.
    High,
    /// Two independent families and q < 0.01.
    Medium,
    /// Anything less that is still reported.
    Low,
}

impl Confidence {
    /// The word used in every file.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::High => "high",
            Confidence::Medium => "medium",
            Confidence::Low => "low",
        }
    }
}

/// A group of accounts and all that is claimed of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Network {
    /// Stable id: `N-` and twelve hex digits of a hash of the sorted members.
    pub id: String,
    /// What it is called.
    pub verdict: Verdict,
    /// How sure.
    pub confidence: Confidence,
    /// One sentence for a person.
    pub summary: String,
    /// Member account ids, sorted.
    pub members: Vec<String>,
    /// Requests of all members.
    pub requests: u64,
    /// Input tokens of all members.
    pub input_tokens: u64,
    /// Output tokens of all members.
    pub output_tokens: u64,
    /// First request, RFC 3339 UTC.
    pub first: String,
    /// Last request, RFC 3339 UTC.
    pub last: String,
    /// q-value of the group's coordination, corrected over all groups: that of the weaker of its two surest families.
    pub q_value: f64,
    /// The family of evidence that proposed the group; it is not among the families that tested it.
    pub proposed_by: String,
    /// C: run as one?
    pub coordinated: Axis,
    /// Which requests the figures of `extraction` are about, one sentence. Empty in documents before 1.7.
    #[serde(default)]
    pub judged_on: String,
    /// X: shaped like extraction?
    pub extraction: Axis,
    /// E: hiding?
    pub evasive: Axis,
    /// What becomes of the network when one layer of evidence is left out; empty where that was not tried.
    #[serde(default)]
    pub robustness: Vec<Robustness>,
    /// Instructions that the network sends, most requests first.
    #[serde(default)]
    pub streams: Vec<Stream>,
    /// Accounts tied to each other, largest first; `P0` those that nothing links.
    #[serde(default)]
    pub pools: Vec<Pool>,
    /// Which pool carries how much of which stream; what is not listed is nothing.
    #[serde(default)]
    pub cells: Vec<Cell>,
    /// The material that the network works through; absent without text.
    #[serde(default)]
    pub material: Option<Material>,
    /// Innocent explanations that were weighed, best first.
    pub explanations: Vec<Explanation>,
    /// A few log lines to look at.
    pub exemplars: Vec<Exemplar>,
    /// When its accounts worked; absent in documents before 1.3.
    #[serde(default)]
    pub activity: Option<Activity>,
    /// Why a list of what is known to be good sets it aside; empty where none does. The verdict stays that of the statistics.
    #[serde(default)]
    pub set_aside: String,
}

impl Network {
    /// Whether it is reported as a suspected distillation network: called so, and not set aside.
    pub fn is_suspected(&self) -> bool {
        self.verdict == Verdict::SuspectedDistillation && self.set_aside.is_empty()
    }
}

/// Requests of one instruction.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Stream {
    /// `S1`, `S2` and so on, within the network.
    pub id: String,
    /// Accounts of the network that carry it again and again.
    pub accounts: u64,
    /// Their requests with its most frequent passage; `extraction.uniform` counts those with any passage.
    pub requests: u64,
    /// A redacted line that shows it; empty where none was kept.
    pub excerpt: String,
    /// Passages of `excerpt` that most of the excerpts compared have too, in order. Between two of them, and where the first or
    /// the last is empty, stands what changes. Empty where too few excerpts are kept to tell.
    #[serde(default)]
    pub template: Vec<String>,
    /// Redacted excerpts compared for `template`, one an account.
    #[serde(default)]
    pub compared: u64,
}

/// Accounts of a network that payments, devices, phones or addresses of its own link.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Pool {
    /// `P1`, `P2` and so on, within the network.
    pub id: String,
    /// Accounts in it.
    pub accounts: u64,
    /// Numbers and kinds of shared objects, such as `2 IP addresses and 1 payment instrument`.
    pub linked_by: String,
}

/// How much of a stream runs through a pool.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Pool id.
    pub pool: String,
    /// Stream id.
    pub stream: String,
    /// Accounts of the pool that carry the stream.
    pub accounts: u64,
    /// Their requests with it.
    pub requests: u64,
}

/// Size of a network's material by capture and recapture of whole texts (Chao 1987).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Material {
    /// Texts sent, as far as they were counted.
    pub texts: u64,
    /// Distinct ones.
    pub distinct: u64,
    /// Lower bound of the whole, sent or not yet; absent where too few texts came twice to tell.
    pub at_least: Option<u64>,
}

/// The analysis run again without one layer of evidence.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Robustness {
    /// The layer that was left out.
    pub without: String,
    /// Jaccard overlap of the members with those of the nearest coordinated group of that run, 0 to 1.
    pub overlap: f64,
    /// Whether the network is still found: an overlap of a half or more.
    pub survives: bool,
}

/// One of the three axes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Axis {
    /// Whether the axis holds.
    pub holds: bool,
    /// The claims, strongest first.
    pub claims: Vec<Claim>,
}

/// One statement with what was seen, what it is compared with, and the lines behind it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Signal name, such as `identity.payment`.
    pub signal: String,
    /// Family of evidence: content, identity, infrastructure, behaviour or time.
    pub family: String,
    /// One sentence.
    pub statement: String,
    /// The same in a few words, for a table. Empty in documents before 1.7.
    #[serde(default)]
    pub finding: String,
    /// What was seen, in `unit`.
    pub observed: f64,
    /// What it is compared with, in `unit`: see `compared_with`.
    pub expected: f64,
    /// What `expected` is: `chance`, what a null model gives; `mark`, the figure from which the claim counts; `everybody`, as
    /// many as if it were as frequent here as among all accounts. Empty in documents before 1.5.
    #[serde(default)]
    pub compared_with: String,
    /// The same figure of everybody else, in `unit`, beside a mark; absent where it is not known.
    #[serde(default)]
    pub everybody_else: Option<f64>,
    /// Of how many, in `unit`, `observed` counts those of which it is true; absent where it is no such count.
    #[serde(default)]
    pub out_of: Option<f64>,
    /// Share, 0 to 1, of the accounts outside the network of which the same is true; absent where that is not counted.
    #[serde(default)]
    pub elsewhere: Option<f64>,
    /// Whether a threshold is met from above: the claim counts where `observed` is `expected` or less.
    #[serde(default)]
    pub at_most: bool,
    /// Unit of these figures.
    pub unit: String,
    /// Raw p-value; absent where the claim is descriptive.
    pub p_value: Option<f64>,
    /// `p_value` corrected over all tests of this run, or the q-value of the same test of the group as it was proposed, before
    /// its members were settled, where that is weaker. So it may be more than `p_value` alone would give, and is never less.
    /// Absent where the claim is descriptive.
    pub q_value: Option<f64>,
    /// Natural log of the likelihood ratio that this claim adds at most: the upper bound that its p-value allows, which favours
    /// the finding, capped by family; 0 where it does not count.
    pub weight: f64,
    /// Whether it counts for the axis.
    pub counts: bool,
    /// Log lines behind it, five at most: those that show it, where single lines can. What is said of whole accounts (their
    /// number of requests, their hours) is shown by no single line; then the first line of accounts that it is true of.
    pub lines: Vec<LineRef>,
    /// Values behind it that are no secret: e-mail domains, most members first.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Lines of the account table behind it, five at most, the header being line 1.
    #[serde(default)]
    pub table_rows: Vec<u64>,
}

/// A place in the input.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LineRef {
    /// Path as in `intake.files`.
    pub file: String,
    /// 1-based line (for Parquet: row) number.
    pub line: u64,
}

/// An innocent explanation, what it predicts, and what was seen.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Such as `popular framework`.
    pub name: String,
    /// What would be seen if it were true.
    pub predicts: String,
    /// What was seen.
    pub seen: String,
    /// `fits`, `partly`, `contradicted`, or `open` where the logs show nothing of what it predicts.
    pub fit: String,
    /// The same in words, with how many of its predictions could be checked. Empty in documents before 1.7, as the three lists are.
    #[serde(default)]
    pub result: String,
    /// What was seen as predicted.
    #[serde(default)]
    pub supports: Vec<String>,
    /// What was seen to be otherwise.
    #[serde(default)]
    pub against: Vec<String>,
    /// What is predicted and these logs do not show.
    #[serde(default)]
    pub not_checkable: Vec<String>,
    /// What, learnt from outside the log, would change the conclusion.
    #[serde(default)]
    pub would_change: String,
}

/// A redacted log line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Exemplar {
    /// Account.
    pub account_id: String,
    /// Where it stands.
    pub at: LineRef,
    /// Redacted and shortened text; empty where the log carries none.
    pub excerpt: String,
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
