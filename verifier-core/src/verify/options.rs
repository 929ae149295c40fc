//! What a verifier asks for.

use alloc::{string::String, vec::Vec};
use core::num::NonZeroU32;

use crate::{
    digest::Digest,
    document::{DocumentError, Fields, OptionsError, Place},
    limits::Limits,
    policy::Inclusion,
    sampling::{MAX_BITS, Nonce},
    trust::Trust,
    verdict::{Level, Status},
};

/// What a verifier asks for. As JSON an object with these keys (`docs/spec/verdict.md`), all optional; an unknown key is an
/// error, so that a misspelt demand is never ignored. Trust file and policy stand in it as the texts that they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// The level to reach.
    pub level: Level,
    /// The identity that the receipt must have; how a receipt is pinned that nobody signed.
    pub expected_capsule_hash: Option<Digest>,
    /// Whom to trust for what; without it no level above `proof-only` is reached.
    pub trust: Option<Trust>,
    /// The text of the policy document that must apply.
    pub policy: Option<String>,
    /// Shows that the policy is in the registry of policies that the trust file pins.
    pub policy_inclusion: Option<Inclusion>,
    /// The moment at which keys and ages are judged: milliseconds since the Unix epoch.
    pub at: Option<u64>,
    /// The least status to accept.
    pub require_status: Option<Status>,
    /// The exit code that the program must have ended with.
    pub require_exit: Option<u64>,
    /// What came of sampling the rows of an archive that is kept elsewhere.
    pub samples: Option<Samples>,
    /// A relay's challenge, and what came of it.
    pub challenge: Option<Challenged>,
    /// What auditors say that they sampled.
    pub attestations: Option<Attestations>,
    /// What the verifier is willing to read; not part of the JSON.
    pub limits: Limits,
}

impl VerifyOptions {
    /// Reads options from JSON.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(json: &str) -> Result<Self, OptionsError> {
        let mut fields = Fields::open(Place::read_options(json.as_bytes())?)?;
        let options = Self {
            level: fields.optional("level").map(level).transpose()?.unwrap_or_default(),
            expected_capsule_hash: fields.nullable("expected_capsule_hash").map(Place::digest).transpose()?,
            trust: fields.nullable("trust").map(|place| place.nested(Trust::from_toml)).transpose()?,
            policy: fields.nullable("policy").map(Place::text).transpose()?,
            policy_inclusion: fields.nullable("policy_inclusion").map(Inclusion::read).transpose()?,
            at: fields.nullable("at").map(Place::number).transpose()?,
            require_status: fields.nullable("require_status").map(status).transpose()?,
            require_exit: fields.nullable("require_exit").map(Place::number).transpose()?,
            samples: fields.nullable("samples").map(Samples::read).transpose()?,
            challenge: fields.nullable("challenge").map(Challenged::read).transpose()?,
            attestations: fields.nullable("attestations").map(Attestations::read).transpose()?,
            limits: Limits::DEFAULT,
        };
        fields.finish()?;
        Ok(options)
    }

    /// Whether something was given that shows whether the archive is available.
    pub(super) const fn shows_availability(&self) -> bool {
        self.samples.is_some() || self.challenge.is_some() || self.attestations.is_some()
    }
}

/// Rows that a verifier has asked for. As JSON an object with the keys `nonce` (hexadecimal), `bits` and `answers` (base64, or null for an
/// answer that was missing).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Samples {
    /// What the positions were drawn with.
    pub nonce: Nonce,
    /// Bits that the samples have to show; they set how many there are.
    pub bits: u32,
    /// An answer for each position, in their order.
    pub answers: Vec<Option<Vec<u8>>>,
}

impl Samples {
    /// Bits that are asked for when nothing else is said.
    pub const DEFAULT_BITS: u32 = 80;

    fn read(place: Place) -> Result<Self, DocumentError> {
        let mut fields = Fields::open(place)?;
        let samples = Self {
            nonce: fields.required("nonce")?.digest()?,
            bits: bits(&mut fields)?,
            answers: fields.required("answers")?.list(message)?,
        };
        fields.finish()?;
        Ok(samples)
    }
}

/// A relay's challenge and the rows that it calls for. As JSON an object with the keys `commit` and `challenge` (the relay's messages in
/// base64, or null for one that was missing), `bits` and `answers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenged {
    /// The relay's receipt of the commit.
    pub commit: Option<Vec<u8>>,
    /// The relay's challenge.
    pub challenge: Option<Vec<u8>>,
    /// The fewest bits that a challenge may ask for.
    pub bits: u32,
    /// An answer for each position, in their order.
    pub answers: Vec<Option<Vec<u8>>>,
}

/// Attestations, and how many have to be good. As JSON an object with the keys `threshold`, `bits`, `max_age_ms` and `given` (messages in
/// base64).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestations {
    /// How many trusted keys have to attest.
    pub threshold: NonZeroU32,
    /// The fewest bits that each has to have sampled.
    pub bits: u32,
    /// How old they may be at the verifier's time; any age when it is not said.
    pub max_age_ms: Option<u64>,
    /// The messages.
    pub given: Vec<Vec<u8>>,
}

impl Challenged {
    fn read(place: Place) -> Result<Self, DocumentError> {
        let mut fields = Fields::open(place)?;
        let challenged = Self {
            commit: fields.nullable("commit").map(Place::base64).transpose()?,
            challenge: fields.nullable("challenge").map(Place::base64).transpose()?,
            bits: bits(&mut fields)?,
            answers: fields.required("answers")?.list(message)?,
        };
        fields.finish()?;
        Ok(challenged)
    }
}

impl Attestations {
    fn read(place: Place) -> Result<Self, DocumentError> {
        let mut fields = Fields::open(place)?;
        let attestations = Self {
            threshold: fields.optional("threshold").map(threshold).transpose()?.unwrap_or(NonZeroU32::MIN),
            bits: bits(&mut fields)?,
            max_age_ms: fields.nullable("max_age_ms").map(Place::number).transpose()?,
            given: fields.required("given")?.list(Place::base64)?,
        };
        fields.finish()?;
        Ok(attestations)
    }
}

/// A message, or null for one that was missing.
fn message(place: Place) -> Result<Option<Vec<u8>>, DocumentError> {
    place.present().map(Place::base64).transpose()
}

fn bits(fields: &mut Fields) -> Result<u32, DocumentError> {
    let Some(place) = fields.optional("bits") else { return Ok(Samples::DEFAULT_BITS) };
    let wrong = place.wrong("a number from 1 to 100");
    let bits = u32::try_from(place.number()?).ok();
    bits.filter(|bits| (1..=MAX_BITS).contains(bits)).ok_or(wrong)
}

fn threshold(place: Place) -> Result<NonZeroU32, DocumentError> {
    let wrong = place.wrong("a number from 1 on");
    u32::try_from(place.number()?).ok().and_then(NonZeroU32::new).ok_or(wrong)
}

fn level(place: Place) -> Result<Level, DocumentError> {
    place.parsed("proof-only, policy-enforced or full", Level::from_name)
}

fn status(place: Place) -> Result<Status, DocumentError> {
    let accepted = |name: &str| Status::from_name(name).filter(|status| *status != Status::Rejected);
    place.parsed("a status", accepted)
}
