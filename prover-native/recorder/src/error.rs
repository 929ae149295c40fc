//! Why a run could not be made or recorded: the file, the cause, and what to do next.

use std::{fmt, io, path::PathBuf, sync::Arc};

use super::text::text_of;
use capseal_host::{artifacts::StoreError, cause::Cause};

/// A run that could not be made or recorded.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The program is not there, or cannot be looked at.
    Program {
        /// The program.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The program is a folder.
    ProgramIsFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The program is not executable, and nothing says how to run it.
    NotExecutable {
        /// The program.
        path: PathBuf,
    },
    /// The command is in no folder of `PATH`.
    CommandNotFound {
        /// The command.
        name: PathBuf,
    },
    /// No command was given.
    CommandEmpty,
    /// The interpreter of a script is not there.
    InterpreterMissing {
        /// The script.
        script: PathBuf,
        /// The interpreter.
        interpreter: PathBuf,
    },
    /// An argument, path or variable holds a zero byte, which no program can be given.
    ZeroByte {
        /// The text up to it.
        before: String,
    },
    /// The folder to run in cannot be used.
    WorkingDir {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A declared input or configuration file cannot be read.
    Declared {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A declared input or configuration file is a pipe or device.
    DeclaredNotFile {
        /// Its path.
        path: PathBuf,
    },
    /// The run succeeded, and an output that was declared is not there.
    OutputMissing {
        /// The output.
        path: PathBuf,
    },
    /// A file of the run cannot be read.
    Content {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The system would not start the program.
    Start {
        /// The program.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The run was to be observed, and the system does not allow it.
    TracerRefused {
        /// What was refused.
        reason: String,
    },
    /// The system refused something that every run needs.
    System {
        /// What was wanted.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// A content could not be kept.
    Store(Arc<StoreError>),
}

impl RunError {
    /// What the user can do about it.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Program { error, .. } if error.kind() == io::ErrorKind::NotFound => {
                "check the path; to run a command of PATH, put -- before it"
            }
            Self::Program { error, .. } | Self::Declared { error, .. } | Self::Content { error, .. } => {
                match error.kind() {
                    io::ErrorKind::NotFound => "check the path; it is relative to the folder that the run starts in",
                    _ => "make the file readable for you, or run as a user who may read it",
                }
            }
            Self::ProgramIsFolder { .. } => "name the script in it",
            Self::NotExecutable { .. } => {
                "make it executable (chmod +x), give it a first line like #!/usr/bin/env python3, or name the interpreter: \
                 capseal run -- INTERPRETER FILE"
            }
            Self::CommandNotFound { .. } => "install it, or give its path",
            Self::CommandEmpty => "name a command after --",
            Self::InterpreterMissing { interpreter, .. } => {
                if interpreter.as_os_str().as_encoded_bytes().ends_with(b"\r") {
                    "the script's first line ends with a carriage return: save it with Unix line ends"
                } else {
                    "install it, or name another: capseal run -- INTERPRETER SCRIPT"
                }
            }
            Self::ZeroByte { .. } => "leave the zero byte out",
            Self::WorkingDir { .. } => "change to a folder that exists and that you may enter",
            Self::DeclaredNotFile { .. } => "declare files and folders only",
            Self::OutputMissing { .. } => "check the path; it is relative to the folder that the run starts in",
            Self::Start { .. } => "check that the file is a program for this machine",
            Self::TracerRefused { .. } => {
                "allow ptrace and seccomp for this user (in a container: --cap-add SYS_PTRACE), or declare the files and use \
                 --capture declared"
            }
            Self::System { .. } => "see what the system is short of: processes, open files or memory",
            Self::Store(error) => match error.io().kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space, or write the receipt to another disk"
                }
                _ => "write the receipt to a folder where you may create files",
            },
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program { path, error } => write!(f, "cannot run {}: {}", path.display(), Cause(error)),
            Self::ProgramIsFolder { path } => write!(f, "cannot run {}: it is a folder", path.display()),
            Self::NotExecutable { path } => write!(
                f,
                "cannot run {}: it is not executable, and neither its first line nor its ending names an interpreter",
                path.display()
            ),
            Self::CommandNotFound { name } => {
                write!(f, "cannot run {}: no folder of PATH has such a command", name.display())
            }
            Self::CommandEmpty => f.write_str("cannot run: no command is given"),
            Self::InterpreterMissing { script, interpreter } => write!(
                f,
                "cannot run {}: its interpreter {} is not there",
                script.display(),
                text_of(interpreter.as_os_str())
            ),
            Self::ZeroByte { before } => write!(f, "cannot run: there is a zero byte after {before:?}"),
            Self::WorkingDir { path, error } => write!(f, "cannot run in {}: {}", path.display(), Cause(error)),
            Self::Declared { path, error } => {
                write!(f, "cannot read the declared {}: {}", path.display(), Cause(error))
            }
            Self::DeclaredNotFile { path } => write!(f, "cannot seal the declared {}: it is no file", path.display()),
            Self::OutputMissing { path } => {
                write!(f, "the run succeeded, and the declared output {} is not there", path.display())
            }
            Self::Content { path, error } => write!(f, "cannot read {}: {}", path.display(), Cause(error)),
            Self::Start { path, error } => write!(f, "cannot start {}: {}", path.display(), Cause(error)),
            Self::TracerRefused { reason } => write!(f, "cannot observe the run: {reason}"),
            Self::System { action, error } => write!(f, "cannot {action}: {}", Cause(error)),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Program { error, .. }
            | Self::WorkingDir { error, .. }
            | Self::Declared { error, .. }
            | Self::Content { error, .. }
            | Self::Start { error, .. }
            | Self::System { error, .. } => Some(error),
            Self::Store(error) => Some(&**error),
            Self::ProgramIsFolder { .. }
            | Self::NotExecutable { .. }
            | Self::CommandNotFound { .. }
            | Self::CommandEmpty
            | Self::InterpreterMissing { .. }
            | Self::ZeroByte { .. }
            | Self::DeclaredNotFile { .. }
            | Self::OutputMissing { .. }
            | Self::TracerRefused { .. } => None,
        }
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
