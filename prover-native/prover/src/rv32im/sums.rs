//! The auxiliary segment: the value of each batch of fractions, and the running sum.

use rayon::prelude::*;
use verifier_core::air::rv32im::air::periodic_columns;
use verifier_core::air::rv32im::bus::{CHALLENGES, Challenges, Fraction, batches};
use verifier_core::air::rv32im::columns::{AUX_WIDTH, MA, SUM, WIDTH};
use verifier_core::field::BaseElement;
use winter_prover::math::FieldElement;

use crate::Extension;
use crate::stark::{Cubic, DEGREE, Kernel, Lanes, STRIP, batch_inverse, run};

/// Rows whose denominators are inverted together.
const CHUNK: usize = 1 << 9;

/// Builds the sums of a main segment, honest or not: a column for each coefficient of the auxiliary segment's elements.
pub(super) fn sums(main: &[Vec<BaseElement>], challenges: &[Extension]) -> Vec<Vec<BaseElement>> {
    let periodic = periodic_columns();
    let length = main[0].len();
    let mut columns = vec![vec![BaseElement::ZERO; length]; AUX_WIDTH * DEGREE];
    let mut parts: Vec<Vec<&mut [BaseElement]>> = (0..length.div_ceil(CHUNK)).map(|_| Vec::new()).collect();
    for column in &mut columns {
        parts.iter_mut().zip(column.chunks_mut(CHUNK)).for_each(|(part, rows)| part.push(rows));
    }
    parts.into_par_iter().enumerate().for_each(|(chunk, parts)| {
        run(Batches { main, periodic: &periodic, challenges, first: chunk * CHUNK, parts });
    });
    // So far the last column holds the total of each row. The trace's last row has no fractions.
    columns.iter_mut().for_each(|column| column[length - 1] = BaseElement::ZERO);
    for column in &mut columns[SUM * DEGREE..] {
        let mut sum = BaseElement::ZERO;
        for cell in column {
            let total = std::mem::replace(cell, sum);
            sum += total;
        }
    }
    columns
}

/// The batches of a few rows.
struct Batches<'a> {
    main: &'a [Vec<BaseElement>],
    periodic: &'a [Vec<BaseElement>; 3],
    challenges: &'a [Extension],
    first: usize,
    /// The rows' part of each column.
    parts: Vec<&'a mut [BaseElement]>,
}

impl Kernel for Batches<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { main, periodic, challenges, first, mut parts } = self;
        let mut lanes = [Cubic::<L>::zero(simd); CHALLENGES];
        for (lanes, challenge) in lanes.iter_mut().zip(challenges) {
            *lanes = Cubic::broadcast(simd, *challenge);
        }
        let challenges = Challenges::new(&lanes).expect("the array has their length");
        let blocks = parts[0].len() / L::WIDTH;
        let mut fractions: Vec<[Fraction<Cubic<L>>; AUX_WIDTH]> = Vec::with_capacity(blocks);
        for block in 0..blocks {
            let row = first + block * L::WIDTH;
            let mut cells = [L::broadcast(simd, 0); WIDTH];
            for (cells, column) in cells.iter_mut().zip(main) {
                *cells = rows(simd, column, row);
            }
            let mut low = [L::broadcast(simd, 0); 3];
            for (low, column) in low.iter_mut().zip(periodic) {
                *low = rows(simd, column, row % column.len());
            }
            fractions.push(batches(&cells, rows(simd, &main[MA], row + 1), &low, &challenges));
        }
        let mut denominators = Vec::with_capacity(blocks * AUX_WIDTH);
        for fraction in fractions.as_flattened() {
            denominators.push(fraction.denominator);
        }
        let inverses = batch_inverse::<L, Cubic<L>>(simd, &denominators);
        let mut cells = [0; STRIP];
        for (block, (fractions, inverses)) in fractions.iter().zip(inverses.chunks_exact(AUX_WIDTH)).enumerate() {
            let mut total = Cubic::<L>::zero(simd);
            for (column, (fraction, inverse)) in fractions.iter().zip(inverses).enumerate() {
                let value = fraction.numerator * *inverse;
                total = total + value;
                let value = if column == SUM { total } else { value };
                for (part, lanes) in parts[column * DEGREE..].iter_mut().zip(value.0) {
                    lanes.store(&mut cells);
                    for (place, cell) in part[block * L::WIDTH..][..L::WIDTH].iter_mut().zip(cells) {
                        *place = BaseElement::from_mont(cell);
                    }
                }
            }
        }
    }
}

/// The cells of a column in a few rows that follow each other; those beyond its end are zero.
#[inline(always)]
fn rows<L: Lanes>(simd: L::Simd, column: &[BaseElement], first: usize) -> L {
    match column[first..].get(..L::WIDTH) {
        Some(cells) => L::gather(simd, |lane| cells[lane].inner()),
        None => L::gather(simd, |lane| column.get(first + lane).map_or(0, BaseElement::inner)),
    }
}
