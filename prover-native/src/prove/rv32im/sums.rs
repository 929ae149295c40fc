//! The auxiliary segment: the value of each batch of fractions, and the running sum.

use rayon::prelude::*;
use verifier_core::air::rv32im::air::periodic_columns;
use verifier_core::air::rv32im::bus::{Challenges, Fraction, batches};
use verifier_core::air::rv32im::columns::{AUX_WIDTH, MA, SUM, WIDTH};
use winter_prover::math::{FieldElement, fields::f64::BaseElement};
use winter_prover::matrix::ColMatrix;

use crate::prove::AuxSegment;

/// Rows whose denominators are inverted together.
const CHUNK: usize = 1 << 10;

/// Builds the sums of a main segment, honest or not.
#[derive(Clone, Copy, Debug)]
pub struct Sums;

impl AuxSegment for Sums {
    fn columns<E>(&self, main: &ColMatrix<BaseElement>, challenges: &[E]) -> Vec<Vec<E>>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let challenges = Challenges::new(challenges).expect("the AIR draws as many challenges as it needs");
        let periodic = periodic_columns();
        let length = main.num_rows();
        let mut columns: Vec<Vec<E>> = (0..AUX_WIDTH).map(|_| vec![E::ZERO; length]).collect();
        let mut parts: Vec<Vec<&mut [E]>> = (0..length.div_ceil(CHUNK)).map(|_| Vec::new()).collect();
        for column in &mut columns {
            parts.iter_mut().zip(column.chunks_mut(CHUNK)).for_each(|(part, rows)| part.push(rows));
        }
        parts.into_par_iter().enumerate().for_each(|(chunk, mut parts)| {
            let rows = (chunk * CHUNK..length - 1).take(CHUNK);
            let fractions: Vec<[Fraction<E>; AUX_WIDTH]> = rows
                .map(|index| {
                    let row: [BaseElement; WIDTH] = std::array::from_fn(|column| main.get(column, index));
                    let low = periodic.each_ref().map(|column| column[index % column.len()]);
                    batches(&row, main.get(MA, index + 1), &low, &challenges)
                })
                .collect();
            divide(&fractions, &mut parts);
        });
        // So far the last column holds the value of its own batch; what is summed up is that of the whole row.
        let mut sum = E::ZERO;
        for row in 0..length {
            let total = columns.iter().fold(E::ZERO, |total, column| total + column[row]);
            columns[SUM][row] = sum;
            sum += total;
        }
        columns
    }
}

/// The values of the fractions, with one inversion.
fn divide<E: FieldElement>(fractions: &[[Fraction<E>; AUX_WIDTH]], parts: &mut [&mut [E]]) {
    let mut product = E::ONE;
    let mut before = Vec::with_capacity(fractions.len() * AUX_WIDTH);
    for fraction in fractions.as_flattened() {
        before.push(product);
        product *= fraction.denominator;
    }
    let mut inverse = product.inv();
    for (place, fraction) in fractions.as_flattened().iter().enumerate().rev() {
        parts[place % AUX_WIDTH][place / AUX_WIDTH] = fraction.numerator * inverse * before[place];
        inverse *= fraction.denominator;
    }
}
