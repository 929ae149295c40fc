//! Eight numbers of the cubic extension at once.

use std::array;
use std::ops::{Add, Mul, Neg, Sub};

use verifier_core::air::rv32im::{Over, Ring};
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::lanes::{LANES, Lanes, splat};
use crate::prove::Extension;

/// a + b x + c x^2, with x^3 = x + 1.
#[derive(Clone, Copy)]
pub(in crate::prove) struct Cubic<L>(pub(in crate::prove) [L; 3]);

impl<L: Lanes> Cubic<L> {
    /// Eight times the same number.
    #[inline(always)]
    pub(in crate::prove) fn splat(proof: L::Proof, number: Extension) -> Self {
        let [a, b, c] = number.to_base_elements();
        Self([splat(proof, a), splat(proof, b), splat(proof, c)])
    }

    #[inline(always)]
    pub(in crate::prove) fn zero(proof: L::Proof) -> Self {
        Self::splat(proof, Extension::ZERO)
    }

    /// The eight numbers.
    #[inline(always)]
    pub(in crate::prove) fn numbers(self) -> [Extension; LANES] {
        let [a, b, c] = [self.0[0].store(), self.0[1].store(), self.0[2].store()];
        array::from_fn(|lane| {
            Extension::new(
                BaseElement::from_mont(a[lane]),
                BaseElement::from_mont(b[lane]),
                BaseElement::from_mont(c[lane]),
            )
        })
    }

    /// From eight numbers.
    #[inline(always)]
    pub(in crate::prove) fn of(proof: L::Proof, numbers: [Extension; LANES]) -> Self {
        let numbers = numbers.map(Extension::to_base_elements);
        Self([
            L::load(proof, numbers.map(|[a, ..]| a.inner())),
            L::load(proof, numbers.map(|[_, b, _]| b.inner())),
            L::load(proof, numbers.map(|[.., c]| c.inner())),
        ])
    }
}

impl<L: Lanes> Add for Cubic<L> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Self([a + d, b + e, c + f])
    }
}

impl<L: Lanes> Sub for Cubic<L> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let ([a, b, c], [d, e, f]) = (self.0, other.0);
        Self([a - d, b - e, c - f])
    }
}

impl<L: Lanes> Mul for Cubic<L> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let ([a0, a1, a2], [b0, b1, b2]) = (self.0, other.0);
        let (p00, p11, p22) = (a0 * b0, a1 * b1, a2 * b2);
        let s01 = (a0 + a1) * (b0 + b1);
        let s02 = (a0 + a2) * (b0 + b2);
        let s12 = (a1 + a2) * (b1 + b2);
        let difference = p00 - p11;
        Self([s12 + difference - p22, s01 + s12 - p11 - p11 - p00, s02 - difference])
    }
}

impl<L: Lanes> Neg for Cubic<L> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        let [a, b, c] = self.0;
        Self([-a, -b, -c])
    }
}

impl<L: Lanes> Ring for Cubic<L> {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        let number = self.0[0].number(number);
        let zero = number.number(0);
        Self([number, zero, zero])
    }
}

impl<L: Lanes> Over<L> for Cubic<L> {
    #[inline(always)]
    fn scaled(self, by: L) -> Self {
        let [a, b, c] = self.0;
        Self([a * by, b * by, c * by])
    }
}
