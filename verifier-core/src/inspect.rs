//! The inspection (spec: `docs/spec/verdict.md`): what was sealed, as plain data for people and programs.
//!
//! It reads a receipt without judging it: container and capsule must decode, nothing else is checked. Show it beside a
//! [`verdict`](crate::verdict), never instead of one.

use alloc::{string::String, vec::Vec};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    backend::{Backend, ClaimClass},
    capsule::{
        ArtifactRef, Capsule, Claim, Exit, FileRef, ManifestRef, PolicyRef, ProofRef, PublicInput, Variable, entry,
    },
    caveats::{self, Known},
    container::{Container, Entry, EntryKind},
    digest::Digest,
    event_log,
    limits::Limits,
    pcap::{
        proof::{self, Proof},
        tree::ProofBuilder,
    },
    reason::ReasonCode,
    refusal::Refusal,
    run::RunReport,
    signature::Purpose,
};

/// The schema of this version's inspections.
pub const SCHEMA: &str = "capseal/inspection/v1";

/// Reads a receipt.
///
/// # Errors
/// When the container or the capsule cannot be read, or the event log is over a limit.
pub fn inspect(bytes: &[u8], limits: &Limits) -> Result<Inspection, Refusal> {
    let container = Container::parse(bytes, limits).map_err(|error| Refusal::new(error.code(), error))?;
    let capsule = capsule(&container, limits)?;
    let log = container.get(entry::EVENTS).unwrap_or_default();
    if log.len() > limits.event_log_bytes {
        return Err(Refusal::new(ReasonCode::LimitExceeded, "the event log is over the limit"));
    }
    let run = RunReport::of(&container, &capsule);
    Ok(Inspection::of(capsule, run.as_ref(), event_log::events(log), signatures(&container)))
}

/// Who signed what, by the entries' names.
fn signatures(container: &Container<'_>) -> Vec<SignatureView> {
    let view = |entry: &Entry<'_>| match entry.name.kind() {
        EntryKind::Signature(token) => {
            let (purpose, key_id) = entry::read_signature(token)?;
            Some(SignatureView { purpose, key_id })
        }
        _ => None,
    };
    container.entries().iter().filter_map(view).collect()
}

/// Whether an author has signed, by the entries' names.
pub(crate) fn is_signed(container: &Container<'_>) -> bool {
    signatures(container).iter().any(|signature| signature.purpose == Purpose::Authorship)
}

/// The capsule of a container.
pub(crate) fn capsule(container: &Container<'_>, limits: &Limits) -> Result<Capsule, Refusal> {
    let missing = || Refusal::new(ReasonCode::ParseFailed, "there is no capsule.cbor: this is not a receipt");
    let bytes = container.get(entry::CAPSULE).ok_or_else(missing)?;
    if bytes.len() > limits.capsule_bytes {
        let detail =
            alloc::format!("the capsule has {} bytes, over the limit of {}", bytes.len(), limits.capsule_bytes);
        return Err(Refusal::new(ReasonCode::LimitExceeded, detail));
    }
    Capsule::read(bytes).map_err(|error| Refusal::new(error.code(), error))
}

/// The content of an artifact that travels in the receipt, if its bytes are what its name says.
pub fn artifact<'a>(bytes: &'a [u8], digest: &Digest, limits: &Limits) -> Option<&'a [u8]> {
    let container = Container::parse(bytes, limits).ok()?;
    container.get(&entry::artifact(digest)).filter(|content| Digest::of_content(content) == *digest)
}

/// Proof that a line is in the event log that the receipt carries; `None` when the log breaks a rule or has no such line.
///
/// # Security
/// The proof leads to the log's own root. Whether that is the root that the receipt states is for a verdict to say.
pub fn entry_proof(bytes: &[u8], index: u64, limits: &Limits) -> Option<Proof> {
    let container = Container::parse(bytes, limits).ok()?;
    let log = container.get(entry::EVENTS)?;
    let summary = event_log::check(log, limits).ok()?;
    let mut builder = ProofBuilder::inclusion(index, summary.lines)?;
    let mut entry = None;
    for (at, line) in (0..summary.lines).zip(log.split(|byte| *byte == b'\n')) {
        builder.push(event_log::leaf(line)).ok()?;
        entry = entry.or_else(|| (at == index).then_some(line));
    }
    Some(Proof::Inclusion {
        schema: proof::SCHEMA,
        log_id: summary.log_id,
        size: summary.lines,
        root: summary.tree_root,
        index,
        entry: String::from_utf8(entry?.to_vec()).ok()?,
        path: builder.finish()?,
    })
}

/// What was sealed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Identity of the capsule, as it states it.
    pub capsule_hash: Digest,
    /// The backend.
    pub backend: String,
    /// What stands behind the claim, for a backend that is known.
    pub claim_class: Option<ClaimClass>,
    /// When the run started, in milliseconds since the Unix epoch.
    pub started_at_ms: Option<u64>,
    /// The command as it was executed.
    pub command: Option<Vec<String>>,
    /// Working directory.
    pub directory: Option<String>,
    /// What is claimed.
    pub claim: ClaimView,
    /// How the run ended.
    pub exit: Option<ExitView>,
    /// Whether opened files were observed.
    pub capture: Option<String>,
    /// What the capture notes about itself; absent where it is not stated.
    pub notes: Option<Vec<String>>,
    /// Public inputs of the statement; numbers as decimal text.
    pub public_inputs: Vec<PublicInput>,
    /// Commitment to the trace.
    pub trace_root: Digest,
    /// The instance hash.
    pub instance_hash: Digest,
    /// The archive.
    pub archive: ArchiveView,
    /// Environment manifests.
    pub manifests: Vec<ManifestRef>,
    /// The policy that the receipt was sealed under.
    pub policy: Option<PolicyRef>,
    /// Who signed.
    pub signatures: Vec<SignatureView>,
    /// The events, as they stand in the log.
    pub events: Vec<Map<String, Value>>,
    /// The proof.
    pub proof: Option<ProofRef>,
    /// What the receipt does not show.
    pub not_proven: Vec<String>,
}

/// The sections of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimView {
    /// What was executed.
    pub code: Vec<FileRef>,
    /// What was read.
    pub inputs: Vec<FileRef>,
    /// Arguments of the program.
    pub arguments: Vec<String>,
    /// Configuration files.
    pub config: Vec<FileRef>,
    /// Environment variables from the allow-list.
    pub environment: Vec<Variable>,
    /// What was written.
    pub outputs: Vec<FileRef>,
}

/// How a run ended, and how long it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExitView {
    /// The exit code.
    pub code: Option<u64>,
    /// The signal.
    pub signal: Option<u64>,
    /// Milliseconds.
    pub duration_ms: Option<u64>,
}

/// A signature, by its entry's name; whether it holds is for a verdict to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SignatureView {
    /// What it is for.
    pub purpose: Purpose,
    /// Identity of the key.
    pub key_id: Digest,
}

/// The archive: where it is, and its index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchiveView {
    /// `embedded` or `detached`.
    pub mode: &'static str,
    /// Bytes.
    pub size: u64,
    /// The index.
    pub artifacts: Vec<ArtifactRef>,
}

impl Inspection {
    fn of(
        capsule: Capsule,
        run: Option<&RunReport>,
        events: Vec<Map<String, Value>>,
        signatures: Vec<SignatureView>,
    ) -> Self {
        let signed = signatures.iter().any(|signature| signature.purpose == Purpose::Authorship);
        let not_proven = caveats::of(&Known { capsule: &capsule, run, signed, policy: None, availability: None });
        let notes = run.and_then(|run| run.notes.clone());
        let Capsule { header, payload, capsule_hash, .. } = capsule;
        let Claim { code, inputs, config, environment, outputs, exit } = payload.claim;
        let run = payload.run;
        let exit = exit.map(|Exit { code, signal }| ExitView {
            code,
            signal,
            duration_ms: run.as_ref().map(|run| run.duration_ms),
        });
        Self {
            schema: SCHEMA,
            capsule_hash,
            claim_class: Backend::from_id(&header.backend_id).map(Backend::claim_class),
            backend: header.backend_id,
            started_at_ms: run.as_ref().map(|run| run.started_at_ms),
            command: run.as_ref().map(|run| run.command.clone()),
            directory: run.as_ref().map(|run| run.directory.clone()),
            claim: ClaimView {
                code,
                inputs,
                arguments: config.arguments,
                config: config.files,
                environment: environment.variables,
                outputs,
            },
            exit,
            capture: run.map(|run| run.capture),
            notes,
            public_inputs: payload.statement.public_inputs,
            trace_root: payload.statement.trace_root,
            instance_hash: header.instance_hash,
            archive: ArchiveView {
                mode: if payload.row_index_ref.pointer.is_some() { "detached" } else { "embedded" },
                size: payload.chunk_meta.data_length_bytes,
                artifacts: payload.artifacts,
            },
            manifests: payload.manifests,
            policy: header.policy_ref,
            signatures,
            events,
            proof: payload.proof,
            not_proven,
        }
    }
}
