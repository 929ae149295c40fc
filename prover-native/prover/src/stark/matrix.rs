//! Columns in memory: strips of eight, row by row, so that a row of a strip is one cache line.

use super::lanes::Lanes;

/// Columns to a strip.
pub(crate) const STRIP: usize = 8;

/// A row of a strip: elements in Montgomery form.
pub(crate) type Cells = [u64; STRIP];

/// Columns of one length, eight to a strip. What the last strip has room for beyond them is zero.
pub(crate) struct Matrix {
    strips: Vec<Strip>,
    columns: usize,
    rows: usize,
}

/// One allocation for each: allocators keep those apart that are gigabytes long.
struct Strip {
    cells: Vec<u64>,
    /// Where cache lines begin.
    start: usize,
}

impl Matrix {
    /// Zeros. Memory is taken when it is written to.
    pub(super) fn zeros(columns: usize, rows: usize) -> Self {
        const LINE: usize = size_of::<Cells>();
        let strip = |_| {
            let cells = vec![0; (rows + 1) * STRIP];
            let start = cells.as_ptr().align_offset(LINE).min(STRIP);
            Strip { cells, start }
        };
        Self { strips: (0..columns.div_ceil(STRIP)).map(strip).collect(), columns, rows }
    }

    /// The rows of one strip.
    pub(super) fn strip(&self, strip: usize) -> &[Cells] {
        let Strip { cells, start } = &self.strips[strip];
        &cells[*start..].as_chunks().0[..self.rows]
    }

    /// Columns of all strips.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of the matrix that a strip holds.
    pub(super) fn width(&self, strip: usize) -> usize {
        STRIP.min(self.columns - strip * STRIP)
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

/// The columns of a few rows that follow each other, from the first of `rows` on: a lane for each row.
#[inline(always)]
pub(crate) fn transposed<L: Lanes>(simd: L::Simd, rows: &[Cells]) -> [L; STRIP] {
    let rows = &rows[..L::WIDTH];
    let mut columns = [L::broadcast(simd, 0); STRIP];
    for (column, lanes) in columns.iter_mut().enumerate() {
        *lanes = L::gather(simd, |row| rows[row][column]);
    }
    columns
}
