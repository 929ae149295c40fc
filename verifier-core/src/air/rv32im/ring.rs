//! What the constraints ask of numbers, which is less than a field: a prover evaluates them on many rows at once.

use core::ops::{Add, Mul, Neg, Sub};

use winter_math::{ExtensionOf, FieldElement};

/// Numbers that add and multiply: elements of a field, or vectors of them.
pub trait Ring: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self> {
    /// The number in the ring that this one belongs to.
    fn number(self, number: u32) -> Self;
}

/// A ring over another one.
pub trait Over<F: Ring>: Ring {
    /// The product with a number of the ring below.
    fn scaled(self, by: F) -> Self;
}

impl<E: FieldElement> Ring for E {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        Self::from(number)
    }
}

impl<F: FieldElement, E: FieldElement + ExtensionOf<F>> Over<F> for E {
    #[inline(always)]
    fn scaled(self, by: F) -> Self {
        <Self as ExtensionOf<F>>::mul_base(self, by)
    }
}
