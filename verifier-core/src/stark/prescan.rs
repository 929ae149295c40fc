//! The pre-scan: the proof's bytes have the one shape that the AIR and the options allow (spec: `docs/spec/proof.md`,
//! "Bytes of a proof").
//!
//! Runs before Winterfell sees a byte. The context is compared with the pinned one; every count and length is computed
//! from the AIR, not read; the two things that the prover decides, how many distinct positions were opened and how many
//! siblings an opening has, are bounded. Nothing is allocated. Values are not judged here, only places and lengths.

use alloc::vec::Vec;

use winter_air::{Air, proof::Context};
use winter_math::FieldElement;
use winter_utils::Serializable;

use super::{FriParams, ProofError};
use crate::Digest;
use crate::field::BaseElement;

/// Longest proof that is read: several times what a wide AIR needs at 2^20 rows, which is under 1 MB.
///
/// # Units
/// Bytes.
pub const MAX_PROOF_LEN: usize = 2 << 20;

const BASE_BYTES: usize = BaseElement::ELEMENT_BYTES;
const EXTENSION_BYTES: usize = BASE_BYTES * FriParams::EXTENSION_DEGREE as usize;

/// What the pre-scan demands: every length that the proof does not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    context: Vec<u8>,
    main_width: usize,
    aux_width: usize,
    quotient_columns: usize,
    queries: usize,
    domain_depth: u32,
    folding: usize,
    layers: u32,
    remainder_coefficients: usize,
}

impl Shape {
    /// The shape of proofs for `air`, under its options.
    pub(crate) fn of_air<A: Air<BaseField = BaseElement>>(air: &A) -> Self {
        let context = air.context();
        let num_constraints = context.num_assertions().saturating_add(context.num_transition_constraints());
        let fri = air.options().to_fri_options();
        let layers = u32::try_from(fri.num_fri_layers(air.lde_domain_size())).unwrap_or(u32::MAX);
        let shrunk = fri.folding_factor().saturating_pow(layers);
        Self {
            context: Context::new::<BaseElement>(air.trace_info().clone(), air.options().clone(), num_constraints)
                .to_bytes(),
            main_width: air.trace_info().main_trace_width(),
            aux_width: air.trace_info().aux_segment_width(),
            quotient_columns: context.num_constraint_composition_columns(),
            queries: air.options().num_queries(),
            domain_depth: air.lde_domain_size().ilog2(),
            folding: fri.folding_factor(),
            layers,
            remainder_coefficients: air.trace_length().checked_div(shrunk).unwrap_or(0),
        }
    }

    fn segments(&self) -> usize {
        if self.aux_width == 0 { 1 } else { 2 }
    }

    /// Trace segments, constraints, layers, and the last polynomial.
    fn commitments(&self) -> usize {
        self.segments().saturating_add(self.layers as usize).saturating_add(2)
    }
}

/// The parts of a scanned proof that the wrapper compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// The first commitment.
    pub(crate) trace_root: &'a [u8; Digest::LEN],
    /// The last commitment.
    pub(crate) remainder_commitment: &'a [u8; Digest::LEN],
}

/// Walks the whole proof.
///
/// # Errors
/// [`ProofError::Shape`], naming the first part that is not as `shape` demands.
pub(crate) fn prescan<'a>(proof: &'a [u8], shape: &Shape) -> Result<Parts<'a>, ProofError> {
    let mut reader = Reader { rest: proof };
    reader.expect(&shape.context, "context")?;
    let opened = usize::from(reader.byte("number of openings")?);
    if opened == 0 || opened > shape.queries {
        return Err(ProofError::Shape { part: "number of openings" });
    }
    let parts = commitments(&mut reader, shape)?;
    queries(&mut reader, shape, opened, product(&[shape.main_width, BASE_BYTES]), "trace openings")?;
    if shape.aux_width > 0 {
        queries(&mut reader, shape, opened, product(&[shape.aux_width, EXTENSION_BYTES]), "auxiliary openings")?;
    }
    queries(&mut reader, shape, opened, product(&[shape.quotient_columns, EXTENSION_BYTES]), "constraint openings")?;
    let trace_columns = shape.main_width.saturating_add(shape.aux_width);
    out_of_domain_row_pair(&mut reader, trace_columns)?;
    out_of_domain_row_pair(&mut reader, shape.quotient_columns)?;
    low_degree_layers(&mut reader, shape, opened)?;
    let remainder = product(&[shape.remainder_coefficients, EXTENSION_BYTES]);
    reader.expect(&u16_length(remainder, "last polynomial")?, "last polynomial")?;
    reader.take(remainder, "last polynomial")?;
    reader.expect(&[0], "partitions")?;
    reader.take(size_of::<u64>(), "nonce")?;
    reader.finish()?;
    Ok(parts)
}

fn commitments<'a>(reader: &mut Reader<'a>, shape: &Shape) -> Result<Parts<'a>, ProofError> {
    const PART: &str = "commitments";
    let length = product(&[shape.commitments(), Digest::LEN]);
    reader.expect(&u16_length(length, PART)?, PART)?;
    let (digests, _) = reader.take(length, PART)?.as_chunks();
    match digests {
        [trace_root, .., remainder_commitment] => Ok(Parts { trace_root, remainder_commitment }),
        _ => Err(ProofError::Shape { part: PART }),
    }
}

/// One set of openings: the rows, then the siblings, each behind a length of variable size.
fn queries(
    reader: &mut Reader<'_>,
    shape: &Shape,
    opened: usize,
    row_bytes: usize,
    part: &'static str,
) -> Result<(), ProofError> {
    let values = product(&[opened, row_bytes]);
    if reader.variable_length(part)? != values {
        return Err(ProofError::Shape { part });
    }
    reader.take(values, part)?;
    let length = reader.variable_length(part)?;
    opening(reader.take(length, part)?, shape.domain_depth, opened, part)
}

/// The tree's depth and a whole number of siblings, no more than the openings could need one by one.
fn opening(bytes: &[u8], depth: u32, opened: usize, part: &'static str) -> Result<(), ProofError> {
    let wrong = ProofError::Shape { part };
    let Some((stated, siblings)) = bytes.split_first() else {
        return Err(wrong);
    };
    let (siblings, surplus) = siblings.as_chunks::<{ Digest::LEN }>();
    let bound = product(&[opened, depth as usize]);
    if u32::from(*stated) != depth || !surplus.is_empty() || siblings.len() > bound { Err(wrong) } else { Ok(()) }
}

/// The values of `columns` polynomials at the out-of-domain point and at the next one.
fn out_of_domain_row_pair(reader: &mut Reader<'_>, columns: usize) -> Result<(), ProofError> {
    const PART: &str = "out-of-domain values";
    const ROWS: u8 = 2;
    let values = product(&[columns, usize::from(ROWS), EXTENSION_BYTES]);
    reader.expect(&u16_length(values.saturating_add(1), PART)?, PART)?;
    reader.expect(&[ROWS], PART)?;
    reader.take(values, PART)?;
    Ok(())
}

/// The openings of the low-degree test's layers. Positions may coincide once folded, so that each layer opens at most as
/// many as the one before.
fn low_degree_layers(reader: &mut Reader<'_>, shape: &Shape, opened: usize) -> Result<(), ProofError> {
    const PART: &str = "low-degree layers";
    let row_bytes = product(&[shape.folding, EXTENSION_BYTES]);
    reader.expect(&[u8::try_from(shape.layers).map_err(|_| ProofError::Shape { part: PART })?], PART)?;
    let mut most = opened;
    let mut depth = shape.domain_depth;
    for _ in 0..shape.layers {
        depth = depth.saturating_sub(shape.folding.ilog2());
        let length = reader.fixed_length(PART)?;
        let rows = length.checked_div(row_bytes).unwrap_or(0);
        if rows == 0 || rows > most || product(&[rows, row_bytes]) != length {
            return Err(ProofError::Shape { part: PART });
        }
        reader.take(length, PART)?;
        let length = reader.fixed_length(PART)?;
        opening(reader.take(length, PART)?, depth, rows, PART)?;
        most = rows;
    }
    Ok(())
}

fn product(factors: &[usize]) -> usize {
    factors.iter().fold(1, |product, factor| product.saturating_mul(*factor))
}

fn u16_length(length: usize, part: &'static str) -> Result<[u8; 2], ProofError> {
    u16::try_from(length).map(u16::to_le_bytes).map_err(|_| ProofError::Shape { part })
}

/// What is left to read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, part: &'static str) -> Result<&'a [u8], ProofError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ProofError::Shape { part })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], ProofError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ProofError::Shape { part })?;
        self.rest = rest;
        Ok(*taken)
    }

    fn byte(&mut self, part: &'static str) -> Result<u8, ProofError> {
        let [byte] = self.array(part)?;
        Ok(byte)
    }

    fn expect(&mut self, expected: &[u8], part: &'static str) -> Result<(), ProofError> {
        if self.take(expected.len(), part)? == expected { Ok(()) } else { Err(ProofError::Shape { part }) }
    }

    /// A length of four bytes.
    fn fixed_length(&mut self, part: &'static str) -> Result<usize, ProofError> {
        let length = u32::from_le_bytes(self.array(part)?);
        usize::try_from(length).map_err(|_| ProofError::Shape { part })
    }

    /// A length of one to four bytes, in the shortest form only: n bytes carry 7n bits above a one and n - 1 zeros.
    fn variable_length(&mut self, part: &'static str) -> Result<usize, ProofError> {
        let wrong = ProofError::Shape { part };
        let first = self.rest.first().ok_or(wrong.clone())?;
        let size = first.trailing_zeros().saturating_add(1);
        let mut bytes = [0; 4];
        let Some(target) = usize::try_from(size).ok().and_then(|size| bytes.get_mut(..size)) else {
            return Err(wrong);
        };
        target.copy_from_slice(self.take(target.len(), part)?);
        let length = u32::from_le_bytes(bytes) >> size;
        let shortest = size == 1 || length >> size.saturating_sub(1).saturating_mul(7) > 0;
        if shortest { usize::try_from(length).map_err(|_| wrong) } else { Err(wrong) }
    }

    fn finish(self) -> Result<(), ProofError> {
        if self.rest.is_empty() { Ok(()) } else { Err(ProofError::Shape { part: "end" }) }
    }
}
