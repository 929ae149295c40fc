//! TraceSpecV1 and StatementV1: the format of a trace, and what is claimed about it.

use alloc::{string::String, vec::Vec};

use serde::{Serialize, Serializer};

use crate::{
    cbor::{CborError, Item, Value, record},
    digest::{Digest, Tag},
};

record! {
    /// TraceSpecV1.
    pub struct TraceSpec {
        /// 1.
        pub spec_version: u64,
        /// Names the format.
        pub trace_format_id: String,
        /// `sha256:` and the digest of the text that describes a row.
        pub record_schema_ref: String,
        /// How a row becomes bytes.
        pub encoding_id: String,
        /// The field that rows are made of, or `none`.
        pub field_modulus_id: String,
    }
}

impl TraceSpec {
    /// What statement and header commit to.
    pub fn hash(&self) -> Digest {
        Tag::TRACE_SPEC.digest(&[&self.encode()])
    }
}

/// The value of a public input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicValue {
    /// A number: a field element, a count, an exit code.
    Number(u64),
    /// A digest.
    Digest(Digest),
}

impl Item for PublicValue {
    fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => number.to_value(),
            Self::Digest(digest) => digest.to_value(),
        }
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match value {
            Value::Uint(number) => Ok(Self::Number(number)),
            other => Digest::from_value(other).map(Self::Digest),
        }
    }
}

/// As text: a decimal number (JavaScript's numbers would lose digits), or hexadecimal digits.
impl Serialize for PublicValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.collect_str(number),
            Self::Digest(digest) => serializer.collect_str(digest),
        }
    }
}

record! {
    /// A named value that the statement is about.
    pub struct PublicInput {
        /// Its name.
        pub name: String,
        /// Its value.
        pub value: PublicValue,
    }
}

record! {
    /// Ties the statement to something outside the trace.
    pub struct StatementAnchor {
        /// The rule by which the reference is made.
        pub anchor_rule_id: String,
        /// The reference.
        pub anchor_ref: String,
        /// The policy track that it belongs to.
        pub track_id: Option<String>,
    }
}

record! {
    /// StatementV1.
    pub struct Statement {
        /// 1.
        pub statement_version: u64,
        /// Hash of the trace spec.
        pub trace_spec_hash: Digest,
        /// Hash of the policy document, if one is named.
        pub policy_hash: Option<Digest>,
        /// Commitment to the trace.
        pub trace_root: Digest,
        /// Public inputs, in the backend's order.
        pub public_inputs: Vec<PublicInput>,
        /// Anchors.
        pub anchors: Vec<StatementAnchor>,
    }
}

impl Statement {
    /// What the header commits to and the proof absorbs.
    pub fn hash(&self) -> Digest {
        Tag::STATEMENT.digest(&[&self.encode()])
    }
}
