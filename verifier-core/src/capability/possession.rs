//! Proofs of possession: the holder of a token asks for one thing, now.
//!
//! A token alone is worth nothing to whoever overhears it: each request carries one of these, signed by the last link's subject.

use alloc::{string::String, vec::Vec};

use super::{Denial, MAX_POSSESSION_BYTES, Rule, WINDOW_MS, link::CapabilityId, options::Expected};
use crate::{
    cbor::{Item, record},
    digest::{Context, Digest},
    signature::{PublicKey, SignedPayload},
};

/// 16 bytes that a holder uses once.
pub type Nonce = CapabilityId;

record! {
    /// What the holder signs for one request.
    pub struct Possession {
        /// Who is asked.
        pub audience: String,
        /// Plain SHA-256 of the request's body.
        pub body: Digest,
        /// The method, in capitals.
        pub method: String,
        /// Used once.
        pub nonce: Nonce,
        /// The request's path, with its query if it has one.
        pub path: String,
        /// When; milliseconds since the Unix epoch.
        pub time: u64,
        /// Digest of the token.
        pub token: Digest,
    }
}

impl Possession {
    /// The payload that is signed.
    pub fn payload(&self) -> Vec<u8> {
        self.encode()
    }

    /// Reads a proof that this key signed.
    fn read(bytes: &[u8], holder: &PublicKey) -> Option<Self> {
        if bytes.len() > MAX_POSSESSION_BYTES {
            return None;
        }
        let signed = SignedPayload::read(bytes).ok().filter(|signed| signed.key == *holder)?;
        let possession = Self::decode(&signed.payload).ok()?;
        signed.verify(Context::POSSESSION).ok()?;
        Some(possession)
    }

    /// Judges a proof, but for whether it was shown before: that is asked when all else holds.
    pub(super) fn judge(
        (token, holder): (&Digest, &PublicKey),
        (audience, at): (&str, u64),
        expected: &Expected,
    ) -> Result<Self, Denial> {
        let missing = || Denial::new(Rule::PossessionMissing, "there is no proof of possession");
        let proof = expected.proof.as_deref().ok_or_else(missing)?;
        let invalid = || Denial::new(Rule::PossessionInvalid, "the token's holder did not sign this proof");
        let found = Self::read(proof, holder).ok_or_else(invalid)?;
        let same = [
            ("token", found.token == *token),
            ("audience", found.audience == audience),
            ("method", found.method == expected.method),
            ("path", found.path == expected.path),
            ("body", found.body == expected.body),
        ];
        if let Some((part, _)) = same.into_iter().find(|(_, same)| !same) {
            return Err(Denial::new(Rule::PossessionMismatch, format_args!("it is for another {part}")));
        }
        if found.time.abs_diff(at) > WINDOW_MS {
            let detail = format_args!("its time {} is not within {WINDOW_MS} ms of {at}", found.time);
            return Err(Denial::new(Rule::PossessionStale, detail));
        }
        Ok(found)
    }
}
