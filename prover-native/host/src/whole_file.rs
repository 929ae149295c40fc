//! A file that is there whole, or not at all.
//!
//! Written beside its destination, synced, renamed, and the folder synced: after a crash or a full disk the destination
//! holds either what it held before or everything. What is dropped before [`finish`](WholeFile::finish) leaves nothing.
//! An existing destination is kept unless the caller says otherwise, also when it appears while the file is written.

use std::{
    ffi::{OsStr, OsString},
    fmt,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::cause::Cause;

/// What to do when the destination exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Keep it and refuse.
    Keep,
    /// Replace it, in one step.
    Replace,
}

/// A file in the making. Its bytes go through [`Write`], [`Read`] and [`Seek`].
#[derive(Debug)]
pub struct WholeFile {
    beside: NamedTempFile,
    destination: PathBuf,
    existing: Existing,
}

impl WholeFile {
    /// Starts a file that will be at `destination`.
    ///
    /// # Errors
    /// When the destination exists and shall be kept, is a folder, or its folder takes no files.
    pub fn create(destination: &Path, existing: Existing) -> Result<Self, WholeFileError> {
        Self::with_mode(destination, existing, 0o666)
    }

    /// The same, for its owner alone.
    ///
    /// # Errors
    /// As [`WholeFile::create`].
    pub fn create_private(destination: &Path, existing: Existing) -> Result<Self, WholeFileError> {
        Self::with_mode(destination, existing, 0o600)
    }

    /// `mode` are the permissions before the user's mask.
    fn with_mode(destination: &Path, existing: Existing, mode: u32) -> Result<Self, WholeFileError> {
        let failed = |error| WholeFileError { destination: destination.to_owned(), error };
        let (destination, name) = place(destination, existing).map_err(failed)?;
        let mut prefix = name.to_owned();
        prefix.push(".tmp");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        // tempfile's default is for the owner only; a receipt is as readable as any new file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        let beside = builder.tempfile_in(folder_of(&destination)).map_err(failed)?;
        Ok(Self { beside, destination, existing })
    }

    /// Gives the file a length; what has not been written up to it reads as zeros.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn set_len(&self, length: u64) -> io::Result<()> {
        self.beside.as_file().set_len(length)
    }

    /// Syncs the file, gives it its name, and syncs the folder. Returns where it is.
    ///
    /// # Errors
    /// When the disk does not take it, or the destination has come into being meanwhile and shall be kept.
    pub fn finish(self) -> Result<PathBuf, WholeFileError> {
        let Self { beside, destination, existing } = self;
        let done = beside.as_file().sync_all().and_then(|()| {
            match existing {
                Existing::Keep => beside.persist_noclobber(&destination),
                Existing::Replace => beside.persist(&destination),
            }
            .map_err(io::Error::from)?;
            sync_folder(folder_of(&destination))
        });
        match done {
            Ok(()) => Ok(destination),
            Err(error) => Err(WholeFileError { destination, error }),
        }
    }

    /// Says that an error met while writing concerns this file.
    pub fn error(&self, error: io::Error) -> WholeFileError {
        WholeFileError { destination: self.destination.clone(), error }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.beside.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.beside.flush()
    }
}

impl Read for WholeFile {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.beside.read(bytes)
    }
}

impl Seek for WholeFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.beside.seek(to)
    }
}

/// Finds out whether a file can be put at a destination, and leaves no trace of that where the file system allows it.
///
/// # Errors
/// As [`WholeFile::create`].
pub fn check(destination: &Path, existing: Existing) -> Result<(), WholeFileError> {
    let failed = |error| WholeFileError { destination: destination.to_owned(), error };
    let (place, _) = place(destination, existing).map_err(failed)?;
    if nameless(folder_of(&place)).is_err() {
        WholeFile::create(destination, existing)?;
    }
    Ok(())
}

/// Where a file for this destination is written: what a link leads to is replaced, and not the link. Only files are: a device, a
/// pipe or a folder stays what it is.
fn place(destination: &Path, existing: Existing) -> io::Result<(PathBuf, OsString)> {
    let name = |path: &Path| path.file_name().map(OsStr::to_owned).ok_or(io::ErrorKind::IsADirectory);
    let own_name = name(destination)?;
    let Ok(metadata) = fs::symlink_metadata(destination) else { return Ok((destination.to_owned(), own_name)) };
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if existing == Existing::Keep {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if metadata.is_symlink() {
        // A link to an open file of a process leads to no name.
        let target = fs::canonicalize(destination)?;
        let name = name(&target)?;
        return is_file(&fs::metadata(destination)?).map(|()| (target, name));
    }
    is_file(&metadata).map(|()| (destination.to_owned(), own_name))
}

fn is_file(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if metadata.is_file() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, a pipe or a socket"))
    }
}

/// Makes a file in a folder that never has a name there.
///
/// # Errors
/// When the file system has none of these, or the folder takes no files.
pub fn nameless(folder: &Path) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        fs::OpenOptions::new().read(true).write(true).mode(0o600).custom_flags(libc::O_TMPFILE).open(folder)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = folder;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Writes a whole file from bytes.
///
/// # Errors
/// As [`WholeFile::create`] and [`WholeFile::finish`], and when the disk does not take the bytes.
pub fn write(destination: &Path, existing: Existing, bytes: &[u8]) -> Result<PathBuf, WholeFileError> {
    let mut file = WholeFile::create(destination, existing)?;
    file.write_all(bytes).map_err(|error| file.error(error))?;
    file.finish()
}

/// Writes a whole new file that only its owner may read.
///
/// # Errors
/// As [`write()`].
pub fn write_private(destination: &Path, bytes: &[u8]) -> Result<PathBuf, WholeFileError> {
    write_private_over(destination, Existing::Keep, bytes)
}

/// The same, with a choice for a file that is there.
///
/// # Errors
/// As [`write()`].
pub fn write_private_over(destination: &Path, existing: Existing, bytes: &[u8]) -> Result<PathBuf, WholeFileError> {
    let mut file = WholeFile::with_mode(destination, existing, 0o600)?;
    file.write_all(bytes).map_err(|error| file.error(error))?;
    file.finish()
}

/// Reads a file whole, unless it has more than `most` bytes: then one byte more than that, which is enough to refuse it. Neither a huge
/// file nor an endless device is taken in.
///
/// # Errors
/// When it cannot be read.
pub fn read_at_most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    take_at_most(File::open(path)?, most)
}

/// The same for a stream.
///
/// # Errors
/// When it cannot be read.
pub fn take_at_most(from: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take((most as u64).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name lives in its folder: without this a crash can undo the rename.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems cannot sync a folder, and need not.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// A file could not be written; nothing of it is left.
#[derive(Debug)]
pub struct WholeFileError {
    destination: PathBuf,
    error: io::Error,
}

impl WholeFileError {
    /// What the operating system said.
    pub fn io(&self) -> &io::Error {
        &self.error
    }

    /// What the user can do about it.
    pub fn next_step(&self) -> &'static str {
        match self.error.kind() {
            io::ErrorKind::AlreadyExists => "choose another name, or remove the file first",
            io::ErrorKind::IsADirectory | io::ErrorKind::InvalidInput => "give the name of a file",
            io::ErrorKind::NotFound => "make the folder first",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space, or write to another disk",
            _ => "write to a folder where you may create files",
        }
    }
}

impl fmt::Display for WholeFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {}: {}", self.destination.display(), Cause(&self.error))
    }
}

impl std::error::Error for WholeFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_file_is_there_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.cap");
        assert_eq!(write(&path, Existing::Keep, b"whole").unwrap(), path);
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(names(folder.path()), ["run.cap"]);
    }

    #[test]
    fn an_existing_file_is_kept_unless_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.cap");
        fs::write(&path, b"first").unwrap();
        let error = write(&path, Existing::Keep, b"second").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}: it exists already", path.display()));
        assert_eq!(fs::read(&path).unwrap(), b"first");

        write(&path, Existing::Replace, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(names(folder.path()), ["run.cap"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.cap");
        let mut file = WholeFile::create(&path, Existing::Keep).unwrap();
        file.write_all(b"late").unwrap();
        fs::write(&path, b"early").unwrap();
        assert_eq!(file.finish().unwrap_err().io().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"early");
        assert_eq!(names(folder.path()), ["run.cap"]);
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = WholeFile::create(&folder.path().join("run.cap"), Existing::Keep).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_check_leaves_no_trace() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let times = || fs::metadata(folder.path()).map(|of| (of.mtime_nsec(), of.ctime_nsec())).unwrap();
        let before = times();
        check(&folder.path().join("run.cap"), Existing::Keep).unwrap();
        assert!(names(folder.path()).is_empty());
        if nameless(folder.path()).is_ok() {
            assert_eq!(times(), before);
        }
    }

    #[test]
    fn only_files_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for (link, target) in
            [("null", Path::new("/dev/null")), ("to-folder", &at("folder")), ("to-socket", &at("socket"))]
        {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        for name in ["socket", "folder", "null", "to-folder", "to-socket"] {
            for existing in [Existing::Keep, Existing::Replace] {
                check(&at(name), existing).unwrap_err();
                write(&at(name), existing, b"x").unwrap_err();
            }
        }
        let error = write(Path::new("/dev/null"), Existing::Replace, b"x").unwrap_err();
        assert_eq!(error.to_string(), "cannot write /dev/null: it is a device, a pipe or a socket");
    }

    #[test]
    fn what_a_link_leads_to_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real.cap"), b"first").unwrap();
        std::os::unix::fs::symlink("real.cap", at("latest.cap")).unwrap();
        write(&at("latest.cap"), Existing::Keep, b"second").unwrap_err();
        write(&at("latest.cap"), Existing::Replace, b"second").unwrap();
        assert_eq!(fs::read(at("real.cap")).unwrap(), b"second");
        assert!(at("latest.cap").is_symlink());
    }

    #[test]
    fn no_more_is_read_than_tells_that_it_is_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        for (len, read) in [(0, 0), (99, 99), (100, 100), (101, 101), (1 << 40, 101)] {
            File::create(&path).unwrap().set_len(len).unwrap();
            assert_eq!(read_at_most(&path, 100).unwrap().len(), read, "{len}");
        }
        assert_eq!(take_at_most(io::repeat(0), 100).unwrap().len(), 101);
        assert!(read_at_most(folder.path(), 100).is_err());
    }

    #[test]
    fn errors_name_the_file_and_the_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(folder.path(), Existing::Replace, b"").unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}: it is a folder", folder.path().display()));
        let error = write(&folder.path().join("none/run.cap"), Existing::Keep, b"").unwrap_err();
        assert_eq!(error.next_step(), "make the folder first");
        let full = write(Path::new("/dev/full"), Existing::Keep, b"").unwrap_err();
        assert_eq!(full.io().kind(), io::ErrorKind::AlreadyExists);
    }

    /// A file system of 64 KiB, where the test may mount one.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_said_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mounted =
            std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(path).output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            return;
        }
        let error = write(&path.join("run.cap"), Existing::Keep, &[0; 1 << 20]);
        let left = names(path);
        std::process::Command::new("umount").arg(path).status().unwrap();
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), format!("cannot write {}: the disk is full", path.join("run.cap").display()));
        assert!(left.is_empty());
    }
}
