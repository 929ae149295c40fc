//! A token: links in order, the first from a trusted issuer.

use alloc::{format, string::String, vec::Vec};

use super::{Denial, Link, MAX_LINK_BYTES, MAX_LINKS, MAX_TOKEN_BYTES, Rule, decision::chain, from_base64, to_base64};
use crate::{
    cbor::Value,
    digest::{Digest, Tag},
    signature::SignedPayload,
};

/// A link as it was read, with the signature over it. Nothing about it is judged yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedLink {
    /// What it says.
    pub link: Link,
    /// What was signed, and by whom.
    pub signed: SignedPayload,
    /// Digest of its bytes.
    pub digest: Digest,
}

impl SignedLink {
    /// Reads a link's bytes in their one spelling.
    ///
    /// # Errors
    /// A sentence with what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let signed = SignedPayload::read(bytes);
        let signed = signed.map_err(|_| String::from("it is not a COSE_Sign1 with ES256K and a key"))?;
        let link = Link::decode(&signed.payload).map_err(|error| format!("{error}"))?;
        if link.issuer != signed.key {
            return Err("its issuer is not the key of its signature".into());
        }
        if link.encode() != signed.payload {
            return Err("its claims are not in their one spelling".into());
        }
        Ok(Self { link, signed, digest: Tag::CAPABILITY_LINK.digest(&[bytes]) })
    }
}

/// A token as it was read. Nothing about it is judged yet.
///
/// # Shape
/// Canonical CBOR: an array of 1 to [`MAX_LINKS`] byte strings, each a link of at most [`MAX_LINK_BYTES`]. As text, base64url without
/// padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    links: Vec<SignedLink>,
    bytes: Vec<u8>,
}

impl Token {
    /// Reads a token's text.
    ///
    /// # Errors
    /// [`Denial`] by [`Rule::Missing`], [`Rule::Malformed`] or [`Rule::TooLarge`].
    pub fn from_text(text: &str) -> Result<Self, Denial> {
        const MAX_CHARACTERS: usize = MAX_TOKEN_BYTES.div_ceil(3) * 4;
        if text.is_empty() {
            return Err(Denial::new(Rule::Missing, "there is no token"));
        }
        if text.len() > MAX_CHARACTERS {
            return Err(Denial::new(Rule::TooLarge, format_args!("a token of {} characters", text.len())));
        }
        let bytes = from_base64(text, MAX_TOKEN_BYTES);
        Self::read(&bytes.ok_or_else(|| Denial::new(Rule::Malformed, "the token is not base64url without padding"))?)
    }

    /// Reads a token's bytes.
    ///
    /// # Errors
    /// [`Denial`] by [`Rule::Malformed`] or [`Rule::TooLarge`].
    pub fn read(bytes: &[u8]) -> Result<Self, Denial> {
        if bytes.len() > MAX_TOKEN_BYTES {
            return Err(Denial::new(Rule::TooLarge, format_args!("a token of {} bytes", bytes.len())));
        }
        let malformed = |detail: &dyn core::fmt::Display| Denial::new(Rule::Malformed, detail);
        let Value::Array(items) = Value::decode(bytes).map_err(|error| malformed(&error))? else {
            return Err(malformed(&"the token is not an array of links"));
        };
        if items.is_empty() {
            return Err(malformed(&"the token has no link"));
        }
        if items.len() > MAX_LINKS {
            return Err(Denial::new(
                Rule::TooLarge,
                format_args!("{} links where {MAX_LINKS} are allowed", items.len()),
            ));
        }
        let links = items.iter().enumerate().map(|(index, item)| read_link(index, item)).collect::<Result<_, _>>()?;
        Ok(Self { links, bytes: bytes.to_vec() })
    }

    /// Adds a link's bytes to a token, or starts one with it.
    ///
    /// # Errors
    /// As [`Token::read`].
    pub fn with_link(parent: Option<&Self>, link: &[u8]) -> Result<Self, Denial> {
        let before = parent.into_iter().flat_map(|token| token.link_bytes());
        let items = before.chain([link.to_vec()]).map(Value::Bytes).collect();
        Self::read(&Value::Array(items).encode())
    }

    /// The links, the root's first. There is at least one.
    pub fn links(&self) -> &[SignedLink] {
        &self.links
    }

    /// Refuses a token whose links do not hold together, whoever the first issuer is.
    ///
    /// # Security
    /// That issuer is not judged: this is for whoever makes a link. [`judge`](super::judge) is for whoever is shown one.
    ///
    /// # Errors
    /// [`Denial`] by the rule that fails.
    pub fn refuse_wider(&self) -> Result<(), Denial> {
        chain(self, |_| true)
    }

    /// The bytes of each link.
    fn link_bytes(&self) -> impl Iterator<Item = Vec<u8>> {
        self.links.iter().map(|link| link.signed.to_cose().unwrap_or_default())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text.
    pub fn to_text(&self) -> String {
        to_base64(&self.bytes)
    }

    /// What a proof of possession is bound to.
    pub fn digest(&self) -> Digest {
        Tag::CAPABILITY_TOKEN.digest(&[&self.bytes])
    }
}

fn read_link(index: usize, item: &Value) -> Result<SignedLink, Denial> {
    let Value::Bytes(bytes) = item else {
        return Err(Denial::of_link(Rule::Malformed, index, "the link is not a byte string"));
    };
    if bytes.len() > MAX_LINK_BYTES {
        let detail = format_args!("a link of {} bytes where {MAX_LINK_BYTES} are allowed", bytes.len());
        return Err(Denial::of_link(Rule::TooLarge, index, detail));
    }
    SignedLink::read(bytes).map_err(|detail| Denial::of_link(Rule::Malformed, index, detail))
}
