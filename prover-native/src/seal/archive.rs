//! The archive of a receipt: which contents travel, and the commitment to all of them.

use std::{fs, io};

use verifier_core::{
    archive,
    capsule::{ArtifactRef, ChunkMeta, RowIndexRef},
};

pub use verifier_core::archive::EMBED_LIMIT;

use super::SealError;
use crate::artifacts::{Artifact, ArtifactStore};

/// A committed archive.
#[derive(Debug)]
pub struct Archive {
    /// The index, by digest.
    pub index: Vec<ArtifactRef>,
    /// How the bytes are cut.
    pub chunk_meta: ChunkMeta,
    /// The commitment.
    pub row_index_ref: RowIndexRef,
    /// Where the contents are.
    pub store: ArtifactStore,
}

impl Archive {
    /// Commits to everything in a store; all of it will travel in the receipt, so all of it fits in memory.
    ///
    /// # Errors
    /// When contents cannot be read back.
    pub fn embedded(store: ArtifactStore) -> Result<Self, SealError> {
        let artifacts: Vec<Artifact> = store.iter().collect();
        let contents: Vec<Vec<u8>> =
            artifacts.iter().map(|artifact| fs::read(store.path(&artifact.digest))).collect::<io::Result<_>>()?;
        let contents: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        let (chunk_meta, row_index_ref) = archive::embedded(&contents)?;
        let reference =
            |artifact: &Artifact| ArtifactRef { digest: artifact.digest, size: artifact.size, embedded: true };
        Ok(Self { index: artifacts.iter().map(reference).collect(), chunk_meta, row_index_ref, store })
    }
}
