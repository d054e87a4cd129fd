//! stillhunt: coordinated distillation networks in exported LLM-API logs, found offline, with evidence.
#![forbid(unsafe_code)]

pub mod account_table;
pub mod baseline;
mod candidates;
pub mod chance;
pub mod document;
pub mod evaluate;
pub mod event;
pub mod evidence_table;
pub mod explanations;
pub mod features;
pub mod findings;
pub mod fingerprint;
pub mod group_tests;
pub mod ingest;
pub mod investigate;
pub mod joining;
pub mod links;
pub mod membership;
pub mod networks;
pub mod normalise;
pub mod profiles;
pub mod proposals;
pub mod redact;
pub mod report;
pub mod robustness;
pub mod rules;
pub mod schema;
pub mod scope;
pub mod settings;
pub mod signals;
pub mod simulate;
mod testimony;
pub mod timing;
pub mod visible;
