//! Checks 3 to 5: hashes, statement, instance.

use alloc::{format, vec::Vec};

use super::Found;
use crate::{
    backend::{Backend, Instance, event_chain_anchor, geom, log, manifests_anchor, process, rv32im},
    capsule::{self, Capsule, ProofSystem, StatementAnchor, TraceSpec},
    digest::Digest,
    reason::ReasonCode,
    refusal::Refusal,
    sentence::{self, Counted},
    verdict::Level,
};

/// Check 3.
pub(super) fn hashes(capsule: &Capsule, expected: Option<Digest>) -> Found<()> {
    let Capsule { header, payload, .. } = capsule;
    let commitments = [
        ("payload_hash", header.payload_hash, payload.hash()),
        ("trace_spec_hash", header.trace_spec_hash, payload.trace_spec.hash()),
        ("statement_hash", header.statement_hash, payload.statement.hash()),
        ("chunk_meta_hash", header.chunk_meta_hash, payload.chunk_meta.hash()),
        ("row_index_ref_hash", header.row_index_ref_hash, payload.row_index_ref.hash()),
        ("manifest_hash", header.manifest_hash, payload.manifest_hash()),
    ];
    if let Some((name, ..)) = commitments.iter().find(|(_, stated, computed)| stated != computed) {
        let detail = format!("the header's {name} is not the hash of what the payload holds");
        return Err(Refusal::new(ReasonCode::CapsuleHeaderMismatch, detail));
    }
    if header.row_tree_arity != payload.row_index_ref.tree_arity {
        return Err(Refusal::new(ReasonCode::CapsuleHeaderMismatch, "two arities are stated for the archive's tree"));
    }
    if capsule.capsule_hash != capsule.identity() {
        return Err(Refusal::new(
            ReasonCode::CapsuleHashMismatch,
            "the capsule's identity is not the hash of its content",
        ));
    }
    if let Some(expected) = expected.filter(|expected| *expected != capsule.capsule_hash) {
        let detail = format!("this is capsule {}, and {expected} was expected", capsule.capsule_hash);
        return Err(Refusal::new(ReasonCode::CapsuleHashMismatch, detail));
    }
    Ok(((), sentence::the_capsule(capsule.capsule_hash)))
}

/// Check 4.
pub(super) fn statement(capsule: &Capsule, backend: Backend) -> Found<()> {
    let Capsule { header, payload, .. } = capsule;
    identifiers(capsule, backend)?;
    if !payload.claim.is_sorted() || payload.claim.environment.manifest_hash != header.manifest_hash {
        return Err(claim_mismatch("the claim's sections are out of order or name other manifests"));
    }
    if let Some(text) = payload.claim.misspelt() {
        let detail = format!("the claim's text {text:?} is not written as a path, argument or value is");
        return Err(Refusal::new(ReasonCode::CanonicalizationFailed, detail));
    }
    let (trace_spec, proof_system) = match backend {
        Backend::ProcessV1 => process_statement(capsule)?,
        Backend::GeomV1 => geom::statement(capsule)?,
        Backend::Rv32imV1 => rv32im::statement(capsule)?,
        Backend::LogV1 => log::statement(capsule)?,
    };
    let statement = &payload.statement;
    if payload.trace_spec != trace_spec || statement.statement_version != 1 {
        return Err(Refusal::new(ReasonCode::ProofStatementMismatch, "the trace spec is not the one of this backend"));
    }
    if statement.trace_spec_hash != header.trace_spec_hash
        || statement.policy_hash != header.policy_ref.as_ref().map(|policy| policy.policy_hash)
        || statement.anchors != anchors(capsule)
    {
        return Err(Refusal::new(
            ReasonCode::ProofStatementMismatch,
            "the statement is about other parts than the header",
        ));
    }
    if header.proof_system != proof_system {
        let detail = "the proof system's hashes are not those of this backend and claim";
        return Err(Refusal::new(ReasonCode::ProofSystemMismatch, detail));
    }
    let inputs = Counted(statement.public_inputs.len() as u64, "public input");
    Ok(((), sentence::claim_agrees(inputs)))
}

fn identifiers(capsule: &Capsule, backend: Backend) -> Result<(), Refusal> {
    let header = &capsule.header;
    if header.schema != capsule::HEADER_SCHEMA || Level::from_name(&header.verification_profile).is_none() {
        return Err(Refusal::new(ReasonCode::SchemaUnsupported, "the header's schema or profile is unknown"));
    }
    if header.vm_id != backend.vm_id() || header.circuit_id != backend.circuit_id() {
        let detail = format!("machine or circuit is not that of {}", backend.id());
        return Err(Refusal::new(ReasonCode::ProofSystemMismatch, detail));
    }
    Ok(())
}

fn process_statement(capsule: &Capsule) -> Result<(TraceSpec, ProofSystem), Refusal> {
    let payload = &capsule.payload;
    let (None, Some(run), Some(_)) = (&payload.proof, &payload.run, &capsule.header.anchor) else {
        return Err(claim_mismatch("a recorded run has its circumstances and an event log, and no proof"));
    };
    if !process::CAPTURES.contains(&run.capture.as_str()) {
        let detail = format!("the capture {:?} is unknown", run.capture);
        return Err(Refusal::new(ReasonCode::SchemaUnsupported, detail));
    }
    let claim = &payload.claim;
    let inputs =
        process::public_inputs(claim).ok_or_else(|| claim_mismatch("the claim does not say how the run ended"))?;
    if payload.statement.public_inputs != inputs {
        return Err(claim_mismatch("the statement's public inputs are not those of the claim"));
    }
    Ok((process::trace_spec(), process::proof_system(claim)))
}

/// The anchors that the header calls for.
fn anchors(capsule: &Capsule) -> Vec<StatementAnchor> {
    let chain = capsule.header.anchor.as_ref().map(|anchor| event_chain_anchor(anchor.event_chain_head));
    chain.into_iter().chain([manifests_anchor(capsule.header.manifest_hash)]).collect()
}

/// Check 5.
pub(super) fn instance(capsule: &Capsule) -> Found<()> {
    if capsule.header.instance_hash != Instance::of(&capsule.header, &capsule.payload).hash() {
        let detail = "the instance hash is not that of the statement, the roots and the parameters";
        return Err(Refusal::new(ReasonCode::InstanceHashMismatch, detail));
    }
    Ok(((), sentence::all_bound()))
}

/// A claim that contradicts the statement.
pub(super) fn claim_mismatch(detail: &str) -> Refusal {
    Refusal::new(ReasonCode::ClaimMismatch, detail)
}
