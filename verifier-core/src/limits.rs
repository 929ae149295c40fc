//! Limits (spec: `docs/spec/limits.md`): what a verifier is willing to read. The caller may lower or raise them.

/// Upper bounds on what a receipt may hold.
///
/// Every byte of a receipt is read a bounded number of times, so the cost of a verdict is linear in `file_bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file. The archive that travels in a receipt is 8 MiB by default; this leaves room for eight of them.
    pub file_bytes: usize,
    /// Entries of the container. A run over thousands of files is usual, one over more should detach its archive.
    pub entries: usize,
    /// Bytes of the capsule; 4 MiB name about 25,000 files.
    pub capsule_bytes: usize,
    /// Bytes of the event log.
    pub event_log_bytes: usize,
    /// Lines of the event log.
    pub event_log_lines: usize,
    /// Bytes of one line, as in the action logs that use the same form.
    pub event_line_bytes: usize,
    /// Bytes of a proof.
    pub proof_bytes: usize,
}

impl Limits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        file_bytes: 64 << 20,
        entries: 20_000,
        capsule_bytes: 4 << 20,
        event_log_bytes: 16 << 20,
        event_log_lines: 200_000,
        event_line_bytes: 1 << 20,
        proof_bytes: 2 << 20,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
