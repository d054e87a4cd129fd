//! Evidence of a part of a log as a table, so that parts can be collected apart (on other days, by other machines, inside the
//! tasks of a cluster) and merged in any order into the same result.

mod cells;
mod columns;
mod merge;
mod sound;
mod table;

pub use columns::{COLUMNS, Column, VERSION};
pub use merge::{Merged, merge};
pub use table::{Row, is_shard, read, rows, tab_separated, write};

use crate::intake::ingest::shown;
use std::path::PathBuf;

/// Why evidence cannot be used. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    #[error("{} cannot be read: {source}", shown(path))]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} is damaged: {reason}; collect it again", shown(path))]
    Damaged { path: PathBuf, reason: String },
    #[error(
        "{} has no column {column}; it is no evidence that `stillhunt collect` wrote, or a query left it out",
        shown(path)
    )]
    NoColumn { path: PathBuf, column: &'static str },
    #[error(
        "{} holds evidence of version {found}, and this program reads version {VERSION}; collect all of it with one version",
        shown(path)
    )]
    Version { path: PathBuf, found: i64 },
    #[error(
        "evidence of two programs does not add up: one part was collected by {one}; another by {other}; collect all of it alike"
    )]
    Makers { one: String, other: String },
    #[error("the same evidence stands twice, the second time in {}; pass each part once", shown(path))]
    Twice { path: PathBuf },
    #[error("{log} was collected whole more than once; pass one part that holds it")]
    LogTwice { log: String },
    #[error("part {shard} has no row of its own that says what was read; a part of the evidence is missing")]
    Headless { shard: String },
    #[error("the evidence holds no call: {rows} rows were read and none was kept")]
    Nothing { rows: u64 },
    #[error("the evidence cannot be written: {0}")]
    Write(#[from] std::io::Error),
    #[error("the evidence cannot be written: {0}")]
    Parquet(#[from] polars::prelude::PolarsError),
}

impl ShardError {
    /// Exit status: 2 for what the person asked, 3 for nothing readable, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::NoColumn { .. } | Self::Version { .. } | Self::Makers { .. } => 2,
            Self::Twice { .. } | Self::LogTwice { .. } => 2,
            Self::Nothing { .. } => 3,
            _ => 1,
        }
    }
}
