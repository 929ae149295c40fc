//! The register: commits in, receipts and challenges out.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
};

use verifier_core::{Digest, relay::Commit, trust::Registry};

use super::{
    index::{Index, IndexError},
    line::{Line, Logged},
    writer::{BATCH, Job, Writer},
};
use crate::{
    keys::SecretKey,
    pcap::{LogFile, LogFileError},
};

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
    index: Arc<Index>,
    registry: Registry,
    root: Digest,
    jobs: mpsc::SyncSender<Job>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Register {
    /// Opens the register in a folder, or starts one. `registry` is what its challenges name.
    ///
    /// # Errors
    /// When log or index cannot be read, or the log was changed.
    pub fn open(
        folder: &Path,
        key: SecretKey,
        registry: Registry,
        bits: u32,
        lifetime_ms: u64,
    ) -> Result<Self, RegisterError> {
        fs::create_dir_all(folder).map_err(|error| RegisterError::Io { path: folder.to_owned(), error })?;
        let path = folder.join("log.jsonl");
        let key_id = key.public().id();
        if !path.exists() {
            let fields = [("relay".to_owned(), key_id.to_string().into())];
            LogFile::create(&path, fields.into_iter().collect())?;
        }
        let index = Arc::new(Index::open(&folder.join("index.redb"))?);
        let root = registry.root();
        let terms = Terms { bits, lifetime_ms, registry_root: root };
        let log = LogFile::open(&path)?;
        let mut writer = Writer::new(log, Arc::clone(&index), key, terms);
        writer.catch_up()?;
        let (jobs, come) = mpsc::sync_channel(2 * BATCH);
        let thread = thread::Builder::new().name("capseal-relay".to_owned()).spawn(move || writer.work(&come));
        let thread = thread.map_err(|error| RegisterError::Io { path, error })?;
        Ok(Self { index, registry, root, jobs, thread: Some(thread) })
    }

    /// Registers a commit; `reply` is called once it is durable.
    pub fn commit(&self, commit: Commit, reply: impl FnOnce(Result<Outcome, Arc<RegisterError>>) + Send + 'static) {
        // The time is the writer's to set.
        let terms = Terms { bits: 0, lifetime_ms: 0, registry_root: self.root };
        self.post(Line::Commit(Logged { commit, committed_at: 0, terms }), reply);
    }

    /// Keeps an attestation about a commit; `reply` is called once it is durable. `None` when the bytes are no attestation.
    pub fn attest(
        &self,
        commit: &Digest,
        message: Vec<u8>,
        reply: impl FnOnce(Result<Outcome, Arc<RegisterError>>) + Send + 'static,
    ) -> Option<()> {
        let line = Line::attestation(message)?;
        if !matches!(&line, Line::Attestation { commit: about, .. } if about == commit) {
            return None;
        }
        self.post(line, reply);
        Some(())
    }

    fn post(&self, line: Line, reply: impl FnOnce(Result<Outcome, Arc<RegisterError>>) + Send + 'static) {
        // A writer that is gone drops the job, and with it the reply.
        let _ = self.jobs.send(Job { line, reply: Box::new(reply) });
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
            Self::Log(_) | Self::LogLost { .. } | Self::Signature => false,
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
            Self::Io { path, error } => write!(f, "{}: {}", path.display(), crate::cause::Cause(error)),
            Self::Log(error) => error.fmt(f),
            Self::Index(error) => error.fmt(f),
            Self::LogLost { path, lines, seen } => {
                write!(f, "{} has {lines} lines and had {seen}: it was cut or replaced", path.display())
            }
            Self::Signature => f.write_str("the relay's message cannot be signed"),
        }
    }
}

impl std::error::Error for RegisterError {}
