//! The index in PostgreSQL, with the lines of the log beside it: what a relay remembers outlives the relay's disk.
//!
//! One session writes and holds a lock that keeps every other relay out, for as long as the session lasts: whoever lost it cannot write with
//! it. Others read. The database may be queried and changed by anybody whom it lets in, so lines are compared with the log when a session to
//! write is opened, and messages are checked before they are sent.

use std::{
    collections::{HashMap, VecDeque},
    io::{self, Read, Write},
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio_postgres::{Client, Row};
use verifier_core::{Digest, pcap::Options, relay::Commit, signature::PublicKey};

use super::{
    Entry, Index, IndexError, LogLines, Record, RegisterError, Stored,
    session::{Role, Session, Statements},
};
use crate::relay::{DatabaseUrl, Registered, line::Line};
use capseal_host::whole_file::{Existing, WholeFile};
use capseal_logs::{examine_reader, refuse_proofs};

/// Sessions that read.
const READERS: usize = 4;
/// Lines that are asked for at once.
const PAGE: i64 = 512;

/// The database.
#[derive(Debug)]
pub(in crate::relay) struct Postgres {
    relay: PublicKey,
    writer: Mutex<Writer>,
    readers: [Mutex<Session>; READERS],
    /// Who reads next where all are reading.
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Writer {
    session: Session,
    /// Lines that this process has compared with the log, or written.
    compared: u64,
}

impl Postgres {
    /// Opens the database of the relay that signs with a key, and keeps other relays out of it.
    pub(in crate::relay) fn open(url: &DatabaseUrl, relay: PublicKey) -> Result<Self, IndexError> {
        let session = |role| Session::new(role, url.config(role == Role::Writes), *relay.id().as_bytes());
        let mut writer = Writer { session: session(Role::Writes), compared: 0 };
        writer.session.open()?;
        let readers = std::array::from_fn(|_| Mutex::new(session(Role::Reads)));
        Ok(Self { relay, writer: Mutex::new(writer), readers, turn: AtomicUsize::new(0) })
    }

    /// Writes the log again from the database, where there is none, and returns how many lines it has; 0 and no file when the database has
    /// none. The file takes its name only once it was checked as a log and is on disk.
    pub(in crate::relay) fn restore(&self, path: &Path) -> Result<u64, RegisterError> {
        let mut writer = lock(&self.writer);
        if count(&mut writer.session)? == 0 {
            return Ok(0);
        }
        let mut log = WholeFile::create_private(path, Existing::Keep).map_err(RegisterError::Restore)?;
        let lines = Lines { session: &mut writer.session, next: 0, page: VecDeque::new() };
        let copy = Copy { lines, log: &mut log, line: Vec::new(), at: 0 };
        let copied = examine_reader(copy, Options::default(), &mut refuse_proofs);
        let report = copied.map_err(|error| match error.downcast::<IndexError>() {
            Ok(error) => error.into(),
            Err(error) => RegisterError::Restore(log.error(error)),
        })?;
        if !report.accepted {
            return Err(IndexError::Garbage("its lines are no log that verifies").into());
        }
        log.finish().map_err(RegisterError::Restore)?;
        Ok(report.size)
    }

    /// Reads with one of the sessions; with a new one where the session was lost while nobody used it.
    fn read<T>(
        &self,
        work: impl AsyncFn(&Client, &Statements) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, IndexError> {
        let mut session = self.reader();
        if session.is_open()
            && let Ok(found) = session.with(&work)
        {
            return Ok(found);
        }
        session.open()?;
        session.with(&work)
    }

    fn reader(&self) -> MutexGuard<'_, Session> {
        let free = self.readers.iter().find_map(|reader| reader.try_lock().ok());
        free.unwrap_or_else(|| lock(&self.readers[self.turn.fetch_add(1, Ordering::Relaxed) % READERS]))
    }

    /// A commit's row, if its messages are this relay's, about it, and hold together.
    fn stored(&self, row: &Row) -> Result<(Digest, Stored), IndexError> {
        let (hash, da_hash) = (digest(row, 0)?, digest(row, 1)?);
        let registered = Registered { commit: row.try_get(2)?, challenge: row.try_get(3)? };
        let signer = registered.check(&Commit::new(hash, da_hash));
        if !signer.is_ok_and(|key| key == self.relay) {
            return Err(IndexError::Garbage("a commit's receipt or challenge is not the relay's"));
        }
        Ok((hash, Stored { da_hash, receipt: registered.commit, challenge: registered.challenge }))
    }
}

impl Index for Postgres {
    fn reopen(&self) -> Result<bool, IndexError> {
        let session = &mut lock(&self.writer).session;
        let lost = !session.is_open();
        session.open().map(|()| lost)
    }

    fn follow(&self, log: &mut LogLines) -> Result<(), RegisterError> {
        let Writer { session, compared } = &mut *lock(&self.writer);
        let seen = count(session)?;
        // Lines are chained: where one is the same, so are those before it, which this process compared already.
        let from = seen.min(*compared).saturating_sub(1);
        let lost = |log: &LogLines| RegisterError::LogLost { path: log.path().to_owned(), lines: log.count(), seen };
        while log.count() < from {
            log.next()?.ok_or_else(|| lost(log))?;
        }
        let mut lines = Lines { session, next: from, page: VecDeque::new() };
        while let Some(row) = lines.next()? {
            let number = log.count();
            let line = log.next()?.ok_or_else(|| lost(log))?;
            compare(&row, number, &line)?;
        }
        *compared = log.count();
        Ok(())
    }

    fn commit(&self, hash: &Digest) -> Result<Option<Stored>, IndexError> {
        let wanted = [hash.as_bytes().as_slice()];
        let asked = async |client: &Client, statements: &Statements| {
            client.query_opt(&statements.commits, &[&wanted.as_slice()]).await
        };
        let row = self.read(asked)?;
        row.map(|row| Ok(self.stored(&row)?.1)).transpose()
    }

    fn commits(&self, hashes: &[Digest]) -> Result<HashMap<Digest, Stored>, IndexError> {
        let wanted: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect();
        let asked =
            async |client: &Client, statements: &Statements| client.query(&statements.commits, &[&wanted]).await;
        let rows = lock(&self.writer).session.with(asked)?;
        rows.iter().map(|row| self.stored(row)).collect()
    }

    fn attestations(&self, commit: &Digest) -> Result<Vec<(Digest, Vec<u8>)>, IndexError> {
        let wanted = commit.as_bytes().as_slice();
        let asked =
            async |client: &Client, statements: &Statements| client.query(&statements.attestations, &[&wanted]).await;
        let rows = self.read(asked)?;
        rows.iter().map(|row| Ok((digest(row, 0)?, row.try_get(1)?))).collect()
    }

    /// Always waits until the server has committed.
    fn add(&self, entries: &[Entry], seen: u64, _durable: bool) -> Result<(), IndexError> {
        if entries.is_empty() {
            return Ok(());
        }
        let columns = Columns::of(entries)?;
        let Writer { session, compared } = &mut *lock(&self.writer);
        session.with(async |client, statements| columns.write(client, statements).await)?;
        *compared = seen;
        Ok(())
    }

    fn lines(&self) -> Result<u64, IndexError> {
        count(&mut lock(&self.writer).session)
    }

    fn ping(&self) -> Result<(), IndexError> {
        let session = &mut lock(&self.writer).session;
        session.open()?;
        session.with(async |client, _| client.batch_execute("").await)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn digest(row: &Row, column: usize) -> Result<Digest, IndexError> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map(Digest::new).map_err(|_| IndexError::Garbage("a digest has not 32 bytes"))
}

/// How many lines the database has, if it misses none.
fn count(session: &mut Session) -> Result<u64, IndexError> {
    let row = session.with(async |client, statements| client.query_one(&statements.count, &[]).await)?;
    let count: i64 = row.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// The database's lines from one on, a page at a time.
struct Lines<'a> {
    session: &'a mut Session,
    next: u64,
    page: VecDeque<Row>,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Row>, IndexError> {
        if self.page.is_empty() {
            let from = i64::try_from(self.next).unwrap_or(i64::MAX);
            let asked =
                async |client: &Client, statements: &Statements| client.query(&statements.lines, &[&from, &PAGE]).await;
            self.page = self.session.with(asked)?.into();
            // The next page begins after the last line of this one, whatever is missing in it.
            if let Some(last) = self.page.back() {
                self.next = u64::try_from(last.try_get::<_, i64>(0)?).unwrap_or_default() + 1;
            }
        }
        Ok(self.page.pop_front())
    }
}

/// Whether a row is a line of the log, and what is beside it follows from that line.
fn compare(row: &Row, number: u64, line: &[u8]) -> Result<(), RegisterError> {
    let get = |column| row.try_get::<_, Option<&[u8]>>(column).map_err(IndexError::from);
    let (there, text): (i64, &str) =
        (row.try_get(0).map_err(IndexError::from)?, row.try_get(1).map_err(IndexError::from)?);
    if u64::try_from(there) != Ok(number) {
        return Err(IndexError::Garbage("a line is missing").into());
    }
    if text.as_bytes() != line {
        return Err(RegisterError::LogDiffers { line: number });
    }
    let commit = [get(2)?, get(3)?];
    let attestation = [get(4)?, get(5)?, get(6)?];
    let agrees = match Line::read(line) {
        None => commit == [None; 2] && attestation == [None; 3],
        Some(Line::Commit(logged)) => {
            let (hash, da_hash) = (logged.commit.header_commit_hash, logged.commit.da_hash);
            commit == [Some(&hash.as_bytes()[..]), Some(&da_hash.as_bytes()[..])] && attestation == [None; 3]
        }
        Some(Line::Attestation { commit: about, key_id, message }) => {
            let expected = [Some(&about.as_bytes()[..]), Some(&key_id.as_bytes()[..]), Some(&message[..])];
            commit == [None; 2] && attestation == expected
        }
    };
    if agrees { Ok(()) } else { Err(IndexError::Garbage("a row does not follow from its line").into()) }
}

/// A column of `bytea`.
type Bytes<'a> = Vec<&'a [u8]>;

/// Entries as the columns of the tables.
#[derive(Default)]
struct Columns<'a> {
    lines: (Vec<i64>, Vec<&'a str>),
    commits: (Bytes<'a>, Bytes<'a>, Vec<i64>, Bytes<'a>, Bytes<'a>),
    attestations: (Vec<i64>, Bytes<'a>, Bytes<'a>, Bytes<'a>),
}

impl<'a> Columns<'a> {
    fn of(entries: &'a [Entry]) -> Result<Self, IndexError> {
        let mut columns = Self::default();
        let wrong = || IndexError::Garbage("a line of the log is no text");
        for Entry { number, text, record } in entries {
            let number = i64::try_from(*number).map_err(|_| wrong())?;
            columns.lines.extend([(number, std::str::from_utf8(text).map_err(|_| wrong())?)]);
            match record {
                None => {}
                Some(Record::Commit { hash, stored }) => {
                    let (hash, da_hash) = (hash.as_bytes().as_slice(), stored.da_hash.as_bytes().as_slice());
                    columns.commits.extend([(hash, da_hash, number, &stored.receipt[..], &stored.challenge[..])]);
                }
                Some(Record::Attestation { commit, key_id, message }) => {
                    let (commit, key_id) = (commit.as_bytes().as_slice(), key_id.as_bytes().as_slice());
                    columns.attestations.extend([(number, commit, key_id, &message[..])]);
                }
            }
        }
        Ok(columns)
    }

    /// All of it or nothing. The client waits until the server is ready for more, which it says after it has committed.
    async fn write(&self, client: &Client, statements: &Statements) -> Result<(), tokio_postgres::Error> {
        let (lines, texts) = &self.lines;
        let (hashes, da_hashes, places, receipts, challenges) = &self.commits;
        let (numbers, about, key_ids, messages) = &self.attestations;
        client
            .execute(
                &statements.add,
                &[lines, texts, hashes, da_hashes, places, receipts, challenges, numbers, about, key_ids, messages],
            )
            .await?;
        Ok(())
    }
}

/// The database's lines as the bytes of a log, written to a file as they are read.
struct Copy<'a> {
    lines: Lines<'a>,
    log: &'a mut WholeFile,
    line: Vec<u8>,
    at: usize,
}

impl Read for Copy<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() {
            let Some(row) = self.lines.next().map_err(io::Error::other)? else { return Ok(0) };
            let line: &str = row.try_get(1).map_err(io::Error::other)?;
            self.line = [line.as_bytes(), b"\n"].concat();
            self.at = 0;
            self.log.write_all(&self.line)?;
        }
        let rest = &self.line[self.at..];
        let len = rest.len().min(into.len());
        into[..len].copy_from_slice(&rest[..len]);
        self.at += len;
        Ok(len)
    }
}
