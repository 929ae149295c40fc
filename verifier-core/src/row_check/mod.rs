//! Row-check: an archive as Reed-Solomon rows that prove themselves one by one (spec: `docs/spec/row-check.md`).
//!
//! The archive is packed into a matrix over the 64-bit field, each column is extended by a Reed-Solomon code, and an STC
//! tree commits to the extended rows. Only then the challenge is drawn, and the sketch (one element of the cubic extension
//! per row) is published. A row passes if its path leads to the root and its combination under the challenge is the
//! encoded sketch's value. If the sampled rows pass, then, up to the error of the spec, any K rows that pass rebuild one
//! fixed matrix.
//!
//! Not shown by any number of samples: that this matrix holds the content whose SHA-256 the header states (only a whole
//! rebuild shows it), and that the rows can still be had tomorrow.

mod challenge;
mod header;
mod packing;
mod sketch;

use core::fmt;

use winter_math::StarkField;

use crate::ReasonCode;
use crate::field::BaseElement;

pub use challenge::{Challenge, SKETCH_ELEMENT_LEN};
pub use header::{HeaderError, RowCheckHeader, RowCheckShape};
pub use packing::{FRAME_LEN, PACKED_LEN, UnpackError, Unpacker, pack};
pub use sketch::{CheckedRow, EncodedSketch, RowError, Sketch, SketchError, sketch_digest};

/// Length of a field element on the wire.
///
/// # Units
/// Bytes, little-endian.
pub const ELEMENT_LEN: usize = 8;

/// The field's modulus, 2^64 - 2^32 + 1.
pub const MODULUS: u64 = BaseElement::MODULUS;

/// An element of the wire that is not below the modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotCanonical {
    /// Its position among the elements read.
    pub position: usize,
}

impl NotCanonical {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        ReasonCode::CanonicalizationFailed
    }
}

impl fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field element {} is not below the modulus", self.position)
    }
}

impl core::error::Error for NotCanonical {}

/// Refuses a list of elements with one that is not below the modulus. Bytes after the last whole element are not looked
/// at: the caller has checked the length.
fn check_canonical(bytes: &[u8]) -> Result<(), NotCanonical> {
    elements(bytes).position(|element| element >= MODULUS).map_or(Ok(()), |position| Err(NotCanonical { position }))
}

/// The integers of a list of little-endian elements.
fn elements(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<ELEMENT_LEN>().0.iter().map(|chunk| u64::from_le_bytes(*chunk))
}
