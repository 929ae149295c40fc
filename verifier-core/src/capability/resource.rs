//! Resources: paths of segments, matched segment by segment.

use alloc::string::String;
use core::fmt;

use crate::cbor::{CborError, Item, Value};

/// A resource, or with `/*` at its end everything below one.
///
/// # Shape
/// Up to 16 segments of `[A-Za-z0-9._:-]`, 256 bytes together with the slashes between; no segment is `.` or `..`. The only `*` is a last
/// segment with others before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource(String);

impl Resource {
    /// Bytes at most.
    pub const MAX_BYTES: usize = 256;
    /// Segments at most, the `*` among them.
    pub const MAX_SEGMENTS: usize = 16;

    /// Reads a resource.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let resource = Self(text.into());
        let stem = resource.stem();
        let sized = resource.0.len() <= Self::MAX_BYTES && resource.0.split('/').count() <= Self::MAX_SEGMENTS;
        (sized && stem.split('/').all(is_segment)).then_some(resource)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for everything below it.
    pub fn is_pattern(&self) -> bool {
        self.0.ends_with(BELOW)
    }

    /// Whether everything that `other` stands for is among what this stands for.
    pub fn covers(&self, other: &Self) -> bool {
        if !self.is_pattern() {
            return self == other;
        }
        let mut segments = other.stem().split('/');
        let within = self.stem().split('/').all(|mine| segments.next() == Some(mine));
        // A resource is not below itself.
        within && (other.is_pattern() || segments.next().is_some())
    }

    fn stem(&self) -> &str {
        self.0.strip_suffix(BELOW).unwrap_or(&self.0)
    }
}

const BELOW: &str = "/*";

fn is_segment(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    !segment.is_empty() && segment.bytes().all(plain) && !matches!(segment, "." | "..")
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Item for Resource {
    fn to_value(&self) -> Value {
        Value::Text(self.0.clone())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        Self::new(String::from_value(value)?).ok_or(CborError::WrongType { expected: "a resource" })
    }
}

impl serde::Serialize for Resource {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
