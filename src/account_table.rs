//! The optional table of account facts: who pays, from which device, since when.

use crate::normalise::{parse_timestamp, present};
use std::collections::BTreeMap;
use std::io::Read;

/// Facts of one account; what the table leaves empty is `None` and equals nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub org_id: Option<String>,
    /// µs since the Unix epoch.
    pub created_us: Option<i64>,
    pub closed_us: Option<i64>,
    pub payment: Option<String>,
    pub device: Option<String>,
    pub phone: Option<String>,
}

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the account table cannot be read: {0}; it has to be a CSV file with a header line")]
    Csv(#[from] csv::Error),
    #[error("the account table has no column account_id; add it, it names the same accounts as the logs")]
    NoAccountColumn,
}

/// Reads `account_id` with any of `org_id, created_at, closed_at, payment_fingerprint, device_id, phone_hash`.
/// Of several rows for one account the first counts.
///
/// # Errors
/// When it is no CSV, or has no account column.
pub fn read(table: impl Read) -> Result<BTreeMap<String, Facts>, TableError> {
    let mut csv = csv::Reader::from_reader(table);
    let header = csv.headers()?.clone();
    let column = |name: &str| header.iter().position(|h| h.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
    let account = column("account_id").ok_or(TableError::NoAccountColumn)?;
    let columns = ["org_id", "created_at", "closed_at", "payment_fingerprint", "device_id", "phone_hash"].map(column);
    let mut facts = BTreeMap::new();
    for record in csv.records() {
        let record = record?;
        let cell = |i: usize| columns[i].and_then(|c| record.get(c)).and_then(present).map(str::to_owned);
        let time = |i: usize| cell(i).and_then(|t| parse_timestamp(&t));
        if let Some(id) = record.get(account).and_then(present) {
            facts.entry(id.to_owned()).or_insert_with(|| Facts {
                org_id: cell(0),
                created_us: time(1),
                closed_us: time(2),
                payment: cell(3),
                device: cell(4),
                phone: cell(5),
            });
        }
    }
    Ok(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cell_is_absent_and_equals_nothing() {
        let table = "account_id,payment_fingerprint,created_at\na,,2026-01-01T00:00:00Z\nb,pm_1,\n";
        let facts = read(table.as_bytes()).unwrap();
        assert_eq!(facts["a"].payment, None);
        assert_eq!(facts["b"].payment.as_deref(), Some("pm_1"));
        assert!(facts["a"].created_us.is_some() && facts["b"].created_us.is_none());
    }

    #[test]
    fn a_table_without_accounts_is_refused() {
        assert!(matches!(read("x,y\n1,2\n".as_bytes()), Err(TableError::NoAccountColumn)));
    }
}
