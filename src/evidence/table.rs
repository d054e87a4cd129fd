//! The evidence of a run as a Parquet table, a row an account, so that an analyst can question a figure with tools of
//! their own. Values stand as in the log: the file is data and is shown by nothing of ours.

use crate::evidence::features::{AccountEvidence, Evidence};
use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;

/// `evidence.parquet`: accounts in order of their id. Times in µs since the Unix epoch, `hours` the requests in each
/// hour of the UTC day, `addresses` and `clients` distinct values in order, `rule_packs` the packs that matched at
/// least once. Text is not in it.
///
/// # Errors
/// Only when memory cannot be written to.
pub fn parquet(evidence: &Evidence) -> PolarsResult<Vec<u8>> {
    parquet_under(evidence, &|_, value| value.to_owned())
}

/// As [`parquet`], every account, organisation, address and client under the name that `named` gives for its kind (`acct`,
/// `org`, `address`, `client`) and value; rows in order of these names.
///
/// # Errors
/// As [`parquet`].
pub fn parquet_under(evidence: &Evidence, named: &dyn Fn(&str, &str) -> String) -> PolarsResult<Vec<u8>> {
    let mut rows: Vec<(String, &AccountEvidence)> =
        evidence.accounts.iter().map(|(id, a)| (named("acct", id), &**a)).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let mut bytes = Vec::new();
    let mut writer = ParquetWriter::new(&mut bytes).batched(frame(&[], named)?.schema())?;
    // A table of all accounts takes several times the memory of what is known of them.
    rows.chunks(BATCH_ROWS).try_for_each(|some| writer.write_batch(&frame(some, named)?))?;
    writer.finish()?;
    Ok(bytes)
}

/// Rows of one group of the file.
const BATCH_ROWS: usize = 16_384;

fn frame(rows: &[(String, &AccountEvidence)], named: &dyn Fn(&str, &str) -> String) -> PolarsResult<DataFrame> {
    let accounts = || rows.iter().map(|(_, account)| *account);
    let number = |name: &str, of: &dyn Fn(&AccountEvidence) -> u64| {
        Column::new(name.into(), accounts().map(of).collect::<Vec<u64>>())
    };
    let time = |name: &str, of: &dyn Fn(&AccountEvidence) -> i64| {
        Column::new(name.into(), accounts().map(of).collect::<Vec<i64>>())
    };
    let words = |name: &str, of: &dyn Fn(&AccountEvidence) -> Vec<String>| {
        let mut lists = ListStringChunkedBuilder::new(name.into(), rows.len(), rows.len());
        accounts().for_each(|account| lists.append_values_iter(of(account).iter().map(String::as_str)));
        lists.finish().into_column()
    };
    let under_names = |kind: &str, words: &mut dyn Iterator<Item = &str>| {
        let mut named: Vec<String> = words.map(|word| named(kind, word)).collect();
        named.sort_unstable();
        named
    };
    let mut hours =
        ListPrimitiveChunkedBuilder::<UInt32Type>::new("hours".into(), rows.len(), 24 * rows.len(), DataType::UInt32);
    accounts().for_each(|account| hours.append_slice(&account.hours));
    DataFrame::new(
        rows.len(),
        vec![
            Column::new("account_id".into(), rows.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>()),
            Column::new(
                "org_id".into(),
                accounts().map(|a| a.org_id.as_deref().map(|o| named("org", o))).collect::<Vec<_>>(),
            ),
            number("requests", &|a| a.requests),
            number("with_text", &|a| a.with_text),
            number("without_session", &|a| a.single_turn),
            number("input_tokens", &|a| a.input_tokens),
            number("output_tokens", &|a| a.output_tokens),
            time("first_us", &|a| a.first_us),
            time("last_us", &|a| a.last_us),
            number("distinct_texts", &|a| a.items.len() as u64),
            hours.finish().into_column(),
            words("addresses", &|a| under_names("address", &mut a.addresses.keys().map(|a| a.as_str()))),
            words("clients", &|a| under_names("client", &mut a.clients.keys().map(|c| &**c))),
            words("rule_packs", &|a| a.rule_hits.keys().map(|pack| (*pack).to_owned()).collect()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::event::{Event, Fold, Origin};
    use polars_io::SerReader;
    use polars_io::parquet::read::ParquetReader;

    #[test]
    fn every_account_has_a_row_and_the_bytes_do_not_vary() {
        let mut evidence = Evidence::default();
        for (line_no, account) in [(1, "b"), (2, "a"), (3, "b")] {
            let origin = Origin { file_id: 0, line_no };
            evidence.push(&Event { client_ip: Some("10.0.0.1".into()), ..Event::new(origin, 5, account.into()) });
        }
        evidence.finish().unwrap();
        let bytes = parquet(&evidence).unwrap();
        assert_eq!(bytes, parquet(&evidence).unwrap());
        let table = ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap();
        let accounts: Vec<_> = table.column("account_id").unwrap().str().unwrap().iter().flatten().collect();
        assert_eq!(accounts, ["a", "b"]);
        assert_eq!(table.column("requests").unwrap().u64().unwrap().to_vec(), [Some(1), Some(2)]);
    }

    #[test]
    fn a_log_without_accounts_makes_an_empty_table() {
        assert!(parquet(&Evidence::default()).is_ok());
    }
}
