//! Whom a group is compared with, and which tests it gets.

pub mod baseline;
pub(crate) mod census;
pub(crate) mod couples;
pub mod over_time;
pub(crate) mod reference;
