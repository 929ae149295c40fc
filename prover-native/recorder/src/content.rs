//! Contents as they are at the time of use: which file it is, whether it changed, and its hash, made on other threads.

use std::{
    collections::VecDeque,
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use capseal_host::artifacts::{Artifact, ArtifactStore, StoreError, digest_of};

/// Which file it is, by whatever names. The time of birth, where the file system has one, tells a file from an earlier
/// one whose number it inherited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
    born: Option<SystemTime>,
}

impl Identity {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino(), born: metadata.created().ok() }
    }
}

/// What changes when a content changes: size, and times of modification and of change in seconds and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file was changed so shortly before `time`, or after it, that a further change may leave the stamp as it
    /// is: the system's file times have steps.
    fn is_fresh_at(&self, time: SystemTime) -> bool {
        let (Ok(seconds), Ok(nanoseconds)) = (u64::try_from(self.changed.0), u32::try_from(self.changed.1)) else {
            return true;
        };
        UNIX_EPOCH + Duration::new(seconds, nanoseconds) + TIME_STEP >= time
    }
}

/// Five times the longest step that Linux is built with (100 Hz).
const TIME_STEP: Duration = Duration::from_millis(50);

/// A content that is being hashed, or is hashed.
#[derive(Clone, Debug)]
pub(super) struct Version {
    /// The file's stamp when it was opened.
    pub(super) stamp: Stamp,
    /// Whether the store gets the content.
    pub(super) kept: bool,
    opened: SystemTime,
    slot: Arc<Slot>,
}

impl Version {
    /// Waits for the hash.
    ///
    /// # Errors
    /// When the content could not be read or kept.
    pub(super) fn wait(&self) -> Result<Hashed, Arc<StoreError>> {
        let mut outcome = self.slot.outcome();
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.slot.done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether a stamp seen later shows that the content is still the same, without reading it.
    pub(super) fn is_surely(&self, now: &Stamp) -> bool {
        self.stamp == *now && !self.stamp.is_fresh_at(self.opened)
    }
}

/// A content that was hashed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hashed {
    /// What was read.
    pub(super) content: Artifact,
    /// Whether the file was left alone from its opening to the end of hashing.
    pub(super) steady: bool,
}

#[derive(Debug, Default)]
struct Slot {
    outcome: Mutex<Option<Result<Hashed, Arc<StoreError>>>>,
    done: Condvar,
}

impl Slot {
    fn outcome(&self) -> MutexGuard<'_, Option<Result<Hashed, Arc<StoreError>>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Threads that hash files while the run goes on.
#[derive(Debug)]
pub(super) struct Hashing {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    store: ArtifactStore,
    queue: Mutex<Queue>,
    /// Told when there is a job, room for one, or no more to come.
    turn: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Debug)]
struct Job {
    file: File,
    version: Version,
}

/// However a job ends, who waits for it goes on.
impl Drop for Job {
    fn drop(&mut self) {
        self.version.slot.outcome().get_or_insert_with(|| {
            Err(Arc::new(StoreError::reading_failed(io::Error::other("the hashing thread failed"))))
        });
        self.version.slot.done.notify_all();
    }
}

impl Hashing {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(store: &ArtifactStore) -> io::Result<Self> {
        let shared = Arc::new(Shared { store: store.clone(), queue: Mutex::default(), turn: Condvar::new() });
        let count = thread::available_parallelism().map_or(1, |count| count.get().min(MOST_WORKERS));
        let mut hashing = Self { shared, workers: Vec::new() };
        for _ in 0..count {
            let shared = Arc::clone(&hashing.shared);
            let worker = thread::Builder::new().name("capseal-hash".to_owned());
            hashing.workers.push(worker.spawn(move || shared.work())?);
        }
        Ok(hashing)
    }

    /// Hashes a file from its start, and keeps the content if asked to. Waits while many files are in the queue: each
    /// holds a descriptor.
    pub(super) fn submit(&self, file: File, metadata: &Metadata, kept: bool) -> Version {
        let version = Version { stamp: Stamp::of(metadata), kept, opened: SystemTime::now(), slot: Arc::default() };
        let job = Job { file, version: version.clone() };
        let mut queue = self.shared.queue();
        while queue.jobs.len() >= LONGEST_QUEUE {
            queue = self.shared.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.turn.notify_all();
        version
    }

    /// The store that contents go to.
    pub(super) fn store(&self) -> &ArtifactStore {
        &self.shared.store
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.turn.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has left its job's outcome behind.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        while let Some(job) = self.next() {
            let outcome = self.hash(&job).map_err(Arc::new);
            *job.version.slot.outcome() = Some(outcome);
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                self.turn.notify_all();
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            queue = self.turn.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn hash(&self, job: &Job) -> Result<Hashed, StoreError> {
        let Version { stamp, kept, .. } = &job.version;
        // What is appended meanwhile is not what was opened. Some file systems give no size in advance.
        let content = (&job.file).take(if stamp.size == 0 { u64::MAX } else { stamp.size });
        let content = match kept {
            true => self.store.add_reader(content)?,
            false => digest_of(content).map_err(StoreError::reading_failed)?,
        };
        let after = job.file.metadata().map_err(StoreError::reading_failed)?;
        Ok(Hashed { content, steady: Stamp::of(&after) == *stamp })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More threads than this wait for the disk.
const MOST_WORKERS: usize = 8;
/// Descriptors held by waiting jobs, well below the usual limit of 1024.
const LONGEST_QUEUE: usize = 256;
