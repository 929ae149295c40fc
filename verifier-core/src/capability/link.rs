//! A link: the claims of a CWT that one key signs for another.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{
    Grant, Rule,
    claims::{Claim, Claims},
};
use crate::{
    cbor::{CborError, Item, Value},
    signature::PublicKey,
};

/// A capability's id: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapabilityId([u8; Self::LEN]);

impl CapabilityId {
    /// Length in bytes.
    pub const LEN: usize = 16;

    /// Wraps 16 bytes.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for CapabilityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CapabilityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for CapabilityId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Item for CapabilityId {
    fn to_value(&self) -> Value {
        Value::Bytes(self.0.to_vec())
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        let wrong = CborError::WrongType { expected: "an id of 16 bytes" };
        let Value::Bytes(bytes) = value else { return Err(wrong) };
        bytes.try_into().map(Self).map_err(|_| wrong)
    }
}

/// Claims name a key by its 66 hexadecimal digits: issuer and subject of a CWT are texts.
struct KeyText(PublicKey);

impl Item for KeyText {
    fn to_value(&self) -> Value {
        Value::Text(alloc::format!("{}", self.0))
    }

    fn from_value(value: Value) -> Result<Self, CborError> {
        let key = PublicKey::from_hex(&String::from_value(value)?);
        key.map(Self).ok_or(CborError::WrongType { expected: "a key as 66 hexadecimal digits" })
    }
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who grants it, and signs.
    pub issuer: PublicKey,
    /// To whom: whoever holds this key.
    pub subject: PublicKey,
    /// At whom it is good; anywhere when absent.
    pub audience: Option<String>,
    /// First second at which it is not valid any more, since the Unix epoch.
    pub expires: u64,
    /// First second at which it is valid; always before [`Self::expires`] when absent.
    pub not_before: Option<u64>,
    /// Its id.
    pub id: CapabilityId,
    /// What it grants.
    pub grant: Grant,
}

impl Link {
    /// The last second of the year 9999: later times have no text.
    pub const MAX_TIME: u64 = 253_402_300_799;
    /// Bytes of an audience at most.
    pub const MAX_AUDIENCE: usize = 255;

    /// The payload's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut claims = Claims::default();
        claims.put(Claim::Issuer, &KeyText(self.issuer));
        claims.put(Claim::Subject, &KeyText(self.subject));
        if let Some(audience) = &self.audience {
            claims.put(Claim::Audience, audience);
        }
        claims.put(Claim::Expires, &self.expires);
        if let Some(not_before) = &self.not_before {
            claims.put(Claim::NotBefore, not_before);
        }
        claims.put(Claim::Id, &self.id);
        claims.put(Claim::Grant, &self.grant);
        claims.encode()
    }

    /// Reads a payload in its one spelling.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let mut claims = Claims::decode(bytes)?;
        let KeyText(issuer) = claims.take(Claim::Issuer)?;
        let KeyText(subject) = claims.take(Claim::Subject)?;
        let link = Self {
            issuer,
            subject,
            audience: claims.take_optional(Claim::Audience)?,
            expires: claims.take(Claim::Expires)?,
            not_before: claims.take_optional(Claim::NotBefore)?,
            id: claims.take(Claim::Id)?,
            grant: claims.take(Claim::Grant)?,
        };
        if link.is_formed() { Ok(link) } else { Err(CborError::WrongType { expected: "claims within their bounds" }) }
    }

    /// Whether an audience is the name of one: 1 to 255 visible ASCII characters.
    pub fn is_audience(text: &str) -> bool {
        (1..=Self::MAX_AUDIENCE).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// Whether texts, numbers and lists are within their bounds: what [`Link::decode`] asks for beyond types.
    pub fn is_formed(&self) -> bool {
        self.audience.as_deref().is_none_or(Self::is_audience)
            && self.expires <= Self::MAX_TIME
            && self.not_before.is_none_or(|start| start <= Self::MAX_TIME)
            && self.grant.is_formed()
    }

    /// Refuses a link that is wider than its parent, by the first rule that it breaks.
    pub(super) fn within(&self, parent: &Self) -> Result<(), Rule> {
        if self.issuer != parent.subject {
            return Err(Rule::IssuerMismatch);
        }
        self.grant.within(&parent.grant)?;
        if self.expires > parent.expires {
            return Err(Rule::ExpiryExtended);
        }
        if self.not_before.unwrap_or_default() < parent.not_before.unwrap_or_default() {
            return Err(Rule::StartAdvanced);
        }
        if parent.audience.is_some() && self.audience != parent.audience {
            return Err(Rule::AudienceWidened);
        }
        Ok(())
    }
}
