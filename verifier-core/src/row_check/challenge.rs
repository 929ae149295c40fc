//! The challenge: one element of the cubic extension per column, drawn from the whole header.
//!
//! The header contains the root, so the challenge exists only after the rows are committed. A challenge known before the
//! rows are fixed binds nothing: any row can then be changed by a vector that the challenge maps to zero.

use alloc::vec::Vec;

use winter_math::{ExtensionOf, FieldElement};

use super::{MODULUS, RowCheckHeader};
use crate::Tag;
use crate::field::{BaseElement, Extension};

/// Length of an element of the extension on the wire.
///
/// # Units
/// Bytes: three base elements, coefficients of 1, x, x^2.
pub const SKETCH_ELEMENT_LEN: usize = 24;

/// The challenge of one header.
#[derive(Clone, Debug)]
pub struct Challenge(Vec<Extension>);

impl Challenge {
    /// Draws the challenge.
    ///
    /// # Shape
    /// W elements, from the limbs of `digest(header || le64(0))`, `digest(header || le64(1))`, ... under the challenge's
    /// tag: four little-endian limbs per digest, limbs not below the modulus skipped, three limbs per element.
    pub fn draw(header: &RowCheckHeader) -> Self {
        let header_bytes = header.to_bytes();
        // A limb is skipped with probability 2^-32, so the counter ends a step or two after a quarter of the limbs.
        let mut limbs = (0u64..)
            .map(|counter| Tag::ROW_CHECK_CHALLENGE.digest(&[&header_bytes, &counter.to_le_bytes()]))
            .flat_map(|digest| super::elements(digest.as_bytes()).collect::<Vec<u64>>())
            .filter(|limb| *limb < MODULUS)
            .map(BaseElement::new);
        let columns = header.shape().columns();
        Self((0..columns).filter_map(|_| Some(Extension::new(limbs.next()?, limbs.next()?, limbs.next()?))).collect())
    }

    /// The sketch of one row: the sum of its elements, each times the challenge of its column.
    ///
    /// # Shape
    /// W canonical elements in; the wire form of one extension element out.
    pub fn sketch(&self, row: impl Iterator<Item = u64>) -> [u8; SKETCH_ELEMENT_LEN] {
        to_wire(self.combine(row))
    }

    /// As [`Self::sketch`], as an element. The caller has checked the number of elements.
    #[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
    pub(super) fn combine(&self, row: impl Iterator<Item = u64>) -> Extension {
        let products = self.0.iter().zip(row).map(|(xi, element)| xi.mul_base(BaseElement::new(element)));
        products.fold(Extension::ZERO, |sum, product| sum + product)
    }
}

/// The wire form of an extension element.
fn to_wire(element: Extension) -> [u8; SKETCH_ELEMENT_LEN] {
    let mut bytes = [0; SKETCH_ELEMENT_LEN];
    let (limbs, _) = bytes.as_chunks_mut();
    for (place, limb) in limbs.iter_mut().zip(element.to_base_elements()) {
        *place = limb.as_int().to_le_bytes();
    }
    bytes
}
