//! The bundle of a receipt: its artifacts, from the receipt itself and from the archive beside it.
//!
//! A detached archive is the artifacts' contents one after the other, by digest; each is checked against its digest when it
//! is read, so that an archive may come from anywhere. That the receipt is intact is not checked here.

use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use verifier_core::{
    Digest, Limits,
    capsule::{Capsule, entry},
    container::Container,
};

use capseal_host::cause::Cause;

/// The artifacts of a receipt.
#[derive(Debug)]
pub struct Bundle<'a> {
    container: Container<'a>,
    capsule: Capsule,
    archive: Option<(PathBuf, File)>,
    /// Where a content lies in the archive: offset and length.
    places: BTreeMap<Digest, (u64, u64)>,
}

impl<'a> Bundle<'a> {
    /// Opens the bundle of a receipt that a verifier has accepted; `archive` is needed only when artifacts are kept elsewhere.
    ///
    /// # Errors
    /// When the receipt cannot be read, or the archive not be opened.
    pub fn open(receipt: &'a [u8], archive: Option<&Path>) -> Result<Self, BundleError> {
        let limits = Limits::DEFAULT;
        let container = Container::parse(receipt, &limits).map_err(|error| BundleError::Receipt(error.to_string()))?;
        let capsule = container.get(entry::CAPSULE).unwrap_or_default();
        let capsule = Capsule::read(capsule).map_err(|error| BundleError::Receipt(error.to_string()))?;
        let mut places = BTreeMap::new();
        let mut offset = 0u64;
        for artifact in &capsule.payload.artifacts {
            places.insert(artifact.digest, (offset, artifact.size));
            offset = offset.saturating_add(artifact.size);
        }
        let archive = archive.map(|path| match File::open(path) {
            Ok(file) => Ok((path.to_owned(), file)),
            Err(error) => Err(BundleError::Archive { path: path.to_owned(), error }),
        });
        Ok(Self { container, capsule, archive: archive.transpose()?, places })
    }

    /// The capsule.
    pub const fn capsule(&self) -> &Capsule {
        &self.capsule
    }

    /// The receipt's entries.
    pub const fn container(&self) -> &Container<'a> {
        &self.container
    }

    /// Whether an artifact lies outside of the receipt.
    pub fn is_detached(&self) -> bool {
        self.capsule.payload.artifacts.iter().any(|artifact| !artifact.embedded)
    }

    /// A content, whole.
    ///
    /// # Errors
    /// As [`Self::copy`].
    pub fn content(&self, digest: &Digest) -> Result<Vec<u8>, BundleError> {
        let mut content = Vec::new();
        self.copy(digest, &mut content)?;
        Ok(content)
    }

    /// Copies a content to a writer, and checks it on the way.
    ///
    /// # Errors
    /// When it is nowhere, is another content, or cannot be copied; what was written by then is not to be used.
    pub fn copy(&self, digest: &Digest, to: &mut impl Write) -> Result<(), BundleError> {
        let found = if let Some(content) = self.container.get(&entry::artifact(digest)) {
            to.write_all(content).map_err(BundleError::Copy)?;
            Digest::of_content(content)
        } else {
            self.copy_detached(digest, to)?
        };
        if found == *digest { Ok(()) } else { Err(BundleError::OtherContent(*digest)) }
    }

    fn copy_detached(&self, digest: &Digest, to: &mut impl Write) -> Result<Digest, BundleError> {
        let (Some((path, mut file)), Some((offset, len))) =
            (self.archive.as_ref().map(|(path, file)| (path, file)), self.places.get(digest).copied())
        else {
            return Err(BundleError::Missing(*digest));
        };
        let failed = |error| BundleError::Archive { path: path.clone(), error };
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut hasher = Sha256::new();
        let mut rest = len;
        let mut buffer = vec![0; BUFFER.min(usize::try_from(len).unwrap_or(BUFFER))];
        while rest > 0 {
            let piece = buffer.len().min(usize::try_from(rest).unwrap_or(BUFFER));
            file.read_exact(&mut buffer[..piece]).map_err(failed)?;
            hasher.update(&buffer[..piece]);
            to.write_all(&buffer[..piece]).map_err(BundleError::Copy)?;
            rest -= piece as u64;
        }
        Ok(Digest::new(hasher.finalize().into()))
    }
}

const BUFFER: usize = 256 << 10;

/// A content of a bundle that cannot be had.
#[derive(Debug)]
pub enum BundleError {
    /// The receipt cannot be read.
    Receipt(String),
    /// The archive cannot be read.
    Archive {
        /// Its file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The content is neither in the receipt nor in an archive.
    Missing(Digest),
    /// In its place lies another content.
    OtherContent(Digest),
    /// It cannot be copied.
    Copy(io::Error),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Receipt(error) => f.write_str(error),
            Self::Archive { path, error } => write!(f, "cannot read the archive {}: {}", path.display(), Cause(error)),
            Self::Missing(digest) => write!(f, "the artifact {digest} does not travel in the receipt"),
            Self::OtherContent(digest) => write!(f, "what lies in the place of artifact {digest} is another content"),
            Self::Copy(error) => write!(f, "an artifact cannot be copied: {}", Cause(error)),
        }
    }
}

impl std::error::Error for BundleError {}
