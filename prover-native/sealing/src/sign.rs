//! Signing: a signature is added to a receipt that is there, and nothing else of it changes.

use std::{
    fmt,
    io::{self, Cursor},
    path::{Path, PathBuf},
};

use verifier_core::{
    Limits, Refusal, Verdict, VerifyOptions,
    capsule::{Capsule, entry},
    container::{Container, EntryKind},
    signature::{Purpose, SignatureError},
    verify,
};

use crate::container::{self, Entry, WriteError};
use capseal_host::{
    cause::Cause,
    whole_file::{self, Existing, WholeFileError},
};
use capseal_trust::keys::SecretKey;

/// The entry of a key's signature over a capsule.
///
/// # Errors
/// None in practice.
pub fn signature_entry(
    capsule: &Capsule,
    key: &SecretKey,
    purpose: Purpose,
) -> Result<(String, Vec<u8>), SignatureError> {
    let subject = purpose.subject(&capsule.capsule_hash, &capsule.header.manifest_hash).ok_or(SignatureError)?;
    Ok((entry::signature(purpose, &key.public()), key.sign(purpose, &subject).to_cose()?))
}

/// Adds signatures to the receipt at `path` and writes it to `out`. A key's earlier signature for the same purpose is
/// replaced; the capsule stays as it is.
///
/// # Errors
/// When the receipt is refused at `proof-only`, or cannot be read or written.
pub fn sign(
    path: &Path,
    key: &SecretKey,
    purposes: &[Purpose],
    out: &Path,
    existing: Existing,
) -> Result<Verdict, SignError> {
    let unreadable = |error| SignError::Unreadable { path: path.to_owned(), error };
    let bytes = whole_file::read_at_most(path, Limits::DEFAULT.file_bytes).map_err(unreadable)?;
    let signed = signed(&bytes, key, purposes)?;
    let verdict = accepted(&signed)?;
    whole_file::write(out, existing, &signed).map_err(SignError::File)?;
    Ok(verdict)
}

/// A receipt's bytes with signatures added.
///
/// # Errors
/// When the receipt is refused at `proof-only`.
pub fn signed(receipt: &[u8], key: &SecretKey, purposes: &[Purpose]) -> Result<Vec<u8>, SignError> {
    accepted(receipt)?;
    let refused = |code, error: &dyn fmt::Display| SignError::Refused(Refusal::new(code, error));
    let container = Container::parse(receipt, &Limits::DEFAULT).map_err(|error| refused(error.code(), &error))?;
    let capsule = Capsule::read(container.get(entry::CAPSULE).unwrap_or_default());
    let capsule = capsule.map_err(|error| refused(error.code(), &error))?;
    let mut signatures = Vec::new();
    for purpose in purposes {
        signatures.push(signature_entry(&capsule, key, *purpose).map_err(|_| SignError::Signature)?);
    }
    let kept = container.entries().iter().filter(|entry| {
        entry.name.kind() != EntryKind::Mimetype && signatures.iter().all(|(name, _)| name != entry.name.as_str())
    });
    let mut entries: Vec<Entry<'_>> = kept.map(|entry| Entry::bytes(entry.name.as_str(), entry.content)).collect();
    entries.extend(signatures.iter().map(|(name, content)| Entry::bytes(name, content.as_slice())));
    Ok(container::write(entries, Cursor::new(Vec::new())).map_err(SignError::Container)?.into_inner())
}

/// Nobody should put a name under what does not hold.
fn accepted(receipt: &[u8]) -> Result<Verdict, SignError> {
    let verdict = verify(receipt, &VerifyOptions::default());
    match verdict.refusal() {
        Some(refusal) => Err(SignError::Refused(refusal)),
        None => Ok(verdict),
    }
}

/// A receipt that cannot be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignError {
    /// It cannot be read.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The verifier refuses it.
    Refused(Refusal),
    /// The signature cannot be written as COSE.
    Signature,
    /// It cannot be written.
    Container(WriteError),
    /// It cannot be put in place.
    File(WholeFileError),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => write!(f, "{}: {}", path.display(), Cause(error)),
            Self::Refused(refusal) => write!(f, "the verifier refuses the receipt: {refusal}"),
            Self::Signature => f.write_str("the signature cannot be written"),
            Self::Container(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SignError {}
