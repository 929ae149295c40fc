//! Secret keys: made, read, kept in files that only their owner can open, and used to sign.
//!
//! A key file is PKCS#8, encrypted under a passphrase (PBES2 with scrypt and AES-256-CBC), in PEM, with mode 0600. A secret key
//! has no text form but the encrypted one, is wiped when it is dropped, and never shows up in a debug print.

mod store;

use std::fmt;

use k256::{
    ecdsa::{Signature as Ecdsa, SigningKey, signature::Signer},
    elliptic_curve::Generate,
    pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding},
};
use verifier_core::{
    Digest,
    digest::Context,
    relay::Message,
    signature::{
        PublicKey, Purpose, SIGNATURE_LEN, Signature, SignatureError, SignedPayload, payload_to_be_signed, to_be_signed,
    },
};
use zeroize::Zeroizing;

pub use store::{KeyStore, StoreKeyError};

/// A passphrase, wiped when it is dropped.
pub type Passphrase = Zeroizing<String>;

/// A secret key of secp256k1.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new key, from the operating system's randomness.
    pub fn generate() -> Self {
        Self(SigningKey::generate())
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// # Errors
    /// When they are not the number of a key.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let scalar = Digest::from_hex(&text.to_ascii_lowercase()).ok_or(KeyError::Malformed)?;
        SigningKey::from_slice(scalar.as_bytes()).map(Self).map_err(|_| KeyError::Malformed)
    }

    /// Reads PKCS#8 in PEM that is not encrypted.
    ///
    /// # Errors
    /// When it is not such a key of this curve.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        SigningKey::from_pkcs8_pem(pem).map(Self).map_err(|_| KeyError::Malformed)
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// When it is not one, or the passphrase is another.
    pub fn from_encrypted_pem(pem: &str, passphrase: &Passphrase) -> Result<Self, KeyError> {
        if !is_encrypted(pem) {
            return Err(KeyError::Malformed);
        }
        let key = SigningKey::from_pkcs8_encrypted_pem(pem, passphrase.as_bytes());
        key.map(Self).map_err(|_| KeyError::Passphrase)
    }

    /// The key file's text.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn to_encrypted_pem(&self, passphrase: &Passphrase) -> Result<Zeroizing<String>, KeyError> {
        let pem = self.0.to_pkcs8_encrypted_pem(passphrase.as_bytes(), LineEnding::LF);
        pem.map_err(|_| KeyError::Randomness)
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        public(&self.0.verifying_key().to_sec1_point(true))
    }

    /// Signs one digest for one purpose. The nonce follows from key and message (RFC 6979); s is the lower one.
    pub fn sign(&self, purpose: Purpose, subject: &Digest) -> Signature {
        let key = self.public();
        Signature::new(key, self.ecdsa(&to_be_signed(&key, purpose, subject)))
    }

    /// Signs what a relay or an auditor says; the same message has the same bytes each time.
    ///
    /// # Errors
    /// None in practice.
    pub fn sign_message<M: Message>(&self, message: &M) -> Result<Vec<u8>, SignatureError> {
        self.sign_payload(M::PURPOSE.context(), message.encode()).to_cose()
    }

    /// Signs a payload that travels with its signature.
    pub fn sign_payload(&self, context: Context, payload: Vec<u8>) -> SignedPayload {
        let key = self.public();
        let signature = self.ecdsa(&payload_to_be_signed(&key, context, &payload));
        SignedPayload { key, payload, signature }
    }

    fn ecdsa(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        let ecdsa: Ecdsa = self.0.sign(message);
        ecdsa.normalize_s().to_bytes().into()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public().id())
    }
}

/// Whether a PEM text is an encrypted private key.
pub fn is_encrypted(pem: &str) -> bool {
    pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

/// A public key in PEM (SubjectPublicKeyInfo), as OpenSSL and others read it.
///
/// # Errors
/// When the bytes are no point of the curve.
pub fn public_pem(key: &PublicKey) -> Result<String, KeyError> {
    let key = k256::PublicKey::from_sec1_bytes(key.as_bytes()).map_err(|_| KeyError::Malformed)?;
    key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Malformed)
}

/// Reads a public key: PEM, or 66 hexadecimal digits.
///
/// # Errors
/// When it is neither, or no point of the curve.
pub fn read_public(text: &str) -> Result<PublicKey, KeyError> {
    let text = text.trim();
    let key = if text.starts_with("-----BEGIN") {
        let key = k256::PublicKey::from_public_key_pem(text).map_err(|_| KeyError::Malformed)?;
        Some(public(&k256::ecdsa::VerifyingKey::from(key).to_sec1_point(true)))
    } else {
        PublicKey::from_hex(&text.to_ascii_lowercase())
    };
    key.filter(PublicKey::is_on_curve).ok_or(KeyError::Malformed)
}

fn public(point: &k256::Sec1Point) -> PublicKey {
    let mut bytes = [0; PublicKey::LEN];
    bytes.copy_from_slice(point.as_bytes());
    PublicKey::new(bytes)
}

/// A key that cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a key of secp256k1 in a form that is known.
    Malformed,
    /// Another passphrase, or a damaged file: they cannot be told apart.
    Passphrase,
    /// The operating system gives no randomness.
    Randomness,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a secp256k1 key in PEM or hexadecimal digits",
            Self::Passphrase => "the passphrase does not open this key",
            Self::Randomness => "the operating system gives no randomness",
        })
    }
}

impl std::error::Error for KeyError {}
