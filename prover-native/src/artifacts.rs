//! The artifact store (spec: `docs/spec/capture.md`): contents of a run, each under the SHA-256 of its bytes.
//!
//! A folder that lives as long as the store. Content is hashed and copied in one pass, never held in memory whole, and a
//! content that comes twice is kept once. Nothing here is synced to disk: the receipt is, when it is written
//! (`whole_file`), and a store that is lost in a crash is lost with its run.

use std::{
    cell::Cell,
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use verifier_core::Digest;

use crate::cause::Cause;

/// A content by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Artifact {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Length of the content in bytes.
    pub size: u64,
}

/// A temporary content-addressed folder. Clones share it; it is removed with the last of them.
#[derive(Clone, Debug)]
pub struct ArtifactStore(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    dir: TempDir,
    index: Mutex<BTreeMap<Digest, u64>>,
    /// Numbers the contents that are still being written.
    next: AtomicU64,
}

impl ArtifactStore {
    /// Opens an empty store beside the receipt that it will go into, on the same file system.
    ///
    /// # Errors
    /// When the folder cannot be made there.
    pub fn beside(receipt: &Path) -> Result<Self, StoreError> {
        let folder = receipt.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut prefix = receipt.file_name().unwrap_or_default().to_owned();
        prefix.push(".tmp-artifacts-");
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(folder);
        Ok(Self::new(dir.map_err(|error| StoreError::new("make a folder for artifacts in", folder, error))?))
    }

    /// Opens an empty store in the system's folder for temporary files.
    ///
    /// # Errors
    /// When the folder cannot be made there.
    pub fn temporary() -> Result<Self, StoreError> {
        let dir = tempfile::Builder::new().prefix("capseal-artifacts-").tempdir();
        Ok(Self::new(dir.map_err(|error| StoreError::new("make a folder in", &std::env::temp_dir(), error))?))
    }

    fn new(dir: TempDir) -> Self {
        Self(Arc::new(Folder { dir, index: Mutex::default(), next: AtomicU64::new(0) }))
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
            let mut writer = self.writer()?;
            writer.append_side_by_side(std::mem::take(buffer), fill)?;
            writer.finish()
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
            let mut writer = self.writer()?;
            writer.write(bytes)?;
            writer.place(artifact)?;
        }
        Ok(artifact)
    }

    /// Starts a content that comes in pieces.
    ///
    /// # Errors
    /// When no file can be made in the store.
    pub fn writer(&self) -> Result<ArtifactWriter, StoreError> {
        let path = self.0.dir.path().join(format!("partial-{}", self.0.next.fetch_add(1, Ordering::Relaxed)));
        let file = File::create_new(&path).map_err(|error| StoreError::new("write", &path, error))?;
        Ok(ArtifactWriter { store: self.clone(), path, file, hasher: Sha256::new(), size: 0 })
    }

    /// Opens a content for reading; `None` when the store does not hold it.
    ///
    /// # Errors
    /// When it is held and cannot be opened.
    pub fn open(&self, digest: &Digest) -> Result<Option<File>, StoreError> {
        if !self.contains(digest) {
            return Ok(None);
        }
        let path = self.path(digest);
        File::open(&path).map(Some).map_err(|error| StoreError::new("open", &path, error))
    }

    /// Whether the store holds a content.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.index().contains_key(digest)
    }

    /// Every content, by digest.
    pub fn iter(&self) -> impl Iterator<Item = Artifact> + use<> {
        let index = self.index().clone();
        index.into_iter().map(|(digest, size)| Artifact { digest, size })
    }

    /// Drops a content; nothing happens when the store does not hold it.
    ///
    /// # Errors
    /// When its file cannot be removed.
    pub fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        let mut index = self.index();
        if index.remove(digest).is_none() {
            return Ok(());
        }
        let path = self.path(digest);
        fs::remove_file(&path).map_err(|error| StoreError::new("remove", &path, error))
    }

    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        self.0.dir.path().join(digest.to_string())
    }

    /// The index is whole between any two statements, so that a panic elsewhere leaves it usable.
    fn index(&self) -> MutexGuard<'_, BTreeMap<Digest, u64>> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A content that is being written. Dropped before [`finish`](Self::finish), it leaves nothing.
#[derive(Debug)]
pub struct ArtifactWriter {
    store: ArtifactStore,
    path: PathBuf,
    file: File,
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
        self.file.write_all(bytes).map_err(|error| StoreError::new("write", &self.path, error))
    }

    /// Appends a buffer and what `fill` gives after it, hashing here and writing on another thread: while the disk keeps
    /// up, the copy costs no time of its own.
    fn append_side_by_side(
        &mut self,
        first: Vec<u8>,
        mut fill: impl FnMut(&mut Vec<u8>) -> Result<usize, StoreError>,
    ) -> Result<(), StoreError> {
        let Self { file, hasher, size, path, .. } = self;
        let (full, to_write) = mpsc::channel::<Vec<u8>>();
        let (written, empty) = mpsc::channel();
        (1..BUFFERS).for_each(|_| drop(written.send(Vec::new())));
        thread::scope(|scope| {
            let writing = scope.spawn(move || {
                to_write.iter().try_for_each(|buffer| {
                    file.write_all(&buffer)?;
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
            writing.map_err(|error| StoreError::new("write", path, error))?;
            filled.map(drop)
        })
    }

    /// Gives the content its address.
    ///
    /// # Errors
    /// When the file cannot get its name.
    pub fn finish(self) -> Result<Artifact, StoreError> {
        let artifact = Artifact { digest: Digest::new(self.hasher.clone().finalize().into()), size: self.size };
        self.place(artifact)?;
        Ok(artifact)
    }

    fn place(&self, artifact: Artifact) -> Result<(), StoreError> {
        if let Entry::Vacant(entry) = self.store.index().entry(artifact.digest) {
            let path = self.store.path(&artifact.digest);
            fs::rename(&self.path, &path).map_err(|error| StoreError::new("write", &path, error))?;
            entry.insert(artifact.size);
        }
        Ok(())
    }
}

impl Drop for ArtifactWriter {
    fn drop(&mut self) {
        // Absent after a rename; otherwise the folder goes with the store.
        let _ = fs::remove_file(&self.path);
    }
}

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
    pub(crate) fn reading_failed(error: io::Error) -> Self {
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
        let folder = store.0.dir.path().to_owned();
        let abc = store.add_bytes(b"abc").unwrap();
        assert_eq!(abc, Artifact { digest: Digest::of_content(b"abc"), size: 3 });
        assert_eq!(store.add_reader(&b"abc"[..]).unwrap(), abc);
        let mut listed = vec![abc, store.add_bytes(b"").unwrap(), store.add_bytes(&[7; 1 << 20]).unwrap()];
        listed.sort();
        assert_eq!(store.iter().collect::<Vec<_>>(), listed);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);

        let mut content = Vec::new();
        store.open(&abc.digest).unwrap().unwrap().read_to_end(&mut content).unwrap();
        assert_eq!(content, b"abc");
        store.remove(&abc.digest).unwrap();
        store.remove(&abc.digest).unwrap();
        assert!(store.open(&abc.digest).unwrap().is_none());

        drop(store);
        assert!(!folder.exists());
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
            store.open(&expected.digest).unwrap().unwrap().read_to_end(&mut kept).unwrap();
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
            assert_eq!(fs::read_dir(store.0.dir.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_content_cut_short_leaves_nothing() {
        let store = ArtifactStore::temporary().unwrap();
        let mut writer = store.writer().unwrap();
        writer.append(b"half").unwrap();
        drop(writer);
        assert_eq!(fs::read_dir(store.0.dir.path()).unwrap().count(), 0);
        assert_eq!(store.iter().count(), 0);
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
