//! Who holds what, as lists of numbers that can be read from either side.

/// Lists of numbers, one behind the other in one piece of memory: most are short, and there are as many as accounts or
/// objects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    ends: Vec<usize>,
    numbers: Vec<u32>,
}

impl Lists {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The list at a place below [`Lists::len`].
    pub fn of(&self, place: u32) -> &[u32] {
        let place = place as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.numbers[start..self.ends[place]]
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u32]> + Clone {
        (0..self.len() as u32).map(|place| self.of(place))
    }

    /// From numbers, each behind the place of its list, in the order of the places, which are below `lists`.
    pub fn grouped(numbers: &[(u32, u32)], lists: usize) -> Self {
        let ends = (0..lists as u32).map(|place| numbers.partition_point(|(of, _)| *of <= place)).collect();
        Self { ends, numbers: numbers.iter().map(|(_, number)| *number).collect() }
    }

    /// The same seen from the other side: for each number below `numbers` the places of the lists that hold it, rising.
    pub fn inverted(&self, numbers: usize) -> Self {
        Self::inversion(self.iter(), numbers)
    }

    /// As [`Lists::inverted`], of lists that stand elsewhere.
    pub fn inversion<'l>(lists: impl Iterator<Item = &'l [u32]> + Clone, numbers: usize) -> Self {
        let mut starts = vec![0; numbers + 1];
        lists.clone().flatten().for_each(|number| starts[*number as usize + 1] += 1);
        for number in 0..numbers {
            starts[number + 1] += starts[number];
        }
        let mut places = vec![0; starts[numbers]];
        for (place, list) in (0u32..).zip(lists) {
            for number in list {
                let next = &mut starts[*number as usize];
                places[*next] = place;
                *next += 1;
            }
        }
        // Each start has moved to the end of its list.
        starts.pop();
        Self { ends: starts, numbers: places }
    }
}

impl<L: AsRef<[u32]>> FromIterator<L> for Lists {
    fn from_iter<I: IntoIterator<Item = L>>(lists: I) -> Self {
        let mut all = Self::default();
        for list in lists {
            all.numbers.extend_from_slice(list.as_ref());
            all.ends.push(all.numbers.len());
        }
        // They stay as long as the search, and have grown by doubling.
        all.numbers.shrink_to_fit();
        all.ends.shrink_to_fit();
        all
    }
}

/// How many numbers stand in both of two lists (rising).
pub(crate) fn in_both(a: &[u32], b: &[u32]) -> usize {
    a.iter().filter(|one| b.binary_search(one).is_ok()).count()
}

/// How often each number stands in some lists, in order of numbers, all of them below `below`.
pub(crate) fn counted<'a>(lists: impl Iterator<Item = &'a [u32]> + Clone, below: usize) -> Vec<(u32, u64)> {
    /// Numbers are sorted where they are so few that to clear and read a count for each possible one would take longer.
    const SPARSE: usize = 16;
    let all: usize = lists.clone().map(<[u32]>::len).sum();
    if all < below / SPARSE {
        let mut numbers: Vec<u32> = lists.flatten().copied().collect();
        numbers.sort_unstable();
        return numbers.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as u64)).collect();
    }
    let mut counts = vec![0u32; below];
    lists.flatten().for_each(|number| counts[*number as usize] += 1);
    (0u32..).zip(counts).filter(|(_, n)| *n > 0).map(|(number, n)| (number, u64::from(n))).collect()
}

/// Objects of one kind: who holds what in the whole log, and of whom it is known at all. Entities are named by their first
/// account.
#[derive(Default)]
pub(crate) struct Holdings {
    /// Whether anything of this kind is known of each entity. Who lacks the field is not compared: missing is neither equal
    /// nor different.
    pub known: Vec<bool>,
    /// Objects of each entity.
    pub of_entity: Lists,
    /// Entities that hold each object.
    pub holders: Lists,
}

impl Holdings {
    pub fn new(known: Vec<bool>, lists: impl IntoIterator<Item = Vec<u32>>) -> Self {
        let holders: Lists = lists.into_iter().collect();
        Self { of_entity: holders.inverted(known.len()), holders, known }
    }

    /// Those of a group of whom the kind is known.
    pub fn known_of(&self, group: &[u32]) -> Vec<u32> {
        group.iter().copied().filter(|e| self.known[*e as usize]).collect()
    }

    /// Objects that members hold, in their order, and how many members hold each.
    pub fn inside(&self, group: &[u32]) -> Vec<(u32, u64)> {
        counted(group.iter().map(|e| self.of_entity.of(*e)), self.holders.len())
    }

    /// Whether an entity holds one of some objects (rising).
    pub fn holds(&self, entity: u32, wanted: &[u32]) -> bool {
        self.of_entity.of(entity).iter().any(|o| wanted.binary_search(o).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_read_the_same_from_either_side(lists in proptest::collection::vec(proptest::collection::btree_set(0u32..40, 0..9), 0..30)) {
            let lists: Vec<Vec<u32>> = lists.into_iter().map(|l| l.into_iter().collect()).collect();
            let held: Lists = lists.iter().collect();
            prop_assert!(held.iter().eq(lists.iter().map(Vec::as_slice)));
            let inverted = held.inverted(40);
            for number in 0..40 {
                let holders: Vec<u32> = (0u32..).zip(&lists).filter(|(_, l)| l.contains(&number)).map(|(i, _)| i).collect();
                prop_assert_eq!(inverted.of(number), holders);
            }
            let numbers: Vec<(u32, u32)> = (0u32..).zip(&lists).flat_map(|(i, l)| l.iter().map(move |n| (i, *n))).collect();
            prop_assert_eq!(&Lists::grouped(&numbers, lists.len()), &held);
            prop_assert_eq!(inverted.inverted(lists.len()), held);
        }

        #[test]
        fn numbers_are_counted_alike_whether_they_are_few_or_many(lists in proptest::collection::vec(proptest::collection::vec(0u32..40, 0..9), 0..30)) {
            let all = || lists.iter().map(Vec::as_slice);
            let (few, many) = (counted(all(), 1 << 16), counted(all(), 40));
            prop_assert_eq!(&few, &many);
            prop_assert!(few.iter().all(|(number, n)| *n == lists.iter().flatten().filter(|x| *x == number).count() as u64));
            prop_assert_eq!(few.iter().map(|(_, n)| n).sum::<u64>(), lists.iter().flatten().count() as u64);
        }
    }
}
