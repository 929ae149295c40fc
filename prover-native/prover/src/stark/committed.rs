//! Columns, extended and committed to.

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use verifier_core::{Digest, Tag, stark::TaggedSha256};
use winter_air::proof::Queries;
use winter_prover::crypto::VectorCommitment;
use winter_prover::math::FieldElement;

use super::domain::Domain;
use super::lanes::{Kernel, Lanes, run};
use super::matrix::{Cells, Matrix, STRIP};
use super::ntt::interpolate;
use crate::commit::Vector;

/// Rows of a coset that are hashed together.
const HASHED_ROWS: usize = 128;

/// Columns in both forms, with the tree over the rows of the extended domain.
pub(crate) struct Committed {
    coefficients: Matrix,
    values: Matrix,
    tree: Vector,
}

impl Committed {
    /// Extends columns of values on the trace's domain and commits to the rows.
    pub(crate) fn of_values(columns: &[Vec<BaseElement>], domain: &Domain) -> Self {
        let mut coefficients = Matrix::zeros(columns.len(), domain.length);
        coefficients.chunks_mut(domain.length).into_par_iter().zip(columns.par_chunks(STRIP)).for_each(
            |(strip, columns)| {
                interpolate(&domain.inverse, columns.len(), strip, |row, rows| gather(columns, row, rows));
            },
        );
        Self::of_coefficients(coefficients, domain)
    }

    /// The same for columns of coefficients.
    pub(crate) fn of_coefficients(coefficients: Matrix, domain: &Domain) -> Self {
        let columns = coefficients.columns();
        let values = domain.extend(&coefficients);
        let strips: Vec<&[Cells]> = values.iter().collect();
        let mut leaves = vec![Digest::default(); domain.length * domain.blowup];
        leaves.par_chunks_mut(HASHED_ROWS * domain.blowup).enumerate().for_each(|(chunk, leaves)| {
            run(Leaves { strips: &strips, columns, domain, first: chunk * HASHED_ROWS, leaves });
        });
        let tree = Vector::new(leaves).expect("an extended domain has a power of two of rows");
        Self { coefficients, values, tree }
    }

    pub(crate) fn root(&self) -> Digest {
        self.tree.commitment()
    }

    pub(crate) const fn columns(&self) -> usize {
        self.coefficients.columns()
    }

    pub(crate) const fn coefficients(&self) -> &Matrix {
        &self.coefficients
    }

    /// The values on one coset, by strips.
    pub(crate) fn coset(&self, domain: &Domain, coset: usize) -> Vec<&[Cells]> {
        self.values.iter().map(|strip| &strip[coset * domain.length..][..domain.length]).collect()
    }

    /// The rows at these positions of the extended domain, with their opening.
    pub(crate) fn query<E>(&self, domain: &Domain, positions: &[usize]) -> Queries
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let (_, opening) = self.tree.open_many(positions).expect("query positions are distinct and in the domain");
        let rows = positions.iter().map(|position| {
            let place = position % domain.blowup * domain.length + position / domain.blowup;
            let cells = self.values.iter().flat_map(|strip| strip[place]).take(self.columns());
            let row: Vec<BaseElement> = cells.map(BaseElement::from_mont).collect();
            E::slice_from_base_elements(&row).to_vec()
        });
        Queries::new::<TaggedSha256, E, Vector>(opening, rows.collect())
    }
}

/// Fills in rows of values, from a row on.
fn gather(columns: &[Vec<BaseElement>], first: usize, rows: &mut [Cells]) {
    for (lane, column) in columns.iter().enumerate() {
        for (row, value) in rows.iter_mut().zip(&column[first..]) {
            row[lane] = value.inner();
        }
    }
    for row in rows {
        row[columns.len()..].fill(0);
    }
}

/// Hashes the rows of every coset that belong together.
struct Leaves<'a> {
    strips: &'a [&'a [Cells]],
    columns: usize,
    domain: &'a Domain,
    first: usize,
    leaves: &'a mut [Digest],
}

impl Kernel for Leaves<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self, simd: L::Simd) {
        const BYTES: usize = size_of::<u64>();
        let Self { strips, columns, domain, first, leaves } = self;
        // Tag and row in one buffer: what `stc::leaf` hashes, in one call.
        let mut message = [Tag::STC_ROW.text().as_bytes(), &[0]].concat();
        let (start, end) = (message.len(), message.len() + columns * BYTES);
        message.resize(start + strips.len() * STRIP * BYTES, 0);
        let rows = leaves.len() / domain.blowup;
        // Coset by coset, so that each strip is read from front to back.
        for coset in 0..domain.blowup {
            for row in 0..rows {
                let (places, _) = message[start..].as_chunks_mut::<{ STRIP * BYTES }>();
                for (strip, bytes) in strips.iter().zip(places) {
                    let cells = &strip[coset * domain.length + first + row];
                    let mut canonical = [0; STRIP];
                    for column in (0..STRIP).step_by(L::WIDTH) {
                        L::load(simd, &cells[column..]).canonical().store(&mut canonical[column..]);
                    }
                    for (cell, bytes) in canonical.iter().zip(bytes.as_chunks_mut::<BYTES>().0) {
                        *bytes = cell.to_le_bytes();
                    }
                }
                leaves[row * domain.blowup + coset] = Digest::of_content(&message[..end]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use verifier_core::stc;
    use winter_prover::math::{StarkField, fft, polynom};

    use super::*;

    #[test]
    fn leaves_are_rows_of_the_extended_domain() {
        const LENGTH: u64 = 16;
        let column = |column: u64| (0..LENGTH).map(|row| BaseElement::new(row * row + column)).collect();
        let columns: Vec<Vec<BaseElement>> = (0..11).map(column).collect();
        let domain = Domain::new(16, 4);
        let committed = Committed::of_values(&columns, &domain);
        let root = BaseElement::get_root_of_unity(6);
        let value = |column: &[BaseElement], position: u64| {
            let mut polynomial = column.to_vec();
            fft::interpolate_poly(&mut polynomial, &fft::get_inv_twiddles(16));
            polynom::eval(&polynomial, BaseElement::GENERATOR * root.exp(position))
        };
        let leaves = (0..64).map(|position| {
            let row = columns.iter().flat_map(|column| value(column, position).as_int().to_le_bytes());
            stc::leaf(&row.collect::<Vec<u8>>())
        });
        assert_eq!(committed.root(), Vector::new(leaves.collect()).unwrap().commitment());
    }
}
