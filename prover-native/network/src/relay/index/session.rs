//! A session with PostgreSQL: opened when it is needed, closed by any failure, and not tried again at once. Nothing that is asked of the
//! server is waited for longer than a deadline: a server that is there and does not answer is as good as none.

use std::{
    fmt,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    time::{sleep, timeout},
};
use tokio_postgres::{Client, Config, NoTls, Statement};

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
/// How long an answer, or a session, is waited for.
const DEADLINE: Duration = Duration::from_secs(10);
/// What the server itself gives up after: a table that somebody else has locked, a statement that does not end.
const SERVER_LIMITS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '9s'";

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
    /// So many lines from one on.
    pub(super) lines: Statement,
    /// One statement is one transaction, and one way to the server and back.
    pub(super) add: Statement,
}

impl Statements {
    async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            commits: client
                .prepare(
                    "SELECT header_commit_hash, da_hash, receipt, challenge FROM capseal_commits
                     WHERE header_commit_hash = ANY ($1)",
                )
                .await?,
            attestations: client
                .prepare(
                    "SELECT key_id, message FROM capseal_attestations WHERE header_commit_hash = $1 ORDER BY number",
                )
                .await?,
            count: client.prepare("SELECT coalesce(max(number) + 1, 0) FROM capseal_lines").await?,
            lines: client
                .prepare(
                    "SELECT number, line, c.header_commit_hash, c.da_hash, a.header_commit_hash, a.key_id, a.message
                     FROM capseal_lines LEFT JOIN capseal_commits c USING (number)
                     LEFT JOIN capseal_attestations a USING (number) WHERE number >= $1 ORDER BY number LIMIT $2",
                )
                .await?,
            add: client
                .prepare(
                    "WITH line AS (INSERT INTO capseal_lines SELECT * FROM unnest($1::bigint[], $2::text[])),
                     committed AS (INSERT INTO capseal_commits
                         SELECT * FROM unnest($3::bytea[], $4::bytea[], $5::bigint[], $6::bytea[], $7::bytea[]))
                     INSERT INTO capseal_attestations
                         SELECT * FROM unnest($8::bigint[], $9::bytea[], $10::bytea[], $11::bytea[])",
                )
                .await?,
        })
    }
}

/// A session, or the way to one.
pub(super) struct Session {
    role: Role,
    config: Config,
    /// The relay's key id.
    relay: [u8; 32],
    open: Option<Open>,
    rests_until: Option<Instant>,
}

struct Open {
    /// Drives the connection while something is asked.
    runtime: Runtime,
    client: Client,
    statements: Statements,
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

    /// Opens the session unless it is open. One that writes is tried a few times, within the deadline.
    pub(super) fn open(&mut self) -> Result<(), IndexError> {
        if self.is_open() {
            return Ok(());
        }
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            return Err(IndexError::Closed);
        }
        let runtime = Builder::new_current_thread().enable_all().build().map_err(IndexError::Runtime)?;
        let opened =
            runtime.block_on(async { timeout(DEADLINE, self.attempts()).await.unwrap_or(Err(IndexError::Late)) });
        match opened {
            Ok((client, statements)) => {
                self.open = Some(Open { runtime, client, statements });
                Ok(())
            }
            Err(error) => {
                runtime.shutdown_background();
                self.rests_until = Some(Instant::now() + REST);
                Err(error)
            }
        }
    }

    async fn attempts(&self) -> Result<(Client, Statements), IndexError> {
        let mut pauses = PAUSES.iter().take(if self.role == Role::Writes { PAUSES.len() } else { 0 });
        loop {
            let failed = match self.connect().await {
                Ok(opened) => return Ok(opened),
                Err(error) => error,
            };
            match pauses.next() {
                Some(pause) if failed.is_passing() => sleep(Duration::from_millis(*pause)).await,
                _ => return Err(failed),
            }
        }
    }

    /// Does something with the open session, and closes it if that fails or takes longer than the deadline.
    pub(super) fn with<T>(
        &mut self,
        work: impl AsyncFnOnce(&Client, &Statements) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T, IndexError> {
        let Open { runtime, client, statements } = self.open.as_ref().ok_or(IndexError::Closed)?;
        let done = runtime.block_on(async { timeout(DEADLINE, work(client, statements)).await });
        let failed = match done {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => IndexError::Database(error),
            Err(_) => IndexError::Late,
        };
        self.close();
        Err(failed)
    }

    /// Closes it: it is opened anew before it is used again. Nobody is waited for.
    pub(super) fn close(&mut self) {
        if let Some(Open { runtime, client, .. }) = self.open.take() {
            drop(client);
            runtime.shutdown_background();
        }
    }

    async fn connect(&self) -> Result<(Client, Statements), IndexError> {
        let (mut client, connection) = self.config.connect(NoTls).await?;
        // It ends with the client; what is wrong with it, whoever asks next is told.
        tokio::spawn(async { drop(connection.await) });
        client.batch_execute(SERVER_LIMITS).await?;
        if self.role == Role::Writes {
            self.claim(&mut client).await?;
        }
        let statements = Statements::prepare(&client).await?;
        Ok((client, statements))
    }

    /// Makes the session that of the one relay that writes, and the tables if there are none.
    async fn claim(&self, client: &mut Client) -> Result<(), IndexError> {
        let held: bool = client.query_one("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?.try_get(0)?;
        if !held {
            return Err(IndexError::Held);
        }
        // What is answered is to last, also where the server's own setting is that it need not.
        client
            .batch_execute(
                "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
            )
            .await?;
        let there: bool = client.query_one("SELECT to_regclass('capseal_store') IS NOT NULL", &[]).await?.try_get(0)?;
        if !there {
            let made = client.transaction().await?;
            made.batch_execute(TABLES).await?;
            let store = "INSERT INTO capseal_store (version, relay) VALUES ($1, $2)";
            made.execute(store, &[&VERSION, &&self.relay[..]]).await?;
            made.commit().await?;
        }
        let store = client.query_opt("SELECT version, relay FROM capseal_store", &[]).await?;
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

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

impl From<tokio_postgres::Error> for IndexError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("role", &self.role).field("open", &self.is_open()).finish_non_exhaustive()
    }
}
