//! Registries: keys, and what each of them is trusted for.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use serde::{Serialize, Serializer};

use crate::{
    cbor::{CborError, Item, Value, record},
    digest::{Digest, Tag},
    event_log,
    reason::ReasonCode,
    signature::{PublicKey, Purpose},
};

/// The schema of this version's registries.
pub const REGISTRY_SCHEMA: &str = "capseal/registry/v1";

/// The one algorithm: ECDSA over secp256k1 with SHA-256.
pub const ALGORITHM: &str = "ES256K";

/// Whether a key may still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStatus {
    /// It may.
    Active,
    /// It may not, whatever its validity says.
    Revoked,
}

impl KeyStatus {
    /// The status's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Finds a status by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Revoked].into_iter().find(|status| status.name() == name)
    }
}

impl Item for KeyStatus {
    fn to_value(&self) -> Value {
        Value::Text(self.name().into())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        Self::from_name(&String::from_value(value)?).ok_or(CborError::WrongType { expected: "active or revoked" })
    }
}

impl Serialize for KeyStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

record! {
    /// A key of a registry.
    pub struct Key {
        /// What people call it.
        pub name: String,
        /// [`ALGORITHM`].
        pub algorithm: String,
        /// The key.
        pub key: PublicKey,
        /// What it may sign, in the order of [`Purpose::ALL`].
        pub purposes: Vec<Purpose>,
        /// First moment at which it is valid; milliseconds since the Unix epoch.
        pub valid_from: u64,
        /// First moment at which it is not valid any more.
        pub valid_until: u64,
        /// Whether it may still be used.
        pub status: KeyStatus,
    }
}

impl Key {
    /// Whether the key may sign for a purpose at a moment.
    ///
    /// # Errors
    /// Why it may not.
    pub fn judge(&self, purpose: Purpose, at: u64) -> Result<(), Unfit> {
        if self.status == KeyStatus::Revoked {
            return Err(Unfit::Revoked);
        }
        if !(self.valid_from..self.valid_until).contains(&at) {
            return Err(Unfit::NotValidThen);
        }
        if self.purposes.contains(&purpose) { Ok(()) } else { Err(Unfit::WrongPurpose) }
    }
}

record! {
    /// A registry: keys in ascending order, none twice.
    pub struct Registry {
        /// [`REGISTRY_SCHEMA`].
        pub schema: String,
        /// The keys.
        pub keys: Vec<Key>,
    }
}

impl Registry {
    /// What a verifier pins.
    pub fn root(&self) -> Digest {
        Tag::REGISTRY.digest(&[&self.encode()])
    }

    /// A key, if it is listed.
    pub fn find(&self, key: &PublicKey) -> Option<&Key> {
        let at = self.keys.binary_search_by_key(key, |listed| listed.key).ok()?;
        self.keys.get(at)
    }
}

/// Why a key may not sign, the furthest from fitting first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The registry does not list it.
    Unknown,
    /// It was revoked.
    Revoked,
    /// It was not valid at the verifier's time.
    NotValidThen,
    /// It is for other purposes.
    WrongPurpose,
    /// It may sign, but not under this policy.
    NotListed,
}

impl Unfit {
    /// The reason code.
    pub const fn code(self, purpose: Purpose) -> ReasonCode {
        match (self, purpose) {
            (_, Purpose::Attestation | Purpose::Relay) => ReasonCode::DaChallengeUntrusted,
            (Self::Unknown | Self::NotListed, Purpose::Authorship) => ReasonCode::SignerNotAuthorized,
            (Self::Unknown | Self::NotListed, Purpose::Manifests) => ReasonCode::ManifestSignerUntrusted,
            (Self::Revoked, _) => ReasonCode::SignerRevoked,
            (Self::NotValidThen, _) => ReasonCode::SignerNotValid,
            (Self::WrongPurpose, _) => ReasonCode::SignerPurposeWrong,
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "is not in the registry",
            Self::Revoked => "was revoked",
            Self::NotValidThen => "is not valid at the time of this verification",
            Self::WrongPurpose => "is not for this purpose",
            Self::NotListed => "may not seal under this policy",
        })
    }
}

/// Milliseconds since the Unix epoch of `2026-01-31T12:34:56Z`.
pub fn moment(text: &str) -> Option<u64> {
    event_log::millis(&format!("{}.000Z", text.strip_suffix('Z')?))
}
