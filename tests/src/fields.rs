//! Every field counts: each place of a capsule is changed, removed and added to, and must be refused.
//!
//! Twice: with nothing recomputed, and with every hash recomputed while log and proof stand as they are. In the second case
//! some fields are free by design; [`FREE`] lists them with the reason, and a test holds the list to be exact.

use std::collections::BTreeSet;

use verifier_core::{Digest, ReasonCode, VerifyOptions, cbor::Value, verify};

use crate::{
    receipt::Receipt,
    reseal::{Layer, Layers},
};

/// A field that may be anything once the hashes are recomputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Free {
    /// Its path.
    pub path: &'static str,
    /// What is free about it.
    pub how: How,
    /// Whether it is free in a proven receipt too.
    pub proven: bool,
    /// Why.
    pub why: &'static str,
}

/// What is done to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Another value of the same type.
    Changed,
    /// The key is gone.
    Removed,
    /// A key that may be there is.
    Added,
    /// A key that no version knows.
    Unknown,
    /// A list has one item less.
    Shortened,
    /// A list has an item twice.
    Repeated,
    /// Two items of a list have changed places.
    Reordered,
}

const NAME: &str = "a name that the maker chooses; nothing depends on it";
const CHAIN: &str = "points at another capsule, which a verifier of this one does not have";
const POLICY: &str = "checked when policies are asked for; at proof-only nothing is claimed about it";
const CHALLENGE: &str = "checked when availability is asked for; at proof-only nothing is claimed about it";
const INTENT: &str = "what the maker intends; a verifier asks for its own level";
const CIRCUMSTANCE: &str = "the maker's word, shown as such";

/// Every field that is free when all hashes are recomputed.
pub const FREE: [Free; 19] = [
    free("da_challenge_hash", How::Added, CHALLENGE),
    free("da_challenge_hash", How::Changed, CHALLENGE),
    free("da_challenge_hash", How::Removed, CHALLENGE),
    free("header.da_policy_hash", How::Added, CHALLENGE),
    free("header.da_policy_hash", How::Changed, CHALLENGE),
    free("header.da_policy_hash", How::Removed, CHALLENGE),
    free("header.prev_capsule_hash", How::Added, CHAIN),
    free("header.prev_capsule_hash", How::Changed, CHAIN),
    free("header.prev_capsule_hash", How::Removed, CHAIN),
    free("header.trace_id", How::Changed, NAME),
    free("header.verification_profile", How::Changed, INTENT),
    free("header.policy_ref.policy_id", How::Changed, POLICY),
    free("header.policy_ref.policy_version", How::Changed, POLICY),
    free("header.policy_ref.track_id", How::Changed, POLICY),
    // A proof absorbs the policy's hash, by way of the statement.
    witnessed("header.policy_ref", How::Added, POLICY),
    witnessed("header.policy_ref", How::Removed, POLICY),
    witnessed("header.policy_ref.policy_hash", How::Changed, POLICY),
    witnessed("payload.run.directory", How::Changed, CIRCUMSTANCE),
    witnessed("payload.run.duration_ms", How::Changed, CIRCUMSTANCE),
];

const fn free(path: &'static str, how: How, why: &'static str) -> Free {
    Free { path, how, proven: true, why }
}

const fn witnessed(path: &'static str, how: How, why: &'static str) -> Free {
    Free { path, how, proven: false, why }
}

/// A change of one place.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The place.
    pub path: String,
    /// What is done to it.
    pub how: How,
    /// The value that is there then; `None` for none.
    value: Option<Value>,
}

impl Mutation {
    fn apply(&self, receipt: &mut Receipt) {
        match &self.value {
            Some(value) => receipt.set(&self.path, value.clone()),
            None => receipt.remove(&self.path),
        }
    }

    /// What the verifier answers; `None` is accepted.
    ///
    /// # Panics
    /// When the mutation leaves the receipt as it is.
    pub fn verdict(&self, receipt: &Receipt, layers: Layers) -> Option<ReasonCode> {
        let changed = receipt.changed(layers, |receipt| self.apply(receipt));
        assert_ne!(changed, *receipt, "{} {:?} is a change", self.path, self.how);
        verify(&changed.bytes(), &VerifyOptions::default()).reason
    }
}

/// Every hash is recomputed; the log and the proof stand as they are.
pub const HASHES: Layers = Layers::ALL.without(Layer::Log);

/// What is accepted, of every mutation of a receipt, with these layers recomputed.
///
/// # Panics
/// As [`Mutation::verdict`].
pub fn accepted(receipt: &Receipt, layers: Layers) -> BTreeSet<(String, How)> {
    let mutations = mutations(receipt);
    let accepted = mutations.iter().filter(|mutation| mutation.verdict(receipt, layers).is_none());
    accepted.map(|mutation| (mutation.path.clone(), mutation.how)).collect()
}

/// Every mutation of every place of a receipt's capsule.
pub fn mutations(receipt: &Receipt) -> Vec<Mutation> {
    let mut mutations = Vec::new();
    walk("", &receipt.capsule, &mut mutations);
    for (path, value) in optional() {
        let parent_is_there = path.rsplit_once('.').is_none_or(|(parent, _)| receipt.at(parent).is_some());
        if parent_is_there && receipt.at(path).is_none() {
            mutations.push(Mutation { path: path.to_owned(), how: How::Added, value: Some(value) });
        }
    }
    mutations
}

fn walk(path: &str, value: &Value, mutations: &mut Vec<Mutation>) {
    let mut push = |path: &str, how, value| mutations.push(Mutation { path: path.to_owned(), how, value });
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Map(entries) => {
            push(&below("zz"), How::Unknown, Some(Value::Uint(0)));
            for (key, value) in entries {
                mutations.push(Mutation { path: below(key), how: How::Removed, value: None });
                walk(&below(key), value, mutations);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let without = items.iter().enumerate().filter(|(other, _)| *other != at);
                let without = without.map(|(_, item)| item.clone()).collect();
                mutations.push(Mutation {
                    path: path.to_owned(),
                    how: How::Shortened,
                    value: Some(Value::Array(without)),
                });
                let mut twice = items.clone();
                twice.insert(at, item.clone());
                mutations.push(Mutation {
                    path: path.to_owned(),
                    how: How::Repeated,
                    value: Some(Value::Array(twice)),
                });
                let mut swapped = items.clone();
                swapped.swap(at, (at + 1) % items.len());
                if swapped != *items {
                    mutations.push(Mutation {
                        path: path.to_owned(),
                        how: How::Reordered,
                        value: Some(Value::Array(swapped)),
                    });
                }
                walk(&below(&at.to_string()), item, mutations);
            }
        }
        leaf => others(leaf).into_iter().for_each(|other| push(path, How::Changed, Some(other))),
    }
}

/// Other values of a leaf's type: near it, and far from it.
fn others(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::Bool(truth) => vec![Value::Bool(!truth)],
        Value::Uint(number) => vec![
            Value::Uint(number.wrapping_add(1)),
            Value::Uint(number.wrapping_sub(1)),
            Value::Uint(number ^ 1 << 40),
        ],
        Value::Bytes(bytes) => {
            let flipped = |at: usize| {
                let mut other = bytes.clone();
                other.get_mut(at).into_iter().for_each(|byte| *byte ^= 1);
                Value::Bytes(other)
            };
            vec![flipped(0), flipped(bytes.len() - 1)]
        }
        Value::Text(text) => {
            let same_list: Vec<&str> =
                LISTS.into_iter().filter(|list| list.contains(&text.as_str())).flatten().copied().collect();
            let listed = same_list.into_iter().filter(|other| other != text).map(str::to_owned);
            [format!("{text}x"), format!("x{text}"), text.to_uppercase() + " "]
                .into_iter()
                .chain(listed)
                .map(Value::Text)
                .collect()
        }
        Value::Array(_) | Value::Map(_) => Vec::new(),
    }
}

/// Texts of which a place may hold one.
const LISTS: [&[&str]; 5] = [
    &["proof-only", "policy-enforced", "full"],
    &["observed", "declared"],
    &["process_v1", "geom_v1"],
    &["stark-100", "stark-128"],
    &["stc_v1", "row_check_v1"],
];

/// Keys that may be there, with a value that could stand there.
fn optional() -> Vec<(&'static str, Value)> {
    let digest = || Value::Bytes(Digest::of_content(b"optional").as_bytes().to_vec());
    let text = |text: &str| Value::Text(text.to_owned());
    let record = |entries: Vec<(&str, Value)>| {
        Value::map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    vec![
        ("da_challenge_hash", digest()),
        ("header.prev_capsule_hash", digest()),
        ("header.da_policy_hash", digest()),
        (
            "header.policy_ref",
            record(vec![
                ("policy_id", text("p")),
                ("policy_version", text("1")),
                ("policy_hash", digest()),
                ("track_id", text("t")),
            ]),
        ),
        (
            "header.anchor",
            record(vec![
                ("events_log_hash", digest()),
                ("events_log_len", Value::Uint(1)),
                ("event_chain_head", digest()),
            ]),
        ),
        ("payload.claim.exit", record(vec![("code", Value::Uint(0))])),
        ("payload.claim.exit.code", Value::Uint(0)),
        ("payload.claim.exit.signal", Value::Uint(9)),
        ("payload.claim.environment.variables.0.value", text("1")),
        (
            "payload.proof",
            record(vec![
                ("system", text("geom_v1")),
                ("format", text("winterfell_0_13_stc_v1")),
                ("parameter_set", text("stark-100")),
                ("digest", digest()),
                ("size", Value::Uint(0)),
            ]),
        ),
        (
            "payload.run",
            record(vec![
                ("command", Value::Array(vec![text("true")])),
                ("directory", text("/")),
                ("started_at_ms", Value::Uint(0)),
                ("duration_ms", Value::Uint(0)),
                ("capture", text("observed")),
            ]),
        ),
        ("payload.row_index_ref.pointer", digest()),
        ("payload.row_index_ref.sketch", digest()),
        ("payload.statement.policy_hash", digest()),
        ("payload.statement.anchors.0.track_id", text("t")),
    ]
}

/// The path with `*` for each index.
pub fn pattern(path: &str) -> String {
    let steps = path.split('.').map(|step| if step.parse::<usize>().is_ok() { "*" } else { step });
    steps.collect::<Vec<_>>().join(".")
}
