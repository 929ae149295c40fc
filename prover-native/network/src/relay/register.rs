//! The register: commits in, receipts and challenges out.

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use tokio::sync::oneshot;
use verifier_core::{Digest, relay::Commit, trust::Registry};

use super::{
    Store,
    index::{Index, IndexError, Postgres, Redb},
    line::{Line, Logged},
    status::Status,
    writer::{BATCH, Job, Writer},
};
use capseal_host::whole_file::WholeFileError;
use capseal_logs::{LogFile, LogFileError};
use capseal_trust::keys::SecretKey;

/// What a relay's challenges ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Bits that the rows have to show.
    pub bits: u32,
    /// How long a challenge is good for, in milliseconds.
    pub lifetime_ms: u64,
    /// The registry under which the relay issues.
    pub registry_root: Digest,
}

/// What came of a commit or an attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is new, and in the log. With a commit's receipt.
    Created(Vec<u8>),
    /// It was there already.
    Known(Vec<u8>),
    /// Another archive was committed under the same hash.
    Conflict,
    /// The commit is not here.
    Unknown,
    /// The commit has as many attestations as it may.
    Crowded,
}

/// A relay's register.
#[derive(Debug)]
pub struct Register {
    index: Arc<dyn Index>,
    registry: Registry,
    root: Digest,
    restored: u64,
    /// Held as long as the log is written.
    _lock: File,
    jobs: mpsc::SyncSender<Job>,
    status: Arc<Status>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The answer to a commit or an attestation, once it is durable. It is dropped unanswered when the writer is gone.
pub type Answer = oneshot::Receiver<Result<Outcome, Arc<RegisterError>>>;

impl Register {
    /// Opens the register whose log is in a folder and whose index is in a store, or starts one. `registry` is what its challenges name.
    ///
    /// Where the store is a database with lines and the folder has no log, the log is written again first.
    ///
    /// # Errors
    /// When log or index cannot be read, the log was changed, the database has another one, or another relay writes to either.
    pub fn open(
        folder: &Path,
        store: &Store,
        key: SecretKey,
        registry: Registry,
        bits: u32,
        lifetime_ms: u64,
    ) -> Result<Self, RegisterError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| RegisterError::Io { path: folder.to_owned(), error })?;
        let lock = lock(&folder.join("lock"))?;
        let path = folder.join("log.jsonl");
        let key_id = key.public().id();
        let mut restored = 0;
        let index: Arc<dyn Index> = match store {
            Store::File => Arc::new(Redb::open(&folder.join("index.redb"))?),
            Store::Database(url) => {
                let database = Postgres::open(url, key.public())?;
                if !path.exists() {
                    restored = database.restore(&path)?;
                }
                Arc::new(database)
            }
        };
        if !path.exists() {
            // Nothing is written into what may be evidence.
            let seen = index.lines()?;
            if seen > 0 {
                return Err(RegisterError::LogLost { path, lines: 0, seen });
            }
            let fields = [("relay".to_owned(), key_id.to_string().into())];
            LogFile::create(&path, fields.into_iter().collect())?;
        }
        let root = registry.root();
        let terms = Terms { bits, lifetime_ms, registry_root: root };
        private(&path)?;
        let log = LogFile::open(&path)?;
        let status = Arc::new(Status::default());
        let mut writer = Writer::new(log, Arc::clone(&index), key, terms, Arc::clone(&status))?;
        writer.catch_up()?;
        writer.look()?;
        let (jobs, come) = mpsc::sync_channel(2 * BATCH);
        let thread = thread::Builder::new().name("capseal-relay".to_owned()).spawn(move || writer.work(&come));
        let thread = thread.map_err(|error| RegisterError::Io { path, error })?;
        Ok(Self { index, registry, root, restored, _lock: lock, jobs, status, thread: Some(thread) })
    }

    /// Lines of the log that were written again from the database when it was opened; 0 where the log was there.
    pub const fn restored(&self) -> u64 {
        self.restored
    }

    /// Registers a commit.
    ///
    /// # Errors
    /// [`Full`] when as many wait already as the writer takes.
    pub fn commit(&self, commit: Commit) -> Result<Answer, Full> {
        // The time is the writer's to set.
        let terms = Terms { bits: 0, lifetime_ms: 0, registry_root: self.root };
        self.post(Line::Commit(Logged { commit, committed_at: 0, terms }))
    }

    /// Keeps an attestation about a commit. `None` when the bytes are no attestation about it.
    ///
    /// # Errors
    /// As [`Register::commit`].
    pub fn attest(&self, commit: &Digest, message: Vec<u8>) -> Result<Option<Answer>, Full> {
        match Line::attestation(message) {
            Some(line) if line.commit_hash() == *commit => self.post(line).map(Some),
            _ => Ok(None),
        }
    }

    /// Nobody waits for room in the queue: a store that stalls would take all threads.
    fn post(&self, line: Line) -> Result<Answer, Full> {
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(Job { line, reply }) {
            Err(mpsc::TrySendError::Full(_)) => Err(Full),
            // A writer that is gone drops the job, and with it the reply.
            Ok(()) | Err(mpsc::TrySendError::Disconnected(_)) => Ok(answer),
        }
    }

    /// How the relay is, as far as its writer knows.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// The receipt of a commit.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn receipt(&self, commit: &Digest) -> Result<Option<Vec<u8>>, RegisterError> {
        Ok(self.index.commit(commit)?.map(|stored| stored.receipt))
    }

    /// The challenge of a commit.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn challenge(&self, commit: &Digest) -> Result<Option<Vec<u8>>, RegisterError> {
        Ok(self.index.commit(commit)?.map(|stored| stored.challenge))
    }

    /// Attestations about a commit, oldest first; `None` for a commit that is not here.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn attestations(&self, commit: &Digest) -> Result<Option<Vec<Vec<u8>>>, RegisterError> {
        if self.index.commit(commit)?.is_none() {
            return Ok(None);
        }
        let found = self.index.attestations(commit)?;
        Ok(Some(found.into_iter().map(|(_, message)| message).collect()))
    }

    /// The registry that challenges name, by its root.
    pub fn registry(&self, root: &Digest) -> Option<&Registry> {
        Some(&self.registry).filter(|_| self.root == *root)
    }
}

/// Takes a file back from everybody but its owner, who may have let others read or lock it.
fn private(path: &Path) -> Result<(), RegisterError> {
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, mode).map_err(|error| RegisterError::Io { path: path.to_owned(), error })
}

/// Keeps another relay out of the folder, whatever store it has.
fn lock(path: &Path) -> Result<File, RegisterError> {
    let io = |error| RegisterError::Io { path: path.to_owned(), error };
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).mode(0o600).open(path).map_err(io)?;
    private(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RegisterError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

impl Drop for Register {
    fn drop(&mut self) {
        // Without a sender the writer ends, once it has done what has come.
        let (closed, _) = mpsc::sync_channel(0);
        self.jobs = closed;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// As many commits and attestations wait already as the writer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A register that cannot be opened or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum RegisterError {
    /// A file or folder cannot be read or made.
    Io {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The log cannot be written.
    Log(LogFileError),
    /// The index cannot be read or written.
    Index(IndexError),
    /// The log has fewer lines than the index has seen: it was cut or replaced.
    LogLost {
        /// The log.
        path: PathBuf,
        /// Lines it has.
        lines: u64,
        /// Lines it had.
        seen: u64,
    },
    /// A line of the log is not the one that the database has.
    LogDiffers {
        /// Its number.
        line: u64,
    },
    /// The log cannot be written again from the database.
    Restore(WholeFileError),
    /// Another relay has the folder.
    InUse {
        /// The file that it has locked.
        path: PathBuf,
    },
    /// A message cannot be signed.
    Signature,
}

impl RegisterError {
    /// Whether the disk is full: what was asked for was not done, and can be asked for again.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { error, .. } | Self::Log(LogFileError::Io { error, .. }) => {
                error.kind() == io::ErrorKind::StorageFull
            }
            Self::Index(error) => error.is_full(),
            Self::Log(_)
            | Self::LogLost { .. }
            | Self::LogDiffers { .. }
            | Self::Restore(_)
            | Self::InUse { .. }
            | Self::Signature => false,
        }
    }

    /// Whether it only says that an earlier failure is not over.
    pub(super) const fn is_echo(&self) -> bool {
        matches!(self, Self::Index(IndexError::Closed))
    }

    /// Whether the log was cut, replaced or deleted: nothing is acknowledged any more.
    pub const fn is_loss(&self) -> bool {
        matches!(
            self,
            Self::LogLost { .. }
                | Self::LogDiffers { .. }
                | Self::Log(LogFileError::Lost { .. } | LogFileError::Changed { .. })
        )
    }

    /// Whether the database does not answer at the moment: what was asked for is not acknowledged, and can be asked for again.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Index(error) if error.is_passing())
    }

    /// What the user can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Index(error) => error.next_step(),
            Self::LogLost { .. } | Self::LogDiffers { .. } => Some(
                "keep both as evidence: with a database, move DIR/relay away to have its log written again; or start on an empty database",
            ),
            Self::InUse { .. } => Some("stop the other relay, or give this one a folder of its own"),
            Self::Restore(error) => Some(error.next_step()),
            Self::Log(error) => error.next_step(),
            Self::Io { .. } | Self::Signature => None,
        }
    }
}

impl From<LogFileError> for RegisterError {
    fn from(error: LogFileError) -> Self {
        Self::Log(error)
    }
}

impl From<IndexError> for RegisterError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {}", path.display(), capseal_host::cause::Cause(error)),
            Self::Log(error) => error.fmt(f),
            Self::Index(error) => error.fmt(f),
            Self::LogLost { path, lines, seen } => {
                write!(f, "{} has {lines} lines and had {seen}: it was cut or replaced", path.display())
            }
            Self::LogDiffers { line } => write!(f, "the log and the database have different lines {line}"),
            Self::Restore(error) => write!(f, "the log cannot be written again from the database: {error}"),
            Self::InUse { path } => write!(f, "another relay has locked {}", path.display()),
            Self::Signature => f.write_str("the relay's message cannot be signed"),
        }
    }
}

impl std::error::Error for RegisterError {}
