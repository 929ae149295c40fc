//! Eight rows at a time: each column of theirs as lanes.

use verifier_core::air::rv32im::Ring;
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::cubic::Cubic;
use super::lanes::{Cells, LANES, Lanes, splat};

/// Eight rows of a strip as eight columns.
#[inline(always)]
pub(in crate::prove) fn transposed<L: Lanes>(proof: L::Proof, rows: &[Cells; LANES]) -> [L; LANES] {
    let mut columns = [L::load(proof, rows[0]); LANES];
    for (lane, column) in columns.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = rows;
        *column = L::load(proof, [a[lane], b[lane], c[lane], d[lane], e[lane], f[lane], g[lane], h[lane]]);
    }
    columns
}

/// The points `start generator^i`, eight at a time.
#[inline(always)]
pub(in crate::prove) fn points<L: Lanes>(
    proof: L::Proof,
    start: BaseElement,
    generator: BaseElement,
    blocks: usize,
) -> Vec<L> {
    let mut first = [0; LANES];
    let mut power = start;
    for cell in &mut first {
        *cell = power.inner();
        power *= generator;
    }
    let mut point = L::load(proof, first);
    let step = splat::<L>(proof, generator.exp(LANES as u64));
    let mut points = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        points.push(point);
        point = point * step;
    }
    points
}

/// Lanes that have inverses.
pub(in crate::prove) trait Invertible<L: Lanes>: Ring {
    /// The inverse of each; zero's is zero.
    fn inverse(self, proof: L::Proof) -> Self;
}

impl<L: Lanes> Invertible<L> for L {
    #[inline(always)]
    fn inverse(self, proof: L::Proof) -> Self {
        L::load(proof, self.store().map(|cell| BaseElement::from_mont(cell).inv().inner()))
    }
}

impl<L: Lanes> Invertible<L> for Cubic<L> {
    #[inline(always)]
    fn inverse(self, proof: L::Proof) -> Self {
        Self::of(proof, self.numbers().map(|number| number.inv()))
    }
}

/// The inverses, by one inversion of the product.
#[inline(always)]
pub(in crate::prove) fn inverses<L: Lanes, N: Invertible<L>>(proof: L::Proof, numbers: &[N]) -> Vec<N> {
    let Some(first) = numbers.first() else { return Vec::new() };
    let mut product = first.number(1);
    let mut inverses = Vec::with_capacity(numbers.len());
    for number in numbers {
        inverses.push(product);
        product = product * *number;
    }
    let mut inverse = product.inverse(proof);
    for (place, number) in inverses.iter_mut().zip(numbers).rev() {
        *place = *place * inverse;
        inverse = inverse * *number;
    }
    inverses
}
