//! The index of a relay's log: what is there for a commit, without reading the log.
//!
//! It may be lost, or be behind: whoever opens it brings it up to date from the lines that it has not seen. One is a file beside the log,
//! the other a PostgreSQL database, which keeps the lines as well.

mod head;
mod postgres;
mod redb;
mod session;

use std::{collections::HashMap, fmt};

use verifier_core::Digest;

pub(super) use self::{postgres::Postgres, redb::Redb};
use super::{RegisterError, log_lines::LogLines};

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

impl Record {
    /// What whoever posted it is answered with.
    pub(super) fn message(&self) -> &[u8] {
        match self {
            Self::Commit { stored, .. } => &stored.receipt,
            Self::Attestation { message, .. } => message,
        }
    }
}

/// A line of the log, and what it adds; the header adds nothing.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    /// Without the line feed.
    pub(super) text: Vec<u8>,
    pub(super) record: Option<Record>,
}

/// What is there for a commit, for many threads that read and one that writes.
pub(super) trait Index: fmt::Debug + Send + Sync {
    /// Opens it again after a failure, and says whether there was one: it may be behind the log then.
    fn reopen(&self) -> Result<bool, IndexError>;

    /// Reads the log, from its beginning, as far as the index has seen it. An index that keeps lines compares them.
    fn follow(&self, log: &mut LogLines) -> Result<(), RegisterError>;

    /// What is there for a commit.
    fn commit(&self, hash: &Digest) -> Result<Option<Stored>, IndexError>;

    /// What is there for some commits, for the one who writes.
    fn commits(&self, hashes: &[Digest]) -> Result<HashMap<Digest, Stored>, IndexError>;

    /// Attestations of a commit, oldest first, with the identities of their keys.
    fn attestations(&self, commit: &Digest) -> Result<Vec<(Digest, Vec<u8>)>, IndexError>;

    /// Lines of the log that it has seen.
    fn lines(&self) -> Result<u64, IndexError>;

    /// Whether it answers now.
    fn ping(&self) -> Result<(), IndexError>;

    /// Adds lines of the log, and notes that all before `seen` were. One that keeps no lines waits for the disk only if `durable`.
    fn add(&self, entries: &[Entry], seen: u64, durable: bool) -> Result<(), IndexError>;
}

/// The index could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexError {
    /// The file beside the log.
    File(Box<::redb::Error>),
    /// It is closed after a failure, or rests after one until it is tried again.
    Closed,
    /// The database does not answer, or not as it should.
    Database(::tokio_postgres::Error),
    /// The database did not answer in time.
    Late,
    /// The system lets nothing wait for the database.
    Runtime(std::io::Error),
    /// Another relay writes to the database.
    Held,
    /// The database is another relay's, or in another version of the tables.
    Foreign(&'static str),
    /// A row of the database is not what a relay wrote.
    Garbage(&'static str),
}

impl IndexError {
    /// Whether there is no room left.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::File(error) => {
                matches!(&**error, ::redb::Error::Io(error) if error.kind() == std::io::ErrorKind::StorageFull)
            }
            Self::Database(error) => error.code() == Some(&::tokio_postgres::error::SqlState::DISK_FULL),
            Self::Closed | Self::Held | Self::Late | Self::Runtime(_) | Self::Foreign(_) | Self::Garbage(_) => false,
        }
    }

    /// Whether it may pass by itself: the database cannot be reached, starts or ends.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Closed | Self::Held | Self::Late | Self::Runtime(_) => true,
            // Connection exceptions, insufficient resources, something locked, operator intervention; without a code nobody answered.
            Self::Database(error) => error
                .code()
                .is_none_or(|code| ["08", "40", "53", "55", "57"].iter().any(|class| code.code().starts_with(class))),
            Self::File(_) | Self::Foreign(_) | Self::Garbage(_) => false,
        }
    }

    /// What the user can do about it.
    pub(super) fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Database(_) | Self::Late => {
                Some("see that PostgreSQL runs, and that --database-url and PGPASSWORD are right")
            }
            Self::Held => Some("stop the other relay, or give this one a database of its own"),
            Self::Foreign(_) => Some("give each relay a database of its own, and start it with its own key"),
            Self::Garbage(_) => {
                Some("keep the database as evidence, and start on an empty one: it is filled from the log")
            }
            Self::File(_) | Self::Runtime(_) | Self::Closed => None,
        }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "the relay's index: {error}"),
            Self::Closed => f.write_str("the relay's index is closed after a failure"),
            Self::Database(error) => {
                write!(f, "the relay's database: {error}")?;
                let cause = std::error::Error::source(error);
                cause.map_or(Ok(()), |cause| write!(f, ": {cause}"))
            }
            Self::Held => f.write_str("another relay writes to the database"),
            Self::Late => f.write_str("the relay's database does not answer"),
            Self::Runtime(error) => write!(f, "nothing can wait for the relay's database: {error}"),
            Self::Foreign(what) => write!(f, "the relay's database {what}"),
            Self::Garbage(what) => write!(f, "the relay's database was changed by something else: {what}"),
        }
    }
}

impl std::error::Error for IndexError {}
