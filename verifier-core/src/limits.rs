//! Limits (spec: `docs/spec/limits.md`): how much of a hostile receipt a verifier is willing to look at.
//!
//! The caller passes them; nothing in a receipt widens them. Every stage compares a claimed size with its limit before it
//! allocates or walks. A receipt over a limit is refused (`E005`), never checked in part. The defaults are for a browser
//! tab: 48 MiB of receipt, which takes about a second to check there, and decoded structures that stay below that again.

/// How much a receipt may hold.
///
/// # Units
/// `*_bytes` are bytes; all others are counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The whole file. An embedded archive is 8 MiB by default; a proof and an event log fit beside it many times over.
    pub file_bytes: usize,
    /// Entries of the container. A run carries one for each file that it reads or writes.
    pub entries: usize,
    /// An entry that no other limit names (artifacts, availability data). One artifact may fill the file.
    pub entry_bytes: usize,
    /// `capsule.cbor`. One that names 100,000 files takes 12 MB and the length of their paths.
    pub capsule_bytes: usize,
    /// `events.jsonl`.
    pub event_log_bytes: usize,
    /// Lines of `events.jsonl`: ten for each of 20,000 files.
    pub event_log_lines: usize,
    /// One line of `events.jsonl`, without its line feed.
    pub event_line_bytes: usize,
    /// A proof. The largest pinned parameter set stays below 1 MiB at 2^20 rows.
    pub proof_bytes: usize,
    /// A policy, a manifest or a signature: documents that people write or read.
    pub document_bytes: usize,
}

impl Limits {
    /// The documented defaults.
    pub const DEFAULT: Self = Self {
        file_bytes: 48 * MIB,
        entries: 20_000,
        entry_bytes: 48 * MIB,
        capsule_bytes: 20 * MIB,
        event_log_bytes: 16 * MIB,
        event_log_lines: 200_000,
        event_line_bytes: MIB,
        proof_bytes: 2 * MIB,
        document_bytes: MIB,
    };
}

const MIB: usize = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
