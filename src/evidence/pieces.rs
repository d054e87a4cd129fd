//! Long lists that grow piece by piece: what one list holds while it grows is up to twice what is in it, and three times as it moves.

use std::ops::Index;

/// Items of a piece.
const PIECE: usize = 1 << 15;

/// A list of items in the order in which they came, none of which is moved as it grows.
#[derive(Debug, Clone)]
pub(crate) struct Pieces<T> {
    /// All but the last are full.
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Pieces<T> {
    pub fn push(&mut self, item: T) {
        match self.pieces.last_mut().filter(|last| last.len() < PIECE) {
            Some(last) => last.push(item),
            None => {
                // A short list takes what it needs.
                let mut piece = Vec::with_capacity(if self.pieces.is_empty() { 0 } else { PIECE });
                piece.push(item);
                self.pieces.push(piece);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.pieces.last().map_or(0, |last| (self.pieces.len() - 1) * PIECE + last.len())
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.pieces.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pieces.iter_mut().flatten()
    }
}

impl<T> Index<usize> for Pieces<T> {
    type Output = T;

    fn index(&self, place: usize) -> &T {
        &self.pieces[place / PIECE][place % PIECE]
    }
}

/// Each piece is let go when its last item is taken.
impl<T> IntoIterator for Pieces<T> {
    type Item = T;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.pieces.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_order_whether_they_are_few_or_many() {
        for n in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let mut pieces = Pieces::default();
            (0..n).for_each(|i| pieces.push(i));
            assert_eq!(pieces.len(), n);
            assert!((0..n).all(|i| pieces[i] == i));
            assert!(pieces.iter().copied().eq(0..n));
            pieces.iter_mut().for_each(|i| *i += 1);
            assert!(pieces.into_iter().eq(1..=n));
        }
    }
}
