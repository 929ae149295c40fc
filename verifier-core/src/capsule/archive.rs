//! The archive: which artifacts a run left, and the commitment to their bytes.

use alloc::string::String;

use crate::{
    cbor::{Item, record},
    digest::{Digest, Tag},
};

record! {
    /// An artifact of the archive, addressed by the SHA-256 of its content.
    pub struct ArtifactRef {
        /// SHA-256 of the content.
        pub digest: Digest,
        /// Length of the content in bytes.
        pub size: u64,
        /// Whether the content travels in the receipt.
        pub embedded: bool,
    }
}

record! {
    /// How the archive's bytes are cut. The archive is the artifacts' contents, one after the other, in the order of the index.
    pub struct ChunkMeta {
        /// Rows to a chunk.
        pub chunk_len: u64,
        /// Number of chunks.
        pub num_chunks: u64,
        /// Bytes to a full chunk.
        pub chunk_size_bytes: u64,
        /// Bytes of the archive.
        pub data_length_bytes: u64,
        /// Names the rule that cuts bytes into rows.
        pub chunking_rule_id: String,
    }
}

impl ChunkMeta {
    /// What the header commits to.
    pub fn hash(&self) -> Digest {
        Tag::CHUNK_META.digest(&[&self.encode()])
    }
}

record! {
    /// The commitment to the archive's rows.
    pub struct RowIndexRef {
        /// Names the commitment scheme.
        pub commitment_type: String,
        /// The root.
        pub commitment: Digest,
        /// Children of an inner node.
        pub tree_arity: u64,
        /// Names the way in which openings are fetched.
        pub proof_fetch_rule_id: String,
        /// Digest of the encoded archive's header, where there is one.
        pub pointer: Option<Digest>,
        /// Digest of the encoded archive's sketch column, where there is one.
        pub sketch: Option<Digest>,
    }
}

impl RowIndexRef {
    /// What the header commits to.
    pub fn hash(&self) -> Digest {
        Tag::ROW_INDEX_REF.digest(&[&self.encode()])
    }
}

/// Bytes of an archive, if the sum fits.
pub fn archive_len(artifacts: &[ArtifactRef]) -> Option<u64> {
    artifacts.iter().try_fold(0u64, |sum, artifact| sum.checked_add(artifact.size))
}

/// Whether an index is in its one order: by digest, no digest twice.
pub fn is_sorted(artifacts: &[ArtifactRef]) -> bool {
    artifacts.is_sorted_by(|a, b| a.digest < b.digest)
}
