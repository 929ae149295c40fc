//! What a token is judged by.

use alloc::{format, string::String, vec::Vec};

use super::{
    Denial, Link, MAX_POSSESSION_BYTES, MAX_REVOCATION_BYTES, Nonce, Permission, Resource, Rule, from_base64,
    revocation::RevocationList,
};
use crate::{
    digest::Digest,
    document::{DocumentError, Fields, OptionsError, Place},
    pcap::obligation::Level,
    signature::PublicKey,
};

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
        let mut fields = Fields::open(Place::read_options(json.as_bytes())?)?;
        let options = Self {
            at: fields.required("at")?.number()?,
            roots: fields.list("roots", public_key)?,
            revocations: fields.list("revocations", |place| Ok(revocation_list(&place.text()?)))?,
            seen: fields.list("seen", seen)?,
            stale_reads: fields.optional("stale_reads").map(Place::truth).transpose()?.unwrap_or_default(),
            request: fields.optional("request").map(request).transpose()?,
            possession: fields.optional("possession").map(expected).transpose()?,
            seen_nonces: fields.list("seen_nonces", |place| place.parsed("32 hexadecimal digits", nonce))?,
        };
        fields.finish()?;
        Ok(options)
    }
}

fn public_key(place: Place) -> Result<PublicKey, DocumentError> {
    place.parsed("a public key of 66 hexadecimal digits", PublicKey::from_hex)
}

fn seen(place: Place) -> Result<(PublicKey, u64), DocumentError> {
    let mut fields = Fields::open(place)?;
    let seen = (public_key(fields.required("issuer")?)?, fields.required("seq")?.number()?);
    fields.finish()?;
    Ok(seen)
}

fn request(place: Place) -> Result<Request, DocumentError> {
    let mut fields = Fields::open(place)?;
    let exact = |text: &str| Resource::new(text).filter(|resource| !resource.is_pattern());
    let request = Request {
        audience: fields.required("audience")?.text()?,
        permission: fields.required("permission")?.parsed("read, create, modify or verify", Permission::from_name)?,
        resource: fields.required("resource")?.parsed("one resource, such as bundle/…", exact)?,
        level: fields.optional("level").map(Level::read).transpose()?.unwrap_or_default(),
        bytes: fields.optional("bytes").map(Place::number).transpose()?.unwrap_or_default(),
    };
    fields.finish()?;
    Ok(request)
}

fn expected(place: Place) -> Result<Expected, DocumentError> {
    let mut fields = Fields::open(place)?;
    // What cannot be decoded is a proof that does not hold, not wrong usage: it comes from whoever asks.
    let decoded = |text: String| from_base64(&text, MAX_POSSESSION_BYTES).unwrap_or_default();
    let expected = Expected {
        proof: fields.nullable("proof").map(Place::text).transpose()?.map(decoded),
        method: fields.required("method")?.text()?,
        path: fields.required("path")?.text()?,
        body: fields.optional("body").map_or_else(|| Ok(Digest::of_content(&[])), Place::digest)?,
    };
    fields.finish()?;
    Ok(expected)
}

fn revocation_list(text: &str) -> Result<RevocationList, Denial> {
    let not_base64 = || Denial::new(Rule::RevocationInvalid, "the list is not base64url without padding");
    RevocationList::read(&from_base64(text, MAX_REVOCATION_BYTES).ok_or_else(not_base64)?)
}

/// 32 digits, twice, are a digest's text.
fn nonce(text: &str) -> Option<Nonce> {
    let twice = Digest::from_hex(&format!("{text}{text}"))?;
    twice.as_bytes().first_chunk().copied().map(Nonce::new)
}

impl Request {
    /// Whether the audience is one that a link could name.
    pub(super) fn is_for(&self, link: &Link) -> bool {
        link.audience.as_ref().is_none_or(|audience| *audience == self.audience)
    }
}
