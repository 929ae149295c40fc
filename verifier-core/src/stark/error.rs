//! Why a proof was not accepted (spec: `docs/spec/proof.md`, "Refusals").

use core::fmt;

use crate::ReasonCode;

/// Why a proof was not accepted.
///
/// The text of a refusal may change; its code does not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// The proof is longer than any proof of this shape can be.
    TooLong {
        /// Length in bytes.
        length: usize,
        /// Greatest length that is read, in bytes.
        limit: usize,
    },
    /// The bytes leave the one shape that the statement and the parameter set allow.
    Shape {
        /// The part of the proof that is not as it must be.
        part: &'static str,
    },
    /// The proof's first commitment is not the trace root that the statement names.
    TraceRoot,
    /// The last polynomial of the low-degree test is not the one committed to.
    Remainder,
    /// The proof does not verify.
    Rejected,
}

impl ProofError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::TooLong { .. } | Self::Shape { .. } => ReasonCode::ProofMalformed,
            Self::TraceRoot => ReasonCode::ProofTraceRootMismatch,
            Self::Remainder => ReasonCode::ProofRemainderMismatch,
            Self::Rejected => ReasonCode::ProofVerificationFailed,
        }
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length, limit } => write!(f, "the proof has {length} bytes; at most {limit} are read"),
            Self::Shape { part } => write!(f, "the proof's {part} is not as the statement demands"),
            Self::TraceRoot => f.write_str("the proof commits to another trace than the statement names"),
            Self::Remainder => f.write_str("the last polynomial is not the one that the proof committed to"),
            Self::Rejected => f.write_str("the proof does not verify"),
        }
    }
}

impl core::error::Error for ProofError {}
