//! Worlds with known truth, and scores against it. No stage of the method imports them.

pub mod evaluate;
pub mod simulate;
