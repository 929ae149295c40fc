//! Revocation lists: what an issuer takes back.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{CapabilityId, Denial, MAX_REVOCATION_BYTES, Rule, SignedLink, Token, WINDOW_MS};
use crate::{
    cbor::{CborError, Item, Value, record},
    digest::{Context, Digest},
    signature::{PublicKey, SignedPayload},
};

/// What is revoked: a capability by its id, or one link by its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationId {
    /// Every link with this id.
    Capability(CapabilityId),
    /// The link with this digest.
    Link(Digest),
}

impl RevocationId {
    fn names(&self, link: &SignedLink) -> bool {
        match self {
            Self::Capability(id) => *id == link.link.id,
            Self::Link(digest) => *digest == link.digest,
        }
    }

    /// The bytes: 16 or 32.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Capability(id) => id.as_bytes(),
            Self::Link(digest) => digest.as_bytes(),
        }
    }
}

impl fmt::Display for RevocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(id) => id.fmt(f),
            Self::Link(digest) => digest.fmt(f),
        }
    }
}

impl serde::Serialize for RevocationId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Item for RevocationId {
    fn to_value(&self) -> Value {
        Value::Bytes(self.as_bytes().to_vec())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        match &value {
            Value::Bytes(bytes) if bytes.len() == CapabilityId::LEN => Item::from_value(value).map(Self::Capability),
            _ => Digest::from_value(value).map(Self::Link),
        }
    }
}

record! {
    /// A thing that is revoked.
    pub struct Revocation {
        /// What.
        pub id: RevocationId,
        /// When; milliseconds since the Unix epoch. It is revoked whatever the time.
        pub revoked_at: u64,
        /// Why, for people.
        pub reason: String,
    }
}

record! {
    /// What the issuer of a list signs.
    pub struct Revocations {
        /// When it was issued; milliseconds since the Unix epoch.
        pub issued_at: u64,
        /// What is revoked: ascending by the bytes of the id, none twice.
        pub entries: Vec<Revocation>,
        /// Who issued it.
        pub issuer: PublicKey,
        /// First moment at which there should be a newer list.
        pub next_update: u64,
        /// The number of the list: one more each time.
        pub seq: u64,
    }
}

/// A list whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList(Revocations);

impl RevocationList {
    /// Reads a list in its one spelling, and checks its signature.
    ///
    /// # Errors
    /// [`Denial`] by [`Rule::RevocationInvalid`].
    pub fn read(bytes: &[u8]) -> Result<Self, Denial> {
        let refuse = |detail: &dyn fmt::Display| Denial::new(Rule::RevocationInvalid, detail);
        if bytes.len() > MAX_REVOCATION_BYTES {
            return Err(refuse(&format_args!("a list of {} bytes", bytes.len())));
        }
        let signed = SignedPayload::read(bytes);
        let signed = signed.map_err(|_| refuse(&"the list is not a COSE_Sign1 with ES256K and a key"))?;
        let list = Revocations::decode(&signed.payload).map_err(|error| refuse(&error))?;
        if list.issuer != signed.key {
            return Err(refuse(&"the list's issuer is not the key of its signature"));
        }
        if !list.entries.is_sorted_by(|a, b| a.id.as_bytes() < b.id.as_bytes()) {
            return Err(refuse(&"the list's entries are not in order"));
        }
        signed.verify(Context::REVOCATIONS).map_err(|_| refuse(&"the list is not signed by its issuer"))?;
        Ok(Self(list))
    }

    /// What it says.
    pub const fn list(&self) -> &Revocations {
        &self.0
    }

    /// Whether it is in use at a moment.
    pub const fn is_fresh(&self, at: u64) -> bool {
        self.0.issued_at <= at.saturating_add(WINDOW_MS) && at < self.0.next_update
    }

    /// Whether its issuer is among those of the token's links.
    pub(super) fn concerns(&self, token: &Token) -> bool {
        token.links().iter().any(|link| link.link.issuer == self.0.issuer)
    }

    /// Refuses a token with a link that the list names and that its issuer, or one issued to by it, has issued.
    pub(super) fn judge(&self, token: &Token) -> Result<(), Denial> {
        let from = token.links().iter().position(|link| link.link.issuer == self.0.issuer);
        let Some(from) = from else { return Ok(()) };
        for (index, link) in token.links().iter().enumerate().skip(from) {
            if let Some(entry) = self.0.entries.iter().find(|entry| entry.id.names(link)) {
                let (seq, issuer) = (self.0.seq, self.0.issuer);
                let detail = format_args!("{} was revoked by {issuer}, list {seq}: {}", entry.id, entry.reason);
                return Err(Denial::of_link(Rule::Revoked, index, detail));
            }
        }
        Ok(())
    }
}
