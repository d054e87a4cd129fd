//! Promises about the source itself: who may import whom, how long a file is, and that no network code is linked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Modules from the foundation up: each may import those before it, never one after it.
const ORDER: [&str; 58] = [
    "document",
    "pieces",
    "visible",
    "glossary",
    "schema",
    "settings",
    "event",
    "normalise",
    "formats",
    "ingest",
    "account_table",
    "fingerprint",
    "rules",
    "redact",
    "features",
    "evidence_table",
    "shards",
    "chance",
    "holdings",
    "links",
    "networks",
    "pairs",
    "proposals",
    "expansion",
    "profiles",
    "group_tests",
    "timing",
    "calendar",
    "lifecycle",
    "couples",
    "census",
    "reference",
    "over_time",
    "activity",
    "baseline",
    "membership",
    "shape",
    "dispatch",
    "findings",
    "joining",
    "explanations",
    "signals",
    "stacks",
    "scope",
    "customer",
    "candidates",
    "standing",
    "slots",
    "streams",
    "citations",
    "testimony",
    "investigate",
    "robustness",
    "allow_list",
    "pseudonyms",
    "report",
    "simulate",
    "evaluate",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn module(path: &Path) -> String {
    let relative = path.strip_prefix(Path::new(ROOT).join("src")).unwrap();
    relative.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// Source without its tests, which may import what they like.
fn shipped(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

fn imports(text: &str) -> BTreeSet<String> {
    text.match_indices("crate::")
        .inspect(|(at, word)| {
            assert!(!text[at + word.len()..].starts_with('{'), "one line an import, or this test is blind")
        })
        .map(|(at, word)| {
            text[at + word.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
        })
        .filter(|name| name.chars().next().is_some_and(char::is_lowercase))
        .collect()
}

#[test]
fn no_stage_imports_a_later_one() {
    let place = |name: &str| ORDER.iter().position(|m| *m == name);
    let mut seen = 0;
    for path in sources(&Path::new(ROOT).join("src")) {
        let name = module(&path);
        if ["lib", "main", "cli"].contains(&name.as_str()) {
            continue;
        }
        let own = place(&name).unwrap_or_else(|| panic!("{name} has no place in the order"));
        let text = shipped(&path);
        // What a root module calls `super` is the crate.
        let folder = path.parent().unwrap();
        let root = folder.ends_with("src") || path.ends_with("mod.rs") && folder.parent().unwrap().ends_with("src");
        assert!(!(root && text.contains("super::")), "{name} imports around this test");
        for import in imports(&text) {
            let other = place(&import).unwrap_or_else(|| panic!("{name} imports the unplaced {import}"));
            assert!(other <= own, "{name} imports {import}, which comes later");
            assert!(name != "document" || import == "document");
            assert!(!["simulate", "evaluate"].contains(&import.as_str()) || import == name, "{name} imports {import}");
            seen += 1;
        }
    }
    assert!(seen > 20, "the test reads the imports");
}

#[test]
fn libraries_stay_where_they_belong() {
    for path in sources(&Path::new(ROOT).join("src")) {
        let (name, text) = (module(&path), shipped(&path));
        let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let names = |library: &str| code.contains(&format!("{library}::"));
        if !["cli", "main"].contains(&name.as_str()) {
            assert!(!names("clap") && !names("anyhow") && !names("indicatif"), "{}", path.display());
        }
        if name == "report" {
            assert!(!names("polars"), "{}", path.display());
        }
    }
}

#[test]
fn no_source_file_is_longer_than_600_lines() {
    for folder in ["src", "tests", "examples"] {
        for path in sources(&Path::new(ROOT).join(folder)) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 600, "{} has {lines} lines", path.display());
        }
    }
}

/// The compiler enforces it as long as the line stands; the attribute in `lib.rs` reaches no test and no example.
#[test]
fn unsafe_code_is_forbidden_in_every_target() {
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let lints = manifest.split("[lints.rust]").nth(1).expect("a table [lints.rust]");
    let table = lints.split("\n[").next().unwrap_or_default();
    assert!(table.lines().any(|l| l == "unsafe_code = \"forbid\""), "{table}");
}

#[test]
fn our_source_opens_no_socket() {
    nowhere_in_our_source(&["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "ToSocketAddrs", "tokio"]);
}

/// No source of ours holds any of these words.
fn nowhere_in_our_source(words: &[&str]) {
    let all = sources(&Path::new(ROOT).join("src"));
    assert!(all.len() > 80, "the whole source is read");
    for path in all {
        let text = fs::read_to_string(&path).unwrap();
        words.iter().for_each(|word| assert!(!text.contains(word), "{} names {word}", path.display()));
    }
}

/// None of the jumps of the machine's clock is in a result.
#[test]
fn our_source_reads_no_clock() {
    nowhere_in_our_source(&["SystemTime::now", "Instant::now", "Utc::now", "Local::now"]);
}

/// Another machine's library rounds them otherwise, and a case is verified byte by byte. What makes worlds and scores is no part of a
/// case.
#[test]
fn our_source_takes_no_logarithm_from_the_platform() {
    const APART: [&str; 2] = ["simulate", "evaluate.rs"];
    let src = Path::new(ROOT).join("src");
    for path in sources(&src) {
        let inside = path.strip_prefix(&src).unwrap();
        if APART.iter().any(|apart| inside.starts_with(apart)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let tested = text.find("#[cfg(test)]").unwrap_or(text.len());
        for word in
            [".ln()", ".ln_1p()", ".log10()", ".log2()", ".log(", ".exp()", ".exp2()", ".exp_m1()", ".powf(", ".tanh()"]
        {
            assert!(!text[..tested].contains(word), "{} has {word}: take it from libm", path.display());
        }
    }
}

/// The only maps whose order of work a log could choose are hashed under keys of the run; the rest are search trees. And
/// regular expressions are automata.
#[test]
fn no_map_is_hashed_by_a_function_that_a_log_can_reckon_with() {
    let words = ["with_hasher", "BuildHasherDefault", "with_capacity_and_hasher", "ahash", "FxHash", "fancy_regex"];
    nowhere_in_our_source(&words);
}

/// No client, server, TLS stack or resolver. Polars brings tokio as its scheduler of tasks, and tokio its own mio and
/// socket2; nothing above them is there to use them, and our source opens no socket.
#[test]
fn no_network_code_is_linked() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8_lossy(&tree.stdout);
    let linked: BTreeSet<&str> = text.lines().filter_map(|l| l.split(' ').next()).collect();
    assert!(linked.contains("polars") && linked.len() > 100, "the whole tree is read");
    for banned in [
        "reqwest",
        "hyper",
        "hyper-util",
        "h2",
        "h3",
        "quinn",
        "rustls",
        "native-tls",
        "openssl",
        "openssl-sys",
        "ureq",
        "curl",
        "isahc",
        "surf",
        "attohttpc",
        "object_store",
        "tonic",
        "tungstenite",
        "async-std",
        "smol",
        "hickory-resolver",
        "trust-dns-resolver",
        "aws-config",
        "ssh2",
        "zmq",
    ] {
        assert!(!linked.contains(banned), "{banned} is linked");
    }
}
