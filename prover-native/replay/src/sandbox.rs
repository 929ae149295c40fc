//! The sandbox of a replayed process: bubblewrap, where it is installed and may be used.
//!
//! The program sees the host's files, read-only; its working folder, the temporary folders and the recorded files outside of them are
//! those of the scratch folder; there is no network, no other process and no other user. Without bubblewrap nothing is
//! kept from the program.

use std::{
    collections::{BTreeMap, BTreeSet},
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

/// The view of the file system that a sandboxed program gets: the host's files read-only, and in some places what is mounted there.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Folders that were opened up: empty, with what the host has in them bound back.
    opened: BTreeSet<PathBuf>,
    /// By place, so that what lies in another comes after it.
    mounts: BTreeMap<PathBuf, Mount>,
}

/// What the program finds in a place.
#[derive(Debug)]
enum Mount {
    /// A file or folder of the scratch folder, to be written to.
    Bind(PathBuf),
    /// A folder of the scratch folder, to be written to, with these entries of the host in it.
    Over(PathBuf, Vec<PathBuf>),
    /// A link.
    Link(PathBuf),
    /// An empty folder.
    Folder,
}

impl View {
    /// Binds a file or folder of the scratch folder to the place where the program expects it.
    pub(super) fn bind(&mut self, from: &Path, to: &Path) {
        self.mount(to, Mount::Bind(from.to_owned()));
    }

    /// Binds a folder of the scratch folder over one of the host, and shows in it the entries of the host that `shows` picks.
    pub(super) fn bind_over(&mut self, from: &Path, to: &Path, shows: impl Fn(&Path) -> bool) {
        let entries = fs::read_dir(to).into_iter().flatten().flatten().map(|entry| entry.path());
        self.mount(to, Mount::Over(from.to_owned(), entries.filter(|path| shows(path)).collect()));
    }

    /// Puts a link in a place where the host has nothing.
    pub(super) fn link(&mut self, place: &Path, target: &Path) {
        self.mount(place, Mount::Link(target.to_owned()));
    }

    /// Puts an empty folder in a place where the host has nothing.
    pub(super) fn folder(&mut self, place: &Path) {
        self.mount(place, Mount::Folder);
    }

    /// The command that runs a program in this view.
    pub(super) fn command(self, folder: &Path, program: &[OsString]) -> Command {
        let mut command = Command::new(BWRAP);
        show_entries(&mut command, Path::new("/"), |child| matches!(child, "proc" | "dev" | "sys" | "tmp"));
        command.args(["--proc", "/proc", "--dev", "/dev"]);
        for folder in &self.opened {
            command.arg("--tmpfs").arg(folder);
            show_entries(&mut command, folder, |_| false);
        }
        for (place, mount) in &self.mounts {
            match mount {
                Mount::Bind(from) => command.arg("--bind").args([from, place]),
                Mount::Link(target) => command.arg("--symlink").args([target, place]),
                Mount::Folder => command.arg("--dir").arg(place),
                Mount::Over(from, entries) => {
                    command.arg("--bind").args([from, place]);
                    entries.iter().for_each(|entry| show(&mut command, entry));
                    &mut command
                }
            };
        }
        command.args(["--unshare-all", "--die-with-parent", "--new-session", "--chdir"]);
        command.arg(folder).arg("--").args(program);
        command
    }

    fn mount(&mut self, place: &Path, mount: Mount) {
        if place.symlink_metadata().is_err() {
            self.make_room(place);
        }
        self.mounts.insert(place.to_owned(), mount);
    }

    /// Makes a place that the host does not have possible, by opening up the lowest folder above it that is there.
    fn make_room(&mut self, place: &Path) {
        if let Some(folder) = place.ancestors().skip(1).find(|folder| folder.is_dir())
            && folder != Path::new("/")
            && !self.mounts.keys().any(|mounted| folder.starts_with(mounted))
        {
            self.opened.insert(folder.to_owned());
        }
    }
}

/// Shows the host's entries of a folder.
fn show_entries(command: &mut Command, folder: &Path, left_out: impl Fn(&str) -> bool) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| !entry.file_name().to_str().is_some_and(&left_out)) {
        show(command, &entry.path());
    }
}

/// Shows something of the host, read-only.
fn show(command: &mut Command, path: &Path) {
    match fs::read_link(path) {
        Ok(target) => command.arg("--symlink").args([&target, path]),
        Err(_) => command.arg("--ro-bind-try").args([path, path]),
    };
}
