//! Figures and words of the document as the page writes them for people.

use crate::glossary::figure;

/// Most of the networks that chance would give, in a sentence and in a tile: what is next to nothing needs no exponent.
pub(super) fn by_chance(n: f64) -> [String; 2] {
    let few = match n {
        n if n > 0.0 && n < 0.001 => return ["fewer than 0.001".to_owned(), "< 0.001".to_owned()],
        n if n > 0.0 && n < 0.01 => format!("{n:.4}"),
        n => figure(n),
    };
    [format!("at most {few}"), format!("≤ {few}")]
}
