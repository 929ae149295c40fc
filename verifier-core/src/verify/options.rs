//! What a verifier asks for.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer};

use crate::{
    digest::Digest,
    limits::Limits,
    policy::Inclusion,
    trust::Trust,
    verdict::{Level, Status},
};

/// What a verifier asks for. As JSON an object with these keys (`docs/spec/verdict.md`), all optional; an unknown key is an
/// error, so that a misspelt demand is never ignored. Trust file and policy stand in it as the texts that they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyOptions {
    /// The level to reach.
    #[serde(deserialize_with = "level")]
    pub level: Level,
    /// The identity that the receipt must have; how a receipt is pinned that nobody signed.
    #[serde(deserialize_with = "digest")]
    pub expected_capsule_hash: Option<Digest>,
    /// Whom to trust for what; without it no level above `proof-only` is reached.
    #[serde(deserialize_with = "trust")]
    pub trust: Option<Trust>,
    /// The text of the policy document that must apply.
    pub policy: Option<String>,
    /// Shows that the policy is in the registry of policies that the trust file pins.
    pub policy_inclusion: Option<Inclusion>,
    /// The moment at which keys and ages are judged: milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// The least status to accept.
    #[serde(deserialize_with = "status")]
    pub require_status: Option<Status>,
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

fn trust<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Trust>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    Trust::from_toml(&text).map(Some).map_err(serde::de::Error::custom)
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
    let Some(name) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let status = Status::from_name(&name).filter(|status| *status != Status::Rejected);
    status.map(Some).ok_or_else(|| serde::de::Error::custom(format_args!("require_status {name:?} is no status")))
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
