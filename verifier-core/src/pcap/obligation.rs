//! Obligations (spec: `docs/spec/pcap-obligations.md`): what had to be checked, and whether it was.
//!
//! A line of type `obligation` records the outcome of one check of one subject. The verdict is a function of the lines, the
//! requirements and what the proof references resolve to. A subject that failed once stays failed; nothing recorded is never a pass.
//! It does not show that a check means what its name says.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};
use core::fmt;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    digest::Digest,
    document::{DocumentError, Fields, Place},
    reason::ReasonCode,
};

/// The type of a line that records an obligation.
pub const OBLIGATION: &str = "obligation";
/// Bytes of an identifier or a proof reference at most.
pub const MAX_TEXT: usize = 256;
/// Records that a ledger keeps at most.
pub const MAX_RECORDS: usize = 100_000;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// The word.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// By its word.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

mod evidence;
mod ledger;

pub use evidence::{Evidence, Strength};
pub use ledger::{Answer, Judged, Judgement, Ledger, Resolver, Why};

words! {
    /// How far a log is checked; each level includes the ones before.
    Level {
        /// Form, chain, closing, schema of obligations.
        S0 "S0",
        /// And a checkpoint by a trusted key, and proof references that resolve.
        S1 "S1",
        /// And proofs that verify, and are about what was checked.
        S2 "S2",
    }
}

words! {
    /// The outcome of a check.
    Outcome {
        /// It holds.
        Verified "verified",
        /// It does not hold.
        Failed "failed",
        /// It could not be carried out.
        Error "error",
        /// It was not carried out.
        Skipped "skipped",
    }
}

impl Level {
    pub(crate) fn read(place: Place) -> Result<Self, DocumentError> {
        place.parsed("S0, S1 or S2", Self::from_name)
    }
}

impl Default for Level {
    /// The lowest: what more is wanted must be asked for.
    fn default() -> Self {
        Self::S0
    }
}

/// What stands behind an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofRef {
    /// `sha256:<hex>`: a content, such as a receipt.
    Content(Digest),
    /// `log:<log id>#<seq>`: a line of a log.
    Line {
        /// The log.
        log_id: Digest,
        /// Index of the line.
        seq: u64,
    },
    /// `psp:<name>`: a proof kept elsewhere, which nothing here resolves.
    Elsewhere(String),
}

impl ProofRef {
    /// Reads a reference; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let proof_ref = match scheme {
            "sha256" => Self::Content(Digest::from_hex(rest)?),
            "log" => {
                let (log_id, seq) = rest.split_once('#')?;
                Self::Line { log_id: Digest::from_hex(log_id)?, seq: seq.parse().ok()? }
            }
            "psp" if !rest.is_empty() => Self::Elsewhere(rest.to_owned()),
            _ => return None,
        };
        (proof_ref.to_string() == text).then_some(proof_ref)
    }
}

impl fmt::Display for ProofRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(digest) => write!(f, "sha256:{digest}"),
            Self::Line { log_id, seq } => write!(f, "log:{log_id}#{seq}"),
            Self::Elsewhere(name) => write!(f, "psp:{name}"),
        }
    }
}

/// The four fields of an obligation: exactly these, each a text of 1 to [`MAX_TEXT`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// The policy that asks for the check.
    pub policy_id: String,
    /// What is checked.
    pub invariant_id: String,
    /// How it came out.
    pub result: Outcome,
    /// What stands behind that.
    pub proof_ref: ProofRef,
}

impl Obligation {
    /// Reads an obligation.
    ///
    /// # Errors
    /// [`ObligationError::Malformed`] when a field is missing, unknown, empty, or no text.
    pub fn from_fields(fields: &Map<String, Value>) -> Result<Self, ObligationError> {
        let text =
            |name| fields.get(name).and_then(Value::as_str).filter(|text: &&str| (1..=MAX_TEXT).contains(&text.len()));
        let read = || {
            Some(Self {
                policy_id: text("policy_id")?.to_owned(),
                invariant_id: text("invariant_id")?.to_owned(),
                result: Outcome::from_name(text("result")?)?,
                proof_ref: ProofRef::parse(text("proof_ref")?)?,
            })
        };
        read().filter(|_| fields.len() == 4).ok_or(ObligationError::Malformed)
    }

    /// As the fields of a line.
    pub fn fields(&self) -> Map<String, Value> {
        let fields: [(&str, String); 4] = [
            ("policy_id", self.policy_id.clone()),
            ("invariant_id", self.invariant_id.clone()),
            ("result", self.result.name().to_owned()),
            ("proof_ref", self.proof_ref.to_string()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
    }
}

/// An obligation as a line records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The obligation.
    pub obligation: Obligation,
    /// What was checked: the digest of a content.
    pub subject: Digest,
    /// The level at which it was checked.
    pub level: Level,
}

impl Record {
    /// Reads a line of type `obligation`.
    ///
    /// # Errors
    /// [`ObligationError::Malformed`] when a field is missing, unknown, or not of its form.
    pub fn from_event(event: &Map<String, Value>) -> Result<Self, ObligationError> {
        let text = |name| event.get(name).and_then(Value::as_str);
        let known = event.iter().all(|(name, value)| match name.as_str() {
            "seq" | "prev" | "time" | "type" | "obligation" | "subject" | "level" => true,
            "checker" | "checker_version" | "evidence" => value.is_string(),
            _ => false,
        });
        let fields = event.get("obligation").and_then(Value::as_object).filter(|_| known);
        let obligation = Obligation::from_fields(fields.ok_or(ObligationError::Malformed)?)?;
        let subject = text("subject").and_then(Digest::from_hex).ok_or(ObligationError::Malformed)?;
        let level = text("level").and_then(Level::from_name).ok_or(ObligationError::Malformed)?;
        Ok(Self { obligation, subject, level })
    }

    /// As the fields of a line.
    pub fn fields(&self) -> Map<String, Value> {
        let fields: [(&str, Value); 3] = [
            ("obligation", Value::Object(self.obligation.fields())),
            ("subject", self.subject.to_string().into()),
            ("level", self.level.name().into()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Something that a policy requires to have been checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// The policy.
    pub policy_id: String,
    /// What is to be checked.
    pub invariant_id: String,
    /// The level at least.
    pub level: Level,
    /// The subject; without it, the one that was recorded last.
    pub subject: Option<Digest>,
}

/// A proof reference where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Citation<'a> {
    /// The reference.
    pub proof_ref: &'a ProofRef,
    /// What the proof has to be about.
    pub subject: &'a Digest,
    /// The line that it stands in.
    pub line: u64,
}

impl Requirement {
    pub(crate) fn read(place: Place) -> Result<Self, DocumentError> {
        let mut fields = Fields::open(place)?;
        let requirement = Self {
            policy_id: fields.required("policy_id")?.name()?,
            invariant_id: fields.required("invariant_id")?.name()?,
            level: fields.optional("level").map(Level::read).transpose()?.unwrap_or_default(),
            subject: fields.optional("subject").map(Place::digest).transpose()?,
        };
        fields.finish()?;
        Ok(requirement)
    }
}

/// What a proof reference comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The proof is not at hand.
    Missing,
    /// The proof is at hand; it was not asked whether it verifies, or it is of no kind that can be verified.
    Present,
    /// The proof verifies, and is about the subject.
    Verified,
    /// The proof verifies, and is about something else.
    Foreign,
    /// The proof is at hand and does not verify.
    Refused,
}

/// Refusal of an obligation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObligationError {
    /// Not of the schema.
    Malformed,
    /// More than a verifier keeps.
    TooMany,
}

impl ObligationError {
    /// The reason code.
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::Malformed => ReasonCode::ObligationMalformed,
            Self::TooMany => ReasonCode::LimitExceeded,
        }
    }
}

impl fmt::Display for ObligationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "an obligation is not of its schema",
            Self::TooMany => "the log has more obligations than are kept",
        })
    }
}

impl core::error::Error for ObligationError {}
