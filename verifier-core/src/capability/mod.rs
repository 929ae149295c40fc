//! Capability tokens (spec: `docs/spec/capability.md`): who may do what with which resource, until when, on whose word.
//!
//! A token is a chain of links, each a CWT in COSE_Sign1. The first is issued by a key that the verifier trusts, each further one by
//! whom the one before was issued to, and it can only narrow what that one grants. A request comes with a proof that the holder of
//! the last link makes it, now. [`judge`] answers with a [`Decision`] that names the rule and the link that failed. Time, trusted
//! issuers, revocation lists and what was seen before are inputs; nothing of an answer may be kept beyond the request that it is for.
//!
//! What a decision does not show: that the holder's key was in the holder's hands alone, and that nobody has revoked a link since
//! the newest list.

mod claims;
mod decision;
mod grant;
mod link;
mod options;
mod possession;
mod resource;
mod revocation;
mod rule;
mod token;
mod view;

pub use decision::{Decision, Outcome, RevocationState, judge};
pub use grant::{Grant, Permission, Permissions};
pub use link::{CapabilityId, Link};
pub use options::{Expected, Options, Request};
pub use possession::{Nonce, Possession};
pub use resource::Resource;
pub use revocation::{Revocation, RevocationId, RevocationList, Revocations};
pub use rule::{Denial, Rule};
pub use token::{SignedLink, Token};
pub use view::LinkView;

/// Links of a token at most.
pub const MAX_LINKS: usize = 8;
/// Bytes of a link at most.
pub const MAX_LINK_BYTES: usize = 4096;
/// Bytes of a token at most: the links and their heads.
pub const MAX_TOKEN_BYTES: usize = MAX_LINKS * (MAX_LINK_BYTES + 3) + 1;
/// Bytes of a proof of possession at most.
pub const MAX_POSSESSION_BYTES: usize = 4096;
/// Bytes of a revocation list at most: some thousand entries.
pub const MAX_REVOCATION_BYTES: usize = 256 * 1024;
/// How far a proof's time may be from the verifier's, either way; also how far ahead of it a list may be issued.
///
/// # Units
/// Milliseconds.
pub const WINDOW_MS: u64 = 60_000;

/// Text of a token in a header, and of proofs and lists in JSON: base64url without padding, in its one spelling.
pub fn from_base64(text: &str, max_bytes: usize) -> Option<alloc::vec::Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    // Four characters are three bytes: nothing longer is decoded.
    if text.len() / 4 > max_bytes.div_ceil(3) {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= max_bytes)
}

/// The text that [`from_base64`] reads.
pub fn to_base64(bytes: &[u8]) -> alloc::string::String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests;
