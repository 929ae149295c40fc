//! The lock of a log: a file of its own beside it, which nobody but the log's owner may open. Whoever may read the log cannot hold up
//! its writers.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The lock of a log. Held by at most one writer at a time, of whatever process.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    file: Option<File>,
}

impl LockFile {
    /// The lock of a log, not held yet.
    pub(super) fn of(log: &Path) -> Self {
        Self { path: path_of(log), file: None }
    }

    /// Waits for the lock, and holds it until [`LockFile::release`].
    pub(super) fn hold(&mut self) -> io::Result<()> {
        loop {
            let file = match self.file.take() {
                Some(file) => file,
                None => OpenOptions::new()
                    .create(true)
                    .truncate(false)
                    .read(true)
                    .write(true)
                    .mode(0o600)
                    .custom_flags(libc::O_NOFOLLOW)
                    .open(&self.path)?,
            };
            file.lock()?;
            // Who deletes the file while somebody waits for it lets two in, each with a file of their own: the one that has the name holds.
            if is_at(&file, &self.path)? {
                self.file = Some(file);
                return Ok(());
            }
        }
    }

    /// Gives the lock back.
    pub(super) fn release(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::unlock)
    }
}

/// Holds writers off a log for as long as the file that is returned lives; `None` where nobody has written yet, or others may not lock.
pub(super) fn hold_shared(log: &Path) -> Option<File> {
    let file = File::open(path_of(log)).ok()?;
    file.lock_shared().ok()?;
    Some(file)
}

fn path_of(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// Whether an open file is the one that has this path.
pub(super) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((open.dev(), open.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
