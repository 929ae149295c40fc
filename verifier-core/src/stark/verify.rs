//! The strict wrapper: one numbered list (spec: `docs/spec/proof.md`, "Steps of verification").
//!
//! Precondition: the caller has built the public inputs by a constructor that refuses values outside the field, and has
//! computed the instance hash in them itself.

use alloc::vec;

use winter_air::{Air, FieldExtension, ProofOptions, TraceInfo, proof::Proof};
use winter_crypto::{DefaultRandomCoin, ElementHasher};
use winter_verifier::AcceptableOptions;

use super::prescan::{self, Parts};
use super::{FriParams, InOrder, ParameterSet, ProofError, StcVector, TaggedSha256};
use crate::Digest;
use crate::field::{BaseElement, Extension};

/// An AIR that receipts may be proven with: what the verifier pins is a function of the public inputs and the parameter
/// set, never of the proof.
///
/// # Security
/// The implementor's `Air::new` must not branch on the `TraceInfo` it is given, and `ToElements` of its public inputs must
/// be injective and of one length.
pub trait ProvenAir: Air<BaseField = BaseElement, PublicInputs: Clone> {
    /// Width, auxiliary width, number of auxiliary random elements and length of the trace, without metadata.
    fn pinned_trace(inputs: &Self::PublicInputs) -> TraceInfo;

    /// The one set of options that goes with the name.
    fn fri_params(set: ParameterSet) -> FriParams;
}

/// The options of an AIR, for its `Air::options`: as they are, or a set that nothing is proven under when they name another
/// extension than the one.
///
/// Step 2 has refused any other by then. Said once more where the compiler sees it, it leaves out two thirds of the proof
/// system: the verifiers over the fields that no set names.
#[inline(always)]
pub fn over_the_extension(options: &ProofOptions) -> &ProofOptions {
    const OTHER: ProofOptions =
        FriParams { queries: 1, blowup: 2, grinding: 0, folding: 8, remainder_degree: 0 }.options();
    if matches!(options.field_extension(), FieldExtension::Cubic) { options } else { &OTHER }
}

/// Checks that `proof` shows, under `set`, that the AIR holds for `inputs` on the trace that `trace_root` commits to.
///
/// # Errors
/// [`ProofError`].
pub fn verify<A: ProvenAir>(
    proof: &[u8],
    set: ParameterSet,
    inputs: &A::PublicInputs,
    trace_root: &Digest,
) -> Result<(), ProofError> {
    let options = A::fri_params(set).options();
    // 1. Length. 2. The context is the pinned one. 3. Every other byte has the place and the bounds that it must have.
    let parts = prescan_for::<A>(proof, &options, inputs)?;
    // 4. The trace is the one that the statement names.
    if parts.trace_root != trace_root.as_bytes() {
        return Err(ProofError::TraceRoot);
    }
    // 5. Winterfell reads the same bytes that it would write.
    let proof = parse(proof)?;
    // 6. The last polynomial is the one committed to before the queries were drawn.
    check_remainder(&proof, parts.remainder_commitment)?;
    // 7. The proof holds under exactly these options.
    winter_verifier::verify::<A, TaggedSha256, DefaultRandomCoin<TaggedSha256>, StcVector<InOrder>>(
        proof,
        inputs.clone(),
        &AcceptableOptions::OptionSet(vec![options]),
    )
    .map_err(|_| ProofError::Rejected)
}

fn prescan_for<'a, A: ProvenAir>(
    proof: &'a [u8],
    options: &ProofOptions,
    inputs: &A::PublicInputs,
) -> Result<Parts<'a>, ProofError> {
    if proof.len() > prescan::MAX_PROOF_LEN {
        return Err(ProofError::TooLong { length: proof.len(), limit: prescan::MAX_PROOF_LEN });
    }
    let air = A::new(A::pinned_trace(inputs), inputs.clone(), options.clone());
    prescan::prescan(proof, &prescan::Shape::of_air(&air))
}

fn parse(bytes: &[u8]) -> Result<Proof, ProofError> {
    let proof = Proof::from_bytes(bytes).map_err(|_| ProofError::Shape { part: "encoding" })?;
    if proof.to_bytes() == bytes { Ok(proof) } else { Err(ProofError::Shape { part: "encoding" }) }
}

fn check_remainder(proof: &Proof, commitment: &[u8; Digest::LEN]) -> Result<(), ProofError> {
    let remainder =
        proof.fri_proof.parse_remainder::<Extension>().map_err(|_| ProofError::Shape { part: "last polynomial" })?;
    if TaggedSha256::hash_elements(&remainder).as_bytes() == commitment { Ok(()) } else { Err(ProofError::Remainder) }
}
