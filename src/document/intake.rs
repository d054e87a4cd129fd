//! What was read of a log, kept and left out, and which lines of evidence it allows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
#[schemars(rename = "Signal")]
pub struct Evaluability {
    /// Name, such as `content.template`.
    pub name: String,
    /// Whether it could be evaluated.
    pub evaluable: bool,
    /// Why not, or what it needs.
    pub reason: String,
}
