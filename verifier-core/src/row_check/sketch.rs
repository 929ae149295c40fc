//! The sketch, its encoding, and the check of a row against it.
//!
//! A row that passes is, up to the error of the spec, a row of the one matrix that the root fixed, provided that enough
//! rows can pass; how many were sampled, and that they were drawn after root and sketch, is the caller's business.

use alloc::vec::Vec;
use core::fmt;

use winter_math::{FieldElement, StarkField, fft};

use super::{Challenge, NotCanonical, RowCheckHeader, RowCheckShape, SKETCH_ELEMENT_LEN, check_canonical, elements};
use crate::field::{BaseElement, Extension};
use crate::stc::{self, MultiOpening, OpeningError, Path};
use crate::{Digest, ReasonCode, Tag};

/// Digest of a sketch's bytes: what a capsule states.
pub fn sketch_digest(bytes: &[u8]) -> Digest {
    Tag::ROW_CHECK_SKETCH.digest(&[bytes])
}

/// A sketch of the right length with canonical elements: one extension element per systematic row.
#[derive(Clone, Debug)]
pub struct Sketch {
    header: RowCheckHeader,
    values: Vec<Extension>,
}

impl Sketch {
    /// Reads a sketch.
    ///
    /// # Shape
    /// 24 * K bytes.
    ///
    /// # Errors
    /// [`SketchError`].
    ///
    /// # Security
    /// Any sketch of that form is read. The caller compares [`sketch_digest`] with the capsule's.
    pub fn parse(header: &RowCheckHeader, bytes: &[u8]) -> Result<Self, SketchError> {
        let expected = header.shape().sketch_len();
        if bytes.len() != expected {
            return Err(SketchError::Length { len: bytes.len(), expected });
        }
        check_canonical(bytes).map_err(SketchError::NotCanonical)?;
        let (values, _) = bytes.as_chunks::<SKETCH_ELEMENT_LEN>();
        Ok(Self { header: *header, values: values.iter().map(read_extension).collect() })
    }

    /// Encodes the sketch as each column of the archive is encoded, and draws the challenge: what rows are checked
    /// against.
    pub fn encode(mut self) -> EncodedSketch {
        let rows = self.values.len();
        let blowup = 1 << self.header.shape().log_blowup();
        let offset = BaseElement::GENERATOR;
        fft::interpolate_poly_with_offset(&mut self.values, &fft::get_inv_twiddles(rows), offset);
        let values = fft::evaluate_poly_with_offset(&self.values, &fft::get_twiddles(rows), offset, blowup);
        EncodedSketch { challenge: Challenge::draw(&self.header), header: self.header, values }
    }
}

fn read_extension(bytes: &[u8; SKETCH_ELEMENT_LEN]) -> Extension {
    let mut limbs = elements(bytes).map(BaseElement::new);
    let mut limb = || limbs.next().unwrap_or(BaseElement::ZERO);
    Extension::new(limb(), limb(), limb())
}

/// The sketch over all n rows, with the challenge: checks rows of one archive.
#[derive(Clone, Debug)]
pub struct EncodedSketch {
    header: RowCheckHeader,
    challenge: Challenge,
    values: Vec<Extension>,
}

impl EncodedSketch {
    /// The header whose rows are checked.
    pub const fn header(&self) -> &RowCheckHeader {
        &self.header
    }

    /// Checks row `index` of the code.
    ///
    /// # Shape
    /// `row` is 8 * W bytes; `path` has log2(n) digests.
    ///
    /// # Errors
    /// [`RowError`]. After a path that holds, [`RowError::NotCanonical`] and [`RowError::Mismatch`] speak against whoever
    /// made the commitment, not against whoever served the row.
    pub fn check_row<'a>(&self, index: u64, row: &'a [u8], path: &Path) -> Result<CheckedRow<'a>, RowError> {
        self.check_len(index, row)?;
        let (root, rows) = (self.header.root(), self.header.shape().extended_rows());
        stc::verify(root, RowCheckShape::ARITY, rows, index, stc::leaf(row), path).map_err(RowError::Opening)?;
        self.check_sketch(index, row)
    }

    /// Checks several rows against one opening; none is good unless all are.
    ///
    /// # Errors
    /// As [`Self::check_row`].
    pub fn check_rows<'a>(
        &self,
        rows: &[(u64, &'a [u8])],
        opening: &MultiOpening,
    ) -> Result<Vec<CheckedRow<'a>>, RowError> {
        rows.iter().try_for_each(|(index, row)| self.check_len(*index, row))?;
        let items: Vec<(u64, Digest)> = rows.iter().map(|(index, row)| (*index, stc::leaf(row))).collect();
        let (root, count) = (self.header.root(), self.header.shape().extended_rows());
        stc::verify_many(root, RowCheckShape::ARITY, count, &items, opening).map_err(RowError::Opening)?;
        rows.iter().map(|(index, row)| self.check_sketch(*index, row)).collect()
    }

    fn check_len(&self, index: u64, row: &[u8]) -> Result<(), RowError> {
        let (len, expected) = (row.len(), self.header.shape().row_len());
        if len == expected { Ok(()) } else { Err(RowError::Length { index, len, expected }) }
    }

    /// Checks that the row, of which length and path hold, combines to the sketch's value.
    fn check_sketch<'a>(&self, index: u64, row: &'a [u8]) -> Result<CheckedRow<'a>, RowError> {
        check_canonical(row).map_err(|inner| RowError::NotCanonical { index, inner })?;
        let value = usize::try_from(index).ok().and_then(|index| self.values.get(index));
        if value == Some(&self.challenge.combine(elements(row))) {
            Ok(CheckedRow { index, bytes: row })
        } else {
            Err(RowError::Mismatch { index })
        }
    }
}

/// A row that passed. Only the check makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedRow<'a> {
    index: u64,
    bytes: &'a [u8],
}

impl<'a> CheckedRow<'a> {
    /// Its index among the n rows of the code.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// Its W elements, 8 little-endian bytes each, all below the modulus.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Why a sketch was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SketchError {
    /// Another length than the header calls for.
    Length {
        /// Bytes there are.
        len: usize,
        /// Bytes there should be.
        expected: usize,
    },
    /// An element that is not canonical.
    NotCanonical(NotCanonical),
}

impl SketchError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Length { .. } => ReasonCode::ChunkLengthInvalid,
            Self::NotCanonical(inner) => inner.code(),
        }
    }
}

impl fmt::Display for SketchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { len, expected } => write!(f, "the sketch has {len} bytes instead of {expected}"),
            Self::NotCanonical(inner) => write!(f, "sketch: {inner}"),
        }
    }
}

impl core::error::Error for SketchError {}

/// Why a row was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RowError {
    /// Another length than the header calls for.
    Length {
        /// The row.
        index: u64,
        /// Bytes there are.
        len: usize,
        /// Bytes there should be.
        expected: usize,
    },
    /// The path does not lead to the root.
    Opening(OpeningError),
    /// An element that is not canonical.
    NotCanonical {
        /// The row.
        index: u64,
        /// The element.
        inner: NotCanonical,
    },
    /// The row does not combine to the sketch's value.
    Mismatch {
        /// The row.
        index: u64,
    },
}

impl RowError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Length { .. } => ReasonCode::ChunkLengthInvalid,
            Self::Opening(inner) => inner.code(),
            Self::NotCanonical { inner, .. } => inner.code(),
            Self::Mismatch { .. } => ReasonCode::RowCheckMismatch,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { index, len, expected } => write!(f, "row {index} has {len} bytes instead of {expected}"),
            Self::Opening(inner) => inner.fmt(f),
            Self::NotCanonical { index, inner } => write!(f, "row {index}: {inner}"),
            Self::Mismatch { index } => write!(f, "row {index} does not match the sketch"),
        }
    }
}

impl core::error::Error for RowError {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use winter_math::polynom;

    use super::*;
    use crate::row_check::RowCheckShape;

    const ROWS: u32 = 8;
    const LOG_BLOWUP: u8 = 2;

    /// Coordinates of the element over the base field.
    fn limbs(element: Extension) -> [BaseElement; 3] {
        [0, 1, 2].map(|i| element.base_element(i))
    }

    fn determinant([a, b, c]: [[BaseElement; 3]; 3]) -> BaseElement {
        a[0] * (b[1] * c[2] - b[2] * c[1]) - b[0] * (a[1] * c[2] - a[2] * c[1]) + c[0] * (a[1] * b[2] - a[2] * b[1])
    }

    /// A vector of the base field that the challenge maps to zero: Cramer's rule for the first three columns, with one in
    /// the fourth.
    fn kernel_vector(challenge: &Challenge) -> Vec<BaseElement> {
        let columns: Vec<[BaseElement; 3]> =
            (0..4).map(|column| limbs(challenge.combine((0..4).map(|other| u64::from(other == column))))).collect();
        let [a, b, c, d] = [columns[0], columns[1], columns[2], columns[3].map(|limb| -limb)];
        let whole = determinant([a, b, c]);
        let solved = [determinant([d, b, c]), determinant([a, d, c]), determinant([a, b, d])];
        solved.into_iter().map(|part| part / whole).chain([BaseElement::ONE]).collect()
    }

    fn row_bytes(row: &[BaseElement]) -> Vec<u8> {
        row.iter().flat_map(|element| element.as_int().to_le_bytes()).collect()
    }

    /// The code word of the all-zero archive, each row shifted by its own multiple of the kernel vector.
    fn forged_rows(shape: &RowCheckShape, kernel: &[BaseElement]) -> Vec<Vec<u8>> {
        let shift = |index: u64| {
            let factor = BaseElement::new(Digest::of_content(&index.to_le_bytes()).as_bytes()[0].into());
            let mut row = vec![BaseElement::ZERO; shape.columns() as usize];
            row.iter_mut().zip(kernel).for_each(|(element, k)| *element = *k * factor);
            row_bytes(&row)
        };
        (0..shape.extended_rows()).map(shift).collect()
    }

    fn passing(sketch: &EncodedSketch, rows: &[Vec<u8>], tree: &stc::Tree) -> usize {
        (0..).zip(rows).filter(|(i, row)| sketch.check_row(*i, row, &tree.open(*i).unwrap()).is_ok()).count()
    }

    /// Degree of column 0 as a polynomial through all n rows: K - 1 at most if the rows are a code word.
    fn degree(rows: &[Vec<u8>]) -> usize {
        let root = BaseElement::get_root_of_unity(rows.len().ilog2());
        let points: Vec<_> = (0..rows.len() as u64).map(|i| BaseElement::GENERATOR * root.exp(i)).collect();
        let values: Vec<_> = rows.iter().map(|row| BaseElement::new(elements(row).next().unwrap())).collect();
        polynom::degree_of(&polynom::interpolate(&points, &values, true))
    }

    #[test]
    fn a_challenge_drawn_before_the_commitment_binds_nothing() {
        let shape = RowCheckShape::new(400, ROWS, LOG_BLOWUP).unwrap();
        let zero_sketch = vec![0; shape.sketch_len()];
        let guess = RowCheckHeader::new(shape, stc::Root::new(Digest::default()), Digest::default());
        let early = Challenge::draw(&guess);

        let rows = forged_rows(&shape, &kernel_vector(&early));
        assert!(degree(&rows) >= ROWS as usize, "no code word, so no archive");
        let tree = stc::Tree::build(RowCheckShape::ARITY, rows.iter().map(|row| stc::leaf(row)).collect());
        let header = RowCheckHeader::new(shape, tree.root(), Digest::default());

        // With the challenge known beforehand, every row passes.
        let mut wrong_order = Sketch::parse(&header, &zero_sketch).unwrap().encode();
        wrong_order.challenge = early;
        assert_eq!(passing(&wrong_order, &rows, &tree), rows.len());

        // With the challenge of the commitment, the sketch of the zero archive passes the rows with a zero factor only.
        let right_order = Sketch::parse(&header, &zero_sketch).unwrap().encode();
        let zeros = rows.iter().filter(|row| row.iter().all(|byte| *byte == 0)).count();
        assert_eq!(passing(&right_order, &rows, &tree), zeros);

        // A sketch fitted to the systematic rows passes these and no others: fewer than (n + K) / 2.
        let challenge = Challenge::draw(&header);
        let systematic = rows.iter().step_by(1 << LOG_BLOWUP);
        let fitted: Vec<u8> = systematic.flat_map(|row| challenge.sketch(elements(row))).collect();
        let fitted = Sketch::parse(&header, &fitted).unwrap().encode();
        assert_eq!(passing(&fitted, &rows, &tree), ROWS as usize);
    }
}
