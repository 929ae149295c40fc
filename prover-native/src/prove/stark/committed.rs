//! Columns, extended and committed to.

use rayon::prelude::*;
use verifier_core::field::BaseElement;
use verifier_core::{Digest, Tag, stark::TaggedSha256};
use winter_air::proof::Queries;
use winter_prover::crypto::VectorCommitment;
use winter_prover::math::{FieldElement, StarkField};

use super::lanes::{Cells, Kernel, LANES, Lanes, run};
use super::strips::Strips;
use super::transform::{Factors, evaluate, interpolate};
use crate::prove::commit::Vector;

/// Rows of a coset that are hashed together.
const HASHED_ROWS: usize = 128;

/// The trace's domain and the cosets that it is extended to: point i of the extended domain is point i / blowup of coset
/// i mod blowup.
pub(in crate::prove) struct Domain {
    pub(in crate::prove) length: usize,
    pub(in crate::prove) blowup: usize,
    pub(in crate::prove) inverse: Factors,
    pub(in crate::prove) cosets: Vec<Coset>,
}

/// The points `shift g^j`, g the generator of the trace's domain.
pub(in crate::prove) struct Coset {
    pub(in crate::prove) shift: BaseElement,
    factors: Factors,
}

impl Domain {
    /// For `length` rows, extended `blowup` times; both are powers of two.
    pub(in crate::prove) fn new(length: usize, blowup: usize) -> Self {
        let root = BaseElement::get_root_of_unity((length * blowup).ilog2());
        let cosets = (0..blowup as u64).into_par_iter().map(|coset| {
            let shift = BaseElement::GENERATOR * root.exp(coset);
            Coset { shift, factors: Factors::forward(length, shift) }
        });
        Self { length, blowup, inverse: Factors::inverse(length, BaseElement::ONE), cosets: cosets.collect() }
    }

    /// The generator of the trace's domain.
    pub(in crate::prove) fn generator(&self) -> BaseElement {
        BaseElement::get_root_of_unity(self.length.ilog2())
    }

    /// Evaluates columns of coefficients on every coset, one coset after the other.
    pub(in crate::prove) fn extend(&self, columns: usize, coefficients: &Strips) -> Strips {
        let mut values = Strips::zeros(columns, self.length * self.blowup);
        values.chunks_mut(self.length).into_par_iter().enumerate().for_each(|(chunk, values)| {
            let (strip, coset) = (chunk / self.blowup, chunk % self.blowup);
            evaluate(&self.cosets[coset].factors, coefficients.strip(strip), values);
        });
        values
    }
}

/// Columns in both forms, with the tree over the rows of the extended domain.
pub(in crate::prove) struct Committed {
    columns: usize,
    coefficients: Strips,
    values: Strips,
    tree: Vector,
}

impl Committed {
    /// Extends columns of values on the trace's domain and commits to the rows.
    pub(in crate::prove) fn of_values(columns: &[Vec<BaseElement>], domain: &Domain) -> Self {
        let mut coefficients = Strips::zeros(columns.len(), domain.length);
        coefficients.chunks_mut(domain.length).into_par_iter().zip(columns.par_chunks(LANES)).for_each(
            |(strip, columns)| {
                interpolate(&domain.inverse, strip, |row, rows| gather(columns, row, rows));
            },
        );
        Self::of_coefficients(columns.len(), coefficients, domain)
    }

    /// The same for columns of coefficients.
    pub(in crate::prove) fn of_coefficients(columns: usize, coefficients: Strips, domain: &Domain) -> Self {
        let values = domain.extend(columns, &coefficients);
        let strips: Vec<&[Cells]> = values.iter().collect();
        let mut leaves = vec![Digest::default(); domain.length * domain.blowup];
        leaves.par_chunks_mut(HASHED_ROWS * domain.blowup).enumerate().for_each(|(chunk, leaves)| {
            run(Leaves { strips: &strips, columns, domain, first: chunk * HASHED_ROWS, leaves });
        });
        let tree = Vector::new(leaves).expect("an extended domain has a power of two of rows");
        Self { columns, coefficients, values, tree }
    }

    pub(in crate::prove) fn root(&self) -> Digest {
        self.tree.commitment()
    }

    pub(in crate::prove) const fn columns(&self) -> usize {
        self.columns
    }

    pub(in crate::prove) const fn coefficients(&self) -> &Strips {
        &self.coefficients
    }

    /// The values on one coset, by strips.
    pub(in crate::prove) fn coset(&self, domain: &Domain, coset: usize) -> Vec<&[Cells]> {
        self.values.iter().map(|strip| &strip[coset * domain.length..][..domain.length]).collect()
    }

    /// The rows at these positions of the extended domain, with their opening.
    pub(in crate::prove) fn query<E>(&self, domain: &Domain, positions: &[usize]) -> Queries
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let (_, opening) = self.tree.open_many(positions).expect("query positions are distinct and in the domain");
        let rows = positions.iter().map(|position| {
            let place = position % domain.blowup * domain.length + position / domain.blowup;
            let cells = self.values.iter().flat_map(|strip| strip[place]).take(self.columns);
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
    fn run<L: Lanes>(self, proof: L::Proof) {
        const BYTES: usize = size_of::<u64>();
        let Self { strips, columns, domain, first, leaves } = self;
        // Tag and row in one buffer: what `stc::leaf` hashes, in one call.
        let mut message = [Tag::STC_ROW.text().as_bytes(), &[0]].concat();
        let (start, end) = (message.len(), message.len() + columns * BYTES);
        message.resize(start + strips.len() * LANES * BYTES, 0);
        for (place, leaf) in leaves.iter_mut().enumerate() {
            let row = place % domain.blowup * domain.length + first + place / domain.blowup;
            let (places, _) = message[start..].as_chunks_mut::<{ LANES * BYTES }>();
            for (strip, bytes) in strips.iter().zip(places) {
                let cells = L::load(proof, strip[row]).canonical();
                for (cell, bytes) in cells.iter().zip(bytes.as_chunks_mut::<BYTES>().0) {
                    *bytes = cell.to_le_bytes();
                }
            }
            *leaf = Digest::of_content(&message[..end]);
        }
    }
}

#[cfg(test)]
mod tests {
    use verifier_core::stc;
    use winter_prover::math::{fft, polynom};

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
