//! Null models and tests: how surprising a figure is when nobody coordinates.

pub mod calendar;
pub mod chance;
pub mod group_tests;
pub mod lifecycle;
pub mod timing;
