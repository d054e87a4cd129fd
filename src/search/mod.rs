//! Which groups of accounts are worth a test: who shares what rare thing with whom.

pub mod expansion;
pub(crate) mod holdings;
pub mod links;
pub mod networks;
pub mod pairs;
pub mod profiles;
pub mod proposals;
