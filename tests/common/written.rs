//! A document as a case holds it, for what is rendered of one.

use stillhunt::document::*;

fn claim(signal: &str, statement: &str, observed: f64, expected: f64, unit: &str, q: Option<f64>) -> Claim {
    Claim {
        signal: signal.into(),
        family: signal.split('.').next().unwrap_or_default().into(),
        statement: statement.into(),
        finding: String::new(),
        observed,
        expected,
        compared_with: if q.is_some() { "chance" } else { "mark" }.into(),
        everybody_else: q.is_none().then_some(0.91),
        out_of: (unit == "accounts").then_some(12.0),
        elsewhere: q.map(|_| 0.121),
        at_most: false,
        unit: unit.into(),
        p_value: q.map(|q| q / 100.0),
        q_value: q,
        weight: 3.0,
        counts: true,
        lines: vec![LineRef { file: "logs/a.jsonl".into(), line: 7 }],
        domains: Vec::new(),
        table_rows: if signal.starts_with("identity") { vec![3, 9] } else { Vec::new() },
    }
}

/// A document with one suspected and one coordinated network; `word` stands wherever a log has a say.
pub fn document(word: &str) -> Document {
    let network = |verdict, members: &[&str]| Network {
        id: "N-0123456789ab".into(),
        verdict,
        confidence: Confidence::Medium,
        summary: format!("{} accounts with 1,200 requests. This is consistent with one operator.", members.len()),
        members: members.iter().map(|m| format!("{m}{word}")).collect(),
        requests: 1200,
        input_tokens: 80_000,
        output_tokens: 1_500_000,
        first: "2026-05-04T00:00:05Z".into(),
        last: "2026-05-17T23:59:10Z".into(),
        q_value: 3.2e-9,
        proposed_by: "content".into(),
        coordinated: Axis {
            holds: true,
            claims: vec![
                claim(
                    "identity.payment",
                    "6 of 12 accounts share one payment instrument",
                    6.0,
                    0.02,
                    "accounts",
                    Some(3.2e-9),
                ),
                claim(
                    "time.quota",
                    "9 of 12 accounts made nearly the same number of requests",
                    9.0,
                    1.4,
                    "accounts",
                    Some(4.1e-4),
                ),
                Claim {
                    counts: false,
                    weight: 0.0,
                    lines: Vec::new(),
                    ..claim("behaviour.client", "5 of 12 accounts use one client", 5.0, 4.0, "accounts", Some(0.3))
                },
            ],
        },
        judged_on: "Judged on the shared prompt template with the longest answers: 900 of 1,200 requests (75 %)."
            .into(),
        extraction: Axis {
            holds: true,
            claims: vec![claim(
                "extraction.unrepeated",
                "98 of 100 prompts had not been sent by another account of the network before",
                0.98,
                0.75,
                "share",
                None,
            )],
        },
        evasive: Axis { holds: false, claims: Vec::new() },
        explanations: vec![
            Explanation {
                name: "one undeclared organisation".into(),
                predicts: "shared payment".into(),
                seen: "these accounts have in common, beyond chance: payment instruments".into(),
                fit: "partly".into(),
                result: "partly contradicted".into(),
                supports: vec!["these accounts have in common, beyond chance: payment instruments".into()],
                against: vec!["nearly every request comes from a different IP address".into()],
                not_checkable: vec!["what the prompts ask for".into()],
                would_change: "a contract that shows one customer".into(),
            },
            Explanation {
                name: "class or hackathon".into(),
                predicts: "the same exercises again and again, conversations, daytime activity with nightly breaks"
                    .into(),
                seen: "98 of 100 prompts had not been sent by another account of the network before".into(),
                fit: "contradicted".into(),
                result: "contradicted".into(),
                supports: Vec::new(),
                against: vec!["98 of 100 prompts had not been sent by another account of the network before".into()],
                not_checkable: vec!["conversations".into()],
                would_change: "an organiser who names the event".into(),
            },
        ],
        robustness: vec![
            Robustness { without: "content".into(), overlap: 0.1, survives: false },
            Robustness { without: "time".into(), overlap: 0.9, survives: true },
        ],
        streams: vec![Stream {
            id: "S1".into(),
            accounts: 11,
            requests: 900,
            excerpt: format!("Exercise: {word}"),
            template: vec![String::new(), format!("Exercise {word} of"), String::new()],
            compared: 9,
        }],
        pools: vec![
            Pool { id: "P1".into(), accounts: 7, linked_by: "1 IP address and 2 payment instruments".into() },
            Pool { id: "P0".into(), accounts: 5, linked_by: String::new() },
        ],
        cells: vec![Cell { pool: "P1".into(), stream: "S1".into(), accounts: 6, requests: 500 }],
        material: Some(Material { texts: 1190, distinct: 1100, at_least: Some(5200) }),
        exemplars: vec![Exemplar {
            account_id: word.to_owned(),
            at: LineRef { file: word.to_owned(), line: 41 },
            excerpt: format!("Exercise: {word}"),
        }],
        activity: Some(Activity {
            requests: vec![600, 400, 200],
            left_out: 0,
            hours: vec![50; 24],
            busiest: vec![AccountHours { account_id: word.to_owned(), hours: vec![4; 24] }],
        }),
        set_aside: String::new(),
    };
    Document {
        schema_version: SCHEMA_VERSION.into(),
        stillhunt_version: "0.0.0".into(),
        intake: Intake {
            files: vec![InputFile { path: word.to_owned(), ..InputFile::default() }],
            rows_read: 5010,
            rows_kept: 5000,
            rows_rejected: 10,
            ..Intake::default()
        },
        signals: vec![Evaluability {
            name: "content.template".into(),
            evaluable: false,
            reason: "no row has user_text or system_text".into(),
        }],
        left_out: Vec::new(),
        population: Population {
            accounts: 900,
            entities: 870,
            first: "2026-05-04T00:00:05Z".into(),
            last: "2026-05-17T23:59:10Z".into(),
            groups_tested: 40,
            expected_false_networks: 3.2e-9,
        },
        networks: vec![
            network(Verdict::SuspectedDistillation, &["a", "b", "c"]),
            network(Verdict::Coordinated, &["d", "e", "f"]),
        ],
        accounts: vec![Account {
            account_id: word.to_owned(),
            network_id: "N-0123456789ab".into(),
            verdict: Verdict::SuspectedDistillation,
            membership: 0.5,
            requests: 100,
            output_tokens: 9000,
            org_id: word.to_owned(),
            created: "2026-05-04T00:00:00Z".into(),
            first: "2026-05-04T00:00:05Z".into(),
            last: "2026-05-06T23:59:10Z".into(),
            closed: "2026-05-06T23:59:59Z".into(),
        }],
        links: vec![Link {
            account_a: word.to_owned(),
            account_b: "b".into(),
            network_id: "N-0123456789ab".into(),
            family: "identity".into(),
            shared: format!("payment {word}"),
            popularity: 6,
            p_value: 1e-7,
            q_value: 1e-3,
        }],
        notices: vec!["3,000 links between pairs of accounts inside N-0123456789ab, each over something rare; the 2,000 rarest are listed.".into()],
        timeline: Some(Timeline {
            start: "2026-05-04T00:00:00Z".into(),
            span_seconds: 86_400,
            requests: vec![2000, 2000, 1000],
            left_out: 37,
            hours: vec![209; 24],
            releases: vec![Release { model: word.to_owned(), first: "2026-05-05T10:00:00Z".into(), accounts: 40 }],
        }),
        allowed: vec![Allowed {
            kind: "organisation".into(),
            value: word.to_owned(),
            reason: word.to_owned(),
            covers: 1,
        }],
        pseudonymised: false,
    }
}
