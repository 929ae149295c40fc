//! The payload: the claim, and the parts that the header commits to by hash.

use alloc::{string::String, vec::Vec};

use super::{ArtifactRef, ChunkMeta, Claim, RowIndexRef, Statement, TraceSpec};
use crate::{
    cbor::{Item, record},
    digest::{Digest, Tag},
};

record! {
    /// An environment manifest, addressed by the SHA-256 of its content.
    pub struct ManifestRef {
        /// Its name; the entry is `manifests/<name>.json`.
        pub name: String,
        /// SHA-256 of the content.
        pub digest: Digest,
    }
}

record! {
    /// The proof that the receipt carries.
    pub struct ProofRef {
        /// The proof system; the entry is `proof/<system>.bin`.
        pub system: String,
        /// The format of its bytes.
        pub format: String,
        /// The pinned parameter set.
        pub parameter_set: String,
        /// SHA-256 of its bytes.
        pub digest: Digest,
        /// Length of its bytes.
        pub size: u64,
    }
}

record! {
    /// Circumstances of a run, as its maker tells them.
    pub struct Run {
        /// The command as it was executed.
        pub command: Vec<String>,
        /// Working directory.
        pub directory: String,
        /// Milliseconds since the Unix epoch.
        pub started_at_ms: u64,
        /// Milliseconds.
        pub duration_ms: u64,
        /// `observed` when opened files were watched, `declared` when only named files are known.
        pub capture: String,
    }
}

record! {
    /// The payload of a capsule.
    pub struct Payload {
        /// What is claimed.
        pub claim: Claim,
        /// Format of the trace.
        pub trace_spec: TraceSpec,
        /// What is claimed about the trace.
        pub statement: Statement,
        /// The archive's index, by digest.
        pub artifacts: Vec<ArtifactRef>,
        /// How the archive is cut.
        pub chunk_meta: ChunkMeta,
        /// The commitment to the archive.
        pub row_index_ref: RowIndexRef,
        /// Environment manifests, by name.
        pub manifests: Vec<ManifestRef>,
        /// The proof, for backends that prove.
        pub proof: Option<ProofRef>,
        /// Circumstances, for backends that run a process.
        pub run: Option<Run>,
    }
}

impl Payload {
    /// Layer 1.
    pub fn hash(&self) -> Digest {
        Tag::PAYLOAD.digest(&[&self.encode()])
    }

    /// Hash of the manifest list.
    pub fn manifest_hash(&self) -> Digest {
        Tag::MANIFESTS.digest(&[&self.manifests.encode()])
    }
}
