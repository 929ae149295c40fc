//! The STC root of a stream of rows, in memory that does not depend on its length.
//!
//! Two buffers take turns: while the threads hash the rows of one, this thread reads the other.

use std::fmt;
use std::io::{self, Read};

use rayon::prelude::*;
use verifier_core::Digest;
use verifier_core::stc::{Arity, BuildError, Builder, ChunkRoot, Root, leaf};

/// What one of the two buffers holds, unless a single chunk is larger. Some 10 ms of one thread's hashing: long against
/// the hand-over, short against the stream.
const BATCH_LEN: usize = 16 << 20;

/// The largest chunk, which bounds the memory together with [`BATCH_LEN`].
const MAX_CHUNK_LEN: usize = 64 << 20;

/// Bytes that one task hashes at least, so that small rows do not drown in tasks.
const MIN_BYTES_PER_TASK: usize = 64 << 10;

/// The STC commitment to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// The root.
    pub root: Root,
    /// Rows, the last of which may be short.
    pub rows: u64,
    /// Length of the stream.
    pub bytes: u64,
}

/// Commits to everything that `reader` yields, in rows of `row_size` bytes.
///
/// `chunk_len` (rows, a power of the arity) is what one node is hashed up to at a time; the root does not depend on it.
/// The last row is hashed at its own length, so whoever checks the root also checks `bytes`.
///
/// # Errors
/// [`CommitError`].
pub fn commit_rows(
    mut reader: impl Read,
    row_size: usize,
    arity: Arity,
    chunk_len: u64,
) -> Result<Commitment, CommitError> {
    let layout = Layout::new(row_size, arity, chunk_len)?;
    let mut builder = Builder::new(arity);
    let mut bytes = 0;
    let mut batch = vec![0; layout.batch_len];
    let mut next = vec![0; layout.batch_len];
    let mut len = fill(&mut reader, &mut batch)?;
    while len > 0 {
        let first = builder.rows() == 0;
        let mut chunks = Ok(Vec::new());
        let next_len = rayon::in_place_scope(|scope| {
            scope.spawn(|_| chunks = layout.hash(&batch[..len], first));
            // A buffer that was not filled is the last.
            if len < layout.batch_len { Ok(0) } else { fill(&mut reader, &mut next) }
        })?;
        chunks?.iter().try_for_each(|chunk| builder.push_chunk_root(chunk))?;
        bytes += len as u64;
        std::mem::swap(&mut batch, &mut next);
        len = next_len;
    }
    let rows = builder.rows();
    Ok(Commitment { root: builder.finish()?, rows, bytes })
}

/// Reads until the buffer is full or the stream ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buffer.len() {
        match reader.read(&mut buffer[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(len)
}

struct Layout {
    row_size: usize,
    arity: Arity,
    chunk_rows: usize,
    height: u32,
    batch_len: usize,
}

impl Layout {
    fn new(row_size: usize, arity: Arity, chunk_len: u64) -> Result<Self, CommitError> {
        if row_size == 0 {
            return Err(CommitError::RowSize);
        }
        let height = arity.chunk_height(chunk_len).ok_or(CommitError::ChunkLen { chunk_len, arity })?;
        let too_large = CommitError::ChunkTooLarge { chunk_len, row_size };
        let chunk_rows = usize::try_from(chunk_len).ok();
        let chunk_bytes = chunk_rows.and_then(|rows| rows.checked_mul(row_size)).filter(|len| *len <= MAX_CHUNK_LEN);
        let (Some(chunk_rows), Some(chunk_bytes)) = (chunk_rows, chunk_bytes) else {
            return Err(too_large);
        };
        let batch_len = chunk_bytes * (BATCH_LEN / chunk_bytes).max(1);
        Ok(Self { row_size, arity, chunk_rows, height, batch_len })
    }

    /// The chunks of a batch. A stream that ends within its first chunk has no node of that height: its rows are chunks of
    /// one row each.
    fn hash(&self, batch: &[u8], first: bool) -> Result<Vec<ChunkRoot>, BuildError> {
        let rows_per_task = MIN_BYTES_PER_TASK.div_ceil(self.row_size);
        let leaves: Vec<Digest> = batch.par_chunks(self.row_size).with_min_len(rows_per_task).map(leaf).collect();
        let short = first && leaves.len() < self.chunk_rows;
        let (chunk_rows, height) = if short { (1, 0) } else { (self.chunk_rows, self.height) };
        leaves.par_chunks(chunk_rows).map(|chunk| ChunkRoot::of_leaves(self.arity, height, chunk.to_vec())).collect()
    }
}

/// Why a stream could not be committed to.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommitError {
    /// Rows of no bytes.
    RowSize,
    /// A chunk length that is no power of the arity.
    ChunkLen {
        /// Rows per chunk.
        chunk_len: u64,
        /// The arity.
        arity: Arity,
    },
    /// A chunk of more than 64 MiB.
    ChunkTooLarge {
        /// Rows per chunk.
        chunk_len: u64,
        /// Bytes per row.
        row_size: usize,
    },
    /// The stream could not be read.
    Read(io::Error),
    /// The rows do not make a tree.
    Build(BuildError),
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowSize => f.write_str("rows of 0 bytes"),
            Self::ChunkLen { chunk_len, arity } => {
                write!(f, "a chunk of {chunk_len} rows is no power of the arity {}", arity.get())
            }
            Self::ChunkTooLarge { chunk_len, row_size } => {
                write!(f, "a chunk of {chunk_len} rows of {row_size} bytes is more than {MAX_CHUNK_LEN} bytes")
            }
            Self::Read(_) => f.write_str("cannot read the rows"),
            Self::Build(inner) => inner.fmt(f),
        }
    }
}

impl std::error::Error for CommitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(inner) => Some(inner),
            Self::RowSize | Self::ChunkLen { .. } | Self::ChunkTooLarge { .. } | Self::Build(_) => None,
        }
    }
}

impl From<io::Error> for CommitError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<BuildError> for CommitError {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}
