//! Policies (spec: `docs/spec/policy.md`): versioned documents whose rules a receipt must satisfy.
//!
//! A document is JSON and is pinned by the hash of its bytes. It has tracks; a receipt names one, and the rules of that track
//! are evaluated, all of them, in one order. Evaluation is total: each rule looks at the receipt once and answers pass, fail or
//! not applicable, with what it saw. A rule that needs a fact that the receipt does not state fails. What a rule passes is as
//! good as the facts it looked at, which are the maker's and the manifests' signer's.

mod document;
mod evaluate;
mod inclusion;
mod rule;

use alloc::{string::String, vec::Vec};

use serde::{Serialize, Serializer};

pub use document::{Policy, PolicyError, SCHEMA, Track};
pub use evaluate::{Facts, Manifests, evaluate, passed_obligations};
pub use inclusion::{INCLUSION_SCHEMA, Inclusion, registry_tree};
pub use rule::Rule;

use crate::{
    digest::{Digest, Tag},
    reason::ReasonCode,
};

/// What pins a policy: the hash of its document's bytes.
pub fn document_hash(document: &[u8]) -> Digest {
    Tag::POLICY.digest(&[document])
}

/// How a rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleOutcome {
    /// It holds.
    Pass,
    /// It does not hold, or the receipt does not state what it asks about.
    Fail,
    /// It asks about something that runs of this backend do not have.
    NotApplicable,
}

/// One rule's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleAnswer {
    /// The rule's name.
    pub rule: &'static str,
    /// How it ended.
    pub outcome: RuleOutcome,
    /// Why it failed.
    pub code: Option<ReasonCode>,
    /// The value that it saw.
    pub seen: String,
}

/// Who says that the rules are the right ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assurance {
    /// The receipt alone names them.
    SelfReported,
    /// The verifier pinned the document, or a registry that contains it.
    Attested,
}

impl Assurance {
    /// The assurance's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SelfReported => "SELF_REPORTED",
            Self::Attested => "ATTESTED",
        }
    }
}

impl Serialize for Assurance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What came of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyReport {
    /// The policy's name.
    pub policy_id: String,
    /// Its version.
    pub policy_version: String,
    /// Hash of its document.
    pub policy_hash: Digest,
    /// The track that applies.
    pub track_id: String,
    /// Who says that it is the right policy.
    pub assurance: Assurance,
    /// Every rule's answer.
    pub rules: Vec<RuleAnswer>,
}

#[cfg(test)]
mod tests;
