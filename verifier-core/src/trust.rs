//! Trust (spec: `docs/spec/trust.md`): whom a verifier trusts for what, as the verifier's own file says.
//!
//! A registry lists keys with their purposes, validity and status; its root, a hash of its canonical form, is what a verifier
//! pins. A registry that is not pinned, or does not match its pin, is never used. For each policy the file lists who may seal
//! under it, and which documents it is. Nothing is trusted that is not listed, and the moment at which validity is judged
//! comes from the caller.

mod file;
mod registry;
mod table;

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::Serialize;

pub use file::{SCHEMA, TrustError};
pub use registry::{ALGORITHM, Key, KeyStatus, REGISTRY_SCHEMA, Registry, Unfit, moment};

use crate::{
    digest::Digest,
    reason::ReasonCode,
    signature::{PublicKey, Purpose},
};

/// What a verifier trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// The registry as the file lists it. Judge by [`Trust::registry`], which asks for the pin.
    pub listed: Option<Registry>,
    /// The root of the registry that the verifier pinned.
    pub pin: Option<Digest>,
    /// What is said about policies, each once.
    pub policies: Vec<PolicyTrust>,
    /// The root of a registry of policies that the verifier pinned.
    pub policy_root: Option<Digest>,
}

/// What a verifier says about one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyTrust {
    /// The policy's name.
    pub id: String,
    /// Identities of the keys that may seal under it.
    pub signers: Vec<Digest>,
    /// Hashes of the documents that are this policy; when there are none, another pin has to say so.
    pub hashes: Vec<Digest>,
}

impl Trust {
    /// Reads a trust file.
    ///
    /// # Errors
    /// What is wrong with the text, by its place.
    pub fn from_toml(text: &str) -> Result<Self, TrustError> {
        file::read(text)
    }

    /// The registry, if the verifier pinned this very one.
    ///
    /// # Errors
    /// [`RegistryError`] when there is none, no pin, or another one was pinned.
    pub fn registry(&self) -> Result<&Registry, RegistryError> {
        let registry = self.listed.as_ref().ok_or(RegistryError::Missing)?;
        let pinned = self.pin.ok_or(RegistryError::NotPinned)?;
        let found = registry.root();
        if found == pinned { Ok(registry) } else { Err(RegistryError::PinMismatch { pinned, found }) }
    }

    /// What is said about a policy.
    pub fn policy(&self, id: &str) -> Option<&PolicyTrust> {
        self.policies.iter().find(|policy| policy.id == id)
    }
}

/// Why there is no registry to judge by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The trust file has none.
    Missing,
    /// The trust file pins none.
    NotPinned,
    /// It is not the one that was pinned.
    PinMismatch {
        /// The pin.
        pinned: Digest,
        /// The root of the registry at hand.
        found: Digest,
    },
}

impl RegistryError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Missing => ReasonCode::VerificationProfileUnsatisfied,
            Self::NotPinned | Self::PinMismatch { .. } => ReasonCode::ManifestRegistryMismatch,
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the trust file has no registry of signers"),
            Self::NotPinned => f.write_str("the trust file pins no registry: nothing is trusted by default"),
            Self::PinMismatch { pinned, found } => {
                write!(f, "the registry has the root {found}, and {pinned} was pinned")
            }
        }
    }
}

impl core::error::Error for RegistryError {}

/// A key that signed, and may do so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// Identity of the key.
    pub key_id: Digest,
    /// What the verifier's trust file calls it.
    pub name: String,
    /// What it signed.
    pub purpose: Purpose,
}

/// Signers by name.
pub fn names(signers: &[Signer]) -> String {
    let names: Vec<&str> = signers.iter().map(|signer| signer.name.as_str()).collect();
    names.join(", ")
}

/// Judges whether a key may sign for a purpose at a moment.
///
/// # Errors
/// Why it may not.
pub fn judge<'a>(registry: &'a Registry, key: &PublicKey, purpose: Purpose, at: u64) -> Result<&'a Key, Unfit> {
    let listed = registry.find(key).ok_or(Unfit::Unknown)?;
    listed.judge(purpose, at)?;
    Ok(listed)
}

#[cfg(test)]
mod tests;
