//! What the user asks to run, and what is said about it in advance.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{RunError, record::Stream};

/// A run that is asked for. Paths are relative to `working_dir`.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to run.
    pub program: Program,
    /// Files and folders that are inputs, whether or not the run opens them.
    pub inputs: Vec<PathBuf>,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Files and folders that are outputs; a run that succeeds must leave them.
    pub outputs: Vec<PathBuf>,
    /// Names of the environment variables that are recorded. No other value of the environment enters a record.
    pub recorded_env: Vec<String>,
    /// How files are found.
    pub capture: CaptureChoice,
    /// The folder to run in.
    pub working_dir: PathBuf,
    /// The whole environment of the child.
    pub environment: Vec<(OsString, OsString)>,
    /// How long processes, and output streams that something holds open, may outlive the main process.
    pub linger: Duration,
    /// Whether signals that ask this process to end are passed on to the child, so that the record is still made. For
    /// programs that own their process: handlers are process-wide.
    pub forward_signals: bool,
    /// Whether the observer sends standard output and error to one place, a terminal or a log: what the program writes in turn to
    /// both is then passed on in its order.
    pub outputs_go_together: bool,
}

impl Request {
    /// A request with the environment and folder of this process, and nothing declared.
    ///
    /// # Errors
    /// When this process's folder cannot be told.
    pub fn new(program: Program) -> Result<Self, RunError> {
        let here = Path::new(".");
        let working_dir =
            std::env::current_dir().map_err(|error| RunError::WorkingDir { path: here.to_owned(), error })?;
        Ok(Self {
            program,
            inputs: Vec::new(),
            config: None,
            outputs: Vec::new(),
            recorded_env: Vec::new(),
            capture: CaptureChoice::Auto,
            working_dir,
            environment: std::env::vars_os().collect(),
            linger: LINGER,
            forward_signals: false,
            outputs_go_together: false,
        })
    }

    /// A variable of the child's environment.
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

/// Long enough for what a program leaves to tidy up; a service that it leaves running would never end.
const LINGER: Duration = Duration::from_secs(5);

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Program {
    /// A file: a script, whose interpreter is found, or an executable.
    Script {
        /// The file.
        path: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
    /// A command line: the first word is looked up in `PATH` unless it has a slash.
    Command(Vec<OsString>),
}

/// How files are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaptureChoice {
    /// By observation, where the system lets us; otherwise as declared.
    #[default]
    Auto,
    /// By observation, or not at all.
    Observed,
    /// As declared.
    Declared,
}

/// Follows a run while it goes on. Called from several threads.
pub trait Observer: Send + Sync {
    /// The child wrote these bytes. What takes long here slows the child down.
    ///
    /// # Errors
    /// When nobody listens any more; the bytes are recorded all the same, and no more are passed on.
    fn output(&self, _stream: Stream, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    /// The run has come to a stage.
    fn stage(&self, _stage: Stage) {}
}

/// Stages of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Declared files are being hashed.
    Hashing {
        /// How many.
        files: usize,
    },
    /// The child runs.
    Running,
    /// The child has ended; contents are being hashed to the end.
    Finishing,
}

/// Passes the child's output on to this process's own streams, as it comes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passthrough;

impl Observer for Passthrough {
    fn output(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        fn pass(mut to: impl io::Write, bytes: &[u8]) -> io::Result<()> {
            to.write_all(bytes)?;
            to.flush()
        }
        match stream {
            Stream::Stdout => pass(io::stdout().lock(), bytes),
            Stream::Stderr => pass(io::stderr().lock(), bytes),
        }
    }
}

/// Follows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
