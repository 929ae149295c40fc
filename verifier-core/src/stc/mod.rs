//! STC, the streaming trace commitment (spec: `docs/spec/stc.md`).
//!
//! A tagged k-ary SHA-256 tree over rows. Every level groups consecutive digests by the arity; the last group may be
//! shorter and a lone child is hashed like any other group, so there is no padding and no promotion. The root binds the
//! arity, the number of rows and the top digest. The shape of an opening is a function of arity, row count and indices,
//! so an opening is nothing but the missing siblings in one fixed order.
//!
//! Not checked here: what a row means, and how long it is. Whoever hashes rows of different lengths into one tree binds
//! the total length elsewhere.

mod builder;
mod node;
mod opening;
mod tree;

use crate::{Digest, ReasonCode, Tag};

pub use builder::{BuildError, Builder, ChunkRoot};
pub use node::{hash_level, leaf, node};
pub use opening::{MultiOpening, OpeningError, Path, opening_len, path_len, verify, verify_many};
pub use tree::Tree;

/// Row size of a receipt's archive: one page of memory, and large enough that the tag, the padding and the inner nodes
/// cost less than 3 % of the hashing.
///
/// # Units
/// Bytes.
pub const ARCHIVE_ROW_SIZE: usize = 4096;

/// Arity of a receipt's archive: a path over 1 GiB (2^18 rows) has 5 levels of at most 15 siblings, and the inner nodes
/// add 1/15 of a digest per row.
pub const ARCHIVE_ARITY: Arity = Arity(16);

/// Chunk length of a receipt's archive: 16^2 rows, that is 1 MiB, the unit that one thread hashes and one request
/// fetches.
///
/// # Units
/// Rows.
pub const ARCHIVE_CHUNK_LEN: u64 = 256;

/// Children per full node.
///
/// # Shape
/// 2 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arity(u8);

impl Arity {
    /// The binary tree.
    pub const BINARY: Self = Self(2);
    /// The smallest arity.
    pub const MIN: u8 = 2;
    /// The largest arity: a full node is then 2 KiB of digests.
    pub const MAX: u8 = 64;

    /// Takes a number of children.
    ///
    /// # Errors
    /// [`ArityError`] below 2 or above 64.
    pub const fn new(children: u8) -> Result<Self, ArityError> {
        if children < Self::MIN || children > Self::MAX { Err(ArityError(children)) } else { Ok(Self(children)) }
    }

    /// The number of children, as the root absorbs it.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The height of the nodes that stand for chunks of `chunk_len` rows: the j of `chunk_len = arity^j`.
    ///
    /// `None` when `chunk_len` is no power of the arity.
    pub fn chunk_height(self, chunk_len: u64) -> Option<u32> {
        let height = chunk_len.checked_ilog(self.width())?;
        (self.chunk_len(height)? == chunk_len).then_some(height)
    }

    /// Rows below a full node at `height`; `None` when that is more than 2^64 - 1.
    pub fn chunk_len(self, height: u32) -> Option<u64> {
        self.width().checked_pow(height)
    }

    /// Levels above the leaves of a tree of `rows` leaves: 0 for none or one.
    pub fn depth(self, rows: u64) -> u32 {
        let mut depth = 0_u32;
        let mut width = rows;
        while width > 1 {
            width = self.parents(width);
            depth = depth.saturating_add(1);
        }
        depth
    }

    /// Nodes above a level of `width` nodes.
    const fn parents(self, width: u64) -> u64 {
        width.div_ceil(self.width())
    }

    const fn width(self) -> u64 {
        self.0 as u64
    }

    const fn children(self) -> usize {
        self.0 as usize
    }
}

/// A number of children that no tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArityError(pub u8);

impl ArityError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        ReasonCode::RowIndexCommitmentInvalidFormat
    }
}

impl core::fmt::Display for ArityError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "arity {} is not within {}..={}", self.0, Arity::MIN, Arity::MAX)
    }
}

impl core::error::Error for ArityError {}

/// The commitment: tree shape and top digest under one hash. Not a [`Digest`], so that a node never serves as a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Root(Digest);

impl Root {
    /// Wraps a digest that was read as a root.
    pub const fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest.
    pub const fn digest(&self) -> &Digest {
        &self.0
    }

    /// Hashes shape and top digest. No rows, no top.
    fn of_tree(arity: Arity, rows: u64, top: Option<&Digest>) -> Self {
        let top = top.map_or(&[][..], |digest| digest.as_bytes());
        Self(Tag::STC_ROOT.digest(&[&[arity.get()], &rows.to_le_bytes(), top]))
    }
}
