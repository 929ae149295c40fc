//! Sealing: what a backend found out becomes a capsule, and a capsule with its contents becomes a receipt.
//!
//! The order is fixed by what binds what: archive and statement first, then the instance hash, then the proof that absorbs
//! it, then payload, header and capsule. A receipt is verified by the verifier core before it takes its name.

mod archive;
pub mod container;
pub mod emit;
mod error;
mod geom;
mod log;
mod policy;
mod process;
mod rv32im;
pub mod sign;
mod write;

use verifier_core::{
    Digest,
    backend::{Backend, ClaimClass, Instance, event_chain_anchor, manifests_anchor},
    capsule::{
        Anchor, Capsule, Claim, HEADER_SCHEMA, Header, ManifestRef, Payload, ProofRef, ProofSystem, PublicInput, Run,
        Statement, TraceSpec,
    },
    cbor::Item,
    digest::Tag,
    relay::{Challenge, Commit},
    signature::Purpose,
    verdict::Level,
};

use crate::sign::signature_entry;
use capseal_trust::keys::SecretKey;

pub use archive::{Archive, ArchivePlace, EMBED_LIMIT};
pub use error::SealError;
pub use geom::{geom, geom_under};
pub use log::log;
pub use policy::{Governing, GoverningError};
pub use process::{process, process_under};
pub use rv32im::{rv32im, rv32im_under};
pub use write::{Destination, Sealed};

/// What a backend brings.
#[derive(Debug)]
pub struct Draft {
    /// The backend.
    pub backend: Backend,
    /// What is claimed; its manifest hash is filled in.
    pub claim: Claim,
    /// Format of the trace.
    pub trace_spec: TraceSpec,
    /// Commitment to the trace.
    pub trace_root: Digest,
    /// Public inputs of the statement.
    pub public_inputs: Vec<PublicInput>,
    /// What the proof system is told.
    pub proof_system: ProofSystem,
    /// Environment manifests: name and content.
    pub manifests: Vec<(String, Vec<u8>)>,
    /// The event log: its anchor and its bytes.
    pub events: Option<(Anchor, Vec<u8>)>,
    /// Circumstances of the run.
    pub run: Option<Run>,
}

/// A draft whose archive and statement are committed to; what is missing is the proof, for backends that prove.
#[derive(Debug)]
pub struct Committed {
    header: Header,
    payload: Payload,
    archive: Archive,
    manifests: Vec<(String, Vec<u8>)>,
    events: Option<Vec<u8>>,
    policy: Option<Vec<u8>>,
    proof: Option<Vec<u8>>,
    da_challenge_hash: Option<Digest>,
    signatures: Vec<(String, Vec<u8>)>,
}

impl Draft {
    /// The manifests as the capsule lists them.
    pub fn manifest_refs(manifests: &[(String, Vec<u8>)]) -> Vec<ManifestRef> {
        let reference = |(name, content): &(String, Vec<u8>)| ManifestRef {
            name: name.clone(),
            digest: Digest::of_content(content),
        };
        manifests.iter().map(reference).collect()
    }

    /// Joins the draft with its archive and computes the instance hash.
    pub fn commit(self, archive: Archive) -> Committed {
        self.commit_under(archive, None)
    }

    /// As [`Draft::commit`], under a policy: the statement names it, so that a proof is bound to it too.
    pub fn commit_under(self, archive: Archive, policy: Option<&Governing>) -> Committed {
        let Self { backend, claim, trace_spec, trace_root, public_inputs, proof_system, manifests, events, run } = self;
        let manifest_refs = Self::manifest_refs(&manifests);
        let manifest_hash = Tag::MANIFESTS.digest(&[&manifest_refs.encode()]);
        let anchor = events.as_ref().map(|(anchor, _)| anchor.clone());
        let chain = anchor.as_ref().map(|anchor| event_chain_anchor(anchor.event_chain_head));
        let statement = Statement {
            statement_version: 1,
            trace_spec_hash: trace_spec.hash(),
            policy_hash: policy.map(Governing::hash),
            trace_root,
            public_inputs,
            anchors: chain.into_iter().chain([manifests_anchor(manifest_hash)]).collect(),
        };
        let payload = Payload {
            claim,
            trace_spec,
            statement,
            artifacts: archive.index.clone(),
            chunk_meta: archive.chunk_meta.clone(),
            row_index_ref: archive.row_index_ref.clone(),
            manifests: manifest_refs,
            proof: None,
            run,
        };
        let mut header = Header {
            schema: HEADER_SCHEMA.into(),
            vm_id: backend.vm_id().into(),
            backend_id: backend.id().into(),
            circuit_id: backend.circuit_id().into(),
            trace_id: trace_root.to_string(),
            prev_capsule_hash: None,
            trace_spec_hash: payload.trace_spec.hash(),
            statement_hash: payload.statement.hash(),
            instance_hash: Digest::default(),
            row_tree_arity: payload.row_index_ref.tree_arity,
            row_index_ref_hash: payload.row_index_ref.hash(),
            chunk_meta_hash: payload.chunk_meta.hash(),
            policy_ref: policy.map(Governing::reference),
            da_policy_hash: None,
            anchor,
            proof_system,
            manifest_hash,
            payload_hash: Digest::default(),
            verification_profile: policy.map_or(Level::ProofOnly, |_| Level::PolicyEnforced).name().into(),
        };
        header.instance_hash = Instance::of(&header, &payload).hash();
        debug_assert_eq!(backend.claim_class() == ClaimClass::Witnessed, header.anchor.is_some());
        Committed {
            header,
            payload,
            archive,
            manifests,
            events: events.map(|(_, log)| log),
            policy: policy.map(|policy| policy.document().to_vec()),
            proof: None,
            da_challenge_hash: None,
            signatures: Vec::new(),
        }
    }
}

impl Committed {
    /// What a proof must absorb before its first challenge.
    pub const fn instance_hash(&self) -> Digest {
        self.header.instance_hash
    }

    /// Adds the proof.
    pub fn attach_proof(&mut self, system: &str, format: &str, parameter_set: &str, proof: Vec<u8>) {
        self.payload.proof = Some(ProofRef {
            system: system.into(),
            format: format.into(),
            parameter_set: parameter_set.into(),
            digest: Digest::of_content(&proof),
            size: proof.len() as u64,
        });
        self.proof = Some(proof);
    }

    /// The commit that a relay may take; `None` when all of the archive travels. A proof must be there by now.
    pub fn commit(&self) -> Option<Commit> {
        self.capsule().relay_commit()
    }

    /// Names the challenge that a relay drew for [`Self::commit`]: no other will do from then on.
    pub fn name_challenge(&mut self, challenge: &[u8]) {
        self.da_challenge_hash = Some(Challenge::hash(challenge));
    }

    /// Signs as author, and for the manifests. Proof and challenge must be there by now: what is signed is the finished capsule.
    ///
    /// # Errors
    /// None in practice.
    pub fn sign(&mut self, key: &SecretKey) -> Result<(), SealError> {
        let capsule = self.capsule();
        for purpose in Purpose::OF_RECEIPTS {
            self.signatures.push(signature_entry(&capsule, key, *purpose).map_err(SealError::Signature)?);
        }
        Ok(())
    }

    /// Computes the three layers.
    fn capsule(&self) -> Capsule {
        let mut header = self.header.clone();
        header.payload_hash = self.payload.hash();
        Capsule::seal(header, self.payload.clone(), self.da_challenge_hash)
    }
}
