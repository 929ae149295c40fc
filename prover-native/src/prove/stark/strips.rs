//! Columns in memory: strips of eight, row by row, so that a row of a strip is one cache line and one register.

use super::lanes::{Cells, LANES};

/// Columns of one length, eight to a strip. What the last strip has room for beyond them is zero.
pub(in crate::prove) struct Strips {
    strips: Vec<Strip>,
    rows: usize,
}

/// One allocation for each: allocators keep those apart that are gigabytes long.
struct Strip {
    cells: Vec<u64>,
    /// Where cache lines begin.
    start: usize,
}

impl Strips {
    /// Zeros. Memory is taken when it is written to.
    pub(super) fn zeros(columns: usize, rows: usize) -> Self {
        const LINE: usize = size_of::<Cells>();
        let strip = |_| {
            let cells = vec![0; (rows + 1) * LANES];
            let start = cells.as_ptr().align_offset(LINE).min(LANES);
            Strip { cells, start }
        };
        Self { strips: (0..columns.div_ceil(LANES)).map(strip).collect(), rows }
    }

    /// The rows of one strip.
    pub(super) fn strip(&self, strip: usize) -> &[Cells] {
        let Strip { cells, start } = &self.strips[strip];
        &cells[*start..].as_chunks().0[..self.rows]
    }

    /// All strips.
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[Cells]> {
        (0..self.strips.len()).map(|strip| self.strip(strip))
    }

    /// Chunks of `rows` rows, strip by strip, for several threads; `rows` divides the number of rows.
    pub(super) fn chunks_mut(&mut self, rows: usize) -> Vec<&mut [Cells]> {
        let all = self.rows;
        let strips = self.strips.iter_mut().map(|Strip { cells, start }| &mut cells[*start..].as_chunks_mut().0[..all]);
        strips.flat_map(|strip| strip.chunks_exact_mut(rows)).collect()
    }
}
