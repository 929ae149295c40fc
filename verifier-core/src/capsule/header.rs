//! The header: short, and it commits to everything else.

use alloc::string::String;

use crate::{
    cbor::{Item, record},
    digest::{Digest, Tag},
};

/// The schema of this version's headers.
pub const SCHEMA: &str = "capseal/header/v1";

record! {
    /// Hashes of what the proof system was told.
    pub struct ProofSystem {
        /// Parameters of the backend's machine.
        pub params_hash: Digest,
        /// Shape of the AIR.
        pub air_params_hash: Digest,
        /// Options of the low-degree test, with the parameter set's name.
        pub fri_params_hash: Digest,
        /// The program.
        pub program_hash: Digest,
        /// The circuit and its version.
        pub vk_hash: Digest,
    }
}

record! {
    /// The event log, for backends that keep one.
    pub struct Anchor {
        /// Hash of the log's bytes.
        pub events_log_hash: Digest,
        /// Number of lines.
        pub events_log_len: u64,
        /// Leaf hash of the last line.
        pub event_chain_head: Digest,
    }
}

record! {
    /// The header of a capsule.
    pub struct Header {
        /// [`SCHEMA`].
        pub schema: String,
        /// The machine that ran.
        pub vm_id: String,
        /// The backend, which decides the claim class.
        pub backend_id: String,
        /// The circuit, or `none`.
        pub circuit_id: String,
        /// Names this trace among those of its maker.
        pub trace_id: String,
        /// The capsule that this one continues.
        pub prev_capsule_hash: Option<Digest>,
        /// Hash of the trace spec.
        pub trace_spec_hash: Digest,
        /// Hash of the statement.
        pub statement_hash: Digest,
        /// Binds statement, roots, program and every parameter that acceptance depends on.
        pub instance_hash: Digest,
        /// Arity of the archive's tree.
        pub row_tree_arity: u64,
        /// Hash of the archive's RowIndexRef.
        pub row_index_ref_hash: Digest,
        /// Hash of the archive's ChunkMeta.
        pub chunk_meta_hash: Digest,
        /// The policy that the prover names.
        pub policy_ref: Option<PolicyRef>,
        /// The availability policy that the prover names.
        pub da_policy_hash: Option<Digest>,
        /// The event log.
        pub anchor: Option<Anchor>,
        /// What the proof system was told.
        pub proof_system: ProofSystem,
        /// Hash of the manifest list.
        pub manifest_hash: Digest,
        /// Layer 1: hash of the payload.
        pub payload_hash: Digest,
        /// The level that the prover intends; the verifier decides.
        pub verification_profile: String,
    }
}

impl Header {
    /// Layer 2: what an author and a relay sign.
    pub fn commit_hash(&self) -> Digest {
        Tag::HEADER_COMMIT.digest(&[&self.encode()])
    }
}

record! {
    /// Names a policy and pins its content.
    pub struct PolicyRef {
        /// The policy's name.
        pub policy_id: String,
        /// Its version.
        pub policy_version: String,
        /// Hash of its document.
        pub policy_hash: Digest,
        /// The track of the policy that applies.
        pub track_id: String,
    }
}
