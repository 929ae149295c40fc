//! Streaming construction: leaves, or roots of whole chunks, go in one after the other; the root comes out.
//!
//! Memory is at most arity digests per level. The result equals [`super::Tree::build`] over the same leaves, however
//! the leaves were grouped into chunks.

use alloc::vec::Vec;
use core::fmt;

use super::node::NodeHasher;
use super::{Arity, Root, leaf};
use crate::Digest;

/// The node over one chunk: up to `arity^height` consecutive rows.
///
/// Made apart from the tree, on another thread for instance, and pushed in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkRoot {
    arity: Arity,
    height: u32,
    rows: u64,
    digest: Digest,
}

impl ChunkRoot {
    /// Hashes the leaves of a chunk up to `height`.
    ///
    /// # Errors
    /// [`BuildError::ChunkLength`] for no leaves, for more than `arity^height`, and for a height at which that number
    /// exceeds 64 bits.
    pub fn of_leaves(arity: Arity, height: u32, mut leaves: Vec<Digest>) -> Result<Self, BuildError> {
        let rows = leaves.len() as u64;
        if rows == 0 || arity.chunk_len(height).is_none_or(|full| rows > full) {
            return Err(BuildError::ChunkLength { rows, height });
        }
        let mut hasher = NodeHasher::new();
        for _ in 0..height {
            collapse(arity, &mut leaves, &mut hasher);
        }
        let digest = leaves.first().copied().ok_or(BuildError::ChunkLength { rows, height })?;
        Ok(Self { arity, height, rows, digest })
    }

    /// The node's digest.
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Rows below the node.
    pub const fn rows(&self) -> u64 {
        self.rows
    }
}

/// Replaces a level by the level above it, in place.
fn collapse(arity: Arity, level: &mut Vec<Digest>, hasher: &mut NodeHasher) {
    let children = arity.children();
    let parents = level.len().div_ceil(children);
    for parent in 0..parents {
        let start = parent.saturating_mul(children);
        let end = level.len().min(start.saturating_add(children));
        let digest = level.get(start..end).map(|group| hasher.hash(group));
        if let (Some(place), Some(digest)) = (level.get_mut(parent), digest) {
            *place = digest;
        }
    }
    level.truncate(parents);
}

/// Why a row or chunk cannot be pushed, or the tree not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A chunk with no rows, or with more than its height holds.
    ChunkLength {
        /// Rows of the chunk.
        rows: u64,
        /// Height of its node.
        height: u32,
    },
    /// A chunk that was hashed with another arity.
    OtherArity,
    /// A chunk that does not start where a node of its height starts.
    Misaligned {
        /// Rows pushed so far.
        rows: u64,
        /// Height of the chunk's node.
        height: u32,
    },
    /// Something follows a chunk that was shorter than its height holds.
    AfterShortChunk,
    /// The only chunk is so short that the tree ends below its node; push its leaves instead.
    ChunkAboveTop {
        /// Rows of the tree.
        rows: u64,
        /// Height of the chunk's node.
        height: u32,
    },
    /// More than 2^64 - 1 rows.
    TooManyRows,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChunkLength { rows, height } => write!(f, "a chunk of height {height} cannot have {rows} rows"),
            Self::OtherArity => f.write_str("the chunk was hashed with another arity"),
            Self::Misaligned { rows, height } => write!(f, "a chunk of height {height} cannot start at row {rows}"),
            Self::AfterShortChunk => f.write_str("nothing can follow a short chunk"),
            Self::ChunkAboveTop { rows, height } => {
                write!(f, "a tree of {rows} rows ends below its only chunk, of height {height}")
            }
            Self::TooManyRows => f.write_str("more than 2^64 - 1 rows"),
        }
    }
}

impl core::error::Error for BuildError {}

/// Builds a tree from rows that come one by one.
///
/// # Shape
/// Each level holds the digests of its unfinished group: fewer than the arity.
pub struct Builder {
    arity: Arity,
    rows: u64,
    pending: Vec<Vec<Digest>>,
    tallest_chunk: u32,
    short_chunk_seen: bool,
    hasher: NodeHasher,
}

impl Builder {
    /// Starts an empty tree.
    pub fn new(arity: Arity) -> Self {
        let (rows, tallest_chunk, short_chunk_seen) = (0, 0, false);
        Self { arity, rows, pending: Vec::new(), tallest_chunk, short_chunk_seen, hasher: NodeHasher::new() }
    }

    /// Rows pushed so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a row by its bytes.
    ///
    /// # Errors
    /// As [`Self::push_leaf`].
    pub fn push_row(&mut self, row: &[u8]) -> Result<(), BuildError> {
        self.push_leaf(leaf(row))
    }

    /// Adds a row by its leaf digest.
    ///
    /// # Errors
    /// [`BuildError::AfterShortChunk`], [`BuildError::TooManyRows`].
    pub fn push_leaf(&mut self, leaf: Digest) -> Result<(), BuildError> {
        self.push_chunk_root(&ChunkRoot { arity: self.arity, height: 0, rows: 1, digest: leaf })
    }

    /// Adds the rows of a chunk by its node. Only the last chunk may be short.
    ///
    /// # Errors
    /// [`BuildError::OtherArity`]; [`BuildError::Misaligned`] unless the rows so far are a multiple of the chunk's full
    /// length; [`BuildError::AfterShortChunk`]; [`BuildError::TooManyRows`].
    pub fn push_chunk_root(&mut self, chunk: &ChunkRoot) -> Result<(), BuildError> {
        if chunk.arity != self.arity {
            return Err(BuildError::OtherArity);
        }
        if self.short_chunk_seen {
            return Err(BuildError::AfterShortChunk);
        }
        let height = chunk.height;
        let full = self.arity.chunk_len(height);
        if full.is_none_or(|full| !self.rows.is_multiple_of(full)) {
            return Err(BuildError::Misaligned { rows: self.rows, height });
        }
        self.rows = self.rows.checked_add(chunk.rows).ok_or(BuildError::TooManyRows)?;
        self.short_chunk_seen = full != Some(chunk.rows);
        self.tallest_chunk = self.tallest_chunk.max(height);
        self.push_node(height as usize, chunk.digest);
        Ok(())
    }

    /// The commitment over all rows pushed.
    ///
    /// # Errors
    /// [`BuildError::ChunkAboveTop`].
    pub fn finish(mut self) -> Result<Root, BuildError> {
        let (arity, rows) = (self.arity, self.rows);
        let depth = arity.depth(rows);
        if self.tallest_chunk > depth {
            return Err(BuildError::ChunkAboveTop { rows, height: self.tallest_chunk });
        }
        let depth = depth as usize;
        for height in 0..depth {
            if let Some(group) = self.pending.get_mut(height).filter(|group| !group.is_empty()) {
                let digest = self.hasher.hash(group);
                group.clear();
                self.push_node(height.saturating_add(1), digest);
            }
        }
        Ok(Root::of_tree(arity, rows, self.pending.get(depth).and_then(|top| top.first())))
    }

    /// Adds a node at `height`, and its ancestors as far as their groups are full.
    fn push_node(&mut self, mut height: usize, mut digest: Digest) {
        loop {
            if self.pending.len() <= height {
                self.pending.resize_with(height.saturating_add(1), Vec::new);
            }
            let Some(group) = self.pending.get_mut(height) else { return };
            group.push(digest);
            if group.len() < self.arity.children() {
                return;
            }
            digest = self.hasher.hash(group);
            group.clear();
            height = height.saturating_add(1);
        }
    }
}
