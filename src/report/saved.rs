//! A case as it stands on the disk: its files, its document, and why one cannot be written or read.

use super::measured::Measured;
use crate::document::{Document, SCHEMA_VERSION};
use crate::intake::ingest::shown;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};

/// Files of a case beside its manifest.
pub(super) const FILES: [&str; 7] =
    ["report.json", "report.html", "networks.csv", "accounts.csv", "links.csv", "rejects.csv", "evidence.parquet"];
pub(super) const MANIFEST: &str = "manifest.json";

/// Why a case cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("{} already exists\nhint: choose another folder with -o, or pass --force to replace it", shown(.0))]
    Exists(PathBuf),
    #[error("{} is not a stillhunt case: it has no report.json\nhint: name the folder that `stillhunt analyze` wrote", shown(.0))]
    NoCase(PathBuf),
    #[error("{} does not exist\nhint: name the folder that `stillhunt analyze` wrote", shown(.0))]
    NotFound(PathBuf),
    #[error("{} cannot be read: {source}", shown(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} has no manifest.json, so there is nothing to verify it against", shown(.0))]
    NoManifest(PathBuf),
    #[error(
        "{} is not a stillhunt case; --force only replaces cases that this version can read\nhint: choose another folder with -o",
        shown(.0)
    )]
    NotReplaced(PathBuf),
    #[error(
        "{} has schema version {found}; this program reads {SCHEMA_VERSION}\nhint: use the version of stillhunt that wrote it",
        shown(path)
    )]
    Version { path: PathBuf, found: String },
    #[error("{} is damaged: {source}", shown(path))]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error(
        "{} contains {}, which is not a file of a case; --force only replaces cases\nhint: move it away, or choose another \
         folder with -o",
        shown(folder),
        crate::document::visible::visible(found)
    )]
    Foreign { folder: PathBuf, found: String },
    #[error("the folder {} does not exist\nhint: create it, or choose another place with -o", shown(.0))]
    NoFolder(PathBuf),
    #[error("the case cannot be written to {}: {source}", shown(path))]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "the case cannot be written to {}: {source}\nnote: the earlier case is intact at {}",
        shown(path),
        shown(aside)
    )]
    NotPutBack { path: PathBuf, aside: PathBuf, source: io::Error },
    #[error("the case was written, but the earlier one, moved to {}, cannot be removed: {source}", shown(aside))]
    NotRemoved { aside: PathBuf, source: io::Error },
}

impl CaseError {
    /// That no case stands in a folder, or not even a folder.
    pub fn none_at(folder: &Path) -> Self {
        if folder.exists() { Self::NoCase(folder.to_owned()) } else { Self::NotFound(folder.to_owned()) }
    }

    /// Exit status: 2 for what the person asked, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        let asked = matches!(
            self,
            Self::NotFound(_) | Self::Exists(_) | Self::NotReplaced(_) | Self::Foreign { .. } | Self::NoFolder(_)
        );
        if asked { 2 } else { 1 }
    }
}

/// What an input was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Log,
    /// The account table.
    Accounts,
    /// The field map.
    Map,
    /// Evidence from `collect`.
    Evidence,
}

/// A file as the manifest knows it.
#[derive(Debug, Clone, Serialize)]
pub struct Hashed {
    /// Safe to print.
    pub(super) path: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    /// Absent of an output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Role>,
}

impl Hashed {
    /// The same, read as this.
    pub fn read_as(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    /// The same file under another name.
    pub fn called(self, path: String) -> Self {
        Self { path, ..self }
    }

    /// SHA-256 in hex.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Safe to print.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A file whose hash is known.
    pub fn known(path: &Path, sha256: String, bytes: u64) -> Self {
        Self { path: shown(path), sha256, bytes, role: None }
    }

    /// Hashes `bytes`, which stand at `path`.
    pub fn new(path: &Path, bytes: &[u8]) -> Self {
        Self { path: shown(path), sha256: sha256(bytes), bytes: bytes.len() as u64, role: None }
    }
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The first name in a folder that is no file of a case.
pub(super) fn foreign(folder: &Path) -> io::Result<Option<String>> {
    let names = std::fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()));
    Ok(names.filter(|name| name != MANIFEST && !FILES.contains(&name.as_str())).min())
}

/// Reads the document of a case.
///
/// # Errors
/// When there is none, it is damaged, or another major version wrote it.
pub fn read(folder: &Path) -> Result<Document, CaseError> {
    let path = folder.join("report.json");
    let bytes = std::fs::read(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CaseError::none_at(folder),
        _ => CaseError::Read { path, source },
    })?;
    let damaged = |source| CaseError::Damaged { path: folder.to_owned(), source };
    #[derive(serde::Deserialize)]
    struct Versioned {
        schema_version: String,
    }
    let found = serde_json::from_slice::<Versioned>(&bytes).map_err(damaged)?.schema_version;
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if major(&found) != major(SCHEMA_VERSION) {
        return Err(CaseError::Version { path: folder.to_owned(), found });
    }
    serde_json::from_slice::<Measured>(&bytes).map_err(damaged)?;
    serde_json::from_slice(&bytes).map_err(damaged)
}
