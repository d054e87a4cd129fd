//! Prints the list of parts (CycloneDX 1.5, JSON) of what is linked and what builds it, on any platform:
//! `cargo run --example sbom > stillhunt.cdx.json`. It reads Cargo.lock and the tree of cargo and asks nobody.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The list of parts of the package in this folder.
///
/// # Errors
/// When cargo or the lock cannot be read.
pub fn bill(root: &Path) -> anyhow::Result<Value> {
    let tree = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "--edges", "normal,build", "--target", "all", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}|{l}|{r}", "--locked"])
        .current_dir(root)
        .output()?;
    anyhow::ensure!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lock: toml::Table = std::fs::read_to_string(root.join("Cargo.lock"))?.parse()?;
    let mut hashes = BTreeMap::new();
    for package in lock["package"].as_array().map_or(&[][..], Vec::as_slice) {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        hashes.insert((text("name"), text("version")), text("checksum"));
    }
    let mut components = BTreeMap::new();
    for line in String::from_utf8(tree.stdout)?.lines().collect::<BTreeSet<_>>() {
        let mut parts = line.split('|');
        let (package, licence, repository) = (parts.next(), parts.next(), parts.next());
        let mut words = package.unwrap_or_default().split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        let version = version.trim_start_matches('v');
        let hash = hashes.get(&(name, version)).copied().unwrap_or_default();
        // Without a hash it is this package itself.
        if hash.is_empty() {
            continue;
        }
        let purl = format!("pkg:cargo/{name}@{version}");
        let mut component = json!({
            "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
            "licenses": [{"expression": licence.unwrap_or_default().replace(" / ", " OR ").replace('/', " OR ")}],
            "hashes": [{"alg": "SHA-256", "content": hash}],
        });
        if let Some(url) = repository.filter(|r| !r.is_empty()) {
            component["externalReferences"] = json!([{"type": "vcs", "url": url}]);
        }
        components.insert(purl, component);
    }
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "application", "name": "stillhunt", "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{"expression": env!("CARGO_PKG_LICENSE")}]}},
        "components": components.into_values().collect::<Vec<_>>(),
    }))
}

#[allow(dead_code, reason = "a test takes this file for a module")]
fn main() -> anyhow::Result<()> {
    println!("{:#}", bill(Path::new(env!("CARGO_MANIFEST_DIR")))?);
    Ok(())
}
