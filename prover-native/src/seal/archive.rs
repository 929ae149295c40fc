//! The archive of a receipt: which contents travel, and the commitment to all of them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use verifier_core::{
    archive::{self},
    capsule::{ArtifactRef, ChunkMeta, RowIndexRef},
    stc::{ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN, ARCHIVE_ROW_SIZE},
};

pub use verifier_core::archive::EMBED_LIMIT;

use crate::{
    artifacts::{Artifact, ArtifactStore, StoreError},
    commit,
};

/// Small contents travel even when the archive is detached, as long as they come to no more than this together: a page can
/// then still show what a run printed.
///
/// # Units
/// Bytes.
const PREVIEW_LIMIT: u64 = 1 << 20;

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
    /// Header and sketch of an encoded archive, and the file that holds its bytes.
    pub detached: Option<Detached>,
}

/// The parts of an archive that lies beside its receipt.
#[derive(Debug)]
pub struct Detached {
    /// The encoding's header.
    pub header: Vec<u8>,
    /// The sketch column.
    pub sketch: Vec<u8>,
    /// The archive's bytes.
    pub bytes: PathBuf,
}

impl Archive {
    /// Commits to everything in a store. Archives of at most `embed_limit` bytes travel in the receipt; a larger one is
    /// written to `detached_path`, Reed-Solomon-encoded, and committed to by rows.
    ///
    /// # Errors
    /// When contents cannot be read, or the detached archive not be written.
    pub fn commit(store: ArtifactStore, embed_limit: u64, detached_path: &Path) -> Result<Self, ArchiveError> {
        let artifacts: Vec<Artifact> = store.iter().collect();
        let len: u64 = artifacts.iter().map(|artifact| artifact.size).sum();
        if len <= embed_limit { Self::embedded(store, &artifacts) } else { Self::detached(store, &artifacts, detached_path) }
    }

    fn embedded(store: ArtifactStore, artifacts: &[Artifact]) -> Result<Self, ArchiveError> {
        let bytes = Concatenated::new(&store, artifacts);
        let commitment = commit::commit_rows(bytes, ARCHIVE_ROW_SIZE, ARCHIVE_ARITY, ARCHIVE_CHUNK_LEN)?;
        let (chunk_meta, row_index_ref) = archive::stc_refs(commitment.bytes, commitment.root);
        let index = index(artifacts, |_| true);
        Ok(Self { index, chunk_meta, row_index_ref, store, detached: None })
    }
}

fn index(artifacts: &[Artifact], embedded: impl Fn(&Artifact) -> bool) -> Vec<ArtifactRef> {
    let reference =
        |artifact: &Artifact| ArtifactRef { digest: artifact.digest, size: artifact.size, embedded: embedded(artifact) };
    artifacts.iter().map(reference).collect()
}
