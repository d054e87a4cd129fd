//! CSV renderings of the document.

use super::escape::csv_cell;
use crate::document::Document;
use crate::intake::ingest::Reject;

fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> csv::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.into_inner().map_err(|e| e.into_error().into())
}

/// `networks.csv`, a row a network.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn networks(d: &Document) -> csv::Result<Vec<u8>> {
    let header = [
        "network_id",
        "verdict",
        "confidence",
        "accounts",
        "requests",
        "input_tokens",
        "output_tokens",
        "first",
        "last",
        "q_value",
        "summary",
        "set_aside",
    ];
    let row = |n: &crate::document::Network| {
        vec![
            csv_cell(&n.id),
            n.verdict.as_str().into(),
            n.confidence.as_str().into(),
            n.members.len().to_string(),
            n.requests.to_string(),
            n.input_tokens.to_string(),
            n.output_tokens.to_string(),
            csv_cell(&n.first),
            csv_cell(&n.last),
            n.q_value.to_string(),
            csv_cell(&n.summary),
            csv_cell(&n.set_aside),
        ]
    };
    table(&header, d.networks.iter().map(row))
}

/// `accounts.csv`, a row an account.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn accounts(d: &Document) -> csv::Result<Vec<u8>> {
    let header = ["account_id", "network_id", "verdict", "membership", "requests", "output_tokens"];
    let row = |a: &crate::document::Account| {
        vec![
            csv_cell(&a.account_id),
            csv_cell(&a.network_id),
            a.verdict.as_str().into(),
            format!("{:.3}", a.membership),
            a.requests.to_string(),
            a.output_tokens.to_string(),
        ]
    };
    table(&header, d.accounts.iter().map(row))
}

/// `links.csv`, a row a link inside a reported network.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn links(d: &Document) -> csv::Result<Vec<u8>> {
    let header = ["account_a", "account_b", "network_id", "family", "shared", "popularity", "p_value", "q_value"];
    let row = |l: &crate::document::Link| {
        vec![
            csv_cell(&l.account_a),
            csv_cell(&l.account_b),
            csv_cell(&l.network_id),
            csv_cell(&l.family),
            csv_cell(&l.shared),
            l.popularity.to_string(),
            l.p_value.to_string(),
            l.q_value.to_string(),
        ]
    };
    table(&header, d.links.iter().map(row))
}

/// `rejects.csv`, a row a rejected row.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn rejects(rejects: &[Reject]) -> csv::Result<Vec<u8>> {
    let row = |r: &Reject| vec![csv_cell(&r.file), r.line.to_string(), r.reason.to_string()];
    table(&["file", "line", "reason"], rejects.iter().map(row))
}
