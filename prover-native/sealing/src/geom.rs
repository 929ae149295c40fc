//! Receipts of `geom_v1`.

use std::collections::BTreeSet;

use verifier_core::{
    air::geom::GeomParameters,
    backend::{Backend, PROOF_FORMAT, geom as backend},
    cbor::Item,
    digest::Tag,
    stark::ParameterSet,
};

use super::{Archive, Committed, Draft, Governing, SealError};
use capseal_host::artifacts::ArtifactStore;
use capseal_prover::GeomProver;

/// Runs the geom machine, proves the run, and puts the receipt together.
///
/// # Errors
/// When the prover fails or the documents cannot be stored.
pub fn geom(parameters: GeomParameters, set: ParameterSet) -> Result<Committed, SealError> {
    geom_under(parameters, set, None)
}

/// As [`geom`], under a policy.
///
/// # Errors
/// As [`geom`].
pub fn geom_under(
    parameters: GeomParameters,
    set: ParameterSet,
    policy: Option<&Governing>,
) -> Result<Committed, SealError> {
    let run = GeomProver::commit(parameters, set);
    let statement = run.statement()?;
    let manifests = Vec::new();
    let manifest_hash = Tag::MANIFESTS.digest(&[&Draft::manifest_refs(&manifests).encode()]);
    let draft = Draft {
        backend: Backend::GeomV1,
        claim: backend::claim(&statement, manifest_hash),
        trace_spec: backend::trace_spec(),
        trace_root: run.trace_root(),
        public_inputs: backend::public_inputs(&statement),
        proof_system: backend::proof_system(&parameters, set),
        manifests,
        events: None,
        run: None,
    };
    let store = ArtifactStore::temporary()?;
    let mut contents = BTreeSet::new();
    for (_, document) in backend::documents(&statement) {
        contents.insert(store.add_bytes(document.as_bytes())?);
    }
    let mut committed = draft.commit_under(Archive::embedded(store, contents)?, policy);
    let proof = run.prove(committed.instance_hash())?;
    committed.attach_proof(Backend::GeomV1.id(), PROOF_FORMAT, set.name(), proof);
    Ok(committed)
}
