//! `process_v1`: a process of an operating system, recorded but not proven.
//!
//! The trace is the event log, one row a line. The statement's public inputs are the digests of the claim's sections and
//! the exit, so that the claim is part of the statement, hence of the instance hash. There is no proof system; its hashes
//! are those of empty parameters.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::{Backend, no_proof_system, public_input};
use crate::{
    capsule::{Claim, Exit, ProofSystem, PublicInput, PublicValue, Run, TraceSpec},
    digest::{Digest, Tag},
    event_log,
    pcap::log::RUN_FINISHED,
};

/// The trace spec of every receipt of this backend.
pub fn trace_spec() -> TraceSpec {
    TraceSpec {
        spec_version: 1,
        trace_format_id: "event_log_v2".to_owned(),
        record_schema_ref: event_log::schema_ref(event_log::SCHEMA),
        encoding_id: "canonical_jsonl_v1".to_owned(),
        field_modulus_id: "none".to_owned(),
    }
}

/// The public inputs that state a claim; `None` when the claim does not say how the process ended, says it twice, or with a number that
/// no system ends a process with.
pub fn public_inputs(claim: &Claim) -> Option<Vec<PublicInput>> {
    let exit = match claim.exit {
        Some(Exit { code: Some(code), signal: None }) if is_ending(code) => {
            public_input("exit_code", PublicValue::Number(code))
        }
        Some(Exit { code: None, signal: Some(signal) }) if is_ending(signal) => {
            public_input("exit_signal", PublicValue::Number(signal))
        }
        _ => return None,
    };
    let sections = [
        ("code", claim.code_digest()),
        ("inputs", claim.inputs_digest()),
        ("config", claim.config_digest()),
        ("environment", claim.environment_digest()),
        ("outputs", claim.outputs_digest()),
    ];
    let digests = sections.map(|(name, digest)| public_input(name, PublicValue::Digest(digest)));
    Some(digests.into_iter().chain([exit]).collect())
}

/// Exit codes and signals have 32 bits at most.
const fn is_ending(number: u64) -> bool {
    number <= 0xffff_ffff
}

/// The hashes of a proof system that there is none of; the program is the code section.
pub fn proof_system(claim: &Claim) -> ProofSystem {
    no_proof_system(Backend::ProcessV1, program_hash(claim.code_digest()))
}

fn program_hash(code_digest: Digest) -> Digest {
    Tag::PROGRAM.digest(&[code_digest.as_bytes()])
}

/// How files were found: by observing the run, or only as declared.
pub const CAPTURES: [&str; 2] = ["observed", "declared"];

/// The event that closes a log, and what it says about the claim.
pub const FINISHED: &str = RUN_FINISHED;

/// What the first event repeats of the circumstances of a run.
pub fn header_fields(run: &Run) -> Map<String, Value> {
    let fields: [(&str, Value); 3] = [
        ("backend", Backend::ProcessV1.id().into()),
        ("capture", run.capture.as_str().into()),
        ("command", run.command.clone().into()),
    ];
    let mut object = Map::new();
    object.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    object
}

/// The fields of the closing event: every public input, by name.
pub fn finished_fields(public_inputs: &[PublicInput]) -> Map<String, Value> {
    let field = |input: &PublicInput| match input.value {
        PublicValue::Number(number) => (input.name.clone(), number.into()),
        PublicValue::Digest(digest) => (input.name.clone(), digest.to_string().into()),
    };
    let mut object = Map::new();
    object.extend(public_inputs.iter().map(field));
    object
}
