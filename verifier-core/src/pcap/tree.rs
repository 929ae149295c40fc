//! The tree over a log (spec: `docs/spec/pcap.md`): the Merkle tree of RFC 9162, section 2.1.
//!
//! A [`Range`] holds what is left of consecutive leaves after everything complete has been hashed together: at most two digests
//! a level, so that a tree of any size is made in bounded memory, and neighbouring ranges can be made apart and joined.
//! The proofs show inclusion of a leaf, and that one tree is the beginning of another. They show nothing about the content.

use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest as _, Sha256, block_api::compress256};

use crate::{digest::Digest, reason::ReasonCode};

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// Digests of a proof at most: one a level on either side.
pub const MAX_PROOF: usize = 128;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Blocks of an entry that is hashed in one call.
const SHORT: usize = 8;
/// A one bit and the length of the message: what SHA-256 puts behind it at least.
const PADDING: usize = 9;
/// The state that SHA-256 begins with (FIPS 180-4, section 5.3.3).
const BEGIN: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The hash of a leaf: the entry's bytes behind a zero byte.
pub fn leaf(entry: &[u8]) -> Digest {
    let mut blocks = [[0; BLOCK]; SHORT];
    // Most entries are a few blocks, and calls for each of their parts would cost as much as two blocks more.
    sha256_of(&mut blocks, LEAF, &[entry])
        .unwrap_or_else(|| Digest::new(Sha256::new().chain_update([LEAF]).chain_update(entry).finalize().into()))
}

/// The hash of a node over two digests.
pub fn node(left: &Digest, right: &Digest) -> Digest {
    let mut blocks = [[0; BLOCK]; 2];
    let parts = [left.as_ref(), right.as_ref()];
    sha256_of(&mut blocks, NODE, &parts).unwrap_or_else(|| {
        Digest::new(Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into())
    })
}

/// SHA-256 of a tag and parts, which are laid into zeroed blocks together with the padding, so that the library takes all blocks in one
/// call; `None` when there are too few blocks.
#[inline]
fn sha256_of(blocks: &mut [[u8; BLOCK]], tag: u8, parts: &[&[u8]]) -> Option<Digest> {
    let message = blocks.as_flattened_mut();
    *message.first_mut()? = tag;
    let mut end = 1usize;
    for part in parts {
        let from = end;
        end = from.checked_add(part.len())?;
        message.get_mut(from..end)?.copy_from_slice(part);
    }
    *message.get_mut(end)? = 0x80;
    let count = end.checked_add(PADDING)?.div_ceil(BLOCK);
    let bits = u64::try_from(end).ok()?.checked_mul(8)?;
    let used = blocks.get_mut(..count)?;
    *used.last_mut()?.last_chunk_mut()? = bits.to_be_bytes();
    let mut state = BEGIN;
    compress256(&mut state, used);
    let mut digest = [0; Digest::LEN];
    digest.as_chunks_mut().0.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    Some(Digest::new(digest))
}

/// The root of no leaves.
pub fn empty_root() -> Digest {
    Digest::of_content(&[])
}

/// Consecutive leaves, hashed together as far as they are complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    begin: u64,
    end: u64,
    /// The largest complete subtrees in order: level and digest.
    nodes: Vec<(u32, Digest)>,
}

impl Range {
    /// No leaves yet; the next one has the index `begin`.
    pub const fn starting_at(begin: u64) -> Self {
        Self { begin, end: begin, nodes: Vec::new() }
    }

    /// Index of the first leaf.
    pub const fn begin(&self) -> u64 {
        self.begin
    }

    /// Index after the last leaf.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// Appends a leaf.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`] after 2^64 - 1 leaves.
    pub fn push(&mut self, leaf: Digest) -> Result<(), TreeError> {
        self.push_subtree(0, leaf)
    }

    /// Appends the leaves that follow.
    ///
    /// # Errors
    /// [`TreeError::Apart`] when `next` does not begin where this range ends.
    pub fn append(&mut self, next: &Self) -> Result<(), TreeError> {
        if next.begin != self.end {
            return Err(TreeError::Apart);
        }
        next.nodes.iter().try_for_each(|(level, digest)| self.push_subtree(*level, *digest))
    }

    /// A complete subtree whose leaves begin at a multiple of their number.
    fn push_subtree(&mut self, level: u32, digest: Digest) -> Result<(), TreeError> {
        let leaves = 1u64.checked_shl(level).ok_or(TreeError::TooLarge)?;
        self.end = self.end.checked_add(leaves).ok_or(TreeError::TooLarge)?;
        let (mut level, mut digest) = (level, digest);
        // Two neighbours of a level are one of the next, if the left one is a left child.
        while let Some((left_level, left)) = self.nodes.last() {
            let leaves = 1u64.checked_shl(level.saturating_add(1)).unwrap_or(0);
            if *left_level != level || leaves == 0 || !self.end.is_multiple_of(leaves) {
                break;
            }
            digest = node(left, &digest);
            level = level.saturating_add(1);
            self.nodes.pop();
        }
        self.nodes.push((level, digest));
        Ok(())
    }

    /// The root over the leaves, as if they were a tree of their own.
    ///
    /// # Security
    /// The tree head for a range that begins at 0, and the subtree for one that a proof names; of no use for another.
    pub fn root(&self) -> Digest {
        let join = |right: Digest, (_, left): &(u32, Digest)| node(left, &right);
        let mut nodes = self.nodes.iter().rev();
        nodes.next().map_or_else(empty_root, |(_, last)| nodes.fold(*last, join))
    }
}

impl Default for Range {
    fn default() -> Self {
        Self::starting_at(0)
    }
}

/// The root over leaves.
///
/// # Errors
/// None below 2^64 leaves.
pub fn root(leaves: &[Digest]) -> Result<Digest, TreeError> {
    let mut range = Range::default();
    leaves.iter().try_for_each(|leaf| range.push(*leaf))?;
    Ok(range.root())
}

/// Checks that a leaf is in a tree (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`TreeError::NotIncluded`].
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, path: &[Digest], root: &Digest) -> Result<(), TreeError> {
    if inclusion_root(leaf, index, size, path)? == *root { Ok(()) } else { Err(TreeError::NotIncluded) }
}

/// The root that a leaf's path leads to.
///
/// # Security
/// Several sizes and indices lead the same way: the root binds neither.
///
/// # Errors
/// [`TreeError::NotIncluded`] when a path for this index and size has another length.
pub fn inclusion_root(leaf: &Digest, index: u64, size: u64, path: &[Digest]) -> Result<Digest, TreeError> {
    if index >= size || path.len() > MAX_PROOF {
        return Err(TreeError::NotIncluded);
    }
    let mut way = Way { at: index, last: size.saturating_sub(1) };
    let mut hash = *leaf;
    for sibling in path {
        let on_the_left = way.up().ok_or(TreeError::NotIncluded)?;
        hash = if on_the_left { node(sibling, &hash) } else { node(&hash, sibling) };
    }
    if way.last == 0 { Ok(hash) } else { Err(TreeError::NotIncluded) }
}

/// The way from a node to the root: `fn` and `sn` of RFC 9162.
struct Way {
    at: u64,
    last: u64,
}

impl Way {
    /// Goes up to the next node that has two children. Says whether the sibling is the left one; `None` at the root.
    fn up(&mut self) -> Option<bool> {
        if self.last == 0 {
            return None;
        }
        let on_the_left = self.at & 1 == 1 || self.at == self.last;
        while on_the_left && self.at & 1 == 0 && self.at != 0 {
            self.shift();
        }
        self.shift();
        Some(on_the_left)
    }

    const fn shift(&mut self) {
        self.at >>= 1;
        self.last >>= 1;
    }
}

/// Checks that a tree is the beginning of another (RFC 9162, section 2.1.4.2).
///
/// A tree of no leaves is the beginning of every tree; its proof is empty.
///
/// # Errors
/// [`TreeError::NotConsistent`].
pub fn verify_consistency(from: (u64, &Digest), to: (u64, &Digest), proof: &[Digest]) -> Result<(), TreeError> {
    let ((size, root), (to, to_root)) = (from, to);
    let holds = if size == to {
        proof.is_empty() && root == to_root
    } else if size == 0 {
        proof.is_empty() && *root == empty_root()
    } else {
        consistency_root(from, to, proof)? == *to_root
    };
    if holds { Ok(()) } else { Err(TreeError::NotConsistent) }
}

/// The root of `to` leaves to which a proof leads that starts from some of them, at least one and not all.
///
/// # Errors
/// [`TreeError::NotConsistent`] when it does not start from that root, or has another length.
pub fn consistency_root(from: (u64, &Digest), to: u64, proof: &[Digest]) -> Result<Digest, TreeError> {
    let (from, from_root) = from;
    if from == 0 || from >= to || proof.len() > MAX_PROOF {
        return Err(TreeError::NotConsistent);
    }
    let mut path = proof.iter();
    // A complete beginning is a node of the other tree and stands for itself.
    let first = if from.is_power_of_two() { Some(from_root) } else { path.next() };
    let first = first.ok_or(TreeError::NotConsistent)?;
    let mut way = Way { at: from.saturating_sub(1), last: to.saturating_sub(1) };
    while way.at & 1 == 1 {
        way.shift();
    }
    let (mut old, mut new) = (*first, *first);
    for digest in path {
        if way.up().ok_or(TreeError::NotConsistent)? {
            old = node(digest, &old);
            new = node(digest, &new);
        } else {
            new = node(&new, digest);
        }
    }
    if way.last == 0 && old == *from_root { Ok(new) } else { Err(TreeError::NotConsistent) }
}

/// Makes a proof while the leaves pass by, in bounded memory.
///
/// A proof is the roots of some ranges of leaves. They do not overlap, so that one is in the making at a time.
#[derive(Clone, Debug)]
pub struct ProofBuilder {
    /// Bounds of the subtrees, in the order of the leaves, each with its place in the proof.
    wanted: Vec<(u64, u64, usize)>,
    /// Finished digests by their place.
    done: Vec<(usize, Digest)>,
    current: Range,
    size: u64,
}

impl ProofBuilder {
    /// Proof that the leaf at `index` is in the tree of `size` leaves; `None` when it is not in it.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let mut wanted = Vec::new();
        let (mut begin, mut end) = (0, size);
        while let Some(split) = split(begin, end) {
            if index < split {
                wanted.push((split, end));
                end = split;
            } else {
                wanted.push((begin, split));
                begin = split;
            }
        }
        Some(Self::of(wanted, size))
    }

    /// Proof that the tree of `from` leaves is the beginning of the tree of `to`; `None` when it has more.
    pub fn consistency(from: u64, to: u64) -> Option<Self> {
        if from > to {
            return None;
        }
        let mut wanted = Vec::new();
        if from > 0 && from < to {
            let (mut begin, mut end) = (0, to);
            while from != end {
                let split = split(begin, end)?;
                if from <= split {
                    wanted.push((split, end));
                    end = split;
                } else {
                    wanted.push((begin, split));
                    begin = split;
                }
            }
            // The old tree's last subtree; when it is the old tree itself, the verifier has its root.
            if begin > 0 {
                wanted.push((begin, end));
            }
        }
        Some(Self::of(wanted, to))
    }

    /// `wanted` is from the root down; proofs are written from the leaf up.
    fn of(wanted: Vec<(u64, u64)>, size: u64) -> Self {
        let mut wanted: Vec<_> =
            wanted.into_iter().rev().enumerate().map(|(i, (begin, end))| (begin, end, i)).collect();
        wanted.sort_unstable();
        wanted.reverse();
        let current = Range::starting_at(0);
        Self { wanted, done: Vec::new(), current, size }
    }

    /// Takes the next leaf of the tree; leaves beyond its size are passed over.
    ///
    /// # Errors
    /// [`TreeError::TooLarge`] after 2^64 - 1 leaves.
    pub fn push(&mut self, leaf: Digest) -> Result<(), TreeError> {
        let index = self.current.end();
        if index >= self.size {
            return Ok(());
        }
        match self.wanted.last() {
            Some((begin, end, place)) if *begin <= index => {
                if *begin == index {
                    self.current = Range::starting_at(index);
                }
                self.current.push(leaf)?;
                if self.current.end() == *end {
                    self.done.push((*place, self.current.root()));
                    self.wanted.pop();
                }
            }
            _ => self.current = Range::starting_at(index.saturating_add(1)),
        }
        Ok(())
    }

    /// The proof; `None` when leaves are missing.
    pub fn finish(mut self) -> Option<Vec<Digest>> {
        self.done.sort_unstable_by_key(|(place, _)| *place);
        (self.wanted.is_empty()).then(|| self.done.into_iter().map(|(_, digest)| digest).collect())
    }
}

/// Where a subtree of more than one leaf is split: after the largest power of two below its size.
fn split(begin: u64, end: u64) -> Option<u64> {
    let last = end.checked_sub(begin)?.checked_sub(1).filter(|last| *last > 0)?;
    begin.checked_add(1u64.checked_shl(last.ilog2())?)
}

/// Refusal of a tree or a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TreeError {
    /// More leaves than can be counted.
    TooLarge,
    /// Two ranges that are no neighbours.
    Apart,
    /// The path does not lead from the leaf to the root.
    NotIncluded,
    /// The proof does not lead from one root to the other.
    NotConsistent,
}

impl TreeError {
    /// The reason code.
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::TooLarge => ReasonCode::LimitExceeded,
            Self::Apart | Self::NotIncluded | Self::NotConsistent => ReasonCode::MerkleProofInvalid,
        }
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the tree has too many leaves",
            Self::Apart => "the ranges of leaves are no neighbours",
            Self::NotIncluded => "the path does not lead from the entry to the root",
            Self::NotConsistent => "the proof does not lead from one root to the other",
        })
    }
}

impl core::error::Error for TreeError {}
