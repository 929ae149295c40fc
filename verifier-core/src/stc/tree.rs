//! A whole tree in memory: every level kept, so that any row can be opened.

use alloc::{vec, vec::Vec};

use super::opening::visit_missing;
use super::{Arity, MultiOpening, OpeningError, Path, Root, hash_level};
use crate::Digest;

/// A tree with all its levels.
///
/// # Shape
/// `levels[0]` are the leaves; each level above has one digest per group of the level below; the last has one digest.
/// About 32 * rows * arity / (arity - 1) bytes.
#[derive(Clone, Debug)]
pub struct Tree {
    arity: Arity,
    rows: u64,
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// Builds the tree over `leaves`.
    pub fn build(arity: Arity, leaves: Vec<Digest>) -> Self {
        Self::build_by(arity, leaves, hash_level)
    }

    /// Builds the tree and lets `hash` fill each level: children in, parents out, as [`hash_level`] does. For callers
    /// that spread a level over threads.
    ///
    /// # Security
    /// A `hash` that differs from [`hash_level`] makes a tree whose openings nobody accepts.
    pub fn build_by(arity: Arity, leaves: Vec<Digest>, mut hash: impl FnMut(Arity, &[Digest], &mut [Digest])) -> Self {
        let rows = leaves.len() as u64;
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let mut parents = vec![Digest::default(); level.len().div_ceil(arity.children())];
            hash(arity, &level, &mut parents);
            levels.push(core::mem::replace(&mut level, parents));
        }
        levels.push(level);
        Self { arity, rows, levels }
    }

    /// The commitment.
    pub fn root(&self) -> Root {
        Root::of_tree(self.arity, self.rows, self.levels.last().and_then(|top| top.first()))
    }

    /// The arity.
    pub const fn arity(&self) -> Arity {
        self.arity
    }

    /// The number of leaves.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The leaf at `index`.
    pub fn leaf(&self, index: u64) -> Option<&Digest> {
        self.levels.first()?.get(usize::try_from(index).ok()?)
    }

    /// Opens one row.
    ///
    /// # Errors
    /// [`OpeningError::IndexOutOfRange`].
    pub fn open(&self, index: u64) -> Result<Path, OpeningError> {
        self.open_many(&[index]).map(|opening| Path::new(opening.into_digests()))
    }

    /// Opens several rows at once: each sibling that the others do not yield appears once.
    ///
    /// # Shape
    /// Indices are distinct and in any order; the opening does not depend on the order.
    ///
    /// # Errors
    /// [`OpeningError::NoIndices`], [`OpeningError::IndexOutOfRange`], [`OpeningError::DuplicateIndex`].
    pub fn open_many(&self, indices: &[u64]) -> Result<MultiOpening, OpeningError> {
        let mut siblings = Vec::new();
        visit_missing(self.arity, self.rows, indices, |level, position| {
            siblings.extend(self.node(level, position));
        })?;
        Ok(MultiOpening::new(siblings))
    }

    fn node(&self, level: usize, position: u64) -> Option<Digest> {
        self.levels.get(level)?.get(usize::try_from(position).ok()?).copied()
    }
}
