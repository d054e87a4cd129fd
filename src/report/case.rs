//! The case folder: written to a temporary sibling and renamed at the end, so that a killed run leaves no half case.

pub use super::place::left_behind;
use super::place::{Beside, parent};
pub use super::saved::{CaseError, Hashed, Role, read};
use super::saved::{FILES, MANIFEST, foreign};
use super::tables;
use crate::document::Document;
use crate::intake::ingest::Reject;
use serde::Serialize;
use std::io::{self, Write};
use std::path::Path;

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
        seed: crate::statistics::timing::SEED,
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
