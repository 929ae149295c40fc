//! The picked system calls: what each is about to do, and what it has done.

use std::{
    fs,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use libc::{c_int, c_long, pid_t};

use super::super::{
    content::Identity,
    ledger::{Before, Ledger, Opened},
    record::Note,
    sys,
    text::joined,
};

/// A call that has begun, with what has to be known when it has succeeded.
#[derive(Debug)]
pub(super) enum Pending {
    /// Opens a file.
    Open {
        /// The name it used.
        path: Option<PathBuf>,
        /// The flags.
        flags: c_int,
        /// What was there before.
        before: Before,
    },
    /// Gives a file or folder another name.
    Rename {
        /// The name it has.
        from: PathBuf,
        /// The name it gets.
        to: PathBuf,
        /// Whether what has that name gets the first one.
        exchanges: bool,
    },
    /// Makes a link or a folder.
    Make {
        /// Its name.
        path: PathBuf,
        /// Whether it is a link.
        is_link: bool,
    },
    /// Reads from standard input.
    ReadStdin,
    /// Cuts a file.
    Truncate {
        /// The file.
        path: PathBuf,
    },
    /// Does what a note tells of.
    Note(Note),
    /// Stops tracing a thread that was lent to it.
    GiveBack {
        /// The thread.
        target: pid_t,
    },
}

/// A call begins. `None` when its end is of no interest.
pub(super) fn entered(ledger: &mut Ledger, tid: pid_t, number: u64, args: [u64; 6]) -> Option<Pending> {
    let [a, b, c, d, e, _] = args;
    match c_long::try_from(number).ok()? {
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => open(ledger, tid, HERE, a, b as c_int),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => open(ledger, tid, HERE, a, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename | libc::SYS_link => rename(ledger, tid, [HERE, a], [HERE, b], 0),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mkdir => make(ledger, tid, [HERE, a], false),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_symlink => make(ledger, tid, [HERE, b], true),
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        libc::SYS_renameat => rename(ledger, tid, [a, b], [c, d], 0),
        libc::SYS_linkat => rename(ledger, tid, [a, b], [c, d], 0),
        libc::SYS_renameat2 => rename(ledger, tid, [a, b], [c, d], e as libc::c_uint & libc::RENAME_EXCHANGE),
        libc::SYS_mkdirat => make(ledger, tid, [a, b], false),
        libc::SYS_symlinkat => make(ledger, tid, [b, c], true),
        libc::SYS_read | libc::SYS_readv | libc::SYS_splice | libc::SYS_recvfrom | libc::SYS_recvmsg => {
            is_unkept_stdin(ledger, tid).then_some(Pending::ReadStdin)
        }
        libc::SYS_openat => open(ledger, tid, a, b, c as c_int),
        libc::SYS_openat2 => open(ledger, tid, a, b, flags_of_openat2(tid, c)?),
        libc::SYS_open_by_handle_at => Some(Pending::Open { path: None, flags: c as c_int, before: Before::Nothing }),
        libc::SYS_truncate => truncate(ledger, tid, a, b),
        libc::SYS_unshare if a & libc::CLONE_NEWNS as u64 == 0 => None,
        libc::SYS_unshare | libc::SYS_setns => {
            ledger.roots_differ = true;
            ledger.note(Note::MountNamespace);
            None
        }
        libc::SYS_chroot | libc::SYS_pivot_root => {
            ledger.roots_differ = true;
            None
        }
        libc::SYS_socket => {
            // Netlink sockets lead to the kernel.
            if !matches!(a as c_int, libc::AF_UNIX | libc::AF_NETLINK) {
                ledger.note(Note::Network);
            }
            None
        }
        libc::SYS_connect | libc::SYS_bind => {
            (family(tid, b)? == libc::AF_UNIX).then_some(Pending::Note(Note::UnixSocket))
        }
        libc::SYS_shmget | libc::SYS_msgget => {
            ledger.note(Note::SharedMemory);
            None
        }
        libc::SYS_clone => {
            if a & libc::CLONE_NEWNS as u64 != 0 {
                ledger.roots_differ = true;
                ledger.note(Note::MountNamespace);
            }
            if a & libc::CLONE_UNTRACED as u64 != 0 && !sys::set_first_argument(tid, a & !(libc::CLONE_UNTRACED as u64))
            {
                ledger.note(Note::UntracedProcess);
            }
            None
        }
        libc::SYS_io_uring_setup => {
            ledger.note(Note::IoUring);
            None
        }
        _ => None,
    }
}

/// Whether a call writes to a descriptor, its first argument.
pub(super) fn is_write(number: u64) -> bool {
    c_long::try_from(number).is_ok_and(|number| matches!(number, libc::SYS_write | libc::SYS_writev))
}

impl Pending {
    /// The call has succeeded.
    pub(super) fn done(self, ledger: &mut Ledger, tid: pid_t, value: i64) {
        match self {
            // Its folder lies too deep for a path to name it.
            Self::Open { path: None, flags, .. } if !is_nameless(flags) => ledger.note(Note::Unreadable),
            Self::Open { path, flags, before } => ledger.opened(Opened {
                path: path.filter(|_| !is_nameless(flags)),
                handle: PathBuf::from(format!("/proc/{tid}/fd/{value}")),
                writes: writes(flags),
                discards: flags & libc::O_TRUNC != 0,
                before,
            }),
            Self::Rename { from, to, exchanges: true } => ledger.exchanged(&from, &to),
            Self::Rename { from, to, exchanges: false } => ledger.renamed(&from, &to),
            Self::Make { path, is_link } => ledger.made(path, is_link),
            Self::ReadStdin => ledger.stdin_was_read |= value > 0,
            Self::Truncate { path } => ledger.truncated(&path),
            Self::Note(note) => ledger.note(note),
            // The tracer's own affair.
            Self::GiveBack { .. } => {}
        }
    }
}

fn open(ledger: &mut Ledger, tid: pid_t, folder: u64, path: u64, flags: c_int) -> Option<Pending> {
    if flags & libc::O_PATH != 0 {
        return None;
    }
    let path = path_at(ledger, tid, folder, path);
    if let Some(path) = &path
        && !writes(flags)
        && flags & libc::O_CREAT == 0
        && ledger.reopens(path)
    {
        return None;
    }
    let before = match &path {
        Some(path) if writes(flags) => before(ledger, path),
        _ => Before::Nothing,
    };
    Some(Pending::Open { path, flags, before })
}

/// Looks at what a process is about to write, and lets all readers of it come to their end.
fn before(ledger: &Ledger, path: &Path) -> Before {
    let Some(metadata) = fs::metadata(path).ok().filter(fs::Metadata::is_file) else {
        return Before::Nothing;
    };
    let identity = Identity::of(&metadata);
    ledger.about_to_write(&identity);
    if metadata.len() == 0 { Before::Empty } else { Before::Content(identity) }
}

fn truncate(ledger: &mut Ledger, tid: pid_t, path: u64, length: u64) -> Option<Pending> {
    let path = path_at(ledger, tid, HERE, path)?;
    let before = before(ledger, &path);
    if length > 0 && before != Before::Empty {
        ledger.about_to_cut(&path);
    }
    Some(Pending::Truncate { path })
}

fn rename(
    ledger: &Ledger,
    tid: pid_t,
    [from_folder, from]: [u64; 2],
    [to_folder, to]: [u64; 2],
    exchange: u32,
) -> Option<Pending> {
    let (from, to) = (path_at(ledger, tid, from_folder, from)?, path_at(ledger, tid, to_folder, to)?);
    Some(Pending::Rename { from, to, exchanges: exchange != 0 })
}

fn make(ledger: &Ledger, tid: pid_t, [folder, path]: [u64; 2], is_link: bool) -> Option<Pending> {
    Some(Pending::Make { path: path_at(ledger, tid, folder, path)?, is_link })
}

/// The family of a socket's address, which its first two bytes tell.
fn family(tid: pid_t, address: u64) -> Option<c_int> {
    let mut family = [0; 2];
    let read = sys::read_memory(tid, address, &mut family).ok()?;
    (read == family.len()).then_some(u16::from_ne_bytes(family).into())
}

/// Whether a process's standard input is that of the run, which is not kept, and nothing is known yet to have come from it.
fn is_unkept_stdin(ledger: &Ledger, tid: pid_t) -> bool {
    !ledger.stdin_was_read
        && ledger
            .unkept_stdin
            .as_ref()
            .is_some_and(|known| fs::read_link(format!("/proc/{tid}/fd/0")).is_ok_and(|link| link == *known))
}

fn is_nameless(flags: c_int) -> bool {
    flags & libc::O_TMPFILE == libc::O_TMPFILE
}

fn writes(flags: c_int) -> bool {
    flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0
}

/// The flags come first in `struct open_how`.
fn flags_of_openat2(tid: pid_t, how: u64) -> Option<c_int> {
    let mut flags = [0; 8];
    let read = sys::read_memory(tid, how, &mut flags).ok()?;
    (read == flags.len()).then_some(u64::from_ne_bytes(flags) as c_int)
}

/// The path that a call names, absolute.
fn path_at(ledger: &Ledger, tid: pid_t, folder: u64, path: u64) -> Option<PathBuf> {
    let path = read_path(tid, path)?;
    if path.is_absolute() {
        return Some(below_root(ledger, tid, &path));
    }
    let folder = match folder as c_int {
        libc::AT_FDCWD => format!("/proc/{tid}/cwd"),
        descriptor => format!("/proc/{tid}/fd/{descriptor}"),
    };
    Some(joined(&fs::read_link(folder).ok()?, &path))
}

/// An absolute path as we see it: what a process that has another root calls `/x` is `ROOT/x` here.
pub(super) fn below_root(ledger: &Ledger, tid: pid_t, path: &Path) -> PathBuf {
    let root = ledger.roots_differ.then(|| fs::read_link(format!("/proc/{tid}/root")).ok()).flatten();
    let root = root.as_deref().unwrap_or(Path::new("/"));
    joined(root, path.strip_prefix("/").unwrap_or(path))
}

/// Reads a path from a process's memory.
pub(super) fn read_path(tid: pid_t, mut address: u64) -> Option<PathBuf> {
    let mut path = Vec::new();
    while path.len() < libc::PATH_MAX as usize {
        // Not beyond the page: the next one need not be there.
        let mut piece = [0; PIECE];
        let length = (PAGE - address % PAGE).min(PIECE as u64) as usize;
        let read = sys::read_memory(tid, address, &mut piece[..length]).ok()?;
        let piece = piece.get(..read).filter(|piece| !piece.is_empty())?;
        match piece.iter().position(|byte| *byte == 0) {
            Some(end) => {
                path.extend_from_slice(&piece[..end]);
                return Some(std::ffi::OsString::from_vec(path).into());
            }
            None => path.extend_from_slice(piece),
        }
        address = address.checked_add(read as u64)?;
    }
    None
}

/// The folder argument that stands for the current folder.
const HERE: u64 = libc::AT_FDCWD as u64;
const PIECE: usize = 256;
/// The smallest page there is.
const PAGE: u64 = 4096;
