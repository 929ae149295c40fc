//! Inverses of many elements by one inversion (Montgomery's trick), and the points that they are of.

use verifier_core::air::rv32im::Ring;
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::cubic::Cubic;
use super::lanes::{Lanes, broadcast};
use super::matrix::STRIP;
use crate::Extension;

/// The points `start generator^i`, as many at a time as there are lanes.
#[inline(always)]
pub(crate) fn points<L: Lanes>(simd: L::Simd, start: BaseElement, generator: BaseElement, count: usize) -> Vec<L> {
    let mut power = start;
    let mut point = L::gather(simd, |_| {
        let cell = power.inner();
        power *= generator;
        cell
    });
    let step = broadcast::<L>(simd, generator.exp(L::WIDTH as u64));
    let blocks = count / L::WIDTH;
    let mut points = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        points.push(point);
        point = point * step;
    }
    points
}

/// Lanes that have inverses.
pub(crate) trait Invertible<L: Lanes>: Ring {
    /// The inverse of each; zero's is zero.
    fn inverse(self, simd: L::Simd) -> Self;
}

impl<L: Lanes> Invertible<L> for L {
    #[inline(always)]
    fn inverse(self, simd: L::Simd) -> Self {
        let mut cells = [0; STRIP];
        self.store(&mut cells);
        L::gather(simd, |lane| BaseElement::from_mont(cells[lane]).inv().inner())
    }
}

impl<L: Lanes> Invertible<L> for Cubic<L> {
    #[inline(always)]
    fn inverse(self, simd: L::Simd) -> Self {
        let mut elements = [Extension::ZERO; STRIP];
        self.store(&mut elements);
        for element in &mut elements[..L::WIDTH] {
            *element = element.inv();
        }
        Self::load(simd, &elements)
    }
}

/// The inverses, by one inversion of the product: on the way there, each place takes the product of the elements before
/// it; on the way back, the inverse of the product up to an element is that of the product up to the next one, times
/// that one. Each is to be other than zero.
#[inline(always)]
pub(crate) fn batch_inverse<L: Lanes, N: Invertible<L>>(simd: L::Simd, elements: &[N]) -> Vec<N> {
    let Some(first) = elements.first() else { return Vec::new() };
    let mut product = first.number(1);
    let mut inverses = Vec::with_capacity(elements.len());
    for element in elements {
        inverses.push(product);
        product = product * *element;
    }
    let mut inverse = product.inverse(simd);
    for (place, element) in inverses.iter_mut().zip(elements).rev() {
        *place = *place * inverse;
        inverse = inverse * *element;
    }
    inverses
}
