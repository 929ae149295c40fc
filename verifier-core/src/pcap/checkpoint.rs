//! Checkpoints (C2SP `tlog-checkpoint`): a log's identity, size and root, in a signed note.
//!
//! A checkpoint that is kept outside the log's file is what shows a cut: a log that does not extend it was changed. It shows that
//! whoever signed it saw this tree, not that the log is complete.

use alloc::{
    format,
    string::{String, ToString},
};
use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::note::{KeyType, Note, NoteError, NoteKey, Signed};
use crate::{digest::Digest, reason::ReasonCode};

const ORIGIN: &str = "capseal/";

/// What names a log to others.
pub(super) fn origin(log_id: &Digest) -> String {
    format!("{ORIGIN}{log_id}")
}

/// The log that an origin names.
pub(super) fn log_of(origin: &str) -> Option<Digest> {
    Digest::from_hex(origin.strip_prefix(ORIGIN)?)
}

/// A log's size and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Which log: the leaf hash of its header.
    pub log_id: Digest,
    /// Number of lines.
    pub size: u64,
    /// Root of the tree over them.
    pub root: Digest,
}

impl TreeHead {
    /// The first line of the checkpoint, which says which log it is about.
    pub fn origin(&self) -> String {
        origin(&self.log_id)
    }

    /// Reads the text of a checkpoint: exactly three lines.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        Self::read(text).filter(|head| head.to_string() == text).ok_or(CheckpointError::Malformed)
    }

    fn read(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let log_id = log_of(lines.next()?)?;
        let size = lines.next()?.parse().ok()?;
        let root = Digest::from_slice(&BASE64.decode(lines.next()?).ok()?)?;
        Some(Self { log_id, size, root })
    }
}

/// The text that is signed.
impl fmt::Display for TreeHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin(), self.size, BASE64.encode(self.root))
    }
}

/// A checkpoint that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// What it says.
    pub head: TreeHead,
    /// The note it stands in.
    pub note: Note,
}

impl Checkpoint {
    /// Reads a checkpoint. Signatures are not verified.
    ///
    /// # Errors
    /// When it is not a note, or its text is not a checkpoint of such a log.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes)?;
        Ok(Self { head: TreeHead::parse(&note.text)?, note })
    }

    /// Checks that at least one of `trusted` signed. A witness's signature is none of a signer.
    ///
    /// # Errors
    /// [`CheckpointError::Untrusted`], or that a signature of a trusted key does not verify.
    pub fn verify(&self, trusted: &[NoteKey]) -> Result<(), CheckpointError> {
        let signs = |signed: &Signed<'_>| signed.key.kind() == KeyType::Signer;
        if self.note.signers(trusted)?.iter().any(signs) { Ok(()) } else { Err(CheckpointError::Untrusted) }
    }
}

/// Refusal of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note is refused.
    Note(NoteError),
    /// The text is not a checkpoint of a log of version 2.
    Malformed,
    /// No trusted key signed.
    Untrusted,
    /// Fewer witnesses than are required have cosigned.
    Unwitnessed {
        /// Witnesses that are required.
        quorum: usize,
        /// Witnesses that have cosigned.
        found: usize,
    },
    /// The checkpoint is about another log.
    OtherLog,
    /// The log has fewer lines than when the checkpoint was made.
    Cut {
        /// Lines of the checkpoint.
        expected: u64,
        /// Lines of the log.
        found: u64,
    },
    /// The log's first lines are not those that the checkpoint was made over.
    Forked,
}

impl CheckpointError {
    /// The reason code.
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::Note(error) => error.code(),
            Self::Malformed => ReasonCode::CheckpointMalformed,
            Self::Untrusted => ReasonCode::CheckpointUntrusted,
            Self::Unwitnessed { .. } => ReasonCode::CheckpointUnwitnessed,
            Self::OtherLog | Self::Cut { .. } | Self::Forked => ReasonCode::CheckpointMismatch,
        }
    }
}

impl From<NoteError> for CheckpointError {
    fn from(error: NoteError) -> Self {
        Self::Note(error)
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(error) => error.fmt(f),
            Self::Malformed => f.write_str("the note is not a checkpoint of a log"),
            Self::Untrusted => f.write_str("no trusted key signed the checkpoint"),
            Self::Unwitnessed { quorum, found } => {
                write!(f, "{found} of the {quorum} witnesses that are required have cosigned the checkpoint")
            }
            Self::OtherLog => f.write_str("the checkpoint is about another log"),
            Self::Cut { expected, found } => {
                write!(f, "the checkpoint was made over {expected} lines, and the log has {found}: its end was cut off")
            }
            Self::Forked => f.write_str("the log's lines are not those that the checkpoint was made over"),
        }
    }
}

impl core::error::Error for CheckpointError {}
