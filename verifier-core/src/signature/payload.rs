//! A payload that travels with the signature over it: links of tokens, proofs of possession, lists of revocations, messages of relays.

use alloc::vec::Vec;

use super::{
    KEY_AT, NO_HEADER, PublicKey, SIGN1, SIGNATURE_HEAD, SIGNATURE_LEN, SignatureError, ecdsa, protected, sig_structure,
};
use crate::{cbor::Value, digest::Context};

/// A payload and who signed it: COSE_Sign1 as a [`Signature`](super::Signature) has it, with the payload in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedPayload {
    /// Who signed.
    pub key: PublicKey,
    /// What was signed.
    pub payload: Vec<u8>,
    /// r and s, 32 bytes each, big-endian.
    pub signature: [u8; SIGNATURE_LEN],
}

impl SignedPayload {
    /// Reads the one spelling.
    ///
    /// # Security
    /// The caller bounds the length.
    ///
    /// # Errors
    /// [`SignatureError`] for any other bytes.
    pub fn read(cose: &[u8]) -> Result<Self, SignatureError> {
        let (key, rest) = cose.get(KEY_AT..).and_then(<[u8]>::split_first_chunk).ok_or(SignatureError)?;
        let (_, rest) = rest.split_first().ok_or(SignatureError)?;
        let Ok((Value::Bytes(payload), _)) = Value::decode_first(rest) else { return Err(SignatureError) };
        let signature = *cose.last_chunk().ok_or(SignatureError)?;
        let signed = Self { key: PublicKey::new(*key), payload, signature };
        // Writing it again settles everything between.
        if signed.to_cose()? == cose { Ok(signed) } else { Err(SignatureError) }
    }

    /// The bytes.
    ///
    /// # Errors
    /// None in practice: the structure holds nothing that CBOR cannot write.
    pub fn to_cose(&self) -> Result<Vec<u8>, SignatureError> {
        let payload = Value::Bytes(self.payload.clone()).encode();
        let protected = protected(&self.key);
        Ok([&SIGN1, protected.as_slice(), &[NO_HEADER], &payload, &SIGNATURE_HEAD, &self.signature].concat())
    }

    /// Whether the key signed the payload in this context.
    ///
    /// # Errors
    /// [`SignatureError`], whatever the cause.
    pub fn verify(&self, context: Context) -> Result<(), SignatureError> {
        ecdsa(&self.key, &payload_to_be_signed(&self.key, context, &self.payload), &self.signature)
    }
}

/// The bytes that ECDSA signs: the Sig_structure of RFC 9052 section 4.4, with the context as external data.
pub fn payload_to_be_signed(key: &PublicKey, context: Context, payload: &[u8]) -> Vec<u8> {
    sig_structure(key, context, payload)
}
