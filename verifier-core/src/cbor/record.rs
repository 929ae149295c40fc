//! Records: maps with a fixed set of keys, read and written field by field.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use super::{CborError, Value};
use crate::digest::Digest;

/// A type with one place in canonical CBOR.
pub trait Item: Sized {
    /// The data item.
    fn to_value(&self) -> Value;

    /// Reads the data item.
    ///
    /// # Errors
    /// When the item has another type, length, range or set of keys.
    fn from_value(value: Value) -> Result<Self, CborError>;

    /// The canonical bytes.
    fn encode(&self) -> Vec<u8> {
        self.to_value().encode()
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// As [`Value::decode`] and [`Item::from_value`].
    fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        Self::from_value(Value::decode(bytes)?)
    }
}

/// A field of a record: present, or (for an `Option`) absent.
pub trait Field: Sized {
    /// Adds the field to a record's entries, unless absent.
    fn put(&self, key: &'static str, entries: &mut Vec<(String, Value)>);

    /// Takes the field out of a record's entries.
    ///
    /// # Errors
    /// When it is missing and not optional, or of another type.
    fn take(key: &'static str, fields: &mut Fields) -> Result<Self, CborError>;
}

impl<T: Item> Field for T {
    fn put(&self, key: &'static str, entries: &mut Vec<(String, Value)>) {
        entries.push((key.to_owned(), self.to_value()));
    }

    fn take(key: &'static str, fields: &mut Fields) -> Result<Self, CborError> {
        let value = fields.remove(key).ok_or(CborError::MissingKey { key })?;
        T::from_value(value)
    }
}

impl<T: Item> Field for Option<T> {
    fn put(&self, key: &'static str, entries: &mut Vec<(String, Value)>) {
        if let Some(item) = self {
            item.put(key, entries);
        }
    }

    fn take(key: &'static str, fields: &mut Fields) -> Result<Self, CborError> {
        fields.remove(key).map(T::from_value).transpose()
    }
}

/// The entries of a record that have not been taken yet.
#[derive(Debug)]
pub struct Fields(Vec<(String, Value)>);

impl Fields {
    /// Opens a map.
    ///
    /// # Errors
    /// When the value is not a map.
    pub fn open(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Map(entries) => Ok(Self(entries)),
            _ => Err(CborError::WrongType { expected: "a map" }),
        }
    }

    /// Refuses entries that nobody took.
    ///
    /// # Errors
    /// [`CborError::UnknownKey`] names the first.
    pub fn finish(self) -> Result<(), CborError> {
        match self.0.into_iter().next() {
            Some((key, _)) => Err(CborError::UnknownKey { key }),
            None => Ok(()),
        }
    }

    fn remove(&mut self, key: &str) -> Option<Value> {
        let place = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(place).1)
    }
}

impl Item for u64 {
    fn to_value(&self) -> Value {
        Value::Uint(*self)
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Uint(number) => Ok(number),
            _ => Err(CborError::WrongType { expected: "an unsigned integer" }),
        }
    }
}

impl Item for bool {
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Bool(truth) => Ok(truth),
            _ => Err(CborError::WrongType { expected: "true or false" }),
        }
    }
}

impl Item for String {
    fn to_value(&self) -> Value {
        Value::Text(self.clone())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Text(text) => Ok(text),
            _ => Err(CborError::WrongType { expected: "a text" }),
        }
    }
}

impl Item for Digest {
    fn to_value(&self) -> Value {
        Value::Bytes(self.as_bytes().to_vec())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        let Value::Bytes(bytes) = value else {
            return Err(CborError::WrongType { expected: "a digest" });
        };
        Self::from_slice(&bytes).ok_or(CborError::WrongType { expected: "a digest of 32 bytes" })
    }
}

impl<T: Item> Item for Vec<T> {
    fn to_value(&self) -> Value {
        Value::Array(self.iter().map(Item::to_value).collect())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_value).collect(),
            _ => Err(CborError::WrongType { expected: "an array" }),
        }
    }
}

/// Declares a struct that is a record: its keys are its field names, unknown keys are refused, `Option` fields may be absent.
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }

        impl $crate::cbor::Item for $name {
            fn to_value(&self) -> $crate::cbor::Value {
                let mut entries = alloc::vec::Vec::new();
                $($crate::cbor::Field::put(&self.$field, stringify!($field), &mut entries);)*
                $crate::cbor::Value::map(entries)
            }

            fn from_value(value: $crate::cbor::Value) -> Result<Self, $crate::cbor::CborError> {
                let mut fields = $crate::cbor::Fields::open(value)?;
                let record = Self { $($field: $crate::cbor::Field::take(stringify!($field), &mut fields)?,)* };
                fields.finish()?;
                Ok(record)
            }
        }
    };
}
pub(crate) use record;
