//! The archive of a receipt: which contents travel, and the commitment to all of them.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::PathBuf,
};

use verifier_core::{
    Digest, archive,
    capsule::{ArtifactRef, ChunkMeta, RowIndexRef},
    row_check::sketch_digest,
};

pub use verifier_core::archive::EMBED_LIMIT;

use super::SealError;
use crate::{
    artifacts::{Artifact, ArtifactStore},
    commit,
    whole_file::{Existing, WholeFile},
};

/// Small contents of a detached archive travel all the same, smallest first, up to this many bytes together: a page can then
/// still show what a run printed.
const PREVIEW_LIMIT: u64 = 1 << 20;

/// Where an archive goes.
#[derive(Clone, Debug)]
pub struct ArchivePlace {
    /// Bytes up to which it travels in the receipt.
    pub embed_limit: u64,
    /// The file that it is written to when it is longer.
    pub detached: PathBuf,
    /// What to do when that file exists.
    pub existing: Existing,
}

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
    /// What an archive has that lies beside its receipt.
    pub detached: Option<Detached>,
}

/// The parts of an archive that lies beside its receipt.
#[derive(Debug)]
pub struct Detached {
    /// The encoding's header.
    pub header: Vec<u8>,
    /// The sketch column.
    pub sketch: Vec<u8>,
    /// The archive's bytes, written and not yet in place.
    pub bytes: WholeFile,
}

impl Archive {
    /// Commits to contents of a store; those that are too long together to travel are written to the place for detached
    /// archives and Reed-Solomon-encoded.
    ///
    /// # Errors
    /// When contents cannot be read back, or the detached archive not be written.
    pub fn commit(store: ArtifactStore, contents: BTreeSet<Artifact>, place: &ArchivePlace) -> Result<Self, SealError> {
        let len: u64 = contents.iter().map(|artifact| artifact.size).sum();
        if len <= place.embed_limit {
            Self::embedded(store, contents)
        } else {
            Self::detached(store, contents, len, place)
        }
    }

    /// Commits to contents that all travel in the receipt, hence all fit in memory.
    ///
    /// # Errors
    /// When contents cannot be read back.
    pub fn embedded(store: ArtifactStore, contents: BTreeSet<Artifact>) -> Result<Self, SealError> {
        let bytes = contents.iter().map(|artifact| fs::read(store.path(&artifact.digest)));
        let bytes: Vec<Vec<u8>> = bytes.collect::<io::Result<_>>()?;
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let (chunk_meta, row_index_ref) = archive::embedded(&bytes)?;
        let index = index(&contents, |_| true);
        Ok(Self { index, chunk_meta, row_index_ref, store, detached: None })
    }

    fn detached(
        store: ArtifactStore,
        contents: BTreeSet<Artifact>,
        len: u64,
        place: &ArchivePlace,
    ) -> Result<Self, SealError> {
        let mut bytes = WholeFile::create(&place.detached, place.existing)?;
        for artifact in &contents {
            let mut content = File::open(store.path(&artifact.digest))?;
            io::copy(&mut content, &mut bytes).map_err(|error| bytes.error(error))?;
        }
        let encoding = commit::encode(&mut bytes, commit::shape_for(len)?, None)?;
        let (chunk_meta, row_index_ref) = archive::row_check_refs(&encoding.header, sketch_digest(&encoding.sketch));
        let previewed = preview(&contents);
        let index = index(&contents, |artifact| previewed.contains(&artifact.digest));
        let detached = Detached { header: encoding.header.to_bytes().to_vec(), sketch: encoding.sketch, bytes };
        Ok(Self { index, chunk_meta, row_index_ref, store, detached: Some(detached) })
    }
}

fn preview(contents: &BTreeSet<Artifact>) -> BTreeSet<Digest> {
    let mut by_size: Vec<&Artifact> = contents.iter().collect();
    by_size.sort_by_key(|artifact| (artifact.size, artifact.digest));
    let mut total = 0;
    let fits = |artifact: &&&Artifact| {
        total += artifact.size;
        total <= PREVIEW_LIMIT
    };
    by_size.iter().take_while(fits).map(|artifact| artifact.digest).collect()
}

fn index(contents: &BTreeSet<Artifact>, embedded: impl Fn(&Artifact) -> bool) -> Vec<ArtifactRef> {
    let reference = |artifact: &Artifact| ArtifactRef {
        digest: artifact.digest,
        size: artifact.size,
        embedded: embedded(artifact),
    };
    contents.iter().map(reference).collect()
}
