//! COSE receipts (RFC 9942): a proof about a log and its signed root in one object, for whoever speaks COSE and not notes.
//!
//! What is signed is a tree head, as a checkpoint's is, by the same key; the proof beside it leads to the root, which does not travel. The
//! size stands under the signature, as a root alone binds no size: one path serves several. Of every receipt there is one spelling; labels
//! are those of IANA, and whatever else COSE could say is refused.

use alloc::{string::String, vec::Vec};
use core::fmt;

use super::{
    checkpoint::{self, TreeHead},
    note::{KeyId, KeyType, NoteKey},
    options::Options,
    proof::{self, Judged, ProofError, ProofReport},
    report::Anchoring,
    tree,
};
use crate::{cbor::Value, digest::Digest, reason::ReasonCode, refusal::Refusal};

/// Bytes of a receipt at most: a path for every log that can be counted, and names.
pub const MAX_RECEIPT: usize = 16 * 1024;

/// Length of an Ed25519 signature.
const SIGNATURE_LEN: usize = 64;

/// Tag 18, an array of four.
const SIGN1: &[u8] = &[0xd2, 0x84];
/// A map of four; `alg` (1) is Ed25519 (-19); `kid` (4) follows.
const ALGORITHM: &[u8] = &[0xa4, 0x01, 0x32, 0x04];
/// The CWT claims (15), a map of three; `iss` (1) follows.
const ISSUER: &[u8] = &[0x0f, 0xa3, 0x01];
/// The claim `sub` (2) follows.
const SUBJECT: &[u8] = &[0x02];
/// The claim `"size"` follows.
const SIZE: &[u8] = &[0x64, b's', b'i', b'z', b'e'];
/// `vds` (395) is RFC9162_SHA256 (1).
const STRUCTURE: &[u8] = &[0x19, 0x01, 0x8b, 0x01];
/// A map of one: `vdp` (396) is a map of one, whose label follows.
const PROOFS: &[u8] = &[0xa1, 0x19, 0x01, 0x8c, 0xa1];
/// Label -1, inclusion proofs: an array of one.
const INCLUSION: &[u8] = &[0x20, 0x81];
/// Label -2, consistency proofs: an array of one.
const CONSISTENCY: &[u8] = &[0x21, 0x81];
/// No payload, and the head of the signature.
const DETACHED: &[u8] = &[0xf6, 0x58, 0x40];

/// What a receipt proves of a tree head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proven {
    /// A line is in the log.
    Inclusion {
        /// Number of the line.
        index: u64,
        /// From its leaf to the root; empty for the only line.
        path: Vec<Digest>,
    },
    /// The log extends an earlier state.
    Consistency {
        /// Lines of the earlier state.
        from: u64,
        /// What joins them.
        path: Vec<Digest>,
    },
}

/// A COSE receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoseReceipt {
    /// Name of the key that signed.
    pub issuer: String,
    /// Id of that key.
    pub key_id: KeyId,
    /// The log.
    pub log_id: Digest,
    /// Lines of the log.
    pub size: u64,
    /// What is proved.
    pub proven: Proven,
    /// The signature over [`to_be_signed`].
    pub signature: [u8; SIGNATURE_LEN],
}

impl CoseReceipt {
    /// Joins a key, what it made of [`to_be_signed`] for a head, and what leads to that head.
    pub fn new(key: &NoteKey, head: &TreeHead, proven: Proven, signature: [u8; SIGNATURE_LEN]) -> Self {
        let TreeHead { log_id, size, .. } = *head;
        Self { issuer: key.name().into(), key_id: key.id(), log_id, size, proven, signature }
    }

    /// Reads the one spelling. Nothing is verified.
    ///
    /// # Errors
    /// [`CoseError::Malformed`] for any other bytes.
    pub fn read(cose: &[u8]) -> Result<Self, CoseError> {
        let read = if cose.len() <= MAX_RECEIPT { Self::take(cose) } else { None };
        // Writing it again settles every spelling at once.
        read.filter(|receipt| receipt.to_cose() == cose).ok_or(CoseError::Malformed)
    }

    fn take(cose: &[u8]) -> Option<Self> {
        let (protected, rest) = bytes_first(cose.strip_prefix(SIGN1)?)?;
        let (key_id, claims) = bytes_first(protected.strip_prefix(ALGORITHM)?)?;
        let (issuer, claims) = text_first(claims.strip_prefix(ISSUER)?)?;
        let (origin, claims) = text_first(claims.strip_prefix(SUBJECT)?)?;
        let (Value::Uint(size), _) = Value::decode_first(claims.strip_prefix(SIZE)?).ok()? else { return None };
        let rest = rest.strip_prefix(PROOFS)?;
        let (is_inclusion, rest) = match rest.strip_prefix(INCLUSION) {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix(CONSISTENCY)?),
        };
        let (proof, rest) = bytes_first(rest)?;
        let (first, second, path) = read_proof(&proof)?;
        let proven = match is_inclusion {
            true if first == size => Proven::Inclusion { index: second, path },
            false if second == size => Proven::Consistency { from: first, path },
            _ => return None,
        };
        let signature = rest.strip_prefix(DETACHED)?.try_into().ok()?;
        let (key_id, log_id) = (key_id.try_into().ok()?, checkpoint::log_of(&origin)?);
        Some(Self { issuer, key_id, log_id, size, proven, signature })
    }

    /// The bytes.
    pub fn to_cose(&self) -> Vec<u8> {
        let (label, first, second, path) = match &self.proven {
            Proven::Inclusion { index, path } => (INCLUSION, self.size, *index, path),
            Proven::Consistency { from, path } => (CONSISTENCY, *from, self.size, path),
        };
        let path = path.iter().map(|digest| bytes(digest.as_ref())).collect();
        let proof = Value::Array([Value::Uint(first), Value::Uint(second), Value::Array(path)].into()).encode();
        let protected = protected(&self.issuer, self.key_id, &self.log_id, self.size);
        let (protected, proof) = (bytes(&protected).encode(), bytes(&proof).encode());
        [SIGN1, &protected, PROOFS, label, &proof, DETACHED, &self.signature].concat()
    }

    /// The root that the proof leads to, from a line or from an earlier head.
    fn root(&self, line: Option<&[u8]>, earlier: Option<TreeHead>) -> Result<Digest, CoseError> {
        match &self.proven {
            Proven::Inclusion { index, path } => {
                let leaf = proof::leaf_of(line.ok_or(CoseError::NoLine)?, *index, &self.log_id)?;
                Ok(tree::inclusion_root(&leaf, *index, self.size, path).map_err(ProofError::Tree)?)
            }
            Proven::Consistency { from, path } => {
                let earlier = earlier.ok_or(CoseError::NoCheckpoint)?;
                if (earlier.log_id, earlier.size) != (self.log_id, *from) {
                    return Err(CoseError::OtherHead);
                }
                Ok(tree::consistency_root((*from, &earlier.root), self.size, path).map_err(ProofError::Tree)?)
            }
        }
    }

    /// Checks the proof and the signature. Returns the head that was signed.
    ///
    /// # Errors
    /// [`CoseError`].
    pub fn check(
        &self,
        line: Option<&[u8]>,
        earlier: Option<TreeHead>,
        trusted: &[NoteKey],
    ) -> Result<TreeHead, CoseError> {
        let head = TreeHead { log_id: self.log_id, size: self.size, root: self.root(line, earlier)? };
        let signs =
            |key: &&NoteKey| key.kind() == KeyType::Signer && key.id() == self.key_id && key.name() == self.issuer;
        let key = trusted.iter().find(signs).ok_or(CoseError::Untrusted)?;
        key.verify(&to_be_signed(key, &head), &self.signature).map_err(|_| CoseError::Signature)?;
        Ok(head)
    }
}

/// The bytes that are signed: the Sig_structure of RFC 9052, section 4.4, without external data, over the root. It begins with 0x84, which
/// begins no text, so that it is never a note's.
pub fn to_be_signed(key: &NoteKey, head: &TreeHead) -> Vec<u8> {
    let protected = protected(key.name(), key.id(), &head.log_id, head.size);
    let parts = [Value::Text("Signature1".into()), bytes(&protected), bytes(&[]), bytes(head.root.as_ref())];
    Value::Array(parts.into()).encode()
}

fn protected(issuer: &str, key_id: KeyId, log_id: &Digest, size: u64) -> Vec<u8> {
    let (key_id, issuer) = (bytes(&key_id).encode(), Value::Text(issuer.into()).encode());
    let (origin, size) = (Value::Text(checkpoint::origin(log_id)).encode(), Value::Uint(size).encode());
    [ALGORITHM, &key_id, ISSUER, &issuer, SUBJECT, &origin, SIZE, &size, STRUCTURE].concat()
}

fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.into())
}

fn bytes_first(cbor: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match Value::decode_first(cbor).ok()? {
        (Value::Bytes(bytes), rest) => Some((bytes, rest)),
        _ => None,
    }
}

fn text_first(cbor: &[u8]) -> Option<(String, &[u8])> {
    match Value::decode_first(cbor).ok()? {
        (Value::Text(text), rest) => Some((text, rest)),
        _ => None,
    }
}

/// Two numbers and a path.
fn read_proof(cbor: &[u8]) -> Option<(u64, u64, Vec<Digest>)> {
    let Value::Array(parts) = Value::decode(cbor).ok()? else { return None };
    let [Value::Uint(first), Value::Uint(second), Value::Array(path)] = parts.as_slice() else { return None };
    let digest = |item: &Value| if let Value::Bytes(bytes) = item { Digest::from_slice(bytes) } else { None };
    Some((*first, *second, path.iter().map(digest).collect::<Option<_>>()?))
}

/// Checks a COSE receipt: of a line, which is given without its line feed, or that a log extends the checkpoint. A checkpoint that is
/// given beside a line must be the head that was signed.
pub fn verify_receipt(cose: &[u8], line: Option<&[u8]>, options: &Options) -> ProofReport {
    ProofReport::of(judge(cose, line, options))
}

fn judge(cose: &[u8], line: Option<&[u8]>, options: &Options) -> Result<Judged, Refusal> {
    let refused = |error: CoseError| Refusal::new(error.code(), error);
    let receipt = CoseReceipt::read(cose).map_err(refused)?;
    let stated = options.checkpoint.as_ref().map(|checkpoint| checkpoint.head);
    let head = receipt.check(line, stated, &options.trusted).map_err(refused)?;
    let (_, witnessed) = options.vouched()?;
    let is_inclusion = matches!(receipt.proven, Proven::Inclusion { .. });
    if is_inclusion && stated.is_some_and(|stated| stated != head) {
        return Err(refused(CoseError::OtherHead));
    }
    // A trusted key signed the head itself: that is what the levels ask of a checkpoint.
    Ok(Judged { head, anchoring: Anchoring::Anchored, witnessed })
}

/// Refusal of a COSE receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CoseError {
    /// Not a receipt about a log, or another spelling of one.
    Malformed,
    /// It is of a line, and none is given.
    NoLine,
    /// It starts from a checkpoint, and none is given.
    NoCheckpoint,
    /// The checkpoint is not the one that the receipt is about.
    OtherHead,
    /// The proof does not hold.
    Proof(ProofError),
    /// No trusted key has the name and id of the one that signed.
    Untrusted,
    /// The signature does not hold over the root that the proof leads to.
    Signature,
}

impl CoseError {
    /// The reason code.
    pub const fn code(self) -> ReasonCode {
        match self {
            Self::Malformed => ReasonCode::ParseFailed,
            Self::NoLine | Self::NoCheckpoint => ReasonCode::VerificationProfileUnsatisfied,
            Self::OtherHead => ReasonCode::CheckpointMismatch,
            Self::Proof(error) => error.code(),
            Self::Untrusted => ReasonCode::CheckpointUntrusted,
            Self::Signature => ReasonCode::SignatureInvalid,
        }
    }
}

impl From<ProofError> for CoseError {
    fn from(error: ProofError) -> Self {
        Self::Proof(error)
    }
}

impl fmt::Display for CoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a COSE receipt about a log, in its one spelling"),
            Self::NoLine => f.write_str("the receipt is of a line, and none was given"),
            Self::NoCheckpoint => f.write_str("the receipt starts from a checkpoint, and none was given"),
            Self::OtherHead => f.write_str("the receipt is not about the checkpoint"),
            Self::Proof(error) => error.fmt(f),
            Self::Untrusted => f.write_str("no trusted key signed the receipt"),
            Self::Signature => f.write_str("the signature does not hold over the root that the proof leads to"),
        }
    }
}

impl core::error::Error for CoseError {}

#[cfg(test)]
mod tests;
