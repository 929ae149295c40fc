//! The folder of a provider: where each thing lies. Names are made of digests and numbers only, never of what a client sends.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use verifier_core::{Digest, row_check::RowCheckHeader};

/// A provider's folder; its paths are those of the HTTP interface.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder at a path. It need not be there yet.
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Where a content lies.
    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.to_string())
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.0.join("v1/blobs")
    }

    /// Where an encoded archive lies.
    pub fn archive(&self, da_hash: &Digest) -> PathBuf {
        self.0.join("v1/da").join(da_hash.to_string())
    }

    /// Where a row with its path lies.
    pub fn row(&self, da_hash: &Digest, index: u64) -> PathBuf {
        self.archive(da_hash).join("rows").join(index.to_string())
    }

    /// The header of an encoded archive, when it is there and whole.
    pub(super) fn header(&self, da_hash: &Digest) -> Option<RowCheckHeader> {
        let bytes = fs::read(self.archive(da_hash).join("header")).ok()?;
        RowCheckHeader::from_bytes(&bytes).ok().filter(|header| header.digest() == *da_hash)
    }

    /// Opens a file of the folder: regular, not a link.
    pub(super) fn file(path: &Path) -> io::Result<(File, u64)> {
        if !fs::symlink_metadata(path)?.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok((file, len))
    }
}
