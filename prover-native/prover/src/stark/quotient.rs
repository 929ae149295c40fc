//! From the quotient's values to its columns.
//!
//! On coset q of those that it is evaluated on, x^N is one number y w^q. The quotient h_0 + x^N h_1 + x^2N h_2 + ... is there
//! h_0 + (y w^q) h_1 + ..., of degree below N: interpolating each coset by itself and undoing a transform of that
//! small length gives the columns h_i.

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use winter_prover::math::{FieldElement, StarkField};

use super::committed::Committed;
use super::cubic::DEGREE;
use super::domain::Domain;
use super::lanes::{Kernel, Lanes, broadcast, run};
use super::matrix::{Cells, Matrix, STRIP};
use super::ntt::{Twiddles, interpolate};

/// Columns of a quotient, at most: an AIR's degree is at most nine.
const MOST_COLUMNS: usize = 8;

/// Rows that are handled together.
const CHUNK: usize = 1 << 10;

/// Commits to the columns of the quotient whose values these are: for each of some evenly spaced cosets, a column for each
/// coefficient of the values.
pub(super) fn commit(values: &[[Vec<BaseElement>; DEGREE]], domain: &Domain) -> Committed {
    let cosets = values.len();
    let spacing = domain.blowup / cosets;
    // A strip for each coset.
    let mut parts = Matrix::zeros(cosets * STRIP, domain.length);
    parts.chunks_mut(domain.length).into_par_iter().zip(values).enumerate().for_each(|(coset, (part, values))| {
        let twiddles = Twiddles::inverse(domain.length, domain.cosets[coset * spacing].shift);
        interpolate(&twiddles, DEGREE, part, |first, rows| {
            for (index, row) in rows.iter_mut().enumerate() {
                *row = [0; STRIP];
                row.iter_mut().zip(values).for_each(|(cell, column)| *cell = column[first + index].inner());
            }
        });
    });
    let matrix = matrix(cosets, domain);
    let strips: Vec<&[Cells]> = parts.iter().collect();
    let mut columns = Matrix::zeros(cosets * DEGREE, domain.length);
    let chunk = CHUNK.min(domain.length);
    let chunks = domain.length / chunk;
    columns.chunks_mut(chunk).into_par_iter().enumerate().for_each(|(place, rows)| {
        let (strip, first) = (place / chunks, place % chunks * chunk);
        run(Separate { parts: &strips, matrix: &matrix, first, strip, rows });
    });
    Committed::of_coefficients(columns, domain)
}

/// The inverse of the matrix of y^i w^(i q).
fn matrix(cosets: usize, domain: &Domain) -> Vec<Vec<BaseElement>> {
    let root = BaseElement::get_root_of_unity(cosets.ilog2()).inv();
    let base = BaseElement::GENERATOR.exp(domain.length as u64).inv();
    let scale = BaseElement::new(cosets as u64).inv();
    let entry = |column: usize, coset: usize| scale * base.exp(column as u64) * root.exp((column * coset) as u64);
    (0..cosets).map(|column| (0..cosets).map(|coset| entry(column, coset)).collect()).collect()
}

/// Makes one strip's rows of columns from the parts.
struct Separate<'a> {
    parts: &'a [&'a [Cells]],
    matrix: &'a [Vec<BaseElement>],
    first: usize,
    strip: usize,
    rows: &'a mut [Cells],
}

impl Kernel for Separate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        let Self { parts, matrix, first, strip, rows } = self;
        for (index, row) in rows.iter_mut().enumerate() {
            let mut places = [[0; DEGREE]; MOST_COLUMNS];
            for (place, factors) in places.iter_mut().zip(matrix) {
                let mut cells = [0; STRIP];
                for column in (0..DEGREE).step_by(L::WIDTH) {
                    let mut sum = L::broadcast(simd, 0);
                    for (part, factor) in parts.iter().zip(factors) {
                        let coefficients = L::load(simd, &part[first + index][column..]);
                        sum = sum + coefficients * broadcast(simd, *factor);
                    }
                    sum.store(&mut cells[column..]);
                }
                let [a, b, c, ..] = cells;
                *place = [a, b, c];
            }
            let cells = places.as_flattened().iter().skip(strip * STRIP);
            row.iter_mut().zip(cells).for_each(|(cell, value)| *cell = *value);
        }
    }
}
