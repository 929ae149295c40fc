//! Canonical CBOR (spec: `docs/spec/cbor.md`): the deterministic encoding of RFC 8949 section 4.2.1, narrowed.
//!
//! Unsigned integers, byte strings, text, booleans, arrays, and maps with text keys; nothing else. A decoder accepts
//! exactly the bytes that [`Value::encode`] writes, so that one object has one encoding and hashing what was received
//! is hashing what was meant. CBOR syntax is `ciborium-ll`'s; depth, item count and lengths are bounded before anything is
//! allocated. Records (maps with a fixed set of keys) are read and written through the `record!` macro.

mod decode;
mod error;
mod record;

use alloc::{string::String, vec::Vec};
use core::{cmp::Ordering, convert::Infallible};

use ciborium_io::Write as _;
use ciborium_ll::{Encoder, Header};

pub use error::CborError;
pub(crate) use record::record;
pub use record::{Field, Fields, Item};

/// Nesting that no capsule comes near; bounds recursion.
pub const MAX_DEPTH: usize = 16;

/// Items of one object, unless it is long. A run of 20,000 files takes 300,000; this many take less than 100 MiB of memory once
/// decoded.
pub const MAX_ITEMS: usize = 1 << 19;

/// Bytes that each item of a longer object takes on average at least, so that decoding one takes a few times its size: a file of a
/// claim has seven items in no less than 55 bytes.
pub const LEAST_ITEM_BYTES: usize = 8;

/// A data item of the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An unsigned integer.
    Uint(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A UTF-8 text.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// A map; keys are unique and sorted by their encoding.
    Map(Vec<(String, Self)>),
    /// True or false.
    Bool(bool),
}

impl Value {
    /// Builds a map, sorting the entries by key.
    ///
    /// # Security
    /// Keys must be distinct; a duplicate would make bytes that no decoder accepts.
    pub fn map(mut entries: Vec<(String, Self)>) -> Self {
        entries.sort_unstable_by(|(a, _), (b, _)| key_order(a, b));
        Self::Map(entries)
    }

    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok(()) = self.push_to(&mut Encoder::from(&mut bytes));
        bytes
    }

    /// Reads one item that fills `bytes`.
    ///
    /// # Errors
    /// Whatever is not the canonical encoding of an item of the profile.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        decode::decode(bytes)
    }

    /// Reads one item at the beginning of `bytes`; the rest goes back.
    ///
    /// # Errors
    /// As [`Value::decode`], but for what follows the item.
    pub fn decode_first(bytes: &[u8]) -> Result<(Self, &[u8]), CborError> {
        decode::decode_first(bytes)
    }

    fn push_to(&self, encoder: &mut Encoder<&mut Vec<u8>>) -> Result<(), Infallible> {
        match self {
            Self::Uint(value) => encoder.push(Header::Positive(*value)),
            Self::Bool(value) => encoder.push(Header::Simple(if *value { SIMPLE_TRUE } else { SIMPLE_FALSE })),
            Self::Bytes(bytes) => {
                encoder.push(Header::Bytes(Some(bytes.len())))?;
                encoder.write_all(bytes)
            }
            Self::Text(text) => push_text(encoder, text),
            Self::Array(items) => {
                encoder.push(Header::Array(Some(items.len())))?;
                items.iter().try_for_each(|item| item.push_to(encoder))
            }
            Self::Map(entries) => {
                encoder.push(Header::Map(Some(entries.len())))?;
                entries.iter().try_for_each(|(key, value)| {
                    push_text(encoder, key)?;
                    value.push_to(encoder)
                })
            }
        }
    }
}

fn push_text(encoder: &mut Encoder<&mut Vec<u8>>, text: &str) -> Result<(), Infallible> {
    encoder.push(Header::Text(Some(text.len())))?;
    encoder.write_all(text.as_bytes())
}

/// Bytewise order of the keys' encodings: the shorter key first, as its header byte is smaller.
fn key_order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

const SIMPLE_FALSE: u8 = 20;
const SIMPLE_TRUE: u8 = 21;

#[cfg(test)]
mod tests;
