//! The document in the formats of other tools.

mod ci;
mod graph;
mod markdown;
mod stix;

use crate::document::Document;
use crate::report::{html, json, tables};
use std::str::FromStr;

/// Formats a case can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Html,
    Json,
    Markdown,
    /// Accounts and links (Brandes et al. 2002).
    Graphml,
    /// The same for Gephi.
    Gexf,
    /// STIX 2.1 bundle.
    Stix,
    Junit,
    /// SARIF 2.1.0.
    Sarif,
    NetworksCsv,
    AccountsCsv,
    LinksCsv,
}

impl Format {
    /// All, with the word for each.
    pub const ALL: [(&'static str, Format); 11] = [
        ("html", Format::Html),
        ("json", Format::Json),
        ("markdown", Format::Markdown),
        ("graphml", Format::Graphml),
        ("gexf", Format::Gexf),
        ("stix", Format::Stix),
        ("junit", Format::Junit),
        ("sarif", Format::Sarif),
        ("networks-csv", Format::NetworksCsv),
        ("accounts-csv", Format::AccountsCsv),
        ("links-csv", Format::LinksCsv),
    ];
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Format::ALL.iter().find(|(name, _)| *name == word);
        known.map(|(_, format)| *format).ok_or_else(|| {
            let words: Vec<&str> = Format::ALL.iter().map(|(name, _)| *name).collect();
            format!("it has to be one of {}", words.join(", "))
        })
    }
}

/// Why a document cannot be rendered; only a fault of ours brings it about.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("a template is wrong: {0}")]
    Template(#[from] minijinja::Error),
    #[error("the document makes no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the document makes no table: {0}")]
    Csv(#[from] csv::Error),
}

/// `document` in `format`; the same document gives the same bytes.
///
/// # Errors
/// Only for a fault of ours.
pub fn export(document: &Document, format: Format) -> Result<Vec<u8>, ExportError> {
    Ok(match format {
        Format::Html => html(document)?.into_bytes(),
        Format::Json => json(document)?,
        Format::Markdown => markdown::markdown(document).into_bytes(),
        Format::Graphml => graph::graphml(document)?.into_bytes(),
        Format::Gexf => graph::gexf(document)?.into_bytes(),
        Format::Stix => stix::bundle(document)?,
        Format::Junit => ci::junit(document)?.into_bytes(),
        Format::Sarif => ci::sarif(document)?,
        Format::NetworksCsv => tables::networks(document)?,
        Format::AccountsCsv => tables::accounts(document)?,
        Format::LinksCsv => tables::links(document)?,
    })
}
