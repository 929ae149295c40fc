//! Receipts of `rv32im_v1`.

use std::collections::BTreeSet;

use verifier_core::{
    Digest,
    backend::{
        Backend, PROOF_FORMAT,
        rv32im::{self as backend, Stated},
    },
    cbor::Item,
    digest::Tag,
    stark::ParameterSet,
};

use super::{Archive, Committed, Draft, Governing, SealError};
use capseal_host::artifacts::ArtifactStore;
use capseal_prover::rv32im::Recording;

/// Proves a recorded run, and puts the receipt together. Program, input and output travel in it, whatever their length:
/// the proof cannot be checked without them.
///
/// # Errors
/// When the prover fails or the contents cannot be stored.
pub fn rv32im(recording: Recording, set: ParameterSet) -> Result<Committed, SealError> {
    rv32im_under(recording, set, None)
}

/// As [`rv32im`], under a policy.
///
/// # Errors
/// As [`rv32im`].
pub fn rv32im_under(
    recording: Recording,
    set: ParameterSet,
    policy: Option<&Governing>,
) -> Result<Committed, SealError> {
    let committed = recording.commit(set)?;
    let run = committed.statement().run();
    let program = run.image.encode();
    let documents = [&program, &run.input, &run.output, committed.tables()];
    let store = ArtifactStore::temporary()?;
    let mut contents = BTreeSet::new();
    for document in documents {
        contents.insert(store.add_bytes(document)?);
    }
    let stated = Stated {
        documents: documents.map(Digest::of_content),
        exit_code: run.exit_code,
        cycles: run.cycles,
        trace_length: run.trace_length,
    };
    let sizes = documents.map(|document| document.len() as u64);
    let manifests = Vec::new();
    let manifest_hash = Tag::MANIFESTS.digest(&[&Draft::manifest_refs(&manifests).encode()]);
    let draft = Draft {
        backend: Backend::Rv32imV1,
        claim: backend::claim(&stated, sizes, manifest_hash),
        trace_spec: backend::trace_spec(),
        trace_root: committed.trace_root(),
        public_inputs: backend::public_inputs(&stated),
        proof_system: backend::proof_system(&stated, set),
        manifests,
        events: None,
        run: None,
    };
    let mut receipt = draft.commit_under(Archive::embedded(store, contents)?, policy);
    let proof = committed.prove(receipt.instance_hash())?;
    receipt.attach_proof(Backend::Rv32imV1.id(), PROOF_FORMAT, set.name(), proof);
    Ok(receipt)
}
