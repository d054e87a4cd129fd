//! Writes docs/reliability.md: `cargo run --example reliability`. Runs every test that it names and says how each ended;
//! `-- --keep` only checks that they are there. Figures of fuzzing come from fuzz/record.tsv.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// What was tried, and the test that holds it, as `file::name`.
const ROWS: [(&str, &[(&str, &str)]); 6] = [
    (
        "Attacks",
        &[
            (
                "HTML, SVG, script, CSV formulas, terminal escapes, bidi, XML, Markdown, JSON, TOML, paths in every field, column and file name; every rendering",
                "hostile::a_log_in_which_everything_is_an_attack_acts_in_no_rendering",
            ),
            (
                "the same words in every place of a document",
                "report::hostile_strings_reach_no_terminal_and_no_spreadsheet",
            ),
            ("words that add a tag or an element", "report::hostile_words_add_no_tag_to_a_page_and_no_element_to_xml"),
            ("Markdown made of a log", "report::no_markdown_is_made_of_a_log"),
            ("names and cells in messages and errors", "cli::hostile_words_act_on_no_terminal_by_way_of_messages"),
            (
                "a case that somebody sent: formulas as ids and families",
                "properties::ids_times_and_families_of_a_sent_case_are_no_formulas",
            ),
            (
                "a case that somebody sent: counts of 64 bits",
                "properties::a_count_beyond_all_measure_in_a_sent_case_is_refused",
            ),
            (
                "a manifest that names files elsewhere",
                "sharing::a_damaged_or_absent_manifest_is_an_error_and_reads_nothing_elsewhere",
            ),
            ("zstd bomb", "ingest::a_bomb_is_refused"),
            (
                "gzip bombs: one, in members, of one cell, packed twice",
                "hostile::bombs_are_refused_whatever_packs_them",
            ),
            (
                "one line of 128 MiB (1 GiB with STILLHUNT_LINE_MIB=1024) anywhere in a log: plain, gz, zst, document",
                "long_lines::a_line_of_any_length_costs_one_row_and_little_memory",
            ),
            (
                "a row of a CSV of that length, closed and open",
                "long_lines::a_row_of_a_table_of_any_length_is_told_and_not_held",
            ),
            ("brackets nested a million deep", "ingest::brackets_without_end_cost_a_line_and_not_the_stack"),
            ("keys that stand twice", "hostile::a_key_that_stands_twice_is_refused_wherever_it_counts"),
            (
                "NaN, 1e400, years 0 and 9999, counts of 64 bits",
                "hostile::numbers_and_times_beyond_all_measure_are_no_numbers_and_no_times",
            ),
            (
                "a length that carries a call out of all time",
                "hostile::a_length_beyond_all_measure_moves_no_call_out_of_time",
            ),
            (
                "invalid UTF-8, UTF-16, marks of byte order, mixed line ends",
                "hostile::whatever_the_encoding_every_row_is_told",
            ),
            (
                "a quote that is left open in a CSV",
                "hostile::a_quote_that_is_left_open_is_told_and_not_taken_for_a_cell",
            ),
            (
                "lines just too long, wherever they fall in a batch",
                "hostile::whether_a_line_is_too_long_depends_on_its_own_length_alone",
            ),
            ("links in circles, pipes, devices", "hostile::links_in_circles_pipes_and_devices_are_not_read"),
            (
                "ids chosen so that calls pass for repeats",
                "hostile::ids_that_only_look_like_those_of_another_call_are_no_repeats",
            ),
            ("flooding of hash maps", "architecture::no_map_is_hashed_by_a_function_that_a_log_can_reckon_with"),
            (
                "Parquet: a column of every kind in every place",
                "hostile_parquet::a_column_of_any_kind_in_any_place_loses_no_row",
            ),
            ("Parquet: bytes changed, file cut", "hostile_parquet::a_broken_file_is_an_error_or_tells_all_its_rows"),
            (
                "Parquet: expands beyond any honest log, packed or by a dictionary",
                "hostile_parquet::a_file_that_expands_beyond_any_honest_log_is_refused_as_packed_lines_are",
            ),
            (
                "Parquet: rows just too long",
                "hostile_parquet::a_row_that_is_too_long_is_rejected_as_a_line_is_and_the_rows_beside_it_are_read",
            ),
            (
                "a trace that lends megabytes to thousands of spans",
                "hostile::what_a_trace_lends_to_all_its_spans_does_not_grow_with_them",
            ),
            (
                "evidence that somebody sent: every column with whatever it can claim",
                "hostile_evidence::whatever_a_column_claims_the_evidence_is_refused_or_goes_through",
            ),
            (
                "evidence that somebody sent: sums beyond 64 bits",
                "hostile_evidence::counts_of_what_was_read_that_no_number_holds_together_are_refused_or_end_there",
            ),
            (
                "evidence that somebody sent: a bomb",
                "hostile_evidence::evidence_of_a_thousand_times_its_length_is_refused",
            ),
            (
                "evidence that somebody sent: columns of other kinds",
                "hostile_evidence::columns_of_other_kinds_are_refused_or_left_alone",
            ),
        ],
    ),
    (
        "Faults",
        &[
            ("kill -9 at random moments", "faults::killed_at_any_moment_it_leaves_a_whole_case_or_none"),
            (
                "kill -9 at each call that makes, writes down, moves or removes: what the next run does with what is left",
                "leftovers::after_a_kill_at_any_step_of_writing_the_next_run_leaves_nothing_unnamed",
            ),
            (
                "folders of killed runs, and of running ones",
                "leftovers::what_a_killed_run_wrote_is_removed_and_what_another_process_uses_is_left_alone",
            ),
            (
                "an earlier case that a killed run had moved",
                "leftovers::an_earlier_case_that_a_killed_run_had_moved_comes_back",
            ),
            ("memory ends (ulimit -v)", "faults::where_memory_ends_there_is_no_case_and_with_more_there_is"),
            (
                "no permission to read, to write",
                "faults::without_permission_the_error_names_what_and_with_it_the_run_succeeds",
            ),
            (
                "archives cut or with a turned bit",
                "faults::an_archive_that_is_cut_anywhere_is_named_and_leaves_no_case",
            ),
            (
                "read errors (EIO) in the middle of a log, in every pass over it: plain, CSV, zst",
                "faults::a_read_error_in_the_middle_of_a_log_is_named_with_its_byte_and_leaves_no_case",
            ),
            (
                "a log of which no byte can be read",
                "faults::a_file_whose_first_byte_cannot_be_read_is_named_with_the_place",
            ),
            ("a log that grows while it is read", "faults::what_a_log_grows_by_while_it_is_read_is_for_another_run"),
            (
                "a log that is rewritten, replaced, cut, removed, or becomes a folder while it is read",
                "faults::a_log_that_changes_while_it_is_read_is_named_and_a_second_run_succeeds",
            ),
            ("the clock of the machine jumps", "architecture::our_source_reads_no_clock"),
            ("times of files before and behind all time", "faults::no_time_of_a_file_has_a_say"),
            ("disk full", "disks::a_disk_without_room_for_a_case_leaves_nothing"),
            ("disk full over an earlier case", "disks::a_disk_without_room_for_a_second_case_keeps_the_first"),
            ("disk read-only", "disks::a_read_only_disk_is_refused_before_the_logs_are_read_and_a_case_on_it_stays"),
            ("a case that cannot be moved", "disks::a_case_that_cannot_be_moved_stays_as_it_is"),
            (
                "an output that takes nothing",
                "disks::an_output_that_takes_nothing_is_an_error_and_a_device_stays_a_device",
            ),
        ],
    ),
    (
        "Adversaries who know the method",
        &[
            (
                "framing: an innocent's template, client and parameters",
                "poisoning::of_those_framed_by_template_client_and_parameters_no_person_is_in_a_suspected_network",
            ),
            (
                "framing by crafted collisions: an innocent's fingerprints and texts as hashes, beside and instead of one's own",
                "collisions::of_those_who_are_framed_by_crafted_collisions_hardly_any_is_in_a_suspected_network",
            ),
            (
                "hiding: innocents' addresses, and nine popular prompts beside each of its own",
                "poisoning::work_among_popular_prompts_from_innocents_addresses_is_found",
            ),
            (
                "drowning: throw-away accounts",
                "poisoning::a_flood_of_throw_away_accounts_neither_hides_the_campaign_nor_is_named_with_it",
            ),
        ],
    ),
    (
        "Determinism",
        &[
            ("threads 1, 2, 8", "determinism::any_number_of_threads_gives_the_same_bytes"),
            ("rows shuffled", "determinism::the_same_rows_in_any_order_give_the_same_document"),
            ("files split", "determinism::a_file_split_in_ten_gives_the_same_document"),
            ("recompressed", "determinism::every_compression_gives_the_same_document"),
            ("renamed", "surroundings::another_name_of_the_log_is_the_only_thing_that_changes_with_it"),
            (
                "zone, language, threads, folders",
                "surroundings::zone_language_threads_and_folders_change_no_byte_of_a_case",
            ),
            (
                "another build (where STILLHUNT_OTHER_BUILD names one)",
                "surroundings::another_build_of_the_same_source_writes_the_same_bytes",
            ),
        ],
    ),
    (
        "Supply chain",
        &[
            ("licences", "supply_chain::every_licence_is_one_that_deny_toml_allows"),
            ("banned crates", "supply_chain::no_banned_crate_is_built"),
            ("sources and hashes", "supply_chain::every_crate_comes_from_the_one_registry_with_its_hash"),
            (
                "list of parts (`cargo run --example sbom`)",
                "supply_chain::the_list_of_parts_names_every_crate_that_is_linked",
            ),
            ("no network code", "architecture::no_network_code_is_linked"),
            ("no unsafe code", "architecture::unsafe_code_is_forbidden_in_every_target"),
        ],
    ),
    (
        "Privacy",
        &[
            (
                "keys, tokens, e-mails, phones, cards, accounts in excerpts",
                "privacy::excerpts_let_hardly_any_secret_through_and_leave_other_text_alone",
            ),
            ("pseudonyms", "sharing::under_pseudonyms_no_file_of_a_case_names_an_account_an_address_or_a_path"),
            ("a case is private to its owner", "cli::the_sample_exits_with_10_and_its_case_is_whole"),
        ],
    ),
];

/// Inputs of structured fuzzing on stable Rust, in every run of the tests.
const PROPERTIES: [(&str, &str); 6] = [
    ("rows in every container, whole, packed and broken", "properties::no_row_of_any_log_is_lost"),
    ("cases that somebody sent, in every rendering", "properties::a_case_that_somebody_sent_acts_in_no_rendering"),
    ("account tables, labels, maps, lists", "properties::tables_maps_and_lists_are_read_or_refused"),
    ("excerpts", "properties::an_excerpt_is_short_and_stays_one_when_it_is_taken_again"),
    ("rows of any bytes in batches of any size", "ingest::rows_are_conserved_whatever_the_bytes_and_the_batch"),
    ("words in every rendering", "report::no_hostile_word_acts_in_any_output"),
];

/// What attacks, faults and fuzzing brought to light, and the test that now holds it.
const FINDINGS: [(&str, &str); 28] = [
    (
        "a log that changed between hashing and reading was recorded with a hash of other bytes",
        "faults::a_log_that_changes_while_it_is_read_is_named_and_a_second_run_succeeds",
    ),
    (
        "ids with a NUL, and in theory chosen ones, made calls of another account vanish as repeats",
        "hostile::ids_that_only_look_like_those_of_another_call_are_no_repeats",
    ),
    (
        "a quote left open in a CSV swallowed all rows behind it as one cell, and as much memory",
        "hostile::a_quote_that_is_left_open_is_told_and_not_taken_for_a_cell",
    ),
    (
        "token counts of 64 bits overflowed sums",
        "hostile::numbers_and_times_beyond_all_measure_are_no_numbers_and_no_times",
    ),
    (
        "a length of a call moved its start out of the range of times",
        "hostile::a_length_beyond_all_measure_moves_no_call_out_of_time",
    ),
    (
        "counts of 64 bits in a sent case overflowed sums of the page",
        "properties::a_count_beyond_all_measure_in_a_sent_case_is_refused",
    ),
    (
        "ids and families of a sent case reached CSV as formulas",
        "properties::ids_times_and_families_of_a_sent_case_are_no_formulas",
    ),
    (
        "a campaign that sent from innocents' addresses among popular prompts was not found",
        "poisoning::work_among_popular_prompts_from_innocents_addresses_is_found",
    ),
    (
        "throw-away accounts cut a careful campaign into parts",
        "poisoning::a_flood_of_throw_away_accounts_neither_hides_the_campaign_nor_is_named_with_it",
    ),
    (
        "an innocent machine whose template and hours were copied was named with high confidence",
        "poisoning::of_those_framed_by_template_client_and_parameters_no_person_is_in_a_suspected_network",
    ),
    (
        "innocents whose template was copied came to a network with a group of one habit and were held against none of its tests",
        "collisions::of_those_who_are_framed_by_crafted_collisions_hardly_any_is_in_a_suspected_network",
    ),
    (
        "a line of 8 to 32 MiB was rejected or not by where it fell in a batch",
        "hostile::whether_a_line_is_too_long_depends_on_its_own_length_alone",
    ),
    (
        "a disk that fails was told as a damaged log or as want of permission, without a place",
        "faults::a_read_error_in_the_middle_of_a_log_is_named_with_its_byte_and_leaves_no_case",
    ),
    (
        "folders of killed runs stayed for good and were named nowhere",
        "leftovers::what_a_killed_run_wrote_is_removed_and_what_another_process_uses_is_left_alone",
    ),
    (
        "killed between two renames, --force left no case where the earlier one had stood",
        "leftovers::an_earlier_case_that_a_killed_run_had_moved_comes_back",
    ),
    (
        "merged cases listed more rejected rows than one go, and neither said that the list was cut",
        "shards::a_merged_case_lists_as_many_rejected_rows_as_one_in_one_go",
    ),
    (
        "excerpts let keys of many shapes through",
        "privacy::excerpts_let_hardly_any_secret_through_and_leave_other_text_alone",
    ),
    (
        "calls under one request id made one another vanish, and the order of rows said which was kept",
        "ingest::calls_under_one_request_id_made_one_another_vanish",
    ),
    (
        "of calls under one id another was kept in another order of rows or under other names of files",
        "determinism::which_call_of_a_reused_id_counts_hung_on_the_order_of_rows_and_the_names_of_files",
    ),
    ("a log that was given twice counted twice", "ingest::a_log_that_was_given_twice_counted_twice"),
    (
        "links to logs, and all else in a folder, were skipped without a word",
        "ingest::links_to_logs_were_skipped_without_a_word_and_so_was_all_else",
    ),
    ("a case among the logs was read as one", "ingest::a_case_among_the_logs_was_read_as_one"),
    ("names of accounts of a megabyte filled a case", "ingest::a_name_of_a_megabyte_was_an_account"),
    (
        "of two columns of one name in a CSV the second was lost",
        "ingest::of_a_column_that_stands_twice_in_a_csv_the_first_was_read",
    ),
    (
        "a table or page that was forged together with its hash passed `verify`",
        "sharing::a_forged_table_passed_where_the_manifest_was_forged_with_it",
    ),
    (
        "logs that had moved to names in another order were told as changed",
        "sharing::logs_that_moved_to_names_in_another_order_were_told_as_changed",
    ),
    (
        "a limit on the length of files ended the program without a word",
        "cli::a_limit_on_the_length_of_files_killed_the_run",
    ),
    (
        "files that were not read stood by name under pseudonyms",
        "sharing::files_that_were_not_read_stood_by_name_under_pseudonyms",
    ),
];

fn ended(root: &Path, test: &str, run: bool) -> anyhow::Result<&'static str> {
    let (file, name) = test.split_once("::").unwrap_or_default();
    let source = std::fs::read_to_string(root.join("tests").join(format!("{file}.rs")))?;
    anyhow::ensure!(source.contains(&format!("fn {name}(")), "there is no test {test}");
    if !run {
        return Ok("");
    }
    eprintln!("{test}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .args(["test", "--locked", "-q", "--test", file, "--", "--nocapture", "--exact", name])
        .current_dir(root)
        .output()?;
    let said = String::from_utf8_lossy(&[&done.stdout[..], &done.stderr[..]].concat()).into_owned();
    Ok(match done.status.success() && said.contains("1 passed") {
        true if said.contains("skipped: ") => "skipped here",
        true => "passed",
        false => "FAILED",
    })
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = !std::env::args().any(|a| a == "--keep");
    let mut text = String::from(
        "# Reliability\n\nMade by `cargo run --example reliability`, which runs every test that it names.\n",
    );
    let mut results: BTreeMap<&str, &str> = BTreeMap::new();
    let mut table = |title: &str, head: &str, rows: &[(&str, &'static str)]| -> anyhow::Result<()> {
        writeln!(text, "\n## {title}\n\n| {head} | test | result |\n|---|---|---|")?;
        for (what, test) in rows {
            let result = match results.get(test) {
                Some(known) => known,
                None => ended(root, test, run)?,
            };
            results.insert(test, result);
            writeln!(text, "| {what} | `{test}` | {result} |")?;
        }
        Ok(())
    };
    for (title, rows) in ROWS {
        table(title, "tried", rows)?;
    }
    table("Structured fuzzing on stable Rust", "inputs", &PROPERTIES)?;
    table("Findings, all mended", "found", &FINDINGS)?;
    let mut sums: BTreeMap<String, (u64, f64, u64)> = BTreeMap::new();
    for line in std::fs::read_to_string(root.join("fuzz/record.tsv"))?.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let [target, runs, seconds, found] = cells[..] else { anyhow::bail!("fuzz/record.tsv: {line:?}") };
        let sum = sums.entry(target.to_owned()).or_default();
        *sum = (sum.0 + runs.parse::<u64>()?, sum.1 + seconds.parse::<f64>()?, sum.2 + found.parse::<u64>()?);
    }
    writeln!(
        text,
        "\n## Fuzzing by coverage (libFuzzer, `fuzz/run SECONDS`)\n\n| target | inputs | minutes of CPU | crashes |\n|---|---|---|---|"
    )?;
    for (target, (runs, seconds, found)) in &sums {
        writeln!(text, "| `fuzz/targets/{target}.rs` | {runs} | {:.0} | {found} |", seconds / 60.0)?;
    }
    let (runs, seconds) = sums.values().fold((0, 0.0), |(r, s), v| (r + v.0, s + v.1));
    writeln!(text, "| all | {runs} | {:.0} | {} |", seconds / 60.0, sums.values().map(|v| v.2).sum::<u64>())?;
    std::fs::write(root.join("docs/reliability.md"), text)?;
    let failed = results.values().filter(|r| **r == "FAILED").count();
    anyhow::ensure!(failed == 0, "{failed} tests failed; docs/reliability.md names them");
    Ok(())
}
