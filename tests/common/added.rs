//! Accounts and calls of a test's own, put behind those of a quiet simulated world.

use super::{analyse, write_world};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use stillhunt::document::{Document, Verdict};
use stillhunt::validation::simulate::WorldSettings;
use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_128;

/// A stream of numbers that is the same in every run (SplitMix64, Steele, Lea and Flood 2014).
pub struct Draws(pub u64);

impl Draws {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % n
    }

    pub fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }

    pub fn address(&mut self) -> String {
        format!("{}.{}.{}.{}", 20 + self.below(200), self.below(256), self.below(256), 1 + self.below(254))
    }
}

const THINGS: [&str; 16] = [
    "kettles", "ferries", "mosaics", "beehives", "ledgers", "violins", "turbines", "orchards", "tunnels", "glaciers",
    "looms", "canals", "comets", "lanterns", "bridges", "sundials",
];

/// A task that nobody else is set.
pub fn task(draws: &mut Draws) -> String {
    let (a, b, c) = (draws.of(&THINGS), draws.of(&THINGS), draws.of(&THINGS));
    let (m, n) = (draws.below(90_000), draws.below(9_000));
    format!("{m} {a} stand beside {n} {b}, and every third of the {c} is sold on. What is left of {a} and {c}?")
}

/// Puts accounts and calls behind those of a world.
pub struct Added<'w> {
    folder: &'w Path,
    accounts: Vec<String>,
    domains: BTreeMap<String, String>,
    events: Vec<String>,
}

impl Added<'_> {
    pub fn account(&mut self, name: &str, created: &str, payment: &str) {
        self.accounts.push(format!("{name},,{created},{payment},,"));
    }

    /// The domain of an account's e-mail address.
    #[allow(dead_code, reason = "a matter of customers")]
    pub fn domain(&mut self, name: &str, domain: &str) {
        self.domains.insert(name.to_owned(), domain.to_owned());
    }

    pub fn call(&mut self, account: &str, (day, second): (u64, u64), prompt: &str, address: &str, output: u64) {
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        let request = self.events.len();
        self.events.push(
            json!({
                "timestamp": format!("2026-05-{:02}T{h:02}:{m:02}:{s:02}.000Z", 4 + day), "request_id": format!("added{request}"),
                "account_id": account, "prompt": prompt, "input_tokens": prompt.len() / 4, "output_tokens": output,
                "status": 200, "client_ip": address, "model": "large-2", "user_agent": "sdk-python/1.9",
            })
            .to_string(),
        );
    }

    fn write(self) {
        for (name, lines) in [("accounts.csv", self.accounts), ("events.jsonl", self.events)] {
            let mut file = OpenOptions::new().append(true).open(self.folder.join(name)).unwrap();
            writeln!(file, "{}", lines.join("\n")).unwrap();
        }
        if !self.domains.is_empty() {
            let path = self.folder.join("accounts.csv");
            let table = std::fs::read_to_string(&path).unwrap();
            let with_domain = |line: &str| {
                let account = line.split(',').next().unwrap_or_default();
                let domain = if account == "account_id" { Some("email_domain") } else { None };
                let domain = domain.or(self.domains.get(account).map(String::as_str));
                format!("{line},{}\n", domain.unwrap_or_default())
            };
            std::fs::write(path, table.lines().map(with_domain).collect::<String>()).unwrap();
        }
    }
}

fn world(add: impl FnOnce(&mut Added<'_>, &mut Draws)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_world(folder.path(), &WorldSettings { seed: 3, people: 200, campaigns: false, ..WorldSettings::default() });
    let mut added = Added { folder: folder.path(), accounts: Vec::new(), domains: BTreeMap::new(), events: Vec::new() };
    add(&mut added, &mut Draws(11));
    added.write();
    folder
}

/// A quiet world with what `add` puts into it.
pub fn with(add: impl FnOnce(&mut Added<'_>, &mut Draws)) -> Document {
    analyse(world(add).path())
}

/// The same where the log has hashes instead of texts.
#[allow(dead_code, reason = "a matter of hashes")]
pub fn hashed_with(add: impl FnOnce(&mut Added<'_>, &mut Draws)) -> Document {
    let folder = world(add);
    let log = folder.path().join("events.jsonl");
    let hashed = |line: &str| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        for (text, hash) in [("prompt", "prompt_sha256"), ("system_prompt", "system_prompt_sha256")] {
            if let Some(Value::String(text)) = row.as_object_mut().unwrap().remove(text) {
                row[hash] = format!("{:032x}", xxh3_128(text.as_bytes())).into();
            }
        }
        format!("{row}\n")
    };
    let rows: String = std::fs::read_to_string(&log).unwrap().lines().map(hashed).collect();
    std::fs::write(&log, rows).unwrap();
    analyse(folder.path())
}

/// Of each verdict the sizes of the networks, with how many of their members are of those whose names begin so.
pub fn networks_of(d: &Document, prefix: &str) -> BTreeMap<Verdict, Vec<(usize, usize)>> {
    let mut found: BTreeMap<Verdict, Vec<(usize, usize)>> = BTreeMap::new();
    for network in &d.networks {
        let inside = network.members.iter().filter(|m| m.starts_with(prefix)).count();
        found.entry(network.verdict).or_default().push((network.members.len(), inside));
    }
    found
}

/// Accounts whose names begin so in suspected networks.
pub fn accused(d: &Document, prefix: &str) -> usize {
    networks_of(d, prefix).get(&Verdict::SuspectedDistillation).into_iter().flatten().map(|(_, inside)| inside).sum()
}
