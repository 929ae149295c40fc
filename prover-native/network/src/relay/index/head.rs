//! How far a log was acknowledged: a file of one line that is written over and synced before an answer, so that no acknowledged line is
//! missed for want of an index that waited for the disk.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use verifier_core::Digest;

use super::IndexError;

/// The head of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Lines that were acknowledged.
    pub(super) lines: u64,
    /// SHA-256 of the last of them.
    pub(super) last: Digest,
}

/// Where it lies.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl HeadFile {
    /// The file at a path, which may not be there yet.
    pub(super) fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), file: Mutex::new(None) }
    }

    /// What it says; nothing where it is not there or a crash came before its first line.
    pub(super) fn read(&self) -> Result<Option<Head>, IndexError> {
        match fs::read_to_string(&self.path) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => parse(&text).map(Some).ok_or_else(|| self.failed(io::ErrorKind::InvalidData.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Replaces what it says, on disk.
    pub(super) fn write(&self, head: Head) -> Result<(), IndexError> {
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match &mut *held {
            Some(file) => put(file, head),
            None => self.begin().and_then(|file| put(held.insert(file), head)),
        };
        written.map_err(|error| self.failed(error))
    }

    fn begin(&self) -> io::Result<File> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&self.path)?;
        // The name has to last as well.
        self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        Ok(file)
    }

    fn failed(&self, error: io::Error) -> IndexError {
        let said = io::Error::new(error.kind(), format!("{}: {error}", self.path.display()));
        IndexError::of(redb::Error::Io(said))
    }
}

/// One line of one length, so that nothing of the one before is left.
fn put(file: &File, head: Head) -> io::Result<()> {
    file.write_all_at(format!("{:020} {}\n", head.lines, head.last).as_bytes(), 0)?;
    file.sync_data()
}

fn parse(text: &str) -> Option<Head> {
    let (lines, last) = text.strip_suffix('\n')?.split_once(' ')?;
    Some(Head { lines: lines.parse().ok()?, last: Digest::from_hex(last)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written_and_half_a_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("head");
        let file = HeadFile::at(&path);
        assert_eq!(file.read().unwrap(), None);
        for lines in [9_999, 10_000, 3] {
            let head = Head { lines, last: Digest::of_content(&lines.to_le_bytes()) };
            file.write(head).unwrap();
            assert_eq!(HeadFile::at(&path).read().unwrap(), Some(head));
        }
        let text = fs::read(&path).unwrap();
        for len in 1..text.len() {
            fs::write(&path, &text[..len]).unwrap();
            assert!(file.read().is_err(), "{len}");
        }
    }
}
