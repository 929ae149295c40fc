//! Replay (spec: `docs/spec/replay.md`): runs a recorded or proven computation again and compares what comes of it.
//!
//! Machines run in themselves; a process runs natively, in a scratch folder, with the recorded files, arguments and variables.
//! Agreement shows that this machine comes to the same result now. It does not show that the recorded run took place, and a
//! divergence does not show that it did not: clocks, random numbers and other versions of the runtime have the same effect.

mod machine;
mod process;
mod sandbox;
mod scratch;
mod streams;
mod world;

use std::{fmt, io, path::PathBuf, time::Duration};

use verifier_core::{ReasonCode, Refusal, backend::Backend, container::Container};

use capseal_archive::bundle::{Bundle, BundleError};
use capseal_recorder::Obstacle;

pub use sandbox::Sandbox;

/// How a replay is made.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Whether a process may run without a sandbox.
    pub unprotected: bool,
    /// A process that takes longer is ended; ten times the recorded time, and a minute at least, when not named.
    pub timeout: Option<Duration>,
}

/// What came of a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Where it ran.
    pub place: Place,
    /// What was compared, and agreed.
    pub agreed: Vec<String>,
    /// What did not agree, in the order of the record.
    pub differences: Vec<Difference>,
    /// What the replay did without: where something did not agree, it may be for this.
    pub lacking: Vec<String>,
    /// Files of the runtime that this machine has in another version, or not at all.
    pub other_runtime: Vec<String>,
}

impl Replay {
    /// What is to be said of it: nothing when all agreed; that it cannot be run again here when something did not, and
    /// something was lacking; otherwise the first difference.
    pub fn reason(&self) -> Option<ReasonCode> {
        let first = self.differences.first()?;
        Some(if self.lacking.is_empty() { first.code } else { ReasonCode::ReplayImpossible })
    }
}

/// Where a replay ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the machine that the backend defines.
    Machine,
    /// As a process of this system.
    Process(Sandbox),
}

/// Something that did not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing.
    pub code: ReasonCode,
    /// Which, and how it differs.
    pub detail: String,
}

impl Difference {
    fn new(code: ReasonCode, detail: impl fmt::Display) -> Self {
        Self { code, detail: detail.to_string() }
    }
}

/// What a receipt says that its replay lacks; nothing for one that says nothing about it.
pub fn obstacles(container: &Container<'_>) -> Vec<Obstacle> {
    world::Told::of_container(container).map(|told| told.obstacles).unwrap_or_default()
}

/// Runs it again. The receipt must have been accepted by a verifier: what is executed is what it says.
///
/// # Security
/// A process runs code of the receipt's maker. In the sandbox it cannot reach the network or write outside of its scratch folder;
/// it can read what the user can read.
///
/// # Errors
/// When it cannot be run again; that it comes to something else is no error, and stands in [`Replay::differences`].
pub fn replay(bundle: &Bundle<'_>, options: &ReplayOptions) -> Result<Replay, ReplayError> {
    let backend = Backend::from_id(&bundle.capsule().header.backend_id);
    match backend.ok_or(ReplayError::Backend)? {
        Backend::GeomV1 => machine::geom(bundle),
        Backend::Rv32imV1 => machine::rv32im(bundle),
        Backend::ProcessV1 => process::run(bundle, options),
        Backend::LogV1 => Err(ReplayError::NothingToRun),
    }
}

/// Why nothing could be run again.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A backend that this program does not have.
    Backend,
    /// A log, which tells of work and is none.
    NothingToRun,
    /// The statement cannot be read.
    Statement(Refusal),
    /// An artifact cannot be had.
    Bundle(BundleError),
    /// The claim names a file at a place where it cannot be put without a sandbox.
    Outside(String),
    /// The record itself says that it cannot be run again.
    Obstacle(String),
    /// What the record tells of the files before the run is no tree.
    Tree(String),
    /// The sandbox did not start the program.
    Sandbox(String),
    /// There is no sandbox, and the user has not allowed a run without one.
    NoSandbox,
    /// The scratch folder cannot be filled.
    Scratch(PathBuf, io::Error),
    /// The program cannot be started.
    Start(String, io::Error),
}

impl ReplayError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Statement(refusal) => refusal.code,
            Self::Backend
            | Self::NothingToRun
            | Self::Bundle(_)
            | Self::Outside(_)
            | Self::Obstacle(_)
            | Self::Tree(_)
            | Self::Sandbox(_)
            | Self::NoSandbox
            | Self::Scratch(..)
            | Self::Start(..) => ReasonCode::ReplayImpossible,
        }
    }

    /// What the user can do about it.
    pub const fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Bundle(BundleError::Missing(_)) => {
                Some("name the archive: --archive FILE (capseal audit --fetch gets it)")
            }
            Self::NoSandbox | Self::Outside(_) => {
                Some("install bubblewrap (bwrap), or trust the receipt's maker with your account and say --no-sandbox")
            }
            _ => None,
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Backend => f.write_str("the receipt's backend is unknown"),
            Self::NothingToRun => f.write_str("a sealed log tells of work and is none: there is nothing to run again"),
            Self::Statement(refusal) => refusal.fmt(f),
            Self::Bundle(error) => error.fmt(f),
            Self::Outside(path) => write!(f, "{path} lies outside of the working folder and is another file here"),
            Self::NoSandbox => f.write_str("there is no sandbox to run the receipt's program in"),
            Self::Obstacle(detail) => f.write_str(detail),
            Self::Tree(detail) => write!(f, "the record contradicts itself: {detail}"),
            Self::Sandbox(said) => write!(f, "the sandbox did not start the program: {said}"),
            Self::Scratch(path, error) => write!(f, "cannot prepare {}: {error}", path.display()),
            Self::Start(program, error) => write!(f, "cannot start {program}: {error}"),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<BundleError> for ReplayError {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}
