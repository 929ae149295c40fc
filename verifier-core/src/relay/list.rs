//! The list of attestations that a relay keeps about a commit: a CBOR array of messages, oldest first.

use alloc::vec::Vec;

use super::MAX_MESSAGE;
use crate::cbor::{CborError, Value};

/// Attestations that a relay keeps about one commit, at most.
const MOST: usize = 64;
/// Bytes of a list at most: each message with its head, and the array's.
pub const MAX_LIST: usize = MOST * (MAX_MESSAGE + 3) + 2;

/// Reads a list. The messages are not judged.
///
/// # Errors
/// When it is longer than a relay's, not canonical CBOR, or not an array of byte strings.
pub fn read_list(bytes: &[u8]) -> Result<Vec<Vec<u8>>, CborError> {
    let wrong = || CborError::WrongType { expected: "an array of messages" };
    if bytes.len() > MAX_LIST {
        return Err(wrong());
    }
    let Value::Array(items) = Value::decode(bytes)? else { return Err(wrong()) };
    let message = |item| if let Value::Bytes(bytes) = item { Ok(bytes) } else { Err(wrong()) };
    items.into_iter().map(message).collect()
}
