//! Where a relay keeps its index: in a file beside its log, or in a database.

use std::{fmt, str::FromStr, time::Duration};

use tokio_postgres::{
    NoTls,
    config::{Config, Host, TargetSessionAttrs},
};

/// Where a relay keeps its index.
#[derive(Clone, Debug)]
pub enum Store {
    /// In `index.redb` beside the log.
    File,
    /// In a PostgreSQL database, which keeps the lines of the log as well.
    Database(DatabaseUrl),
}

/// Where a database is, and who asks. What it prints has no password.
#[derive(Clone)]
pub struct DatabaseUrl(Box<Config>);

/// How long a server may take to answer a connection, and to acknowledge what was sent.
const CONNECT: Duration = Duration::from_secs(5);
const ACKNOWLEDGE: Duration = Duration::from_secs(30);

impl DatabaseUrl {
    /// The same with a password, when it has none.
    #[must_use]
    pub fn or_password(mut self, password: &[u8]) -> Self {
        if self.0.get_password().is_none() {
            self.0.password(password);
        }
        self
    }

    /// The same, with its tables in a schema.
    #[must_use]
    pub fn in_schema(mut self, schema: &str) -> Self {
        let before = self.0.get_options().map_or_else(String::new, |options| format!("{options} "));
        self.0.options(format!("{before}-csearch_path={schema}"));
        self
    }

    /// Executes statements in a session of their own.
    pub fn execute(&self, statements: &str) -> Result<(), Box<dyn std::error::Error>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (client, connection) = self.config(true).connect(NoTls).await?;
            tokio::spawn(async { drop(connection.await) });
            Ok(client.batch_execute(statements).await?)
        })
    }

    /// What the client is told; `writes` when the server has to be one that takes writes.
    pub(super) fn config(&self, writes: bool) -> Config {
        let mut config = Config::clone(&self.0);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ACKNOWLEDGE);
        }
        if writes {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        config.application_name("capseal relay");
        config
    }
}

impl FromStr for DatabaseUrl {
    type Err = NotADatabaseUrl;

    fn from_str(text: &str) -> Result<Self, NotADatabaseUrl> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(NotADatabaseUrl);
        }
        // What the library says may have a part of the password in it.
        let config: Config = text.parse().map_err(|_| NotADatabaseUrl)?;
        if config.get_hosts().is_empty() { Err(NotADatabaseUrl) } else { Ok(Self(Box::new(config))) }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "database {} at", self.0.get_dbname().or(self.0.get_user()).unwrap_or("of the user's name"))?;
        self.0.get_hosts().iter().try_for_each(|host| match host {
            Host::Tcp(name) => write!(f, " {name}"),
            Host::Unix(path) => write!(f, " {}", path.display()),
        })
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not where a database is. It says nothing of the text, which may have a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADatabaseUrl;

impl fmt::Display for NotADatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a database's URL: postgres://USER@HOST:PORT/NAME, or postgres://USER@%2Fpath%2Fof%2Fsockets/NAME",
        )
    }
}

impl std::error::Error for NotADatabaseUrl {}
