//! Openings: the digests that lead from rows to the root, and nothing else.
//!
//! Bottom level first and left to right within a level come the siblings that the opened rows do not yield. Their number
//! is a function of arity, row count and indices, so there are no counts and no directions, and one list of indices has
//! one opening. Work is bounded by depth * (indices + digests) whatever the bytes say.

use alloc::vec::Vec;
use core::fmt;

use super::node::NodeHasher;
use super::{Arity, Root};
use crate::{Digest, ReasonCode};

/// Opening of one row.
///
/// # Shape
/// [`path_len`] digests.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Path(Vec<Digest>);

/// Opening of several rows.
///
/// # Shape
/// [`opening_len`] digests.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct MultiOpening(Vec<Digest>);

macro_rules! digest_list {
    ($name:ident) => {
        impl $name {
            /// Wraps siblings in the order of the format. Verification judges them.
            pub const fn new(siblings: Vec<Digest>) -> Self {
                Self(siblings)
            }

            /// The siblings.
            pub fn digests(&self) -> &[Digest] {
                &self.0
            }

            /// The siblings, by value.
            pub fn into_digests(self) -> Vec<Digest> {
                self.0
            }
        }
    };
}

digest_list!(Path);
digest_list!(MultiOpening);

/// Why an opening was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpeningError {
    /// No row was named.
    NoIndices,
    /// A row that the tree does not have.
    IndexOutOfRange {
        /// The index.
        index: u64,
        /// Rows of the tree.
        rows: u64,
    },
    /// A row was named twice.
    DuplicateIndex {
        /// The index.
        index: u64,
    },
    /// The opening ends before the top.
    TooShort,
    /// Digests are left at the top.
    TooLong {
        /// How many.
        surplus: usize,
    },
    /// The path leads to another root.
    RootMismatch,
}

impl OpeningError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::NoIndices
            | Self::IndexOutOfRange { .. }
            | Self::DuplicateIndex { .. }
            | Self::TooShort
            | Self::TooLong { .. }
            | Self::RootMismatch => ReasonCode::MerkleProofInvalid,
        }
    }
}

impl fmt::Display for OpeningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIndices => f.write_str("the opening names no row"),
            Self::IndexOutOfRange { index, rows } => write!(f, "row {index} is not among {rows} rows"),
            Self::DuplicateIndex { index } => write!(f, "row {index} is named twice"),
            Self::TooShort => f.write_str("the opening lacks digests"),
            Self::TooLong { surplus } => write!(f, "the opening has {surplus} digests too many"),
            Self::RootMismatch => f.write_str("the opening leads to another root"),
        }
    }
}

impl core::error::Error for OpeningError {}

/// Checks that `leaf` is row `index` of the tree of `rows` rows that `root` commits to.
///
/// # Errors
/// [`OpeningError`].
pub fn verify(root: &Root, arity: Arity, rows: u64, index: u64, leaf: Digest, path: &Path) -> Result<(), OpeningError> {
    verify_siblings(root, arity, rows, &[(index, leaf)], path.digests())
}

/// Checks several rows, given as index and leaf in any order, against one opening.
///
/// # Errors
/// [`OpeningError`].
pub fn verify_many(
    root: &Root,
    arity: Arity,
    rows: u64,
    items: &[(u64, Digest)],
    opening: &MultiOpening,
) -> Result<(), OpeningError> {
    verify_siblings(root, arity, rows, items, opening.digests())
}

/// Digests of the path of row `index`.
///
/// # Errors
/// [`OpeningError::IndexOutOfRange`].
pub fn path_len(arity: Arity, rows: u64, index: u64) -> Result<usize, OpeningError> {
    opening_len(arity, rows, &[index])
}

/// Digests of the opening of the rows `indices`.
///
/// # Errors
/// [`OpeningError::NoIndices`], [`OpeningError::IndexOutOfRange`], [`OpeningError::DuplicateIndex`].
pub fn opening_len(arity: Arity, rows: u64, indices: &[u64]) -> Result<usize, OpeningError> {
    let mut len: usize = 0;
    visit_missing(arity, rows, indices, |_, _| len = len.saturating_add(1))?;
    Ok(len)
}

/// Calls `visit(level, position)` for each sibling of the opening, in the order of the format.
pub(super) fn visit_missing(
    arity: Arity,
    rows: u64,
    indices: &[u64],
    mut visit: impl FnMut(usize, u64),
) -> Result<(), OpeningError> {
    let known = indices.iter().map(|index| (*index, ())).collect();
    let visit = |level, position| {
        visit(level, position);
        Ok(())
    };
    climb(arity, rows, known, visit, |_| ())
}

fn verify_siblings(
    root: &Root,
    arity: Arity,
    rows: u64,
    items: &[(u64, Digest)],
    siblings: &[Digest],
) -> Result<(), OpeningError> {
    let mut siblings = siblings.iter();
    let mut hasher = NodeHasher::new();
    let next = |_, _| siblings.next().copied().ok_or(OpeningError::TooShort);
    let top = climb(arity, rows, items.to_vec(), next, |group| hasher.hash(group))?;
    if siblings.len() > 0 {
        return Err(OpeningError::TooLong { surplus: siblings.len() });
    }
    if Root::of_tree(arity, rows, Some(&top)) == *root { Ok(()) } else { Err(OpeningError::RootMismatch) }
}

/// Goes from the known leaves to the top. Each level asks `missing(level, position)` for the children that are not known,
/// and `join`s every group that has a known one.
fn climb<T: Copy>(
    arity: Arity,
    rows: u64,
    mut known: Vec<(u64, T)>,
    mut missing: impl FnMut(usize, u64) -> Result<T, OpeningError>,
    mut join: impl FnMut(&[T]) -> T,
) -> Result<T, OpeningError> {
    known.sort_unstable_by_key(|(index, _)| *index);
    check_indices(rows, &known)?;
    let mut group = Vec::with_capacity(arity.children());
    let mut width = rows;
    let mut level = 0;
    while width > 1 {
        let mut parents = Vec::with_capacity(known.len());
        let mut rest = known.into_iter().peekable();
        while let Some((first, _)) = rest.peek() {
            #[expect(clippy::arithmetic_side_effects, reason = "the width of an arity is 2 or more")]
            let parent = first / arity.width();
            let start = parent.saturating_mul(arity.width());
            let end = start.saturating_add(arity.width()).min(width);
            group.clear();
            for position in start..end {
                group.push(match rest.next_if(|(index, _)| *index == position) {
                    Some((_, value)) => value,
                    None => missing(level, position)?,
                });
            }
            parents.push((parent, join(&group)));
        }
        known = parents;
        width = arity.parents(width);
        level = level.saturating_add(1);
    }
    known.first().map(|(_, top)| *top).ok_or(OpeningError::NoIndices)
}

/// Refuses an empty list, indices beyond the last row, and repetitions. The list is sorted.
fn check_indices<T>(rows: u64, sorted: &[(u64, T)]) -> Result<(), OpeningError> {
    let Some((last, _)) = sorted.last() else {
        return Err(OpeningError::NoIndices);
    };
    if *last >= rows {
        return Err(OpeningError::IndexOutOfRange { index: *last, rows });
    }
    let twice = sorted.array_windows::<2>().find(|[(a, _), (b, _)]| a == b);
    match twice {
        Some([(index, _), _]) => Err(OpeningError::DuplicateIndex { index: *index }),
        None => Ok(()),
    }
}
