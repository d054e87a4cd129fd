//! What must not change the result: threads, the order and the files of the rows, names, the calendar, compression.

mod common;

use common::{analyse, write_world};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use stillhunt::document::{Document, Verdict};
use stillhunt::report;
use stillhunt::validation::simulate::WorldSettings;
use tempfile::TempDir;

const SETTINGS: WorldSettings =
    WorldSettings { seed: 7, people: 150, campaigns: true, days: 14, hard: false, planted: None, prose: 0 };

/// A log and its account table as text, so that a test can change one thing of it.
#[derive(Clone)]
struct Texts {
    lines: Vec<String>,
    accounts: String,
}

impl Texts {
    fn simulated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_world(folder.path(), &SETTINGS);
        let text = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        Self { lines: text("events.jsonl").lines().map(str::to_owned).collect(), accounts: text("accounts.csv") }
    }

    fn log(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|l| [l.as_bytes(), b"\n"]).flatten().copied().collect()
    }

    fn folder(&self, files: &[(&str, Vec<u8>)]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "accounts.csv", self.accounts.as_bytes());
        files.iter().for_each(|(name, bytes)| write(folder.path(), name, bytes));
        folder
    }

    fn document(&self) -> Document {
        analyse(self.folder(&[("events.jsonl", self.log())]).path())
    }

    /// Every cell and field `key` replaced.
    fn with(&self, keys: &[&str], new: &dyn Fn(&str) -> String) -> Self {
        let lines = self.lines.iter().map(|line| {
            let mut row: Value = serde_json::from_str(line).unwrap();
            for key in keys {
                if let Some(Value::String(cell)) = row.get_mut(*key) {
                    *cell = new(cell);
                }
            }
            row.to_string()
        });
        let mut table = csv::Reader::from_reader(self.accounts.as_bytes());
        let header = table.headers().unwrap().clone();
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(&header).unwrap();
        for record in table.records() {
            let cell = |(name, cell): (&str, &str)| {
                if keys.contains(&name) && !cell.is_empty() { new(cell) } else { cell.to_owned() }
            };
            out.write_record(header.iter().zip(record.unwrap().iter()).map(cell)).unwrap();
        }
        Self { lines: lines.collect(), accounts: String::from_utf8(out.into_inner().unwrap()).unwrap() }
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// The document without places in the input: line references and the list of files.
fn placeless(document: &Document) -> Value {
    fn blank(value: &mut Value) {
        match value {
            Value::Object(map) if map.len() == 2 && map.contains_key("file") && map.contains_key("line") => {
                *value = json!("a line");
            }
            Value::Object(map) => map.values_mut().for_each(blank),
            Value::Array(list) => list.iter_mut().for_each(blank),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(document).unwrap();
    value["intake"]["files"] = Value::Null;
    blank(&mut value);
    value
}

/// Networks as sets of accounts under their old names, with what they are called.
fn partition(document: &Document, old: &dyn Fn(&str) -> String) -> BTreeSet<(Verdict, BTreeSet<String>)> {
    document.networks.iter().map(|n| (n.verdict, n.members.iter().map(|m| old(m)).collect())).collect()
}

fn unchanged(name: &str) -> String {
    name.to_owned()
}

/// The tests below compare networks, so there have to be some of either kind.
fn has_networks_of_both_kinds(document: &Document) {
    for verdict in [Verdict::SuspectedDistillation, Verdict::Coordinated] {
        assert!(document.networks.iter().any(|n| n.verdict == verdict), "no {} network", verdict.as_str());
    }
    assert!(document.networks.iter().all(|n| !n.exemplars.is_empty() && !n.coordinated.claims.is_empty()));
    assert!(!document.links.is_empty());
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..items.len()).rev() {
        items.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let texts = Texts::simulated();
    let folder = texts.folder(&[("events.jsonl", texts.log())]);
    let with_threads = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        report::json(&pool.install(|| analyse(folder.path()))).unwrap()
    };
    let one = with_threads(1);
    has_networks_of_both_kinds(&serde_json::from_slice(&one).unwrap());
    assert!(one == with_threads(2), "two threads differ from one");
    assert!(one == with_threads(8), "eight threads differ from one");
}

#[test]
fn the_same_rows_in_any_order_give_the_same_document() {
    let mut texts = Texts::simulated();
    let sorted = texts.document();
    has_networks_of_both_kinds(&sorted);
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    for _ in 0..3 {
        shuffle(&mut texts.lines, &mut rng);
        assert_eq!(placeless(&texts.document()), placeless(&sorted));
    }
}

#[test]
fn which_call_of_a_reused_id_counts_hung_on_the_order_of_rows_and_the_names_of_files() {
    let mut texts = Texts::simulated();
    // Everyone has four ids for all calls, and a tenth of the rows stand twice.
    let ids = (0..).map(|i: usize| format!("id {}", i % 4));
    let rows = texts.lines.iter().zip(ids).map(|(line, id)| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        row["request_id"] = id.into();
        row.to_string()
    });
    texts.lines = rows.collect();
    texts.lines.extend(texts.lines.iter().step_by(10).cloned().collect::<Vec<_>>());
    let intake = |document: &Document| (document.intake.rows_kept, document.intake.rows_repeated);
    // The note names the first place, which is another in another order.
    let told = |document: &Document| {
        let mut value = placeless(document);
        let cut = |notes: &mut Value| {
            for note in notes.as_array_mut().unwrap() {
                let (before, after) = note.as_str().unwrap().split_once("(first ").unwrap_or_default();
                if let Some((_, after)) = after.split_once(')') {
                    *note = format!("{before}{after}").into();
                }
            }
        };
        cut(&mut value["notices"]);
        cut(&mut value["intake"]["notes"]);
        value
    };
    let sorted = texts.document();
    has_networks_of_both_kinds(&sorted);
    assert_eq!(intake(&sorted).1, (intake(&sorted).0).div_ceil(10));
    let mut rng = ChaCha8Rng::seed_from_u64(32);
    for names in [["events-a.jsonl", "events-b.jsonl"], ["events-b.jsonl", "events-a.jsonl"]] {
        shuffle(&mut texts.lines, &mut rng);
        let (one, other) = texts.lines.split_at(texts.lines.len() / 3);
        let bytes = |lines: &[String]| lines.iter().flat_map(|l| [l.as_bytes(), b"\n"].concat()).collect::<Vec<u8>>();
        let folder = texts.folder(&[(names[0], bytes(one)), (names[1], bytes(other))]);
        let found = analyse(folder.path());
        assert_eq!(intake(&found), intake(&sorted));
        assert_eq!(told(&found), told(&sorted));
    }
}

#[test]
fn identical_texts_give_the_same_excerpts_in_any_order() {
    // Everyone sends the same few texts, so that many lines compete for each excerpt with the same rank.
    let mut texts = Texts::simulated();
    let prompts: Vec<String> = texts.lines[..6]
        .iter()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["prompt"].as_str().unwrap().to_owned())
        .collect();
    let mut members: BTreeSet<String> = BTreeSet::new();
    for network in &texts.document().networks {
        members.extend(network.members.iter().cloned());
    }
    let every = |i: usize, line: &String| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        if i.is_multiple_of(4) && members.contains(row["account_id"].as_str().unwrap()) {
            row["prompt"] = json!(prompts[i / 4 % prompts.len()]);
        }
        row.to_string()
    };
    texts.lines = texts.lines.iter().enumerate().map(|(i, l)| every(i, l)).collect();
    let excerpts = |d: &Document| -> Vec<Vec<(String, String)>> {
        let of = |n: &stillhunt::document::Network| {
            n.exemplars.iter().map(|e| (e.account_id.clone(), e.excerpt.clone())).collect()
        };
        d.networks.iter().map(of).collect()
    };
    let sorted = texts.document();
    let first_words = |text: &str| text.chars().take(30).collect::<String>();
    let shared: BTreeSet<String> = prompts.iter().map(|p| first_words(p)).collect();
    assert!(excerpts(&sorted).iter().flatten().any(|(_, text)| shared.contains(&first_words(text))), "no ties");
    let mut rng = ChaCha8Rng::seed_from_u64(32);
    shuffle(&mut texts.lines, &mut rng);
    assert_eq!(excerpts(&texts.document()), excerpts(&sorted));
}

#[test]
fn a_file_split_in_ten_gives_the_same_document() {
    let texts = Texts::simulated();
    let tenth = texts.lines.len().div_ceil(10);
    let names: Vec<String> = (0..10).map(|i| format!("events-{i}.jsonl")).collect();
    let files: Vec<(&str, Vec<u8>)> = names
        .iter()
        .zip(texts.lines.chunks(tenth))
        .map(|(name, lines)| (name.as_str(), Texts { lines: lines.to_vec(), accounts: String::new() }.log()))
        .collect();
    let split = analyse(texts.folder(&files).path());
    let whole = texts.document();
    has_networks_of_both_kinds(&whole);
    assert_eq!(split.intake.files.len(), 10);
    assert_eq!(placeless(&split), placeless(&whole));
}

#[test]
fn every_compression_gives_the_same_document() {
    let texts = Texts::simulated();
    let plain = texts.document();
    has_networks_of_both_kinds(&plain);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&texts.log()).unwrap();
    let zst = zstd::encode_all(texts.log().as_slice(), 1).unwrap();
    for (name, bytes) in [("events.jsonl.gz", gz.finish().unwrap()), ("events.jsonl.zst", zst)] {
        let packed = analyse(texts.folder(&[(name, bytes)]).path());
        assert_ne!(packed.intake.files[0].sha256, plain.intake.files[0].sha256);
        assert_eq!(placeless(&packed), placeless(&plain), "{name}");
    }
}

#[test]
fn accounts_under_other_names_in_the_same_order_give_the_same_figures() {
    let texts = Texts::simulated();
    let before = texts.document();
    has_networks_of_both_kinds(&before);
    let after = texts.with(&["account_id"], &|name| format!("renamed-{name}")).document();
    let old = |name: &str| name.strip_prefix("renamed-").unwrap().to_owned();
    assert_eq!(partition(&after, &old), partition(&before, &unchanged));
    let figures = |d: &Document| -> Vec<Value> {
        let claims = d.networks.iter().flat_map(|n| &n.coordinated.claims);
        claims.map(|c| json!([c.signal, c.observed, c.expected, c.p_value, c.q_value, c.weight])).collect()
    };
    assert_eq!(figures(&after), figures(&before));
}

#[test]
fn accounts_under_names_in_another_order_fall_into_the_same_networks() {
    let texts = Texts::simulated();
    let before = texts.document();
    has_networks_of_both_kinds(&before);
    let mut rng = ChaCha8Rng::seed_from_u64(33);
    for _ in 0..4 {
        let names: Vec<&str> = before.accounts.iter().map(|a| a.account_id.as_str()).collect();
        let mut numbers: Vec<usize> = (0..names.len()).collect();
        shuffle(&mut numbers, &mut rng);
        let new: BTreeMap<&str, String> =
            names.iter().zip(&numbers).map(|(name, i)| (*name, format!("user{i:06}"))).collect();
        let old: BTreeMap<&str, &str> = new.iter().map(|(name, new)| (new.as_str(), *name)).collect();
        let after = texts.with(&["account_id"], &|name| new[name].clone()).document();
        assert_eq!(partition(&after, &|name| old[name].to_owned()), partition(&before, &unchanged));
    }
}

#[test]
fn another_week_gives_the_same_networks() {
    let texts = Texts::simulated();
    let before = texts.document();
    has_networks_of_both_kinds(&before);
    for weeks in [-61, 1, 53] {
        let shifted = |time: &str| {
            let time = chrono::DateTime::parse_from_rfc3339(time).unwrap() + chrono::TimeDelta::weeks(weeks);
            time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        };
        let after = texts.with(&["timestamp", "created_at", "closed_at"], &shifted).document();
        assert_ne!(after.population.first, before.population.first);
        let networks = |d: &Document| -> Vec<Value> {
            d.networks.iter().map(|n| json!([n.id, n.verdict, n.members, n.q_value])).collect()
        };
        assert_eq!(networks(&after), networks(&before), "{weeks} weeks");
    }
}

#[test]
fn one_more_quiet_account_leaves_every_network_its_members() {
    let texts = Texts::simulated();
    let before = texts.document();
    has_networks_of_both_kinds(&before);
    // Once before and once behind every other account.
    for newcomer in ["aaa", "zzz"] {
        let mut more = texts.clone();
        for (i, prompt) in ["How do I prune a fig?", "Is rye bread sour?", "Name three slow rivers."].iter().enumerate()
        {
            let row = json!({
                "timestamp": format!("2026-05-0{}T10:15:00.000Z", 5 + i), "request_id": format!("new{i}"),
                "account_id": newcomer, "session_id": "s", "prompt": prompt, "output_tokens": 300,
                "client_ip": "192.0.2.77", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "status": 200,
            });
            more.lines.push(row.to_string());
        }
        more.accounts += &format!("{newcomer},,2025-11-17T08:00:00.000Z,,,\n");
        let after = more.document();
        assert_eq!(after.accounts.len(), before.accounts.len() + 1);
        assert_eq!(partition(&after, &unchanged), partition(&before, &unchanged), "{newcomer}");
    }
}
