//! What each stage costs, beside a named rival in the same run: `cargo bench --bench stages`. Read the ratios, not the times.
//! The world is the first one of `examples/simulate`, so that everybody measures the same.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::LazyLock;
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::fingerprint::{K, Winnower};
use stillhunt::intake::account_table::Facts;
use stillhunt::intake::event::{Event, Fold};
use stillhunt::intake::ingest::{IngestReport, read_logs};
use stillhunt::intake::normalise::FieldMap;
use stillhunt::intake::settings::IngestSettings;
use stillhunt::judgement::scope::Settings;
use stillhunt::validation::simulate::{World, WorldSettings};

/// A world on disk, with what is made of it once.
struct Bench {
    _folder: tempfile::TempDir,
    log: PathBuf,
    text: String,
    prompts: Vec<String>,
    evidence: Evidence,
    facts: BTreeMap<String, Facts>,
    read: IngestReport,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = WorldSettings { people: 200, prose: 450, ..WorldSettings::default() };
    World::generate(&settings).write(folder.path(), false).expect("the world is written");
    let log = folder.path().join("events.jsonl");
    let text = std::fs::read_to_string(&log).expect("the log is read");
    let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a row"));
    let prompts = rows.map(|row| row["prompt"].as_str().unwrap_or_default().to_owned()).collect();
    let facts = std::fs::read(folder.path().join("accounts.csv")).expect("the accounts are read");
    let facts = stillhunt::intake::account_table::read(facts.as_slice()).expect("the accounts are a table").facts;
    let (evidence, read) = ingest(&log);
    Bench { _folder: folder, log, text, prompts, evidence, facts, read }
});

fn ingest<F: Fold>(log: &PathBuf) -> (F, IngestReport) {
    read_logs(std::slice::from_ref(log), &FieldMap::generic(), &IngestSettings::default(), &|_| {}).expect("a log")
}

/// Events that are read and dropped.
#[derive(Default)]
struct Nothing(u64);

impl Fold for Nothing {
    fn push(&mut self, event: &Event<'_>) {
        self.0 += event.output_tokens.unwrap_or(0);
    }

    fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }
}

fn main() {
    LazyLock::force(&BENCH);
    divan::main();
}

/// Bytes to events; the rivals parse the same lines, on one thread, and look at one field.
mod parse {
    use super::*;

    fn bench<T>(bencher: Bencher<'_, '_>, read: impl Fn() -> T + Sync) {
        bencher.counter(BytesCount::new(BENCH.text.len())).bench(|| black_box(read()));
    }

    #[divan::bench]
    fn stillhunt_reads_a_file(bencher: Bencher<'_, '_>) {
        bench(bencher, || ingest::<Nothing>(&BENCH.log).0.0);
    }

    #[divan::bench]
    fn serde_json_values(bencher: Bencher<'_, '_>) {
        let tokens = |line| serde_json::from_str::<serde_json::Value>(line).ok()?["output_tokens"].as_u64();
        bench(bencher, || BENCH.text.lines().filter_map(tokens).sum::<u64>());
    }

    #[divan::bench]
    fn sonic_rs_one_lazy_field(bencher: Bencher<'_, '_>) {
        use sonic_rs::JsonValueTrait;
        let tokens = |line: &str| sonic_rs::get_from_str(line, &["output_tokens"]).ok()?.as_u64();
        bench(bencher, || BENCH.text.lines().filter_map(tokens).sum::<u64>());
    }
}

/// Text to fingerprints; the rivals hash every shingle and keep all of them, or hash the text once.
mod fingerprint {
    use super::*;

    fn bench(bencher: Bencher<'_, '_>, mut of: impl FnMut(&str) -> u64) {
        let bytes: usize = BENCH.prompts.iter().map(String::len).sum();
        bencher.counter(BytesCount::new(bytes)).bench_local(|| BENCH.prompts.iter().map(|p| of(p)).sum::<u64>());
    }

    #[divan::bench]
    fn stillhunt_winnows(bencher: Bencher<'_, '_>) {
        let (mut winnower, mut found) = (Winnower::default(), Vec::new());
        bench(bencher, |prompt| {
            found.clear();
            winnower.winnow(prompt, &mut found);
            found.len() as u64
        });
    }

    #[divan::bench]
    fn xxh3_of_every_shingle(bencher: Bencher<'_, '_>) {
        use xxhash_rust::xxh3::xxh3_64;
        bench(bencher, |prompt| {
            let all: HashSet<u64> = prompt.as_bytes().windows(K).map(xxh3_64).collect();
            all.len() as u64
        });
    }

    #[divan::bench]
    fn xxh3_of_the_whole(bencher: Bencher<'_, '_>) {
        bench(bencher, |prompt| xxhash_rust::xxh3::xxh3_64(prompt.as_bytes()) & 1);
    }
}

/// Events to evidence, reading included; the rival counts, sums and keeps distinct prompts by account.
mod features {
    use super::*;

    #[derive(Default)]
    struct Grouped(HashMap<String, (u64, u64, HashSet<u64>)>);

    impl Fold for Grouped {
        fn push(&mut self, event: &Event<'_>) {
            let known = self.0.entry(event.account_id.clone().into_owned()).or_default();
            known.0 += 1;
            known.1 += event.output_tokens.unwrap_or(0);
            known.2.insert(xxhash_rust::xxh3::xxh3_64(event.user_text.as_deref().unwrap_or_default().as_bytes()));
        }

        fn merge(&mut self, other: Self) {
            self.0.extend(other.0);
        }
    }

    #[divan::bench]
    fn stillhunt_evidence(bencher: Bencher<'_, '_>) {
        bencher.counter(ItemsCount::new(BENCH.prompts.len())).bench(|| ingest::<Evidence>(&BENCH.log).0.accounts.len());
    }

    #[divan::bench]
    fn a_plain_group_by(bencher: Bencher<'_, '_>) {
        bencher.counter(ItemsCount::new(BENCH.prompts.len())).bench(|| ingest::<Grouped>(&BENCH.log).0.0.len());
    }
}

/// Evidence to shared objects; the rival only groups the addresses.
mod links {
    use super::*;

    #[divan::bench]
    fn stillhunt_inverts() -> usize {
        stillhunt::search::links::invert(&BENCH.evidence, &BENCH.facts).objects.len()
    }

    #[divan::bench]
    fn addresses_in_a_hash_map() -> usize {
        let mut lists: HashMap<&str, Vec<&str>> = HashMap::new();
        for (account, evidence) in &BENCH.evidence.accounts {
            evidence.addresses.keys().for_each(|a| lists.entry(a).or_default().push(account));
        }
        lists.values().filter(|l| l.len() > 1).count()
    }
}

/// Links to communities: a thousand rings of twelve, weakly chained; the rival finds connected components.
mod networks {
    use stillhunt::search::networks::{Graph, communities};

    const RINGS: u32 = 1_000;
    const SIZE: u32 = 12;

    fn edges() -> impl Iterator<Item = (u32, u32, f32)> {
        (0..RINGS).flat_map(|ring| {
            let at = move |i: u32| ring * SIZE + i % SIZE;
            let inside = (0..SIZE).flat_map(move |i| [(at(i), at(i + 1), 6.0), (at(i), at(i + 3), 6.0)]);
            inside.chain([(at(0), (ring + 1) % RINGS * SIZE, 2.5)])
        })
    }

    #[divan::bench]
    fn stillhunt_leiden() -> usize {
        communities(Graph::new((RINGS * SIZE) as usize, edges().collect()), 2.0).len()
    }

    #[divan::bench]
    fn connected_components() -> usize {
        let mut root: Vec<u32> = (0..RINGS * SIZE).collect();
        let find = |root: &mut Vec<u32>, mut node: u32| {
            while root[node as usize] != node {
                root[node as usize] = root[root[node as usize] as usize];
                node = root[node as usize];
            }
            node
        };
        for (a, b, _) in edges() {
            let (a, b) = (find(&mut root, a), find(&mut root, b));
            root[a as usize] = b;
        }
        root.len()
    }
}

/// Group tests: turn-taking of sixty accounts; the rival is what makes it dear, one sort of all starts.
mod group_tests {
    use super::*;

    fn starts() -> Vec<&'static [i64]> {
        BENCH.evidence.accounts.values().map(|a| a.times.earliest()).filter(|t| t.len() > 20).take(60).collect()
    }

    #[divan::bench]
    fn stillhunt_turn_taking(bencher: Bencher<'_, '_>) {
        let starts = starts();
        bencher.bench(|| stillhunt::statistics::timing::turn_taking(black_box(&starts), None).is_some());
    }

    #[divan::bench]
    fn a_sort_of_all_starts(bencher: Bencher<'_, '_>) {
        let starts = starts();
        bencher.bench(|| {
            let mut all: Vec<i64> = starts.concat();
            all.sort_unstable();
            all.len()
        });
    }
}

/// The whole method, with and without the runs that leave a layer out; then the document to bytes, beside its JSON alone.
mod whole {
    use super::*;
    use stillhunt::document::Document;
    use stillhunt::investigation::investigate::investigate;
    use stillhunt::investigation::robustness::investigate_robustly;
    use stillhunt::judgement::scope::Scope;

    fn document() -> Document {
        investigate_robustly(&BENCH.evidence, &BENCH.facts, &BENCH.read, &Settings::default())
    }

    #[divan::bench(sample_count = 10)]
    fn once() -> usize {
        let scope = Scope::new(&BENCH.evidence, &BENCH.facts, &BENCH.read);
        investigate(&scope, &Settings::default()).networks.len()
    }

    #[divan::bench(sample_count = 10)]
    fn and_without_each_layer() -> usize {
        document().networks.len()
    }

    #[divan::bench]
    fn report_html(bencher: Bencher<'_, '_>) {
        let document = document();
        bencher.bench(|| stillhunt::report::html(&document).map(|p| p.len()).unwrap_or_default());
    }

    #[divan::bench]
    fn report_as_json_alone(bencher: Bencher<'_, '_>) {
        let document = document();
        bencher.bench(|| serde_json::to_vec(&document).map(|j| j.len()).unwrap_or_default());
    }
}
