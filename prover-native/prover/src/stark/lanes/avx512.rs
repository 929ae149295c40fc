//! Eight elements in one register of AVX-512.

use std::arch::x86_64::__m512i;
use std::ops::{Add, Mul, Neg, Sub};

use pulp::NullaryFnOnce;
use pulp::x86::V4;
use verifier_core::air::rv32im::Ring;

use super::{Kernel, Lanes, MODULUS, first, first_mut, montgomery};

const WIDTH: usize = 8;
const LOW_HALF: u64 = 0xffff_ffff;

pub(super) fn available() -> Option<V4> {
    V4::try_new()
}

pub(super) fn run<K: Kernel>(simd: V4, kernel: K) -> K::Output {
    struct Work<K>(V4, K);
    impl<K: Kernel> NullaryFnOnce for Work<K> {
        type Output = K::Output;

        #[inline(always)]
        fn call(self) -> K::Output {
            self.1.run::<Avx512>(self.0)
        }
    }
    simd.vectorize(Work(simd, kernel))
}

#[derive(Clone, Copy)]
struct Avx512 {
    simd: V4,
    cells: __m512i,
}

impl Avx512 {
    #[inline(always)]
    fn with(self, cells: __m512i) -> Self {
        Self { simd: self.simd, cells }
    }

    #[inline(always)]
    fn all(self, cell: u64) -> __m512i {
        self.simd.avx512f._mm512_set1_epi64(cell.cast_signed())
    }

    /// `minuend - subtrahend` modulo p, for numbers below p.
    #[inline(always)]
    fn difference(self, minuend: __m512i, subtrahend: __m512i) -> Self {
        let f = self.simd.avx512f;
        let borrow = f._mm512_cmplt_epu64_mask(minuend, subtrahend);
        let difference = f._mm512_sub_epi64(minuend, subtrahend);
        self.with(f._mm512_mask_add_epi64(difference, borrow, difference, self.all(MODULUS)))
    }

    /// Montgomery's reduction of `high 2^64 + low`, for `high` below p: since p^-1 = 1 + 2^32 modulo 2^64, the multiple of p to
    /// take away is that of `low (1 + 2^32)`, and its high half is the quotient less what the low half borrows.
    #[inline(always)]
    fn reduced(self, high: __m512i, low: __m512i) -> Self {
        let f = self.simd.avx512f;
        let quotient = f._mm512_add_epi64(low, f._mm512_slli_epi64::<32>(low));
        let carry = f._mm512_cmplt_epu64_mask(quotient, low);
        let multiple = f._mm512_sub_epi64(quotient, f._mm512_srli_epi64::<32>(quotient));
        let multiple = f._mm512_mask_sub_epi64(multiple, carry, multiple, self.all(1));
        self.difference(high, multiple)
    }
}

impl Lanes for Avx512 {
    type Simd = V4;

    const WIDTH: usize = WIDTH;

    #[inline(always)]
    fn broadcast(simd: V4, cell: u64) -> Self {
        Self { simd, cells: simd.avx512f._mm512_set1_epi64(cell.cast_signed()) }
    }

    #[inline(always)]
    fn load(simd: V4, cells: &[u64]) -> Self {
        Self { simd, cells: pulp::cast::<[u64; WIDTH], __m512i>(*first(cells)) }
    }

    #[inline(always)]
    fn gather(simd: V4, mut cell: impl FnMut(usize) -> u64) -> Self {
        let cells = [cell(0), cell(1), cell(2), cell(3), cell(4), cell(5), cell(6), cell(7)];
        Self { simd, cells: pulp::cast::<[u64; WIDTH], __m512i>(cells) }
    }

    #[inline(always)]
    fn store(self, cells: &mut [u64]) {
        *first_mut(cells) = pulp::cast::<__m512i, [u64; WIDTH]>(self.cells);
    }

    #[inline(always)]
    fn canonical(self) -> Self {
        self.reduced(self.all(0), self.cells)
    }
}

impl Ring for Avx512 {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        self.with(self.all(montgomery(number)))
    }
}

impl Add for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // a + b = a - (p - b).
        let negative = self.simd.avx512f._mm512_sub_epi64(self.all(MODULUS), other.cells);
        self.difference(self.cells, negative)
    }
}

impl Sub for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.difference(self.cells, other.cells)
    }
}

impl Mul for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let f = self.simd.avx512f;
        let (a, b) = (self.cells, other.cells);
        let (a_high, b_high) = (f._mm512_srli_epi64::<32>(a), f._mm512_srli_epi64::<32>(b));
        let low_low = f._mm512_mul_epu32(a, b);
        let low_high = f._mm512_mul_epu32(a, b_high);
        let high_low = f._mm512_mul_epu32(a_high, b);
        let high_high = f._mm512_mul_epu32(a_high, b_high);
        let middle = f._mm512_add_epi64(high_low, f._mm512_srli_epi64::<32>(low_low));
        let other_middle = f._mm512_add_epi64(low_high, f._mm512_and_si512(middle, self.all(LOW_HALF)));
        let carried = f._mm512_add_epi64(high_high, f._mm512_srli_epi64::<32>(middle));
        let high = f._mm512_add_epi64(carried, f._mm512_srli_epi64::<32>(other_middle));
        // The odd 32-bit words of the mask come from the second.
        let low = f._mm512_mask_blend_epi32(0xaaaa, low_low, f._mm512_slli_epi64::<32>(other_middle));
        self.reduced(high, low)
    }
}

impl Neg for Avx512 {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        self.difference(self.all(0), self.cells)
    }
}
