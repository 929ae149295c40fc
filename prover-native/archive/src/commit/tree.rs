//! A whole tree on many threads: the same structure as [`Tree::build`].

use rayon::prelude::*;
use verifier_core::Digest;
use verifier_core::stc::{Arity, Tree, hash_level};

/// Parents that one task hashes: some 100 microseconds, well above what handing a task over costs.
const PARENTS_PER_TASK: usize = 1024;

/// Builds the tree over `leaves`.
pub fn build_tree(arity: Arity, leaves: Vec<Digest>) -> Tree {
    Tree::build_by(arity, leaves, |arity, children, parents| {
        let children = children.par_chunks(PARENTS_PER_TASK * usize::from(arity.get()));
        let parents = parents.par_chunks_mut(PARENTS_PER_TASK);
        parents.zip(children).for_each(|(parents, children)| hash_level(arity, children, parents));
    })
}
