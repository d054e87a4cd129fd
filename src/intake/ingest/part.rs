//! One of several rows of one call, as it waits for the others.

use crate::intake::event::Origin;
use crate::intake::normalise::Row;
use serde::{Deserialize, Serialize};

/// One of the rows that tell a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Part {
    #[serde(skip)]
    pub key: String,
    pub format: usize,
    pub sequence: i64,
    pub file_id: u32,
    pub line_no: u64,
    /// Column, priority and text of each filled cell.
    pub cells: Vec<(usize, u16, String)>,
}

impl Part {
    pub fn new(key: String, format: usize, origin: Origin, sequence: i64, row: Row<'_>) -> Self {
        let Row { cells, priorities, .. } = row;
        let filled = cells.into_iter().zip(priorities).enumerate();
        let cells =
            filled.filter_map(|(column, (cell, priority))| Some((column, priority, cell?.into_owned()))).collect();
        Self { key, format, sequence, file_id: origin.file_id, line_no: origin.line_no, cells }
    }

    /// Its place among the rows of a call.
    pub fn place(&self) -> (usize, i64) {
        (self.format, self.sequence)
    }

    pub fn origin(&self) -> Origin {
        Origin { file_id: self.file_id, line_no: self.line_no }
    }

    /// What it takes of memory.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.cells.iter().map(|(_, _, text)| text.len()).sum();
        size_of::<Self>() + size_of_val(self.cells.as_slice()) + texts
    }

    /// Whether it stands before another of the same key, wherever the two came from.
    pub fn is_before(&self, other: &Self) -> bool {
        (self.place(), &self.cells) < (other.place(), &other.cells)
    }
}
