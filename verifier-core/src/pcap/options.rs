//! What is asked of a log or of a proof about one.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    checkpoint::{Checkpoint, CheckpointError},
    note::{KeyType, NoteError, NoteKey},
    obligation::{Level, Requirement},
    report::Anchoring,
    witness::{Witnessed, Witnesses},
};
use crate::{digest::Digest, reason::ReasonCode, refusal::Refusal};

/// What is asked. As JSON: `{"level": "S0", "checkpoint": "<note>", "keys": ["name+id+base64"], "witnesses": ["name+id+base64"], "quorum": 1,
/// "require": [{"policy_id": …, "invariant_id": …, "level": …, "subject": …}], "sealed": false}`, all optional; an unknown key is an error, so
/// that a misspelt demand is never ignored.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How far to check.
    pub level: Level,
    /// A checkpoint from outside the log's file.
    pub checkpoint: Option<Checkpoint>,
    /// Keys whose checkpoints count.
    pub trusted: Vec<NoteKey>,
    /// Who must have cosigned the checkpoint.
    pub witnesses: Witnesses,
    /// What must have been checked.
    pub requirements: Vec<Requirement>,
    /// Whether the log must be closed.
    pub sealed: bool,
}

impl Options {
    /// Reads options from JSON.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(json: &str) -> Result<Self, OptionsError> {
        let wrong = |error: &dyn fmt::Display| OptionsError(error.to_string());
        let asked: Asked = serde_json::from_slice(json.as_bytes()).map_err(|error| wrong(&error))?;
        let Asked { level, checkpoint, keys: trusted, witnesses, quorum, require: requirements, sealed } = asked;
        if trusted.iter().any(|key| key.kind() != KeyType::Signer) {
            return Err(wrong(&NoteError::Key));
        }
        // A number that is too large for the platform is larger than there are witnesses, too.
        let quorum = quorum.map(|quorum| usize::try_from(quorum).unwrap_or(usize::MAX));
        let witnesses = Witnesses::new(witnesses, quorum).map_err(|error| wrong(&error))?;
        Ok(Self { level, checkpoint, trusted, witnesses, requirements, sealed })
    }

    /// How firmly the checkpoint stands, and who has seen it.
    ///
    /// # Errors
    /// When a signature does not verify, no trusted key signed, or too few witnesses cosigned.
    pub(super) fn vouched(&self) -> Result<(Anchoring, Vec<Witnessed>), Refusal> {
        let Some(checkpoint) = &self.checkpoint else {
            if self.witnesses.is_empty() {
                return Ok((Anchoring::Unanchored, Vec::new()));
            }
            let detail = "witnesses cosign checkpoints, and there is none";
            return Err(Refusal::new(ReasonCode::VerificationProfileUnsatisfied, detail));
        };
        let refused = |error: CheckpointError| Refusal::new(error.code(), error);
        let anchoring = if self.trusted.is_empty() {
            Anchoring::Held
        } else {
            checkpoint.verify(&self.trusted).map_err(refused)?;
            Anchoring::Anchored
        };
        Ok((anchoring, self.witnesses.check(checkpoint, &self.trusted).map_err(refused)?))
    }
}

/// Options as JSON has them.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    #[serde(deserialize_with = "level")]
    level: Level,
    #[serde(deserialize_with = "checkpoint")]
    checkpoint: Option<Checkpoint>,
    #[serde(deserialize_with = "keys")]
    keys: Vec<NoteKey>,
    #[serde(deserialize_with = "keys")]
    witnesses: Vec<NoteKey>,
    quorum: Option<u64>,
    #[serde(deserialize_with = "requirements")]
    require: Vec<Requirement>,
    sealed: bool,
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
    let name = String::deserialize(deserializer)?;
    Level::from_name(&name).ok_or_else(|| D::Error::custom(format_args!("level {name:?} is not one of S0, S1, S2")))
}

fn checkpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Checkpoint>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    Checkpoint::parse(text.as_bytes()).map(Some).map_err(D::Error::custom)
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<NoteKey>, D::Error> {
    let keys = Vec::<String>::deserialize(deserializer)?;
    keys.iter().map(|key| NoteKey::from_text(key).map_err(D::Error::custom)).collect()
}

/// A requirement as JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Required {
    policy_id: String,
    invariant_id: String,
    #[serde(default, deserialize_with = "level")]
    level: Level,
    #[serde(default)]
    subject: Option<String>,
}

fn requirements<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Requirement>, D::Error> {
    let requirement = |Required { policy_id, invariant_id, level, subject }: Required| {
        let wrong = || D::Error::custom("subject is not 64 lower-case hexadecimal digits");
        let subject = subject.map(|text| Digest::from_hex(&text).ok_or_else(wrong)).transpose()?;
        Ok(Requirement { policy_id, invariant_id, level, subject })
    };
    Vec::<Required>::deserialize(deserializer)?.into_iter().map(requirement).collect()
}

/// Options that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError(String);

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the options cannot be read: {}", self.0)
    }
}

impl core::error::Error for OptionsError {}
