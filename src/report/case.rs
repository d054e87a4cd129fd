//! The case folder: written to a temporary sibling and renamed at the end, so that a killed run leaves no half case.

use super::custody::sha256;
use super::measured::Measured;
pub use super::place::left_behind;
use super::place::{Beside, parent};
use super::tables;
use crate::document::{Document, SCHEMA_VERSION};
use crate::ingest::Reject;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Files of a case beside its manifest.
pub(super) const FILES: [&str; 7] =
    ["report.json", "report.html", "networks.csv", "accounts.csv", "links.csv", "rejects.csv", "evidence.parquet"];
const MANIFEST: &str = "manifest.json";

/// Why a case cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("{} already exists\nhint: choose another folder with -o, or pass --force to replace it", crate::ingest::shown(.0))]
    Exists(PathBuf),
    #[error("{} is not a stillhunt case: it has no report.json\nhint: name the folder that `stillhunt analyze` wrote", crate::ingest::shown(.0))]
    NoCase(PathBuf),
    #[error("{} does not exist\nhint: name the folder that `stillhunt analyze` wrote", crate::ingest::shown(.0))]
    NotFound(PathBuf),
    #[error("{} cannot be read: {source}", crate::ingest::shown(path))]
    Read { path: PathBuf, source: io::Error },
    #[error("{} has no manifest.json, so there is nothing to verify it against", crate::ingest::shown(.0))]
    NoManifest(PathBuf),
    #[error(
        "{} is not a stillhunt case; --force only replaces cases that this version can read\nhint: choose another folder with -o",
        crate::ingest::shown(.0)
    )]
    NotReplaced(PathBuf),
    #[error(
        "{} has schema version {found}; this program reads {SCHEMA_VERSION}\nhint: use the version of stillhunt that wrote it",
        crate::ingest::shown(path)
    )]
    Version { path: PathBuf, found: String },
    #[error("{} is damaged: {source}", crate::ingest::shown(path))]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error(
        "{} contains {}, which is not a file of a case; --force only replaces cases\nhint: move it away, or choose another \
         folder with -o",
        crate::ingest::shown(folder),
        crate::visible::visible(found)
    )]
    Foreign { folder: PathBuf, found: String },
    #[error("the folder {} does not exist\nhint: create it, or choose another place with -o", crate::ingest::shown(.0))]
    NoFolder(PathBuf),
    #[error("the case cannot be written to {}: {source}", crate::ingest::shown(path))]
    Write { path: PathBuf, source: io::Error },
    #[error(
        "the case cannot be written to {}: {source}\nnote: the earlier case is intact at {}",
        crate::ingest::shown(path),
        crate::ingest::shown(aside)
    )]
    NotPutBack { path: PathBuf, aside: PathBuf, source: io::Error },
    #[error(
        "the case was written, but the earlier one, moved to {}, cannot be removed: {source}",
        crate::ingest::shown(aside)
    )]
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
    path: String,
    sha256: String,
    bytes: u64,
    /// Absent of an output.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
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
        Self { path: crate::ingest::shown(path), sha256, bytes, role: None }
    }

    /// Hashes `bytes`, which stand at `path`.
    pub fn new(path: &Path, bytes: &[u8]) -> Self {
        Self { path: crate::ingest::shown(path), sha256: sha256(bytes), bytes: bytes.len() as u64, role: None }
    }
}

#[derive(Serialize)]
struct Manifest<'a, S> {
    stillhunt_version: &'a str,
    schema_version: &'a str,
    settings: &'a S,
    /// Seed of the shuffles of turn-taking, the only thing drawn at random.
    seed: u64,
    inputs: Vec<Hashed>,
    outputs: Vec<Hashed>,
}

/// Whether a case can go to `folder`. Asked before the work, so that nobody waits for a refusal.
///
/// # Errors
/// When something stands there and `force` is not set, or it is no case, or more than a case; and when nothing can be
/// made beside it.
pub fn may_write(folder: &Path, force: bool) -> Result<(), CaseError> {
    may_replace(folder, force)?;
    private_beside(folder).map(drop)
}

fn may_replace(folder: &Path, force: bool) -> Result<(), CaseError> {
    // A link that leads nowhere is something too.
    if folder.symlink_metadata().is_err() {
        return Ok(());
    }
    if !force {
        return Err(CaseError::Exists(folder.to_owned()));
    }
    // Only a case of ours is replaced: --force on a wrong folder must not cost anybody a home directory.
    read(folder).map_err(|_| CaseError::NotReplaced(folder.to_owned()))?;
    match foreign(folder).map_err(|source| CaseError::Read { path: folder.to_owned(), source })? {
        Some(found) => Err(CaseError::Foreign { folder: folder.to_owned(), found }),
        None => Ok(()),
    }
}

/// The first name in a folder that is no file of a case.
pub(super) fn foreign(folder: &Path) -> io::Result<Option<String>> {
    let names = std::fs::read_dir(folder)?.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()));
    Ok(names.filter(|name| name != MANIFEST && !FILES.contains(&name.as_str())).min())
}

/// The folder in which a file or a case is to be put.
///
/// # Errors
/// When it is not there.
pub fn folder_of(path: &Path) -> Result<&Path, CaseError> {
    let folder = parent(path);
    if folder.exists() { Ok(folder) } else { Err(CaseError::NoFolder(folder.to_owned())) }
}

fn private_beside(folder: &Path) -> Result<Beside, CaseError> {
    folder_of(folder)?;
    Beside::make(folder).map_err(|source| CaseError::Write { path: folder.to_owned(), source })
}

/// Writes a case of `document` to `folder`, which is private to its owner. `settings` is recorded,
/// `beside` are the files that were read besides the logs, and `evidence` is stored as `evidence.parquet`.
///
/// # Errors
/// See [`may_write`], and when it cannot be written; nothing is left behind then.
pub fn write(
    folder: &Path,
    document: &Document,
    rejects: &[Reject],
    evidence: Vec<u8>,
    beside: &[Hashed],
    settings: &impl Serialize,
    force: bool,
) -> Result<(), CaseError> {
    may_replace(folder, force)?;
    let failed = |source: io::Error| CaseError::Write { path: folder.to_owned(), source };
    let temporary = private_beside(folder)?;
    let mut files = rendered(document).map_err(failed)?;
    files.push(tables::rejects(rejects).map_err(io::Error::other).map_err(failed)?);
    files.push(evidence);
    let mut outputs = Vec::new();
    for (name, bytes) in FILES.into_iter().zip(files) {
        write_down(&temporary.folder.path().join(name), &bytes).map_err(failed)?;
        outputs.push(Hashed::new(Path::new(name), &bytes));
    }
    let logs = document.intake.files.iter();
    let log = Some(Role::Log);
    let logs = logs.map(|f| Hashed { path: f.path.clone(), sha256: f.sha256.clone(), bytes: f.bytes, role: log });
    let manifest = Manifest {
        stillhunt_version: &document.stillhunt_version,
        schema_version: &document.schema_version,
        settings,
        seed: crate::timing::SEED,
        inputs: logs.chain(beside.iter().cloned()).collect(),
        outputs,
    };
    let bytes = serde_json::to_vec_pretty(&manifest).map_err(|e| failed(e.into()))?;
    write_down(&temporary.folder.path().join(MANIFEST), &bytes).map_err(failed)?;
    take_place(temporary, folder, force)
}

/// The first of the [`FILES`], which are the document in other words.
pub(super) fn rendered(document: &Document) -> io::Result<Vec<Vec<u8>>> {
    Ok(vec![
        super::json(document)?,
        super::html(document).map_err(io::Error::other)?.into_bytes(),
        tables::networks(document).map_err(io::Error::other)?,
        tables::accounts(document).map_err(io::Error::other)?,
        tables::links(document).map_err(io::Error::other)?,
    ])
}

/// Writes a file so that it is on the disk before anything earlier is given up for it: some disks tell only then that they
/// are full.
fn write_down(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Moves the finished case to `folder`. An earlier one is moved aside and removed last; if the new one cannot take its place
/// it comes back.
fn take_place(finished: Beside, folder: &Path, force: bool) -> Result<(), CaseError> {
    let failed = |source: io::Error| CaseError::Write { path: folder.to_owned(), source };
    // Asked again: the work took its time.
    may_replace(folder, force)?;
    let aside = folder.exists().then(|| finished.aside(folder));
    if let Some(aside) = &aside {
        std::fs::rename(folder, aside).map_err(failed)?;
    }
    if let Err(source) = std::fs::rename(finished.folder.path(), folder) {
        return Err(match aside {
            Some(aside) if std::fs::rename(&aside, folder).is_err() => {
                CaseError::NotPutBack { path: folder.to_owned(), aside, source }
            }
            _ => failed(source),
        });
    }
    // What stood in the temporary place has moved: there is nothing to clean up. Its lock is held to the end.
    let Beside { folder: moved, lock: _held } = finished;
    let _ = moved.keep();
    match aside {
        Some(aside) => std::fs::remove_dir_all(&aside).map_err(|source| CaseError::NotRemoved { aside, source }),
        None => Ok(()),
    }
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
