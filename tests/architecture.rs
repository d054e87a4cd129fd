//! Promises about the source itself: who may import whom, how long a file is, and that no network code is linked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Folders from the foundation up, each with its modules in the same order: each may import those before it, never one after it.
/// What a folder's own `mod.rs` holds stands before its modules.
const ORDER: [(&str, &[&str]); 10] = [
    ("document", &["intake", "network", "visible", "signal", "glossary"]),
    ("intake", &["schema", "settings", "event", "normalise", "formats", "ingest", "account_table"]),
    ("evidence", &["pieces", "fingerprint", "rules", "redact", "features", "table", "shards"]),
    ("statistics", &["chance", "group_tests", "timing", "calendar", "lifecycle"]),
    ("search", &["holdings", "links", "networks", "pairs", "proposals", "expansion", "profiles"]),
    ("population", &["couples", "census", "reference", "over_time", "baseline"]),
    (
        "judgement",
        &[
            "membership",
            "shape",
            "dispatch",
            "findings",
            "weight",
            "joining",
            "explanations",
            "signals",
            "stacks",
            "scope",
            "customer",
            "candidates",
            "standing",
        ],
    ),
    ("investigation", &["activity", "slots", "streams", "citations", "testimony", "investigate", "robustness"]),
    ("report", &[]),
    ("validation", &["simulate", "evaluate"]),
];

/// Place of a folder, and of a module in it; 0 for the folder's own file and for modules without an order.
fn place(folder: &str, module: &str) -> (usize, usize) {
    let at = ORDER.iter().position(|(name, _)| *name == folder);
    let at = at.unwrap_or_else(|| panic!("{folder} has no place in the order"));
    let modules = ORDER[at].1;
    let within = modules.iter().position(|name| *name == module);
    assert!(within.is_some() || modules.is_empty() || module == "mod", "{folder}::{module} has no place in the order");
    (at, within.map_or(0, |place| place + 1))
}

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

/// Folder below `src`, and module in that folder; a file of `src` itself is a folder without modules.
fn module(path: &Path) -> (String, String) {
    let relative = path.strip_prefix(Path::new(ROOT).join("src")).unwrap();
    let mut names = relative.components().map(|c| c.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned());
    (names.next().unwrap(), names.next().unwrap_or_default())
}

/// Source without its tests, which may import what they like.
fn shipped(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// What is imported from the crate, as the names behind `crate::`.
fn imports(text: &str) -> BTreeSet<Vec<String>> {
    let path = |from: &str| -> Vec<String> {
        let names =
            from.split("::").map(|part| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        let lower = |name: &String| name.chars().next().is_some_and(char::is_lowercase);
        names.take_while(lower).collect()
    };
    text.match_indices("crate::")
        .map(|(at, word)| &text[at + word.len()..])
        .inspect(|rest| assert!(!rest.starts_with('{'), "one line an import, or this test is blind"))
        .map(|rest| path(rest.split([';', ' ', '(', ')', ',', '\n', '<', '>']).next().unwrap_or_default()))
        .filter(|names| !names.is_empty())
        .collect()
}

#[test]
fn no_stage_imports_a_later_one() {
    let mut seen = 0;
    for path in sources(&Path::new(ROOT).join("src")) {
        let (folder, name) = module(&path);
        if ["lib", "main", "cli"].contains(&folder.as_str()) {
            continue;
        }
        let own = place(&folder, &name);
        let text = shipped(&path);
        // What a module of a folder calls `super` is the folder.
        let inside = path.strip_prefix(Path::new(ROOT).join("src")).unwrap().components().count();
        let outermost = inside == 2 || inside == 3 && path.ends_with("mod.rs");
        let ordered = !ORDER[own.0].1.is_empty();
        assert!(!(outermost && ordered && text.contains("super::")), "{folder}::{name} imports around this test");
        for import in imports(&text) {
            let module = import.get(1).filter(|m| ORDER.iter().any(|(_, modules)| modules.contains(&m.as_str())));
            let other = place(&import[0], module.map_or("mod", String::as_str));
            assert!(other <= own, "{folder}::{name} imports {}, which comes later", import.join("::"));
            assert!(folder != "document" || import[0] == "document");
            assert!(import[0] != "validation" || folder == "validation", "{folder}::{name} imports a simulated world");
            seen += 1;
        }
    }
    assert!(seen > 200, "the test reads the imports");
}

/// Files beside each other may import each other in one direction alone. What a folder's `mod.rs` holds is for all of them.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut beside: BTreeMap<PathBuf, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for path in sources(&Path::new(ROOT).join("src")) {
        let text = shipped(&path);
        let siblings = text.match_indices("super::").flat_map(|(at, word)| {
            let rest = &text[at + word.len()..];
            let listed = rest.strip_prefix('{').and_then(|list| list.split('}').next());
            let name =
                |of: &str| of.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
            listed.map_or_else(|| vec![name(rest)], |list| list.split(',').map(name).collect())
        });
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        beside.entry(path.parent().unwrap().to_owned()).or_default().insert(name, siblings.collect());
    }
    let mut edges = 0;
    for (folder, mut files) in beside {
        files.remove("mod");
        edges += files.values().flatten().filter(|name| files.contains_key(*name)).count();
        // Whoever imports nobody that is left is in no circle.
        loop {
            let left: BTreeSet<String> = files.keys().cloned().collect();
            files.retain(|_, imports| imports.iter().any(|name| left.contains(name)));
            if files.len() == left.len() {
                break;
            }
        }
        assert!(files.is_empty(), "{}: {:?}", folder.display(), files.keys());
    }
    assert!(edges > 40, "the test reads the imports");
}

#[test]
fn libraries_stay_where_they_belong() {
    for path in sources(&Path::new(ROOT).join("src")) {
        let ((name, _), text) = (module(&path), shipped(&path));
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
    const APART: &str = "validation";
    let src = Path::new(ROOT).join("src");
    for path in sources(&src) {
        let inside = path.strip_prefix(&src).unwrap();
        if inside.starts_with(APART) {
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
