//! Lists of holders: who holds what of one kind in the whole log, and of whom it is known at all.

use std::collections::{BTreeMap, BTreeSet};

/// Objects of one kind: who holds what.
#[derive(Default)]
pub(crate) struct Holdings {
    /// Whether anything of this kind is known of each entity, by its first account. Who lacks the field is not compared:
    /// missing is neither equal nor different.
    pub known: Vec<bool>,
    /// Objects of each entity, by its first account.
    pub of_entity: BTreeMap<u32, Vec<u32>>,
    /// Entities that hold each object.
    pub holders: Vec<Vec<u32>>,
}

impl Holdings {
    pub fn new(known: Vec<bool>, lists: impl IntoIterator<Item = Vec<u32>>) -> Self {
        let mut all = Self { known, ..Self::default() };
        for (object, entities) in (0u32..).zip(lists) {
            for entity in &entities {
                all.of_entity.entry(*entity).or_default().push(object);
            }
            all.holders.push(entities);
        }
        all
    }

    /// Those of a group of whom the kind is known.
    pub fn known_of(&self, group: &[u32]) -> Vec<u32> {
        group.iter().copied().filter(|e| self.known[*e as usize]).collect()
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
