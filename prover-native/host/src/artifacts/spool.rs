//! The file behind a store: it has no name, so that no program sees it in any folder, and it is gone with its last user.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::whole_file::nameless;

/// Contents lie in it in pieces, as several may be written at the same time.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    end: AtomicU64,
}

/// A part of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Where it lies; `None` for zeros, which lie nowhere.
    at: Option<u64>,
    len: u64,
}

/// The parts of a content, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pieces(Vec<Piece>);

impl Spool {
    /// Makes the file on the file system of a folder, or in the system's folder for temporary files where the first has only
    /// files with names.
    ///
    /// # Errors
    /// When neither takes a file.
    pub(super) fn on(folder: &Path) -> io::Result<Self> {
        let file = nameless(folder).or_else(|_| tempfile::tempfile()).or_else(|_| tempfile::tempfile_in(folder))?;
        Ok(Self { file, end: AtomicU64::new(0) })
    }

    /// Makes the file in the system's folder for temporary files.
    ///
    /// # Errors
    /// When it takes none.
    pub(super) fn temporary() -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile()?, end: AtomicU64::new(0) })
    }

    #[cfg(test)]
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Writes the next part of a content. Zeros take no space: a sparse file costs what its data does.
    ///
    /// # Errors
    /// When the disk refuses it.
    pub(super) fn append(&self, pieces: &mut Pieces, bytes: &[u8]) -> io::Result<()> {
        let len = bytes.len() as u64;
        let at = match bytes.len() >= LEAST_HOLE && is_zero(bytes) {
            true => None,
            false => {
                let at = self.end.fetch_add(len, Ordering::Relaxed);
                self.file.write_all_at(bytes, at)?;
                Some(at)
            }
        };
        pieces.push(Piece { at, len });
        Ok(())
    }
}

/// Whether bytes are all zero.
pub fn is_zero(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<64>();
    words.iter().all(|word| *word == [0; 64]) && rest.iter().all(|byte| *byte == 0)
}

/// Shorter runs of zeros are written as they are.
const LEAST_HOLE: usize = 64 << 10;

impl Pieces {
    fn push(&mut self, piece: Piece) {
        if piece.len == 0 {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.at.map(|at| at + last.len) == piece.at => last.len += piece.len,
            _ => self.0.push(piece),
        }
    }
}

/// Reads a content from its start to its end.
#[derive(Debug)]
pub(super) struct Reader {
    spool: Arc<Spool>,
    pieces: Arc<Pieces>,
    /// The piece that is being read, and how much of it has been.
    place: (usize, u64),
}

impl Reader {
    pub(super) fn new(spool: Arc<Spool>, pieces: Arc<Pieces>) -> Self {
        Self { spool, pieces, place: (0, 0) }
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (index, done) = self.place;
        let Some(piece) = self.pieces.0.get(index) else { return Ok(0) };
        let length = usize::try_from(piece.len - done).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = &mut buffer[..length];
        let read = match piece.at {
            None => {
                buffer.fill(0);
                length
            }
            Some(at) => self.spool.file.read_at(buffer, at + done)?,
        };
        if read == 0 && length > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let done = done + read as u64;
        self.place = if done == piece.len { (index + 1, 0) } else { (index, done) };
        Ok(read)
    }
}
