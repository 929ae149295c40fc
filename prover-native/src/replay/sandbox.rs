//! The sandbox of a replayed process: bubblewrap, where it is installed and may be used.
//!
//! The program sees the host's files, read-only; its working folder, the temporary folders and the recorded files outside of them are
//! those of the scratch folder; there is no network, no other process and no other user. Without bubblewrap nothing is
//! kept from the program.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What keeps a replayed process from doing harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// Own view of the file system, no network, no other processes.
    Bubblewrap,
    /// Nothing.
    None,
}

impl Sandbox {
    /// What there is on this machine: whether bubblewrap works is found out by using it.
    pub fn available() -> Self {
        let probe = Command::new(BWRAP)
            .args(["--ro-bind", "/", "/", "--unshare-all", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if probe.is_ok_and(|status| status.success()) { Self::Bubblewrap } else { Self::None }
    }

    /// What people read.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bubblewrap => "in a sandbox (bubblewrap): no network, nothing but the scratch folder to write to",
            Self::None => "without a sandbox: nothing kept the program from the network and from your files",
        }
    }
}

const BWRAP: &str = "bwrap";

/// Folders that every program may write to.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The view of the file system that a sandboxed program gets.
#[derive(Debug, Default)]
pub(super) struct View {
    arguments: Vec<OsString>,
    /// Folders that were opened up: empty, with what the host has in them bound back.
    opened: BTreeSet<PathBuf>,
}

impl View {
    /// The host's files read-only, and temporary folders of its own, which lie in `scratch`.
    pub(super) fn new(scratch: &Path) -> Self {
        let mut view = Self::default();
        view.open(Path::new("/"), |child| matches!(child, "proc" | "dev" | "sys" | "tmp"));
        view.add(&["--proc", "/proc", "--dev", "/dev"]);
        for folder in TEMPORARY {
            view.bind("--bind", &scratch.join(&folder[1..]), Path::new(folder));
        }
        view
    }

    /// Binds a file or folder of the scratch folder to the place where the program expects it.
    pub(super) fn bind(&mut self, how: &str, from: &Path, to: &Path) {
        if !to.exists() {
            self.make_room(to);
        }
        self.arguments.extend([how.into(), from.into(), to.into()]);
    }

    /// The command that runs a program in this view.
    pub(super) fn command(self, folder: &Path, program: &[OsString]) -> Command {
        let mut command = Command::new(BWRAP);
        command.args(self.arguments).args(["--unshare-all", "--die-with-parent", "--new-session", "--chdir"]);
        command.arg(folder).arg("--").args(program);
        command
    }

    /// Makes a place that the host does not have possible, by opening up the lowest folder above it that is there.
    fn make_room(&mut self, place: &Path) {
        if let Some(folder) = place.ancestors().skip(1).find(|folder| folder.is_dir())
            && !TEMPORARY.iter().any(|temporary| folder.starts_with(temporary))
        {
            self.open(folder, |_| false);
        }
    }

    fn open(&mut self, folder: &Path, left_out: impl Fn(&str) -> bool) {
        if !self.opened.insert(folder.to_owned()) {
            return;
        }
        if folder != Path::new("/") {
            self.arguments.extend(["--tmpfs".into(), folder.into()]);
        }
        for child in fs::read_dir(folder).into_iter().flatten().flatten() {
            if child.file_name().to_str().is_some_and(&left_out) {
                continue;
            }
            let path = child.path();
            match fs::read_link(&path) {
                Ok(target) => self.arguments.extend(["--symlink".into(), target.into(), path.into()]),
                Err(_) => self.arguments.extend(["--ro-bind-try".into(), path.clone().into(), path.into()]),
            }
        }
    }

    fn add(&mut self, words: &[&str]) {
        self.arguments.extend(words.iter().map(OsString::from));
    }
}
