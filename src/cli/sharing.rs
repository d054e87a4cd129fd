//! What is done to a document before anybody sees it: pseudonyms, and the list of what is known to be good.

use super::output::OUTPUT;
use super::usage::{UsageError, bytes_of};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};
use stillhunt::document::Document;
use stillhunt::evidence::features::Evidence;
use stillhunt::evidence::table;
use stillhunt::intake::ingest::{self, IngestReport, Reject};
use stillhunt::report::allow_list::AllowList;
use stillhunt::report::pseudonyms::Pseudonyms;

/// What is done to a document before anybody sees it.
#[derive(Args)]
pub struct Sharing {
    /// Replace accounts, organisations, shared objects and paths by keyed pseudonyms (HMAC-SHA-256) in all outputs;
    /// the key file holds at least 16 bytes
    #[arg(long, value_name = "KEYFILE", help_heading = OUTPUT)]
    pub pseudonymise: Option<PathBuf>,
    /// Allow list (TOML) of organisations, accounts and templates known to be good; networks that it covers are set aside
    #[arg(long, value_name = "FILE", help_heading = OUTPUT)]
    pub allow: Option<PathBuf>,
}

/// The same, read.
pub struct Prepared {
    pub pseudonyms: Option<Pseudonyms>,
    pub allow: Option<AllowList>,
}

impl Sharing {
    /// Reads the files, so that a wrong one is refused before the work.
    pub fn prepare(&self) -> Result<Prepared, UsageError> {
        let wrong = |path: &Path, e: &dyn std::fmt::Display| UsageError(format!("{}: {e}", ingest::shown(path)));
        let key = |path: &PathBuf| Pseudonyms::new(&bytes_of("key file", path)?).map_err(|e| wrong(path, &e));
        let list = |path: &PathBuf| {
            let text = String::from_utf8(bytes_of("allow list", path)?)
                .map_err(|e| wrong(path, &format!("not a valid allow list: not UTF-8: {e}")))?;
            AllowList::from_toml(&text).map_err(|e| wrong(path, &e))
        };
        Ok(Prepared {
            pseudonyms: self.pseudonymise.as_ref().map(key).transpose()?,
            allow: self.allow.as_ref().map(list).transpose()?,
        })
    }
}

impl Prepared {
    /// The list is applied first, for it names accounts as they are.
    pub fn apply(&self, mut document: Document) -> anyhow::Result<Document> {
        if let Some(list) = &self.allow {
            list.apply(&mut document);
        }
        match &self.pseudonyms {
            None => Ok(document),
            Some(names) => names.document(&document).map_err(|e| UsageError(e.to_string()).into()),
        }
    }

    /// The evidence as a table, and the rejected rows, under the names that others may see.
    pub fn beside(&self, evidence: &Evidence, read: &IngestReport) -> anyhow::Result<(Vec<u8>, Vec<Reject>)> {
        let named = |kind: &str, value: &str| self.named(kind, value);
        let table = table::parquet_under(evidence, &named);
        let table = table.context("the evidence cannot be written as a table")?;
        let rejects = read.rejects.iter().map(|r| Reject { file: named("file", &r.file), ..r.clone() });
        Ok((table, rejects.collect()))
    }

    /// Name of a value in the tables beside the document.
    pub fn named(&self, kind: &str, value: &str) -> String {
        self.pseudonyms.as_ref().map_or_else(|| value.to_owned(), |p| p.of(kind, value))
    }
}
