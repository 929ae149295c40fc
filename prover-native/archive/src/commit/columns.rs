//! Reed-Solomon extension of columns, eight at a time.
//!
//! Eight columns side by side make each butterfly one cache line and each extended row one block of the hash. The spec's
//! domains are shifted by 7; as message and code word are shifted alike, the values are the same without the shift, and
//! it does not appear here.

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use winter_prover::math::fft::{self, fft_inputs::FftInputs};
use winter_prover::math::{FieldElement, StarkField, get_power_series, get_power_series_with_offset};

/// Columns that are transformed together.
pub(super) const LANES: usize = 8;

/// One row of eight columns.
pub(super) type Lanes = [BaseElement; LANES];

/// Eight columns of zeros.
pub(super) fn zero_rows(rows: usize) -> Vec<Lanes> {
    vec![[BaseElement::ZERO; LANES]; rows]
}

/// The transforms of one size.
pub(super) struct Transform {
    size: usize,
    twiddles: Vec<BaseElement>,
    inverse_twiddles: Vec<BaseElement>,
}

impl Transform {
    /// For `size` rows, a power of two from 2 on.
    pub(super) fn new(size: usize) -> Self {
        Self { size, twiddles: fft::get_twiddles(size), inverse_twiddles: fft::get_inv_twiddles(size) }
    }

    /// Values on the subgroup to coefficients times the size.
    pub(super) fn interpolate_unscaled(&self, values: &mut [Lanes]) {
        FftInputs::<BaseElement>::fft_in_place(values, &self.inverse_twiddles);
        FftInputs::<BaseElement>::permute(values);
    }

    /// Coefficients to values on the subgroup.
    pub(super) fn evaluate(&self, coefficients: &mut [Lanes]) {
        FftInputs::<BaseElement>::fft_in_place(coefficients, &self.twiddles);
        FftInputs::<BaseElement>::permute(coefficients);
    }

    /// What [`Self::interpolate_unscaled`] leaves to divide by.
    pub(super) fn scale(&self) -> BaseElement {
        BaseElement::new(self.size as u64).inv()
    }
}

/// Extends columns of K values to n.
pub(super) struct Extension {
    transform: Transform,
    /// For each coset after the first: the k-th power of its shift, divided by K.
    factors: Vec<Vec<BaseElement>>,
}

impl Extension {
    /// For columns of `rows` values, extended by `2^log_blowup`.
    pub(super) fn new(rows: usize, log_blowup: u32) -> Self {
        let transform = Transform::new(rows);
        let shift = BaseElement::get_root_of_unity(rows.ilog2() + log_blowup);
        let factors = (1..1u64 << log_blowup)
            .map(|coset| get_power_series_with_offset(shift.exp(coset), transform.scale(), rows))
            .collect();
        Self { transform, factors }
    }

    /// The cosets of the code word: row i of the code is row `i / cosets` of coset `i % cosets`. Coset 0 is the message.
    pub(super) fn extend(&self, message: Vec<Lanes>) -> Vec<Vec<Lanes>> {
        let mut coefficients = message.clone();
        self.transform.interpolate_unscaled(&mut coefficients);
        let parity = self.factors.iter().map(|factors| {
            let mut coset: Vec<Lanes> =
                coefficients.iter().zip(factors).map(|(row, factor)| row.map(|c| c * *factor)).collect();
            self.transform.evaluate(&mut coset);
            coset
        });
        std::iter::once(message).chain(parity).collect()
    }
}

/// Finds the systematic rows from other rows of the code.
///
/// With Z the polynomial that is zero exactly where rows are missing, f * Z is known on the whole domain (it is zero where
/// f is not known) and of degree below n; dividing by Z on a shifted domain, where Z is nowhere zero, leaves f.
pub(super) struct Recovery {
    whole: Transform,
    message: Transform,
    /// Values of Z on the domain.
    locator: Vec<BaseElement>,
    /// Powers of the shift, divided by n.
    to_shifted: Vec<BaseElement>,
    /// Inverse values of Z on the shifted domain of K points, divided by K.
    inverse_locator: Vec<BaseElement>,
    /// Inverse powers of the shift.
    from_shifted: Vec<BaseElement>,
}

impl Recovery {
    /// For K = `rows` and the positions `missing` among n = `extended_rows`, at most n - K of them.
    pub(super) fn new(rows: usize, extended_rows: usize, missing: &[usize]) -> Self {
        let (whole, message) = (Transform::new(extended_rows), Transform::new(rows));
        let domain = get_power_series(BaseElement::get_root_of_unity(extended_rows.ilog2()), extended_rows);
        let mut coefficients = locator(missing, &domain);
        coefficients.resize(extended_rows, BaseElement::ZERO);

        let shift = BaseElement::GENERATOR;
        let shifted: Vec<BaseElement> = get_power_series(shift, extended_rows);
        let mut on_shifted = fold(coefficients.iter().zip(&shifted).map(|(c, s)| *c * *s), rows);
        fft::serial_fft(&mut on_shifted, &message.twiddles);
        let mut locator = coefficients;
        fft::serial_fft(&mut locator, &whole.twiddles);

        let scaled = |values: Vec<BaseElement>, scale: BaseElement| values.into_iter().map(|v| v * scale).collect();
        Self {
            to_shifted: scaled(shifted, whole.scale()),
            inverse_locator: scaled(winter_prover::math::batch_inversion(&on_shifted), message.scale()),
            from_shifted: get_power_series(shift.inv(), rows),
            whole,
            message,
            locator,
        }
    }

    /// The message from the known values, with anything at the missing positions.
    pub(super) fn recover(&self, mut values: Vec<Lanes>) -> Vec<Lanes> {
        for (row, z) in values.iter_mut().zip(&self.locator) {
            *row = row.map(|value| value * *z);
        }
        self.whole.interpolate_unscaled(&mut values);
        let mut message = zero_rows(self.message.size);
        for (chunk, shifts) in values.chunks(self.message.size).zip(self.to_shifted.chunks(self.message.size)) {
            for ((sum, row), shift) in message.iter_mut().zip(chunk).zip(shifts) {
                sum.iter_mut().zip(row).for_each(|(sum, c)| *sum += *c * *shift);
            }
        }
        self.message.evaluate(&mut message);
        scale_rows(&mut message, &self.inverse_locator);
        self.message.interpolate_unscaled(&mut message);
        scale_rows(&mut message, &self.from_shifted);
        self.message.evaluate(&mut message);
        message
    }
}

fn scale_rows(rows: &mut [Lanes], factors: &[BaseElement]) {
    for (row, factor) in rows.iter_mut().zip(factors) {
        *row = row.map(|value| value * *factor);
    }
}

/// Coefficients modulo x^size - 1: the polynomial's values on the subgroup of that size stay the same.
fn fold(coefficients: impl Iterator<Item = BaseElement>, size: usize) -> Vec<BaseElement> {
    let mut folded = vec![BaseElement::ZERO; size];
    for (i, c) in coefficients.enumerate() {
        folded[i % size] += c;
    }
    folded
}

/// The polynomial with these roots, by a tree of products.
fn locator(roots: &[usize], domain: &[BaseElement]) -> Vec<BaseElement> {
    /// Below this number of roots, multiplying one by one beats transforms.
    const FEW: usize = 64;
    if roots.len() <= FEW {
        let mut product = vec![BaseElement::ONE];
        for root in roots {
            let root = domain[*root];
            product.push(BaseElement::ZERO);
            for i in (0..product.len()).rev() {
                let below = if i == 0 { BaseElement::ZERO } else { product[i - 1] };
                product[i] = below - product[i] * root;
            }
        }
        return product;
    }
    let (left, right) = roots.split_at(roots.len() / 2);
    let (left, right) = rayon::join(|| locator(left, domain), || locator(right, domain));
    multiply(left, right)
}

fn multiply(mut left: Vec<BaseElement>, mut right: Vec<BaseElement>) -> Vec<BaseElement> {
    let len = left.len() + right.len() - 1;
    let transform = Transform::new(len.next_power_of_two());
    left.resize(transform.size, BaseElement::ZERO);
    right.resize(transform.size, BaseElement::ZERO);
    rayon::join(
        || fft::serial_fft(&mut left, &transform.twiddles),
        || fft::serial_fft(&mut right, &transform.twiddles),
    );
    let scale = transform.scale();
    left.par_iter_mut().zip(right).for_each(|(l, r)| *l *= r * scale);
    fft::serial_fft(&mut left, &transform.inverse_twiddles);
    left.truncate(len);
    left
}

#[cfg(test)]
mod tests {
    use winter_prover::math::polynom;

    use super::*;

    #[test]
    fn the_locator_is_zero_at_its_roots_and_nowhere_else() {
        let domain = get_power_series(BaseElement::get_root_of_unity(10), 1024);
        for count in [0, 1, 2, 64, 65, 130, 700] {
            let roots: Vec<usize> = (0..count).map(|i| i * 389 % 1024).collect();
            let polynomial = locator(&roots, &domain);
            assert_eq!(polynomial.len(), count + 1);
            assert_eq!(polynomial[count], BaseElement::ONE);
            for (i, x) in domain.iter().enumerate() {
                assert_eq!(polynom::eval(&polynomial, *x) == BaseElement::ZERO, roots.contains(&i));
            }
        }
    }

    #[test]
    fn an_extended_column_is_a_polynomial_of_low_degree() {
        let message: Vec<Lanes> = (0..16).map(|r| [r * r + 5; LANES].map(BaseElement::new)).collect();
        let cosets = Extension::new(16, 2).extend(message.clone());
        assert_eq!(cosets[0], message);
        let domain: Vec<BaseElement> = get_power_series(BaseElement::get_root_of_unity(6), 64);
        let values: Vec<BaseElement> = (0..64).map(|i| cosets[i % 4][i / 4][3]).collect();
        assert!(polynom::degree_of(&polynom::interpolate(&domain, &values, true)) < 16);
    }
}
