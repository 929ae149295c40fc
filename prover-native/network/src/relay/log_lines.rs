//! The lines of a relay's log as they are on disk, one after the other.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use verifier_core::pcap::log::MAX_LINE;

use super::RegisterError;

/// Reads a log from its beginning, and goes on when there is more.
#[derive(Debug)]
pub(super) struct LogLines {
    path: PathBuf,
    reader: BufReader<File>,
    count: u64,
}

impl LogLines {
    /// Opens the log.
    pub(super) fn open(path: &Path) -> Result<Self, RegisterError> {
        let file = File::open(path).map_err(|error| RegisterError::Io { path: path.to_owned(), error })?;
        Ok(Self { path: path.to_owned(), reader: BufReader::new(file), count: 0 })
    }

    /// The log.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lines that were read.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The next whole line, without its line feed.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, RegisterError> {
        let line = self.read().map_err(|error| RegisterError::Io { path: self.path.clone(), error })?;
        self.count += u64::from(line.is_some());
        Ok(line)
    }

    /// Looks at lines that come next, and leaves them to be read.
    pub(super) fn ahead<T>(
        &mut self,
        look: impl FnOnce(&mut Self) -> Result<T, RegisterError>,
    ) -> Result<T, RegisterError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| RegisterError::Io { path, error }
        };
        let (count, place) = (self.count, self.reader.stream_position().map_err(io(&self.path))?);
        let looked = look(self)?;
        self.reader.seek(SeekFrom::Start(place)).map_err(io(&self.path))?;
        self.count = count;
        Ok(looked)
    }

    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let read = self.reader.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            return Ok(Some(line));
        }
        if read > MAX_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than any line of a log"));
        }
        // What is not whole yet is read again when it is.
        self.reader.seek_relative(-(read as i64))?;
        Ok(None)
    }
}
