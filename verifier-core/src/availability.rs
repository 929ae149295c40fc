//! How an archive was found to be available (spec: `docs/spec/verdict.md`).

use alloc::vec::Vec;

use serde::Serialize;

use crate::trust::Signer;

/// How an archive was found to be available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Availability {
    /// Every artifact is in the receipt, and was checked.
    Complete,
    /// Rows that the verifier chose were available when it asked for them.
    Live {
        /// When, as the verifier says: milliseconds since the Unix epoch.
        at: Option<u64>,
        /// Rows that were asked for, each once.
        samples: u32,
        /// Rows of the code.
        rows: u64,
        /// Systematic rows as a part of them: 2 says a half, 4 a quarter.
        inverse_rate: u32,
        /// A provider that cannot answer for enough rows passes with a probability of at most 2^-bits.
        bits: u32,
    },
    /// Enough keys that the verifier trusts say that rows which they chose were available when they asked for them.
    Attested {
        /// When the first of them had its last row: milliseconds since the Unix epoch.
        at: u64,
        /// Rows that the least thorough of them asked for.
        samples: u32,
        /// Rows of the code.
        rows: u64,
        /// Systematic rows as a part of them.
        inverse_rate: u32,
        /// Bits of that many rows, if they were drawn as is said.
        bits: u32,
        /// The keys that say so.
        by: Vec<Signer>,
    },
    /// Rows that a relay's challenge called for once the receipt was committed were available. They are the same for everybody, and known
    /// since then: this shows that the archive existed when it was committed, and not that more than these rows exist now.
    Archival {
        /// When the relay logged the commit: milliseconds since the Unix epoch.
        committed_at: u64,
        /// When the answers were judged, as the verifier says.
        at: u64,
        /// Rows that were asked for, each once.
        samples: u32,
        /// Rows of the code.
        rows: u64,
        /// Systematic rows as a part of them.
        inverse_rate: u32,
        /// Bits of that many rows, if they were drawn as is said.
        bits: u32,
        /// The relay.
        by: Vec<Signer>,
    },
}
