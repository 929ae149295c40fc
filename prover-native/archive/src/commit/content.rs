//! The plain SHA-256 of what is read, in the pass that reads it.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};
use verifier_core::Digest;

/// Hashes everything that is read through it. Hashing runs on the reading thread: while [`super::commit_rows`] hashes rows
/// on the others, a second pass over the content is saved.
pub struct ContentReader<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
}

impl<R: Read> ContentReader<R> {
    /// Starts with nothing read.
    pub fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new(), bytes: 0 }
    }

    /// The digest of what was read, and its length in bytes.
    pub fn finish(self) -> (Digest, u64) {
        (Digest::new(self.hasher.finalize().into()), self.bytes)
    }
}

impl<R: Read> Read for ContentReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buf)?;
        self.hasher.update(&buf[..len]);
        self.bytes += len as u64;
        Ok(len)
    }
}
