//! What is appended: a type, fields, and how long the log's writer waits for the disk.

use serde_json::{Map, Value};
use verifier_core::pcap::obligation::{Level, OBLIGATION, Record};

use super::LogFileError;

/// An entry that is to be appended. Number, link and time are the log's to add.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry {
    /// The type.
    pub kind: String,
    /// The fields: strings, integers within 2^53 - 1, booleans, arrays and objects; names of `[a-z0-9_]+`.
    pub fields: Map<String, Value>,
    /// Whether an append returns only when the entry is on disk.
    pub durable: bool,
}

impl NewEntry {
    /// An entry of a level: at S0 it is acknowledged when it is written, at S1 and S2 when it is on disk.
    pub fn new(kind: &str, fields: Map<String, Value>, level: Level) -> Self {
        Self { kind: kind.to_owned(), fields, durable: level > Level::S0 }
    }
}

/// An action: who did what.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    fields: Map<String, Value>,
    level: Level,
}

impl Action {
    /// An action at level S0.
    pub fn new(action: &str, actor: &str) -> Self {
        Self { fields: Map::new(), level: Level::S0 }.with("action", action).with("actor", actor)
    }

    /// The same with a field more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The same with fields more, which say nothing that it says already.
    ///
    /// # Errors
    /// [`LogFileError::Stated`] for a field that the action has.
    pub fn with_all(self, fields: Map<String, Value>) -> Result<Self, LogFileError> {
        if let Some(name) = STATED.into_iter().find(|name| fields.contains_key(*name)) {
            return Err(LogFileError::Stated(name));
        }
        Ok(fields.into_iter().fold(self, |action, (name, value)| action.with(&name, value)))
    }

    /// The same at another level.
    #[must_use]
    pub const fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }
}

/// Fields that an action states.
const STATED: [&str; 3] = ["action", "actor", "level"];

impl From<Action> for NewEntry {
    fn from(Action { mut fields, level }: Action) -> Self {
        fields.insert("level".to_owned(), level.name().into());
        Self::new("action", fields, level)
    }
}

impl From<&Record> for NewEntry {
    fn from(record: &Record) -> Self {
        Self::new(OBLIGATION, record.fields(), record.level)
    }
}
