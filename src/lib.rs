//! stillhunt: coordinated distillation networks in exported LLM-API logs, found offline, with evidence.
//!
//! The modules in the order in which a log goes through them; each imports only those above it:
//!
//! 1. [`document`]: the saved result, plain data, and its words;
//! 2. [`intake`]: bytes of any log to calls in canonical terms, and what is known of accounts;
//! 3. [`evidence`]: what calls leave of an account once their texts are gone;
//! 4. [`statistics`]: null models, and tests of a group;
//! 5. [`search`]: which groups are worth a test;
//! 6. [`population`]: whom a group is compared with;
//! 7. [`judgement`]: from a proposed group to a verdict on three axes;
//! 8. [`investigation`]: the method in its order, and its findings in words with the lines behind them;
//! 9. [`report`]: the document as bytes;
//! 10. [`validation`]: worlds with known truth, and scores against it.
#![forbid(unsafe_code)]

pub mod document;
pub mod evidence;
pub mod intake;
pub mod investigation;
pub mod judgement;
pub mod population;
pub mod report;
pub mod search;
pub mod statistics;
pub mod validation;
