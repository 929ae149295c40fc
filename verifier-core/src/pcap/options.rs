//! What is asked of a log or of a proof about one.

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    checkpoint::Checkpoint,
    note::NoteKey,
    obligation::{Level, Requirement},
};
use crate::digest::Digest;

/// What is asked. As JSON: `{"level": "S0", "checkpoint": "<note>", "keys": ["name+id+base64"], "require": [{"policy_id": …,
/// "invariant_id": …, "level": …, "subject": …}], "sealed": false}`, all optional; an unknown key is an error, so that a misspelt demand
/// is never ignored.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// How far to check.
    #[serde(deserialize_with = "level")]
    pub level: Level,
    /// A checkpoint from outside the log's file.
    #[serde(deserialize_with = "checkpoint")]
    pub checkpoint: Option<Checkpoint>,
    /// Keys whose checkpoints count.
    #[serde(rename = "keys", deserialize_with = "keys")]
    pub trusted: Vec<NoteKey>,
    /// What must have been checked.
    #[serde(rename = "require", deserialize_with = "requirements")]
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
        serde_json::from_slice(json.as_bytes()).map_err(|error| OptionsError(alloc::format!("{error}")))
    }
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
