//! Four elements in one register of AVX2.
//!
//! AVX2 compares only signed numbers. With 2^63 added to both, unsigned numbers compare as signed ones: `shifted` says
//! that this was done.

use std::arch::x86_64::__m256i;
use std::ops::{Add, Mul, Neg, Sub};

use pulp::NullaryFnOnce;
use pulp::x86::V3;
use verifier_core::air::rv32im::Ring;

use super::{Kernel, Lanes, MODULUS, first, first_mut, montgomery};

const WIDTH: usize = 4;
const LOW_HALF: u64 = 0xffff_ffff;
const TOP_BIT: u64 = 1 << 63;

pub(super) fn available() -> Option<V3> {
    V3::try_new()
}

pub(super) fn run<K: Kernel>(simd: V3, kernel: K) -> K::Output {
    struct Work<K>(V3, K);
    impl<K: Kernel> NullaryFnOnce for Work<K> {
        type Output = K::Output;

        #[inline(always)]
        fn call(self) -> K::Output {
            self.1.run::<Avx2>(self.0)
        }
    }
    simd.vectorize(Work(simd, kernel))
}

#[derive(Clone, Copy)]
struct Avx2 {
    simd: V3,
    cells: __m256i,
}

impl Avx2 {
    #[inline(always)]
    fn with(self, cells: __m256i) -> Self {
        Self { simd: self.simd, cells }
    }

    #[inline(always)]
    fn all(self, cell: u64) -> __m256i {
        self.simd.avx._mm256_set1_epi64x(cell.cast_signed())
    }

    #[inline(always)]
    fn shifted(self, cells: __m256i) -> __m256i {
        self.simd.avx2._mm256_xor_si256(cells, self.all(TOP_BIT))
    }

    /// `minuend - subtrahend` modulo p, for numbers below p, both shifted: the difference is not. What it borrows, 2^64, is 2^32 - 1
    /// too much: the low half of the comparison's ones.
    #[inline(always)]
    fn difference(self, minuend: __m256i, subtrahend: __m256i) -> Self {
        let f = self.simd.avx2;
        let borrow = f._mm256_cmpgt_epi64(subtrahend, minuend);
        let difference = f._mm256_sub_epi64(minuend, subtrahend);
        self.with(f._mm256_sub_epi64(difference, f._mm256_srli_epi64::<32>(borrow)))
    }

    /// Montgomery's reduction of `high 2^64 + low`, for `high` below p: since p^-1 = 1 + 2^32 modulo 2^64, the multiple of p to
    /// take away is that of `low (1 + 2^32)`, and its high half is the quotient less what the low half borrows.
    #[inline(always)]
    fn reduced(self, high: __m256i, low: __m256i) -> Self {
        let f = self.simd.avx2;
        let upper = f._mm256_slli_epi64::<32>(low);
        let low_shifted = self.shifted(low);
        let (quotient, quotient_shifted) = (f._mm256_add_epi64(low, upper), f._mm256_add_epi64(low_shifted, upper));
        // All ones, which is -1, where the sum carries.
        let carry = f._mm256_cmpgt_epi64(low_shifted, quotient_shifted);
        let multiple = f._mm256_sub_epi64(quotient_shifted, f._mm256_srli_epi64::<32>(quotient));
        self.difference(self.shifted(high), f._mm256_add_epi64(multiple, carry))
    }
}

impl Lanes for Avx2 {
    type Simd = V3;

    const WIDTH: usize = WIDTH;

    #[inline(always)]
    fn broadcast(simd: V3, cell: u64) -> Self {
        Self { simd, cells: simd.avx._mm256_set1_epi64x(cell.cast_signed()) }
    }

    #[inline(always)]
    fn load(simd: V3, cells: &[u64]) -> Self {
        Self { simd, cells: pulp::cast::<[u64; WIDTH], __m256i>(*first(cells)) }
    }

    #[inline(always)]
    fn gather(simd: V3, mut cell: impl FnMut(usize) -> u64) -> Self {
        Self { simd, cells: pulp::cast::<[u64; WIDTH], __m256i>([cell(0), cell(1), cell(2), cell(3)]) }
    }

    #[inline(always)]
    fn store(self, cells: &mut [u64]) {
        *first_mut(cells) = pulp::cast::<__m256i, [u64; WIDTH]>(self.cells);
    }

    #[inline(always)]
    fn canonical(self) -> Self {
        self.reduced(self.all(0), self.cells)
    }
}

impl Ring for Avx2 {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        self.with(self.all(montgomery(number)))
    }
}

impl Add for Avx2 {
    type Output = Self;

    #[inline(always)]
    #[expect(clippy::suspicious_arithmetic_impl, reason = "the sum is made as a difference")]
    fn add(self, other: Self) -> Self {
        // a + b = a - (p - b).
        let negative = self.simd.avx2._mm256_sub_epi64(self.all(MODULUS ^ TOP_BIT), other.cells);
        self.difference(self.shifted(self.cells), negative)
    }
}

impl Sub for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.difference(self.shifted(self.cells), self.shifted(other.cells))
    }
}

impl Mul for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let f = self.simd.avx2;
        let (a, b) = (self.cells, other.cells);
        let (a_high, b_high) = (f._mm256_srli_epi64::<32>(a), f._mm256_srli_epi64::<32>(b));
        let low_low = f._mm256_mul_epu32(a, b);
        let low_high = f._mm256_mul_epu32(a, b_high);
        let high_low = f._mm256_mul_epu32(a_high, b);
        let high_high = f._mm256_mul_epu32(a_high, b_high);
        let middle = f._mm256_add_epi64(high_low, f._mm256_srli_epi64::<32>(low_low));
        let other_middle = f._mm256_add_epi64(low_high, f._mm256_and_si256(middle, self.all(LOW_HALF)));
        let carried = f._mm256_add_epi64(high_high, f._mm256_srli_epi64::<32>(middle));
        let high = f._mm256_add_epi64(carried, f._mm256_srli_epi64::<32>(other_middle));
        // The odd 32-bit words come from the second.
        let low = f._mm256_blend_epi32::<0b1010_1010>(low_low, f._mm256_slli_epi64::<32>(other_middle));
        self.reduced(high, low)
    }
}

impl Neg for Avx2 {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.difference(self.all(TOP_BIT), self.shifted(self.cells))
    }
}
