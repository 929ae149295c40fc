//! STC as the proof system's vector commitment (spec: `docs/spec/proof.md`, "Vector commitment").
//!
//! Trace, constraint and low-degree layers are all committed to by the binary STC tree; the commitment is its root, which
//! binds the number of rows. An opening is one byte, the depth, and then nothing but the missing siblings, so that a list
//! of indices has one opening. Indices come in any order (the low-degree test does not sort them).
//!
//! The prover differs only in how it spreads a level over threads: that is the type parameter.

use alloc::vec::Vec;
use core::marker::PhantomData;

use winter_crypto::VectorCommitment;
use winter_utils::{ByteReader, ByteWriter, Deserializable, DeserializationError, Serializable};

use super::hasher::TaggedSha256;
use crate::Digest;
use crate::stc::{self, Arity, MultiOpening, OpeningError, Path, Root, Tree};

/// Arity of the proof's trees: of all arities, two has the fewest siblings.
pub const ARITY: Arity = Arity::BINARY;

/// How one level of a tree is hashed into the next.
pub trait LevelHasher {
    /// Fills `parents` with the nodes over `children`, as [`stc::hash_level`] does.
    fn hash_level(arity: Arity, children: &[Digest], parents: &mut [Digest]);
}

/// One node after the other.
#[derive(Clone, Copy, Debug)]
pub struct InOrder;

impl LevelHasher for InOrder {
    fn hash_level(arity: Arity, children: &[Digest], parents: &mut [Digest]) {
        stc::hash_level(arity, children, parents);
    }
}

/// A committed vector: the tree with all its levels.
#[derive(Clone, Debug)]
pub struct StcVector<L = InOrder> {
    tree: Tree,
    level_hasher: PhantomData<L>,
}

/// Siblings of one or more leaves, with the depth of the tree that they belong to.
///
/// # Shape
/// As bytes: the depth, then 32 bytes for each sibling up to the end of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    depth: u8,
    siblings: Vec<Digest>,
}

impl Opening {
    /// Greatest depth of a tree: domains have at most 2^31 rows on every platform.
    pub const MAX_DEPTH: u8 = 31;

    const fn rows(&self) -> usize {
        1 << self.depth
    }
}

impl<L: LevelHasher> StcVector<L> {
    fn opening(&self, siblings: Vec<Digest>) -> Result<Opening, VectorError> {
        Ok(Opening { depth: depth_of(self.domain_len())?, siblings })
    }
}

/// Why a vector could not be committed to, or an opening not be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VectorError {
    /// The vector's length is not a power of two from 2 to 2^31.
    Length {
        /// Items of the vector.
        items: usize,
    },
    /// Items and indices are not equally many.
    Count {
        /// Indices asked for.
        indices: usize,
        /// Items given.
        items: usize,
    },
    /// The tree refuses.
    Tree(OpeningError),
}

impl From<OpeningError> for VectorError {
    fn from(error: OpeningError) -> Self {
        Self::Tree(error)
    }
}

impl<L: LevelHasher> VectorCommitment<TaggedSha256> for StcVector<L> {
    type Options = ();
    type Proof = Opening;
    type MultiProof = Opening;
    type Error = VectorError;

    fn with_options(items: Vec<Digest>, (): ()) -> Result<Self, VectorError> {
        depth_of(items.len())?;
        Ok(Self { tree: Tree::build_by(ARITY, items, L::hash_level), level_hasher: PhantomData })
    }

    fn commitment(&self) -> Digest {
        *self.tree.root().digest()
    }

    fn domain_len(&self) -> usize {
        usize::try_from(self.tree.rows()).unwrap_or(usize::MAX)
    }

    fn get_proof_domain_len(proof: &Opening) -> usize {
        proof.rows()
    }

    fn get_multiproof_domain_len(proof: &Opening) -> usize {
        proof.rows()
    }

    fn open(&self, index: usize) -> Result<(Digest, Opening), VectorError> {
        let siblings = self.tree.open(index as u64)?.into_digests();
        Ok((self.leaf(index)?, self.opening(siblings)?))
    }

    fn open_many(&self, indexes: &[usize]) -> Result<(Vec<Digest>, Opening), VectorError> {
        let indices: Vec<u64> = indexes.iter().map(|index| *index as u64).collect();
        let siblings = self.tree.open_many(&indices)?.into_digests();
        let leaves = indexes.iter().map(|index| self.leaf(*index)).collect::<Result<_, _>>()?;
        Ok((leaves, self.opening(siblings)?))
    }

    fn verify(commitment: Digest, index: usize, item: Digest, proof: &Opening) -> Result<(), VectorError> {
        let path = Path::new(proof.siblings.clone());
        Ok(stc::verify(&Root::new(commitment), ARITY, proof.rows() as u64, index as u64, item, &path)?)
    }

    fn verify_many(
        commitment: Digest,
        indexes: &[usize],
        items: &[Digest],
        proof: &Opening,
    ) -> Result<(), VectorError> {
        if indexes.len() != items.len() {
            return Err(VectorError::Count { indices: indexes.len(), items: items.len() });
        }
        let items: Vec<(u64, Digest)> = indexes.iter().map(|index| *index as u64).zip(items.iter().copied()).collect();
        let opening = MultiOpening::new(proof.siblings.clone());
        Ok(stc::verify_many(&Root::new(commitment), ARITY, proof.rows() as u64, &items, &opening)?)
    }
}

impl<L: LevelHasher> StcVector<L> {
    fn leaf(&self, index: usize) -> Result<Digest, VectorError> {
        let out_of_range = OpeningError::IndexOutOfRange { index: index as u64, rows: self.tree.rows() };
        self.tree.leaf(index as u64).copied().ok_or(VectorError::Tree(out_of_range))
    }
}

fn depth_of(items: usize) -> Result<u8, VectorError> {
    let depth = items.checked_ilog2().and_then(|depth| u8::try_from(depth).ok());
    match depth {
        Some(depth @ 1..=Opening::MAX_DEPTH) if items.is_power_of_two() => Ok(depth),
        _ => Err(VectorError::Length { items }),
    }
}

impl Serializable for Opening {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        target.write_u8(self.depth);
        for sibling in &self.siblings {
            sibling.write_into(target);
        }
    }

    fn get_size_hint(&self) -> usize {
        self.siblings.len().saturating_mul(Digest::LEN).saturating_add(1)
    }
}

impl Deserializable for Opening {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        let depth = source.read_u8()?;
        if depth == 0 || depth > Self::MAX_DEPTH {
            return Err(DeserializationError::InvalidValue("a tree's depth is 1 to 31".into()));
        }
        let mut siblings = Vec::new();
        while source.has_more_bytes() {
            siblings.push(Digest::read_from(source)?);
        }
        Ok(Self { depth, siblings })
    }
}
