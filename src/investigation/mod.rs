//! The method in its order, and its findings in words with the lines behind them.

pub mod activity;
pub(crate) mod citations;
pub mod investigate;
pub mod robustness;
pub(crate) mod slots;
pub(crate) mod streams;
pub(crate) mod testimony;
