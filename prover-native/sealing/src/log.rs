//! Receipts of `log_v1`: a finished action log, and contents that it speaks of.

use std::{collections::BTreeSet, path::Path};

use verifier_core::{
    Limits,
    backend::{Backend, log as backend},
    capsule::{Anchor, FileRef},
    cbor::Item,
    digest::Tag,
    event_log,
};

use super::{Archive, ArchivePlace, Committed, Draft, Governing, SealError};
use capseal_host::artifacts::ArtifactStore;
use capseal_recorder::{files_below, path_text};

/// Puts the receipt of a log together; `contents` are files and folders, relative to `folder`, whose contents go in with it.
///
/// # Errors
/// When the log breaks a rule, a content cannot be read, or two of them have one path. That the log is closed is for the verifier to say
/// when the receipt is written.
pub fn log(
    log: Vec<u8>,
    folder: &Path,
    contents: &[impl AsRef<Path>],
    store: ArtifactStore,
    place: &ArchivePlace,
    policy: Option<&Governing>,
) -> Result<Committed, SealError> {
    let summary = event_log::check(&log, &Limits::DEFAULT)?;
    let mut files: Vec<FileRef> = Vec::new();
    let mut kept = BTreeSet::new();
    for declared in contents {
        for path in files_below(folder, declared.as_ref()).map_err(SealError::Content)? {
            let content = store.add_file(&path)?;
            kept.insert(content);
            files.push(FileRef { path: path_text(&path, folder), digest: content.digest, size: content.size });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup();
    let manifest_hash = Tag::MANIFESTS.digest(&[&Draft::manifest_refs(&[]).encode()]);
    let claim = backend::claim(files, manifest_hash);
    let draft = Draft {
        backend: Backend::LogV1,
        trace_spec: backend::trace_spec(),
        trace_root: summary.root,
        public_inputs: backend::public_inputs(&summary, &claim),
        proof_system: backend::proof_system(),
        claim,
        manifests: Vec::new(),
        events: Some((
            Anchor { events_log_hash: summary.hash, events_log_len: summary.lines, event_chain_head: summary.head },
            log,
        )),
        run: None,
    };
    Ok(draft.commit_under(Archive::commit(store, kept, &BTreeSet::new(), place)?, policy))
}
