//! Messages: a record, signed for one purpose, in one spelling.
//!
//! # Shape
//! An untagged COSE_Sign1 as in receipts, with the record's canonical CBOR as its payload.

use core::fmt;

use crate::{
    cbor::{CborError, Item},
    reason::ReasonCode,
    signature::{PublicKey, Purpose, SignedPayload},
};

/// Longest message; every kind is shorter than half of it.
///
/// # Units
/// Bytes.
pub const MAX_MESSAGE: usize = 1024;

/// A record that is sent signed.
pub trait Message: Item {
    /// The schema of this version.
    const SCHEMA: &'static str;
    /// What its signature is for.
    const PURPOSE: Purpose;

    /// The schema that a record states.
    fn schema(&self) -> &str;
}

/// A message whose signature holds. Whose key it is, and whether to trust it, is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<M> {
    /// Who signed.
    pub key: PublicKey,
    /// What was signed.
    pub message: M,
}

impl<M: Message> Signed<M> {
    /// Reads a message and checks its signature.
    ///
    /// # Errors
    /// [`MessageError`] for bytes in another spelling, of another kind, or whose signature does not hold for this purpose.
    pub fn read(bytes: &[u8]) -> Result<Self, MessageError> {
        // Nothing longer reaches the parser.
        if bytes.len() > MAX_MESSAGE {
            return Err(MessageError::TooLong { len: bytes.len() });
        }
        let signed = SignedPayload::read(bytes).map_err(|_| MessageError::Signature)?;
        signed.verify(M::PURPOSE.context()).map_err(|_| MessageError::Signature)?;
        let message = M::decode(&signed.payload).map_err(MessageError::Payload)?;
        if message.schema() != M::SCHEMA {
            return Err(MessageError::Schema { expected: M::SCHEMA });
        }
        Ok(Self { key: signed.key, message })
    }
}

/// Bytes that are not a message of the kind that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// Over [`MAX_MESSAGE`].
    TooLong {
        /// Bytes there are.
        len: usize,
    },
    /// Not the one spelling of COSE, or a signature that does not hold for this purpose.
    Signature,
    /// Not the record.
    Payload(CborError),
    /// A record of another version.
    Schema {
        /// The one that is known.
        expected: &'static str,
    },
}

impl MessageError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::TooLong { .. } => ReasonCode::LimitExceeded,
            Self::Signature => ReasonCode::DaChallengeUntrusted,
            Self::Payload(error) => error.code(),
            Self::Schema { .. } => ReasonCode::SchemaUnsupported,
        }
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len } => write!(f, "a message of {len} bytes is over {MAX_MESSAGE}"),
            Self::Signature => f.write_str("the message's signature does not hold"),
            Self::Payload(error) => error.fmt(f),
            Self::Schema { expected } => write!(f, "the message is not of the schema {expected}"),
        }
    }
}

impl core::error::Error for MessageError {}
