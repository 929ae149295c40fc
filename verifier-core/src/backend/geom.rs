//! `geom_v1`: the geom machine, proven (spec: `docs/spec/geom.md`).
//!
//! The statement's public inputs are the machine's parameters and outputs. The claim's files are three small documents that
//! say the same in JSON; the verifier writes them itself and compares their digests, so that nothing in them is parsed.

use alloc::{borrow::ToOwned, format, string::String, vec, vec::Vec};

use super::{Backend, fri_params_hash, public_input, read_proof_ref};
use crate::{
    air::geom::{AIR_PARAMS, COLUMNS, GeomAir, GeomOutputs, GeomParameters, GeomStatement, PROGRAM, ROW_STEPS},
    capsule::{Capsule, Claim, Config, Environment, FileRef, ProofSystem, PublicInput, PublicValue, TraceSpec},
    cbor::{Item, record},
    digest::{Digest, Tag},
    event_log::schema_ref,
    reason::ReasonCode,
    refusal::Refusal,
    stark::ParameterSet,
};

/// The trace spec of every receipt of this backend.
pub fn trace_spec() -> TraceSpec {
    TraceSpec {
        spec_version: 1,
        trace_format_id: "geom_trace_v1".to_owned(),
        record_schema_ref: schema_ref(&COLUMNS.join(",")),
        encoding_id: "lde_rows_le64_v1".to_owned(),
        field_modulus_id: "goldilocks".to_owned(),
    }
}

/// The public inputs that state what the machine did.
pub fn public_inputs(statement: &GeomStatement) -> Vec<PublicInput> {
    let parameters = statement.parameters();
    let [x1, x2] = parameters.initial();
    let [[m11, m12], [m21, m22]] = parameters.matrix();
    let given = [u64::from(parameters.steps()), x1, x2, m11, m12, m21, m22];
    let named = PARAMETER_NAMES.into_iter().zip(given);
    let outputs = GeomOutputs::NAMES.into_iter().zip(statement.outputs().values());
    named.chain(outputs).map(|(name, value)| public_input(name, PublicValue::Number(value))).collect()
}

const PARAMETER_NAMES: [&str; 7] =
    ["steps", "initial_x1", "initial_x2", "matrix_11", "matrix_12", "matrix_21", "matrix_22"];

/// Reads the statement back from its public inputs: exactly these names in this order, all of them numbers in range.
///
/// # Errors
/// E053 when they are anything else.
pub fn read_statement(inputs: &[PublicInput]) -> Result<GeomStatement, Refusal> {
    let refuse = |detail: String| Refusal::new(ReasonCode::ProofStatementMismatch, detail);
    let names = PARAMETER_NAMES.into_iter().chain(GeomOutputs::NAMES);
    if !inputs.iter().map(|input| input.name.as_str()).eq(names) {
        return Err(refuse("the public inputs are not those of geom_v1".to_owned()));
    }
    let numbers: Vec<u64> = inputs
        .iter()
        .filter_map(|input| match input.value {
            PublicValue::Number(number) => Some(number),
            PublicValue::Digest(_) => None,
        })
        .collect();
    let [steps, x1, x2, m11, m12, m21, m22, outputs @ ..] = numbers.as_slice() else {
        return Err(refuse("a public input is not a number".to_owned()));
    };
    let outputs: [u64; 7] = outputs.try_into().map_err(|_| refuse("a public input is not a number".to_owned()))?;
    let steps = u32::try_from(*steps).map_err(|_| refuse(format!("{steps} steps are more than the AIR allows")))?;
    GeomParameters::new(steps, [*x1, *x2], [[*m11, *m12], [*m21, *m22]])
        .and_then(|parameters| GeomStatement::new(parameters, GeomOutputs::from_values(outputs)))
        .map_err(|error| Refusal::new(error.code(), error))
}

/// The documents that a receipt carries, by path: program, parameters, outputs.
pub fn documents(statement: &GeomStatement) -> [(&'static str, String); 3] {
    let inputs = public_inputs(statement);
    let object = |inputs: &[PublicInput]| {
        let mut fields = serde_json::Map::new();
        fields.extend(inputs.iter().map(|input| (input.name.clone(), serde_json::json!(input.value))));
        format!("{}\n", serde_json::Value::Object(fields))
    };
    let (parameters, outputs) = inputs.split_at(PARAMETER_NAMES.len().min(inputs.len()));
    [
        (
            "geom/program.json",
            format!("{}\n", serde_json::json!({ "program": PROGRAM, "vm": Backend::GeomV1.vm_id() })),
        ),
        ("geom/parameters.json", object(parameters)),
        ("geom/outputs.json", object(outputs)),
    ]
}

/// The one claim that goes with a statement.
pub fn claim(statement: &GeomStatement, manifest_hash: Digest) -> Claim {
    let [code, inputs, outputs] = documents(statement).map(|(path, content)| {
        let digest = Digest::of_content(content.as_bytes());
        vec![FileRef { path: path.to_owned(), digest, size: content.len() as u64 }]
    });
    Claim {
        code,
        inputs,
        config: Config { arguments: Vec::new(), files: Vec::new() },
        environment: Environment { variables: Vec::new(), manifest_hash },
        outputs,
        exit: None,
    }
}

/// Check 4 for this backend: what the trace spec and the proof system's hashes must be.
///
/// # Errors
/// When statement and claim do not say the same, or the proof is not of this system.
pub fn statement(capsule: &Capsule) -> Result<(TraceSpec, ProofSystem), Refusal> {
    let payload = &capsule.payload;
    let (_, set) = read_proof_ref(capsule, Backend::GeomV1)?;
    let stated = read_statement(&payload.statement.public_inputs)?;
    let foreign_parts = payload.run.is_some() || capsule.header.anchor.is_some();
    if foreign_parts || payload.claim != claim(&stated, capsule.header.manifest_hash) {
        return Err(Refusal::new(ReasonCode::ClaimMismatch, "the claim is not the one of the statement"));
    }
    Ok((trace_spec(), proof_system(stated.parameters(), set)))
}

record! {
    /// Parameters of the machine, as they are hashed.
    pub struct Parameters {
        /// Number of steps.
        pub steps: u64,
        /// x1 and x2 before the first step.
        pub initial: Vec<u64>,
        /// The matrix by rows.
        pub matrix: Vec<Vec<u64>>,
    }
}

record! {
    /// Shape of the AIR, as it is hashed.
    pub struct AirShape {
        /// Names of the columns.
        pub columns: Vec<String>,
        /// Degrees of the transition constraints.
        pub degrees: Vec<u64>,
        /// Steps from one row to the next.
        pub row_steps: u64,
        /// Rows of the trace.
        pub trace_length: u64,
    }
}

/// The hashes of what the proof system is told.
pub fn proof_system(parameters: &GeomParameters, set: ParameterSet) -> ProofSystem {
    let machine = Parameters {
        steps: u64::from(parameters.steps()),
        initial: parameters.initial().to_vec(),
        matrix: parameters.matrix().map(|row| row.to_vec()).to_vec(),
    };
    let air = AirShape {
        columns: COLUMNS.map(ToOwned::to_owned).to_vec(),
        degrees: AIR_PARAMS.constraint_degrees.map(u64::from).to_vec(),
        row_steps: ROW_STEPS as u64,
        trace_length: u64::from(parameters.trace_length()),
    };
    let program: Vec<u64> = PROGRAM.map(u64::from).to_vec();
    ProofSystem {
        params_hash: Tag::PARAMS.digest(&[&machine.encode()]),
        air_params_hash: Tag::AIR_PARAMS.digest(&[&air.encode()]),
        fri_params_hash: fri_params_hash::<GeomAir>(set),
        program_hash: Tag::PROGRAM.digest(&[&program.encode()]),
        vk_hash: Backend::GeomV1.verification_key_hash(),
    }
}
