//! Values out of the domain, and the polynomial whose low degree shows that they are right.
//!
//! With P the sum of all columns, each times its coefficient, and z the point drawn: (P - P(z)) / (x - z) +
//! (P - P(g z)) / (x - g z).

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::committed::{Committed, Domain};
use super::cubic::Cubic;
use super::lanes::{Cells, Kernel, LANES, Lanes, run, splat};
use super::strips::Strips;
use super::tile::{inverses, points, transposed};
use crate::prove::Extension;

/// Rows that are handled together.
const CHUNK: usize = 1 << 10;

/// Coefficients of the extension field's elements.
const DEGREE: usize = 3;

/// Powers of a point, in the order of coefficients; by the elements' coefficients.
struct Powers([Vec<u64>; DEGREE]);

impl Powers {
    fn of(point: Extension, length: usize) -> Self {
        let mut powers = vec![Extension::ONE; length];
        let mut squares: Vec<Extension> = vec![point];
        squares.extend((1..length.ilog2()).scan(point, |square, _| {
            *square = square.square();
            Some(*square)
        }));
        // The higher a bit of the place, the lower the bit of the power.
        for (bit, square) in squares.iter().rev().enumerate() {
            let (low, high) = powers.split_at_mut(1 << bit);
            high.iter_mut().zip(low).for_each(|(high, low)| *high = *low * *square);
        }
        let part = |part: usize| powers.iter().map(|power| power.to_base_elements()[part].inner()).collect();
        Self([part(0), part(1), part(2)])
    }
}

/// Values of all columns at two points: of the base field's columns, and of those of the extension field.
pub(super) struct Evaluator {
    powers: [Powers; 2],
}

impl Evaluator {
    pub(super) fn new(points: [Extension; 2], length: usize) -> Self {
        let [first, second] = points;
        let (first, second) = rayon::join(|| Powers::of(first, length), || Powers::of(second, length));
        Self { powers: [first, second] }
    }

    /// The values of columns over the base field.
    pub(super) fn base_columns(&self, committed: &Committed) -> [Vec<Extension>; 2] {
        let sums: Vec<[[Extension; LANES]; 2]> = committed
            .coefficients()
            .iter()
            .map(|strip| {
                let chunks = strip.par_chunks(CHUNK).enumerate();
                let parts = chunks.map(|(chunk, rows)| run(Dot { rows, powers: &self.powers, first: chunk * CHUNK }));
                parts.reduce(|| [[Extension::ZERO; LANES]; 2], |a, b| [0, 1].map(|point| sum(a[point], b[point])))
            })
            .collect();
        [0, 1].map(|point| sums.iter().flat_map(|strip| strip[point]).take(committed.columns()).collect())
    }

    /// The values of columns over the extension field.
    pub(super) fn columns(&self, committed: &Committed) -> [Vec<Extension>; 2] {
        let units = units();
        self.base_columns(committed).map(|values| {
            let (elements, _) = values.as_chunks::<DEGREE>();
            elements.iter().map(|[a, b, c]| *a * units[0] + *b * units[1] + *c * units[2]).collect()
        })
    }
}

/// 1, x and x^2.
fn units() -> [Extension; DEGREE] {
    let (zero, one) = (BaseElement::ZERO, BaseElement::ONE);
    [Extension::new(one, zero, zero), Extension::new(zero, one, zero), Extension::new(zero, zero, one)]
}

fn sum(mut a: [Extension; LANES], b: [Extension; LANES]) -> [Extension; LANES] {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

/// Coefficients times powers of both points.
struct Dot<'a> {
    rows: &'a [Cells],
    powers: &'a [Powers; 2],
    first: usize,
}

impl Kernel for Dot<'_> {
    type Output = [[Extension; LANES]; 2];

    #[inline(always)]
    fn run<L: Lanes>(self, proof: L::Proof) -> Self::Output {
        let [[a, b, c], [d, e, f]] = [&self.powers[0].0, &self.powers[1].0];
        let mut sums = [Cubic::<L>::zero(proof); 2];
        for (index, row) in self.rows.iter().enumerate() {
            let (row, at) = (L::load(proof, *row), self.first + index);
            let first = Cubic([power(proof, a[at]), power(proof, b[at]), power(proof, c[at])]);
            let second = Cubic([power(proof, d[at]), power(proof, e[at]), power(proof, f[at])]);
            sums = [sums[0] + scaled(first, row), sums[1] + scaled(second, row)];
        }
        [sums[0].numbers(), sums[1].numbers()]
    }
}

#[inline(always)]
fn power<L: Lanes>(proof: L::Proof, power: u64) -> L {
    L::load(proof, [power; LANES])
}

#[inline(always)]
fn scaled<L: Lanes>(number: Cubic<L>, by: L) -> Cubic<L> {
    let [a, b, c] = number.0;
    Cubic([a * by, b * by, c * by])
}

/// What is drawn for the sum of all columns, and what the sum is at both points.
pub(super) struct Composition {
    /// A weight for each column over the base field, in the order of the strips.
    weights: Vec<Vec<[Extension; LANES]>>,
    points: [Extension; 2],
    values: [Extension; 2],
}

impl Composition {
    pub(super) fn new(points: [Extension; 2]) -> Self {
        Self { weights: Vec::new(), points, values: [Extension::ZERO; 2] }
    }

    /// Adds columns over the base field.
    pub(super) fn add_base_columns(&mut self, values: &[Vec<Extension>; 2], coefficients: &[Extension]) {
        self.add(values, coefficients, coefficients);
    }

    /// Adds columns over the extension field.
    pub(super) fn add_columns(&mut self, values: &[Vec<Extension>; 2], coefficients: &[Extension]) {
        let weights: Vec<Extension> = coefficients.iter().flat_map(|c| units().map(|unit| *c * unit)).collect();
        self.add(values, coefficients, &weights);
    }

    fn add(&mut self, values: &[Vec<Extension>; 2], coefficients: &[Extension], weights: &[Extension]) {
        for (sum, values) in self.values.iter_mut().zip(values) {
            *sum += values.iter().zip(coefficients).fold(Extension::ZERO, |sum, (value, c)| sum + *value * *c);
        }
        let strips = weights.chunks(LANES).map(|weights| {
            let mut lanes = [Extension::ZERO; LANES];
            lanes[..weights.len()].copy_from_slice(weights);
            lanes
        });
        self.weights.push(strips.collect());
    }

    /// The polynomial's values on the extended domain, in its order.
    pub(super) fn evaluate(&self, parts: &[&Committed], domain: &Domain) -> Vec<Extension> {
        let strips: Vec<&[Cells]> = parts.iter().flat_map(|part| part.coefficients().iter()).collect();
        let weights: Vec<[Extension; LANES]> = self.weights.concat();
        let mut sums = Strips::zeros(DEGREE, domain.length);
        sums.chunks_mut(CHUNK.min(domain.length)).into_par_iter().enumerate().for_each(|(chunk, sums)| {
            run(Weighted { strips: &strips, weights: &weights, first: chunk * CHUNK, sums });
        });
        let sums = domain.extend(DEGREE, &sums);
        let mut result = vec![Extension::ZERO; domain.length * domain.blowup];
        result.par_chunks_mut(CHUNK * domain.blowup).enumerate().for_each(|(chunk, result)| {
            for (coset, sums) in sums.strip(0).chunks_exact(domain.length).enumerate() {
                let first = chunk * CHUNK;
                let rows = &sums[first..][..result.len() / domain.blowup];
                let start = domain.cosets[coset].shift * domain.generator().exp(first as u64);
                let quotients = Quotients { rows, composition: self, start, generator: domain.generator() };
                for (block, numbers) in run(quotients).into_iter().enumerate() {
                    for (lane, number) in numbers.into_iter().enumerate() {
                        result[(block * LANES + lane) * domain.blowup + coset] = number;
                    }
                }
            }
        });
        result
    }
}

/// Adds up the columns of a few rows.
struct Weighted<'a> {
    strips: &'a [&'a [Cells]],
    weights: &'a [[Extension; LANES]],
    first: usize,
    sums: &'a mut [Cells],
}

impl Kernel for Weighted<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, proof: L::Proof) {
        let Self { strips, weights, first, sums } = self;
        let mut lanes = vec![Cubic::<L>::zero(proof); sums.len()];
        for (strip, weights) in strips.iter().zip(weights) {
            let weights = Cubic::<L>::of(proof, *weights);
            for (sum, row) in lanes.iter_mut().zip(&strip[first..]) {
                *sum = *sum + scaled(weights, L::load(proof, *row));
            }
        }
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            let total = lanes.numbers().into_iter().fold(Extension::ZERO, |total, number| total + number);
            let [a, b, c] = total.to_base_elements().map(|part| part.inner());
            *sum = [a, b, c, 0, 0, 0, 0, 0];
        }
    }
}

/// Takes the values at both points away and divides, on a few rows of a coset.
struct Quotients<'a> {
    rows: &'a [Cells],
    composition: &'a Composition,
    start: BaseElement,
    generator: BaseElement,
}

impl Kernel for Quotients<'_> {
    type Output = Vec<[Extension; LANES]>;

    #[inline(always)]
    fn run<L: Lanes>(self, proof: L::Proof) -> Self::Output {
        let Self { rows, composition, start, generator } = self;
        let [z, next_z] = [0, 1].map(|point| composition.points[point]);
        let [z, next_z] = [Cubic::<L>::splat(proof, z), Cubic::splat(proof, next_z)];
        let [at_z, at_next] = [composition.values[0], composition.values[1]];
        let [at_z, at_next] = [Cubic::<L>::splat(proof, at_z), Cubic::splat(proof, at_next)];
        let points = points::<L>(proof, start, generator, rows.len() / LANES);
        let zero = splat::<L>(proof, BaseElement::ZERO);
        let mut denominators = Vec::with_capacity(points.len());
        for x in &points {
            let x = Cubic([*x, zero, zero]);
            denominators.push((x - z) * (x - next_z));
        }
        let inverses = inverses::<L, Cubic<L>>(proof, &denominators);
        let mut result = Vec::with_capacity(points.len());
        for (block, (rows, inverse)) in rows.as_chunks::<LANES>().0.iter().zip(&inverses).enumerate() {
            let [a, b, c, ..] = transposed::<L>(proof, rows);
            let (sum, x) = (Cubic([a, b, c]), Cubic([points[block], zero, zero]));
            let numerator = (sum - at_z) * (x - next_z) + (sum - at_next) * (x - z);
            result.push((numerator * *inverse).numbers());
        }
        result
    }
}
