//! The verdict (spec: `docs/spec/verdict.md`): what was asked, what was checked, and what came of it.
//!
//! The same bytes and options give the same verdict everywhere, to the last key of its JSON. Every check is listed, in one
//! order, those that were not done included: an accepted receipt never hides a skipped step.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use serde::{Serialize, Serializer};

use crate::{
    availability::Availability,
    backend::{Backend, ClaimClass},
    capsule::Capsule,
    caveats::{self, Known},
    digest::Digest,
    headline::{self, Conclusion},
    policy::{Assurance, PolicyReport},
    reason::{ExitCode, ReasonCode},
    refusal::Refusal,
    run::RunReport,
    sentence,
    trust::Signer,
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
    /// And its archive is available.
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
    /// Accepted at `proof-only`: nothing in it was exchanged, and the proof, where there is one, holds.
    ProofOnly,
    /// Signed by those whom the verifier trusts, and the rules hold; that they are the right rules, the receipt alone says.
    PolicySelfReported,
    /// And the rules are those that the verifier pinned.
    PolicyEnforced,
    /// And the archive is available. It says no more of the run than the claim class does.
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
    /// The archive is available.
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

/// What a verifier concludes about some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What the receipt reaches of what can be asked for.
    pub status: Status,
    /// The conclusion in one word, which decides its colour.
    pub conclusion: Conclusion,
    /// The conclusion in sentences; the reason's meaning when the receipt was refused.
    pub headline: String,
    /// What stands behind the claim; absent when the receipt was refused.
    pub claim_class: Option<ClaimClass>,
    /// The level that was asked for.
    pub level: Level,
    /// The code of the first check that failed.
    pub reason: Option<ReasonCode>,
    /// What a verifying command ends with. It says nothing of how the program ended: [`Verdict::run`] does.
    pub verifier_exit_status: u8,
    /// Identity of the capsule; absent until its hashes were checked.
    pub capsule_hash: Option<Digest>,
    /// The backend; absent until the capsule was decoded.
    pub backend: Option<String>,
    /// Bits of security of the proof that was checked, proven for SHA-256 as a random oracle.
    pub security_bits: Option<u32>,
    /// What was run and how it ended; absent when the receipt was refused, and for backends that run no program of the user's.
    pub run: Option<RunReport>,
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
    /// How the archive was found to be available; there when the last check passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub availability: Option<Availability>,
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
    pub(crate) run: Option<RunReport>,
    /// Whether an author has signed, trusted or not.
    pub(crate) signed: bool,
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
            run: None,
            signed: false,
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
    pub(crate) fn skip(&mut self, id: CheckId, why: String) {
        self.checks.push(Check { id, outcome: Outcome::Skipped, code: None, detail: why });
    }

    /// Ends with an accepted receipt.
    pub(crate) fn accept(self, capsule: &Capsule, backend: Backend, status: Status) -> Verdict {
        let (run, availability) = (self.run.as_ref(), self.availability.as_ref());
        let policy = self.policy.as_ref().map(|policy| policy.assurance);
        let not_proven = caveats::of(&Known { capsule, run, signed: self.signed, policy, availability });
        let said = (Conclusion::of(backend, run), headline::of(backend, run, policy, availability));
        self.finish(status, None, said, not_proven)
    }

    /// Ends with a refusal: the checks after the failed one are listed as not reached, and nothing is claimed.
    pub(crate) fn reject(mut self, refusal: &Refusal) -> Verdict {
        for id in CheckId::ALL.into_iter().skip(self.checks.len()) {
            self.skip(id, sentence::not_reached());
        }
        self.claim_class = None;
        self.security_bits = None;
        self.run = None;
        self.signers.clear();
        let said = (Conclusion::Refused, refusal.code.meaning().to_owned());
        self.finish(Status::Rejected, Some(refusal.code), said, Vec::new())
    }

    fn finish(
        self,
        status: Status,
        reason: Option<ReasonCode>,
        (conclusion, headline): (Conclusion, String),
        not_proven: Vec<String>,
    ) -> Verdict {
        Verdict {
            schema: SCHEMA,
            status,
            conclusion,
            headline,
            claim_class: self.claim_class,
            level: self.level,
            reason,
            verifier_exit_status: reason.map_or(ExitCode::Verified, ReasonCode::exit_code).number(),
            capsule_hash: self.capsule_hash,
            backend: self.backend,
            security_bits: self.security_bits,
            run: self.run,
            checks: self.checks,
            not_proven,
            signers: self.signers,
            policy: self.policy,
            availability: self.availability,
        }
    }
}
