//! What calls leave of an account once their texts are gone: fingerprints, rules, times and counts that merge exactly.

pub mod features;
pub mod fingerprint;
pub(crate) mod pieces;
pub mod redact;
pub mod rules;
pub mod shards;
pub mod table;
