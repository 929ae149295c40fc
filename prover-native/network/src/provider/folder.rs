//! The folder of a provider: where each thing lies. Names are made of digests and numbers only, never of what a client sends.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
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
        let bytes = self.read(&self.archive(da_hash).join("header")).ok()?;
        RowCheckHeader::from_bytes(&bytes).ok().filter(|header| header.digest() == *da_hash)
    }

    /// Opens a file of the folder: regular, and neither a link itself nor behind one.
    pub(super) fn file(&self, path: &Path) -> io::Result<(File, u64)> {
        self.refuse_links(path)?;
        // What is no file is not waited for, whatever has taken its place meanwhile.
        let options = File::options().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
        let file = options.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP | libc::ENXIO) => io::ErrorKind::NotFound.into(),
            _ => error,
        })?;
        let metadata = file.metadata()?;
        if metadata.is_file() { Ok((file, metadata.len())) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Refuses a path that leaves the folder by a link. The folder itself may be one.
    fn refuse_links(&self, path: &Path) -> io::Result<()> {
        let below = path.strip_prefix(&self.0).map_err(|_| io::ErrorKind::NotFound)?;
        let mut place = self.0.clone();
        for part in below.parent().into_iter().flat_map(Path::components) {
            place.push(part);
            if fs::symlink_metadata(&place)?.is_symlink() {
                return Err(io::ErrorKind::NotFound.into());
            }
        }
        Ok(())
    }

    /// Reads a file of the folder whole.
    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let (mut file, len) = self.file(path)?;
        let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether it can be looked into.
    pub(crate) fn is_there(&self) -> bool {
        fs::read_dir(&self.0).is_ok()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}
