//! Chain of custody: whether a case is still what was written, and whether the logs still say what it says.

use super::case::CaseError;
use super::escape::{truncate, visible};
use crate::document::Document;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
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
}

/// `manifest.json`, as far as it is checked.
#[derive(Debug, Clone, Deserialize)]
pub struct Manifest {
    pub inputs: Vec<Recorded>,
    pub outputs: Vec<Recorded>,
}

/// SHA-256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads the manifest of a case.
///
/// # Errors
/// When there is none or it is damaged.
pub fn manifest(folder: &Path) -> Result<Manifest, CaseError> {
    let path = folder.join("manifest.json");
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(CaseError::NoManifest(folder.to_owned())),
        Err(source) => return Err(CaseError::Read { path, source }),
    };
    serde_json::from_slice(&bytes).map_err(|source| CaseError::Damaged { path, source })
}

/// Hashes every file of the case again and says what differs from its manifest, in order of names.
///
/// # Errors
/// When there is no manifest, or it is damaged.
pub fn check_files(folder: &Path) -> Result<Vec<String>, CaseError> {
    let manifest = manifest(folder)?;
    let mut differences = Vec::new();
    let mut known = BTreeSet::from(["manifest.json".to_owned()]);
    for file in &manifest.outputs {
        // A manifest is only as good as who wrote it: it must not make us read elsewhere.
        let plain = matches!(Path::new(&file.path).components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
        if !plain {
            differences.push(format!("the manifest names {}, which is no file of a case", visible(&file.path)));
            continue;
        }
        known.insert(file.path.clone());
        match std::fs::read(folder.join(&file.path)) {
            Err(e) => differences.push(format!("{} cannot be read: {e}", visible(&file.path))),
            Ok(bytes) if sha256(&bytes) != file.sha256 => differences.push(format!(
                "{} has {} bytes and SHA-256 {}, recorded were {} bytes and {}",
                visible(&file.path),
                bytes.len(),
                sha256(&bytes),
                file.bytes,
                visible(&file.sha256)
            )),
            Ok(_) => {}
        }
    }
    if !known.contains("report.json") {
        differences.push("the manifest does not name report.json".to_owned());
    }
    let listed = std::fs::read_dir(folder).map_err(|_| CaseError::NoCase(folder.to_owned()))?;
    let mut strange: Vec<String> = listed
        .filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| !known.contains(name))
        .collect();
    strange.sort();
    differences.extend(strange.iter().map(|name| format!("{} is not in the manifest", visible(name))));
    Ok(differences)
}

/// The rederived document with the paths of the recorded one where the bytes of a file are the same: a log may have moved.
/// Files of other bytes are named.
pub fn same_paths(recorded: &Document, rederived: &Document) -> (Document, Vec<String>) {
    let mut differences = Vec::new();
    let mut moved = std::collections::BTreeMap::new();
    for was in &recorded.intake.files {
        match rederived.intake.files.iter().find(|f| f.sha256 == was.sha256) {
            Some(now) => {
                moved.insert(now.path.clone(), was.path.clone());
            }
            None => differences.push(format!("no given log has the bytes of {}", visible(&was.path))),
        }
    }
    let hashes: BTreeSet<&str> = recorded.intake.files.iter().map(|f| f.sha256.as_str()).collect();
    for now in rederived.intake.files.iter().filter(|f| !hashes.contains(f.sha256.as_str())) {
        differences.push(format!("{} was not among the logs of the case", visible(&now.path)));
    }
    let mut out = rederived.clone();
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
    (out, differences)
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
        found.push(format!("and {} more figures", count - LISTED));
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
