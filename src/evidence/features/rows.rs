//! Rows of whole numbers, each column no wider than its widest number: most that is counted is small.

/// `N` numbers a row.
#[derive(Debug)]
pub(super) struct Rows<const N: usize> {
    /// Bytes of each column.
    widths: [u8; N],
    /// Row behind row, of each number the lowest byte first; behind the last row as many bytes as the widest number can have, so
    /// that any can be read at its full width.
    bytes: Box<[u8]>,
}

const WIDEST: usize = size_of::<u64>();

impl<const N: usize> Rows<N> {
    pub fn new(rows: impl Iterator<Item = [u64; N]> + Clone) -> Self {
        let mut used = [0; N];
        let mut count = 0;
        for row in rows.clone() {
            used.iter_mut().zip(row).for_each(|(used, number)| *used |= number);
            count += 1;
        }
        let widths = used.map(|used| WIDEST - used.leading_zeros() as usize / 8);
        let mut bytes = Vec::with_capacity(count * widths.iter().sum::<usize>() + WIDEST);
        for row in rows {
            row.iter().zip(widths).for_each(|(number, width)| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
        }
        bytes.extend([0; WIDEST]);
        Self { widths: widths.map(|width| width as u8), bytes: bytes.into() }
    }

    /// The row at a place below the number of rows.
    pub fn row(&self, place: usize) -> [u64; N] {
        let row = self.widths.iter().map(|width| usize::from(*width)).sum::<usize>();
        let mut rest = &self.bytes[place * row..];
        self.widths.map(|width| {
            let wide = rest.first_chunk().map_or(0, |wide| u64::from_le_bytes(*wide));
            rest = &rest[width.into()..];
            let unused = 8 * (WIDEST as u32 - u32::from(width));
            wide & u64::MAX.checked_shr(unused).unwrap_or(0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_given_back_as_they_were(
            numbers in proptest::collection::vec([any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()], 0..20),
            unused in [0u32..=64, 0u32..=64, 0u32..=64, 0u32..=64],
        ) {
            let narrow = |mut row: [u64; 4]| {
                row.iter_mut().zip(unused).for_each(|(number, bits)| *number = number.checked_shr(bits).unwrap_or(0));
                row
            };
            let all: Vec<[u64; 4]> = numbers.into_iter().map(narrow).collect();
            let rows = Rows::new(all.iter().copied());
            let bytes: u32 = unused.iter().map(|bits| (64 - bits).div_ceil(8)).sum();
            prop_assert!(rows.bytes.len() <= all.len() * bytes as usize + WIDEST);
            for (place, row) in all.iter().enumerate() {
                prop_assert_eq!(rows.row(place), *row);
            }
        }
    }
}
