//! The hash of a file is that of the bytes that were read, or the run says that the file changed.

use super::located::{Located, failed};
use super::{IngestError, shown};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

/// What a change of a file changes too.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Device, inode and time of the last change: a time of modification can be set back, these cannot.
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
}

impl Mark {
    fn of(data: &Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            bytes: data.len(),
            modified: data.modified().ok(),
            #[cfg(unix)]
            node: (data.dev(), data.ino(), data.ctime(), data.ctime_nsec()),
        }
    }
}

/// A file as it is about to be read.
pub(super) struct Custody {
    /// In hex, of the first `bytes`.
    pub sha256: String,
    pub bytes: u64,
    mark: Mark,
}

impl Custody {
    /// Hashes a file as long as it is now: what a log grows by is for another run.
    pub fn take(path: &Path) -> Result<Self, IngestError> {
        let unreadable = |source| IngestError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mark = Mark::of(&file.metadata().map_err(unreadable)?);
        let (sha256, bytes) = hash(path, file.take(mark.bytes))?;
        if bytes == mark.bytes { Ok(Self { sha256, bytes, mark }) } else { Err(IngestError::Changed(path.to_owned())) }
    }

    /// Asked when the file is read: what is to be said where it grew meanwhile, and an error where what was read may not
    /// be what was hashed. `whole` files are not readable in part, so that they may not grow either.
    pub fn release(&self, path: &Path, whole: bool) -> Result<Option<String>, IngestError> {
        let unreadable = |source| IngestError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let now = Mark::of(&file.metadata().map_err(unreadable)?);
        if now == self.mark {
            return Ok(None);
        }
        let (sha256, _) = hash(path, file.take(self.bytes))?;
        if sha256 != self.sha256 || (whole && now.bytes != self.bytes) {
            return Err(IngestError::Changed(path.to_owned()));
        }
        let grew = || format!("{} grew while it was read: its first {} bytes were read.", shown(path), self.bytes);
        Ok((now.bytes != self.bytes).then(grew))
    }
}

/// SHA-256 of a file, in hex, and its bytes.
///
/// # Errors
/// When it cannot be read.
pub fn hash_file(path: &Path) -> Result<(String, u64), IngestError> {
    let unreadable = |source| IngestError::Unreadable { path: path.to_owned(), source };
    hash(path, File::open(path).map_err(unreadable)?)
}

fn hash(path: &Path, bytes: impl Read) -> Result<(String, u64), IngestError> {
    let mut bytes = Located::new(bytes);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut read = 0;
    loop {
        let n = match bytes.read(&mut buffer) {
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(failed(path, e)),
        };
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        read += n as u64;
    }
    Ok((hash.finalize().iter().map(|b| format!("{b:02x}")).collect(), read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_may_grow_and_be_touched_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let append = |more: &[u8]| File::options().append(true).open(&path).unwrap().write_all(more).unwrap();
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let held = Custody::take(&path).unwrap();
        assert_eq!((held.bytes, held.release(&path, true).unwrap()), (8, None));
        File::options().append(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(held.release(&path, true).unwrap(), None, "touched, with the same bytes");
        append(b"three\n");
        assert!(held.release(&path, false).unwrap().unwrap().ends_with("its first 8 bytes were read."));
        assert!(matches!(held.release(&path, true), Err(IngestError::Changed(_))));
        std::fs::write(&path, "one\nTWO\n").unwrap();
        assert!(matches!(held.release(&path, false), Err(IngestError::Changed(_))));
        std::fs::write(&path, "one\n").unwrap();
        assert!(matches!(held.release(&path, false), Err(IngestError::Changed(_))));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(held.release(&path, false), Err(IngestError::Unreadable { .. })));
    }
}
