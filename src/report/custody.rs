//! Chain of custody: whether a case is still what was written, and whether the logs still say what it says.

use super::case::rendered;
use super::escape::{truncate, visible};
pub use super::saved::sha256;
use super::saved::{CaseError, FILES, MANIFEST, Role, read};
use crate::document::{Document, InputFile, Intake};
use crate::intake::ingest::NOT_READ;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

/// Differences listed; all are counted.
const LISTED: usize = 40;
/// Characters of a value in a difference.
const VALUE: usize = 60;

/// A file as the manifest names it.
#[derive(Debug, Clone, Deserialize)]
pub struct Recorded {
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
    /// What an input was read as; absent of outputs, and in cases of versions that did not say it.
    #[serde(default)]
    pub role: Option<Role>,
}

/// `manifest.json`, as far as it is checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    pub stillhunt_version: String,
    pub schema_version: String,
    pub inputs: Vec<Recorded>,
    pub outputs: Vec<Recorded>,
}

/// Reads the manifest of a case.
///
/// # Errors
/// When there is none or it is damaged.
pub fn manifest(folder: &Path) -> Result<Manifest, CaseError> {
    let path = folder.join(MANIFEST);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(_) if !folder.exists() => return Err(CaseError::NotFound(folder.to_owned())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(CaseError::NoManifest(folder.to_owned())),
        Err(source) => return Err(CaseError::Read { path, source }),
    };
    serde_json::from_slice(&bytes).map_err(|source| CaseError::Damaged { path, source })
}

/// Hashes every file of the case again and says what differs from its manifest, in order of names; then what of the manifest
/// and of the tables and the page differs from `report.json`: who changes one of them can change its hash too.
///
/// # Errors
/// When there is no manifest, or it is damaged.
pub fn check_files(folder: &Path) -> Result<Vec<String>, CaseError> {
    let manifest = manifest(folder)?;
    let mut differences = Vec::new();
    let mut known = BTreeSet::from(["manifest.json".to_owned()]);
    let mut whole: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for file in &manifest.outputs {
        // A manifest is only as good as who wrote it: it must not make us read elsewhere.
        let plain = matches!(Path::new(&file.path).components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
        if !plain {
            differences.push(format!("the manifest names {}, which is no file of a case", visible(&file.path)));
            continue;
        }
        known.insert(file.path.clone());
        let path = folder.join(&file.path);
        if path.is_symlink() {
            differences.push(format!("{} is a link and no file of a case", visible(&file.path)));
            continue;
        }
        match std::fs::read(path) {
            Err(e) => differences.push(format!("{} cannot be read: {e}", visible(&file.path))),
            Ok(bytes) if sha256(&bytes) != file.sha256 || bytes.len() as u64 != file.bytes => {
                differences.push(format!(
                    "{} has {} bytes and SHA-256 {}, recorded were {} bytes and {}",
                    visible(&file.path),
                    bytes.len(),
                    sha256(&bytes),
                    file.bytes,
                    visible(&file.sha256)
                ))
            }
            Ok(bytes) => drop(whole.insert(&file.path, bytes)),
        }
    }
    for name in FILES.iter().filter(|name| !known.contains(**name)) {
        differences.push(format!("the manifest does not name {name}"));
    }
    let listed = std::fs::read_dir(folder).map_err(|_| CaseError::NoCase(folder.to_owned()))?;
    let mut strange: Vec<String> = listed
        .filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !known.contains(name))
        .collect();
    strange.sort();
    differences.extend(strange.iter().map(|name| format!("{} is not in the manifest", visible(name))));
    if whole.contains_key(FILES[0]) {
        match read(folder) {
            Ok(document) => differences.extend(against_the_document(&manifest, &document, &whole)),
            Err(e) => differences.push(e.to_string()),
        }
    }
    Ok(differences)
}

/// What a manifest and files that are as it says do not have from the document.
fn against_the_document(manifest: &Manifest, document: &Document, files: &BTreeMap<&str, Vec<u8>>) -> Vec<String> {
    let mut differences = Vec::new();
    let versions = [
        ("stillhunt_version", &manifest.stillhunt_version, &document.stillhunt_version),
        ("schema_version", &manifest.schema_version, &document.schema_version),
    ];
    for (name, own, its) in versions.into_iter().filter(|(_, own, its)| own != its) {
        differences.push(format!("the manifest has {name} {}, report.json {}", visible(own), visible(its)));
    }
    for file in &document.intake.files {
        let same = |r: &&Recorded| r.path == file.path && r.sha256 == file.sha256 && r.bytes == file.bytes;
        if !manifest.inputs.iter().any(|r| same(&r)) {
            differences
                .push(format!("the manifest does not have the input {} as report.json does", visible(&file.path)));
        }
    }
    // Another version may write the same in other words.
    if document.stillhunt_version != env!("CARGO_PKG_VERSION") {
        return differences;
    }
    match rendered(document) {
        Err(e) => differences.push(format!("report.json cannot be rendered: {e}")),
        Ok(rendered) => {
            for (name, bytes) in FILES.into_iter().zip(rendered) {
                if files.get(name).is_some_and(|file| *file != bytes) {
                    differences.push(format!("{name} is not what this program makes of report.json"));
                }
            }
        }
    }
    differences
}

/// Options that have to be passed, for the case was made with their files; `passed` are the roles of those that are. Of cases
/// that say no roles nobody knows.
pub fn forgotten(manifest: &Manifest, passed: &[Role]) -> Vec<String> {
    let told = |r: &Recorded| match r.role.filter(|role| !passed.contains(role))? {
        Role::Accounts => {
            Some(format!("pass --accounts: the case was made with the account table {}", visible(&r.path)))
        }
        Role::Map => Some(format!("pass --map: the case was made with the field map {}", visible(&r.path))),
        Role::Log | Role::Evidence => None,
    };
    manifest.inputs.iter().filter_map(told).collect()
}

/// What of the input is not what the case was made from; `beside` are the paths and hashes of the files that were read
/// beside the logs.
pub fn other_inputs(
    manifest: &Manifest,
    recorded: &Document,
    rederived: &Intake,
    beside: &[(&str, &str)],
) -> Vec<String> {
    let mut causes = Vec::new();
    let hashes = |files: &[InputFile]| files.iter().map(|f| f.sha256.clone()).collect::<BTreeSet<String>>();
    let (was, now) = (hashes(&recorded.intake.files), hashes(&rederived.files));
    for file in recorded.intake.files.iter().filter(|f| !now.contains(&f.sha256)) {
        causes.push(format!("no given log has the bytes of {}", visible(&file.path)));
    }
    for file in rederived.files.iter().filter(|f| !was.contains(&f.sha256)) {
        causes.push(format!("{} was not among the logs of the case", visible(&file.path)));
    }
    for (path, _) in beside.iter().filter(|(_, hash)| !manifest.inputs.iter().any(|r| r.sha256 == *hash)) {
        causes.push(format!("{} has not the bytes that the case was made from", visible(path)));
    }
    for file in manifest.inputs.iter().filter(|r| !was.contains(&r.sha256)) {
        if !beside.iter().any(|(_, hash)| *hash == file.sha256) {
            let path = visible(&file.path);
            causes.push(format!(
                "the case was made with {path}, an account table, a map or evidence, which was not given"
            ));
        }
    }
    causes
}

/// What files are called in the recorded document by what they are called now: a log may have moved.
pub fn moved(recorded: &Document, rederived: &Document) -> BTreeMap<String, String> {
    let now = |was: &InputFile| rederived.intake.files.iter().find(|f| f.sha256 == was.sha256);
    let files = recorded.intake.files.iter();
    files.filter_map(|was| Some((now(was)?.path.clone(), was.path.clone()))).collect()
}

/// Both documents without what a place alone decides: the rederived one with the paths of the recorded one, and neither with
/// what is said of files that were not read.
pub fn comparable(recorded: &Document, rederived: &Document) -> (Document, Document) {
    let moved = moved(recorded, rederived);
    let (mut was, mut out) = (recorded.clone(), rederived.clone());
    let rename = |path: &mut String| {
        if let Some(was) = moved.get(path) {
            *path = was.clone();
        }
    };
    out.intake.files.iter_mut().for_each(|f| rename(&mut f.path));
    for n in &mut out.networks {
        let axes = [&mut n.coordinated, &mut n.extraction, &mut n.evasive];
        axes.into_iter().flat_map(|a| &mut a.claims).flat_map(|c| &mut c.lines).for_each(|l| rename(&mut l.file));
        n.exemplars.iter_mut().for_each(|e| rename(&mut e.at.file));
    }
    // Which of them is the first hangs on the names of files; the list of all is held against the recorded one.
    if let (Some(was), Some(out)) = (&was.intake.most_rejected, &mut out.intake.most_rejected) {
        (out.file, out.line) = (was.file.clone(), was.line);
    }
    for note in out.notices.iter_mut().chain(&mut out.intake.notes).chain(&mut out.intake.warnings) {
        for (now, was) in moved.iter().filter(|(now, was)| now != was) {
            *note = note.replace(now.as_str(), was);
        }
    }
    for of in [&mut was, &mut out] {
        let Document { notices, intake: Intake { notes, warnings, .. }, .. } = of;
        [notices, notes, warnings].into_iter().for_each(|said| said.retain(|note| !note.starts_with(NOT_READ)));
    }
    (was, out)
}

/// Whether a file of the case has these bytes; what is to be said if not. Another version may write others.
pub fn same_bytes(folder: &Path, recorded: &Document, name: &str, bytes: &[u8]) -> Option<String> {
    let ours = recorded.stillhunt_version == env!("CARGO_PKG_VERSION");
    let same = || std::fs::read(folder.join(name)).is_ok_and(|file| file == bytes);
    (ours && !same()).then(|| format!("{name} is not what the logs come to"))
}

/// Where two documents differ, each place with both values; the last line says how many more there are.
///
/// # Errors
/// Never for documents of ours; the signature is serde's.
pub fn differences(recorded: &Document, rederived: &Document) -> serde_json::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut count = 0;
    differ("", &serde_json::to_value(recorded)?, &serde_json::to_value(rederived)?, &mut |at, was, now| {
        count += 1;
        if found.len() < LISTED {
            let show = |v: Option<&Value>| {
                v.map_or_else(|| "absent".to_owned(), |v| truncate(&visible(&v.to_string()), VALUE))
            };
            found.push(format!("{}: recorded {}, rederived {}", visible(at), show(was), show(now)));
        }
    });
    if count > LISTED {
        let more = count - LISTED;
        found.push(format!("and {more} more {}", if more == 1 { "figure" } else { "figures" }));
    }
    Ok(found)
}

fn differ(at: &str, was: &Value, now: &Value, tell: &mut impl FnMut(&str, Option<&Value>, Option<&Value>)) {
    match (was, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let place = format!("{at}/{key}");
                match (a.get(key), b.get(key)) {
                    (Some(x), Some(y)) => differ(&place, x, y, tell),
                    (x, y) => tell(&place, x, y),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().for_each(|(i, (x, y))| differ(&format!("{at}/{i}"), x, y, tell));
        }
        (Value::Array(a), Value::Array(b)) => {
            tell(&format!("{at} (length)"), Some(&a.len().into()), Some(&b.len().into()));
        }
        _ if was == now => {}
        _ => tell(at, Some(was), Some(now)),
    }
}
