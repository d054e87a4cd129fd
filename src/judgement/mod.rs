//! From a proposed group to a verdict: what it does, what stands, who belongs to it, and what else would explain it.

pub(crate) mod candidates;
pub(crate) mod customer;
pub mod dispatch;
pub mod explanations;
pub mod findings;
pub mod joining;
pub mod membership;
pub mod scope;
pub mod shape;
pub mod signals;
pub(crate) mod stacks;
pub(crate) mod standing;
pub mod weight;
