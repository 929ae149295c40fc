//! The archive of a receipt: which contents travel, and the commitment to all of them.

use std::{
    collections::BTreeSet,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use verifier_core::{
    Digest, archive,
    capsule::{ArtifactRef, ChunkMeta, RowIndexRef},
    row_check::sketch_digest,
};

pub use verifier_core::archive::EMBED_LIMIT;

use super::SealError;
use capseal_archive::commit;
use capseal_host::{
    artifacts::{Artifact, ArtifactStore, is_zero},
    whole_file::{Existing, WholeFile},
};

/// Small contents of a detached archive travel all the same, outputs and small ones first, up to this many bytes together: a page
/// can then still show what a run printed.
const PREVIEW_LIMIT: u64 = 1 << 20;

/// Contents that travel in one receipt at most, with room for its other entries. More of them are detached, however short.
const EMBED_ENTRIES: usize = 16_000;

/// Contents of a detached archive that travel all the same, at most.
const PREVIEW_ENTRIES: usize = 4_000;

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
    /// Commits to contents of a store; those that are too long, or too many, to travel are written to the place for detached
    /// archives and Reed-Solomon-encoded. Of these, the ones that are to be `shown` travel all the same as far as they are small.
    ///
    /// # Errors
    /// When contents cannot be read back, or the detached archive not be written.
    pub fn commit(
        store: ArtifactStore,
        contents: BTreeSet<Artifact>,
        shown: &BTreeSet<Artifact>,
        place: &ArchivePlace,
    ) -> Result<Self, SealError> {
        let len: u64 = contents.iter().map(|artifact| artifact.size).sum();
        // What is empty cannot be encoded.
        if len <= place.embed_limit && (contents.len() <= EMBED_ENTRIES || len == 0) {
            Self::embedded(store, contents)
        } else {
            Self::detached(store, contents, shown, place)
        }
    }

    /// Commits to contents that all travel in the receipt, hence all fit in memory.
    ///
    /// # Errors
    /// When contents cannot be read back.
    pub fn embedded(store: ArtifactStore, contents: BTreeSet<Artifact>) -> Result<Self, SealError> {
        let bytes: Vec<Vec<u8>> = contents.iter().map(|artifact| whole(&store, artifact)).collect::<io::Result<_>>()?;
        let bytes: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let (chunk_meta, row_index_ref) = archive::embedded(&bytes)?;
        let index = index(&contents, |_| true);
        Ok(Self { index, chunk_meta, row_index_ref, store, detached: None })
    }

    fn detached(
        store: ArtifactStore,
        contents: BTreeSet<Artifact>,
        shown: &BTreeSet<Artifact>,
        place: &ArchivePlace,
    ) -> Result<Self, SealError> {
        let len = contents.iter().map(|artifact| artifact.size).sum();
        let mut bytes = WholeFile::create(&place.detached, place.existing)?;
        for artifact in &contents {
            copy(opened(&store, artifact)?, &mut bytes).map_err(|error| bytes.error(error))?;
        }
        bytes.set_len(len).map_err(|error| bytes.error(error))?;
        let encoding = commit::encode(&mut bytes, commit::shape_for(len)?, None)?;
        let (chunk_meta, row_index_ref) = archive::row_check_refs(&encoding.header, sketch_digest(&encoding.sketch));
        let previewed = preview(&contents, shown);
        let index = index(&contents, |artifact| previewed.contains(&artifact.digest));
        let detached = Detached { header: encoding.header.to_bytes().to_vec(), sketch: encoding.sketch, bytes };
        Ok(Self { index, chunk_meta, row_index_ref, store, detached: Some(detached) })
    }
}

fn opened(store: &ArtifactStore, artifact: &Artifact) -> io::Result<impl Read + use<>> {
    store.open(&artifact.digest).ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn whole(store: &ArtifactStore, artifact: &Artifact) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    opened(store, artifact)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Copies a content. Zeros are skipped, so that a sparse file stays one.
fn copy(mut content: impl Read, file: &mut WholeFile) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(PIECE);
    loop {
        buffer.clear();
        match content.by_ref().take(PIECE as u64).read_to_end(&mut buffer)? {
            0 => return Ok(()),
            length if is_zero(&buffer) => drop(file.seek(SeekFrom::Current(length as i64))?),
            _ => file.write_all(&buffer)?,
        }
    }
}

/// Bytes that are copied at once.
const PIECE: usize = 256 << 10;

fn preview(contents: &BTreeSet<Artifact>, shown: &BTreeSet<Artifact>) -> BTreeSet<Digest> {
    let mut by_size: Vec<&Artifact> = contents.iter().collect();
    by_size.sort_by_key(|artifact| (!shown.contains(artifact), artifact.size, artifact.digest));
    let mut total = 0;
    let fits = |artifact: &&Artifact| {
        let fits = total + artifact.size <= PREVIEW_LIMIT;
        total += if fits { artifact.size } else { 0 };
        fits
    };
    by_size.into_iter().filter(fits).take(PREVIEW_ENTRIES).map(|artifact| artifact.digest).collect()
}

fn index(contents: &BTreeSet<Artifact>, embedded: impl Fn(&Artifact) -> bool) -> Vec<ArtifactRef> {
    let reference = |artifact: &Artifact| ArtifactRef {
        digest: artifact.digest,
        size: artifact.size,
        embedded: embedded(artifact),
    };
    contents.iter().map(reference).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_contents_than_a_receipt_has_entries_for_are_detached() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::temporary().unwrap();
        let contents: BTreeSet<_> =
            (0..=EMBED_ENTRIES).map(|i| store.add_bytes(i.to_string().as_bytes()).unwrap()).collect();
        let shown = store.add_bytes(&[b'x'; 1000]).unwrap();
        let place = ArchivePlace {
            embed_limit: EMBED_LIMIT,
            detached: folder.path().join("run.cap.archive"),
            existing: Existing::Keep,
        };
        let few: BTreeSet<_> = contents.iter().copied().take(EMBED_ENTRIES).collect();
        assert!(Archive::commit(store.clone(), few, &BTreeSet::new(), &place).unwrap().detached.is_none());

        let many = &contents | &BTreeSet::from([shown]);
        let archive = Archive::commit(store, many, &BTreeSet::from([shown]), &place).unwrap();
        assert!(archive.detached.is_some());
        let travel: Vec<_> = archive.index.iter().filter(|artifact| artifact.embedded).collect();
        assert_eq!(travel.len(), PREVIEW_ENTRIES);
        assert!(travel.iter().any(|artifact| artifact.digest == shown.digest));
    }
}
