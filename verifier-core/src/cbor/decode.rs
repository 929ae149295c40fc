//! The canonical decoder.

use alloc::{string::String, vec, vec::Vec};
use core::cmp::Ordering;

use ciborium_io::Read as _;
use ciborium_ll::{Decoder, Header};

use super::{CborError, LEAST_ITEM_BYTES, MAX_DEPTH, MAX_ITEMS, SIMPLE_FALSE, SIMPLE_TRUE, Value, key_order};

pub(super) fn decode(bytes: &[u8]) -> Result<Value, CborError> {
    let mut input = Input::new(bytes);
    let value = input.item(MAX_DEPTH)?;
    if input.left() != 0 {
        return Err(CborError::TrailingBytes { offset: input.decoder.offset() });
    }
    // Order and types were judged on the way; what is left are spellings of lengths and integers. Re-encoding finds them all.
    if value.encode() != bytes {
        return Err(CborError::NotShortest);
    }
    Ok(value)
}

/// The item's own encoding tells how long it is: in another spelling, the bytes do not begin with it.
pub(super) fn decode_first(bytes: &[u8]) -> Result<(Value, &[u8]), CborError> {
    let mut input = Input::new(bytes);
    let value = input.item(MAX_DEPTH)?;
    let rest = bytes.strip_prefix(value.encode().as_slice()).ok_or(CborError::NotShortest)?;
    Ok((value, rest))
}

struct Input<'a> {
    decoder: Decoder<&'a [u8]>,
    len: usize,
    items_left: usize,
}

impl<'a> Input<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let items_left = MAX_ITEMS.max(bytes.len() / LEAST_ITEM_BYTES);
        Self { decoder: Decoder::from(bytes), len: bytes.len(), items_left }
    }

    fn left(&mut self) -> usize {
        self.len.saturating_sub(self.decoder.offset())
    }

    fn item(&mut self, depth: usize) -> Result<Value, CborError> {
        let depth = depth.checked_sub(1).ok_or(CborError::TooDeep)?;
        self.items_left = self.items_left.checked_sub(1).ok_or(CborError::TooManyItems)?;
        let offset = self.decoder.offset();
        let header = self.decoder.pull().map_err(|_| CborError::Syntax { offset })?;
        match header {
            Header::Positive(value) => Ok(Value::Uint(value)),
            Header::Simple(SIMPLE_FALSE) => Ok(Value::Bool(false)),
            Header::Simple(SIMPLE_TRUE) => Ok(Value::Bool(true)),
            Header::Bytes(Some(len)) => self.bytes(offset, len).map(Value::Bytes),
            Header::Text(Some(len)) => self.text(offset, len).map(Value::Text),
            Header::Array(Some(len)) => self.array(offset, len, depth),
            Header::Map(Some(len)) => self.map(offset, len, depth),
            Header::Bytes(None) | Header::Text(None) | Header::Array(None) | Header::Map(None) => {
                Err(CborError::IndefiniteLength { offset })
            }
            Header::Break => Err(CborError::Syntax { offset }),
            Header::Negative(_) | Header::Float(_) | Header::Tag(_) | Header::Simple(_) => {
                Err(CborError::ForeignType { offset })
            }
        }
    }

    /// Nothing is allocated for a length that the input cannot fill.
    fn bytes(&mut self, offset: usize, len: usize) -> Result<Vec<u8>, CborError> {
        if len > self.left() {
            return Err(CborError::Syntax { offset });
        }
        let mut bytes = vec![0; len];
        self.decoder.read_exact(&mut bytes).map_err(|_| CborError::Syntax { offset })?;
        Ok(bytes)
    }

    fn text(&mut self, offset: usize, len: usize) -> Result<String, CborError> {
        String::from_utf8(self.bytes(offset, len)?).map_err(|_| CborError::Syntax { offset })
    }

    /// Grows with what is read; each item takes at least one byte, so a claimed count is not trusted with memory.
    fn array(&mut self, offset: usize, len: usize, depth: usize) -> Result<Value, CborError> {
        if len > self.left() {
            return Err(CborError::Syntax { offset });
        }
        let mut items = Vec::new();
        for _ in 0..len {
            items.push(self.item(depth)?);
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self, offset: usize, len: usize, depth: usize) -> Result<Value, CborError> {
        if len > self.left() {
            return Err(CborError::Syntax { offset });
        }
        let mut entries: Vec<(String, Value)> = Vec::new();
        for _ in 0..len {
            let offset = self.decoder.offset();
            let Value::Text(key) = self.item(depth)? else {
                return Err(CborError::ForeignType { offset });
            };
            if entries.last().is_some_and(|(last, _)| key_order(last, &key) != Ordering::Less) {
                return Err(CborError::KeyOrder { offset });
            }
            entries.push((key, self.item(depth)?));
        }
        // Most maps are small: what was reserved for more would be most of them.
        entries.shrink_to_fit();
        Ok(Value::Map(entries))
    }
}
