//! The folder beside a case in which it is written, and what a run that was killed leaves there.

use super::saved::{foreign, read};
use crate::intake::ingest::shown;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

const PREFIX: &str = ".stillhunt-";
const EARLIER: &str = "-earlier";
/// Folders that may be made until one is not taken for one that was left behind.
const MOST_TRIES: usize = 16;

/// An empty folder beside a case, so that a rename brings it there; private to its owner, removed when dropped.
pub(super) struct Beside {
    pub folder: tempfile::TempDir,
    /// Held as long as the folder is in use, also under another name. The system gives it up with the process, however that
    /// ends, and no number of a process that may be given out again has to be trusted.
    pub lock: Option<File>,
}

impl Beside {
    pub fn make(case: &Path) -> io::Result<Self> {
        let prefix = format!("{PREFIX}{}", machine());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        for _ in 0..MOST_TRIES {
            let folder = builder.tempdir_in(parent(case))?;
            match in_use(folder.path()) {
                Use::Free(lock) if folder.path().exists() => return Ok(Self { folder, lock: Some(lock) }),
                // Where folders cannot be locked, nobody removes them either.
                Use::Unknown if folder.path().exists() => return Ok(Self { folder, lock: None }),
                // Another run takes it for one that was left behind: it was not locked yet.
                _ => {}
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Where the case stands meanwhile that the one in this folder replaces.
    pub fn aside(&self, case: &Path) -> PathBuf {
        let own = self.folder.path().file_name().unwrap_or_default().to_string_lossy();
        parent(case).join(format!("{}{own}{EARLIER}", name(case)))
    }
}

pub(super) fn parent(case: &Path) -> &Path {
    case.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn name(case: &Path) -> String {
    case.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A mark of this machine since it was started; empty where the system has none. On a shared disk the locks of another
/// machine may not be seen here, so that only folders with this mark are known to be in use or not.
fn machine() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    match id.get(..8) {
        Some(mark) if mark.bytes().all(|b| b.is_ascii_hexdigit()) => format!("{mark}-"),
        _ => String::new(),
    }
}

/// Whether a process of this machine uses a folder.
enum Use {
    Held,
    /// It is not, and will not be while this is held.
    Free(File),
    Unknown,
}

fn in_use(folder: &Path) -> Use {
    match File::open(folder).map(|file| (file.try_lock(), file)) {
        Ok((Ok(()), file)) => Use::Free(file),
        Ok((Err(TryLockError::WouldBlock), _)) => Use::Held,
        _ => Use::Unknown,
    }
}

/// Puts in order what runs that were killed left beside `case`, and says what was done, or what a person has to do.
///
/// A folder in which a case was written is removed when no process of this machine uses it and nothing else stands in it. An
/// earlier case that was moved aside comes back where nothing took its place.
pub fn left_behind(case: &Path) -> Vec<String> {
    let Ok(listed) = fs::read_dir(parent(case)) else { return Vec::new() };
    let folders = listed.filter_map(Result::ok).filter(|e| e.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut folders: Vec<String> = folders.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    folders.sort();
    let of_case = |folder: &&String| {
        let mark = folder.strip_prefix(&name(case)).and_then(|rest| rest.strip_suffix(EARLIER));
        mark.is_some_and(|mark| mark.starts_with(PREFIX))
    };
    let aside: Vec<PathBuf> = folders.iter().filter(of_case).map(|folder| parent(case).join(folder)).collect();
    let written = folders.iter().filter(|folder| folder.starts_with(PREFIX)).map(|folder| parent(case).join(folder));
    let mut said: Vec<String> = aside.iter().filter_map(|one| earlier(case, one, aside.len() == 1)).collect();
    // Last, for whether they are in use tells whether an earlier case is.
    said.extend(written.filter_map(|folder| half_written(&folder)));
    said
}

fn earlier(case: &Path, aside: &Path, only: bool) -> Option<String> {
    let (at, place) = (shown(aside), shown(case));
    let own = name(aside);
    let mark = own.strip_prefix(&name(case)).and_then(|rest| rest.strip_suffix(EARLIER))?;
    if case.symlink_metadata().is_ok() {
        // The process that put the case in its place holds it until the earlier one is removed.
        let used = matches!(in_use(case), Use::Held);
        return (!used).then(|| {
            format!("{at} is left of the case that a run replaced at {place} before it was killed; remove it if nobody needs it")
        });
    }
    if matches!(in_use(&parent(case).join(mark)), Use::Held) {
        return None;
    }
    if !only || read(aside).is_err() {
        return Some(format!("{at} is left of a case that stood at {place}; a run that was to replace it was killed"));
    }
    Some(match fs::rename(aside, case) {
        Ok(()) => format!("{place} is put back from {at}: a run that was to replace it was killed"),
        Err(e) => format!(
            "{at} is the case that stood at {place}, which a run that was killed had moved; it cannot be put back: {e}"
        ),
    })
}

fn half_written(folder: &Path) -> Option<String> {
    let at = shown(folder);
    let ours =
        name(folder).strip_prefix(PREFIX).is_some_and(|rest| !machine().is_empty() && rest.starts_with(&machine()));
    let unsure = || {
        format!(
            "{at} is left of a run that was killed, or in use by one on another machine; remove it if there is none"
        )
    };
    match in_use(folder) {
        Use::Held => None,
        Use::Free(_held) if ours && matches!(foreign(folder), Ok(None)) => Some(match fs::remove_dir_all(folder) {
            Ok(()) => format!("{at}, left of a run that was killed, is removed"),
            Err(e) => format!("{at}, left of a run that was killed, cannot be removed: {e}"),
        }),
        _ => folder.exists().then(unsure),
    }
}
