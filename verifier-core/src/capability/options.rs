//! What a token is judged by.

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    Denial, Link, MAX_POSSESSION_BYTES, MAX_REVOCATION_BYTES, Nonce, Permission, Resource, Rule, from_base64,
    revocation::RevocationList,
};
use crate::{digest::Digest, pcap::obligation::Level, signature::PublicKey};

/// What a token is judged by. As JSON: `{"at": ms, "roots": [hex], "revocations": [base64url], "seen": [{"issuer": hex, "seq": n}],
/// "stale_reads": false, "request": {…}, "possession": {…}, "seen_nonces": [hex]}`; all but `at` are optional, an unknown key is an
/// error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The time; milliseconds since the Unix epoch.
    pub at: u64,
    /// Issuers whose tokens count. None is trusted by default.
    #[serde(default, deserialize_with = "keys")]
    pub roots: Vec<PublicKey>,
    /// Revocation lists, or why one is none.
    #[serde(default, deserialize_with = "lists")]
    pub revocations: Vec<Result<RevocationList, Denial>>,
    /// The highest number that was seen of an issuer's lists.
    #[serde(default, deserialize_with = "seen")]
    pub seen: Vec<(PublicKey, u64)>,
    /// Whether reading and verifying is allowed while it is not known what was revoked lately. Creating and modifying never is.
    #[serde(default)]
    pub stale_reads: bool,
    /// What is asked for; without it the token alone is judged.
    #[serde(default)]
    pub request: Option<Request>,
    /// What the proof of possession must be for; without it none is asked for.
    #[serde(default)]
    pub possession: Option<Expected>,
    /// Nonces that were seen, where the caller keeps them as a list.
    #[serde(default, deserialize_with = "nonces")]
    pub seen_nonces: Vec<Nonce>,
}

impl Options {
    /// Nobody is trusted, nothing is asked for.
    pub const fn at(at: u64) -> Self {
        Self {
            at,
            roots: Vec::new(),
            revocations: Vec::new(),
            seen: Vec::new(),
            stale_reads: false,
            request: None,
            possession: None,
            seen_nonces: Vec::new(),
        }
    }

    /// Reads options from JSON.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn from_json(json: &str) -> Result<Self, OptionsError> {
        serde_json::from_str(json).map_err(|error| OptionsError(alloc::format!("{error}")))
    }
}

/// What is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Who is asked.
    pub audience: String,
    /// To do what.
    #[serde(deserialize_with = "permission")]
    pub permission: Permission,
    /// With what: one resource.
    #[serde(deserialize_with = "resource")]
    pub resource: Resource,
    /// At which level it is done.
    #[serde(default = "lowest", deserialize_with = "level")]
    pub level: Level,
    /// Bytes of its content.
    #[serde(default)]
    pub bytes: u64,
}

/// What a proof of possession must be for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The proof, if there is one.
    #[serde(default, deserialize_with = "proof")]
    pub proof: Option<Vec<u8>>,
    /// The request's method.
    pub method: String,
    /// The request's path.
    pub path: String,
    /// Plain SHA-256 of its body.
    #[serde(default = "of_nothing", deserialize_with = "digest")]
    pub body: Digest,
}

const fn lowest() -> Level {
    Level::S0
}

fn of_nothing() -> Digest {
    Digest::of_content(&[])
}

/// Reads a text with a function, or says what was expected.
fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl FnOnce(&str) -> Option<T>,
    expected: &str,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    read(&text).ok_or_else(|| D::Error::custom(format_args!("{text:?} is not {expected}")))
}

fn permission<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Permission, D::Error> {
    parsed(deserializer, Permission::from_name, "read, create, modify or verify")
}

fn resource<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Resource, D::Error> {
    let exact = |text: &str| Resource::new(text).filter(|resource| !resource.is_pattern());
    parsed(deserializer, exact, "one resource")
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Level, D::Error> {
    parsed(deserializer, Level::from_name, "S0, S1 or S2")
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    parsed(deserializer, Digest::from_hex, "64 lower-case hexadecimal digits")
}

/// What cannot be decoded is a proof that does not hold, not wrong usage: it comes from whoever asks.
fn proof<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| from_base64(&text, MAX_POSSESSION_BYTES).unwrap_or_default()))
}

fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PublicKey>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| key(text)).collect()
}

fn key<E: serde::de::Error>(text: &str) -> Result<PublicKey, E> {
    PublicKey::from_hex(text).ok_or_else(|| E::custom(format_args!("{text:?} is not a key of 66 hexadecimal digits")))
}

fn lists<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Result<RevocationList, Denial>>, D::Error> {
    let not_base64 = || Denial::new(Rule::RevocationInvalid, "the list is not base64url without padding");
    let read = |text: String| RevocationList::read(&from_base64(&text, MAX_REVOCATION_BYTES).ok_or_else(not_base64)?);
    Ok(Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect())
}

/// What was seen, as JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    issuer: String,
    seq: u64,
}

fn seen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(PublicKey, u64)>, D::Error> {
    Vec::<Seen>::deserialize(deserializer)?.into_iter().map(|seen| Ok((key(&seen.issuer)?, seen.seq))).collect()
}

fn nonces<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Nonce>, D::Error> {
    let read = |text: &String| {
        let digest = Digest::from_hex(&alloc::format!("{text}{text}"));
        let half = digest.and_then(|digest| digest.as_bytes().first_chunk().copied());
        half.map(Nonce::new).ok_or_else(|| D::Error::custom("a nonce is not 32 hexadecimal digits"))
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(read).collect()
}

impl Request {
    /// Whether the audience is one that a link could name.
    pub(super) fn is_for(&self, link: &Link) -> bool {
        link.audience.as_ref().is_none_or(|audience| *audience == self.audience)
    }
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
