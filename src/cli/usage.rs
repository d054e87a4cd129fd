//! What the person typed: words that are taken, and what cannot be done as asked.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::Path;
use std::str::FromStr;
use stillhunt::intake::ingest;

/// What the person asked for cannot be done as asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// Takes one of these words and no other, so that a shell completes them and a near one is suggested.
pub fn one_of<T>(words: impl IntoIterator<Item = &'static str>) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: std::fmt::Display> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>().map_err(|e| UsageError(e.to_string())))
}

/// The bytes of `what` the person named.
pub fn bytes_of(what: &str, path: &Path) -> Result<Vec<u8>, UsageError> {
    std::fs::read(path).map_err(|e| UsageError(format!("the {what} {} cannot be read: {e}", ingest::shown(path))))
}

/// That something which the person named is there.
pub fn there(path: &Path) -> Result<(), UsageError> {
    let absent = || UsageError(format!("{} does not exist", ingest::shown(path)));
    path.exists().then_some(()).ok_or_else(absent)
}
