//! One element: what every processor has.

use std::ops::{Add, Mul, Neg, Sub};

use verifier_core::air::rv32im::Ring;

use super::{Lanes, MODULUS, montgomery};

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Scalar(u64);

/// `minuend - subtrahend` modulo p, for numbers below p. What the difference borrows, 2^64, is 2^32 - 1 too much: a minus one of
/// 32 bits, which is one instruction after a borrow.
#[inline(always)]
const fn difference(minuend: u64, subtrahend: u64) -> u64 {
    let (difference, borrow) = minuend.overflowing_sub(subtrahend);
    difference.wrapping_sub(0u32.wrapping_sub(borrow as u32) as u64)
}

/// Montgomery's reduction of `high 2^64 + low`, for `high` below p: since p^-1 = 1 + 2^32 modulo 2^64, the multiple of p to take
/// away is that of `low (1 + 2^32)`, and its high half is the quotient less what the low half borrows.
#[inline(always)]
const fn reduced(high: u64, low: u64) -> u64 {
    let (quotient, carry) = low.overflowing_add(low << 32);
    difference(high, quotient.wrapping_sub(quotient >> 32).wrapping_sub(carry as u64))
}

impl Lanes for Scalar {
    type Simd = ();

    const WIDTH: usize = 1;

    #[inline(always)]
    fn broadcast((): (), cell: u64) -> Self {
        Self(cell)
    }

    #[inline(always)]
    fn load((): (), cells: &[u64]) -> Self {
        Self(cells[0])
    }

    #[inline(always)]
    fn gather((): (), mut cell: impl FnMut(usize) -> u64) -> Self {
        Self(cell(0))
    }

    #[inline(always)]
    fn store(self, cells: &mut [u64]) {
        cells[0] = self.0;
    }

    #[inline(always)]
    fn canonical(self) -> Self {
        Self(reduced(0, self.0))
    }
}

impl Ring for Scalar {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        Self(montgomery(number))
    }
}

impl Add for Scalar {
    type Output = Self;

    #[inline(always)]
    #[expect(clippy::suspicious_arithmetic_impl, reason = "the sum is made as a difference")]
    fn add(self, other: Self) -> Self {
        // a + b = a - (p - b).
        Self(difference(self.0, MODULUS - other.0))
    }
}

impl Sub for Scalar {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(difference(self.0, other.0))
    }
}

impl Mul for Scalar {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let product = self.0 as u128 * other.0 as u128;
        Self(reduced((product >> 64) as u64, product as u64))
    }
}

impl Neg for Scalar {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(difference(0, self.0))
    }
}
