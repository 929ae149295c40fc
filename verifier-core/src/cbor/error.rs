//! Why bytes are not a canonical object.

use alloc::string::String;
use core::fmt;

use crate::reason::ReasonCode;

/// Refusal of a CBOR object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CborError {
    /// Not CBOR, or cut short.
    Syntax {
        /// Byte offset of the item.
        offset: usize,
    },
    /// Bytes after the object.
    TrailingBytes {
        /// Byte offset of the first of them.
        offset: usize,
    },
    /// Nested deeper than [`super::MAX_DEPTH`].
    TooDeep,
    /// More items than [`super::MAX_ITEMS`], or than there may be in its length.
    TooManyItems,
    /// A type outside the profile: negative, float, tag, null, or a key that is not text.
    ForeignType {
        /// Byte offset of the item.
        offset: usize,
    },
    /// An item of indefinite length.
    IndefiniteLength {
        /// Byte offset of the item.
        offset: usize,
    },
    /// A key that does not follow its predecessor.
    KeyOrder {
        /// Byte offset of the key.
        offset: usize,
    },
    /// An integer or length in more bytes than it needs.
    NotShortest,
    /// A record lacks a key.
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A record has a key that this version does not know.
    UnknownKey {
        /// The key.
        key: String,
    },
    /// An item has another type, length or range than its place demands.
    WrongType {
        /// What the place demands.
        expected: &'static str,
    },
}

impl CborError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Syntax { .. } | Self::TrailingBytes { .. } => ReasonCode::ParseFailed,
            Self::TooDeep | Self::TooManyItems => ReasonCode::LimitExceeded,
            Self::ForeignType { .. } => ReasonCode::UnsupportedEncoding,
            Self::IndefiniteLength { .. } | Self::KeyOrder { .. } | Self::NotShortest => {
                ReasonCode::CanonicalizationFailed
            }
            Self::MissingKey { key } => missing(key),
            Self::UnknownKey { .. } | Self::WrongType { .. } => ReasonCode::SchemaUnsupported,
        }
    }
}

/// Keys whose absence has a code of its own; each stands in one record only.
const fn missing(key: &str) -> ReasonCode {
    match key.as_bytes() {
        b"capsule_hash" => ReasonCode::CapsuleHashMissing,
        b"header" => ReasonCode::CapsuleHeaderMissing,
        b"commitment" => ReasonCode::RowIndexCommitmentMissing,
        b"format" => ReasonCode::ProofFormatMissing,
        _ => ReasonCode::SchemaUnsupported,
    }
}

impl fmt::Display for CborError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { offset } => write!(f, "not a CBOR item at byte {offset}"),
            Self::TrailingBytes { offset } => write!(f, "bytes after the object, from byte {offset}"),
            Self::TooDeep => write!(f, "nested deeper than {} levels", super::MAX_DEPTH),
            Self::TooManyItems => {
                write!(f, "more than {} items, or one for every {} bytes", super::MAX_ITEMS, super::LEAST_ITEM_BYTES)
            }
            Self::ForeignType { offset } => write!(f, "a type outside the profile at byte {offset}"),
            Self::IndefiniteLength { offset } => write!(f, "an item of indefinite length at byte {offset}"),
            Self::KeyOrder { offset } => write!(f, "a duplicate or unsorted key at byte {offset}"),
            Self::NotShortest => write!(f, "an integer or length is not in its shortest form"),
            Self::MissingKey { key } => write!(f, "the key {key:?} is missing"),
            Self::UnknownKey { key } => write!(f, "the key {key:?} is unknown"),
            Self::WrongType { expected } => write!(f, "expected {expected}"),
        }
    }
}

impl core::error::Error for CborError {}
