//! The capsule (spec: `docs/spec/capsule.md`): the canonical object inside a receipt.
//!
//! Three hashes, one inside the other: `payload_hash` over the payload, `header_commit_hash` over the header that contains
//! it, `capsule_hash` over both and the availability challenge, if there is one. Signatures stand outside all three, and the
//! challenge outside the first two, so that the commitment comes before the challenge. Decoding checks form only; whether
//! the parts belong together is the business of [`verify`](mod@crate::verify).

mod archive;
mod claim;
pub mod entry;
mod header;
pub mod name;
mod payload;
mod statement;

use alloc::string::String;

pub use archive::{ArtifactRef, ChunkMeta, RowIndexRef, archive_len, is_sorted};
pub use claim::{Claim, Config, Environment, Exit, FileRef, Variable};
pub use header::{Anchor, Header, PolicyRef, ProofSystem, SCHEMA as HEADER_SCHEMA};
pub use payload::{ManifestRef, Payload, ProofRef, Run};
pub use statement::{PublicInput, PublicValue, Statement, StatementAnchor, TraceSpec};

use crate::{
    cbor::{CborError, Item, Value, record},
    digest::{Digest, Tag},
    relay::Commit,
};

/// The schema of this version's capsules.
pub const SCHEMA: &str = "capseal/capsule/v1";

record! {
    /// Header, payload, and the identity that follows from them.
    pub struct Capsule {
        /// [`SCHEMA`].
        pub schema: String,
        /// Commits to the payload and to everything that acceptance depends on.
        pub header: Header,
        /// What is claimed, and the parts that the header commits to.
        pub payload: Payload,
        /// Hash of the availability challenge that was answered after the commitment.
        pub da_challenge_hash: Option<Digest>,
        /// The identity, as the prover states it.
        pub capsule_hash: Digest,
    }
}

impl Capsule {
    /// The commit that a relay registers; `None` when the whole archive travels in the receipt.
    pub fn relay_commit(&self) -> Option<Commit> {
        Some(Commit::new(self.header.commit_hash(), self.payload.row_index_ref.pointer?))
    }

    /// Joins a header, a payload and the challenge that followed from the header, if there is one, and computes their identity.
    pub fn seal(header: Header, payload: Payload, da_challenge_hash: Option<Digest>) -> Self {
        let mut capsule =
            Self { schema: SCHEMA.into(), header, payload, da_challenge_hash, capsule_hash: Digest::default() };
        capsule.capsule_hash = capsule.identity();
        capsule
    }

    /// Reads a capsule, telling a missing identity or header from other faults of form.
    ///
    /// # Errors
    /// Bytes that are not the canonical encoding of a capsule of this version.
    pub fn read(bytes: &[u8]) -> Result<Self, CborError> {
        let value = Value::decode(bytes)?;
        if let Value::Map(entries) = &value {
            // Another version has other keys: name the version rather than the first key that differs.
            let schema = entries.iter().find(|(key, _)| key == "schema").map(|(_, value)| value);
            if schema != Some(&Value::Text(SCHEMA.into())) {
                return Err(CborError::WrongType { expected: "the schema capseal/capsule/v1" });
            }
        }
        Self::from_value(value)
    }

    /// Layer 3: what `capsule_hash` must be.
    pub fn identity(&self) -> Digest {
        let mut layers = alloc::vec![self.header.commit_hash(), self.payload.hash()];
        layers.extend(self.da_challenge_hash);
        Tag::CAPSULE.digest(&[&layers.encode()])
    }
}
