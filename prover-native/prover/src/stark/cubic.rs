//! Packed elements of the cubic extension.

use std::ops::{Add, Mul, Neg, Sub};

use verifier_core::air::rv32im::{Over, Ring};
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::lanes::{Lanes, broadcast};
use super::matrix::STRIP;
use crate::Extension;

/// a + b x + c x^2, with x^3 = x + 1.
#[derive(Clone, Copy)]
pub(crate) struct Cubic<L>(pub(crate) [L; DEGREE]);

/// Coefficients of an element.
pub(crate) const DEGREE: usize = 3;

impl<L: Lanes> Cubic<L> {
    /// The same element in all lanes.
    #[inline(always)]
    pub(crate) fn broadcast(simd: L::Simd, element: Extension) -> Self {
        let [a, b, c] = element.to_base_elements();
        Self([broadcast(simd, a), broadcast(simd, b), broadcast(simd, c)])
    }

    #[inline(always)]
    pub(crate) fn zero(simd: L::Simd) -> Self {
        Self([L::broadcast(simd, 0); DEGREE])
    }

    /// The first of these elements.
    #[inline(always)]
    pub(crate) fn load(simd: L::Simd, elements: &[Extension]) -> Self {
        let elements = &elements[..L::WIDTH];
        Self([
            L::gather(simd, |lane| elements[lane].to_base_elements()[0].inner()),
            L::gather(simd, |lane| elements[lane].to_base_elements()[1].inner()),
            L::gather(simd, |lane| elements[lane].to_base_elements()[2].inner()),
        ])
    }

    /// Writes the first of these elements.
    #[inline(always)]
    pub(crate) fn store(self, elements: &mut [Extension]) {
        let [mut a, mut b, mut c] = [[0; STRIP]; DEGREE];
        self.0[0].store(&mut a);
        self.0[1].store(&mut b);
        self.0[2].store(&mut c);
        for (lane, element) in elements[..L::WIDTH].iter_mut().enumerate() {
            let [a, b, c] = [a[lane], b[lane], c[lane]].map(BaseElement::from_mont);
            *element = Extension::new(a, b, c);
        }
    }

    /// The sum over the lanes.
    #[inline(always)]
    pub(crate) fn total(self) -> Extension {
        let mut elements = [Extension::ZERO; STRIP];
        self.store(&mut elements);
        elements[..L::WIDTH].iter().fold(Extension::ZERO, |total, element| total + *element)
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
