//! What a token is judged by.

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use serde_json::{Map, Value};

use super::{
    Denial, Link, MAX_POSSESSION_BYTES, MAX_REVOCATION_BYTES, Nonce, Permission, Resource, Rule, from_base64,
    revocation::RevocationList,
};
use crate::{digest::Digest, pcap::obligation::Level, signature::PublicKey};

/// What a token is judged by. As JSON: `{"at": ms, "roots": [hex], "revocations": [base64url], "seen": [{"issuer": hex, "seq": n}],
/// "stale_reads": false, "request": {…}, "possession": {…}, "seen_nonces": [hex]}`; all but `at` are optional, an unknown key is an
/// error.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time; milliseconds since the Unix epoch.
    pub at: u64,
    /// Issuers whose tokens count. None is trusted by default.
    pub roots: Vec<PublicKey>,
    /// Revocation lists, or why one is none.
    pub revocations: Vec<Result<RevocationList, Denial>>,
    /// The highest number that was seen of an issuer's lists.
    pub seen: Vec<(PublicKey, u64)>,
    /// Whether reading and verifying is allowed while it is not known what was revoked lately. Creating and modifying never is.
    pub stale_reads: bool,
    /// What is asked for; without it the token alone is judged.
    pub request: Option<Request>,
    /// What the proof of possession must be for; without it none is asked for.
    pub possession: Option<Expected>,
    /// Nonces that were seen, where the caller keeps them as a list.
    pub seen_nonces: Vec<Nonce>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who is asked.
    pub audience: String,
    /// To do what.
    pub permission: Permission,
    /// With what: one resource.
    pub resource: Resource,
    /// At which level it is done.
    pub level: Level,
    /// Bytes of its content.
    pub bytes: u64,
}

/// What a proof of possession must be for.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The proof, if there is one.
    pub proof: Option<Vec<u8>>,
    /// The request's method.
    pub method: String,
    /// The request's path.
    pub path: String,
    /// Plain SHA-256 of its body.
    pub body: Digest,
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
        let value = serde_json::from_str(json).map_err(|error| OptionsError(format!("{error}")))?;
        let mut object = Object::open("the options", value)?;
        let options = Self {
            at: object.number("at")?.ok_or_else(|| missing("at"))?,
            roots: object.list("roots", |item| parsed("a root", item, PublicKey::from_hex))?,
            revocations: object.list("revocations", |item| Ok(list(&text("a revocation list", item)?)))?,
            seen: object.list("seen", seen)?,
            stale_reads: object.take("stale_reads", boolean)?.unwrap_or_default(),
            request: object.take("request", request)?,
            possession: object.take("possession", expected)?,
            seen_nonces: object.list("seen_nonces", |item| parsed("a nonce", item, nonce))?,
        };
        object.finish()?;
        Ok(options)
    }
}

fn seen(item: Value) -> Result<(PublicKey, u64), OptionsError> {
    let mut object = Object::open("what was seen", item)?;
    let issuer = object.take("issuer", |item| parsed("issuer", item, PublicKey::from_hex))?;
    let seen = (issuer.ok_or_else(|| missing("issuer"))?, object.number("seq")?.ok_or_else(|| missing("seq"))?);
    object.finish()?;
    Ok(seen)
}

fn request(item: Value) -> Result<Request, OptionsError> {
    let mut object = Object::open("request", item)?;
    let exact = |text: &str| Resource::new(text).filter(|resource| !resource.is_pattern());
    let permission = object.take("permission", |item| parsed("permission", item, Permission::from_name))?;
    let resource = object.take("resource", |item| parsed("resource", item, exact))?;
    let request = Request {
        audience: object.text("audience")?,
        permission: permission.ok_or_else(|| missing("permission"))?,
        resource: resource.ok_or_else(|| missing("resource"))?,
        level: object.take("level", |item| parsed("level", item, Level::from_name))?.unwrap_or(Level::S0),
        bytes: object.number("bytes")?.unwrap_or_default(),
    };
    object.finish()?;
    Ok(request)
}

fn expected(item: Value) -> Result<Expected, OptionsError> {
    let mut object = Object::open("possession", item)?;
    // What cannot be decoded is a proof that does not hold, not wrong usage: it comes from whoever asks.
    let decoded = |text: String| from_base64(&text, MAX_POSSESSION_BYTES).unwrap_or_default();
    let expected = Expected {
        proof: object.take("proof", |item| text("proof", item))?.map(decoded),
        method: object.text("method")?,
        path: object.text("path")?,
        body: object
            .take("body", |item| parsed("body", item, Digest::from_hex))?
            .unwrap_or_else(|| Digest::of_content(&[])),
    };
    object.finish()?;
    Ok(expected)
}

fn list(text: &str) -> Result<RevocationList, Denial> {
    let not_base64 = || Denial::new(Rule::RevocationInvalid, "the list is not base64url without padding");
    RevocationList::read(&from_base64(text, MAX_REVOCATION_BYTES).ok_or_else(not_base64)?)
}

/// 32 digits, twice, are a digest's text.
fn nonce(text: &str) -> Option<Nonce> {
    let twice = Digest::from_hex(&format!("{text}{text}"))?;
    twice.as_bytes().first_chunk().copied().map(Nonce::new)
}

/// A JSON object whose keys have not all been taken yet. Not a derived reader: that would be a tenth of all that tokens cost as wasm.
struct Object(Map<String, Value>);

impl Object {
    fn open(name: &str, value: Value) -> Result<Self, OptionsError> {
        match value {
            Value::Object(object) => Ok(Self(object)),
            _ => Err(wrong(name)),
        }
    }

    /// Takes a key; null is as good as none.
    fn take<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(Value) -> Result<T, OptionsError>,
    ) -> Result<Option<T>, OptionsError> {
        self.0.remove(key).filter(|value| !value.is_null()).map(read).transpose()
    }

    fn number(&mut self, key: &'static str) -> Result<Option<u64>, OptionsError> {
        self.take(key, |value| value.as_u64().ok_or_else(|| wrong(key)))
    }

    fn text(&mut self, key: &'static str) -> Result<String, OptionsError> {
        self.take(key, |value| text(key, value))?.ok_or_else(|| missing(key))
    }

    fn list<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(Value) -> Result<T, OptionsError>,
    ) -> Result<Vec<T>, OptionsError> {
        match self.0.remove(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.into_iter().map(read).collect(),
            Some(_) => Err(wrong(key)),
        }
    }

    fn finish(self) -> Result<(), OptionsError> {
        match self.0.keys().next() {
            Some(key) => Err(OptionsError(format!("the key {key:?} is unknown"))),
            None => Ok(()),
        }
    }
}

fn text(name: &str, value: Value) -> Result<String, OptionsError> {
    if let Value::String(text) = value { Ok(text) } else { Err(wrong(name)) }
}

fn boolean(value: Value) -> Result<bool, OptionsError> {
    value.as_bool().ok_or_else(|| wrong("stale_reads"))
}

fn parsed<T>(name: &str, value: Value, read: impl FnOnce(&str) -> Option<T>) -> Result<T, OptionsError> {
    read(&text(name, value)?).ok_or_else(|| wrong(name))
}

fn wrong(name: &str) -> OptionsError {
    OptionsError(format!("{name} is not of its form"))
}

fn missing(key: &str) -> OptionsError {
    OptionsError(format!("the key {key:?} is missing"))
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
