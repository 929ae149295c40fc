//! Export: a receipt's bundle becomes a provider's folder.

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use verifier_core::{Digest, capsule::entry, row_check::RowCheckHeader};

use super::Folder;
use capseal_archive::{
    bundle::{Bundle, BundleError},
    commit::{EncodeError, RowStore, encode},
};
use capseal_host::cause::Cause;

/// What is in the folder now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Artifacts.
    pub blobs: usize,
    /// Rows, of an archive that is kept elsewhere.
    pub rows: u64,
    /// Its name.
    pub da_hash: Option<Digest>,
}

/// Writes the bundle of a receipt into a folder. What is there already stays as it is; what is added appears whole.
///
/// # Errors
/// When an artifact is not at hand, the archive is not the one committed to, or the disk does not take it.
pub fn export(bundle: &Bundle<'_>, archive: Option<&Path>, folder: &Folder) -> Result<Exported, ExportError> {
    let blobs = folder.blobs();
    fs::create_dir_all(&blobs).map_err(|error| ExportError::Write(blobs.clone(), error))?;
    let artifacts = &bundle.capsule().payload.artifacts;
    for artifact in artifacts {
        let place = folder.blob(&artifact.digest);
        if place.is_file() {
            continue;
        }
        let failed = |error| ExportError::Write(place.clone(), error);
        let mut file = tempfile::NamedTempFile::new_in(&blobs).map_err(failed)?;
        bundle.copy(&artifact.digest, &mut file)?;
        readable(file.path()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&place).map_err(|error| failed(error.error))?;
    }
    let Some(header) = bundle.container().get(entry::ROW_CHECK_HEADER) else {
        return Ok(Exported { blobs: artifacts.len(), rows: 0, da_hash: None });
    };
    let header = RowCheckHeader::from_bytes(header).map_err(|error| BundleError::Receipt(error.to_string()))?;
    let da_hash = header.digest();
    let place = folder.archive(&da_hash);
    if !place.is_dir() {
        let archive = archive.ok_or(ExportError::NoArchive)?;
        write_rows(archive, &header, &place)?;
    }
    Ok(Exported { blobs: artifacts.len(), rows: header.shape().extended_rows(), da_hash: Some(da_hash) })
}

/// Encodes the archive and writes header, sketch and rows; the folder gets its name when all of it is there.
fn write_rows(archive: &Path, header: &RowCheckHeader, place: &Path) -> Result<(), ExportError> {
    let failed = |error| ExportError::Write(place.to_owned(), error);
    let parent = place.parent().unwrap_or(place);
    fs::create_dir_all(parent).map_err(failed)?;
    let partial = tempfile::Builder::new().prefix(".partial-").tempdir_in(parent).map_err(failed)?;
    let file = File::open(archive).map_err(|error| ExportError::Write(archive.to_owned(), error))?;
    let mut store = RowStore::new(tempfile::tempfile_in(partial.path()).map_err(failed)?, header.shape());
    let encoding = encode(file, *header.shape(), Some(&mut store)).map_err(ExportError::Encode)?;
    if encoding.header != *header {
        return Err(ExportError::OtherArchive);
    }
    fs::write(partial.path().join("header"), header.to_bytes()).map_err(failed)?;
    fs::write(partial.path().join("z"), &encoding.sketch).map_err(failed)?;
    let rows = partial.path().join("rows");
    fs::create_dir(&rows).map_err(failed)?;
    for index in 0..header.shape().extended_rows() {
        let row = store.row(index).map_err(failed)?;
        let path = encoding.tree.open(index).map_err(|_| ExportError::OtherArchive)?;
        let mut file = BufWriter::new(File::create(rows.join(index.to_string())).map_err(failed)?);
        file.write_all(&row).map_err(failed)?;
        path.digests().iter().try_for_each(|digest| file.write_all(digest.as_bytes())).map_err(failed)?;
        file.flush().map_err(failed)?;
    }
    let partial = partial.keep();
    let done =
        readable(&partial).and_then(|()| File::open(&partial)?.sync_all()).and_then(|()| fs::rename(&partial, place));
    done.map_err(|error| {
        // Another export may have been faster; its folder is the same.
        let _ = fs::remove_dir_all(&partial);
        failed(error)
    })
}

/// Temporary files are for their owner alone; a web server runs as somebody else.
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if path.is_dir() { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// A bundle that cannot be exported.
#[derive(Debug)]
pub enum ExportError {
    /// An artifact cannot be had.
    Bundle(BundleError),
    /// The archive is kept elsewhere, and was not named.
    NoArchive,
    /// The archive cannot be encoded.
    Encode(EncodeError),
    /// The archive is not the one that the receipt commits to.
    OtherArchive,
    /// The folder cannot be written.
    Write(PathBuf, io::Error),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundle(error) => error.fmt(f),
            Self::NoArchive => f.write_str("the archive does not travel in the receipt, and is not beside it"),
            Self::Encode(error) => error.fmt(f),
            Self::OtherArchive => f.write_str("the archive is not the one that the receipt commits to"),
            Self::Write(path, error) => write!(f, "{}: {}", path.display(), Cause(error)),
        }
    }
}

impl std::error::Error for ExportError {}

impl From<BundleError> for ExportError {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}
