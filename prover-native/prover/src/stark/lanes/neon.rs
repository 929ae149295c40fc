//! Two elements in one register of NEON.

use std::arch::aarch64::uint64x2_t;
use std::ops::{Add, Mul, Neg, Sub};

use pulp::NullaryFnOnce;
use pulp::aarch64::Neon;
use verifier_core::air::rv32im::Ring;

use super::{Kernel, Lanes, MODULUS, first, first_mut, montgomery};

const WIDTH: usize = 2;
const LOW_HALF: u64 = 0xffff_ffff;

pub(super) fn available() -> Option<Neon> {
    Neon::try_new()
}

pub(super) fn run<K: Kernel>(simd: Neon, kernel: K) -> K::Output {
    struct Work<K>(Neon, K);
    impl<K: Kernel> NullaryFnOnce for Work<K> {
        type Output = K::Output;

        #[inline(always)]
        fn call(self) -> K::Output {
            self.1.run::<Packed>(self.0)
        }
    }
    simd.vectorize(Work(simd, kernel))
}

#[derive(Clone, Copy)]
struct Packed {
    simd: Neon,
    cells: uint64x2_t,
}

impl Packed {
    #[inline(always)]
    fn with(self, cells: uint64x2_t) -> Self {
        Self { simd: self.simd, cells }
    }

    #[inline(always)]
    fn all(self, cell: u64) -> uint64x2_t {
        self.simd.neon.vdupq_n_u64(cell)
    }

    /// `minuend - subtrahend` modulo p, for numbers below p. What it borrows, 2^64, is 2^32 - 1 too much: the low half of the
    /// comparison's ones.
    #[inline(always)]
    fn difference(self, minuend: uint64x2_t, subtrahend: uint64x2_t) -> Self {
        let f = self.simd.neon;
        let borrow = f.vcgtq_u64(subtrahend, minuend);
        self.with(f.vsubq_u64(f.vsubq_u64(minuend, subtrahend), f.vshrq_n_u64::<32>(borrow)))
    }

    /// Montgomery's reduction of `high 2^64 + low`, for `high` below p: since p^-1 = 1 + 2^32 modulo 2^64, the multiple of p to
    /// take away is that of `low (1 + 2^32)`, and its high half is the quotient less what the low half borrows.
    #[inline(always)]
    fn reduced(self, high: uint64x2_t, low: uint64x2_t) -> Self {
        let f = self.simd.neon;
        let quotient = f.vaddq_u64(low, f.vshlq_n_u64::<32>(low));
        // All ones, which is -1, where the sum carries.
        let carry = f.vcgtq_u64(low, quotient);
        let multiple = f.vsubq_u64(quotient, f.vshrq_n_u64::<32>(quotient));
        self.difference(high, f.vaddq_u64(multiple, carry))
    }
}

impl Lanes for Packed {
    type Simd = Neon;

    const WIDTH: usize = WIDTH;

    #[inline(always)]
    fn broadcast(simd: Neon, cell: u64) -> Self {
        Self { simd, cells: simd.neon.vdupq_n_u64(cell) }
    }

    #[inline(always)]
    fn load(simd: Neon, cells: &[u64]) -> Self {
        Self { simd, cells: pulp::cast::<[u64; WIDTH], uint64x2_t>(*first(cells)) }
    }

    #[inline(always)]
    fn gather(simd: Neon, mut cell: impl FnMut(usize) -> u64) -> Self {
        Self { simd, cells: pulp::cast::<[u64; WIDTH], uint64x2_t>([cell(0), cell(1)]) }
    }

    #[inline(always)]
    fn store(self, cells: &mut [u64]) {
        *first_mut(cells) = pulp::cast::<uint64x2_t, [u64; WIDTH]>(self.cells);
    }

    #[inline(always)]
    fn canonical(self) -> Self {
        self.reduced(self.all(0), self.cells)
    }
}

impl Ring for Packed {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        self.with(self.all(montgomery(number)))
    }
}

impl Add for Packed {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // a + b = a - (p - b).
        self.difference(self.cells, self.simd.neon.vsubq_u64(self.all(MODULUS), other.cells))
    }
}

impl Sub for Packed {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.difference(self.cells, other.cells)
    }
}

impl Mul for Packed {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let f = self.simd.neon;
        let (a_low, a_high) = (f.vmovn_u64(self.cells), f.vshrn_n_u64::<32>(self.cells));
        let (b_low, b_high) = (f.vmovn_u64(other.cells), f.vshrn_n_u64::<32>(other.cells));
        let low_low = f.vmull_u32(a_low, b_low);
        // Neither sum leaves 64 bits: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
        let middle = f.vmlal_u32(f.vshrq_n_u64::<32>(low_low), a_high, b_low);
        let other_middle = f.vmlal_u32(f.vandq_u64(middle, self.all(LOW_HALF)), a_low, b_high);
        let carried = f.vmlal_u32(f.vshrq_n_u64::<32>(middle), a_high, b_high);
        let high = f.vsraq_n_u64::<32>(carried, other_middle);
        // The second's low half, above the first's.
        let low = f.vsliq_n_u64::<32>(low_low, other_middle);
        self.reduced(high, low)
    }
}

impl Neg for Packed {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.difference(self.all(0), self.cells)
    }
}
