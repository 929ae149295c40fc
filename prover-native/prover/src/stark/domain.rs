//! The domain of a trace, and the cosets of it that make up the domain that the trace is extended to.

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use winter_prover::math::{FieldElement, StarkField};

use super::matrix::Matrix;
use super::ntt::{Twiddles, evaluate};

/// The trace's domain and the cosets that it is extended to: point i of the extended domain is point i / blowup of coset
/// i mod blowup.
pub(crate) struct Domain {
    pub(crate) length: usize,
    pub(crate) blowup: usize,
    pub(crate) inverse: Twiddles,
    pub(crate) cosets: Vec<Coset>,
}

/// The points `shift g^j`, g the generator of the trace's domain.
pub(crate) struct Coset {
    pub(crate) shift: BaseElement,
    pub(super) twiddles: Twiddles,
}

impl Domain {
    /// For `length` rows, extended `blowup` times; both are powers of two.
    pub(crate) fn new(length: usize, blowup: usize) -> Self {
        let root = BaseElement::get_root_of_unity((length * blowup).ilog2());
        let cosets = (0..blowup as u64).into_par_iter().map(|coset| {
            let shift = BaseElement::GENERATOR * root.exp(coset);
            Coset { shift, twiddles: Twiddles::forward(length, shift) }
        });
        Self { length, blowup, inverse: Twiddles::inverse(length, BaseElement::ONE), cosets: cosets.collect() }
    }

    /// The generator of the trace's domain.
    pub(crate) fn generator(&self) -> BaseElement {
        BaseElement::get_root_of_unity(self.length.ilog2())
    }

    /// Evaluates columns of coefficients on every coset, one coset after the other.
    pub(crate) fn extend(&self, coefficients: &Matrix) -> Matrix {
        let mut values = Matrix::zeros(coefficients.columns(), self.length * self.blowup);
        values.chunks_mut(self.length).into_par_iter().enumerate().for_each(|(chunk, values)| {
            let (strip, coset) = (chunk / self.blowup, chunk % self.blowup);
            let width = coefficients.width(strip);
            evaluate(&self.cosets[coset].twiddles, width, coefficients.strip(strip), values);
        });
        values
    }
}
