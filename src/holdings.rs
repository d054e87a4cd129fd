//! Columns of values and lists of holders: what the whole log has in one respect, for a group to be compared with.

use crate::group_tests::Line;
use std::collections::{BTreeMap, BTreeSet};

/// A value of each account, where it has one.
pub(crate) struct Column {
    pub value: Vec<Option<f64>>,
    pub line: Line,
}

impl Column {
    pub fn new(value: Vec<Option<f64>>) -> Self {
        Self { line: Line::new(value.iter().flatten().copied().collect()), value }
    }
}

/// Objects of one kind: who holds what.
#[derive(Default)]
pub(crate) struct Holdings {
    /// Objects of each entity, by its first account.
    pub of_entity: BTreeMap<u32, Vec<u32>>,
    /// Entities that hold each object.
    pub holders: Vec<Vec<u32>>,
    /// How many objects have each popularity.
    pub histogram: Vec<(u64, u64)>,
}

impl Holdings {
    pub fn new(lists: impl Iterator<Item = Vec<u32>>) -> Self {
        let mut all = Self::default();
        let mut histogram: BTreeMap<u64, u64> = BTreeMap::new();
        for (object, entities) in (0u32..).zip(lists) {
            *histogram.entry(entities.len() as u64).or_default() += 1;
            for entity in &entities {
                all.of_entity.entry(*entity).or_default().push(object);
            }
            all.holders.push(entities);
        }
        all.histogram = histogram.into_iter().collect();
        all
    }

    pub fn popularity(&self, object: u32) -> u64 {
        self.holders[object as usize].len() as u64
    }

    /// Members that hold each object, in order of objects.
    pub fn inside(&self, group: &[u32]) -> BTreeMap<u32, u64> {
        let mut inside = BTreeMap::new();
        for object in group.iter().filter_map(|e| self.of_entity.get(e)).flatten() {
            *inside.entry(*object).or_default() += 1;
        }
        inside
    }

    pub fn holds(&self, entity: u32, wanted: &BTreeSet<u32>) -> bool {
        self.of_entity.get(&entity).is_some_and(|o| o.iter().any(|o| wanted.contains(o)))
    }
}
