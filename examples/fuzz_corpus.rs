//! Writes a corpus for each target under `fuzz/` from the fixtures: `cargo run --example fuzz_corpus fuzz/corpus`.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::table;
use stillhunt::intake::account_table;
use stillhunt::intake::ingest::{find_inputs, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::investigation::investigate::investigate;
use stillhunt::judgement::scope::{Scope, Settings};
use stillhunt::report;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

const ALLOW: &str = "[[organisation]]\nid = \"o\"\nreason = \"r\"\n[[account]]\nid = \"a\"\nreason = \"r\"\n\
    [[template]]\ntext = \"Answer from the extracts only; when they do not hold the answer, say so.\"\nreason = \"r\"\n";
const TEXTS: [&str; 6] = [
    "2026-08-03T00:00:05.271Z",
    "14/Jul/2026:02:13:20 +0000",
    "1785715200.123",
    "mail jo.doe@example.org key sk-abcdefghijklmnop1234 card 4111 1111 1111 1111 tel +44 20 7946 0958",
    "=HYPERLINK(\"http://x\") \u{202e}\u{1b}[2J\u{200b}\u{ff1d}",
    "[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"t\\no\"}]}]",
];

struct Corpus(PathBuf);

impl Corpus {
    fn put(&self, target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(self.0.join(target))?;
        fs::write(self.0.join(target).join(name), bytes)
    }
}

fn files(folder: &Path) -> Done<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

fn main() -> Done<()> {
    let corpus = Corpus(std::env::args_os().nth(1).ok_or("name a folder")?.into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (i, path) in files(&root.join("testdata/formats"))?.iter().enumerate() {
        let ending = path.extension().unwrap_or_default();
        if ending != "md" && !path.ends_with("expected.jsonl") {
            corpus.put("logs", &format!("format{i}"), &fs::read(path)?)?;
        }
    }
    for (i, path) in files(&root.join("src/formats"))?.iter().filter(|p| !p.ends_with("mod.rs")).enumerate() {
        corpus.put("tables", &format!("map{i}"), &fs::read(path)?)?;
    }
    corpus.put("tables", "allow", ALLOW.as_bytes())?;
    let sample = root.join("testdata/sample");
    let head = |name: &str| -> Done<Vec<u8>> {
        let lines =
            BufReader::new(fs::File::open(sample.join(name))?).lines().take(6).collect::<Result<Vec<_>, _>>()?;
        Ok(lines.join("\n").into_bytes())
    };
    corpus.put("tables", "accounts", &head("accounts.csv")?)?;
    corpus.put(
        "tables",
        "labels",
        &[&b"account_id,network_id,verdict\na,N,coordinated\n"[..], &head("labels.csv")?].concat(),
    )?;
    let events = BufReader::new(zstd::Decoder::new(fs::File::open(sample.join("events.jsonl.zst"))?)?);
    let lines: Vec<String> = events.lines().take(400).collect::<Result<_, _>>()?;
    let some = lines[..12].join("\n").into_bytes();
    corpus.put("logs", "lines", &some)?;
    corpus.put("logs", "lines.zst", &zstd::encode_all(some.as_slice(), 1)?)?;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&some)?;
    corpus.put("logs", "lines.gz", &gz.finish()?)?;
    corpus.put("logs", "table", b"timestamp,account_id,prompt\n2026-08-03T00:00:05Z,a,\"one, \"\"two\"\"\"\n")?;
    for (i, line) in lines.iter().step_by(20).enumerate() {
        let prompt = serde_json::from_str::<serde_json::Value>(line)?["prompt"].as_str().unwrap_or_default().to_owned();
        corpus.put("texts", &format!("prompt{i}"), prompt.as_bytes())?;
    }
    for (i, text) in TEXTS.iter().enumerate() {
        corpus.put("texts", &format!("text{i}"), text.as_bytes())?;
    }
    let inputs = find_inputs(&[sample.join("events.jsonl.zst")])?;
    let settings = IngestSettings::default();
    let (evidence, read) = read_logs::<Evidence>(&inputs, &FieldMap::generic(), &settings, &|_| {})?;
    let facts = account_table::read(fs::File::open(sample.join("accounts.csv"))?)?;
    let mut document = investigate(&Scope::new(&evidence, &facts, &read), &Settings::default());
    document.networks.truncate(1);
    for network in &mut document.networks {
        network.members.truncate(3);
        network.exemplars.truncate(1);
        for claim in network.coordinated.claims.iter_mut().chain(&mut network.extraction.claims) {
            claim.lines.truncate(1);
        }
    }
    document.accounts.truncate(3);
    document.links.truncate(2);
    corpus.put("reports", "small", &report::json(&document)?)?;
    document.networks.clear();
    corpus.put("reports", "empty", &report::json(&document)?)?;
    let few = corpus.0.join("logs/lines");
    let (evidence, _) = read_logs::<Evidence>(&[few], &FieldMap::generic(), &settings, &|_| {})?;
    corpus.put("logs", "parquet", &table::parquet_under(&evidence, &|_, value| value.to_owned())?)?;
    Ok(())
}
