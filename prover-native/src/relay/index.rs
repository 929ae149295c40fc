//! The index of a relay's log: what is there for a commit, without reading the log.
//!
//! It may be lost, or be behind: whoever opens it brings it up to date from the lines that it has not seen. So only now and then does it
//! wait for the disk; the log has.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use verifier_core::Digest;

/// Receipt and challenge of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) da_hash: Digest,
    pub(super) receipt: Vec<u8>,
    pub(super) challenge: Vec<u8>,
}

/// What a line of the log adds.
#[derive(Clone, Debug)]
pub(super) enum Record {
    Commit { hash: Digest, stored: Stored },
    Attestation { commit: Digest, key_id: Digest, message: Vec<u8> },
}

type Hash<'a> = &'a [u8; Digest::LEN];
type StoredRow<'a> = (Hash<'a>, &'a [u8], &'a [u8]);
type AttestationPlace<'a> = (Hash<'a>, u64);
type AttestationRow<'a> = (Hash<'a>, &'a [u8]);

/// `header_commit_hash` to `da_hash`, receipt, challenge.
const COMMITS: TableDefinition<'_, Hash<'_>, StoredRow<'_>> = TableDefinition::new("commits");
/// `header_commit_hash` and line to the key's identity and the message.
const ATTESTATIONS: TableDefinition<'_, AttestationPlace<'_>, AttestationRow<'_>> =
    TableDefinition::new("attestations");
/// How many lines of the log have been seen.
const SEEN: TableDefinition<'_, (), u64> = TableDefinition::new("seen");

/// The index.
#[derive(Debug)]
pub(super) struct Index {
    path: PathBuf,
    /// None after a failure, until it could be opened again: after one, the library answers nothing more.
    database: RwLock<Option<Database>>,
}

impl Index {
    /// Opens the index, or makes an empty one.
    pub(super) fn open(path: &Path) -> Result<Self, IndexError> {
        let index = Self { path: path.to_owned(), database: RwLock::new(None) };
        index.reopen()?;
        Ok(index)
    }

    /// Opens it again after a failure, and says whether there was one: what it had not on disk is gone then.
    pub(super) fn reopen(&self) -> Result<bool, IndexError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if database.is_some() {
            return Ok(false);
        }
        let opened = Database::create(&self.path).map_err(IndexError::of)?;
        let begun = opened.begin_write().map_err(IndexError::of)?;
        begun.open_table(COMMITS).map_err(IndexError::of)?;
        begun.open_table(ATTESTATIONS).map_err(IndexError::of)?;
        begun.open_table(SEEN).map_err(IndexError::of)?;
        begun.commit().map_err(IndexError::of)?;
        *database = Some(opened);
        Ok(true)
    }

    /// Lines of the log that it has seen.
    pub(super) fn seen(&self) -> Result<u64, IndexError> {
        self.read(|read| {
            let table = read.open_table(SEEN).map_err(IndexError::of)?;
            let seen = table.get(()).map_err(IndexError::of)?;
            Ok(seen.map_or(0, |seen| seen.value()))
        })
    }

    /// What is there for a commit.
    pub(super) fn commit(&self, hash: &Digest) -> Result<Option<Stored>, IndexError> {
        self.read(|read| {
            let table = read.open_table(COMMITS).map_err(IndexError::of)?;
            let found = table.get(hash.as_bytes()).map_err(IndexError::of)?;
            Ok(found.map(|found| {
                let (da_hash, receipt, challenge) = found.value();
                Stored { da_hash: Digest::new(*da_hash), receipt: receipt.to_vec(), challenge: challenge.to_vec() }
            }))
        })
    }

    /// Attestations of a commit, oldest first, with the identities of their keys.
    pub(super) fn attestations(&self, commit: &Digest) -> Result<Vec<(Digest, Vec<u8>)>, IndexError> {
        self.read(|read| {
            let table = read.open_table(ATTESTATIONS).map_err(IndexError::of)?;
            let all = table.range((commit.as_bytes(), 0)..=(commit.as_bytes(), u64::MAX)).map_err(IndexError::of)?;
            let mut found = Vec::new();
            for item in all {
                let (_, value) = item.map_err(IndexError::of)?;
                let (key_id, message) = value.value();
                found.push((Digest::new(*key_id), message.to_vec()));
            }
            Ok(found)
        })
    }

    /// Adds what lines of the log say, and notes that all before `seen` were.
    pub(super) fn add(&self, records: &[(u64, Record)], seen: u64, durable: bool) -> Result<(), IndexError> {
        let added = self.with(|database| {
            let mut write = database.begin_write().map_err(IndexError::of)?;
            if !durable {
                write.set_durability(Durability::None).map_err(IndexError::of)?;
            }
            {
                let mut commits = write.open_table(COMMITS).map_err(IndexError::of)?;
                let mut attestations = write.open_table(ATTESTATIONS).map_err(IndexError::of)?;
                for (line, record) in records {
                    match record {
                        Record::Commit { hash, stored: Stored { da_hash, receipt, challenge } } => {
                            let value = (da_hash.as_bytes(), receipt.as_slice(), challenge.as_slice());
                            commits.insert(hash.as_bytes(), value).map_err(IndexError::of)?;
                        }
                        Record::Attestation { commit, key_id, message } => {
                            let value = (key_id.as_bytes(), message.as_slice());
                            attestations.insert((commit.as_bytes(), *line), value).map_err(IndexError::of)?;
                        }
                    }
                }
                write.open_table(SEEN).map_err(IndexError::of)?.insert((), seen).map_err(IndexError::of)?;
            }
            write.commit().map_err(IndexError::of)
        });
        if added.is_err() {
            self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        }
        added
    }

    fn read<T>(&self, work: impl FnOnce(&redb::ReadTransaction) -> Result<T, IndexError>) -> Result<T, IndexError> {
        self.with(|database| work(&database.begin_read().map_err(IndexError::of)?))
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, IndexError>) -> Result<T, IndexError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        work(database.as_ref().ok_or(IndexError(None))?)
    }
}

/// The index could not be read or written.
#[derive(Debug)]
pub struct IndexError(Option<Box<redb::Error>>);

impl IndexError {
    fn of(error: impl Into<redb::Error>) -> Self {
        Self(Some(Box::new(error.into())))
    }

    /// Whether there is no room left.
    pub(super) fn is_full(&self) -> bool {
        matches!(self.0.as_deref(), Some(redb::Error::Io(error)) if error.kind() == std::io::ErrorKind::StorageFull)
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => write!(f, "the relay's index: {error}"),
            None => f.write_str("the relay's index is closed after a failure"),
        }
    }
}

impl std::error::Error for IndexError {}
