//! What a verifier asks for.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer};

use crate::{digest::Digest, limits::Limits, verdict::Level};

/// What a verifier asks for. As JSON: `{"level": "proof-only", "expected_capsule_hash": "<64 hex digits>"}`, both optional;
/// an unknown key is an error, so that a misspelt demand is never ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyOptions {
    /// The level to reach.
    #[serde(deserialize_with = "level")]
    pub level: Level,
    /// The identity that the receipt must have; how a receipt is pinned that nobody signed.
    #[serde(deserialize_with = "digest")]
    pub expected_capsule_hash: Option<Digest>,
    /// What the verifier is willing to read; not part of the JSON.
    #[serde(skip)]
    pub limits: Limits,
}

impl VerifyOptions {
    /// Reads options from JSON.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(json: &str) -> Result<Self, OptionsError> {
        serde_json::from_str(json).map_err(|error| OptionsError(alloc::format!("{error}")))
    }
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
    let name = String::deserialize(deserializer)?;
    Level::from_name(&name).ok_or_else(|| {
        serde::de::Error::custom(format_args!("level {name:?} is not one of proof-only, policy-enforced, full"))
    })
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Digest>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let wrong = || serde::de::Error::custom("expected_capsule_hash is not 64 lower-case hexadecimal digits");
    Digest::from_hex(&text).map(Some).ok_or_else(wrong)
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
