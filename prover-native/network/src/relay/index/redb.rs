//! The index as a file beside the log, in redb. Only now and then does it wait for the disk; the log has, and so has the head, which says
//! how far the log was acknowledged.

use std::{
    collections::HashMap,
    fs::OpenOptions,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use verifier_core::Digest;

use super::{
    Entry, Index, IndexError, LogLines, Record, RegisterError, Stored,
    head::{Head, HeadFile},
};

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
/// SHA-256 of the last line that was seen: each line states the one before, so that it stands for all of them.
const LAST: TableDefinition<'_, (), Hash<'_>> = TableDefinition::new("last");

/// The file.
#[derive(Debug)]
pub(in crate::relay) struct Redb {
    path: PathBuf,
    /// None after a failure, until it could be opened again: after one, the library answers nothing more.
    database: RwLock<Option<Database>>,
    head: HeadFile,
}

impl Redb {
    /// Opens the index, or makes an empty one.
    pub(in crate::relay) fn open(path: &Path) -> Result<Self, IndexError> {
        let head = HeadFile::at(&path.with_file_name("head"));
        let index = Self { path: path.to_owned(), database: RwLock::new(None), head };
        index.reopen()?;
        Ok(index)
    }

    /// Lines of the log that it has seen, and the digest of the last one.
    fn seen(&self) -> Result<(u64, Option<Digest>), IndexError> {
        self.read(|read| {
            let table = read.open_table(SEEN).map_err(IndexError::of)?;
            let seen = table.get(()).map_err(IndexError::of)?.map_or(0, |seen| seen.value());
            let table = read.open_table(LAST).map_err(IndexError::of)?;
            let last = table.get(()).map_err(IndexError::of)?.map(|last| Digest::new(*last.value()));
            Ok((seen, last))
        })
    }

    fn read<T>(&self, work: impl FnOnce(&redb::ReadTransaction) -> Result<T, IndexError>) -> Result<T, IndexError> {
        self.with(|database| work(&database.begin_read().map_err(IndexError::of)?))
    }

    fn with<T>(&self, work: impl FnOnce(&Database) -> Result<T, IndexError>) -> Result<T, IndexError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        work(database.as_ref().ok_or(IndexError::Closed)?)
    }
}

impl Index for Redb {
    /// What it had not on disk is gone.
    fn reopen(&self) -> Result<bool, IndexError> {
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if database.is_some() {
            return Ok(false);
        }
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        // The library would make a file that everybody may read.
        options.open(&self.path).map_err(|error| IndexError::of(redb::Error::Io(error)))?;
        let opened = Database::create(&self.path).map_err(IndexError::of)?;
        let begun = opened.begin_write().map_err(IndexError::of)?;
        begun.open_table(COMMITS).map_err(IndexError::of)?;
        begun.open_table(ATTESTATIONS).map_err(IndexError::of)?;
        begun.open_table(SEEN).map_err(IndexError::of)?;
        begun.open_table(LAST).map_err(IndexError::of)?;
        begun.commit().map_err(IndexError::of)?;
        *database = Some(opened);
        Ok(true)
    }

    fn follow(&self, log: &mut LogLines) -> Result<(), RegisterError> {
        let (seen, last) = self.seen()?;
        read_to(log, seen, last)?;
        match self.head.read()? {
            Some(head) if head.lines > seen => log.ahead(|log| read_to(log, head.lines, Some(head.last))),
            _ => Ok(()),
        }
    }

    fn commit(&self, hash: &Digest) -> Result<Option<Stored>, IndexError> {
        self.read(|read| {
            let table = read.open_table(COMMITS).map_err(IndexError::of)?;
            let found = table.get(hash.as_bytes()).map_err(IndexError::of)?;
            Ok(found.map(|found| {
                let (da_hash, receipt, challenge) = found.value();
                Stored { da_hash: Digest::new(*da_hash), receipt: receipt.to_vec(), challenge: challenge.to_vec() }
            }))
        })
    }

    fn commits(&self, hashes: &[Digest]) -> Result<HashMap<Digest, Stored>, IndexError> {
        let found = |hash: &Digest| Some(self.commit(hash).transpose()?.map(|stored| (*hash, stored)));
        hashes.iter().filter_map(found).collect()
    }

    fn attestations(&self, commit: &Digest) -> Result<Vec<(Digest, Vec<u8>)>, IndexError> {
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

    fn lines(&self) -> Result<u64, IndexError> {
        let head = self.head.read()?.map_or(0, |head| head.lines);
        Ok(self.seen()?.0.max(head))
    }

    fn ping(&self) -> Result<(), IndexError> {
        self.with(|_| Ok(()))
    }

    fn add(&self, entries: &[Entry], seen: u64, durable: bool) -> Result<(), IndexError> {
        let added = self.with(|database| {
            let mut write = database.begin_write().map_err(IndexError::of)?;
            if !durable {
                write.set_durability(Durability::None).map_err(IndexError::of)?;
            }
            {
                let mut commits = write.open_table(COMMITS).map_err(IndexError::of)?;
                let mut attestations = write.open_table(ATTESTATIONS).map_err(IndexError::of)?;
                for Entry { number, record, .. } in entries {
                    match record {
                        None => {}
                        Some(Record::Commit { hash, stored: Stored { da_hash, receipt, challenge } }) => {
                            let value = (da_hash.as_bytes(), receipt.as_slice(), challenge.as_slice());
                            commits.insert(hash.as_bytes(), value).map_err(IndexError::of)?;
                        }
                        Some(Record::Attestation { commit, key_id, message }) => {
                            let value = (key_id.as_bytes(), message.as_slice());
                            attestations.insert((commit.as_bytes(), *number), value).map_err(IndexError::of)?;
                        }
                    }
                }
                write.open_table(SEEN).map_err(IndexError::of)?.insert((), seen).map_err(IndexError::of)?;
                if let Some(last) = entries.last() {
                    let digest = Digest::of_content(&last.text);
                    let mut table = write.open_table(LAST).map_err(IndexError::of)?;
                    table.insert((), digest.as_bytes()).map_err(IndexError::of)?;
                }
            }
            write.commit().map_err(IndexError::of)?;
            let head = entries.last().map(|last| Head { lines: seen, last: Digest::of_content(&last.text) });
            head.map_or(Ok(()), |head| self.head.write(head))
        });
        if added.is_err() {
            self.database.write().unwrap_or_else(PoisonError::into_inner).take();
        }
        added
    }
}

/// Reads a log as far as so many lines, the last of which has this digest.
fn read_to(log: &mut LogLines, seen: u64, last: Option<Digest>) -> Result<(), RegisterError> {
    let mut line = None;
    while log.count() < seen {
        let next = log.next()?;
        let lost = || RegisterError::LogLost { path: log.path().to_owned(), lines: log.count(), seen };
        line = Some(next.ok_or_else(lost)?);
    }
    match (line, last) {
        (Some(line), Some(last)) if Digest::of_content(&line) != last => {
            Err(RegisterError::LogDiffers { line: seen - 1 })
        }
        _ => Ok(()),
    }
}

impl IndexError {
    pub(super) fn of(error: impl Into<redb::Error>) -> Self {
        Self::File(Box::new(error.into()))
    }
}
