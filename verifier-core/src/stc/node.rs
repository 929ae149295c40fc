//! Hashes of the tree: leaf, node, and a whole level at once.
//!
//! One buffer per level holds tag and children, so that a node costs its SHA-256 blocks and one copy of its children.

use sha2::{Digest as _, Sha256};

use super::Arity;
use crate::{Digest, Tag};

/// Digest of a row.
///
/// # Shape
/// Any number of bytes, the empty row included.
pub fn leaf(row: &[u8]) -> Digest {
    Tag::STC_ROW.digest(&[row])
}

/// Digest of an inner node.
///
/// # Shape
/// 1 to arity children; a tree asks for no other number.
pub fn node(children: &[Digest]) -> Digest {
    let mut hasher = Tag::STC_NODE.hasher();
    for child in children {
        hasher.update(child);
    }
    Digest::new(hasher.finalize().into())
}

/// Hashes the groups of one level into the level above: `parents[i]` becomes the node of the i-th group of `children`.
///
/// # Shape
/// `parents` has one place per group; places or groups without a partner are left alone.
pub fn hash_level(arity: Arity, children: &[Digest], parents: &mut [Digest]) {
    let mut hasher = NodeHasher::new();
    for (parent, group) in parents.iter_mut().zip(children.chunks(arity.children())) {
        *parent = hasher.hash(group);
    }
}

const TAG_LEN: usize = Tag::STC_NODE.text().len() + 1;

/// Tag, zero byte, and room for the children of the largest arity.
pub(super) struct NodeHasher([u8; TAG_LEN + Arity::MAX as usize * Digest::LEN]);

impl NodeHasher {
    pub(super) fn new() -> Self {
        let mut buffer = [0; TAG_LEN + Arity::MAX as usize * Digest::LEN];
        for (byte, text) in buffer.iter_mut().zip(Tag::STC_NODE.text().bytes()) {
            *byte = text;
        }
        Self(buffer)
    }

    /// Digest of a group of at most [`Arity::MAX`] children.
    pub(super) fn hash(&mut self, children: &[Digest]) -> Digest {
        let len = TAG_LEN.saturating_add(children.len().saturating_mul(Digest::LEN));
        let Some(places) = self.0.get_mut(TAG_LEN..len) else {
            return node(children);
        };
        for (place, child) in places.as_chunks_mut().0.iter_mut().zip(children) {
            *place = *child.as_bytes();
        }
        Digest::new(Sha256::digest(self.0.get(..len).unwrap_or_default()).into())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_buffer_hashes_what_the_tag_hashes() {
        let children: Vec<Digest> = (0..=255).map(|i| leaf(&[i])).collect();
        let mut hasher = NodeHasher::new();
        for count in [64, 1, 2, 63, 16, 65, 256] {
            let group = &children[..count];
            let parts: Vec<&[u8]> = group.iter().map(AsRef::as_ref).collect();
            assert_eq!(hasher.hash(group), Tag::STC_NODE.digest(&parts));
            assert_eq!(node(group), Tag::STC_NODE.digest(&parts));
        }
    }
}
