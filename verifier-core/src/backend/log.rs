//! `log_v1`: a finished action log, sealed with contents that it speaks of (spec: `docs/spec/backends.md`).
//!
//! The trace is the log, one row a line, and the log is a log of version 2 like any other: a checkpoint of it speaks of the same
//! identity, size and root as the statement. There is no program, no exit and no proof system.

use alloc::{borrow::ToOwned, vec::Vec};

use super::{Backend, no_proof_system, public_input};
use crate::{
    capsule::{Capsule, Claim, Config, Environment, FileRef, ProofSystem, PublicInput, PublicValue, TraceSpec},
    digest::{Digest, Tag},
    event_log::{self, Summary},
    reason::ReasonCode,
    refusal::Refusal,
};

/// The trace spec of every receipt of this backend.
pub fn trace_spec() -> TraceSpec {
    TraceSpec {
        spec_version: 1,
        trace_format_id: "action_log_v2".to_owned(),
        record_schema_ref: event_log::schema_ref(event_log::SCHEMA),
        encoding_id: "canonical_jsonl_v1".to_owned(),
        field_modulus_id: "none".to_owned(),
    }
}

/// The claim: these contents and nothing else.
pub fn claim(contents: Vec<FileRef>, manifest_hash: Digest) -> Claim {
    Claim {
        code: Vec::new(),
        inputs: Vec::new(),
        config: Config { arguments: Vec::new(), files: Vec::new() },
        environment: Environment { variables: Vec::new(), manifest_hash },
        outputs: contents,
        exit: None,
    }
}

/// The public inputs that state a log and the contents beside it.
pub fn public_inputs(log: &Summary, claim: &Claim) -> Vec<PublicInput> {
    [
        ("log_id", PublicValue::Digest(log.log_id)),
        ("size", PublicValue::Number(log.lines)),
        ("root", PublicValue::Digest(log.tree_root)),
        ("obligations", PublicValue::Digest(log.obligations)),
        ("contents", PublicValue::Digest(claim.outputs_digest())),
    ]
    .into_iter()
    .map(|(name, value)| public_input(name, value))
    .collect()
}

/// The hashes of a proof system that there is none of.
pub fn proof_system() -> ProofSystem {
    no_proof_system(Backend::LogV1, Tag::PROGRAM.digest(&[]))
}

/// Check 4 for this backend. What is stated of the log itself is compared with the log in check 8.
///
/// # Errors
/// E015 when the claim is more than contents, or the statement is about others.
pub fn statement(capsule: &Capsule) -> Result<(TraceSpec, ProofSystem), Refusal> {
    let payload = &capsule.payload;
    let refuse = |detail: &str| Err(Refusal::new(ReasonCode::ClaimMismatch, detail));
    if payload.proof.is_some() || payload.run.is_some() || capsule.header.anchor.is_none() {
        return refuse("a sealed log has an event log, and neither a run nor a proof");
    }
    if payload.claim != claim(payload.claim.outputs.clone(), capsule.header.manifest_hash) {
        return refuse("a sealed log claims contents alone");
    }
    let contents = public_input("contents", PublicValue::Digest(payload.claim.outputs_digest()));
    if payload.statement.public_inputs.last() != Some(&contents) {
        return refuse("the statement is about other contents than the claim");
    }
    Ok((trace_spec(), proof_system()))
}
