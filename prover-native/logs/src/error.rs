//! Why a log could not be written.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use verifier_core::pcap::LogError;

use super::Loss;
use capseal_host::{cause::Cause, whole_file::WholeFileError};

/// A log could not be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogFileError {
    /// The file could not be read or written; what was written of the entry was taken back.
    Io {
        /// The log.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// The log could not be started.
    Create(WholeFileError),
    /// An entry breaks a rule of the log.
    Entry(LogError),
    /// The last line is whole and breaks a rule: the log was changed. Nothing was written.
    Changed {
        /// The log.
        path: PathBuf,
        /// The rule.
        error: LogError,
    },
    /// The file was cut, replaced or deleted under this writer, which appends no more.
    Lost {
        /// The log.
        path: PathBuf,
        /// What became of it.
        loss: Loss,
    },
    /// An entry states a field that every line has from the log: `prev`, `seq`, `time` or `type`.
    Reserved(&'static str),
    /// An action's further fields state again what the action states: `action`, `actor` or `level`.
    Stated(&'static str),
    /// The file has no whole line: it is not a log.
    NotALog(PathBuf),
    /// The log is closed.
    Closed(PathBuf),
    /// An entry was written and the disk did not confirm it: nobody can tell whether it will last. This writer appends no more.
    NotDurable {
        /// The log.
        path: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// An earlier failure left it open what the file holds. Open the log anew.
    Poisoned(PathBuf),
}

impl LogFileError {
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self::Io { path: path.to_owned(), error }
    }

    /// What the user can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Create(error) => Some(error.next_step()),
            Self::Changed { .. } => Some("keep the file as evidence, and start a new log with `capseal pcap new-run`"),
            Self::Lost { .. } => {
                Some("keep what is there as evidence, find out who did it, and start the writer again on a new log")
            }
            Self::NotALog(_) => Some("start a log with `capseal pcap new-run`"),
            Self::Closed(_) => Some("start another log with `capseal pcap new-run`"),
            Self::Io { .. }
            | Self::Entry(_)
            | Self::Reserved(_)
            | Self::Stated(_)
            | Self::NotDurable { .. }
            | Self::Poisoned(_) => None,
        }
    }
}

impl fmt::Display for LogFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {}", path.display(), Cause(error)),
            Self::Create(error) => error.fmt(f),
            Self::Entry(error) => write!(f, "the entry cannot be logged: {error}"),
            Self::Changed { path, error } => write!(f, "{} was changed by something else: {error}", path.display()),
            Self::Lost { path, loss } => write!(f, "{} {loss}", path.display()),
            Self::Reserved(name) => write!(f, "the entry cannot be logged: the log itself states `{name}`"),
            Self::Stated(name) => write!(f, "the entry cannot be logged: it states `{name}` twice"),
            Self::NotALog(path) => write!(f, "{} is not a log: it has no whole line", path.display()),
            Self::Closed(path) => write!(f, "{} is closed", path.display()),
            Self::NotDurable { path, error } => {
                write!(f, "{}: an entry was written, and the disk did not confirm it: {}", path.display(), Cause(error))
            }
            Self::Poisoned(path) => write!(f, "{}: an earlier append failed", path.display()),
        }
    }
}

impl std::error::Error for LogFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } | Self::NotDurable { error, .. } => Some(error),
            Self::Create(error) => error.source(),
            Self::Entry(_)
            | Self::Changed { .. }
            | Self::Lost { .. }
            | Self::Reserved(_)
            | Self::Stated(_)
            | Self::NotALog(_)
            | Self::Closed(_)
            | Self::Poisoned(_) => None,
        }
    }
}
