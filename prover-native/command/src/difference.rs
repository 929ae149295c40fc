//! What differs between two capsules, the cause first.
//!
//! A capsule is flattened into named leaves in an order that puts what a person changed (code, inputs, config, environment)
//! before what follows from it (outputs, exit, trace) and hashes of all that last. The first difference in this order is the
//! one to look at.

use std::{collections::BTreeMap, fmt};

use verifier_core::{
    Digest,
    capsule::{Capsule, entry},
    cbor::{Item, Value},
    container::Container,
};

/// A bound field that two receipts do not share.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Difference {
    /// Which field, by its path; list items by their path, name or digest.
    pub(crate) field: String,
    /// Its value in the first receipt, if it is there.
    pub(crate) left: Option<String>,
    /// Its value in the second receipt, if it is there.
    pub(crate) right: Option<String>,
}

/// The differences between two receipts, the cause first.
pub(crate) fn differences(left: &Receipt<'_>, right: &Receipt<'_>) -> Vec<Difference> {
    let (left, right) = (left.leaves(), right.leaves());
    let mut fields: Vec<&Field> = left.keys().chain(right.keys()).collect();
    fields.sort();
    fields.dedup();
    let differ = |field: &&&Field| left.get(**field) != right.get(**field);
    let difference = |field: &Field| Difference {
        field: field.path.clone(),
        left: left.get(field).cloned(),
        right: right.get(field).cloned(),
    };
    fields.iter().filter(differ).map(|field| difference(field)).collect()
}

/// A receipt that was read.
#[derive(Debug)]
pub(crate) struct Receipt<'a> {
    /// Its container.
    pub(crate) container: Container<'a>,
    /// Its capsule.
    pub(crate) capsule: Capsule,
}

/// A leaf by its rank among the causes and its path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    rank: usize,
    path: String,
}

type Leaves = BTreeMap<Field, String>;

/// What comes first when several things differ; a path that none of these starts comes last.
const CAUSES: [&str; 16] = [
    "schema",
    "header.backend_id",
    "payload.claim.code",
    "payload.claim.inputs",
    "payload.claim.config",
    "payload.claim.environment.variables",
    "manifest",
    "payload.statement.public_inputs[steps]",
    "payload.statement.public_inputs[initial",
    "payload.statement.public_inputs[matrix",
    "payload.claim.exit",
    "payload.claim.outputs",
    "payload.statement.public_inputs",
    "payload.run",
    "payload.proof.parameter_set",
    "payload.trace_spec",
];

impl Receipt<'_> {
    fn leaves(&self) -> Leaves {
        let mut leaves = Leaves::new();
        flatten(String::new(), &self.capsule.to_value(), &mut leaves);
        for manifest in &self.capsule.payload.manifests {
            let content = self.container.get(&entry::manifest(&manifest.name)).unwrap_or_default();
            if let Ok(content) = serde_json::from_slice(content) {
                flatten_json(format!("manifest.{}", manifest.name), &content, &mut leaves);
            }
        }
        leaves
    }
}

fn flatten(path: String, value: &Value, leaves: &mut Leaves) {
    match value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(path, value, leaves);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(format!("{path}[{}]", label(item, index)), item, leaves);
            }
        }
        Value::Uint(number) => insert(path, number, leaves),
        Value::Bool(truth) => insert(path, truth, leaves),
        Value::Text(text) => insert(path, text, leaves),
        Value::Bytes(bytes) => match Digest::from_slice(bytes) {
            Some(digest) => insert(path, digest, leaves),
            None => insert(path, format_args!("{bytes:02x?}"), leaves),
        },
    }
}

/// List items are told apart by what names them, so that one added file is one difference.
fn label(item: &Value, index: usize) -> String {
    let Value::Map(entries) = item else { return index.to_string() };
    let named = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    match named("path").or_else(|| named("name")).or_else(|| named("digest")) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Bytes(bytes)) => Digest::from_slice(bytes).map_or_else(|| index.to_string(), |d| d.to_string()),
        _ => index.to_string(),
    }
}

fn flatten_json(path: String, value: &serde_json::Value, leaves: &mut Leaves) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                flatten_json(format!("{path}.{key}"), value, leaves);
            }
        }
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten_json(format!("{path}[{index}]"), item, leaves);
            }
        }
        leaf => insert(path, leaf, leaves),
    }
}

fn insert(path: String, value: impl fmt::Display, leaves: &mut Leaves) {
    let rank = CAUSES.iter().position(|cause| path.starts_with(cause)).unwrap_or(CAUSES.len());
    leaves.insert(Field { rank, path }, value.to_string());
}
