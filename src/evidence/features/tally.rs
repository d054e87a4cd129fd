//! Values of one kind that an account used, with what is known of each: a sorted list, since most accounts use one or two.

use super::names::Names;
use std::borrow::Borrow;
use std::sync::Arc;

/// What is known of a value, and grows when the value is met again. Adding has to be associative and commutative.
pub trait Known: Copy {
    /// Takes in what another part of the log knows.
    fn absorb(&mut self, other: Self);
}

/// Places of the unsorted tail that are looked through for a value.
const NEAR: usize = 8;

/// 64 bits, of a hash or a sum, which ask for room at every fourth byte only: with a count they take twelve bytes and not sixteen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Halves([u32; 2]);

impl From<u64> for Halves {
    fn from(whole: u64) -> Self {
        Self([(whole >> 32) as u32, whole as u32])
    }
}

impl Halves {
    pub fn higher(self) -> u32 {
        self.0[0]
    }
}

impl From<&Self> for Halves {
    fn from(halves: &Self) -> Self {
        *halves
    }
}

impl From<Halves> for u64 {
    fn from(Halves([high, low]): Halves) -> Self {
        Self::from(high) << 32 | Self::from(low)
    }
}

/// Values with what is known of each, in rising order once settled. A search tree takes half a kilobyte for its first value,
/// and there are several of these for each account; a list grows by what it holds. New values wait at its end until they
/// are half of it, so that a long list is not moved for each.
#[derive(Debug, Clone)]
pub struct Tally<K, V> {
    entries: Vec<(K, V)>,
    settled: usize,
}

impl<K, V> Default for Tally<K, V> {
    fn default() -> Self {
        Self { entries: Vec::new(), settled: 0 }
    }
}

impl<K: Ord, V: Known> Tally<K, V> {
    /// Adds to what is known of a value. Of more than `most` values the least are kept, and what is known of those is exact in
    /// any order of adding.
    pub(super) fn add<'q, Q: Ord + ?Sized>(&mut self, key: &'q Q, known: V, most: usize)
    where
        K: Borrow<Q> + From<&'q Q>,
    {
        match self.place(key) {
            Some(place) => self.entries[place].1.absorb(known),
            None => self.append(key.into(), known, most),
        }
    }

    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let (settled, tail) = self.entries.split_at(self.settled);
        let found = settled.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok();
        found.or_else(|| Some(self.settled + tail.iter().take(NEAR).position(|(k, _)| k.borrow() == key)?))
    }

    fn append(&mut self, key: K, known: V, most: usize) {
        if self.entries.is_empty() {
            // Most stay alone, and a list that grows by itself begins with room for four.
            self.entries.reserve_exact(1);
        }
        self.entries.push((key, known));
        if self.entries.len() - self.settled > NEAR + self.settled / 2 {
            self.settle(most);
        }
    }

    /// Sorts, adds up, and keeps the least `most`.
    pub(super) fn settle(&mut self, most: usize) {
        self.entries.sort_by(|a, b| a.0.cmp(&b.0));
        self.entries.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                first.1.absorb(later.1);
            }
            same
        });
        self.entries.truncate(most);
        self.settled = self.entries.len();
    }

    /// Settles for good: gives back what was kept for more.
    pub(super) fn close(&mut self, most: usize) {
        self.settle(most);
        self.entries.shrink_to_fit();
    }

    /// From values in any order, of which the least `most` are kept.
    pub fn of(entries: Vec<(K, V)>, most: usize) -> Self {
        let mut tally = Self { entries, settled: 0 };
        tally.settle(most);
        tally
    }

    pub(super) fn merge(&mut self, other: Self, most: usize) {
        if self.entries.is_empty() {
            self.entries = other.entries;
        } else {
            self.entries.extend(other.entries);
        }
        self.settle(most);
    }

    /// What is known of a value. Complete once settled.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.place(key).map(|place| &self.entries[place].1)
    }
}

impl<V: Known> Tally<Arc<str>, V> {
    /// Keeps the words that others keep too.
    pub(super) fn share(&mut self, names: &mut Names) {
        self.entries.iter_mut().for_each(|(name, _)| *name = names.keep(name));
    }

    /// [`Self::add`] of a word that others may keep too: mostly it is one of the first here, and no letter of it is looked at.
    pub(super) fn add_shared(&mut self, key: Arc<str>, known: V, most: usize) {
        let same = self.entries.iter().take(NEAR).position(|(k, _)| Arc::ptr_eq(k, &key));
        match same.or_else(|| self.place(&*key)) {
            Some(place) => self.entries[place].1.absorb(known),
            None => self.append(key, known, most),
        }
    }
}

impl<K, V> Tally<K, V> {
    /// In rising order.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.entries.iter()
    }

    /// The values in rising order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// What is known of each value, in their order.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.iter().map(|(_, known)| known)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a, K, V> IntoIterator for &'a Tally<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    impl Known for u64 {
        fn absorb(&mut self, other: Self) {
            *self += other;
        }
    }

    proptest! {
        #[test]
        fn the_least_values_are_counted_exactly_in_any_order(keys in proptest::collection::vec(0u16..60, 0..400), split in 0usize..400) {
            const MOST: usize = 20;
            let mut expected: BTreeMap<Halves, u64> = BTreeMap::new();
            let keys: Vec<Halves> = keys.into_iter().map(|key| u64::from(key).into()).collect();
            keys.iter().for_each(|k| *expected.entry(*k).or_default() += 1);
            let (mut a, mut b) = (Tally::default(), Tally::default());
            for (i, key) in keys.iter().enumerate() {
                if i < split { &mut a } else { &mut b }.add(key, 1u64, MOST);
            }
            b.merge(a, MOST);
            b.settle(MOST);
            let expected: Vec<(Halves, u64)> = expected.into_iter().take(MOST).collect();
            prop_assert_eq!(b.iter().copied().collect::<Vec<_>>(), expected);
        }
    }
}
