//! From the bytes of any log to calls in canonical terms, and what is known of accounts beside their calls.

pub mod account_table;
pub mod event;
pub mod formats;
pub mod ingest;
pub mod normalise;
pub mod schema;
pub mod settings;
