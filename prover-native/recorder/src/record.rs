//! The record of a run: facts, as the capture saw them, before anything is hashed into a receipt.
//!
//! Plain data. Every text follows the rule of [`text`](super::text); every time is in milliseconds since the Unix epoch. A
//! record says what happened to whoever trusts the machine that made it: it proves nothing by itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::obstacles::Obstacle;
use capseal_host::artifacts::Artifact;

/// What a run was.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// What was executed.
    pub command: Command,
    /// The folder it ran in, absolute. Path texts are relative to it.
    pub working_dir: String,
    /// What its standard input was.
    pub stdin: Stdin,
    /// When it started, in milliseconds since the Unix epoch.
    pub started_at: u64,
    /// How long the main process ran, in milliseconds.
    pub duration_ms: u64,
    /// How the main process ended.
    pub exit: Exit,
    /// How the files below were found.
    pub capture: Capture,
    /// Files by role and path; a path once in each role.
    pub files: Vec<FileRecord>,
    /// What was opened and is not a file with content of its own, by kind and path.
    pub others: BTreeSet<Other>,
    /// Outputs that were declared and are not there; never when the run succeeded.
    pub missing_outputs: Vec<String>,
    /// What it wrote to standard output, kept in the store.
    pub stdout: Artifact,
    /// What it wrote to standard error, kept in the store.
    pub stderr: Artifact,
    /// The variables of the allow-list; `None` for one that is not set.
    pub env: BTreeMap<String, Option<String>>,
    /// Environment manifests by name: strings, integers, booleans, arrays and objects.
    pub manifests: BTreeMap<String, Value>,
    /// What a replay lacks, the worst first.
    pub obstacles: Vec<Obstacle>,
    /// What happened, in order.
    pub timeline: Vec<Event>,
}

impl RunRecord {
    /// The files of one role, by path.
    pub fn files_of(&self, role: Role) -> impl Iterator<Item = &FileRecord> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// The contents of outputs and output streams.
    pub fn results(&self) -> BTreeSet<Artifact> {
        self.files_of(Role::Output).map(|file| file.content).chain([self.stdout, self.stderr]).collect()
    }

    /// The contents that the record names and the store holds.
    pub fn kept(&self) -> BTreeSet<Artifact> {
        let files = self.files.iter().filter(|file| file.kept).map(|file| file.content);
        files.chain([self.stdout, self.stderr]).collect()
    }
}

/// What was executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Path of the executable: the interpreter of a script, otherwise the program itself.
    pub executable: String,
    /// The arguments as it received them, its own name first.
    pub argv: Vec<String>,
    /// The script, when the program is one.
    pub script: Option<String>,
    /// The arguments that the user gave, without the program.
    pub arguments: Vec<String>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

impl Exit {
    /// Whether it ended with code 0.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Code(0))
    }
}

/// What standard input was. Only a file's content is recorded, as an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// The null device, or closed.
    Null,
    /// A terminal.
    Terminal,
    /// A pipe or socket.
    Pipe,
    /// A file, by path.
    File(String),
    /// Another device.
    Device,
}

/// How a run was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Where the list of files comes from.
    pub mode: Mode,
    /// What else limits the record.
    pub notes: BTreeSet<Note>,
}

/// Where the list of files comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// From watching the process tree: whatever it opened by path.
    Observed,
    /// From the command line only.
    Declared {
        /// Why the process tree was not watched.
        reason: String,
    },
}

/// What a capture could not see, or had to do (table: `docs/spec/capture.md`, Notes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Note {
    /// The run wrote a file that may hold credentials; neither its content nor its digest is recorded.
    CredentialsNotKept,
    /// The timeline was too long for a receipt; from some point on, events are counted and not listed.
    EventsSummarised,
    /// A process made system calls of another architecture (a 32-bit program, say); what it opened is not observed.
    ForeignArchitecture,
    /// A process was made inaccessible to its own user (as programs that hold keys are); what it opened is not observed.
    HiddenProcess,
    /// The run began with open files besides the three standard streams; what went through them is not recorded.
    InheritedDescriptor,
    /// A process set up io_uring; what it opened that way is not observed.
    IoUring,
    /// Processes that outlived the main one by more than the request allows were ended.
    LeftBehindEnded,
    /// A process had file systems of its own; files that it wrote there, and that are gone with them, are not recorded.
    MountNamespace,
    /// A process made a network socket; what it received is not recorded.
    Network,
    /// Set-user-id programs got no privileges, because the run was watched by an ordinary user.
    NoNewPrivileges,
    /// Something held an output stream open after the run; what it wrote later is not recorded.
    OutputCut,
    /// The run read so many files of the machine that the manifest lists some of them by folder.
    RuntimeByFolder,
    /// A process used System V shared memory or message queues; what it received is not recorded.
    SharedMemory,
    /// The standard input was neither empty nor a file; what was read from it is not recorded.
    StdinNotKept,
    /// A program of the run traced processes itself; what those opened meanwhile may be missing.
    TracedInside,
    /// A process connected to a Unix socket or listened on one; what it received is not recorded.
    UnixSocket,
    /// A file that the run read or wrote could not be read by the capture; its content is not recorded.
    Unreadable,
    /// A process was started out of the tracer's sight; what it opened is not observed.
    UntracedProcess,
}

impl Note {
    /// Every note, by name.
    pub const ALL: [Self; 18] = [
        Self::CredentialsNotKept,
        Self::EventsSummarised,
        Self::ForeignArchitecture,
        Self::HiddenProcess,
        Self::InheritedDescriptor,
        Self::IoUring,
        Self::LeftBehindEnded,
        Self::MountNamespace,
        Self::Network,
        Self::NoNewPrivileges,
        Self::OutputCut,
        Self::RuntimeByFolder,
        Self::SharedMemory,
        Self::StdinNotKept,
        Self::TracedInside,
        Self::UnixSocket,
        Self::Unreadable,
        Self::UntracedProcess,
    ];

    /// The stable name, as manifests give it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CredentialsNotKept => "credentials_not_kept",
            Self::EventsSummarised => "events_summarised",
            Self::ForeignArchitecture => "foreign_architecture",
            Self::HiddenProcess => "hidden_process",
            Self::InheritedDescriptor => "inherited_descriptor",
            Self::IoUring => "io_uring",
            Self::LeftBehindEnded => "left_behind_ended",
            Self::MountNamespace => "mount_namespace",
            Self::Network => "network",
            Self::NoNewPrivileges => "no_new_privileges",
            Self::OutputCut => "output_cut",
            Self::RuntimeByFolder => "runtime_by_folder",
            Self::SharedMemory => "shared_memory",
            Self::StdinNotKept => "stdin_not_kept",
            Self::TracedInside => "traced_inside",
            Self::UnixSocket => "unix_socket",
            Self::Unreadable => "unreadable",
            Self::UntracedProcess => "untraced_process",
        }
    }

    /// What it means, in a clause.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::CredentialsNotKept => "a file that may hold credentials was written; its content is not recorded",
            Self::EventsSummarised => "the timeline is long: from some point on, events are counted and not listed",
            Self::ForeignArchitecture => {
                "a process was of another architecture (a 32-bit program); what it opened was not observed"
            }
            Self::HiddenProcess => "a process was inaccessible to its own user; what it opened was not observed",
            Self::InheritedDescriptor => {
                "the run began with open files besides the standard streams; what went through them is not recorded"
            }
            Self::IoUring => "a process set up io_uring; what it opened that way was not observed",
            Self::LeftBehindEnded => "processes that outlived the program were ended",
            Self::MountNamespace => {
                "a process had file systems of its own; files that it wrote there are not recorded if they are gone with them"
            }
            Self::Network => "a process made a network socket; what it received is not recorded",
            Self::NoNewPrivileges => "set-user-id programs got no privileges, because an ordinary user watched the run",
            Self::OutputCut => {
                "something held an output stream open after the run; what it wrote later is not recorded"
            }
            Self::RuntimeByFolder => "so many files of the machine were read that some of them are listed by folder",
            Self::SharedMemory => "a process used shared memory or message queues; what it received is not recorded",
            Self::StdinNotKept => {
                "the standard input was neither empty nor a file; what was read from it is not recorded"
            }
            Self::TracedInside => {
                "a program of the run traced processes itself; what those opened meanwhile may be missing"
            }
            Self::UnixSocket => "a process used a Unix socket; what it received is not recorded",
            Self::Unreadable => "a file that the run read or wrote could not be read, and its content is not recorded",
            Self::UntracedProcess => "a process was started out of the tracer's sight; what it opened was not observed",
        }
    }
}

/// What a file was to the run (rules: `docs/spec/capture.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Executed, or source of what was.
    Code,
    /// Read.
    Input,
    /// Named as configuration.
    Config,
    /// Written, and there at the end.
    Output,
    /// Part of the machine: interpreters, libraries, system files. Hashed, not kept.
    Runtime,
}

impl Role {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Input => "input",
            Self::Config => "config",
            Self::Output => "output",
            Self::Runtime => "runtime",
        }
    }
}

/// A file and the content it had when it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Path as it was used.
    pub path: String,
    /// Path behind links, when it is another one.
    pub real_path: Option<String>,
    /// What it was to the run.
    pub role: Role,
    /// For an output the content at the end, otherwise that at the first use.
    pub content: Artifact,
    /// What was done with it.
    pub access: Access,
    /// Whether it was named on the command line.
    pub declared: bool,
    /// Whether the run was seen opening it.
    pub observed: bool,
    /// Whether its content became another one after the first use and before the end.
    pub changed_during_run: bool,
    /// Whether the store holds the content.
    pub kept: bool,
}

/// What was done with a file, as far as it was observed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Opened for reading, or for writing without discarding what it held.
    pub read: bool,
    /// Opened for writing, and written.
    pub written: bool,
    /// Executed, or mapped by the kernel to execute another.
    pub executed: bool,
}

/// Something that was opened and has no content to hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Other {
    /// What it is.
    pub kind: OtherKind,
    /// Path as it was used.
    pub path: String,
}

/// Kinds of what has no content to hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OtherKind {
    /// A folder that was listed.
    Folder,
    /// A named pipe.
    Pipe,
    /// A device.
    Device,
    /// A view of the kernel: `/proc` and `/sys`.
    Kernel,
    /// A file that the run wrote and that is gone at the end.
    Temporary,
    /// A file that the run could open and the capture could not.
    Unreadable,
}

impl OtherKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Pipe => "pipe",
            Self::Device => "device",
            Self::Kernel => "kernel",
            Self::Temporary => "temporary",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in milliseconds since the Unix epoch; never before the event before.
    pub at: u64,
    /// What.
    pub kind: EventKind,
}

/// What happened. Processes are numbered from 1, the main one, in the order in which they were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The run began.
    RunStarted,
    /// A process started another one.
    ProcessStarted {
        /// The new one.
        process: u32,
        /// The one that started it; 0 when that one had ended.
        parent: u32,
    },
    /// A process executed a file.
    ProcessExecuted {
        /// Which.
        process: u32,
        /// The file.
        path: String,
        /// Its content, when it could be read.
        content: Option<Artifact>,
    },
    /// A process ended.
    ProcessEnded {
        /// Which.
        process: u32,
        /// How.
        exit: Exit,
    },
    /// A content was read for the first time. Files of the runtime are listed in their manifest instead.
    FileRead {
        /// The file.
        path: String,
        /// What it is to the run.
        role: Role,
        /// What was read.
        content: Artifact,
    },
    /// A file was opened for writing for the first time.
    FileWritten {
        /// The file.
        path: String,
        /// What it holds at the end; `None` when it is gone.
        content: Option<Artifact>,
    },
    /// A symbolic link was made.
    LinkMade {
        /// The link.
        path: String,
        /// Where it points at the end, as text; `None` when it is gone.
        target: Option<String>,
    },
    /// An output stream ended.
    StreamEnded {
        /// Which.
        stream: Stream,
        /// What came through it.
        content: Artifact,
    },
    /// Events that are counted and not told one by one, because there are too many of them.
    EventsSummarised {
        /// How many.
        events: u64,
        /// Those of them that tell of a new process.
        processes: u64,
        /// Those of them that tell of a content that was read.
        read: u64,
        /// Those of them that tell of a file that was written.
        written: u64,
    },
    /// The main process ended, and all that was waited for.
    RunFinished {
        /// How the main process ended.
        exit: Exit,
    },
}

impl EventKind {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RunStarted => "run_started",
            Self::ProcessStarted { .. } => "process_started",
            Self::ProcessExecuted { .. } => "process_executed",
            Self::ProcessEnded { .. } => "process_ended",
            Self::FileRead { .. } => "file_read",
            Self::FileWritten { .. } => "file_written",
            Self::EventsSummarised { .. } => "events_summarised",
            Self::LinkMade { .. } => "link_made",
            Self::StreamEnded { .. } => "stream_ended",
            Self::RunFinished { .. } => "run_finished",
        }
    }
}

/// An output stream of the main process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}
