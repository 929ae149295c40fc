//! The verdict (spec: `docs/spec/verdict.md`): what was asked, what was checked, and what came of it.
//!
//! The same bytes and options give the same verdict everywhere, to the last key of its JSON. Every check is listed, in one
//! order, those that were not done included: an accepted receipt never hides a skipped step.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use serde::{Serialize, Serializer};

use crate::{
    backend::ClaimClass,
    capsule::Capsule,
    caveats,
    digest::Digest,
    policy::{Assurance, PolicyReport},
    reason::{ExitCode, ReasonCode},
    refusal::Refusal,
    signature::Purpose,
};

/// The schema of this version's verdicts.
pub const SCHEMA: &str = "capseal/verdict/v1";

/// How far a verifier wants to go. It is asked for by the verifier, never taken from the capsule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Everything in the receipt belongs together, and the proof, if the backend makes one, holds.
    #[default]
    ProofOnly,
    /// And it was sealed by someone trusted, under rules that hold.
    PolicyEnforced,
    /// And its archive can be had.
    Full,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: &'static [Self] = &[Self::ProofOnly, Self::PolicyEnforced, Self::Full];

    /// The level's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProofOnly => "proof-only",
            Self::PolicyEnforced => "policy-enforced",
            Self::Full => "full",
        }
    }

    /// Finds a level by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.name() == name)
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What a receipt has come to, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Not accepted at the level asked for.
    Rejected,
    /// Accepted at `proof-only`.
    ProofOnly,
    /// Signed by those whom the verifier trusts, and the rules hold; that they are the right rules, the receipt alone says.
    PolicySelfReported,
    /// And the rules are those that the verifier pinned.
    PolicyEnforced,
    /// And the archive can be had.
    FullyVerified,
}

impl Status {
    /// Every status, the least first.
    pub const ALL: &'static [Self] =
        &[Self::Rejected, Self::ProofOnly, Self::PolicySelfReported, Self::PolicyEnforced, Self::FullyVerified];

    /// Finds a status by its name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.name() == name)
    }

    /// What a policy's assurance comes to.
    pub const fn of_policy(assurance: Assurance) -> Self {
        match assurance {
            Assurance::SelfReported => Self::PolicySelfReported,
            Assurance::Attested => Self::PolicyEnforced,
        }
    }

    /// The status's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rejected => "REJECTED",
            Self::ProofOnly => "PROOF_ONLY",
            Self::PolicySelfReported => "POLICY_SELF_REPORTED",
            Self::PolicyEnforced => "POLICY_ENFORCED",
            Self::FullyVerified => "FULLY_VERIFIED",
        }
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The checks, in the order in which they are done and listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckId {
    /// The file is a canonical container.
    Container,
    /// The capsule decodes.
    Capsule,
    /// Payload, header and capsule hash to what they state.
    Hashes,
    /// Trace spec, statement and claim say the same.
    Statement,
    /// The instance hash is that of the statement and its parameters.
    Instance,
    /// The proof holds.
    Proof,
    /// The artifacts are those that were committed to.
    Archive,
    /// The event log is the one committed to, and agrees with the claim.
    EventLog,
    /// Who sealed it.
    Authorship,
    /// Manifests and policy.
    Policy,
    /// The archive can be had.
    Availability,
}

impl CheckId {
    /// Every check, in order.
    pub const ALL: [Self; 11] = [
        Self::Container,
        Self::Capsule,
        Self::Hashes,
        Self::Statement,
        Self::Instance,
        Self::Proof,
        Self::Archive,
        Self::EventLog,
        Self::Authorship,
        Self::Policy,
        Self::Availability,
    ];

    /// The check's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Capsule => "capsule",
            Self::Hashes => "hashes",
            Self::Statement => "statement",
            Self::Instance => "instance",
            Self::Proof => "proof",
            Self::Archive => "archive",
            Self::EventLog => "event_log",
            Self::Authorship => "authorship",
            Self::Policy => "policy",
            Self::Availability => "availability",
        }
    }
}

impl Serialize for CheckId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done and holds.
    Passed,
    /// It was done and does not hold.
    Failed,
    /// It was not done; the detail says why.
    Skipped,
}

/// One line of a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which check.
    pub id: CheckId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub code: Option<ReasonCode>,
    /// A sentence; its text may change, the code may not.
    pub detail: String,
}

/// A key that signed, and may do so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// Identity of the key.
    pub key_id: Digest,
    /// What the verifier's trust file calls it.
    pub name: String,
    /// What it signed.
    pub purpose: Purpose,
}

/// What a verifier concludes about some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The conclusion.
    pub status: Status,
    /// What stands behind the claim; absent when the receipt was refused.
    pub claim_class: Option<ClaimClass>,
    /// The level that was asked for.
    pub level: Level,
    /// The code of the first check that failed.
    pub reason: Option<ReasonCode>,
    /// What a command exits with.
    pub exit_code: u8,
    /// Identity of the capsule; absent until its hashes were checked.
    pub capsule_hash: Option<Digest>,
    /// The backend; absent until the capsule was decoded.
    pub backend: Option<String>,
    /// Proven bits of security of the proof that was checked.
    pub security_bits: Option<u32>,
    /// Every check.
    pub checks: Vec<Check>,
    /// What an accepted receipt does not show.
    pub not_proven: Vec<String>,
    /// Who signed, of those that may; there when the level asks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Signer>,
    /// What came of the policy; there when its rules were evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyReport>,
    /// How the archive could be had; there when the last check passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
}

/// How an archive could be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Availability {
    /// Every byte of it travels in the receipt, and was checked.
    Complete,
    /// Rows that the verifier chose could be had when it asked for them.
    Live {
        /// When, as the verifier says: milliseconds since the Unix epoch.
        at: Option<u64>,
        /// Rows that were asked for, each once.
        samples: u32,
        /// Rows of the code.
        rows: u64,
        /// Systematic rows as a part of them: 2 says a half, 4 a quarter.
        inverse_rate: u32,
        /// Proven bits: a provider that cannot answer for enough rows passes with a probability of at most 2^-bits.
        bits: u32,
    },
    /// Enough of those whom the verifier trusts say that rows which they chose could be had when they asked for them.
    Attested {
        /// When the first of them had its last row: milliseconds since the Unix epoch.
        at: u64,
        /// Rows that the least thorough of them asked for.
        samples: u32,
        /// Rows of the code.
        rows: u64,
        /// Systematic rows as a part of them.
        inverse_rate: u32,
        /// Proven bits of that many rows.
        bits: u32,
        /// Who says so.
        by: Vec<Signer>,
    },
    /// Rows that a relay's challenge called for once the receipt was committed could be had. They are the same for everybody, and known
    /// since then: it shows that the archive was there when it was committed, and not that more than these rows can be had now.
    Archival {
        /// When the relay logged the commit: milliseconds since the Unix epoch.
        committed_at: u64,
        /// When the answers were judged, as the verifier says.
        at: u64,
        /// Rows that were asked for, each once.
        samples: u32,
        /// Rows of the code.
        rows: u64,
        /// Systematic rows as a part of them.
        inverse_rate: u32,
        /// Proven bits of that many rows.
        bits: u32,
        /// The relay.
        by: Vec<Signer>,
    },
}

impl Verdict {
    /// Whether the receipt is accepted at the level that was asked for.
    pub fn is_accepted(&self) -> bool {
        self.status != Status::Rejected
    }

    /// Why the receipt was refused.
    pub fn refusal(&self) -> Option<Refusal> {
        self.checks.iter().find_map(|check| {
            let code = check.code?;
            Some(Refusal { code, detail: check.detail.clone() })
        })
    }

    /// The verdict as compact JSON, keys in declaration order.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A verdict in the making.
#[derive(Debug)]
pub(crate) struct Report {
    level: Level,
    checks: Vec<Check>,
    pub(crate) claim_class: Option<ClaimClass>,
    pub(crate) capsule_hash: Option<Digest>,
    pub(crate) backend: Option<String>,
    pub(crate) security_bits: Option<u32>,
    pub(crate) signers: Vec<Signer>,
    pub(crate) policy: Option<PolicyReport>,
    pub(crate) availability: Option<Availability>,
}

impl Report {
    pub(crate) fn new(level: Level) -> Self {
        Self {
            level,
            checks: Vec::new(),
            claim_class: None,
            capsule_hash: None,
            backend: None,
            security_bits: None,
            signers: Vec::new(),
            policy: None,
            availability: None,
        }
    }

    /// Records a check that was done: its detail and what it found, or its refusal.
    pub(crate) fn check<T>(&mut self, id: CheckId, found: Result<(T, String), Refusal>) -> Result<T, Refusal> {
        match found {
            Ok((value, detail)) => {
                self.checks.push(Check { id, outcome: Outcome::Passed, code: None, detail });
                Ok(value)
            }
            Err(refusal) => {
                let Refusal { code, detail } = refusal.clone();
                self.checks.push(Check { id, outcome: Outcome::Failed, code: Some(code), detail });
                Err(refusal)
            }
        }
    }

    /// Records a check that finds out something, but not what its name asks: skipped, unless it fails.
    pub(crate) fn glance<T>(&mut self, id: CheckId, found: Result<(T, String), Refusal>) -> Result<T, Refusal> {
        let value = self.check(id, found)?;
        if let Some(check) = self.checks.last_mut() {
            check.outcome = Outcome::Skipped;
        }
        Ok(value)
    }

    /// Records a check that was not done, and why.
    pub(crate) fn skip(&mut self, id: CheckId, why: &str) {
        self.checks.push(Check { id, outcome: Outcome::Skipped, code: None, detail: why.to_owned() });
    }

    /// Ends with an accepted receipt.
    pub(crate) fn accept(self, capsule: &Capsule, status: Status) -> Verdict {
        let not_proven = caveats::of(capsule, self.policy.as_ref().map(|policy| policy.assurance));
        self.finish(status, None, not_proven)
    }

    /// Ends with a refusal: the checks after the failed one are listed as not reached, and nothing is claimed.
    pub(crate) fn reject(mut self, refusal: &Refusal) -> Verdict {
        for id in CheckId::ALL.into_iter().skip(self.checks.len()) {
            self.skip(id, "not reached");
        }
        self.claim_class = None;
        self.security_bits = None;
        self.signers.clear();
        self.finish(Status::Rejected, Some(refusal.code), Vec::new())
    }

    fn finish(self, status: Status, reason: Option<ReasonCode>, not_proven: Vec<String>) -> Verdict {
        Verdict {
            schema: SCHEMA,
            status,
            claim_class: self.claim_class,
            level: self.level,
            reason,
            exit_code: reason.map_or(ExitCode::Verified, ReasonCode::exit_code).number(),
            capsule_hash: self.capsule_hash,
            backend: self.backend,
            security_bits: self.security_bits,
            checks: self.checks,
            not_proven,
            signers: self.signers,
            policy: self.policy,
            availability: self.availability,
        }
    }
}
