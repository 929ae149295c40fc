//! Capability tokens (spec: `docs/spec/capability.md`): issued, narrowed and passed on, taken back, and proved to be held.
//!
//! What a token is and whether it holds, the core says ([`verifier_core::capability`]); here are the secret keys.
//!
//! ```
//! use capseal_trust::{capability::{Terms, delegate, issue}, keys::SecretKey};
//! use verifier_core::capability::{Permission, Permissions, Resource};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (root, ann, bob) = (SecretKey::generate(), SecretKey::generate(), SecretKey::generate());
//! let terms = Terms {
//!     depth: Some(1),
//!     ..Terms::new(ann.public(), &[Permission::Read], vec![Resource::new("bundle/a/*").unwrap()], 2_000_000_000)
//! };
//! let token = issue(&root, &terms)?;
//! let narrower = Terms { expires: Some(1_900_000_000), ..Terms::to(bob.public()) };
//! let passed_on = delegate(&token, &ann, &narrower)?;
//! assert_eq!(passed_on.links().len(), 2);
//! # Ok(()) }
//! ```

use std::{fmt, io};

use verifier_core::{
    Digest,
    capability::{
        CapabilityId, Denial, Grant, Link, Nonce, Permission, Permissions, Possession, Resource, Revocation,
        RevocationList, Revocations, Token,
    },
    cbor::Item,
    digest::Context,
    pcap::obligation::Level,
    signature::{PublicKey, SignatureError},
};

use crate::keys::SecretKey;

/// What a link is to say. What is `None` is as in the link before; a first link needs permissions, resources and expiry.
#[derive(Clone, Debug)]
pub struct Terms {
    /// To whom.
    pub subject: PublicKey,
    /// What may be done.
    pub permissions: Option<Permissions>,
    /// With what.
    pub resources: Vec<Resource>,
    /// At whom it is good.
    pub audience: Option<String>,
    /// First second at which it is not valid any more.
    pub expires: Option<u64>,
    /// First second at which it is valid.
    pub not_before: Option<u64>,
    /// How many further links may follow; in a first link none, in a later one as many as are left.
    pub depth: Option<u64>,
    /// The lowest level at which it may be done.
    pub min_level: Option<Level>,
    /// The largest content that it may be done with.
    pub max_bytes: Option<u64>,
}

impl Terms {
    /// Whatever the link before says, for another holder.
    pub const fn to(subject: PublicKey) -> Self {
        Self {
            subject,
            permissions: None,
            resources: Vec::new(),
            audience: None,
            expires: None,
            not_before: None,
            depth: None,
            min_level: None,
            max_bytes: None,
        }
    }

    /// The least that a first link says.
    pub fn new(subject: PublicKey, permissions: &[Permission], resources: Vec<Resource>, expires: u64) -> Self {
        let permissions = Permissions::of(permissions);
        Self { permissions, resources, expires: Some(expires), ..Self::to(subject) }
    }
}

/// Issues a token of one link.
///
/// # Errors
/// When the terms say too little or are no link, or there is no randomness.
pub fn issue(issuer: &SecretKey, terms: &Terms) -> Result<Token, CapabilityError> {
    let mut resources = terms.resources.clone();
    resources.sort();
    resources.dedup();
    let link = Link {
        issuer: issuer.public(),
        subject: terms.subject,
        audience: terms.audience.clone(),
        expires: terms.expires.ok_or(CapabilityError::Incomplete("expiry"))?,
        not_before: terms.not_before,
        id: random()?,
        grant: Grant {
            permissions: terms.permissions.ok_or(CapabilityError::Incomplete("permissions"))?,
            resources,
            depth: terms.depth.unwrap_or_default(),
            parent: None,
            min_level: terms.min_level,
            max_bytes: terms.max_bytes,
        },
    };
    signed(None, issuer, &link)
}

/// Passes a token on: one link more, by the holder of the last one. Whether it is narrower is for the verifier to say, and is asked
/// before anything is handed out.
///
/// # Errors
/// When the key is not the holder's, no further link may follow, or the terms are wider.
pub fn delegate(token: &Token, holder: &SecretKey, terms: &Terms) -> Result<Token, CapabilityError> {
    let parent = token.links().last().ok_or(CapabilityError::NotHolder)?;
    if parent.link.subject != holder.public() {
        return Err(CapabilityError::NotHolder);
    }
    let before = &parent.link;
    let left = before.grant.depth.checked_sub(1).ok_or(CapabilityError::NoDepth)?;
    let mut resources =
        if terms.resources.is_empty() { before.grant.resources.clone() } else { terms.resources.clone() };
    resources.sort();
    resources.dedup();
    let link = Link {
        issuer: holder.public(),
        subject: terms.subject,
        audience: terms.audience.clone().or_else(|| before.audience.clone()),
        expires: terms.expires.unwrap_or(before.expires),
        not_before: terms.not_before.or(before.not_before),
        id: random()?,
        grant: Grant {
            permissions: terms.permissions.unwrap_or(before.grant.permissions),
            resources,
            depth: terms.depth.unwrap_or(left),
            parent: Some(parent.digest),
            min_level: terms.min_level.or(before.grant.min_level),
            max_bytes: terms.max_bytes.or(before.grant.max_bytes),
        },
    };
    let token = signed(Some(token), holder, &link)?;
    token.refuse_wider().map_err(CapabilityError::Denied)?;
    Ok(token)
}

fn signed(parent: Option<&Token>, issuer: &SecretKey, link: &Link) -> Result<Token, CapabilityError> {
    if !link.is_formed() {
        return Err(CapabilityError::Unformed);
    }
    let cose = issuer.sign_payload(Context::CAPABILITY, link.encode()).to_cose()?;
    Token::with_link(parent, &cose).map_err(CapabilityError::Denied)
}

/// What a proof of possession is for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who is asked.
    pub audience: &'a str,
    /// The method, in capitals.
    pub method: &'a str,
    /// The path below the provider's base URL.
    pub path: &'a str,
    /// The request's body.
    pub body: &'a [u8],
    /// When; milliseconds since the Unix epoch.
    pub time: u64,
}

/// Proves that the holder of a token asks for one thing, now.
///
/// # Errors
/// When the key is not the holder's, or there is no randomness.
pub fn prove(token: &Token, holder: &SecretKey, asked: &Asked<'_>) -> Result<Vec<u8>, CapabilityError> {
    if token.links().last().is_none_or(|leaf| leaf.link.subject != holder.public()) {
        return Err(CapabilityError::NotHolder);
    }
    let possession = Possession {
        audience: asked.audience.to_owned(),
        body: Digest::of_content(asked.body),
        method: asked.method.to_owned(),
        nonce: Nonce::new(*random()?.as_bytes()),
        path: asked.path.to_owned(),
        time: asked.time,
        token: token.digest(),
    };
    Ok(holder.sign_payload(Context::POSSESSION, possession.payload()).to_cose()?)
}

/// Signs the list that follows another: its entries and new ones, with the next number.
///
/// # Errors
/// When the list before is another issuer's, or the new one is too large.
pub fn revoke(
    issuer: &SecretKey,
    before: Option<&RevocationList>,
    entries: Vec<Revocation>,
    issued_at: u64,
    next_update: u64,
) -> Result<Vec<u8>, CapabilityError> {
    if before.is_some_and(|before| before.list().issuer != issuer.public()) {
        return Err(CapabilityError::NotIssuer);
    }
    let mut all: Vec<Revocation> = before.map(|before| before.list().entries.clone()).unwrap_or_default();
    all.extend(entries);
    all.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
    // The earlier entry stays: the sort keeps the order of equals.
    all.dedup_by(|later, earlier| later.id == earlier.id);
    let seq = before.map_or(1, |before| before.list().seq.saturating_add(1));
    let list = Revocations { issued_at, entries: all, issuer: issuer.public(), next_update, seq };
    let bytes = issuer.sign_payload(Context::REVOCATIONS, list.encode()).to_cose()?;
    RevocationList::read(&bytes).map_err(CapabilityError::Denied)?;
    Ok(bytes)
}

fn random() -> Result<CapabilityId, CapabilityError> {
    let mut id = [0; CapabilityId::LEN];
    getrandom::fill(&mut id).map_err(|error| CapabilityError::Random(io::Error::other(error)))?;
    Ok(CapabilityId::new(id))
}

/// A token, proof or list that cannot be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum CapabilityError {
    /// The terms of a first link lack something.
    Incomplete(&'static str),
    /// A text, number or list of the terms is out of bounds.
    Unformed,
    /// The key is not the one that the token was issued to.
    NotHolder,
    /// The key is not the one that issued the list.
    NotIssuer,
    /// No further link may follow.
    NoDepth,
    /// The verifier would refuse it.
    Denied(Denial),
    /// The signature cannot be written as COSE.
    Signature,
    /// The system gives no randomness.
    Random(io::Error),
}

impl CapabilityError {
    /// What the user can do about it.
    pub const fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::NotHolder => Some("capseal cap show prints whose token it is; name that key"),
            Self::NotIssuer => Some("each issuer keeps a list of its own: name another file"),
            Self::NoDepth => Some("its issuer says how far it may be passed on: capseal cap issue --depth"),
            Self::Unformed => {
                Some("at most 32 resources, a depth of at most 7, an audience without spaces, years up to 9999")
            }
            Self::Denied(_) => {
                Some("a link can only narrow the one before: capseal cap show prints what that one grants")
            }
            Self::Incomplete(_) | Self::Signature | Self::Random(_) => None,
        }
    }
}

impl fmt::Display for CapabilityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete(what) => write!(f, "the terms do not say the {what}"),
            Self::Unformed => f.write_str("the terms are out of bounds"),
            Self::NotHolder => f.write_str("the key is not the one that the token was issued to"),
            Self::NotIssuer => f.write_str("the revocation list is another issuer's"),
            Self::NoDepth => f.write_str("the token may not be passed on any further"),
            Self::Denied(denial) => write!(f, "{denial} (rule {})", denial.rule.name()),
            Self::Signature => f.write_str("the signature cannot be written"),
            Self::Random(error) => write!(f, "the system gives no randomness: {error}"),
        }
    }
}

impl std::error::Error for CapabilityError {}

impl From<SignatureError> for CapabilityError {
    fn from(_: SignatureError) -> Self {
        Self::Signature
    }
}
