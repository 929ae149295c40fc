//! What became of a log's file under a writer.

use std::fmt;

/// How the file of a log was taken from its writer. Nothing more is acknowledged: who did it may do it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It is not there any more.
    Deleted,
    /// Another file has its name.
    Replaced,
    /// It is shorter than it was.
    Cut {
        /// Bytes that it has.
        len: u64,
        /// Bytes that it had.
        known: u64,
    },
    /// Its last line is another one than this writer wrote or read there.
    Rewritten,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted => f.write_str("was deleted while it was written"),
            Self::Replaced => f.write_str("was replaced by another file while it was written"),
            Self::Cut { len, known } => write!(f, "was cut while it was written: it has {len} bytes and had {known}"),
            Self::Rewritten => f.write_str("was rewritten while it was written: its last line is another one"),
        }
    }
}
