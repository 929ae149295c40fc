//! Why a log is refused.

use core::fmt;

use crate::{pcap::tree::TreeError, reason::ReasonCode};

/// Refusal of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogError {
    /// Over a limit for bytes, lines, or the length of a line.
    TooLong,
    /// The last line has no line feed, or there is no line.
    TornTail,
    /// The header is of another version.
    VersionUnknown,
    /// A line is not a canonical event.
    NotCanonical {
        /// Index of the line.
        line: u64,
    },
    /// A line's number or time does not follow the line before.
    OutOfOrder {
        /// Index of the line.
        line: u64,
    },
    /// A line does not name the leaf of the line before.
    ChainBroken {
        /// Index of the line.
        line: u64,
    },
    /// The header is not the first line, or not the only one of its type.
    HeaderMisplaced {
        /// Index of the line.
        line: u64,
    },
    /// A line after the one that closes the log.
    AfterClosing {
        /// Index of the line.
        line: u64,
    },
    /// The closing line does not state the size and the root of the lines before it.
    SealMismatch {
        /// Index of the line.
        line: u64,
    },
}

impl LogError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::TooLong => ReasonCode::LimitExceeded,
            Self::VersionUnknown => ReasonCode::SchemaUnsupported,
            Self::TornTail
            | Self::NotCanonical { .. }
            | Self::OutOfOrder { .. }
            | Self::ChainBroken { .. }
            | Self::HeaderMisplaced { .. }
            | Self::AfterClosing { .. }
            | Self::SealMismatch { .. } => ReasonCode::EventLogMismatch,
        }
    }
}

impl From<TreeError> for LogError {
    /// A tree that is pushed to in order has nothing else to refuse.
    fn from(_: TreeError) -> Self {
        Self::TooLong
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the event log is over a limit"),
            Self::TornTail => f.write_str("the event log does not end with a whole line"),
            Self::VersionUnknown => f.write_str("the event log's header is not of version 2"),
            Self::NotCanonical { line } => write!(f, "event {line} is not in canonical form"),
            Self::OutOfOrder { line } => write!(f, "event {line} does not follow the one before"),
            Self::ChainBroken { line } => write!(f, "event {line} does not name the event before it"),
            Self::HeaderMisplaced { line } => {
                write!(f, "event {line}: the header must be the first event, and only it")
            }
            Self::AfterClosing { line } => write!(f, "event {line} comes after the event that closes the log"),
            Self::SealMismatch { line } => write!(f, "event {line} seals other lines than those before it"),
        }
    }
}

impl core::error::Error for LogError {}
