//! Out-of-domain (OOD) evaluations, and the DEEP quotient, whose low degree shows that they are right (DEEP-FRI: eprint 2019/336).
//!
//! With P the sum of all columns, each times its coefficient, and z the point drawn: (P - P(z)) / (x - z) +
//! (P - P(g z)) / (x - g z).

use rayon::prelude::*;
use verifier_core::air::rv32im::Over as _;
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use super::batch_inverse::{batch_inverse, points};
use super::committed::Committed;
use super::cubic::{Cubic, DEGREE};
use super::domain::Domain;
use super::lanes::{Kernel, Lanes, run};
use super::matrix::{Cells, Matrix, STRIP, transposed};
use crate::Extension;

/// Rows that are handled together.
const CHUNK: usize = 1 << 10;

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

    /// Those of `count` rows.
    fn rows(&self, first: usize, count: usize) -> [&[u64]; DEGREE] {
        self.0.each_ref().map(|powers| &powers[first..][..count])
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
        let sums: Vec<[[Extension; STRIP]; 2]> = committed
            .coefficients()
            .iter()
            .map(|strip| {
                let chunks = strip.par_chunks(CHUNK).enumerate();
                let parts = chunks.map(|(chunk, rows)| run(Dot { rows, powers: &self.powers, first: chunk * CHUNK }));
                parts.reduce(|| [[Extension::ZERO; STRIP]; 2], |a, b| [0, 1].map(|point| sum(a[point], b[point])))
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

fn sum(mut a: [Extension; STRIP], b: [Extension; STRIP]) -> [Extension; STRIP] {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}

/// The values of a strip's columns at both points, as far as a few rows of coefficients make them up.
struct Dot<'a> {
    rows: &'a [Cells],
    powers: &'a [Powers; 2],
    first: usize,
}

impl Kernel for Dot<'_> {
    type Output = [[Extension; STRIP]; 2];

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) -> Self::Output {
        let Self { rows, powers, first } = self;
        let mut values = [[Extension::ZERO; STRIP]; 2];
        let [first_point, second_point] = powers.each_ref().map(|powers| powers.rows(first, rows.len()));
        for column in (0..STRIP).step_by(L::WIDTH) {
            let mut sums = [Cubic::<L>::zero(simd); 2];
            for (index, row) in rows.iter().enumerate() {
                let row = L::load(simd, &row[column..]);
                sums[0] = sums[0] + power(simd, &first_point, index).scaled(row);
                sums[1] = sums[1] + power(simd, &second_point, index).scaled(row);
            }
            sums[0].store(&mut values[0][column..]);
            sums[1].store(&mut values[1][column..]);
        }
        values
    }
}

#[inline(always)]
fn power<L: Lanes>(simd: L::Simd, powers: &[&[u64]; DEGREE], index: usize) -> Cubic<L> {
    let [a, b, c] = *powers;
    Cubic([L::broadcast(simd, a[index]), L::broadcast(simd, b[index]), L::broadcast(simd, c[index])])
}

/// What is drawn for the sum of all columns, and what the sum is at both points.
pub(super) struct Composition {
    /// A weight for each column over the base field, in the order of the strips.
    weights: Vec<Vec<[Extension; STRIP]>>,
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
        let strips = weights.chunks(STRIP).map(|weights| {
            let mut lanes = [Extension::ZERO; STRIP];
            lanes[..weights.len()].copy_from_slice(weights);
            lanes
        });
        self.weights.push(strips.collect());
    }

    /// The polynomial's values on the extended domain, in its order.
    pub(super) fn evaluate(&self, parts: &[&Committed], domain: &Domain) -> Vec<Extension> {
        let strips: Vec<&[Cells]> = parts.iter().flat_map(|part| part.coefficients().iter()).collect();
        let weights: Vec<[Extension; STRIP]> = self.weights.concat();
        let mut sums = Matrix::zeros(DEGREE, domain.length);
        sums.chunks_mut(CHUNK.min(domain.length)).into_par_iter().enumerate().for_each(|(chunk, sums)| {
            run(Weighted { strips: &strips, weights: &weights, first: chunk * CHUNK, sums });
        });
        let sums = domain.extend(&sums);
        let mut result = vec![Extension::ZERO; domain.length * domain.blowup];
        result.par_chunks_mut(CHUNK * domain.blowup).enumerate().for_each(|(chunk, result)| {
            for (coset, sums) in sums.strip(0).chunks_exact(domain.length).enumerate() {
                let first = chunk * CHUNK;
                let rows = &sums[first..][..result.len() / domain.blowup];
                let start = domain.cosets[coset].shift * domain.generator().exp(first as u64);
                let mut numbers = vec![Extension::ZERO; rows.len()];
                let generator = domain.generator();
                run(Quotients { rows, composition: self, start, generator, quotients: &mut numbers });
                for (row, number) in numbers.into_iter().enumerate() {
                    result[row * domain.blowup + coset] = number;
                }
            }
        });
        result
    }
}

/// Adds up the columns of a few rows.
struct Weighted<'a> {
    strips: &'a [&'a [Cells]],
    weights: &'a [[Extension; STRIP]],
    first: usize,
    sums: &'a mut [Cells],
}

impl Kernel for Weighted<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { strips, weights, first, sums } = self;
        let mut lanes = vec![Cubic::<L>::zero(simd); sums.len()];
        for (strip, weights) in strips.iter().zip(weights) {
            for column in (0..STRIP).step_by(L::WIDTH) {
                let weights = Cubic::<L>::load(simd, &weights[column..]);
                for (sum, row) in lanes.iter_mut().zip(&strip[first..]) {
                    *sum = *sum + weights.scaled(L::load(simd, &row[column..]));
                }
            }
        }
        for (sum, lanes) in sums.iter_mut().zip(lanes) {
            let [a, b, c] = lanes.total().to_base_elements().map(|part| part.inner());
            *sum = [a, b, c, 0, 0, 0, 0, 0];
        }
    }
}

/// The DEEP quotients on a few rows of a coset, with both fractions over one denominator.
struct Quotients<'a> {
    rows: &'a [Cells],
    composition: &'a Composition,
    /// The first row's point.
    start: BaseElement,
    generator: BaseElement,
    quotients: &'a mut [Extension],
}

impl Kernel for Quotients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { rows, composition, start, generator, quotients } = self;
        let [z, next_z] = [0, 1].map(|point| composition.points[point]);
        let [z, next_z] = [Cubic::<L>::broadcast(simd, z), Cubic::broadcast(simd, next_z)];
        let [at_z, at_next] = [composition.values[0], composition.values[1]];
        let [at_z, at_next] = [Cubic::<L>::broadcast(simd, at_z), Cubic::broadcast(simd, at_next)];
        let points = points::<L>(simd, start, generator, rows.len());
        let zero = L::broadcast(simd, 0);
        let mut denominators = Vec::with_capacity(points.len());
        for x in &points {
            let x = Cubic([*x, zero, zero]);
            denominators.push((x - z) * (x - next_z));
        }
        let inverses = batch_inverse::<L, Cubic<L>>(simd, &denominators);
        for (block, (x, inverse)) in points.iter().zip(&inverses).enumerate() {
            let row = block * L::WIDTH;
            let [a, b, c, ..] = transposed::<L>(simd, &rows[row..]);
            let (sum, x) = (Cubic([a, b, c]), Cubic([*x, zero, zero]));
            let numerator = (sum - at_z) * (x - next_z) + (sum - at_next) * (x - z);
            (numerator * *inverse).store(&mut quotients[row..]);
        }
    }
}
