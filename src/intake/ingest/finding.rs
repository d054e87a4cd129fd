//! Which files are meant: each once, however it is named, and what is left out is told.

use super::custody::hash_file;
use super::endings::{is_named_table, looks_like_a_log};
use super::foreign::is_named_foreign;
use super::{IngestError, inputs, shown};
use crate::intake::normalise::FieldMap;
use crate::intake::schema::{ACCOUNT_TABLE, account_table, at};
use crate::intake::settings::IngestSettings;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// Files to read, sorted by path and each once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    files: Vec<PathBuf>,
    /// What was left out and why, in sentences that begin with [`NOT_READ`].
    pub notes: Vec<String>,
    /// Those of them that nobody should miss, for there may be logs in it.
    pub warnings: Vec<String>,
}

/// How sentences on files that are not read begin. They tell of how the files lay and of no figure.
pub const NOT_READ: &str = "Not read: ";

impl Deref for Inputs {
    type Target = [PathBuf];

    fn deref(&self) -> &[PathBuf] {
        &self.files
    }
}

/// Names listed of what is left out for one reason.
const LISTED: usize = 5;
/// Bytes by which files of one length are compared before they are hashed to their ends.
const HEAD: u64 = 64 << 10;

/// Whether a folder holds a case of ours: its tables would be read as logs of accounts that are suspected already.
fn is_case(folder: &Path) -> bool {
    let manifest = folder.join("manifest.json");
    // A pipe of that name would be waited for.
    if !manifest.is_file() || !folder.join("report.json").is_file() {
        return false;
    }
    let mut start = Vec::new();
    let read = File::open(manifest).and_then(|file| file.take(HEAD).read_to_end(&mut start));
    read.is_ok() && memchr::memmem::find(&start, b"\"stillhunt_version\"").is_some()
}

/// Why something is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    Foreign,
    Ending,
    Hidden,
    Device,
    Dangling,
    LinkedFolder,
    Case,
    Again,
    Copy,
    Passed,
    Accounts,
    Labels,
    Evidence,
}

impl Why {
    fn said(self) -> &'static str {
        match self {
            Self::Foreign => {
                "an archive, a packing or a file of another kind; unpack or convert it if there are logs in it"
            }
            Self::Ending => "the name does not end like that of a log",
            Self::Hidden => "hidden",
            Self::Device => "a pipe or a device",
            Self::Dangling => "a link to what is not there",
            Self::LinkedFolder => "a link to a folder; name the folder itself",
            Self::Case => "a case of this program",
            Self::Again => "the same file a second time",
            Self::Copy => "a copy, byte for byte, of a file that is read",
            Self::Passed => "passed as --accounts, and so no log",
            Self::Accounts => "by its header a table of accounts and no log; pass it as --accounts",
            Self::Labels => "by its header a table of labels and no log; `stillhunt evaluate` takes it",
            Self::Evidence => {
                "the evidence of a case, which tells of no single call; analyse logs, or what `collect` wrote"
            }
        }
    }
}

#[derive(Default)]
struct Finding {
    files: Vec<PathBuf>,
    left_out: BTreeMap<Why, Vec<String>>,
}

/// Files under the given files, directories and glob patterns. Links to files are followed; links to folders inside of folders,
/// pipes, devices, hidden files and cases are not read, nor is a file a second time, be it under another name or a copy.
///
/// # Errors
/// When something that is named is not there or no file, and when nothing is left to read.
pub fn find_inputs(given: &[PathBuf]) -> Result<Inputs, IngestError> {
    let mut finding = Finding::default();
    for path in given {
        if path.symlink_metadata().is_ok() {
            finding.add(path)?;
            continue;
        }
        let pattern = path.to_string_lossy();
        let matches = if pattern.contains(['*', '?', '[']) { glob::glob(&pattern).ok() } else { None };
        let mut none = true;
        for hit in matches.into_iter().flatten() {
            let hit = hit.map_err(|e| IngestError::Unreadable { path: e.path().to_owned(), source: e.into() })?;
            finding.add(&hit)?;
            none = false;
        }
        if none {
            return Err(match path.as_os_str() == "-" {
                true => IngestError::Stdin,
                false => IngestError::NotFound(path.clone()),
            });
        }
    }
    finding.once();
    let told = finding.notes();
    let warnings = told.iter().filter(|(why, _)| *why == Why::Foreign).map(|(_, note)| note.clone()).collect();
    let notes = told.into_iter().map(|(_, note)| note).collect();
    Inputs { files: finding.files, notes, warnings }.there()
}

impl Inputs {
    fn there(self) -> Result<Self, IngestError> {
        match self.files.is_empty() {
            true => Err(IngestError::NoLogs(self.notes.iter().map(|note| format!("\n{note}")).collect())),
            false => Ok(self),
        }
    }

    /// The same without tables that tell of accounts and of no call, the one that is passed as `accounts` first: each of their
    /// rows would be read as a call.
    ///
    /// # Errors
    /// When nothing is left to read.
    pub fn of_calls(mut self, map: &FieldMap, accounts: Option<&Path>) -> Result<Self, IngestError> {
        let place = |path: &Path| std::fs::canonicalize(path).ok();
        let passed = accounts.and_then(place);
        let mut finding = Finding::default();
        self.files.retain(|path| {
            let why = match passed.is_some() && place(path) == passed {
                true => Some(Why::Passed),
                false => of_accounts(path, map),
            };
            why.iter().for_each(|why| finding.leave_out(*why, path));
            why.is_none()
        });
        self.notes.extend(finding.notes().into_iter().map(|(_, note)| note));
        self.there()
    }

    /// The same files in the order of their hashes in a list, and behind them those that are not in it: what is the first of
    /// several lines hangs on it.
    pub fn in_order_of(mut self, hashes: &[String]) -> Self {
        if self.files.len() < 2 {
            return self;
        }
        let place = |path: &PathBuf| {
            let hash = hash_file(path).ok().map(|(sha256, _)| sha256);
            hashes.iter().position(|h| Some(h) == hash.as_ref()).unwrap_or(hashes.len())
        };
        self.files.sort_by_cached_key(place);
        self
    }
}

impl Finding {
    fn leave_out(&mut self, why: Why, path: &Path) {
        self.left_out.entry(why).or_default().push(shown(path));
    }

    fn add(&mut self, path: &Path) -> Result<(), IngestError> {
        // A link in a circle leads nowhere either.
        let unreadable = |source: io::Error| match source.kind() {
            io::ErrorKind::PermissionDenied => IngestError::Unreadable { path: path.to_owned(), source },
            _ if path.is_symlink() => IngestError::Dangling(path.to_owned()),
            _ => IngestError::Unreadable { path: path.to_owned(), source },
        };
        let kind = std::fs::metadata(path).map_err(unreadable)?;
        if kind.is_file() {
            self.files.push(path.to_owned());
        } else if kind.is_dir() {
            self.walk(path)?;
        } else {
            return Err(IngestError::NotAFile(path.to_owned()));
        }
        Ok(())
    }

    fn walk(&mut self, top: &Path) -> Result<(), IngestError> {
        let mut pending = vec![top.to_owned()];
        while let Some(folder) = pending.pop() {
            if is_case(&folder) {
                self.leave_out(Why::Case, &folder);
                continue;
            }
            let unreadable = |source: io::Error| IngestError::Unreadable { path: folder.clone(), source };
            for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                let path = entry.path();
                let link = entry.file_type().map_err(unreadable)?.is_symlink();
                // A link that leads nowhere, or in a circle, has no data.
                let data = std::fs::metadata(&path);
                let why = match data {
                    _ if entry.file_name().to_string_lossy().starts_with('.') => Why::Hidden,
                    Err(_) if link => Why::Dangling,
                    Err(source) => return Err(IngestError::Unreadable { path, source }),
                    Ok(data) if data.is_dir() && link => Why::LinkedFolder,
                    Ok(data) if data.is_dir() => {
                        pending.push(path);
                        continue;
                    }
                    Ok(data) if !data.is_file() => Why::Device,
                    Ok(_) if is_named_foreign(&path) => Why::Foreign,
                    Ok(_) if !looks_like_a_log(&path) => Why::Ending,
                    Ok(_) => {
                        self.files.push(path);
                        continue;
                    }
                };
                self.leave_out(why, &path);
            }
        }
        Ok(())
    }

    /// Leaves each file once: of several names the first, and of copies.
    fn once(&mut self) {
        self.files.sort();
        let mut known = BTreeSet::new();
        let mut again = Vec::new();
        self.files.retain(|path| {
            let new = known.insert(std::fs::canonicalize(path).unwrap_or_else(|_| path.clone()));
            if !new {
                again.push(path.clone());
            }
            new
        });
        again.iter().for_each(|path| self.leave_out(Why::Again, path));
        for path in copies(&self.files) {
            self.files.retain(|file| *file != path);
            self.leave_out(Why::Copy, &path);
        }
    }

    fn notes(&mut self) -> Vec<(Why, String)> {
        let note = |(why, paths): (&Why, &mut Vec<String>)| {
            paths.sort();
            let listed = paths.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = paths.len().saturating_sub(LISTED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            (*why, format!("{NOT_READ}{listed}{more} ({}).", why.said()))
        };
        self.left_out.iter_mut().map(note).collect()
    }
}

/// Columns by which `evidence.parquet` of a case is known.
const EVIDENCE: [&str; 4] = ["without_session", "distinct_texts", "rule_packs", "hours"];

/// What a table is by its header that tells of accounts and of no call. Who names its time in a map says that it is a log.
fn of_accounts(path: &Path, map: &FieldMap) -> Option<Why> {
    let parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    if !is_named_table(path) && !parquet {
        return None;
    }
    // What cannot be read is told when it is read.
    let opened = inputs::look(path, IngestSettings::default().max_expansion).ok()?;
    let header = inputs::names(&opened.rows);
    if parquet {
        return EVIDENCE.iter().all(|column| header.contains(*column)).then_some(Why::Evidence);
    }
    let asked = |column: usize, name: &str| map.explicit().iter().any(|(c, source)| *c == column && source == name);
    // An account has an organisation and a time of creation too, and comes from a country.
    let of_account = |column: usize, name: &str| match column {
        at::ACCOUNT_ID | at::ORG_ID | at::COUNTRY => true,
        at::TS => name.eq_ignore_ascii_case("created_at") && !asked(column, name),
        _ => false,
    };
    let of_call = |name: &String| {
        let targets = map.find(name).map_or(&[][..], |slot| map.targets(slot));
        targets.iter().any(|target| !of_account(target.column, name))
    };
    if header.iter().any(of_call) {
        return None;
    }
    let header: Vec<String> = header.into_iter().collect();
    let (account, columns) = account_table(&header);
    // A log may have nothing but account, organisation and time.
    let mut known =
        ACCOUNT_TABLE.iter().zip(columns).filter(|(_, place)| place.is_some()).map(|(column, _)| column.name);
    let has = |column: &str| header.iter().any(|name| name.eq_ignore_ascii_case(column));
    match account.is_some() {
        true if known.any(|name| !["org_id", "created_at"].contains(&name)) => Some(Why::Accounts),
        true if has("campaign") && !has("created_at") => Some(Why::Labels),
        _ => None,
    }
}

/// Files with the bytes of one before them. Only of what agrees in length and in its first bytes is the rest looked at; what
/// cannot be read is told when it is read.
fn copies(files: &[PathBuf]) -> Vec<PathBuf> {
    let length = |path: &Path| std::fs::metadata(path).ok().map(|data| data.len()).filter(|bytes| *bytes > 0);
    let head = |path: &Path| {
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(HEAD).read_to_end(&mut bytes).ok()?;
        Some(Sha256::digest(&bytes))
    };
    let whole = |path: &Path| hash_file(path).ok().map(|(sha256, _)| sha256);
    let files: Vec<&PathBuf> = files.iter().collect();
    let alike = groups(&files, length).into_iter().flat_map(|some| groups(&some, head));
    let copies = alike.flat_map(|some| groups(&some, whole));
    copies.flat_map(|some| some.into_iter().skip(1).cloned()).collect()
}

/// Those of which several have one key, in their order.
fn groups<'p, K: Ord>(files: &[&'p PathBuf], key: impl Fn(&Path) -> Option<K>) -> Vec<Vec<&'p PathBuf>> {
    let mut found: BTreeMap<K, Vec<&PathBuf>> = BTreeMap::new();
    for path in files {
        if let Some(key) = key(path) {
            found.entry(key).or_default().push(path);
        }
    }
    found.into_values().filter(|some| some.len() > 1).collect()
}
