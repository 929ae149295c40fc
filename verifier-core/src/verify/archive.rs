//! Check 7: artifacts, manifests, the archive's commitment, and that every entry is accounted for.

use alloc::{collections::BTreeSet, format, string::String, vec::Vec};

use super::{Found, binding::claim_mismatch};
use crate::{
    archive,
    capsule::{ArtifactRef, Capsule, ChunkMeta, RowIndexRef, archive_len, entry, is_sorted},
    container::{Container, Entry, EntryKind},
    digest::Digest,
    policy,
    reason::ReasonCode,
    refusal::Refusal,
    row_check::{HeaderError, RowCheckHeader, Sketch, sketch_digest},
    sentence::{self, Counted},
};

/// Whether the whole archive was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Whole,
    Part,
}

pub(super) fn check(container: &Container<'_>, capsule: &Capsule) -> Found<Seen> {
    let payload = &capsule.payload;
    index(capsule)?;
    let contents = artifacts(container, &payload.artifacts)?;
    policy_document(container, capsule)?;
    for manifest in &payload.manifests {
        content(container, &entry::manifest(&manifest.name), manifest.digest)?;
    }
    let found = match payload.row_index_ref.pointer {
        None => embedded(capsule, &contents)?,
        Some(pointer) => detached(container, capsule, pointer, &contents)?,
    };
    accounted_for(container, capsule)?;
    Ok(found)
}

/// The index is in order, and names exactly the files of the claim.
fn index(capsule: &Capsule) -> Result<(), Refusal> {
    let payload = &capsule.payload;
    if !is_sorted(&payload.artifacts) || !payload.manifests.is_sorted_by(|a, b| a.name < b.name) {
        return Err(claim_mismatch("artifacts or manifests are out of order"));
    }
    // Extended, not collected: collecting a set brings a sorting algorithm for its items with it.
    let (mut stated, mut claimed) = (BTreeSet::new(), BTreeSet::new());
    stated.extend(payload.artifacts.iter().map(|artifact| (artifact.digest, artifact.size)));
    claimed.extend(payload.claim.files().map(|file| (file.digest, file.size)));
    if stated != claimed {
        return Err(claim_mismatch("the archive's index does not name exactly the files of the claim"));
    }
    Ok(())
}

/// The contents that travel in the receipt, in the index's order.
fn artifacts<'a>(container: &Container<'a>, index: &[ArtifactRef]) -> Result<Vec<&'a [u8]>, Refusal> {
    let mut contents = Vec::new();
    for artifact in index.iter().filter(|artifact| artifact.embedded) {
        let bytes = content(container, &entry::artifact(&artifact.digest), artifact.digest)?;
        if u64::try_from(bytes.len()) != Ok(artifact.size) {
            let detail = format!("artifact {} has another length than stated", artifact.digest);
            return Err(Refusal::new(ReasonCode::ChunkLengthInvalid, detail));
        }
        contents.push(bytes);
    }
    Ok(contents)
}

fn content<'a>(container: &Container<'a>, name: &str, digest: Digest) -> Result<&'a [u8], Refusal> {
    let missing = || Refusal::new(ReasonCode::RowArchiveMissing, format!("{name} is missing"));
    let bytes = container.get(name).ok_or_else(missing)?;
    if Digest::of_content(bytes) != digest {
        return Err(Refusal::new(ReasonCode::ArtifactHashMismatch, format!("{name} has another content than stated")));
    }
    Ok(bytes)
}

/// A policy document that travels along is the one that the header names.
fn policy_document(container: &Container<'_>, capsule: &Capsule) -> Result<(), Refusal> {
    let (Some(document), Some(policy)) = (container.get(entry::POLICY), &capsule.header.policy_ref) else {
        return Ok(());
    };
    if policy::document_hash(document) != policy.policy_hash {
        let detail = format!("{} is not the policy that the header names", entry::POLICY);
        return Err(Refusal::new(ReasonCode::PolicyHashMismatch, detail));
    }
    Ok(())
}

/// Everything travels: the commitment is recomputed from the contents.
fn embedded(capsule: &Capsule, contents: &[&[u8]]) -> Found<Seen> {
    let payload = &capsule.payload;
    if contents.len() != payload.artifacts.len() {
        return Err(Refusal::new(ReasonCode::RowArchiveMissing, "an archive that is not detached travels whole"));
    }
    let wrong_length = || Refusal::new(ReasonCode::ChunkLengthInvalid, "the archive is too long");
    let len = archive_len(&payload.artifacts).ok_or_else(wrong_length)?;
    let (chunk_meta, row_index_ref) = archive::embedded(contents).map_err(|_| wrong_length())?;
    compare(capsule, &chunk_meta, &row_index_ref)?;
    Ok((Seen::Whole, sentence::all_here(artifacts_of(contents), Counted(len, "byte"))))
}

/// The archive is kept elsewhere: its header and sketch are here, and say the same as the capsule. Where every artifact travels
/// as well, the header's digest of the archive is theirs.
fn detached(container: &Container<'_>, capsule: &Capsule, pointer: Digest, contents: &[&[u8]]) -> Found<Seen> {
    let invalid = |error: HeaderError| Refusal::new(error.code(), error);
    let header = RowCheckHeader::from_bytes(part(container, entry::ROW_CHECK_HEADER)?).map_err(invalid)?;
    if header.digest() != pointer {
        return Err(Refusal::new(ReasonCode::RowIndexCommitmentInvalidFormat, "the archive's header is another one"));
    }
    let sketch = part(container, entry::ROW_CHECK_SKETCH)?;
    Sketch::parse(&header, sketch).map_err(|error| Refusal::new(error.code(), error))?;
    let byte_len = header.shape().byte_len();
    if archive_len(&capsule.payload.artifacts) != Some(byte_len) {
        return Err(Refusal::new(ReasonCode::ChunkLengthInvalid, "the archive has another length than its parts"));
    }
    let all_here = contents.len() == capsule.payload.artifacts.len();
    if all_here && Digest::of_contents(contents) != *header.content() {
        let detail = "the encoded archive is not made of the artifacts that travel";
        return Err(Refusal::new(ReasonCode::ChunkRootsDigestMismatch, detail));
    }
    let (chunk_meta, row_index_ref) = archive::row_check_refs(&header, sketch_digest(sketch));
    compare(capsule, &chunk_meta, &row_index_ref)?;
    if all_here {
        return Ok((Seen::Whole, sentence::copy_elsewhere(artifacts_of(contents), Counted(byte_len, "byte"))));
    }
    let here: u64 = contents.iter().map(|content| content.len() as u64).sum();
    let missing = Counted(byte_len.saturating_sub(here), "byte");
    Ok((Seen::Part, sentence::not_looked_at(missing, Counted(here, "byte"))))
}

const fn artifacts_of(contents: &[&[u8]]) -> Counted {
    Counted(contents.len() as u64, "artifact")
}

fn part<'a>(container: &Container<'a>, name: &str) -> Result<&'a [u8], Refusal> {
    container.get(name).ok_or_else(|| Refusal::new(ReasonCode::RowArchiveMissing, format!("{name} is missing")))
}

fn compare(capsule: &Capsule, chunk_meta: &ChunkMeta, row_index_ref: &RowIndexRef) -> Result<(), Refusal> {
    let stated = &capsule.payload.chunk_meta;
    let refuse = |code, detail| Err(Refusal::new(code, detail));
    if stated.data_length_bytes != chunk_meta.data_length_bytes {
        return refuse(ReasonCode::ChunkLengthInvalid, "the archive has another length than stated");
    }
    if stated.num_chunks != chunk_meta.num_chunks {
        return refuse(ReasonCode::ChunkCardinalityMismatch, "the archive has another number of chunks than stated");
    }
    if stated != chunk_meta {
        return refuse(ReasonCode::RowIndexCommitmentInvalidFormat, "the archive is cut by an unknown rule");
    }
    let stated = &capsule.payload.row_index_ref;
    if stated.commitment != row_index_ref.commitment {
        return refuse(ReasonCode::ChunkRootsDigestMismatch, "the archive's root is not the one committed to");
    }
    if stated != row_index_ref {
        return refuse(ReasonCode::RowIndexCommitmentInvalidFormat, "the archive is committed to in an unknown way");
    }
    Ok(())
}

/// Refuses an entry that the capsule does not name.
fn accounted_for(container: &Container<'_>, capsule: &Capsule) -> Result<(), Refusal> {
    let payload = &capsule.payload;
    let mut named: BTreeSet<String> = BTreeSet::new();
    named.extend([entry::MIMETYPE, entry::CAPSULE].into_iter().map(String::from));
    named.extend(capsule.header.anchor.is_some().then(|| entry::EVENTS.into()));
    named.extend(payload.proof.as_ref().map(|proof| entry::proof(&proof.system)));
    named.extend(
        payload.artifacts.iter().filter(|artifact| artifact.embedded).map(|artifact| entry::artifact(&artifact.digest)),
    );
    named.extend(payload.manifests.iter().map(|manifest| entry::manifest(&manifest.name)));
    if payload.row_index_ref.pointer.is_some() {
        named.extend([entry::ROW_CHECK_HEADER.into(), entry::ROW_CHECK_SKETCH.into()]);
    }
    named.extend(capsule.header.policy_ref.is_some().then(|| entry::POLICY.into()));
    match container.entries().iter().find(|entry| !named.contains(entry.name.as_str()) && !is_signature(entry)) {
        Some(entry) => {
            let detail = format!("nothing in the capsule accounts for {}", entry.name.as_str());
            Err(Refusal::new(ReasonCode::EntryUnexpected, detail))
        }
        None => Ok(()),
    }
}

/// A signature accounts for itself: its name says whose and what for, and check 9 or 10 holds its content to it.
fn is_signature(entry: &Entry<'_>) -> bool {
    matches!(entry.name.kind(), EntryKind::Signature(token) if entry::read_signature(token).is_some())
}
