//! Digests and domain tags (spec: `docs/spec/digests.md`).
//!
//! SHA-256 is the only hash. Every use but two carries a tag from the one list below, so that a digest made for one
//! purpose never serves another. The two exceptions are fixed by others: artifacts are addressed by their plain SHA-256
//! (what `sha256sum` prints), and lines of logs are leaves of an RFC 9162 tree (first bytes `0x00` and `0x01`, which no tag starts
//! with).

use core::fmt;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
///
/// # Shape
/// 32 bytes; 64 lower-case hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest([u8; Self::LEN]);

impl Digest {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Wraps 32 bytes.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Plain SHA-256 of a content: the address of an artifact.
    pub fn of_content(content: &[u8]) -> Self {
        Self(absorb(Sha256::new(), content).finalize().into())
    }

    /// Plain SHA-256 of contents, one after the other.
    pub fn of_contents(contents: &[&[u8]]) -> Self {
        Self(contents.iter().fold(Sha256::new(), |hasher, content| absorb(hasher, content)).finalize().into())
    }

    /// Wraps a slice of exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads 64 lower-case hexadecimal digits; anything else is `None`, so that a digest has one text.
    pub fn from_hex(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != Self::LEN || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; Self::LEN];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self(bytes))
    }

    /// The 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> [u8; 2 * Self::LEN] {
        let mut text = [0; 2 * Self::LEN];
        let (pairs, _) = text.as_chunks_mut::<2>();
        for ([high, low], byte) in pairs.iter_mut().zip(self.0) {
            (*high, *low) = (digit(byte >> 4), digit(byte & 0xf));
        }
        text
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Bytes that one call of a loop over a content takes. Engines that compile wasm in tiers put faster code in place between
/// calls only: one call over 60 MiB would run to its end in the slow code, three times as long.
pub(crate) const PIECE_BYTES: usize = 1 << 16;

fn absorb(hasher: Sha256, content: &[u8]) -> Sha256 {
    content.chunks(PIECE_BYTES).fold(hasher, |hasher, piece| hasher.chain_update(piece))
}

/// Of a number below 16.
#[expect(clippy::arithmetic_side_effects, reason = "a nibble is below 16")]
const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}

#[expect(clippy::arithmetic_side_effects, reason = "each arm bounds the digit")]
const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Names what a digest is for. The hash input is the tag's text, one zero byte, and the parts in order.
///
/// The zero byte, which no text contains, makes the set prefix-free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(&'static str);

impl Tag {
    /// Digest of the concatenation of `parts` under this tag.
    ///
    /// # Security
    /// Parts are not length-prefixed: pass one canonical encoding, or parts of fixed length.
    pub fn digest(self, parts: &[&[u8]]) -> Digest {
        Digest(parts.iter().fold(self.hasher(), |hasher, part| absorb(hasher, part)).finalize().into())
    }

    /// A SHA-256 state that has absorbed the tag, for inputs that come in pieces.
    pub fn hasher(self) -> Sha256 {
        Sha256::new().chain_update(self.0).chain_update([0])
    }

    /// The tag's text, without the zero byte.
    pub const fn text(self) -> &'static str {
        self.0
    }
}

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl Tag {
            $($(#[$doc])* pub const $name: Self = Self($text);)*

            /// Every tag there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

tags! {
    /// Layer 1: the payload's canonical bytes.
    PAYLOAD = "capseal/payload/v1";
    /// Layer 2: the header's canonical bytes; what a relay's challenge is bound to.
    HEADER_COMMIT = "capseal/header-commit/v1";
    /// Layer 3: the identity of a capsule.
    CAPSULE = "capseal/capsule/v1";
    /// TraceSpecV1.
    TRACE_SPEC = "capseal/trace-spec/v1";
    /// StatementV1.
    STATEMENT = "capseal/statement/v1";
    /// Everything that acceptance of a proof depends on.
    INSTANCE = "capseal/instance/v1";
    /// Parameters of the backend's machine.
    PARAMS = "capseal/params/v1";
    /// Shape of the AIR.
    AIR_PARAMS = "capseal/air-params/v1";
    /// Options of the low-degree test.
    FRI_PARAMS = "capseal/fri-params/v1";
    /// The program whose execution is claimed.
    PROGRAM = "capseal/program/v1";
    /// The verification key: which circuit, in which version.
    VERIFICATION_KEY = "capseal/verification-key/v1";
    /// ChunkMeta of the archive.
    CHUNK_META = "capseal/chunk-meta/v1";
    /// RowIndexRef of the archive.
    ROW_INDEX_REF = "capseal/row-index-ref/v1";
    /// Availability policy that the prover intends.
    DA_POLICY = "capseal/da-policy/v1";
    /// A policy document's bytes.
    POLICY = "capseal/policy/v1";
    /// The code section of a claim.
    CLAIM_CODE = "capseal/claim/code/v1";
    /// The inputs section of a claim.
    CLAIM_INPUTS = "capseal/claim/inputs/v1";
    /// The config section of a claim.
    CLAIM_CONFIG = "capseal/claim/config/v1";
    /// The environment section of a claim.
    CLAIM_ENVIRONMENT = "capseal/claim/environment/v1";
    /// The outputs section of a claim.
    CLAIM_OUTPUTS = "capseal/claim/outputs/v1";
    /// The set of environment manifests.
    MANIFESTS = "capseal/manifests/v1";
    /// The anchor of a capsule's manifests: what their signer signs.
    MANIFEST_ANCHOR = "capseal/manifest-anchor/v1";
    /// A public key: its identity.
    KEY = "capseal/key/v1";
    /// A registry of keys: what a verifier pins.
    REGISTRY = "capseal/registry/v1";
    /// The event log's bytes.
    EVENT_LOG = "capseal/event-log/v1";
    /// The obligations that a sealed log records.
    OBLIGATIONS = "capseal/obligations/v1";
    /// Everything that an `rv32im_v1` proof is about.
    RV32IM_STATEMENT = "capseal/rv32im/statement/v1";
    /// STC: a row (a leaf). Also every vector of field elements that the proof system hashes.
    STC_ROW = "capseal/stc/row/v1";
    /// STC: an inner node.
    STC_NODE = "capseal/stc/node/v1";
    /// STC: the commitment, over the tree's shape and its top node.
    STC_ROOT = "capseal/stc/root/v1";
    /// Proof transcript: the coin's hash of bytes.
    COIN_BYTES = "capseal/coin/bytes/v1";
    /// Proof transcript: the coin's step from a seed and a digest.
    COIN_MERGE = "capseal/coin/merge/v1";
    /// Proof transcript: the coin's step from a seed and an integer.
    COIN_COUNTER = "capseal/coin/counter/v1";
    /// Row-check: the challenge that the sketch column is drawn with.
    ROW_CHECK_CHALLENGE = "capseal/row-check/challenge/v1";
    /// Row-check: the sketch column's bytes.
    ROW_CHECK_SKETCH = "capseal/row-check/sketch/v1";
    /// Row-check: the header of an encoded archive.
    ROW_CHECK_HEADER = "capseal/row-check/header/v1";
    /// Sampling: the seed of positions that a verifier's own nonce makes.
    SAMPLE_SEED = "capseal/sample/live-seed/v1";
    /// Sampling: the stream of integers of a seed.
    SAMPLE_STREAM = "capseal/sample/stream/v1";
    /// Sampling: the seed of positions that a relay's challenge makes.
    SAMPLE_ARCHIVAL_SEED = "capseal/sample/archival-seed/v1";
    /// The bytes of a relay's commit receipt: the seed of its challenge.
    CHALLENGE_SEED = "capseal/relay/challenge-seed/v1";
    /// The bytes of a relay's challenge: what a capsule commits to.
    DA_CHALLENGE = "capseal/relay/challenge/v1";
    /// A link of a capability token: what its child is bound to, and what is revoked.
    CAPABILITY_LINK = "capseal/capability/link/v1";
    /// A whole token: what a proof of possession is bound to.
    CAPABILITY_TOKEN = "capseal/capability/token/v1";
}

/// Names what a signature is for. It is covered as external data, so that a signature made for one purpose never serves another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context(&'static str);

impl Context {
    /// The context's text.
    pub const fn text(self) -> &'static str {
        self.0
    }
}

macro_rules! contexts {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl Context {
            $($(#[$doc])* pub const $name: Self = Self($text);)*

            /// Every context there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

contexts! {
    /// A capsule is its signer's.
    AUTHORSHIP = "capseal/signature/authorship/v1";
    /// Manifests are what their signer saw.
    MANIFESTS = "capseal/signature/manifests/v1";
    /// What a relay says about a commit.
    RELAY = "capseal/signature/relay/v1";
    /// Somebody sampled an archive.
    ATTESTATION = "capseal/signature/attestation/v1";
    /// A link of a capability token.
    CAPABILITY = "capseal/capability/v1";
    /// A proof of possession: the holder of a token asks for one thing, now.
    POSSESSION = "capseal/possession/v1";
    /// A list of links that are revoked.
    REVOCATIONS = "capseal/revocations/v1";
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn tags_are_distinct_texts_without_a_zero_byte() {
        for (i, tag) in Tag::ALL.iter().enumerate() {
            assert!(tag.text().is_ascii() && !tag.text().contains('\0'));
            assert!(Tag::ALL[..i].iter().all(|other| other.text() != tag.text()));
        }
    }

    #[test]
    fn contexts_are_distinct_texts() {
        for (i, context) in Context::ALL.iter().enumerate() {
            assert!(Context::ALL[..i].iter().all(|other| other != context));
        }
    }

    #[test]
    fn hex_has_one_text() {
        let digest = Digest::of_content(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::from_hex(&digest.to_string()), Some(digest));
        assert_eq!(digest.to_hex(), digest.to_string().as_bytes());
        assert_eq!(Digest::from_hex(&digest.to_string().to_uppercase()), None);
        assert_eq!(Digest::from_hex(&digest.to_string()[1..]), None);
    }

    #[test]
    fn a_tag_is_separated_from_its_data() {
        assert_eq!(Tag::PAYLOAD.digest(&[b"x", b"y"]), Digest::of_content(b"capseal/payload/v1\0xy"),);
    }
}
