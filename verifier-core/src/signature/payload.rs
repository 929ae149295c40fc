//! A payload that travels with the signature over it: links of tokens, proofs of possession, lists of revocations, messages of relays.

use alloc::vec::Vec;

use coset::{CborSerializable, CoseSign1};

use super::{PublicKey, SIGNATURE_LEN, SignatureError, ecdsa, sign1};
use crate::digest::Context;

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
        let parsed = CoseSign1::from_slice(cose).map_err(|_| SignatureError)?;
        let key = parsed.protected.header.key_id.try_into().map_err(|_| SignatureError)?;
        let signature = parsed.signature.try_into().map_err(|_| SignatureError)?;
        let signed = Self { key: PublicKey::new(key), payload: parsed.payload.ok_or(SignatureError)?, signature };
        if signed.to_cose()? == cose { Ok(signed) } else { Err(SignatureError) }
    }

    /// The bytes.
    ///
    /// # Errors
    /// None in practice: the structure holds nothing that CBOR cannot write.
    pub fn to_cose(&self) -> Result<Vec<u8>, SignatureError> {
        let cose = sign1(&self.key).payload(self.payload.clone()).signature(self.signature.to_vec()).build();
        cose.to_vec().map_err(|_| SignatureError)
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
    sign1(key).build().tbs_detached_data(payload, context.text().as_bytes())
}
