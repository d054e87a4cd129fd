//! The document as bytes. Everything that came from a log goes through [`escape`] on its way out.

pub mod allow_list;
pub mod case;
pub mod comparison;
pub mod custody;
pub mod escape;
pub mod export;
pub mod inspect;
mod markup;
mod measured;
mod outline;
mod page;
mod place;
pub mod pseudonyms;
mod reading;
mod saved;
mod screen;
pub mod tables;
pub mod terminal;

pub use page::page as html;

use crate::document::Document;

/// `report.json`: the document, pretty, with a final newline, safe to print.
///
/// # Errors
/// Never for a document of ours; the signature is serde's.
pub fn json(document: &Document) -> serde_json::Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(document)?;
    Ok((escape::json(&text) + "\n").into_bytes())
}

/// JSON Schema of `report.json`.
pub fn json_schema() -> String {
    serde_json::to_string_pretty(&schemars::schema_for!(Document)).unwrap_or_default()
}
