//! Every tunable, with its default, its range and the reason for both.

use serde::{Deserialize, Serialize};

/// Settings of `ingest`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IngestSettings {
    /// Bytes of decompressed input held at once; bounds memory. 1 MiB to 1 GiB.
    pub batch_bytes: usize,
    /// Longest line or record accepted, bytes; longer ones are rejected, not read into memory.
    pub max_line_bytes: usize,
    /// Largest ratio of decompressed to compressed bytes after the first 64 MiB; guards against bombs.
    pub max_expansion: u64,
    /// Rejected rows listed one by one; all are counted.
    pub max_listed_rejects: usize,
    /// Bytes of rows that wait for their partners; beyond, they wait on disk. 1 MiB to 16 GiB.
    pub join_bytes: usize,
    /// Bytes of fingerprints that wait in memory for the end of the log, and a quarter of it starts of calls; beyond, they wait on
    /// disk. 1 MiB to 16 GiB.
    pub spill_bytes: usize,
    /// Resident memory beyond which reading gives up, bytes; looked at between two batches, where the system tells.
    pub memory_bytes: Option<u64>,
    /// What is clustered: one of a format's choices or a source path; `None` for the format's own.
    pub account_field: Option<String>,
    /// A format's name, where it is not to be told by the first rows.
    pub format: Option<String>,
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            batch_bytes: 16 << 20,
            max_line_bytes: 8 << 20,
            max_expansion: 1000,
            max_listed_rejects: 100_000,
            join_bytes: 256 << 20,
            spill_bytes: 32 << 20,
            memory_bytes: None,
            account_field: None,
            format: None,
        }
    }
}

impl IngestSettings {
    /// The same within so many bytes of memory: what is held for speed alone takes less of a small limit.
    pub fn within(self, bytes: u64) -> Self {
        let part = |of: u64| usize::try_from(bytes / of).unwrap_or(usize::MAX).max(1 << 20);
        Self {
            batch_bytes: self.batch_bytes.min(part(64)),
            join_bytes: self.join_bytes.min(part(8)),
            spill_bytes: self.spill_bytes.min(part(16)),
            memory_bytes: Some(bytes),
            ..self
        }
    }
}
