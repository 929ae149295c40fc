//! The claims of a CWT (RFC 8392): a map whose keys are registered numbers, in bytewise order, and whose values are canonical CBOR.
//!
//! The project's profile knows text keys alone; here are the few numbers that a link has. Private claims are one, so that no number of
//! ours can be registered for something else.

use alloc::vec::Vec;

use crate::cbor::{CborError, Item, Value};

/// A claim of a link, in the order of the keys' encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Issuer,
    Subject,
    Audience,
    Expires,
    NotBefore,
    Id,
    Grant,
}

impl Claim {
    const ALL: [Self; 7] =
        [Self::Issuer, Self::Subject, Self::Audience, Self::Expires, Self::NotBefore, Self::Id, Self::Grant];

    /// The key as it is encoded.
    const fn key(self) -> &'static [u8] {
        match self {
            Self::Issuer => &[1],
            Self::Subject => &[2],
            Self::Audience => &[3],
            Self::Expires => &[4],
            Self::NotBefore => &[5],
            Self::Id => &[7],
            // -65537, the first number for private use.
            Self::Grant => &[0x3a, 0, 1, 0, 0],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "iss",
            Self::Subject => "sub",
            Self::Audience => "aud",
            Self::Expires => "exp",
            Self::NotBefore => "nbf",
            Self::Id => "cti",
            Self::Grant => "-65537",
        }
    }
}

/// Claims in the making, or those that were read and not taken yet; in the order of [`Claim::ALL`].
#[derive(Debug, Default)]
pub(super) struct Claims(Vec<(Claim, Value)>);

/// The head of a map of no entries.
const MAP: u8 = 0xa0;

impl Claims {
    /// Adds a claim. The caller keeps the order.
    pub(super) fn put(&mut self, claim: Claim, item: &impl Item) {
        self.0.push((claim, item.to_value()));
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // There are no more entries than claims, which a head of one byte counts.
        let count = u8::try_from(self.0.len()).unwrap_or_default();
        let mut bytes = Vec::from([MAP | count]);
        for (claim, value) in &self.0 {
            bytes.extend_from_slice(claim.key());
            bytes.extend(value.encode());
        }
        bytes
    }

    /// Reads claims, each known and after its predecessor.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, CborError> {
        let not_claims = CborError::WrongType { expected: "a map of claims" };
        let Some((head, mut rest)) = bytes.split_first() else { return Err(CborError::Syntax { offset: 0 }) };
        let count = head.checked_sub(MAP).filter(|count| usize::from(*count) <= Claim::ALL.len()).ok_or(not_claims)?;
        let mut known = Claim::ALL.into_iter();
        let mut claims = Self::default();
        for _ in 0..count {
            let found = known.find_map(|claim| Some((claim, rest.strip_prefix(claim.key())?)));
            let (claim, value) = found.ok_or(CborError::WrongType { expected: "known claims in order" })?;
            let (value, after) = Value::decode_first(value)?;
            claims.0.push((claim, value));
            rest = after;
        }
        if rest.is_empty() {
            Ok(claims)
        } else {
            Err(CborError::TrailingBytes { offset: bytes.len().saturating_sub(rest.len()) })
        }
    }

    /// Takes a claim that must be there.
    pub(super) fn take<T: Item>(&mut self, claim: Claim) -> Result<T, CborError> {
        self.take_optional(claim)?.ok_or(CborError::MissingKey { key: claim.name() })
    }

    /// Takes a claim that may be there.
    pub(super) fn take_optional<T: Item>(&mut self, claim: Claim) -> Result<Option<T>, CborError> {
        let place = self.0.iter().position(|(found, _)| *found == claim);
        place.map(|place| T::from_value(self.0.remove(place).1)).transpose()
    }
}
