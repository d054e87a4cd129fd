//! The hash of a file is that of the bytes that were read, or the run says that the file changed.

use super::located::{Located, failed};
use super::{IngestError, shown};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, BufReader, Read, Take};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
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

/// A file of which what is read is hashed, so that no second pass over it is needed.
struct Source<R> {
    file: Located<R>,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Source<R> {
    fn new(file: R) -> Self {
        Self { file: Located::new(file), hash: Sha256::new(), bytes: 0 }
    }

    /// SHA-256 of what was read so far, in hex, and its bytes.
    fn hashed(&self) -> (String, u64) {
        (self.hash.clone().finalize().iter().map(|b| format!("{b:02x}")).collect(), self.bytes)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.hash.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }
}

/// Reads on to the end.
fn exhaust(path: &Path, reader: impl Read) -> Result<(), IngestError> {
    io::copy(&mut BufReader::with_capacity(1 << 20, reader), &mut io::sink()).map_err(|e| failed(path, e))?;
    Ok(())
}

/// Reads on in a file that is held.
pub(super) struct Reader(Arc<Mutex<Source<Take<File>>>>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("a thread that read is gone"))?.read(buffer)
    }
}

/// A file that is being read.
pub(super) struct Custody {
    mark: Mark,
    source: Arc<Mutex<Source<Take<File>>>>,
}

/// What was read of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    /// In hex.
    pub sha256: String,
    pub bytes: u64,
    /// What is to be said where the file grew meanwhile.
    pub grew: Option<String>,
}

impl Custody {
    /// Opens a file, to be read as long as it is now: what a log grows by is for another run.
    pub fn take(path: &Path) -> Result<Self, IngestError> {
        let unreadable = |source| IngestError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mark = Mark::of(&file.metadata().map_err(unreadable)?);
        let source = Source::new(file.take(mark.bytes));
        Ok(Self { mark, source: Arc::new(Mutex::new(source)) })
    }

    /// Length of the file when it was opened.
    pub fn bytes(&self) -> u64 {
        self.mark.bytes
    }

    /// What reads the file from where it was read to.
    pub fn reader(&self) -> Reader {
        Reader(Arc::clone(&self.source))
    }

    /// Reads what nobody has read: a table that is decoded column by column, or what stands behind the end of an archive.
    pub fn exhaust(&self, path: &Path) -> Result<(), IngestError> {
        exhaust(path, self.reader())
    }

    /// Asked when the file was `read`: an error where what was read may not be what was hashed, or how reading went. `whole`
    /// files are not readable in part, so that they may not grow either.
    pub fn release(self, path: &Path, whole: bool, read: Result<(), IngestError>) -> Result<Held, IngestError> {
        let unreadable = |source| IngestError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let now = Mark::of(&file.metadata().map_err(unreadable)?);
        let changed = || IngestError::Changed(path.to_owned());
        if now == self.mark {
            read?;
            self.exhaust(path)?;
            let (sha256, bytes) = self.hashed();
            return if bytes == now.bytes { Ok(Held { sha256, bytes, grew: None }) } else { Err(changed()) };
        }
        // A file that changes looks damaged: what is told is that it changed.
        self.exhaust(path)?;
        let (sha256, bytes) = self.hashed();
        let (again, _) = hash(path, file.take(bytes))?;
        if bytes != self.mark.bytes || again != sha256 || (whole && now.bytes != bytes) {
            return Err(changed());
        }
        read?;
        let grew = || format!("{} grew while it was read: its first {bytes} bytes were read.", shown(path));
        Ok(Held { sha256, bytes, grew: (now.bytes != bytes).then(grew) })
    }

    fn hashed(&self) -> (String, u64) {
        // A thread that panicked while it read has ended the program already.
        self.source.lock().unwrap_or_else(PoisonError::into_inner).hashed()
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
    let mut source = Source::new(bytes);
    exhaust(path, &mut source)?;
    Ok(source.hashed())
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
        // Takes the file, reads so many bytes of it, lets something happen, and releases it.
        let after = |bytes: usize, whole: bool, happens: &dyn Fn()| {
            std::fs::write(&path, "one\ntwo\n").unwrap();
            let held = Custody::take(&path).unwrap();
            held.reader().read_exact(&mut vec![0; bytes]).unwrap();
            happens();
            held.release(&path, whole, Ok(()))
        };
        let touch = || File::options().append(true).open(&path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let (expected, _) = hash(&path, &b"one\ntwo\n"[..]).unwrap();
        for read in [0, 5, 8] {
            let held = |grew: Option<String>| Held { sha256: expected.clone(), bytes: 8, grew };
            assert_eq!(after(read, true, &|| ()).unwrap(), held(None), "hashed to its end, whoever read how much");
            assert_eq!(after(read, true, &touch).unwrap(), held(None), "touched, with the same bytes");
            let grown = after(read, false, &|| append(b"three\n")).unwrap();
            assert!(grown.grew.as_ref().unwrap().ends_with("its first 8 bytes were read."));
            assert_eq!(held(grown.grew.clone()), grown);
            assert!(matches!(after(read, true, &|| append(b"three\n")), Err(IngestError::Changed(_))));
            assert!(matches!(
                after(read, false, &|| std::fs::write(&path, "ONE\n").unwrap()),
                Err(IngestError::Changed(_))
            ));
            let gone = after(read, false, &|| std::fs::remove_file(&path).unwrap());
            assert!(matches!(gone, Err(IngestError::Unreadable { .. })));
        }
        assert!(matches!(
            after(8, false, &|| std::fs::write(&path, "one\nTWO\n").unwrap()),
            Err(IngestError::Changed(_))
        ));
    }

    #[test]
    fn of_a_damaged_file_that_changed_the_change_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "one\n").unwrap();
        let damage = || Err(IngestError::UnknownFormat(path.clone()));
        let held = Custody::take(&path).unwrap();
        assert!(matches!(held.release(&path, false, damage()), Err(IngestError::UnknownFormat(_))));
        let held = Custody::take(&path).unwrap();
        std::fs::write(&path, "ONE").unwrap();
        assert!(matches!(held.release(&path, false, damage()), Err(IngestError::Changed(_))));
    }
}
