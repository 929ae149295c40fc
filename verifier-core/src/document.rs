//! Strict JSON documents: values with the place at which they stand, so that an error says where and what was expected.
//!
//! Every key is taken or refused, and none is there twice: a misspelt demand is never passed over.

mod json;

use alloc::{
    collections::BTreeSet,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use crate::digest::Digest;
use json::{Json, Nulls};

/// A value and where it stands.
pub(crate) struct Place {
    path: String,
    json: Json,
}

impl Place {
    /// Reads a document; `null` is no value.
    pub(crate) fn read(document: &[u8]) -> Result<Self, DocumentError> {
        Self::read_with(document, Nulls::Refused)
    }

    /// Reads options, as programs write them: with `null` for what is not there.
    pub(crate) fn read_options(document: &[u8]) -> Result<Self, DocumentError> {
        Self::read_with(document, Nulls::Allowed)
    }

    fn read_with(document: &[u8], nulls: Nulls) -> Result<Self, DocumentError> {
        let json = Json::read(document, nulls).map_err(|error| DocumentError::Syntax(error.to_string()))?;
        Ok(Self { path: String::new(), json })
    }

    /// The value, unless it is `null`.
    pub(crate) fn present(self) -> Option<Self> {
        (self.json != Json::Null).then_some(self)
    }

    pub(crate) fn wrong(&self, expected: &'static str) -> DocumentError {
        let path = if self.path.is_empty() { "the document".into() } else { self.path.clone() };
        DocumentError::Schema { path, expected }
    }

    /// A text that is a document itself.
    pub(crate) fn nested<T, E: fmt::Display>(
        self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, DocumentError> {
        let Json::Text(text) = &self.json else { return Err(self.wrong("a text")) };
        read(text).map_err(|error| DocumentError::Value { path: self.path.clone(), error: error.to_string() })
    }

    pub(crate) fn text(self) -> Result<String, DocumentError> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong("a text")),
        }
    }

    /// A text that is not empty.
    pub(crate) fn name(self) -> Result<String, DocumentError> {
        match self.json {
            Json::Text(text) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong("a text that is not empty")),
        }
    }

    pub(crate) fn number(self) -> Result<u64, DocumentError> {
        match self.json {
            Json::Number(number) => Ok(number),
            _ => Err(self.wrong("an unsigned integer")),
        }
    }

    pub(crate) fn truth(self) -> Result<bool, DocumentError> {
        match self.json {
            Json::Bool(truth) => Ok(truth),
            _ => Err(self.wrong("true or false")),
        }
    }

    pub(crate) fn digest(self) -> Result<Digest, DocumentError> {
        self.parsed("64 lower-case hexadecimal digits", Digest::from_hex)
    }

    /// A text that `read` understands.
    pub(crate) fn parsed<T>(
        self,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DocumentError> {
        let read = match &self.json {
            Json::Text(text) => read(text),
            _ => None,
        };
        read.ok_or_else(|| self.wrong(expected))
    }

    /// Bytes as text.
    pub(crate) fn base64(self) -> Result<Vec<u8>, DocumentError> {
        self.parsed("base64", |text| BASE64.decode(text).ok())
    }

    pub(crate) fn items(self) -> Result<Vec<Self>, DocumentError> {
        let Json::Array(items) = self.json else { return Err(self.wrong("an array")) };
        let place = |(at, json)| Self { path: format!("{}[{at}]", self.path), json };
        Ok(items.into_iter().enumerate().map(place).collect())
    }

    /// An array, each of whose values `read` understands.
    pub(crate) fn list<T>(self, read: fn(Self) -> Result<T, DocumentError>) -> Result<Vec<T>, DocumentError> {
        self.items()?.into_iter().map(read).collect()
    }

    /// An array without repetitions, as a set.
    pub(crate) fn set<T: Ord>(self, read: fn(Self) -> Result<T, DocumentError>) -> Result<BTreeSet<T>, DocumentError> {
        let path = self.path.clone();
        let mut set = BTreeSet::new();
        for item in self.items()? {
            if !set.insert(read(item)?) {
                return Err(DocumentError::Schema { path, expected: "an array without repetitions" });
            }
        }
        Ok(set)
    }
}

/// The fields of an object that nobody took yet.
pub(crate) struct Fields {
    path: String,
    fields: Vec<(String, Json)>,
}

impl Fields {
    pub(crate) fn open(place: Place) -> Result<Self, DocumentError> {
        match place.json {
            Json::Object(fields) => Ok(Self { path: place.path, fields }),
            _ => Err(place.wrong("an object")),
        }
    }

    pub(crate) fn optional(&mut self, key: &str) -> Option<Place> {
        let at = self.fields.iter().position(|(name, _)| name == key)?;
        let (_, json) = self.fields.remove(at);
        Some(Place { path: self.below(key), json })
    }

    /// The same, and `null` is as good as no key.
    pub(crate) fn nullable(&mut self, key: &str) -> Option<Place> {
        self.optional(key)?.present()
    }

    /// An array; none is as good as an empty one.
    pub(crate) fn list<T>(
        &mut self,
        key: &str,
        read: fn(Place) -> Result<T, DocumentError>,
    ) -> Result<Vec<T>, DocumentError> {
        self.optional(key).map_or_else(|| Ok(Vec::new()), |place| place.list(read))
    }

    pub(crate) fn required(&mut self, key: &str) -> Result<Place, DocumentError> {
        let path = self.below(key);
        self.optional(key).ok_or(DocumentError::Schema { path, expected: "a value; the key is missing" })
    }

    pub(crate) fn finish(self) -> Result<(), DocumentError> {
        match self.fields.first() {
            Some((key, _)) => Err(DocumentError::Schema { path: self.below(key), expected: "no such key" }),
            None => Ok(()),
        }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }
}

/// Why a document cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentError {
    /// Not JSON of the profile.
    Syntax(String),
    /// JSON, but not of the schema.
    Schema {
        /// Where.
        path: String,
        /// What was expected there.
        expected: &'static str,
    },
    /// A value that is a document itself, and cannot be read as one.
    Value {
        /// Where.
        path: String,
        /// Why.
        error: String,
    },
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => f.write_str(error),
            Self::Schema { path, expected } => write!(f, "{path}: expected {expected}"),
            Self::Value { path, error } => write!(f, "{path}: {error}"),
        }
    }
}

impl core::error::Error for DocumentError {}

/// Options that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError(DocumentError);

impl From<DocumentError> for OptionsError {
    fn from(error: DocumentError) -> Self {
        Self(error)
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the options cannot be read: {}", self.0)
    }
}

impl core::error::Error for OptionsError {}
