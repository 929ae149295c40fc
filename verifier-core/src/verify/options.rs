//! What a verifier asks for.

use alloc::{string::String, vec::Vec};
use core::{fmt, num::NonZeroU32};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Deserializer};

use crate::{
    digest::Digest,
    limits::Limits,
    policy::Inclusion,
    sampling::{MAX_BITS, Nonce},
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
    /// What came of sampling the rows of an archive that lies elsewhere.
    pub samples: Option<Samples>,
    /// A relay's challenge, and what came of it.
    pub challenge: Option<Challenged>,
    /// What others say who sampled.
    pub attestations: Option<Attestations>,
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
        serde_json::from_slice(json.as_bytes()).map_err(|error| OptionsError(alloc::format!("{error}")))
    }

    /// Whether something was given that shows whether the archive can be had.
    pub(super) const fn shows_availability(&self) -> bool {
        self.samples.is_some() || self.challenge.is_some() || self.attestations.is_some()
    }
}

/// Rows that a verifier has asked for. As JSON an object with the keys `nonce` (hexadecimal), `bits` and `answers` (base64, or null for an
/// answer that could not be had).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// What the positions were drawn with.
    #[serde(deserialize_with = "nonce")]
    pub nonce: Nonce,
    /// Bits that the samples have to show; they set how many there are.
    #[serde(default = "default_bits", deserialize_with = "bits")]
    pub bits: u32,
    /// An answer for each position, in their order.
    #[serde(deserialize_with = "answers")]
    pub answers: Vec<Option<Vec<u8>>>,
}

impl Samples {
    /// Bits that are asked for when nothing else is said.
    pub const DEFAULT_BITS: u32 = 80;
}

/// A relay's challenge and the rows that it calls for. As JSON an object with the keys `commit` and `challenge` (the relay's messages in
/// base64, or null for one that could not be had), `bits` and `answers`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenged {
    /// The relay's receipt of the commit.
    #[serde(deserialize_with = "message")]
    pub commit: Option<Vec<u8>>,
    /// The relay's challenge.
    #[serde(deserialize_with = "message")]
    pub challenge: Option<Vec<u8>>,
    /// The fewest bits that a challenge may ask for.
    #[serde(default = "default_bits", deserialize_with = "bits")]
    pub bits: u32,
    /// An answer for each position, in their order.
    #[serde(deserialize_with = "answers")]
    pub answers: Vec<Option<Vec<u8>>>,
}

/// Attestations, and how many have to be good. As JSON an object with the keys `threshold`, `bits`, `max_age_ms` and `given` (messages in
/// base64).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestations {
    /// How many trusted keys have to attest.
    #[serde(default = "one")]
    pub threshold: NonZeroU32,
    /// The fewest bits that each has to have sampled.
    #[serde(default = "default_bits", deserialize_with = "bits")]
    pub bits: u32,
    /// How old they may be at the verifier's time; any age when it is not said.
    #[serde(default)]
    pub max_age_ms: Option<u64>,
    /// The messages.
    #[serde(deserialize_with = "messages")]
    pub given: Vec<Vec<u8>>,
}

const fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn read_message<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    BASE64.decode(text).map_err(|_| E::custom("a message is not base64"))
}

fn message<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    Option::<String>::deserialize(deserializer)?.as_deref().map(read_message).transpose()
}

fn messages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| read_message(text)).collect()
}

const fn default_bits() -> u32 {
    Samples::DEFAULT_BITS
}

fn nonce<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nonce, D::Error> {
    let wrong = || serde::de::Error::custom("the nonce is not 64 lower-case hexadecimal digits");
    Digest::from_hex(&String::deserialize(deserializer)?).ok_or_else(wrong)
}

fn bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let bits = u32::deserialize(deserializer)?;
    let wrong = || serde::de::Error::custom(format_args!("bits are not from 1 to {MAX_BITS}"));
    Some(bits).filter(|bits| (1..=MAX_BITS).contains(bits)).ok_or_else(wrong)
}

fn answers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Option<Vec<u8>>>, D::Error> {
    let wrong = |_| serde::de::Error::custom("an answer is not base64");
    let read = |answer: Option<String>| answer.map(|text| BASE64.decode(text).map_err(wrong)).transpose();
    Vec::<Option<String>>::deserialize(deserializer)?.into_iter().map(read).collect()
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
