//! Packed field elements: as many as the processor handles at once.
//!
//! Cells are in Montgomery form, below p, as the field's own type keeps them. Which lanes are used is found out at run time: one
//! binary holds them all, and all of them give the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

use verifier_core::air::rv32im::Ring;
use verifier_core::field::BaseElement;

use scalar::Scalar;

/// p = 2^64 - 2^32 + 1.
pub(super) const MODULUS: u64 = 0xffff_ffff_0000_0001;

/// A packed value: elements that are added, subtracted and multiplied one by one.
pub(crate) trait Lanes: Ring + Send + Sync {
    /// The token that shows that the processor has the instructions.
    type Simd: Copy + Send + Sync;

    /// Elements in one value; a power of two, at most [`STRIP`](super::matrix::STRIP).
    const WIDTH: usize;

    /// The same cell in all lanes.
    fn broadcast(simd: Self::Simd, cell: u64) -> Self;

    /// The first cells of these.
    ///
    /// # Panics
    /// When there are fewer than [`Lanes::WIDTH`].
    fn load(simd: Self::Simd, cells: &[u64]) -> Self;

    /// A cell for each lane.
    fn gather(simd: Self::Simd, cell: impl FnMut(usize) -> u64) -> Self;

    /// Writes the first cells of these.
    ///
    /// # Panics
    /// When there are fewer than [`Lanes::WIDTH`].
    fn store(self, cells: &mut [u64]);

    /// Out of Montgomery form.
    fn canonical(self) -> Self;
}

/// The same element in all lanes.
#[inline(always)]
pub(crate) fn broadcast<L: Lanes>(simd: L::Simd, element: BaseElement) -> L {
    L::broadcast(simd, element.inner())
}

/// Montgomery form of a small constant: c 2^64 = c (2^32 - 1) modulo p, which is below p.
#[inline(always)]
const fn montgomery(constant: u32) -> u64 {
    ((constant as u64) << 32) - constant as u64
}

/// The first cells.
#[inline(always)]
fn first<const N: usize>(cells: &[u64]) -> &[u64; N] {
    cells.first_chunk().expect("as many cells as lanes")
}

/// The first cells, to be written.
#[inline(always)]
fn first_mut<const N: usize>(cells: &mut [u64]) -> &mut [u64; N] {
    cells.first_chunk_mut().expect("as many cells as lanes")
}

/// Work on lanes.
///
/// All that [`Kernel::run`] calls and that handles lanes has to be inlined into it, closures included: a function that is not
/// is compiled for any processor.
pub(crate) trait Kernel {
    /// What comes of it.
    type Output;

    /// Does the work.
    fn run<L: Lanes>(self, simd: L::Simd) -> Self::Output;
}

/// Sets of lanes. Every binary for a family of processors holds all that the family may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneSet {
    /// One element: any processor.
    Scalar,
    /// Two elements: ARM's 128-bit registers.
    Neon,
    /// Four elements: 256-bit registers.
    Avx2,
    /// Eight elements: 512-bit registers.
    Avx512,
}

/// A set of lanes that this processor does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnavailableLanes(pub LaneSet);

/// The set that was chosen, by its place in [`LaneSet::ALL`]; beyond them while none is.
static CHOSEN: AtomicU8 = AtomicU8::new(u8::MAX);

impl LaneSet {
    /// Every set, the wider ones last.
    pub const ALL: [Self; 4] = [Self::Scalar, Self::Neon, Self::Avx2, Self::Avx512];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        let packed = match self {
            Self::Avx2 => avx2::available().is_some(),
            Self::Avx512 => avx512::available().is_some(),
            Self::Scalar | Self::Neon => false,
        };
        #[cfg(target_arch = "aarch64")]
        let packed = self == Self::Neon && neon::available().is_some();
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let packed = false;
        packed || self == Self::Scalar
    }

    /// The set that the prover uses: the widest that the processor has, unless another was asked for.
    pub fn current() -> Self {
        let chosen = usize::from(CHOSEN.load(Ordering::Relaxed));
        let widest = || Self::ALL.into_iter().rev().find(|set| set.is_available()).unwrap_or(Self::Scalar);
        Self::ALL.get(chosen).copied().unwrap_or_else(widest)
    }

    /// Makes every proof of this process from now on use this set, for tests and measurements: proofs are the same with any.
    ///
    /// # Errors
    /// [`UnavailableLanes`] when the processor does not have it.
    pub fn force(self) -> Result<(), UnavailableLanes> {
        if !self.is_available() {
            return Err(UnavailableLanes(self));
        }
        CHOSEN.store(self as u8, Ordering::Relaxed);
        Ok(())
    }
}

impl fmt::Display for LaneSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for UnavailableLanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this processor has no {} lanes", self.0)
    }
}

impl std::error::Error for UnavailableLanes {}

/// Does the work with the set of lanes that is [current](LaneSet::current).
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    run_with(LaneSet::current(), kernel)
}

/// Does the work with one set of lanes; with scalars where the processor does not have it.
fn run_with<K: Kernel>(set: LaneSet, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    match set {
        LaneSet::Avx512 if let Some(simd) = avx512::available() => return avx512::run(simd, kernel),
        LaneSet::Avx2 if let Some(simd) = avx2::available() => return avx2::run(simd, kernel),
        _ => {}
    }
    #[cfg(target_arch = "aarch64")]
    if let (LaneSet::Neon, Some(simd)) = (set, neon::available()) {
        return neon::run(simd, kernel);
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = set;
    kernel.run::<Scalar>(())
}
