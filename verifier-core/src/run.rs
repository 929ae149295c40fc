//! The run that a receipt is about (spec: `docs/spec/verdict.md`): what was run, how it ended, what it wrote, and what its capture missed.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use crate::{
    backend::Backend,
    capsule::{Capsule, Exit, FileRef, entry},
    container::Container,
    digest::Digest,
    manifest,
};

/// Outputs that a verdict names; an inspection names all.
pub const OUTPUTS_NAMED: usize = 32;

/// A run, as the receipt states it. It is the maker's word for a witnessed receipt, and proven for a proven one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// The command as it was executed, of a process.
    pub command: Option<Vec<String>>,
    /// SHA-256 of the program's image, of a program that was proven.
    pub program: Option<Digest>,
    /// What the program ended with: its own exit code, and not the verifier's.
    pub exit_code: Option<u64>,
    /// The signal that ended the program.
    pub signal: Option<u64>,
    /// Whether the program failed: it ended by a signal, or with another exit code than 0.
    pub failed: bool,
    /// What it wrote, by path: the first [`OUTPUTS_NAMED`].
    pub outputs: Vec<FileRef>,
    /// How many outputs there are.
    pub outputs_total: u64,
    /// How the files of a process were found.
    pub capture: Option<String>,
    /// What the capture of a process notes about itself; absent where it is not stated.
    pub notes: Option<Vec<String>>,
}

impl RunReport {
    /// The run of a capsule; `None` for backends that run no program of the user's.
    pub fn of(container: &Container<'_>, capsule: &Capsule) -> Option<Self> {
        let payload = &capsule.payload;
        let Exit { code, signal } = payload.claim.exit.clone()?;
        let run = payload.run.as_ref();
        let proven = Backend::from_id(&capsule.header.backend_id) == Some(Backend::Rv32imV1);
        let image = payload.claim.code.first().filter(|_| proven);
        Some(Self {
            command: run.map(|run| run.command.clone()),
            program: image.map(|image| image.digest),
            exit_code: code,
            signal,
            failed: code != Some(0) || signal.is_some(),
            outputs: payload.claim.outputs.iter().take(OUTPUTS_NAMED).cloned().collect(),
            outputs_total: u64::try_from(payload.claim.outputs.len()).unwrap_or(u64::MAX),
            capture: run.map(|run| run.capture.clone()),
            notes: run.and_then(|_| notes(container, capsule)),
        })
    }
}

/// The notes of a capture; `None` where they are not stated.
pub fn notes(container: &Container<'_>, capsule: &Capsule) -> Option<Vec<String>> {
    let listed = capsule.payload.manifests.iter().any(|manifest| manifest.name == manifest::CAPTURE);
    let content = container.get(&entry::manifest(manifest::CAPTURE)).filter(|_| listed)?;
    manifest::notes(content)
}
