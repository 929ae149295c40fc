//! Fetching the archive of a receipt: content by content, or from any K rows when contents are gone.

use std::{
    fmt, io,
    io::Write,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use verifier_core::{
    Digest, Refusal,
    capsule::{ArtifactRef, entry},
    row_check::{CheckedRow, EncodedSketch},
    sampling::{answer_len, check_answer},
};

use super::{encoded_sketch, shuffled};
use crate::http::{Client, FetchError};
use capseal_archive::{
    bundle::{Bundle, BundleError},
    commit::{RebuildError, rebuild},
};
use capseal_host::whole_file::{Existing, WholeFile, WholeFileError};

/// An archive that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
    /// Rows that it was rebuilt from, when a content could not be had.
    pub rebuilt_from: Option<usize>,
}

/// Writes the archive of a receipt that is kept elsewhere to a file. Every artifact was checked against its digest when it is there.
///
/// # Errors
/// When neither every content nor K rows that hold are available, or they are not what the receipt says; no file is left.
pub fn fetch(receipt: &[u8], providers: &[Client], to: &Path, existing: Existing) -> Result<Fetched, FetchFailure> {
    let bundle = Bundle::open(receipt, None).map_err(FetchFailure::Receipt)?;
    let artifacts = &bundle.capsule().payload.artifacts;
    let size = artifacts.iter().fold(0u64, |sum, artifact| sum.saturating_add(artifact.size));
    let patient: Vec<Client> = providers.iter().map(|client| client.with_time_for(size)).collect();
    for provider in &patient {
        let mut file = WholeFile::create(to, existing)?;
        let copied = artifacts.iter().try_for_each(|artifact| copy(&bundle, provider, artifact, &mut file));
        if copied.is_ok() {
            return Ok(Fetched { path: file.finish()?, size, rebuilt_from: None });
        }
    }
    let (content, rows) = rebuilt(receipt, &patient)?;
    let mut rest = content.as_slice();
    for artifact in artifacts {
        let len = usize::try_from(artifact.size).unwrap_or(usize::MAX).min(rest.len());
        let (part, after) = rest.split_at(len);
        if Digest::of_content(part) != artifact.digest {
            return Err(FetchFailure::OtherContent(artifact.digest));
        }
        rest = after;
    }
    let mut file = WholeFile::create(to, existing)?;
    file.write_all(&content).map_err(|error| file.error(error))?;
    Ok(Fetched { path: file.finish()?, size, rebuilt_from: Some(rows) })
}

/// One content, from the receipt or from the provider; what does not have its digest is as good as none.
fn copy(
    bundle: &Bundle<'_>,
    provider: &Client,
    artifact: &ArtifactRef,
    to: &mut WholeFile,
) -> Result<(), FetchFailure> {
    if bundle.container().get(&entry::artifact(&artifact.digest)).is_some() {
        return bundle.copy(&artifact.digest, to).map_err(FetchFailure::Receipt);
    }
    let mut checking = Checking { to, hasher: Sha256::new() };
    provider.blob(&artifact.digest, artifact.size, &mut checking).map_err(FetchFailure::Provider)?;
    let found = Digest::new(checking.hasher.finalize().into());
    if found == artifact.digest { Ok(()) } else { Err(FetchFailure::OtherContent(artifact.digest)) }
}

/// Hashes what it passes on.
struct Checking<'a> {
    to: &'a mut WholeFile,
    hasher: Sha256,
}

impl Write for Checking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The archive from K rows that hold, whichever of the n they are.
fn rebuilt(receipt: &[u8], providers: &[Client]) -> Result<(Vec<u8>, usize), FetchFailure> {
    let sketch = encoded_sketch(receipt).map_err(FetchFailure::Encoding)?;
    let shape = sketch.header().shape();
    let need = shape.rows() as usize;
    let order = shuffled(usize::try_from(shape.extended_rows()).unwrap_or_default()).map_err(FetchFailure::Random)?;
    let mut answers = Vec::with_capacity(need);
    let mut last = None;
    for index in order {
        match row(&sketch, providers, index as u64) {
            Ok(answer) => answers.push((index as u64, answer)),
            Err(error) => last = Some(error),
        }
        if answers.len() == need {
            break;
        }
    }
    if answers.len() < need {
        return Err(FetchFailure::TooFewRows { have: answers.len(), need, last: last.map(|error| error.to_string()) });
    }
    let rows: Result<Vec<CheckedRow<'_>>, _> =
        answers.iter().map(|(index, answer)| check_answer(&sketch, *index, answer)).collect();
    let rows = rows.map_err(|error| FetchFailure::Encoding(Refusal::new(error.code(), error)))?;
    Ok((rebuild(sketch.header(), &rows).map_err(FetchFailure::Rebuild)?, need))
}

/// A row that holds, of the first provider that has it.
fn row(sketch: &EncodedSketch, providers: &[Client], index: u64) -> Result<Vec<u8>, FetchFailure> {
    let (da_hash, len) = (sketch.header().digest(), answer_len(sketch.header()) as u64);
    let mut failure = FetchFailure::Provider(FetchError::Late);
    for provider in providers {
        match provider.row(&da_hash, index, len) {
            Ok(answer) => match check_answer(sketch, index, &answer).map(drop) {
                Ok(()) => return Ok(answer),
                Err(error) => failure = FetchFailure::Encoding(Refusal::new(error.code(), error)),
            },
            Err(error) => failure = FetchFailure::Provider(error),
        }
    }
    Err(failure)
}

/// An archive that could not be fetched.
#[derive(Debug)]
pub enum FetchFailure {
    /// The receipt cannot be read.
    Receipt(BundleError),
    /// A provider did not answer.
    Provider(FetchError),
    /// A content is not what its digest says.
    OtherContent(Digest),
    /// Header, sketch or row do not hold.
    Encoding(Refusal),
    /// Too few rows were available.
    TooFewRows {
        /// Rows that hold.
        have: usize,
        /// K.
        need: usize,
        /// Why the last one is missing.
        last: Option<String>,
    },
    /// The rows are not the archive that the receipt states.
    Rebuild(RebuildError),
    /// The system gives no randomness.
    Random(io::Error),
    /// The file cannot be written.
    File(WholeFileError),
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt(error) => error.fmt(f),
            Self::Provider(error) => error.fmt(f),
            Self::OtherContent(digest) => write!(f, "what was to be {digest} is another content"),
            Self::Encoding(refusal) => refusal.fmt(f),
            Self::TooFewRows { have, need, last } => {
                write!(f, "{have} of the {need} rows that rebuild the archive were available")?;
                last.as_ref().map_or(Ok(()), |last| write!(f, " ({last})"))
            }
            Self::Rebuild(error) => error.fmt(f),
            Self::Random(error) => write!(f, "the system gives no randomness: {error}"),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FetchFailure {}

impl From<WholeFileError> for FetchFailure {
    fn from(error: WholeFileError) -> Self {
        Self::File(error)
    }
}
