//! What the name of a file says of it.

use std::path::Path;

/// How names of logs end, before `.gz` and `.zst`.
const ENDINGS: [&str; 8] = ["jsonl", "jsonlines", "ndjson", "json", "log", "csv", "tsv", "parquet"];

pub(super) fn looks_like_a_log(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(&name);
    name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

pub(super) fn is_named_table(path: &Path) -> bool {
    let path = path.to_string_lossy().to_lowercase();
    path.contains(".csv") || path.contains(".tsv")
}
