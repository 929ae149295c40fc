//! A session with PostgreSQL: opened when it is needed, closed by any failure, and not tried again at once.

use std::{
    fmt, thread,
    time::{Duration, Instant},
};

use postgres::{Client, Config, NoTls, Statement};

use super::IndexError;

/// The relay's tables. One relay has them for itself, so that they are not told apart by a name.
const TABLES: &str = include_str!("tables.sql");
/// The number of the version of those tables.
pub(super) const VERSION: i32 = 1;
/// What a relay that writes to a database locks there: "capseal" in ASCII.
const LOCK: i64 = 0x63_6170_7365_616c;
/// Pauses between attempts to open a session that writes. The server may need them to notice that the relay before is gone.
const PAUSES: [u64; 5] = [100, 200, 400, 800, 1600];
/// How long nobody tries after the attempts have failed.
const REST: Duration = Duration::from_secs(1);

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Reads,
    /// Holds the lock of the one relay that writes.
    Writes,
}

/// What is asked of the server.
pub(super) struct Statements {
    pub(super) commits: Statement,
    pub(super) attestations: Statement,
    pub(super) count: Statement,
    pub(super) lines: Statement,
    /// One statement is one transaction, and one way to the server and back.
    pub(super) add: Statement,
}

impl Statements {
    fn prepare(client: &mut Client) -> Result<Self, postgres::Error> {
        Ok(Self {
            commits: client.prepare(
                "SELECT header_commit_hash, da_hash, receipt, challenge FROM capseal_commits
                 WHERE header_commit_hash = ANY ($1)",
            )?,
            attestations: client.prepare(
                "SELECT key_id, message FROM capseal_attestations WHERE header_commit_hash = $1 ORDER BY number",
            )?,
            count: client.prepare("SELECT coalesce(max(number) + 1, 0) FROM capseal_lines")?,
            lines: client.prepare(
                "SELECT number, line, c.header_commit_hash, c.da_hash, a.header_commit_hash, a.key_id, a.message
                 FROM capseal_lines LEFT JOIN capseal_commits c USING (number)
                 LEFT JOIN capseal_attestations a USING (number) WHERE number >= $1 ORDER BY number",
            )?,
            add: client.prepare(
                "WITH line AS (INSERT INTO capseal_lines SELECT * FROM unnest($1::bigint[], $2::text[])),
                 committed AS (INSERT INTO capseal_commits
                     SELECT * FROM unnest($3::bytea[], $4::bytea[], $5::bigint[], $6::bytea[], $7::bytea[]))
                 INSERT INTO capseal_attestations
                     SELECT * FROM unnest($8::bigint[], $9::bytea[], $10::bytea[], $11::bytea[])",
            )?,
        })
    }
}

/// A session, or the way to one.
pub(super) struct Session {
    role: Role,
    config: Config,
    /// The relay's key id.
    relay: [u8; 32],
    open: Option<(Client, Statements)>,
    rests_until: Option<Instant>,
}

impl Session {
    /// Opens nothing yet.
    pub(super) const fn new(role: Role, config: Config, relay: [u8; 32]) -> Self {
        Self { role, config, relay, open: None, rests_until: None }
    }

    /// Whether it was open when it was last used.
    pub(super) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Opens the session unless it is open. One that writes is tried a few times.
    pub(super) fn open(&mut self) -> Result<(), IndexError> {
        if self.is_open() {
            return Ok(());
        }
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Err(IndexError::Closed);
        }
        let mut pauses = PAUSES.iter().take(if self.role == Role::Writes { PAUSES.len() } else { 0 });
        loop {
            let failed = match self.connect() {
                Ok(opened) => {
                    self.open = Some(opened);
                    return Ok(());
                }
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) if failed.is_passing() => thread::sleep(Duration::from_millis(*pause)),
                _ => {
                    self.rests_until = Some(Instant::now() + REST);
                    return Err(failed);
                }
            }
        }
    }

    /// Does something with the open session, and closes it if that fails.
    pub(super) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Client, &Statements) -> Result<T, postgres::Error>,
    ) -> Result<T, IndexError> {
        let (client, statements) = self.open.as_mut().ok_or(IndexError::Closed)?;
        work(client, statements).map_err(|error| {
            self.close();
            IndexError::Database(error)
        })
    }

    /// Closes it: it is opened anew before it is used again.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    fn connect(&self) -> Result<(Client, Statements), IndexError> {
        let mut client = self.config.connect(NoTls)?;
        // Nobody waits for ever for a table that somebody else has locked.
        client.batch_execute("SET lock_timeout = '10s'")?;
        if self.role == Role::Writes {
            self.claim(&mut client)?;
        }
        let statements = Statements::prepare(&mut client)?;
        Ok((client, statements))
    }

    /// Makes the session that of the one relay that writes, and the tables if there are none.
    fn claim(&self, client: &mut Client) -> Result<(), IndexError> {
        let held: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK])?.try_get(0)?;
        if !held {
            return Err(IndexError::Held);
        }
        // What is answered is to last, also where the server's own setting is that it need not.
        client.batch_execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
        )?;
        let there: bool = client.query_one("SELECT to_regclass('capseal_store') IS NOT NULL", &[])?.try_get(0)?;
        if !there {
            let mut made = client.transaction()?;
            made.batch_execute(TABLES)?;
            made.execute("INSERT INTO capseal_store (version, relay) VALUES ($1, $2)", &[&VERSION, &&self.relay[..]])?;
            made.commit()?;
        }
        let store = client.query_opt("SELECT version, relay FROM capseal_store", &[])?;
        let store = store.ok_or(IndexError::Foreign("does not say which relay's it is"))?;
        let (version, relay): (i32, Vec<u8>) = (store.try_get(0)?, store.try_get(1)?);
        if version != VERSION {
            return Err(IndexError::Foreign("has another version of the tables"));
        }
        if relay != self.relay {
            return Err(IndexError::Foreign("is that of a relay with another key"));
        }
        Ok(())
    }
}

impl From<postgres::Error> for IndexError {
    fn from(error: postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("role", &self.role).field("open", &self.is_open()).finish_non_exhaustive()
    }
}
