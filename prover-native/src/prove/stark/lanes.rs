//! Eight numbers of the field at once.
//!
//! Cells are kept as Winterfell keeps them, in Montgomery form. On processors with AVX-512 eight are one register; everywhere
//! else they are eight numbers, one after the other. Which it is, is found out at run time.

use std::ops::{Add, Mul, Neg, Sub};

use verifier_core::air::rv32im::Ring;
use verifier_core::field::BaseElement;

/// Numbers that are handled together.
pub(in crate::prove) const LANES: usize = 8;

/// Eight numbers in memory, in Montgomery form.
pub(in crate::prove) type Cells = [u64; LANES];

/// Eight numbers that are added, subtracted and multiplied one by one.
pub(in crate::prove) trait Lanes: Ring + Send + Sync {
    /// What shows that the processor has the instructions.
    type Proof: Copy + Send + Sync;

    /// From memory.
    fn load(proof: Self::Proof, cells: Cells) -> Self;

    /// To memory.
    fn store(self) -> Cells;

    /// The numbers from 0 to p - 1, out of Montgomery form.
    fn canonical(self) -> Cells;
}

/// Eight times the same number.
#[inline(always)]
pub(in crate::prove) fn splat<L: Lanes>(proof: L::Proof, number: BaseElement) -> L {
    L::load(proof, [number.inner(); LANES])
}

/// Work on lanes.
///
/// All that [`Kernel::run`] calls and that handles lanes has to be inlined into it, closures included: a function that is not
/// is compiled for any processor.
pub(in crate::prove) trait Kernel {
    /// What comes of it.
    type Output;

    /// Does the work.
    fn run<L: Lanes>(self, proof: L::Proof) -> Self::Output;
}

/// Does the work with the best lanes that the processor has.
pub(in crate::prove) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = wide::available() {
        return wide::run(simd, kernel);
    }
    kernel.run::<Scalar>(())
}

/// Eight numbers, one after the other.
#[derive(Clone, Copy)]
struct Scalar([BaseElement; LANES]);

impl Lanes for Scalar {
    type Proof = ();

    #[inline(always)]
    fn load((): (), cells: Cells) -> Self {
        Self(cells.map(BaseElement::from_mont))
    }

    #[inline(always)]
    fn store(self) -> Cells {
        self.0.map(|number| number.inner())
    }

    #[inline(always)]
    fn canonical(self) -> Cells {
        self.0.map(|number| number.as_int())
    }
}

impl Ring for Scalar {
    #[inline(always)]
    fn number(self, number: u32) -> Self {
        Self([BaseElement::from(number); LANES])
    }
}

impl Add for Scalar {
    type Output = Self;

    #[inline(always)]
    fn add(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a += b);
        self
    }
}

impl Sub for Scalar {
    type Output = Self;

    #[inline(always)]
    fn sub(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a -= b);
        self
    }
}

impl Mul for Scalar {
    type Output = Self;

    #[inline(always)]
    fn mul(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a *= b);
        self
    }
}

impl Neg for Scalar {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.map(|number| -number))
    }
}

/// Eight numbers in one register of AVX-512.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::__m512i;
    use std::ops::{Add, Mul, Neg, Sub};

    use pulp::NullaryFnOnce;
    use pulp::x86::V4;
    use verifier_core::air::rv32im::Ring;
    use verifier_core::field::BaseElement;
    use winter_prover::math::StarkField;

    use super::{Cells, Kernel, LANES, Lanes};

    const MODULUS: u64 = BaseElement::MODULUS;
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
                self.1.run::<Wide>(self.0)
            }
        }
        simd.vectorize(Work(simd, kernel))
    }

    #[derive(Clone, Copy)]
    struct Wide {
        simd: V4,
        cells: __m512i,
    }

    impl Wide {
        #[inline(always)]
        fn with(self, cells: __m512i) -> Self {
            Self { simd: self.simd, cells }
        }

        #[inline(always)]
        fn all(self, number: u64) -> __m512i {
            self.simd.avx512f._mm512_set1_epi64(number.cast_signed())
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

    impl Lanes for Wide {
        type Proof = V4;

        #[inline(always)]
        fn load(simd: V4, cells: Cells) -> Self {
            Self { simd, cells: pulp::cast::<[u64; LANES], __m512i>(cells) }
        }

        #[inline(always)]
        fn store(self) -> Cells {
            pulp::cast::<__m512i, [u64; LANES]>(self.cells)
        }

        #[inline(always)]
        fn canonical(self) -> Cells {
            self.reduced(self.all(0), self.cells).store()
        }
    }

    impl Ring for Wide {
        #[inline(always)]
        fn number(self, number: u32) -> Self {
            self.with(self.all(BaseElement::new(number as u64).inner()))
        }
    }

    impl Add for Wide {
        type Output = Self;

        #[inline(always)]
        fn add(self, other: Self) -> Self {
            // a + b = a - (p - b).
            let negative = self.simd.avx512f._mm512_sub_epi64(self.all(MODULUS), other.cells);
            self.difference(self.cells, negative)
        }
    }

    impl Sub for Wide {
        type Output = Self;

        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            self.difference(self.cells, other.cells)
        }
    }

    impl Mul for Wide {
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

    impl Neg for Wide {
        type Output = Self;

        #[inline(always)]
        fn neg(self) -> Self {
            self.difference(self.all(0), self.cells)
        }
    }
}
