//! The combination of all constraints, over their divisors, on packed rows.
//!
//! Transition constraints hold on all rows but the last: their divisor is (x^N - 1) / (x - l), l the last row's point. An
//! assertion's is x - p, p the first row's point or the last one's.

use rayon::prelude::*;
use verifier_core::air::rv32im::Over as _;
use verifier_core::air::rv32im::Rv32imAir;
use verifier_core::air::rv32im::air::{evaluate_sums, periodic_columns};
use verifier_core::air::rv32im::bus::{CHALLENGES, Challenges, batches};
use verifier_core::air::rv32im::columns::{AUX_WIDTH, MA, SUM, WIDTH};
use verifier_core::air::rv32im::constraints::{DEGREES, NEXT_COLUMNS, evaluate};
use verifier_core::field::BaseElement;
use winter_air::{Air, BoundaryConstraintGroup};
use winter_prover::math::{ExtensionOf, FieldElement, StarkField, fft};

use crate::Extension;
use crate::stark::{
    Cells, Cubic, DEGREE, Domain, Kernel, Lanes, STRIP, Segments, batch_inverse, broadcast, points, run, transposed,
};

/// Rows that are handled together.
const CHUNK: usize = 1 << 8;

/// Values of the combination: for each coset that it is evaluated on, a column for each coefficient.
pub(super) fn quotient(air: &Rv32imAir, segments: &Segments<'_>) -> Vec<[Vec<BaseElement>; DEGREE]> {
    let domain = segments.domain;
    let cosets = air.context().num_constraint_composition_columns();
    let spacing = domain.blowup / cosets;
    let weights = Weights::new(air, segments);
    let periodic = periodic_values(domain, cosets);
    let on_coset = |coset: usize| {
        let shift = domain.cosets[coset * spacing].shift;
        let divisor = (shift.exp(domain.length as u64) - BaseElement::ONE).inv();
        let main = segments.main.coset(domain, coset * spacing);
        let auxiliary = segments.auxiliary.coset(domain, coset * spacing);
        let mut values = [(); DEGREE].map(|()| vec![BaseElement::ZERO; domain.length]);
        let [a, b, c] = values.each_mut().map(|column| column.par_chunks_mut(CHUNK));
        a.zip(b).zip(c).enumerate().for_each(|(chunk, ((a, b), c))| {
            let first = chunk * CHUNK;
            run(Combination {
                weights: &weights,
                main: &main,
                auxiliary: &auxiliary,
                periodic: &periodic[coset],
                challenges: segments.challenges.rand_elements(),
                divisor,
                start: shift * domain.generator().exp(first as u64),
                generator: domain.generator(),
                first,
                values: [a, b, c],
            });
        });
        values
    };
    (0..cosets).map(on_coset).collect()
}

/// The periodic columns on each coset, from its first row on.
fn periodic_values(domain: &Domain, cosets: usize) -> Vec<[Vec<BaseElement>; 3]> {
    let mut columns = periodic_columns();
    let period = columns[0].len();
    let (twiddles, inverse_twiddles) = (fft::get_twiddles(period), fft::get_inv_twiddles(period));
    let offset = BaseElement::GENERATOR.exp((domain.length / period) as u64);
    let extended = columns.each_mut().map(|column| {
        fft::interpolate_poly(column, &inverse_twiddles);
        fft::evaluate_poly_with_offset(column, &twiddles, offset, cosets)
    });
    let on_coset =
        |coset| extended.each_ref().map(|column| column.iter().copied().skip(coset).step_by(cosets).collect());
    (0..cosets).map(on_coset).collect()
}

/// What each constraint is multiplied by.
struct Weights {
    main: [Extension; DEGREES.len()],
    auxiliary: [Extension; AUX_WIDTH],
    /// Assertions about the first row, and about the last.
    assertions: [Assertions; 2],
}

/// Assertions about one row.
struct Assertions {
    point: BaseElement,
    /// Column and weight.
    main: Vec<(usize, Extension)>,
    /// The same of the auxiliary segment.
    auxiliary: Vec<(usize, Extension)>,
    /// The sum of what the columns should be, weighed.
    value: Extension,
}

impl Weights {
    fn new(air: &Rv32imAir, segments: &Segments<'_>) -> Self {
        let transition = air.get_transition_constraints(&segments.coefficients.transition);
        let boundary = air.get_boundary_constraints(Some(segments.challenges), &segments.coefficients.boundary);
        let last = segments.domain.generator().inv();
        let assertions = [BaseElement::ONE, last].map(|point| {
            let mut value = Extension::ZERO;
            let main = weighed(boundary.main_constraints(), point, &mut value);
            let auxiliary = weighed(boundary.aux_constraints(), point, &mut value);
            Assertions { point, main, auxiliary, value }
        });
        Self {
            main: transition.main_constraint_coef().try_into().expect("one for each constraint"),
            auxiliary: transition.aux_constraint_coef().try_into().expect("one for each constraint"),
            assertions,
        }
    }
}

/// The assertions about the row of that point.
fn weighed<F>(
    groups: &[BoundaryConstraintGroup<F, Extension>],
    point: BaseElement,
    value: &mut Extension,
) -> Vec<(usize, Extension)>
where
    F: FieldElement<BaseField = BaseElement>,
    Extension: ExtensionOf<F>,
{
    let groups = groups.iter().filter(|group| group.divisor().numerator() == [(1, point)]);
    let constraints = groups.flat_map(BoundaryConstraintGroup::constraints);
    constraints
        .map(|constraint| {
            *value += constraint.cc().mul_base(constraint.poly()[0]);
            (constraint.column(), *constraint.cc())
        })
        .collect()
}

/// The combination on a few rows of a coset.
struct Combination<'a> {
    weights: &'a Weights,
    main: &'a [&'a [Cells]],
    auxiliary: &'a [&'a [Cells]],
    periodic: &'a [Vec<BaseElement>; 3],
    challenges: &'a [Extension],
    /// 1 / (x^N - 1), which is one number on a coset.
    divisor: BaseElement,
    /// The first row's point.
    start: BaseElement,
    generator: BaseElement,
    first: usize,
    values: [&'a mut [BaseElement]; DEGREE],
}

impl Kernel for Combination<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { weights, main, auxiliary, periodic: low, challenges, divisor, start, generator, first, mut values } =
            self;
        let mut lanes = [Cubic::<L>::zero(simd); CHALLENGES];
        for (lanes, challenge) in lanes.iter_mut().zip(challenges) {
            *lanes = Cubic::broadcast(simd, *challenge);
        }
        let challenges = Challenges::new(&lanes).expect("the array has their length");
        let points = points::<L>(simd, start, generator, values[0].len());
        let [first_row, last_row] = &weights.assertions;
        let [one, last] = [broadcast::<L>(simd, first_row.point), broadcast::<L>(simd, last_row.point)];
        let mut denominators = Vec::with_capacity(points.len());
        for x in &points {
            denominators.push((*x - one) * (*x - last));
        }
        let inverses = batch_inverse::<L, L>(simd, &denominators);
        let mut cells = [0; STRIP];
        for (block, (x, inverse)) in points.iter().zip(&inverses).enumerate() {
            let at = first + block * L::WIDTH;
            let (row, next) = (main_rows::<L>(simd, main, at), next_rows::<L>(simd, main, at + 1));
            let (sums, next_sum) = auxiliary_rows::<L>(simd, auxiliary, at);
            let low = [periodic(simd, &low[0], at), periodic(simd, &low[1], at), periodic(simd, &low[2], at)];
            let mut transition = Cubic::<L>::zero(simd);
            for (evaluation, weight) in evaluate(&row, &next).iter().zip(&weights.main) {
                transition = transition + Cubic::broadcast(simd, *weight).scaled(*evaluation);
            }
            let batches = batches(&row, next[MA], &low, &challenges);
            for (evaluation, weight) in evaluate_sums(&batches, &sums, next_sum).iter().zip(&weights.auxiliary) {
                transition = transition + Cubic::broadcast(simd, *weight) * *evaluation;
            }
            // Over (x - 1) (x - l).
            let asserted = asserted(simd, first_row, &row, &sums).scaled(*x - last)
                + asserted(simd, last_row, &row, &sums).scaled(*x - one);
            let divided = transition.scaled((*x - last) * broadcast::<L>(simd, divisor)) + asserted.scaled(*inverse);
            for (column, part) in values.iter_mut().zip(divided.0) {
                part.store(&mut cells);
                for (place, cell) in column[block * L::WIDTH..][..L::WIDTH].iter_mut().zip(cells) {
                    *place = BaseElement::from_mont(cell);
                }
            }
        }
    }
}

/// The columns' values at a point that they are asserted to have, less what they should be.
#[inline(always)]
fn asserted<L: Lanes>(
    simd: L::Simd,
    assertions: &Assertions,
    row: &[L; WIDTH],
    sums: &[Cubic<L>; AUX_WIDTH],
) -> Cubic<L> {
    let mut sum = -Cubic::broadcast(simd, assertions.value);
    for (column, weight) in &assertions.main {
        sum = sum + Cubic::broadcast(simd, *weight).scaled(row[*column]);
    }
    for (column, weight) in &assertions.auxiliary {
        sum = sum + Cubic::broadcast(simd, *weight) * sums[*column];
    }
    sum
}

#[inline(always)]
fn main_rows<L: Lanes>(simd: L::Simd, strips: &[&[Cells]], first: usize) -> [L; WIDTH] {
    let mut row = [L::broadcast(simd, 0); WIDTH.next_multiple_of(STRIP)];
    for (columns, strip) in row.as_chunks_mut::<STRIP>().0.iter_mut().zip(strips) {
        *columns = transposed(simd, &strip[first..]);
    }
    let mut columns = [row[0]; WIDTH];
    columns.copy_from_slice(&row[..WIDTH]);
    columns
}

/// Of the rows that follow, what constraints read.
#[inline(always)]
fn next_rows<L: Lanes>(simd: L::Simd, strips: &[&[Cells]], first: usize) -> [L; WIDTH] {
    let mut row = [L::broadcast(simd, 0); WIDTH];
    for column in NEXT_COLUMNS {
        row[column] = next::<L>(simd, strips, column, first);
    }
    row
}

/// One column of a few rows. The first row follows the last.
#[inline(always)]
fn next<L: Lanes>(simd: L::Simd, strips: &[&[Cells]], column: usize, first: usize) -> L {
    let strip = strips[column / STRIP];
    L::gather(simd, |lane| {
        let row = first + lane;
        strip[if row < strip.len() { row } else { row - strip.len() }][column % STRIP]
    })
}

#[inline(always)]
fn auxiliary_rows<L: Lanes>(simd: L::Simd, strips: &[&[Cells]], first: usize) -> ([Cubic<L>; AUX_WIDTH], Cubic<L>) {
    let zero = L::broadcast(simd, 0);
    let mut row = [zero; (AUX_WIDTH * DEGREE).next_multiple_of(STRIP)];
    for (columns, strip) in row.as_chunks_mut::<STRIP>().0.iter_mut().zip(strips) {
        *columns = transposed(simd, &strip[first..]);
    }
    let mut elements = [Cubic([zero; DEGREE]); AUX_WIDTH];
    for (element, parts) in elements.iter_mut().zip(row.as_chunks::<DEGREE>().0) {
        *element = Cubic(*parts);
    }
    let mut next_sum = [zero; DEGREE];
    for (part, lanes) in next_sum.iter_mut().enumerate() {
        *lanes = next::<L>(simd, strips, SUM * DEGREE + part, first + 1);
    }
    (elements, Cubic(next_sum))
}

/// A few values of a periodic column.
#[inline(always)]
fn periodic<L: Lanes>(simd: L::Simd, column: &[BaseElement], row: usize) -> L {
    let values = &column[row % column.len()..][..L::WIDTH];
    L::gather(simd, |lane| values[lane].inner())
}
