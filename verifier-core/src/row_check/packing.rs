//! Packing: archive bytes to elements and back, with one spelling.
//!
//! The packed stream is `u64le byte_len || archive || zero bytes` to the end of the matrix; seven bytes make an element,
//! so every element is below 2^56 and the map is injective. Unpacking checks frame, padding and the content's digest.

use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256};

use super::RowCheckHeader;
use crate::{Digest, ReasonCode};

/// Bytes of the packed stream in one element.
pub const PACKED_LEN: usize = 7;

/// Bytes of the length in front of the archive.
pub const FRAME_LEN: usize = 8;

/// The elements of packed bytes. Bytes after the last whole group of seven are not looked at.
pub fn pack(packed: &[u8]) -> impl Iterator<Item = u64> {
    packed.as_chunks::<PACKED_LEN>().0.iter().map(|group| {
        let [a, b, c, d, e, f, g] = *group;
        u64::from_le_bytes([a, b, c, d, e, f, g, 0])
    })
}

/// Turns the K systematic rows, in order, back into the archive.
pub struct Unpacker {
    header: RowCheckHeader,
    position: u64,
    hasher: Sha256,
}

impl Unpacker {
    /// Starts at the first row.
    pub fn new(header: &RowCheckHeader) -> Self {
        Self { header: *header, position: 0, hasher: Sha256::new() }
    }

    /// Takes the next row and appends the archive bytes in it to `out`.
    ///
    /// # Errors
    /// [`UnpackError`].
    pub fn push_row(&mut self, row: impl Iterator<Item = u64>, out: &mut Vec<u8>) -> Result<(), UnpackError> {
        let before = out.len();
        let mut elements: u32 = 0;
        for element in row {
            let [bytes @ .., 0] = element.to_le_bytes() else {
                return Err(UnpackError::ElementTooLarge(element));
            };
            self.push_group(&bytes, out)?;
            elements = elements.saturating_add(1);
        }
        if elements != self.header.shape().columns() {
            return Err(UnpackError::RowLength(elements));
        }
        self.hasher.update(out.get(before..).unwrap_or_default());
        Ok(())
    }

    /// Checks that all rows came and that the content is the header's.
    ///
    /// # Errors
    /// [`UnpackError::RowCount`], [`UnpackError::Content`].
    pub fn finish(self) -> Result<(), UnpackError> {
        let shape = self.header.shape();
        let rows = self.position.checked_div(shape.packed_row_len() as u64).unwrap_or_default();
        if rows != u64::from(shape.rows()) {
            return Err(UnpackError::RowCount(rows));
        }
        let content = Digest::new(self.hasher.finalize().into());
        if content == *self.header.content() { Ok(()) } else { Err(UnpackError::Content(content)) }
    }

    /// Takes the seven bytes of one element. Nearly all groups are archive bytes only; the others go byte by byte.
    fn push_group(&mut self, group: &[u8], out: &mut Vec<u8>) -> Result<(), UnpackError> {
        const FRAME: u64 = FRAME_LEN as u64;
        let byte_len = self.header.shape().byte_len();
        let start = self.position;
        self.position = start.saturating_add(PACKED_LEN as u64);
        if start >= FRAME && self.position <= FRAME.saturating_add(byte_len) {
            out.extend_from_slice(group);
            return Ok(());
        }
        for (byte, position) in group.iter().zip(start..) {
            match position.checked_sub(FRAME) {
                Some(offset) if offset < byte_len => out.push(*byte),
                Some(_) if *byte == 0 => {}
                Some(_) => return Err(UnpackError::Padding(position)),
                None if frame_byte(byte_len, position) == Some(*byte) => {}
                None => return Err(UnpackError::FrameLength),
            }
        }
        Ok(())
    }
}

/// Byte `position` of the frame.
fn frame_byte(byte_len: u64, position: u64) -> Option<u8> {
    byte_len.to_le_bytes().get(usize::try_from(position).ok()?).copied()
}

/// Why systematic rows are no archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnpackError {
    /// An element that seven bytes do not make.
    ElementTooLarge(u64),
    /// A row with another number of elements.
    RowLength(u32),
    /// Another number of rows.
    RowCount(u64),
    /// The length in front of the archive is not the header's.
    FrameLength,
    /// A byte after the archive is not zero, at this position of the packed stream.
    Padding(u64),
    /// The content has this digest, and the header states another.
    Content(Digest),
}

impl UnpackError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::ElementTooLarge(_) | Self::Padding(_) => ReasonCode::CanonicalizationFailed,
            Self::RowLength(_) | Self::RowCount(_) | Self::FrameLength => ReasonCode::ChunkLengthInvalid,
            Self::Content(_) => ReasonCode::ArtifactHashMismatch,
        }
    }
}

impl fmt::Display for UnpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ElementTooLarge(element) => write!(f, "element {element} is more than seven bytes"),
            Self::RowLength(elements) => write!(f, "a row of {elements} elements"),
            Self::RowCount(rows) => write!(f, "{rows} rows"),
            Self::FrameLength => f.write_str("the packed length is not the header's"),
            Self::Padding(position) => write!(f, "byte {position}, after the archive, is not zero"),
            Self::Content(digest) => write!(f, "the content's digest is {digest}, not the header's"),
        }
    }
}

impl core::error::Error for UnpackError {}
