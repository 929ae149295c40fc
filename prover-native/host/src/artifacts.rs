//! The artifact store (spec: `docs/spec/capture.md`): contents of a run, each under the SHA-256 of its bytes.
//!
//! One file without a name, which lives as long as the store and which no program sees. Content is hashed and copied in one
//! pass, never held in memory whole, and a content that comes twice is kept once. Nothing here is synced to disk: the receipt
//! is, when it is written (`whole_file`), and a store that is lost in a crash is lost with its run.

mod spool;

use std::{
    cell::Cell,
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use sha2::{Digest as _, Sha256};
use verifier_core::Digest;

pub use self::spool::is_zero;
use self::spool::{Pieces, Reader, Spool};
use crate::cause::Cause;

/// A content by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Artifact {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Length of the content in bytes.
    pub size: u64,
}

/// Temporary contents by their addresses. Clones share them; they are gone with the last of the clones.
#[derive(Clone, Debug)]
pub struct ArtifactStore(Arc<Contents>);

#[derive(Debug)]
struct Contents {
    spool: Arc<Spool>,
    /// The folder whose file system has the file, for errors.
    folder: PathBuf,
    index: Mutex<BTreeMap<Digest, Held>>,
}

#[derive(Clone, Debug)]
struct Held {
    size: u64,
    pieces: Arc<Pieces>,
}

impl ArtifactStore {
    /// Opens an empty store on the file system of the receipt that it will go into.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn beside(receipt: &Path) -> Result<Self, StoreError> {
        let folder = receipt.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::new(folder, Spool::on(folder))
    }

    /// Opens an empty store in the system's folder for temporary files.
    ///
    /// # Errors
    /// When no file can be made there.
    pub fn temporary() -> Result<Self, StoreError> {
        Self::new(&std::env::temp_dir(), Spool::temporary())
    }

    fn new(folder: &Path, spool: io::Result<Spool>) -> Result<Self, StoreError> {
        let spool = spool.map_err(|error| StoreError::new("make a temporary file in", folder, error))?;
        Ok(Self(Arc::new(Contents { spool: Arc::new(spool), folder: folder.to_owned(), index: Mutex::default() })))
    }

    /// Adds the content of a file.
    ///
    /// # Errors
    /// When the file cannot be read or the copy not be written.
    pub fn add_file(&self, path: &Path) -> Result<Artifact, StoreError> {
        let file =
            File::open(path).map_err(|error| StoreError { reading: true, ..StoreError::new("open", path, error) })?;
        self.add_reader(file).map_err(|error| error.on(path))
    }

    /// Adds what a reader gives, to its end.
    ///
    /// # Errors
    /// When reading fails or the copy cannot be written.
    pub fn add_reader(&self, mut reader: impl Read) -> Result<Artifact, StoreError> {
        let failed = |error| StoreError { reading: true, ..StoreError::new("read", Path::new("the content"), error) };
        let mut fill = |buffer: &mut Vec<u8>| fill(&mut reader, buffer).map_err(failed);
        with_buffer(|buffer| {
            if fill(buffer)? < BUFFER {
                return self.add_bytes(buffer);
            }
            let mut writer = self.writer();
            writer.append_side_by_side(std::mem::take(buffer), fill)?;
            Ok(writer.finish())
        })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub fn add_bytes(&self, bytes: &[u8]) -> Result<Artifact, StoreError> {
        let artifact = Artifact { digest: Digest::of_content(bytes), size: bytes.len() as u64 };
        // Known in advance, so that a content that is held costs no writing; two threads with the same one write it twice.
        if !self.contains(&artifact.digest) {
            let mut writer = self.writer();
            writer.write(bytes)?;
            writer.place(artifact);
        }
        Ok(artifact)
    }

    /// Starts a content that comes in pieces.
    pub fn writer(&self) -> ArtifactWriter {
        ArtifactWriter { store: self.clone(), pieces: Pieces::default(), hasher: Sha256::new(), size: 0 }
    }

    /// Opens a content for reading; `None` when the store does not hold it.
    pub fn open(&self, digest: &Digest) -> Option<impl Read + use<>> {
        let pieces = Arc::clone(&self.index().get(digest)?.pieces);
        Some(Reader::new(Arc::clone(&self.0.spool), pieces))
    }

    /// Whether the store holds a content.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.index().contains_key(digest)
    }

    /// Every content, by digest.
    pub fn iter(&self) -> impl Iterator<Item = Artifact> + use<> {
        let index: Vec<_> = self.index().iter().map(|(digest, held)| (*digest, held.size)).collect();
        index.into_iter().map(|(digest, size)| Artifact { digest, size })
    }

    /// Drops a content; nothing happens when the store does not hold it.
    pub fn remove(&self, digest: &Digest) {
        self.index().remove(digest);
    }

    /// The index is whole between any two statements, so that a panic elsewhere leaves it usable.
    fn index(&self) -> MutexGuard<'_, BTreeMap<Digest, Held>> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A content that is being written. Dropped before [`finish`](Self::finish), it leaves nothing.
#[derive(Debug)]
pub struct ArtifactWriter {
    store: ArtifactStore,
    pieces: Pieces,
    hasher: Sha256,
    size: u64,
}

impl ArtifactWriter {
    /// Appends bytes.
    ///
    /// # Errors
    /// When the disk refuses them.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(bytes)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Contents { spool, folder, .. } = &*self.store.0;
        spool.append(&mut self.pieces, bytes).map_err(|error| StoreError::new(WRITE, folder, error))
    }

    /// Appends a buffer and what `fill` gives after it, hashing here and writing on another thread: while the disk keeps
    /// up, the copy costs no time of its own.
    fn append_side_by_side(
        &mut self,
        first: Vec<u8>,
        mut fill: impl FnMut(&mut Vec<u8>) -> Result<usize, StoreError>,
    ) -> Result<(), StoreError> {
        let Self { store, pieces, hasher, size } = self;
        let Contents { spool, folder, .. } = &*store.0;
        let (full, to_write) = mpsc::channel::<Vec<u8>>();
        let (written, empty) = mpsc::channel();
        (1..BUFFERS).for_each(|_| drop(written.send(Vec::new())));
        thread::scope(|scope| {
            let writing = scope.spawn(move || {
                to_write.iter().try_for_each(|buffer| {
                    spool.append(pieces, &buffer)?;
                    // Nobody takes it back at the end.
                    let _ = written.send(buffer);
                    Ok(())
                })
            });
            let mut buffer = first;
            let filled = loop {
                hasher.update(&buffer);
                *size += buffer.len() as u64;
                // The other end is gone only when writing has failed, which is told below.
                let Ok(()) = full.send(buffer) else { break Ok(0) };
                let Ok(returned) = empty.recv() else { break Ok(0) };
                buffer = returned;
                match fill(&mut buffer) {
                    Ok(1..) => {}
                    end => break end,
                }
            };
            drop(full);
            let writing: io::Result<()> =
                writing.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")));
            writing.map_err(|error| StoreError::new(WRITE, folder, error))?;
            filled.map(drop)
        })
    }

    /// Gives the content its address.
    pub fn finish(self) -> Artifact {
        let artifact = Artifact { digest: Digest::new(self.hasher.clone().finalize().into()), size: self.size };
        self.place(artifact);
        artifact
    }

    fn place(self, artifact: Artifact) {
        if let Entry::Vacant(entry) = self.store.index().entry(artifact.digest) {
            entry.insert(Held { size: artifact.size, pieces: Arc::new(self.pieces) });
        }
    }
}

const WRITE: &str = "write temporary contents to the disk of";

/// Hashes what a reader gives, to its end, without keeping it.
///
/// # Errors
/// When reading fails.
pub fn digest_of(mut reader: impl Read) -> io::Result<Artifact> {
    with_buffer(|buffer| {
        let mut hasher = Sha256::new();
        let mut size = 0;
        while fill(&mut reader, buffer)? > 0 {
            hasher.update(&*buffer);
            size += buffer.len() as u64;
        }
        Ok(Artifact { digest: Digest::new(hasher.finalize().into()), size })
    })
}

/// Lends this thread's buffer: making one anew costs more than a small file does.
fn with_buffer<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    thread_local!(static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) });
    let mut buffer = SPARE.take();
    let outcome = work(&mut buffer);
    SPARE.set(buffer);
    outcome
}

/// Fills a buffer anew, to [`BUFFER`] bytes or the reader's end.
fn fill(reader: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    buffer.clear();
    buffer.reserve_exact(BUFFER);
    reader.take(BUFFER as u64).read_to_end(buffer)
}

/// Stays in the second-level cache between reading, hashing and writing.
const BUFFER: usize = 256 << 10;
/// Buffers that go round between hashing and writing.
const BUFFERS: usize = 8;

/// The store could not take or give a content.
#[derive(Debug)]
pub struct StoreError {
    action: &'static str,
    path: PathBuf,
    error: io::Error,
    reading: bool,
}

impl StoreError {
    fn new(action: &'static str, path: &Path, error: io::Error) -> Self {
        Self { action, path: path.to_owned(), error, reading: false }
    }

    /// A content that could not be read.
    pub fn reading_failed(error: io::Error) -> Self {
        Self { reading: true, ..Self::new("read", Path::new("the content"), error) }
    }

    /// Names the file that the content came from, rather than the store's own.
    fn on(self, path: &Path) -> Self {
        Self { action: "keep a copy of", path: path.to_owned(), ..self }
    }

    /// What the operating system said.
    pub fn io(&self) -> &io::Error {
        &self.error
    }

    /// Whether the content could not be read, rather than not be kept.
    pub fn is_reading(&self) -> bool {
        self.reading
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.action, self.path.display(), Cause(&self.error))
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_kept_once_and_listed_by_digest() {
        let store = ArtifactStore::temporary().unwrap();
        let abc = store.add_bytes(b"abc").unwrap();
        assert_eq!(abc, Artifact { digest: Digest::of_content(b"abc"), size: 3 });
        assert_eq!(store.add_reader(&b"abc"[..]).unwrap(), abc);
        let mut listed = vec![abc, store.add_bytes(b"").unwrap(), store.add_bytes(&[7; 1 << 20]).unwrap()];
        listed.sort();
        assert_eq!(store.iter().collect::<Vec<_>>(), listed);

        let mut content = Vec::new();
        store.open(&abc.digest).unwrap().read_to_end(&mut content).unwrap();
        assert_eq!(content, b"abc");
        store.remove(&abc.digest);
        store.remove(&abc.digest);
        assert!(store.open(&abc.digest).is_none());
    }

    #[test]
    fn a_large_content_is_the_same_by_every_way() {
        let store = ArtifactStore::temporary().unwrap();
        for size in [BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFERS * BUFFER + 17] {
            let content: Vec<u8> = (0..size).map(|i| ((i * i) >> 7) as u8).collect();
            let expected = Artifact { digest: Digest::of_content(&content), size: size as u64 };
            assert_eq!(store.add_reader(&content[..]).unwrap(), expected);
            assert_eq!(digest_of(&content[..]).unwrap(), expected);
            let mut kept = Vec::new();
            store.open(&expected.digest).unwrap().read_to_end(&mut kept).unwrap();
            assert!(kept == content);
        }
    }

    #[test]
    fn a_reader_that_fails_leaves_nothing() {
        struct Failing(usize);
        impl Read for Failing {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 = self.0.checked_sub(buffer.len()).ok_or(io::ErrorKind::BrokenPipe)?;
                Ok(buffer.len())
            }
        }
        let store = ArtifactStore::temporary().unwrap();
        for size in [0, BUFFER, 20 * BUFFER] {
            assert_eq!(store.add_reader(Failing(size)).unwrap_err().io().kind(), io::ErrorKind::BrokenPipe);
            assert_eq!(store.iter().count(), 0);
        }
    }

    #[test]
    fn no_folder_shows_what_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtifactStore::beside(&folder.path().join("run.cap")).unwrap();
        let mut writer = store.writer();
        writer.append(b"half").unwrap();
        store.add_bytes(b"whole").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(writer);
        assert_eq!(store.iter().count(), 1);
    }

    #[test]
    fn contents_that_are_written_at_the_same_time_stay_apart() {
        let store = ArtifactStore::temporary().unwrap();
        let mut writers = [store.writer(), store.writer()];
        for i in 0..100_u8 {
            for (which, writer) in (0_u8..).zip(&mut writers) {
                writer.append(&[i + which; 1000]).unwrap();
            }
        }
        for (which, writer) in (0_u8..).zip(writers) {
            let expected: Vec<u8> = (0..100_u8).flat_map(|i| [i + which; 1000]).collect();
            let mut kept = Vec::new();
            store.open(&writer.finish().digest).unwrap().read_to_end(&mut kept).unwrap();
            assert!(kept == expected);
        }
    }

    #[test]
    fn zeros_take_no_space() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sparse");
        let file = File::create(&path).unwrap();
        file.set_len(40 << 20).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"data", (20 << 20) + 5).unwrap();
        let store = ArtifactStore::temporary().unwrap();
        let artifact = store.add_file(&path).unwrap();
        let expected = std::fs::read(&path).unwrap();
        assert_eq!(artifact, digest_of(&expected[..]).unwrap());
        let mut kept = Vec::new();
        store.open(&artifact.digest).unwrap().read_to_end(&mut kept).unwrap();
        assert!(kept == expected);
        assert!(store.0.spool.file().metadata().unwrap().blocks() * 512 <= 1 << 20);
    }

    #[test]
    fn errors_name_the_file() {
        let store = ArtifactStore::temporary().unwrap();
        let error = store.add_file(Path::new("/no/such/file")).unwrap_err();
        assert_eq!(error.to_string(), "cannot open /no/such/file: there is no such file or folder");
        let error = store.add_file(Path::new("/")).unwrap_err();
        assert_eq!(error.to_string(), "cannot keep a copy of /: it is a folder");
    }
}
