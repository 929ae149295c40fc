//! The extended rows in a file, so that a provider answers for any of them without encoding again.
//!
//! # Shape
//! n rows of 8 * W bytes, in order, nothing else.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use verifier_core::row_check::{ELEMENT_LEN, RowCheckShape};

/// A file of extended rows.
pub struct RowStore {
    file: File,
    row_len: usize,
    rows: u64,
}

impl RowStore {
    /// Uses `file`, opened for reading and writing, for the rows of a shape. What the file holds is not looked at: rows are
    /// checked by whoever receives them.
    pub fn new(file: File, shape: &RowCheckShape) -> Self {
        Self { file, row_len: shape.row_len(), rows: shape.extended_rows() }
    }

    /// Reads row `index`.
    ///
    /// # Errors
    /// Any of the file's; `InvalidInput` for a row that the code does not have.
    pub fn row(&mut self, index: u64) -> io::Result<Vec<u8>> {
        if index >= self.rows {
            let message = format!("row {index} is not among {} rows", self.rows);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut row = vec![0; self.row_len];
        self.file.seek(SeekFrom::Start(index * self.row_len as u64))?;
        self.file.read_exact(&mut row)?;
        Ok(row)
    }

    /// Writes columns `first..` of all rows; `pieces` holds `piece_len` bytes of each row.
    pub(super) fn write_columns(&mut self, first: usize, pieces: &[u8], piece_len: usize) -> io::Result<()> {
        if piece_len == self.row_len {
            self.file.seek(SeekFrom::Start(0))?;
            return self.file.write_all(pieces);
        }
        let offset = (first * ELEMENT_LEN) as u64;
        for (row, piece) in (0u64..).zip(pieces.chunks(piece_len)) {
            self.file.seek(SeekFrom::Start(row * self.row_len as u64 + offset))?;
            self.file.write_all(piece)?;
        }
        Ok(())
    }
}
