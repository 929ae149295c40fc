//! Building guest programs again, to see whether a source gives the image of a receipt.
//!
//! Cargo builds in the project's own folder and runs what it runs: build scripts and macros of the project and of its
//! dependencies. The same image comes of the same source, lock file, compiler and paths.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;
use verifier_core::Digest;

use super::{elf::ElfError, program::Program};
use capseal_host::cause::Cause;

/// A program that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// The name of the program.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// What is loaded from it.
    pub program: Program,
}

impl Built {
    /// The digest by which receipts name the image: SHA-256 of its encoding.
    pub fn image_digest(&self) -> Digest {
        Digest::of_content(&self.program.image.encode())
    }
}

/// Builds the programs of a Cargo project for the machine, as `cargo build --release --locked` does in its folder.
///
/// # Errors
/// [`RebuildError`] when it does not build, or builds no program of the machine.
///
/// # Security
/// Runs code of the project.
pub fn rebuild(folder: &Path) -> Result<Vec<Built>, RebuildError> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release", "--bins", "--message-format=json-render-diagnostics"]);
    if folder.join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    let built = cargo.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let built = built.map_err(|error| RebuildError::Start { error })?;
    if !built.status.success() {
        return Err(RebuildError::Build);
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let mut programs = Vec::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok()) {
        if let (Some(path), Some(target)) = (message.executable, message.target) {
            let file = fs::read(&path).map_err(|error| RebuildError::Read { path: path.clone(), error })?;
            let program = Program::from_elf(&file).map_err(|error| RebuildError::Elf { path: path.clone(), error })?;
            programs.push(Built { name: target.name, path, program });
        }
    }
    if programs.is_empty() { Err(RebuildError::NoProgram) } else { Ok(programs) }
}

/// What Cargo says of an artifact; other messages have no executable.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Why nothing was built that could be compared.
#[derive(Debug)]
pub enum RebuildError {
    /// Cargo cannot be started.
    Start {
        /// What the system said.
        error: io::Error,
    },
    /// Cargo has failed, and said why.
    Build,
    /// What was built cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What was built is no program of the machine.
    Elf {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ElfError,
    },
    /// The project has no program.
    NoProgram,
}

impl RebuildError {
    /// What the user can do about it.
    pub const fn next_step(&self) -> &'static str {
        match self {
            Self::Start { .. } => "install Rust, and name the folder that has the project's Cargo.toml",
            Self::Build => "mend what Cargo has said; rustup target add riscv32im-unknown-none-elf adds the target",
            Self::Read { .. } => "try again; another build may have removed it",
            Self::Elf { error, .. } => error.next_step(),
            Self::NoProgram => "name the folder of a project with a program, not of a library",
        }
    }
}

impl fmt::Display for RebuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { error } => write!(f, "cannot start cargo in that folder: {}", Cause(error)),
            Self::Build => f.write_str("the project does not build"),
            Self::Read { path, error } => write!(f, "cannot read {}: {}", path.display(), Cause(error)),
            Self::Elf { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NoProgram => f.write_str("the project has no program"),
        }
    }
}

impl std::error::Error for RebuildError {}
