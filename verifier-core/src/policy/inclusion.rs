//! Registries of policies: a tree over the hashes of documents, and the proof that a document is one of them.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use crate::{
    digest::Digest,
    stc::{self, Arity, OpeningError, Path, Root, Tree},
};

/// The schema of this version's proofs of inclusion.
pub const INCLUSION_SCHEMA: &str = "capseal/policy-inclusion/v1";

/// Shows that a policy is in a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// [`INCLUSION_SCHEMA`].
    #[serde(deserialize_with = "schema")]
    pub schema: String,
    /// Policies of the registry.
    pub rows: u64,
    /// Place of this one.
    pub index: u64,
    /// The digests that lead to the root ([`stc`]).
    #[serde(deserialize_with = "digests")]
    pub path: Vec<Digest>,
}

impl Inclusion {
    /// Opens a registry at a document.
    pub fn prove(tree: &Tree, hashes: &[Digest], policy_hash: &Digest) -> Option<Self> {
        let index = u64::try_from(hashes.iter().position(|hash| hash == policy_hash)?).ok()?;
        let rows = u64::try_from(hashes.len()).ok()?;
        let path = tree.open(index).ok()?.into_digests();
        Some(Self { schema: INCLUSION_SCHEMA.into(), rows, index, path })
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

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == INCLUSION_SCHEMA {
        Ok(text)
    } else {
        Err(D::Error::custom("the schema is not capseal/policy-inclusion/v1"))
    }
}

fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Digest>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let digests = texts.iter().map(|text| Digest::from_hex(text)).collect::<Option<_>>();
    digests.ok_or_else(|| D::Error::custom("a digest is not 64 lower-case hexadecimal digits"))
}
