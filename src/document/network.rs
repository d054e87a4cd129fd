//! A network and all that is claimed of it.

use crate::document::Activity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A stable id: members sorted, hashed.
pub fn network_id(members: &[String]) -> String {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    for member in members {
        hash.update(member.as_bytes());
        hash.update(&[0]);
    }
    format!("N-{:012x}", hash.digest() & 0xffff_ffff_ffff)
}
