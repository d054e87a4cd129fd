//! What we build on: licences, banned crates and sources as deny.toml says, held without cargo-deny; and the list of parts.

#[path = "../examples/sbom.rs"]
mod sbom;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Name, version and licence of each crate that is built, on any platform, over these kinds of edges.
fn crates(edges: &str) -> BTreeSet<(String, String, String)> {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges", edges, "--target", "all", "--prefix", "none", "--no-dedupe", "--format", "{p}|{l}"])
        .args(["--locked"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let part = |line: &str| {
        let (name, licence) = line.split_once('|')?;
        let mut name = name.split(' ');
        Some((name.next()?.to_owned(), name.next()?.trim_start_matches('v').to_owned(), licence.to_owned()))
    };
    text.lines().filter_map(part).collect()
}

fn policy() -> toml::Table {
    std::fs::read_to_string(Path::new(ROOT).join("deny.toml")).unwrap().parse().unwrap()
}

fn words(list: &toml::Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect()
}

/// Whether a licence expression can be met by what is allowed: of alternatives one, of a conjunction all.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let expression = expression.trim();
    // Brackets are only ever around a first part here.
    if let Some(rest) = expression.strip_prefix('(') {
        let (inner, rest) = rest.split_once(')').expect("a bracket that closes");
        let inner = is_met(inner, allowed);
        return match rest.trim() {
            "" => inner,
            rest if rest.starts_with("AND ") => inner && is_met(&rest[4..], allowed),
            rest if rest.starts_with("OR ") => inner || is_met(&rest[3..], allowed),
            rest => panic!("what is {rest}?"),
        };
    }
    let alternatives = expression.replace(" / ", " OR ").replace('/', " OR ");
    alternatives.split(" OR ").any(|part| part.split(" AND ").all(|one| allowed.contains(one.trim())))
}

#[test]
fn every_licence_is_one_that_deny_toml_allows() {
    let allowed = words(&policy()["licenses"]["allow"]);
    assert!(!is_met("GPL-3.0", &allowed) && !is_met("MIT AND GPL-3.0", &allowed) && !is_met("", &allowed));
    assert!(is_met("(MIT OR GPL-3.0) AND Unicode-3.0", &allowed) && !is_met("(MIT) AND GPL-3.0", &allowed));
    let all = crates("normal,build,dev");
    assert!(all.len() > 200, "the whole tree is read");
    for (name, version, licence) in &all {
        assert!(is_met(licence, &allowed), "{name} {version} is under {licence:?}");
    }
}

#[test]
fn no_banned_crate_is_built() {
    let banned = words(&policy()["bans"]["deny"]);
    assert!(banned.len() > 20);
    // What cargo metadata names for features that are off is not built: the tree is exact.
    for (name, version, _) in crates("normal,build,dev") {
        assert!(!banned.contains(&name), "{name} {version} is built");
    }
}

#[test]
fn every_crate_comes_from_the_one_registry_with_its_hash() {
    let lock: toml::Table = std::fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).unwrap().parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let mut sources = BTreeSet::new();
    for package in packages.iter().filter(|p| p["name"].as_str() != Some("stillhunt")) {
        let source = package.get("source").and_then(toml::Value::as_str).expect("no path and no workspace");
        assert!(source.starts_with("registry+"), "{source}");
        let hash = package.get("checksum").and_then(toml::Value::as_str).expect("a hash");
        assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
        sources.insert(source);
    }
    assert!(sources.len() == 1 && packages.len() > 200);
}

#[test]
fn polars_is_taken_without_its_defaults() {
    let manifest: toml::Table = std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap().parse().unwrap();
    for name in ["polars", "polars-io", "minijinja", "chrono", "zstd"] {
        assert_eq!(manifest["dependencies"][name]["default-features"].as_bool(), Some(false), "{name}");
    }
}

#[test]
fn the_list_of_parts_names_every_crate_that_is_linked() {
    let bill = sbom::bill(Path::new(ROOT)).unwrap();
    assert_eq!((bill["bomFormat"].as_str(), bill["specVersion"].as_str()), (Some("CycloneDX"), Some("1.5")));
    let field = |c: &Value, name: &str| c[name].as_str().unwrap().to_owned();
    let listed: BTreeSet<(String, String)> =
        bill["components"].as_array().unwrap().iter().map(|c| (field(c, "name"), field(c, "version"))).collect();
    let linked: BTreeSet<(String, String)> = crates("normal,build")
        .into_iter()
        .map(|(name, version, _)| (name, version))
        .filter(|(n, _)| n != "stillhunt")
        .collect();
    assert_eq!(listed, linked);
    for component in bill["components"].as_array().unwrap() {
        assert!(component["hashes"][0]["content"].as_str().is_some_and(|h| h.len() == 64), "{component}");
    }
}
