//! Check 6: the proof.

use alloc::format;

use super::Found;
use crate::{
    air,
    backend::geom,
    capsule::{Capsule, entry},
    container::Container,
    digest::Digest,
    limits::Limits,
    reason::ReasonCode,
    refusal::Refusal,
};

/// Proven bits of security of the proof that was checked.
pub(super) fn geom(container: &Container<'_>, capsule: &Capsule, limits: &Limits) -> Found<u32> {
    let (proof, set) = geom::read_proof_ref(capsule)?;
    let name = entry::proof(&proof.system);
    let missing = || Refusal::new(ReasonCode::ProofMissing, format!("{name} is missing"));
    let bytes = container.get(&name).ok_or_else(missing)?;
    if bytes.len() > limits.proof_bytes {
        let detail = format!("the proof has {} bytes, over the limit of {}", bytes.len(), limits.proof_bytes);
        return Err(Refusal::new(ReasonCode::LimitExceeded, detail));
    }
    if bytes.len() as u64 != proof.size || Digest::of_content(bytes) != proof.digest {
        return Err(Refusal::new(
            ReasonCode::ProofHashMismatch,
            format!("{name} is not the proof that the capsule names"),
        ));
    }
    let statement = geom::read_statement(&capsule.payload.statement.public_inputs)?;
    let trace_root = capsule.payload.statement.trace_root;
    air::geom::verify(bytes, set, &statement, &capsule.header.instance_hash, &trace_root)
        .map_err(|error| Refusal::new(error.code(), error))?;
    Ok((set.security_bits(), format!("a STARK over every step, {} proven bits ({})", set.security_bits(), set.name())))
}
