//! Backends (spec: `docs/spec/backends.md`): what turns a run into a trace, and what stands behind the claim.
//!
//! A backend fixes everything that a capsule repeats: identifiers, trace spec, the order of public inputs, and the hashes of
//! its proof system. The verifier computes all of it and compares; a capsule never chooses.

pub mod geom;
pub mod log;
pub mod process;
pub mod rv32im;

use alloc::{borrow::ToOwned, format, string::String};

use serde::{Serialize, Serializer};

use crate::{
    capsule::{Capsule, Header, Payload, ProofRef, ProofSystem, PublicInput, PublicValue, StatementAnchor},
    cbor::{Item, record},
    digest::{Digest, Tag},
    reason::ReasonCode,
    refusal::Refusal,
    stark::{FriParams, ParameterSet, ProvenAir},
};

/// The format of the proof's bytes (`docs/spec/proof.md`).
pub const PROOF_FORMAT: &str = "winterfell_0_13_stc_v1";

/// What stands behind "this code on these inputs gave this output".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimClass {
    /// A STARK over the execution: nobody's word is needed. It rests on SHA-256 as a random oracle, and on this verifier.
    Proven,
    /// The maker's record: a hash-chained event log and files by hash. Nothing shows that the run took place.
    Witnessed,
}

impl ClaimClass {
    /// The class's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Witnessed => "witnessed",
        }
    }
}

impl Serialize for ClaimClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A registered backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A process of an operating system, recorded.
    ProcessV1,
    /// The geom machine, proven.
    GeomV1,
    /// A program for RV32IM, proven.
    Rv32imV1,
    /// A finished action log.
    LogV1,
}

impl Backend {
    /// Every backend.
    pub const ALL: &'static [Self] = &[Self::ProcessV1, Self::GeomV1, Self::Rv32imV1, Self::LogV1];

    /// Finds a backend by the header's `backend_id`.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|backend| backend.id() == id)
    }

    /// `backend_id` of the header.
    pub const fn id(self) -> &'static str {
        match self {
            Self::ProcessV1 => "process_v1",
            Self::GeomV1 => "geom_v1",
            Self::Rv32imV1 => "rv32im_v1",
            Self::LogV1 => "log_v1",
        }
    }

    /// `vm_id` of the header.
    pub const fn vm_id(self) -> &'static str {
        match self {
            Self::ProcessV1 => "process",
            Self::GeomV1 => "geom",
            Self::Rv32imV1 => "rv32im",
            Self::LogV1 => "log",
        }
    }

    /// `circuit_id` of the header.
    pub const fn circuit_id(self) -> &'static str {
        match self {
            Self::ProcessV1 | Self::LogV1 => "none",
            Self::GeomV1 => "geom_air_v1",
            Self::Rv32imV1 => "rv32im_air_v1",
        }
    }

    /// The claim class.
    pub const fn claim_class(self) -> ClaimClass {
        match self {
            Self::ProcessV1 | Self::LogV1 => ClaimClass::Witnessed,
            Self::GeomV1 | Self::Rv32imV1 => ClaimClass::Proven,
        }
    }

    /// `vk_hash`: which circuit, in which version.
    pub fn verification_key_hash(self) -> Digest {
        let key = VerificationKey { backend_id: self.id().to_owned(), circuit_id: self.circuit_id().to_owned() };
        Tag::VERIFICATION_KEY.digest(&[&key.encode()])
    }
}

record! {
    /// The verification key, by name: the AIR's code is part of the verifier.
    pub struct VerificationKey {
        /// The backend.
        pub backend_id: String,
        /// Its circuit.
        pub circuit_id: String,
    }
}

record! {
    /// Everything that acceptance of a proof depends on. Its hash is absorbed before any challenge is drawn.
    pub struct Instance {
        /// The circuit and its version.
        pub vk_hash: Digest,
        /// The statement.
        pub statement_hash: Digest,
        /// The trace spec.
        pub trace_spec_hash: Digest,
        /// The archive's root.
        pub row_root: Digest,
        /// The machine's parameters.
        pub params_hash: Digest,
        /// The archive's cut.
        pub chunk_meta_hash: Digest,
        /// The archive's arity.
        pub row_tree_arity: u64,
        /// The AIR's shape.
        pub air_params_hash: Digest,
        /// The low-degree test's options.
        pub fri_params_hash: Digest,
        /// The program.
        pub program_hash: Digest,
    }
}

impl Instance {
    /// The instance that a header and a payload describe.
    pub fn of(header: &Header, payload: &Payload) -> Self {
        Self {
            vk_hash: header.proof_system.vk_hash,
            statement_hash: header.statement_hash,
            trace_spec_hash: header.trace_spec_hash,
            row_root: payload.row_index_ref.commitment,
            params_hash: header.proof_system.params_hash,
            chunk_meta_hash: header.chunk_meta_hash,
            row_tree_arity: header.row_tree_arity,
            air_params_hash: header.proof_system.air_params_hash,
            fri_params_hash: header.proof_system.fri_params_hash,
            program_hash: header.proof_system.program_hash,
        }
    }

    /// The instance hash.
    pub fn hash(&self) -> Digest {
        Tag::INSTANCE.digest(&[&self.encode()])
    }
}

/// The proof's reference: its system, format and parameter set must be the pinned ones.
///
/// # Errors
/// E050, E051 or E301.
pub fn read_proof_ref(capsule: &Capsule, backend: Backend) -> Result<(&ProofRef, ParameterSet), Refusal> {
    let missing = || Refusal::new(ReasonCode::ProofMissing, "the capsule names no proof");
    let proof = capsule.payload.proof.as_ref().ok_or_else(missing)?;
    if proof.system != backend.id() {
        let detail = format!("{:?} does not prove {}", proof.system, backend.id());
        return Err(Refusal::new(ReasonCode::ProofSystemMismatch, detail));
    }
    if proof.format != PROOF_FORMAT {
        return Err(Refusal::new(ReasonCode::ProofFormatMissing, format!("the format {:?} is unknown", proof.format)));
    }
    let unknown = || {
        let detail = format!("the parameter set {:?} is not pinned", proof.parameter_set);
        Refusal::new(ReasonCode::ProofSystemMismatch, detail)
    };
    Ok((proof, ParameterSet::from_name(&proof.parameter_set).ok_or_else(unknown)?))
}

record! {
    /// Options of the low-degree test, as they are hashed.
    pub struct FriOptions {
        /// Name of the parameter set.
        pub parameter_set: String,
        /// The options, by name.
        pub queries: u64,
        /// Inverse rate.
        pub blowup: u64,
        /// Bits of proof of work.
        pub grinding: u64,
        /// Degree of the extension field.
        pub extension_degree: u64,
        /// Folding factor.
        pub folding: u64,
        /// Largest degree of the remainder.
        pub remainder_degree: u64,
    }
}

/// `fri_params_hash`: the options that a parameter set pins for an AIR.
fn fri_params_hash<A: ProvenAir>(set: ParameterSet) -> Digest {
    let params = A::fri_params(set);
    let options = FriOptions {
        parameter_set: set.name().to_owned(),
        queries: u64::from(params.queries),
        blowup: u64::from(params.blowup),
        grinding: u64::from(params.grinding),
        extension_degree: u64::from(FriParams::EXTENSION_DEGREE),
        folding: u64::from(params.folding),
        remainder_degree: u64::from(params.remainder_degree),
    };
    Tag::FRI_PARAMS.digest(&[&options.encode()])
}

/// The hashes of a proof system that there is none of.
fn no_proof_system(backend: Backend, program_hash: Digest) -> ProofSystem {
    ProofSystem {
        params_hash: Tag::PARAMS.digest(&[]),
        air_params_hash: Tag::AIR_PARAMS.digest(&[]),
        fri_params_hash: Tag::FRI_PARAMS.digest(&[]),
        program_hash,
        vk_hash: backend.verification_key_hash(),
    }
}

/// Names a number or digest of the statement.
pub(crate) fn public_input(name: &str, value: PublicValue) -> PublicInput {
    PublicInput { name: name.to_owned(), value }
}

/// The anchor that ties a statement to the manifest list.
pub fn manifests_anchor(manifest_hash: Digest) -> StatementAnchor {
    anchor("manifests_v1", manifest_hash)
}

/// The anchor that ties a statement to the last line of an event log.
pub fn event_chain_anchor(head: Digest) -> StatementAnchor {
    anchor("event_chain_v1", head)
}

fn anchor(rule: &str, reference: Digest) -> StatementAnchor {
    StatementAnchor { anchor_rule_id: rule.to_owned(), anchor_ref: format!("sha256:{reference}"), track_id: None }
}
