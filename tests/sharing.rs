//! A case that leaves the house: under pseudonyms, with what is known to be good set aside, verified, followed.

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use stillhunt::document::Document;
use stillhunt::report::comparison::{Fate, follow};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/sample");

fn stillhunt(arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("stillhunt").unwrap().args(arguments).assert()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn analyse(case: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    let (events, accounts) = (format!("{SAMPLE}/events.jsonl.zst"), format!("{SAMPLE}/accounts.csv"));
    stillhunt(&[&["analyze", &events, "--accounts", &accounts, "-o", text(case)], more].concat())
}

fn document(case: &Path) -> Document {
    serde_json::from_slice(&fs::read(case.join("report.json")).unwrap()).unwrap()
}

fn said(run: &assert_cmd::assert::Assert) -> String {
    let output = run.get_output();
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

fn write(folder: &Path, name: &str, words: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, words).unwrap();
    path
}

const KEY: &str = "a key of more than sixteen bytes\n";

#[test]
fn under_pseudonyms_no_file_of_a_case_names_an_account_an_address_or_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let key = write(folder.path(), "key", KEY);
    let (clear, case) = (folder.path().join("clear"), folder.path().join("case"));
    analyse(&clear, &[]).code(10);
    analyse(&case, &["--pseudonymise", text(&key)]).code(10);
    let plain = document(&clear);
    let mut names: Vec<String> = plain.accounts.iter().map(|a| a.account_id.clone()).collect();
    names.extend(plain.accounts.iter().map(|a| a.org_id.clone()).filter(|o| !o.is_empty()));
    names.extend(plain.networks.iter().map(|n| n.id.clone()));
    names.extend(plain.links.iter().filter_map(|l| Some(l.shared.split_once(' ')?.1.to_owned())));
    names.extend(["events.jsonl".to_owned(), "accounts.csv\"".to_owned(), SAMPLE.to_owned()]);
    names.retain(|n| n.len() > 2);
    for entry in fs::read_dir(&case).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let words = String::from_utf8_lossy(&bytes);
        // The manifest names the files of the case itself.
        let told = |n: &&String| {
            words.contains(n.as_str()) && !(path.ends_with("manifest.json") && n.starts_with("accounts.csv"))
        };
        assert_eq!(names.iter().find(told), None, "{}", path.display());
    }
    let hidden = document(&case);
    assert!(hidden.pseudonymised && hidden.accounts.is_sorted_by_key(|a| a.account_id.clone()));
    assert_eq!(hidden.networks.len(), plain.networks.len());
    assert!(
        hidden
            .networks
            .iter()
            .zip(&plain.networks)
            .all(|(a, b)| a.members.len() == b.members.len() && a.q_value == b.q_value)
    );
    // The same key gives the same names, wherever it is applied.
    let later = folder.path().join("later.json");
    let arguments = ["report", text(&clear), "--format", "json", "--pseudonymise", text(&key), "-o", text(&later)];
    stillhunt(&arguments).code(0);
    assert!(fs::read(&later).unwrap() == fs::read(case.join("report.json")).unwrap());
    stillhunt(&["report", text(&case), "--pseudonymise", text(&key)]).code(2);
    let events = format!("{SAMPLE}/events.jsonl.zst");
    let accounts = format!("{SAMPLE}/accounts.csv");
    stillhunt(&["verify", text(&case), &events, "--accounts", &accounts, "--pseudonymise", text(&key)]).code(0);
    let short = write(folder.path(), "short", "123");
    assert!(said(&stillhunt(&["report", text(&clear), "--pseudonymise", text(&short)]).code(2)).contains("3 bytes"));
}

/// The document of the sample.
fn sample() -> Document {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    document(&case)
}

#[test]
fn a_name_inside_an_excerpt_is_replaced_as_a_word_and_not_inside_one() {
    let mut d = sample();
    let name = d.accounts[0].account_id.clone();
    d.networks[0].exemplars[0].excerpt = format!("ask {name}, not x{name}y");
    let names = stillhunt::report::pseudonyms::Pseudonyms::new(KEY.as_bytes()).unwrap();
    let hidden = names.document(&d).unwrap();
    assert_eq!(hidden.networks[0].exemplars[0].excerpt, format!("ask {}, not x{name}y", names.of("acct", &name)));
}

/// A longer name that ends within a word was passed over whole, and so was every name in it.
#[test]
fn a_name_inside_a_longer_one_stood_in_clear_under_pseudonyms() {
    let mut d = sample();
    let account = d.accounts[0].clone();
    for (account_id, org_id) in
        [("alice", "alice-co"), ("bob", "eve"), ("alice-co-op x", "bob/alice"), ("Zoé", "Zoé-é")]
    {
        let (account_id, org_id) = (account_id.to_owned(), org_id.to_owned());
        d.accounts.push(stillhunt::document::Account { account_id, org_id, ..account.clone() });
    }
    let names = stillhunt::report::pseudonyms::Pseudonyms::new(KEY.as_bytes()).unwrap();
    let (acct, org) = (|name: &str| names.of("acct", name), |name: &str| names.of("org", name));
    for (said, hidden) in [
        (
            "by alice-cop, alice and alice-co.",
            format!("by {}-cop, {} and {}.", acct("alice"), acct("alice"), org("alice-co")),
        ),
        ("alice-co-op xy", format!("{}-op xy", org("alice-co"))),
        ("alice-co-op x", acct("alice-co-op x")),
        (" alice-co-op x ", format!(" {} ", acct("alice-co-op x"))),
        // Of two that overlap the first stands; what is left of the other is no name.
        ("bob/alice-co", format!("{}-co", org("bob/alice"))),
        ("xbob/alice-co", format!("xbob/{}", org("alice-co"))),
        ("bob/alices eve", format!("{}/alices {}", acct("bob"), org("eve"))),
        ("Zoé-éa malice", format!("{}-éa malice", acct("Zoé"))),
        ("alicealice", "alicealice".to_owned()),
    ] {
        d.networks[0].exemplars[0].excerpt = said.to_owned();
        assert_eq!(names.document(&d).unwrap().networks[0].exemplars[0].excerpt, hidden, "{said}");
    }
}

#[test]
fn an_account_called_like_a_word_of_the_program_changes_none() {
    let d = sample();
    let names = stillhunt::report::pseudonyms::Pseudonyms::new(KEY.as_bytes()).unwrap();
    let calm = names.document(&d).unwrap();
    let mut evil = d.clone();
    let words = ["partly", "fits", "content", "jsonl", "P1", "S1", "content.template", "ts"];
    for word in words {
        evil.accounts.push(stillhunt::document::Account { account_id: word.into(), ..d.accounts[0].clone() });
    }
    let hidden = names.document(&evil).unwrap();
    let said = |d: &Document| {
        let fits = d.networks.iter().flat_map(|n| &n.explanations).map(|e| e.fit.clone());
        let pools = d.networks.iter().flat_map(|n| &n.pools).map(|p| p.id.clone());
        let proposed = d.networks.iter().map(|n| n.proposed_by.clone());
        let signals = d.signals.iter().map(|s| s.name.clone());
        fits.chain(pools).chain(proposed).chain(signals).collect::<Vec<_>>()
    };
    assert_eq!(said(&hidden), said(&calm));
    assert!(words.iter().all(|w| hidden.accounts.iter().all(|a| a.account_id != *w)));
}

#[test]
fn a_case_of_an_earlier_minor_version_is_read_and_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let mut old: serde_json::Value = serde_json::from_slice(&fs::read(case.join("report.json")).unwrap()).unwrap();
    for field in ["timeline", "allowed", "pseudonymised"] {
        old.as_object_mut().unwrap().remove(field);
    }
    for network in old["networks"].as_array_mut().unwrap() {
        let network = network.as_object_mut().unwrap();
        network.remove("activity");
        for stream in network["streams"].as_array_mut().unwrap() {
            stream.as_object_mut().unwrap().remove("template");
            stream.as_object_mut().unwrap().remove("compared");
        }
        network.remove("set_aside");
    }
    for account in old["accounts"].as_array_mut().unwrap() {
        for field in ["org_id", "created", "first", "last", "closed"] {
            account.as_object_mut().unwrap().remove(field);
        }
    }
    old["schema_version"] = "1.2".into();
    fs::write(case.join("report.json"), old.to_string()).unwrap();
    let page = said(&stillhunt(&["report", text(&case), "--format", "html"]).code(0));
    assert!(page.contains("6 suspected distillation networks"));
    old["schema_version"] = "0.9".into();
    fs::write(case.join("report.json"), old.to_string()).unwrap();
    assert!(said(&stillhunt(&["report", text(&case)]).code(1)).contains("schema version 0.9"));
    fs::remove_file(case.join("report.json")).unwrap();
    fs::create_dir(case.join("report.json")).unwrap();
    assert!(said(&stillhunt(&["report", text(&case)]).code(1)).contains("cannot be read"));
}

#[test]
fn what_is_known_to_be_good_is_set_aside_and_recorded_and_not_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let d = document(&case);
    let first = &d.networks[0];
    let entries: String = (first.members.iter())
        .map(|m| format!("[[account]]\nid = \"{m}\"\nreason = \"our own load test\"\n"))
        .collect();
    let list = write(folder.path(), "good.toml", &entries);
    let again = folder.path().join("again");
    let run = analyse(&again, &["--allow", text(&list)]).code(10);
    assert!(said(&run).contains("5 suspected networks") && said(&run).contains("1 set aside"), "{}", said(&run));
    let set = document(&again);
    assert_eq!(set.allowed.len(), first.members.len());
    assert!(set.allowed.iter().all(|a| a.covers == 1 && a.reason == "our own load test"));
    let same = set.networks.iter().find(|n| n.id == first.id).unwrap();
    assert!(!same.set_aside.is_empty() && same.verdict == first.verdict);
    assert!(fs::read_to_string(again.join("report.html")).unwrap().contains("our own load test"));
    // Rendered without a list, the document keeps the one it was made with.
    assert!(said(&stillhunt(&["report", text(&again), "--view", "quiet"]).code(0)).contains("1 set aside"));
    for bad in [
        "[[account]]\nid = \"a\"\n",
        "[[acount]]\nid = \"a\"\nreason = \"b\"\n",
        "[[template]]\ncontains = \"a\"\nreason = \"b\"\n",
        "[[account]]\nid = \"\"\nreason = \"b\"\n",
    ] {
        let list = write(folder.path(), "bad.toml", bad);
        stillhunt(&["report", text(&case), "--allow", text(&list)]).code(2);
    }
}

#[test]
fn a_known_template_sets_aside_only_what_little_else_speaks_for() {
    let mut d = sample();
    let passage = "the house template of all";
    for n in &mut d.networks {
        n.streams.truncate(1);
        n.streams.iter_mut().for_each(|s| s.excerpt = format!("{passage} members"));
    }
    let list = stillhunt::report::allow_list::AllowList::from_toml(&format!(
        "[[template]]\ncontains = \"{passage}\"\nreason = \"ours\"\n"
    ));
    let list = list.unwrap();
    list.apply(&mut d);
    for n in d.networks.iter().filter(|n| !n.streams.is_empty()) {
        let counting = n.coordinated.claims.iter().filter(|c| c.counts && c.family != "content");
        let families: std::collections::BTreeSet<_> = counting.map(|c| &c.family).collect();
        assert_eq!(n.set_aside.is_empty(), families.len() >= 2, "{}", n.id);
    }
}

#[test]
fn files_that_were_not_read_stood_by_name_under_pseudonyms() {
    let folder = tempfile::tempdir().unwrap();
    let (logs, case) = (folder.path().join("logs"), folder.path().join("case"));
    fs::create_dir(&logs).unwrap();
    fs::copy(format!("{SAMPLE}/events.jsonl.zst"), logs.join("a.jsonl.zst")).unwrap();
    fs::copy(format!("{SAMPLE}/events.jsonl.zst"), logs.join("mara-lindt.jsonl.zst")).unwrap();
    let key = write(folder.path(), "key", KEY);
    stillhunt(&["analyze", text(&logs), "--pseudonymise", text(&key), "-o", text(&case), "--exit-zero"]).code(0);
    let notices = document(&case).notices;
    assert!(notices.iter().any(|n| n.starts_with("Not read: names left out (a copy")), "{notices:?}");
    for name in ["report.json", "report.html"] {
        assert!(!fs::read_to_string(case.join(name)).unwrap().contains("mara-lindt"), "{name}");
    }
}

#[test]
fn entries_of_a_list_that_name_nothing_were_not_told() {
    let mut d = sample();
    let entry = |id: &str| format!("[[account]]\nid = \"{id}\"\nreason = \"ours\"\n");
    let list = entry(&d.accounts[0].account_id) + &entry("misspelt");
    let list = stillhunt::report::allow_list::AllowList::from_toml(&list).unwrap();
    list.apply(&mut d);
    list.apply(&mut d);
    let told: Vec<&String> = d.notices.iter().filter(|n| n.contains("match nothing here")).collect();
    assert!(told.len() == 1 && told[0].ends_with("by kind and number: account 2."), "{told:?}");
}

#[test]
fn verify_names_what_was_changed_and_what_the_logs_no_longer_say() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    stillhunt(&["verify", text(&case)]).code(0);
    // The logs may have moved.
    let (events, accounts) = (folder.path().join("moved.jsonl.zst"), format!("{SAMPLE}/accounts.csv"));
    fs::copy(format!("{SAMPLE}/events.jsonl.zst"), &events).unwrap();
    stillhunt(&["verify", text(&case), text(&events), "--accounts", &accounts]).code(0);

    let report = case.join("report.json");
    let before = fs::read_to_string(&report).unwrap();
    let mut d = document(&case);
    d.networks[0].requests += 1;
    fs::write(&report, stillhunt::report::json(&d).unwrap()).unwrap();
    let run = said(&stillhunt(&["verify", text(&case), text(&events), "--accounts", &accounts]).code(1));
    assert!(run.contains("report.json has") && run.contains("/networks/0/requests: recorded"), "{run}");
    fs::write(&report, before).unwrap();

    write(&case, "stray", "x");
    fs::remove_file(case.join("links.csv")).unwrap();
    let run = said(&stillhunt(&["verify", text(&case)]).code(1));
    assert!(run.contains("stray is not in the manifest") && run.contains("links.csv cannot be read"), "{run}");
}

/// Records a file of the case as it is now.
fn record(case: &Path, name: &str) {
    let bytes = fs::read(case.join(name)).unwrap();
    let path = case.join("manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let outputs = manifest["outputs"].as_array_mut().unwrap();
    let own = outputs.iter_mut().find(|o| o["path"] == name).unwrap();
    own["sha256"] = stillhunt::report::custody::sha256(&bytes).into();
    own["bytes"] = bytes.len().into();
    fs::write(&path, serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
}

#[test]
fn a_forged_table_passed_where_the_manifest_was_forged_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let (events, accounts) = (format!("{SAMPLE}/events.jsonl.zst"), format!("{SAMPLE}/accounts.csv"));
    for name in ["networks.csv", "accounts.csv", "links.csv", "report.html", "rejects.csv", "evidence.parquet"] {
        let path = case.join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, [good.as_slice(), b"x\n"].concat()).unwrap();
        record(&case, name);
        let run = said(&stillhunt(&["verify", text(&case), &events, "--accounts", &accounts]).code(1));
        assert!(run.contains(&format!("differs: {name} is not what")), "{name}: {run}");
        fs::write(&path, good).unwrap();
        record(&case, name);
    }
    stillhunt(&["verify", text(&case)]).code(0);

    let manifest = case.join("manifest.json");
    let good = fs::read_to_string(&manifest).unwrap();
    let input: serde_json::Value = serde_json::from_str(&good).unwrap();
    let hash = input["inputs"][0]["sha256"].as_str().unwrap();
    fs::write(&manifest, good.replacen(hash, &hash.replace(|c: char| c.is_alphabetic(), "0"), 1)).unwrap();
    assert!(said(&stillhunt(&["verify", text(&case)]).code(1)).contains("does not have the input"));
    let length = fs::metadata(case.join("links.csv")).unwrap().len();
    let wrong = good.replace(&format!("\"bytes\": {length},"), "\"bytes\": 1,");
    assert_ne!(wrong, good);
    fs::write(&manifest, wrong).unwrap();
    assert!(said(&stillhunt(&["verify", text(&case)]).code(1)).contains("recorded were 1 bytes"));
    fs::write(&manifest, good).unwrap();
    #[cfg(unix)]
    {
        fs::rename(case.join("links.csv"), folder.path().join("links.csv")).unwrap();
        std::os::unix::fs::symlink("../links.csv", case.join("links.csv")).unwrap();
        assert!(said(&stillhunt(&["verify", text(&case)]).code(1)).contains("links.csv is a link"));
    }
}

#[test]
fn logs_that_moved_to_names_in_another_order_were_told_as_changed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let packed = fs::read(format!("{SAMPLE}/events.jsonl.zst")).unwrap();
    let rows = String::from_utf8(zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    let lines: Vec<&str> = rows.lines().collect();
    let (one, other) = lines.split_at(lines.len() / 2);
    // Rejected rows and notes name files too.
    write(folder.path(), "a.jsonl", &(one.join("\n") + "\n{}\n"));
    write(folder.path(), "b.jsonl", &("{}\n".to_owned() + &other.join("\n") + "\n"));
    let (case, accounts) = (at("case"), format!("{SAMPLE}/accounts.csv"));
    let logs = [at("a.jsonl"), at("b.jsonl")];
    stillhunt(&["analyze", text(&logs[0]), text(&logs[1]), "--accounts", &accounts, "-o", text(&case)]).code(10);
    let moved = [at("z.jsonl"), at("y.jsonl")];
    logs.iter().zip(&moved).for_each(|(from, to)| fs::rename(from, to).unwrap());
    let run = stillhunt(&["verify", text(&case), text(&moved[0]), text(&moved[1]), "--accounts", &accounts]);
    run.success();
}

#[test]
fn a_forgotten_input_was_told_as_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let events = format!("{SAMPLE}/events.jsonl.zst");
    let run = said(&stillhunt(&["verify", text(&case), &events]).code(2));
    assert!(run.contains("pass --accounts: the case was made with the account table ") && run.contains("accounts.csv"));
    // A case of before, which does not say what its inputs were, is read as ever.
    let manifest = case.join("manifest.json");
    let mut older: serde_json::Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    for input in older["inputs"].as_array_mut().unwrap() {
        assert!(input.as_object_mut().unwrap().remove("role").is_some(), "{input}");
    }
    fs::write(&manifest, older.to_string()).unwrap();
    let run = said(&stillhunt(&["verify", text(&case), &events]).code(1));
    assert!(run.contains("accounts.csv") && run.contains("figures not derived again: 1 difference\n"), "{run}");

    let key = write(folder.path(), "key", KEY);
    let hidden = folder.path().join("hidden");
    analyse(&hidden, &["--pseudonymise", text(&key)]).code(10);
    let run = stillhunt(&["verify", text(&hidden), &events, "--accounts", &format!("{SAMPLE}/accounts.csv")]).code(2);
    assert!(said(&run).contains("pass --pseudonymise with its key"), "{}", said(&run));
}

#[test]
fn a_damaged_or_absent_manifest_is_an_error_and_reads_nothing_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let manifest = case.join("manifest.json");
    let good = fs::read_to_string(&manifest).unwrap();
    write(folder.path(), "secret", "x");
    fs::write(&manifest, good.replace("\"links.csv\"", "\"../secret\"")).unwrap();
    assert!(said(&stillhunt(&["verify", text(&case)]).code(1)).contains("no file of a case"));
    fs::write(&manifest, &good[..good.len() / 2]).unwrap();
    assert!(said(&stillhunt(&["verify", text(&case)]).code(1)).contains("is damaged"));
    fs::remove_file(&manifest).unwrap();
    assert!(said(&stillhunt(&["verify", text(&case)]).code(1)).contains("no manifest.json"));
}

#[test]
fn networks_are_followed_by_their_members() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let before = document(&case);
    let mut after = before.clone();
    let fates = |after: &Document| follow(&before, after).into_iter().map(|p| p.fate).collect::<Vec<_>>();
    assert!(fates(&after).iter().all(|f| *f == Fate::Same));
    after.networks[0].members.push("acct_new".into());
    after.networks[1].members.truncate(12);
    let gone = after.networks.remove(2);
    let mut half = after.networks[2].clone();
    let middle = after.networks[2].members.len() / 2;
    half.members = after.networks[2].members.split_off(middle);
    after.networks.push(half);
    let mut fresh = gone;
    fresh.members = (0..5).map(|i| format!("fresh_{i}")).collect();
    after.networks.push(fresh);
    let found = fates(&after);
    for fate in [Fate::Grown, Fate::Shrunk, Fate::Split, Fate::Vanished, Fate::New] {
        assert_eq!(found.iter().filter(|f| **f == fate).count(), 1, "{fate:?} in {found:?}");
    }
    let merged = follow(&after, &before);
    assert_eq!(merged.iter().filter(|p| p.fate == Fate::Merged).count(), 1);
    let run = said(&stillhunt(&["compare", text(&case), text(&case)]).code(0));
    assert!(run.lines().all(|l| l.starts_with("same")), "{run}");
}

#[test]
fn a_file_is_not_replaced_without_force_and_a_disk_without_room_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    analyse(&case, &[]).code(10);
    let out = write(folder.path(), "report.md", "mine");
    stillhunt(&["report", text(&case), "--format", "markdown", "-o", text(&out)]).code(2);
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
    stillhunt(&["report", text(&case), "--format", "markdown", "-o", text(&out), "--force"]).code(0);
    assert!(fs::read_to_string(&out).unwrap().starts_with("# 6 suspected"));
    stillhunt(&["report", text(&case), "--format", "markdown", "-o", "/proc/no-such-place"]).code(1);

    // Files may not grow past 16 KiB: what a full disk says, said by the kernel for another reason.
    let before: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    let script = "trap '' XFSZ; ulimit -f 32; exec \"$0\" \"$@\"";
    let (binary, other) = (env!("CARGO_BIN_EXE_stillhunt"), folder.path().join("other"));
    let events = format!("{SAMPLE}/events.jsonl.zst");
    for arguments in [
        vec!["analyze", &events, "-o", text(&other)],
        vec!["analyze", &events, "-o", text(&case), "--force"],
        vec!["report", text(&case), "--format", "html", "-o", text(&other)],
    ] {
        let run = std::process::Command::new("sh").args(["-c", script, binary]).args(&arguments).output().unwrap();
        assert_eq!(run.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
        assert!(String::from_utf8_lossy(&run.stderr).contains("cannot be written"));
    }
    let after: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(before.len(), after.len(), "{after:?}");
    stillhunt(&["verify", text(&case)]).code(0);
}

#[test]
fn completions_for_five_shells_and_a_manual_page_name_every_command() {
    let commands = ["analyze", "check", "report", "inspect", "evaluate", "verify", "compare", "schema"];
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = said(&stillhunt(&["completions", shell]).code(0));
        assert!(commands.iter().all(|c| script.contains(c)), "{shell}");
    }
    let page = said(&stillhunt(&["man"]).code(0));
    assert!(page.contains(".TH stillhunt 1") && commands.iter().all(|c| page.contains(c)), "{page}");
    let folder = tempfile::tempdir().unwrap();
    stillhunt(&["man", "-o", text(folder.path())]).code(0);
    for command in commands {
        let page = fs::read_to_string(folder.path().join(format!("stillhunt-{command}.1"))).unwrap();
        assert!(page.contains(&format!(".TH stillhunt-{command} 1")), "{page}");
    }
    let whole = fs::read_to_string(folder.path().join("stillhunt.1")).unwrap();
    assert!(commands.iter().all(|c| whole.contains(&format!("stillhunt\\-{c}(1)"))), "{whole}");
    stillhunt(&["man", "-o", text(&folder.path().join("none"))]).code(2);
    let help = said(&stillhunt(&["--help"]).code(0));
    assert!(help.contains("Examples:") && help.contains("Exit status") && help.contains("not guilt"), "{help}");
}
