//! `rv32im_v1`: a program for RV32IM, proven (spec: `docs/spec/rv32im.md`).
//!
//! The statement's public inputs name program, input, output and public tables by digest, and say how the run ended. The
//! four are the claim's files and travel in the receipt: without one of them there is nothing to check the proof against.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{Backend, fri_params_hash, public_input, read_proof_ref};
use crate::{
    air::rv32im::{AIR_PARAMS, Rv32imAir},
    capsule::{Capsule, Claim, Config, Environment, Exit, FileRef, ProofSystem, PublicInput, PublicValue, TraceSpec},
    cbor::{Item, record},
    digest::{Digest, Tag},
    event_log::schema_ref,
    reason::ReasonCode,
    refusal::Refusal,
    stark::ParameterSet,
};

/// Paths of the claim's files: program image, input, output, public tables.
pub const PATHS: [&str; 4] = ["rv32im/program.cbor", "rv32im/input.bin", "rv32im/output.bin", "rv32im/tables.bin"];

/// Names of the public inputs, in order.
const NAMES: [&str; 8] = ["program", "input", "output", "tables", "exit_code", "cycles", "trace_length", "segments"];

/// Segments that a run is proven in; more are reserved.
const SEGMENTS: u64 = 1;

/// What a receipt states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Digests of the documents, in the order of [`PATHS`].
    pub documents: [Digest; 4],
    /// What the run ended with.
    pub exit_code: u32,
    /// Instructions executed.
    pub cycles: u64,
    /// Rows of the trace.
    pub trace_length: u32,
}

/// The trace spec of every receipt of this backend.
pub fn trace_spec() -> TraceSpec {
    TraceSpec {
        spec_version: 1,
        trace_format_id: "rv32im_trace_v1".to_owned(),
        record_schema_ref: schema_ref(&AIR_PARAMS.columns.join(",")),
        encoding_id: "lde_rows_le64_v1".to_owned(),
        field_modulus_id: "goldilocks".to_owned(),
    }
}

/// The public inputs that state what the run did.
pub fn public_inputs(stated: &Stated) -> Vec<PublicInput> {
    let numbers = [u64::from(stated.exit_code), stated.cycles, u64::from(stated.trace_length), SEGMENTS];
    let values = stated.documents.map(PublicValue::Digest).into_iter().chain(numbers.map(PublicValue::Number));
    NAMES.into_iter().zip(values).map(|(name, value)| public_input(name, value)).collect()
}

/// Reads what is stated back from the public inputs: exactly these names in this order, with values of these kinds.
///
/// # Errors
/// E053 when they are anything else.
pub fn read_stated(inputs: &[PublicInput]) -> Result<Stated, Refusal> {
    let refuse = |detail: &str| Refusal::new(ReasonCode::ProofStatementMismatch, detail);
    if !inputs.iter().map(|input| input.name.as_str()).eq(NAMES) {
        return Err(refuse("the public inputs are not those of rv32im_v1"));
    }
    let values: Vec<PublicValue> = inputs.iter().map(|input| input.value).collect();
    let [
        PublicValue::Digest(program),
        PublicValue::Digest(input),
        PublicValue::Digest(output),
        PublicValue::Digest(tables),
        PublicValue::Number(exit_code),
        PublicValue::Number(cycles),
        PublicValue::Number(trace_length),
        PublicValue::Number(SEGMENTS),
    ] = *values
    else {
        return Err(refuse("a public input is of another kind, or the run is proven in several segments"));
    };
    let word = |number: u64| u32::try_from(number).map_err(|_| refuse("a public input is no 32-bit number"));
    Ok(Stated {
        documents: [program, input, output, tables],
        exit_code: word(exit_code)?,
        cycles,
        trace_length: word(trace_length)?,
    })
}

/// The one claim that goes with what is stated; lengths of the documents in the order of [`PATHS`].
pub fn claim(stated: &Stated, sizes: [u64; 4], manifest_hash: Digest) -> Claim {
    let file = |index: usize| {
        let parts = PATHS.iter().zip(&stated.documents).zip(&sizes).skip(index).take(1);
        parts.map(|((path, digest), size)| FileRef { path: (*path).to_owned(), digest: *digest, size: *size }).collect()
    };
    Claim {
        code: file(0),
        inputs: file(1),
        config: Config { arguments: Vec::new(), files: file(3) },
        environment: Environment { variables: Vec::new(), manifest_hash },
        outputs: file(2),
        exit: Some(Exit { code: Some(stated.exit_code.into()), signal: None }),
    }
}

/// Check 4 for this backend: what the trace spec and the proof system's hashes must be.
///
/// # Errors
/// When statement and claim do not say the same, or the proof is not of this system.
pub fn statement(capsule: &Capsule) -> Result<(TraceSpec, ProofSystem), Refusal> {
    let payload = &capsule.payload;
    let (_, set) = read_proof_ref(capsule, Backend::Rv32imV1)?;
    let stated = read_stated(&payload.statement.public_inputs)?;
    let size = |files: &[FileRef]| files.first().map_or(0, |file| file.size);
    let stated_claim = &payload.claim;
    let sizes = [&stated_claim.code, &stated_claim.inputs, &stated_claim.outputs, &stated_claim.config.files]
        .map(|files| size(files));
    let foreign_parts = payload.run.is_some() || capsule.header.anchor.is_some();
    if foreign_parts || *stated_claim != claim(&stated, sizes, capsule.header.manifest_hash) {
        return Err(Refusal::new(ReasonCode::ClaimMismatch, "the claim is not the one of the statement"));
    }
    Ok((trace_spec(), proof_system(&stated, set)))
}

record! {
    /// What the proof system is told about the run, as it is hashed.
    pub struct Parameters {
        /// Digest of the public tables.
        pub tables: Digest,
        /// Segments that the run is proven in.
        pub segments: u64,
    }
}

record! {
    /// Shape of the AIR, as it is hashed.
    pub struct AirShape {
        /// Names of the main segment's columns.
        pub columns: Vec<String>,
        /// Degrees of its constraints.
        pub degrees: Vec<u64>,
        /// Columns of the auxiliary segment.
        pub aux_columns: u64,
        /// Degree of its constraints.
        pub aux_degree: u64,
        /// Challenges drawn between the segments.
        pub challenges: u64,
        /// Rows of the trace.
        pub trace_length: u64,
    }
}

/// The hashes of what the proof system is told.
pub fn proof_system(stated: &Stated, set: ParameterSet) -> ProofSystem {
    let [program, _, _, tables] = stated.documents;
    let air = AirShape {
        columns: AIR_PARAMS.columns.map(ToOwned::to_owned).to_vec(),
        degrees: AIR_PARAMS.degrees.map(u64::from).to_vec(),
        aux_columns: u64::from(AIR_PARAMS.aux_columns),
        aux_degree: u64::from(AIR_PARAMS.aux_degree),
        challenges: u64::from(AIR_PARAMS.challenges),
        trace_length: u64::from(stated.trace_length),
    };
    ProofSystem {
        params_hash: Tag::PARAMS.digest(&[&Parameters { tables, segments: SEGMENTS }.encode()]),
        air_params_hash: Tag::AIR_PARAMS.digest(&[&air.encode()]),
        fri_params_hash: fri_params_hash::<Rv32imAir>(set),
        program_hash: Tag::PROGRAM.digest(&[program.as_ref()]),
        vk_hash: Backend::Rv32imV1.verification_key_hash(),
    }
}
