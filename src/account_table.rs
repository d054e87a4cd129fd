//! The optional table of account facts: who pays, from which device, since when.

use crate::ingest::IngestReport;
use crate::normalise::{parse_timestamp, present};
use std::collections::BTreeMap;
use std::io::Read;
use xxhash_rust::xxh3::xxh3_64;

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
    pub email: Option<String>,
    pub email_domain: Option<String>,
    /// How the local part of the address is built, such as `a5.9` for five letters, a dot and digits; see [`email_shape`].
    pub email_shape: Option<String>,
}

/// The build of an e-mail address's local part: runs of letters become `a` and their number, runs of digits `9` and
/// theirs, other signs stay. Addresses made by one generator share it; the address itself is not kept.
pub fn email_shape(address: &str) -> Option<String> {
    let (local, _) = address.rsplit_once('@')?;
    let class = |c: char| match c {
        c if c.is_alphabetic() => 'a',
        c if c.is_numeric() => '9',
        c => c,
    };
    let mut shape = String::new();
    let mut signs = local.chars().take(64).map(class).peekable();
    while let Some(sign) = signs.next() {
        let mut run = 1;
        while signs.next_if_eq(&sign).is_some() {
            run += 1;
        }
        shape.push(sign);
        if sign == 'a' || sign == '9' {
            shape += &run.to_string();
        }
    }
    (!shape.is_empty()).then_some(shape)
}

/// Why the table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the account table cannot be read: {0}; it has to be a CSV file with a header line")]
    Csv(#[from] csv::Error),
    #[error("the account table has no column account_id; add it, it names the same accounts as the logs")]
    NoAccountColumn,
}

/// Reads `account_id` with any of `org_id, created_at, closed_at, payment_fingerprint, device_id, phone_hash, email_hash,
/// email_domain, email`; of an `email` only its hash, its domain and the build of its local part are kept.
/// Of several rows for one account the first counts.
///
/// # Errors
/// When it is no CSV, or has no account column.
pub fn read(table: impl Read) -> Result<BTreeMap<String, Facts>, TableError> {
    let mut csv = csv::Reader::from_reader(table);
    let header = csv.headers()?.clone();
    let column = |name: &str| header.iter().position(|h| h.trim_start_matches('\u{feff}').eq_ignore_ascii_case(name));
    let account = column("account_id").ok_or(TableError::NoAccountColumn)?;
    let columns = [
        "org_id",
        "created_at",
        "closed_at",
        "payment_fingerprint",
        "device_id",
        "phone_hash",
        "email_hash",
        "email_domain",
        "email",
    ]
    .map(column);
    let mut facts = BTreeMap::new();
    for record in csv.records() {
        let record = record?;
        let cell = |i: usize| columns[i].and_then(|c| record.get(c)).and_then(present).map(str::to_owned);
        let time = |i: usize| cell(i).and_then(|t| parse_timestamp(&t));
        if let Some(id) = record.get(account).and_then(present) {
            let email = cell(8).map(|e| e.to_lowercase());
            let domain = email.as_deref().and_then(|e| e.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
            facts.entry(id.to_owned()).or_insert_with(|| Facts {
                org_id: cell(0),
                created_us: time(1),
                closed_us: time(2),
                payment: cell(3),
                device: cell(4),
                phone: cell(5),
                email: cell(6).or(email.as_deref().map(|e| format!("{:016x}", xxh3_64(e.as_bytes())))),
                email_domain: cell(7).map(|d| d.to_lowercase()).or(domain),
                email_shape: email.as_deref().and_then(email_shape),
            });
        }
    }
    Ok(facts)
}

/// Adds what usage, audit and compliance exports say of accounts that the logs know; what the table says stays. Notes in
/// the intake how many accounts that are, and how their sums compare with the exports'.
pub fn add_exported(facts: &mut BTreeMap<String, Facts>, read: &mut IngestReport, known: impl Fn(&str) -> bool) {
    let mut met = 0;
    for (account, exported) in read.exported.iter().filter(|(account, _)| known(account)) {
        met += 1;
        let own = facts.entry(account.clone()).or_default();
        own.org_id = own.org_id.take().or_else(|| exported.org_id.clone());
        own.created_us = own.created_us.or(exported.created_us);
        own.closed_us = own.closed_us.or(exported.closed_us);
    }
    if !read.exported.is_empty() {
        let note = format!(
            "Exports say something of {} accounts or keys; {met} are accounts of the logs.",
            read.exported.len()
        );
        read.remark(&[note]);
    }
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
    fn of_an_address_only_hash_domain_and_build_are_kept() {
        let facts =
            read("account_id,email\na,Mara.Lindt82@Example.org\nb,kari.osten17@example.org\nc,x\n".as_bytes()).unwrap();
        assert_eq!(facts["a"].email_domain.as_deref(), Some("example.org"));
        assert_eq!(facts["a"].email_shape.as_deref(), Some("a4.a592"));
        assert_ne!(facts["a"].email, facts["b"].email);
        assert_eq!(email_shape("kari.osten17@example.org"), facts["b"].email_shape);
        assert_eq!((&facts["c"].email_domain, &facts["c"].email_shape), (&None, &None));
    }

    #[test]
    fn a_table_without_accounts_is_refused() {
        assert!(matches!(read("x,y\n1,2\n".as_bytes()), Err(TableError::NoAccountColumn)));
    }
}
