//! How many samples show how much: the bound of `docs/spec/row-check.md`, exactly, in integers.
//!
//! If fewer than T = (n + K) / 2 positions can be answered, k samples without repetition all pass with probability at most
//! C(T - 1, k) / C(n, k). Rounding is always against the claim.

use crate::row_check::RowCheckShape;

/// The most bits that can be asked for: beyond them lie the hash function and the extension field.
pub const MAX_BITS: u32 = 100;

/// Bits that `samples` distinct positions show: the largest b with C(T - 1, k) / C(n, k) <= 2^-b, at most [`MAX_BITS`].
pub fn bits_of(shape: &RowCheckShape, samples: u32) -> u32 {
    let mut bound = Bound::new(shape);
    (0..samples).for_each(|_| bound.draw());
    bound.bits()
}

/// The fewest samples that show `bits` bits, [`MAX_BITS`] at most.
pub fn samples_for(shape: &RowCheckShape, bits: u32) -> u32 {
    let mut bound = Bound::new(shape);
    let mut samples = 0u32;
    while bound.bits() < bits.min(MAX_BITS) {
        bound.draw();
        samples = samples.saturating_add(1);
    }
    samples
}

/// The probability that all draws so far pass: `mantissa` * 2^-63-`halvings`, rounded up.
struct Bound {
    /// T - 1 and n, less the draws.
    good: u64,
    rows: u64,
    /// From 2^62 (exclusive) to 2^63, or zero.
    mantissa: u64,
    halvings: u32,
}

impl Bound {
    fn new(shape: &RowCheckShape) -> Self {
        let (rows, systematic) = (shape.extended_rows(), u64::from(shape.rows()));
        let threshold = rows.saturating_add(systematic) / 2;
        Self { good: threshold.saturating_sub(1), rows, mantissa: 1 << 63, halvings: 0 }
    }

    fn draw(&mut self) {
        let product = u128::from(self.mantissa).saturating_mul(self.good.into());
        let quotient = product.div_ceil(u128::from(self.rows.max(1)));
        self.mantissa = u64::try_from(quotient).unwrap_or(u64::MAX);
        while self.mantissa != 0 && self.mantissa <= 1 << 62 {
            self.mantissa = self.mantissa.saturating_mul(2);
            self.halvings = self.halvings.saturating_add(1);
        }
        self.good = self.good.saturating_sub(1);
        self.rows = self.rows.saturating_sub(1);
    }

    const fn bits(&self) -> u32 {
        if self.mantissa == 0 || self.halvings > MAX_BITS { MAX_BITS } else { self.halvings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rows: u32, log_blowup: u8) -> RowCheckShape {
        RowCheckShape::new(7 * u64::from(rows) - 8, rows, log_blowup).unwrap()
    }

    #[test]
    fn large_archives_take_the_samples_of_the_table() {
        for (bits, quarter, half) in [(40, 59, 97), (64, 95, 155), (80, 118, 193), (100, 148, 241)] {
            // Without repetition a sample or two fewer may do, never more.
            assert!((quarter - 2..=quarter).contains(&samples_for(&shape(1 << 18, 2), bits)));
            assert!((half - 2..=half).contains(&samples_for(&shape(1 << 18, 1), bits)));
        }
    }

    #[test]
    fn small_archives_by_the_exact_fraction() {
        // K = 2, n = 4, T = 3: C(2, 1) / C(4, 1) = 1/2; C(2, 2) / C(4, 2) = 1/6; three samples cannot all pass.
        let small = shape(2, 1);
        assert_eq!([0, 1, 2, 3, 4].map(|samples| bits_of(&small, samples)), [0, 1, 2, MAX_BITS, MAX_BITS]);
        assert_eq!(samples_for(&small, 3), 3);
        // Never more samples than rows.
        for log in 1..=10 {
            let shape = shape(1 << log, 2);
            assert!(u64::from(samples_for(&shape, MAX_BITS)) <= shape.extended_rows());
        }
    }

    #[test]
    fn rounding_is_against_the_claim() {
        for samples in 1..60u32 {
            // C(T - 1, k) / C(n, k) for K = 64, n = 256, T = 160, with float arithmetic.
            let exact: f64 = (0..samples).map(|i| (159.0 - f64::from(i)) / (256.0 - f64::from(i))).product();
            let bits = bits_of(&shape(64, 2), samples);
            assert!(exact <= 0.5f64.powi(bits as i32) * 1.000_001 && exact > 0.5f64.powi(bits as i32 + 1) * 0.999_999);
        }
    }
}
