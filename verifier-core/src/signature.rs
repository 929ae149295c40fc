//! Signatures (spec: `docs/spec/signatures.md`): ECDSA over secp256k1 with SHA-256, inside COSE_Sign1.
//!
//! A signature entry has one spelling: tag-free COSE_Sign1, protected header `{1: -47, 4: key}` and nothing else, no
//! unprotected header, no payload, 64 bytes of r and s with the lower s. What is signed is one digest; the purpose goes in as
//! external data, so that a signature made for one purpose never serves another. It shows that whoever holds the key signed;
//! who that is, and whether to trust them, is the business of [`trust`](crate::trust).

mod payload;

use alloc::{string::String, vec::Vec};
use core::fmt;

use k256::ecdsa::{Signature as Ecdsa, VerifyingKey, signature::Verifier};
use serde::{Serialize, Serializer};

use crate::{
    cbor::{CborError, Item, Value},
    digest::{Context, Digest, Tag},
};

pub use payload::{SignedPayload, payload_to_be_signed};

/// What a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Rows of an archive were available when the signer asked for them.
    Attestation,
    /// The capsule is the signer's.
    Authorship,
    /// The environment manifests are what the signer saw.
    Manifests,
    /// The signer is a relay: what it says about a commit.
    Relay,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: &'static [Self] = &[Self::Attestation, Self::Authorship, Self::Manifests, Self::Relay];

    /// The purposes of signatures in receipts; the others are of messages.
    pub const OF_RECEIPTS: &'static [Self] = &[Self::Authorship, Self::Manifests];

    /// The purpose's name, in entry names and trust files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attestation => "attestation",
            Self::Authorship => "authorship",
            Self::Manifests => "manifests",
            Self::Relay => "relay",
        }
    }

    /// Finds a purpose by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.name() == name)
    }

    /// The context that the signature covers as external data.
    pub const fn context(self) -> Context {
        match self {
            Self::Attestation => Context::ATTESTATION,
            Self::Authorship => Context::AUTHORSHIP,
            Self::Manifests => Context::MANIFESTS,
            Self::Relay => Context::RELAY,
        }
    }

    /// What is signed in a receipt: the capsule's identity, or the anchor of its manifests. None for the purposes of messages.
    pub fn subject(self, capsule_hash: &Digest, manifest_hash: &Digest) -> Option<Digest> {
        match self {
            Self::Authorship => Some(*capsule_hash),
            Self::Manifests => Some(Tag::MANIFEST_ANCHOR.digest(&[capsule_hash.as_bytes(), manifest_hash.as_bytes()])),
            Self::Attestation | Self::Relay => None,
        }
    }
}

impl Item for Purpose {
    fn to_value(&self) -> Value {
        Value::Text(self.name().into())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        Self::from_name(&String::from_value(value)?).ok_or(CborError::WrongType { expected: "a purpose" })
    }
}

impl Serialize for Purpose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A public key of secp256k1.
///
/// # Shape
/// 33 bytes: a point in compressed SEC1 form. Whether it is on the curve is found out when a signature is checked, or by
/// [`PublicKey::is_on_curve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; Self::LEN]);

impl PublicKey {
    /// Length in bytes.
    pub const LEN: usize = 33;

    /// Wraps 33 bytes.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 33 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Reads 66 lower-case hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let (first, rest) = text.split_at_checked(2)?;
        let parity = match first {
            "02" => 2,
            "03" => 3,
            _ => return None,
        };
        let mut bytes = [parity; Self::LEN];
        bytes.get_mut(1..)?.copy_from_slice(Digest::from_hex(rest)?.as_bytes());
        Some(Self(bytes))
    }

    /// The key's identity: a digest, so that no two keys share a name.
    pub fn id(&self) -> Digest {
        Tag::KEY.digest(&[&self.0])
    }

    /// Whether the bytes are a point of the curve.
    pub fn is_on_curve(&self) -> bool {
        VerifyingKey::from_sec1_bytes(&self.0).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Item for PublicKey {
    fn to_value(&self) -> Value {
        Value::Bytes(self.0.to_vec())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        let wrong = CborError::WrongType { expected: "a key of 33 bytes" };
        let Value::Bytes(bytes) = value else { return Err(wrong) };
        bytes.try_into().map(Self).map_err(|_| wrong)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A signature, read from an entry or about to become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who signed.
    pub key: PublicKey,
    /// r and s, 32 bytes each, big-endian.
    bytes: [u8; SIGNATURE_LEN],
}

impl Signature {
    /// Joins a key and what it made of [`to_be_signed`].
    pub const fn new(key: PublicKey, bytes: [u8; SIGNATURE_LEN]) -> Self {
        Self { key, bytes }
    }

    /// Reads an entry in its one spelling.
    ///
    /// # Errors
    /// [`SignatureError`] for any other bytes.
    pub fn read(cose: &[u8]) -> Result<Self, SignatureError> {
        // Every signature has this length: nothing larger reaches the parser.
        if cose.len() != COSE_LEN {
            return Err(SignatureError);
        }
        let key = cose.get(KEY_AT..).and_then(<[u8]>::first_chunk).ok_or(SignatureError)?;
        let bytes = cose.last_chunk().ok_or(SignatureError)?;
        let signature = Self::new(PublicKey::new(*key), *bytes);
        // Writing it again settles algorithm, further headers, payload and every spelling at once.
        if signature.to_cose()? == cose { Ok(signature) } else { Err(SignatureError) }
    }

    /// The entry's bytes.
    ///
    /// # Errors
    /// None in practice: the structure holds nothing that CBOR cannot write.
    pub fn to_cose(&self) -> Result<Vec<u8>, SignatureError> {
        Ok([&SIGN1, protected(&self.key).as_slice(), &DETACHED, &self.bytes].concat())
    }

    /// Whether the key signed this digest for this purpose.
    ///
    /// # Errors
    /// [`SignatureError`], whatever the cause: key, range of r and s, the higher s, or the equation.
    pub fn verify(&self, purpose: Purpose, subject: &Digest) -> Result<(), SignatureError> {
        ecdsa(&self.key, &to_be_signed(&self.key, purpose, subject), &self.bytes)
    }
}

/// The strict form of ECDSA: one signature for each message and nonce.
fn ecdsa(key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let key = VerifyingKey::from_sec1_bytes(key.as_bytes()).map_err(|_| SignatureError)?;
    let signature = Ecdsa::from_slice(signature).map_err(|_| SignatureError)?;
    if signature.normalize_s() != signature {
        return Err(SignatureError);
    }
    key.verify(message, &signature).map_err(|_| SignatureError)
}

/// The bytes that ECDSA signs: the Sig_structure of RFC 9052 section 4.4, with the purpose's context as external data and
/// the digest as the detached payload.
pub fn to_be_signed(key: &PublicKey, purpose: Purpose, subject: &Digest) -> Vec<u8> {
    sig_structure(key, purpose.context(), subject.as_bytes())
}

/// The Sig_structure: context as external data, detached payload.
fn sig_structure(key: &PublicKey, context: Context, payload: &[u8]) -> Vec<u8> {
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.into());
    let context = bytes(context.text().as_bytes());
    Value::Array([Value::Text("Signature1".into()), bytes(&protected(key)), context, bytes(payload)].into()).encode()
}

/// The protected header: the algorithm and the key.
fn protected(key: &PublicKey) -> Vec<u8> {
    [&PROTECTED, key.as_bytes().as_slice()].concat()
}

/// Array of four, and the head of 40 bytes: the protected header.
const SIGN1: [u8; 3] = [0x84, 0x58, 0x28];

/// `{1: -47, 4: …}`, up to the key's 33 bytes.
const PROTECTED: [u8; 7] = [0xa2, 0x01, 0x38, 0x2e, 0x04, 0x58, 0x21];

/// No unprotected header, no payload, and the head of the signature's 64 bytes.
const DETACHED: [u8; 4] = [NO_HEADER, 0xf6, SIGNATURE_HEAD[0], SIGNATURE_HEAD[1]];

/// The empty map.
const NO_HEADER: u8 = 0xa0;

/// The head of 64 bytes.
const SIGNATURE_HEAD: [u8; 2] = [0x58, 0x40];

/// Where the key stands.
const KEY_AT: usize = SIGN1.len() + PROTECTED.len();

/// Length of r and s together.
///
/// # Units
/// Bytes.
pub const SIGNATURE_LEN: usize = 64;

/// Length of an entry: array head, protected header of 40 bytes with its head, empty map, null, signature with its head.
const COSE_LEN: usize = 1 + 2 + 40 + 1 + 1 + 2 + SIGNATURE_LEN;

/// A signature that does not hold, or does not have its one spelling. It does not say which, so that nobody learns by trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureError;

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not hold")
    }
}

impl core::error::Error for SignatureError {}

#[cfg(test)]
mod tests;
