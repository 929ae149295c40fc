//! Registries of policies: a tree over the hashes of documents, and the proof that a document is one of them.

use alloc::vec::Vec;

use serde::Serialize;

use crate::{
    digest::Digest,
    document::{DocumentError, Fields, Place},
    stc::{self, Arity, OpeningError, Path, Root, Tree},
};

/// The schema of this version's proofs of inclusion.
pub const INCLUSION_SCHEMA: &str = "capseal/policy-inclusion/v1";

/// Shows that a policy is in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inclusion {
    /// [`INCLUSION_SCHEMA`].
    pub schema: &'static str,
    /// Policies of the registry.
    pub rows: u64,
    /// Place of this one.
    pub index: u64,
    /// The digests that lead to the root ([`stc`]).
    pub path: Vec<Digest>,
}

impl Inclusion {
    /// Reads what [`Serialize`] writes.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn from_json(json: &str) -> Result<Self, DocumentError> {
        Self::read(Place::read(json.as_bytes())?)
    }

    pub(crate) fn read(place: Place) -> Result<Self, DocumentError> {
        let mut fields = Fields::open(place)?;
        let schema = |text: &str| (text == INCLUSION_SCHEMA).then_some(INCLUSION_SCHEMA);
        let inclusion = Self {
            schema: fields.required("schema")?.parsed("the text capseal/policy-inclusion/v1", schema)?,
            rows: fields.required("rows")?.number()?,
            index: fields.required("index")?.number()?,
            path: fields.required("path")?.list(Place::digest)?,
        };
        fields.finish()?;
        Ok(inclusion)
    }

    /// Opens a registry at a document.
    pub fn prove(tree: &Tree, hashes: &[Digest], policy_hash: &Digest) -> Option<Self> {
        let index = u64::try_from(hashes.iter().position(|hash| hash == policy_hash)?).ok()?;
        let rows = u64::try_from(hashes.len()).ok()?;
        let path = tree.open(index).ok()?.into_digests();
        Some(Self { schema: INCLUSION_SCHEMA, rows, index, path })
    }

    /// Checks that a document is in the registry of this root.
    ///
    /// # Errors
    /// When the proof does not lead there.
    pub fn verify(&self, root: Digest, policy_hash: &Digest) -> Result<(), OpeningError> {
        let leaf = stc::leaf(policy_hash.as_bytes());
        stc::verify(&Root::new(root), Arity::BINARY, self.rows, self.index, leaf, &Path::new(self.path.clone()))
    }
}

/// The tree of a registry: the hashes of its documents in ascending order, one a row. Sorts, and drops repetitions.
pub fn registry_tree(hashes: &mut Vec<Digest>) -> Tree {
    hashes.sort_unstable();
    hashes.dedup();
    Tree::build(Arity::BINARY, hashes.iter().map(|hash| stc::leaf(hash.as_bytes())).collect())
}
