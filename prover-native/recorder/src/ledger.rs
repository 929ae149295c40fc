//! The ledger of a run: every file that was used, with its content at that time, while the run goes on.
//!
//! It is told what the process tree does, or what was declared; it decides what is hashed, what is kept, and in which order
//! things happened. [`findings`](super::findings) turns it into a record at the end.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::{self, File, Metadata},
    io,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use super::{
    content::{Hashing, Identity, Stamp, Version},
    record::{Access, EventKind, Note, Other, OtherKind, Role},
    rules::{self, Rules},
    survey::Survey,
    text::path_text,
};

/// What is known so far.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) working_dir: PathBuf,
    pub(super) rules: Rules,
    pub(super) tree: Survey,
    pub(super) hashing: Hashing,
    pub(super) clock: Clock,
    pub(super) files: HashMap<Identity, Seen>,
    pub(super) others: BTreeSet<Other>,
    pub(super) notes: BTreeSet<Note>,
    pub(super) events: Vec<(u64, Happening)>,
    /// Files that the run wrote and of whose contents nothing is told.
    pub(super) untold: HashSet<Identity>,
    /// Whether a process has had another root than ours.
    pub(super) roots_differ: bool,
    /// Links and folders that the run made, under every name that they got.
    pub(super) made: BTreeSet<PathBuf>,
    /// Names that the run gave to something else than before.
    pub(super) renamed_to: BTreeSet<PathBuf>,
    /// The standard input, by its name in `/proc/PID/fd`, when its content is not kept.
    pub(super) unkept_stdin: Option<PathBuf>,
    /// Whether something came from it.
    pub(super) stdin_was_read: bool,
}

/// A file, by whatever names.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Contents that it had before the run wrote it, in order.
    pub(super) versions: Vec<Version>,
    /// Names under which those were used.
    pub(super) uses: Vec<Use>,
    /// Names under which it was opened for writing, or that it got later.
    pub(super) written_as: Vec<PathBuf>,
    /// Its stamp when it was first opened for writing, unless that made it or discarded what it held.
    pub(super) stamp_before: Option<Stamp>,
    /// Whether the run read what it had written.
    pub(super) read_back: bool,
}

impl Seen {
    pub(super) fn is_written(&self) -> bool {
        !self.written_as.is_empty()
    }

    /// Whether it was used before under a name and in a way, with the content that it has.
    fn is_known(&self, path: &Path, metadata: &Metadata, way: impl Fn(&Access) -> bool) -> bool {
        let stamp = Stamp::of(metadata);
        let has_stamp = |index: &usize| self.versions.get(*index).is_some_and(|version| version.stamp == stamp);
        let mut uses = self.uses.iter().filter(|known| known.path == path && way(&known.access));
        uses.any(|known| known.observed.iter().any(has_stamp))
    }

    fn is_executed(&self) -> bool {
        self.uses.iter().any(|known| known.access.executed)
    }
}

/// A file under one name.
#[derive(Debug)]
pub(super) struct Use {
    /// The name, absolute.
    pub(super) path: PathBuf,
    pub(super) role: Role,
    pub(super) access: Access,
    pub(super) declared: bool,
    /// Indices of the versions that the run was seen to use under this name, the first one first.
    pub(super) observed: Vec<usize>,
}

/// Something that happened, with contents that may still be in the making.
#[derive(Debug)]
pub(super) enum Happening {
    Plain(EventKind),
    Executed { process: u32, path: PathBuf, file: Option<FileAt> },
    Read { file: FileAt, role: Role },
    Written { identity: Identity, path: PathBuf },
    Linked { path: PathBuf },
}

/// A file as it was at one time.
#[derive(Clone, Debug)]
pub(super) struct FileAt {
    pub(super) path: PathBuf,
    pub(super) identity: Identity,
    pub(super) version: usize,
}

/// A file that a process has opened.
#[derive(Debug)]
pub(super) struct Opened {
    /// The name that it used, absolute; `None` when it had none.
    pub(super) path: Option<PathBuf>,
    /// A name by which the very same file can be opened now, whatever has become of the first.
    pub(super) handle: PathBuf,
    /// Whether it was opened for writing.
    pub(super) writes: bool,
    /// Whether opening discarded its content.
    pub(super) discards: bool,
    /// What was there before.
    pub(super) before: Before,
}

/// What was at a name before a process opened it for writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing, or nothing that was looked at.
    Nothing,
    /// A file with content.
    Content(Identity),
    /// An empty file.
    Empty,
}

impl Ledger {
    pub(super) fn new(working_dir: &Path, rules: Rules, tree: Survey, hashing: Hashing) -> Self {
        Self {
            working_dir: working_dir.to_owned(),
            rules,
            tree,
            hashing,
            clock: Clock::start(),
            files: HashMap::new(),
            others: BTreeSet::new(),
            notes: BTreeSet::new(),
            events: Vec::new(),
            untold: HashSet::new(),
            roots_differ: false,
            made: BTreeSet::new(),
            renamed_to: BTreeSet::new(),
            unkept_stdin: None,
            stdin_was_read: false,
        }
    }

    /// Enters a file that the user named.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) fn declare(&mut self, path: &Path, role: Role) -> io::Result<()> {
        self.declare_open(File::open(path)?, path, role)
    }

    /// Enters a file that the user named, or gave, open at its start.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub(super) fn declare_open(&mut self, file: File, path: &Path, role: Role) -> io::Result<()> {
        let metadata = file.metadata()?;
        self.tree.used(path, role == Role::Runtime);
        let seen = self.files.entry(Identity::of(&metadata)).or_default();
        if seen.uses.iter().any(|known| known.path == path) {
            return Ok(());
        }
        let kept = role != Role::Runtime;
        if version_of(seen, &metadata, kept).is_none() {
            seen.versions.push(self.hashing.submit(file, &metadata, kept));
        }
        seen.uses.push(Use {
            path: path.to_owned(),
            role,
            access: Access::default(),
            declared: true,
            observed: Vec::new(),
        });
        Ok(())
    }

    /// Enters a file that a process has opened.
    pub(super) fn opened(&mut self, opened: Opened) {
        let looked_at = fs::metadata(&opened.handle).and_then(|of| Ok((of, fs::read_link(&opened.handle)?)));
        let (metadata, real) = match looked_at {
            Ok(looked_at) => looked_at,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return self.note(Note::HiddenProcess),
            // The process was killed at this very moment.
            Err(_) => return,
        };
        // `/dev/stdin` and `/dev/fd/N` are names of a process's own: what lies behind them has one for all. Of a file below another
        // root the system tells the name that it has below ours.
        let of_descriptor = |path: &Path| path.starts_with("/dev") || path.starts_with("/proc");
        let stands_for_another =
            |path: &Path| of_descriptor(path) && !of_descriptor(&real) && metadata.is_file() && real.exists();
        let path = match &opened.path {
            Some(path) if !self.roots_differ && !stands_for_another(path) => path.clone(),
            _ => real.clone(),
        };
        if let Some(kind) = other_kind(&metadata, &real) {
            self.stdin_was_read |= !opened.writes && self.unkept_stdin.as_deref() == Some(&real);
            if kind == OtherKind::Folder {
                let of_machine = self.rules.role(&path, false) == Role::Runtime;
                self.tree.listed(&path, &opened.handle, of_machine);
            }
            self.other(kind, &path);
        } else if opened.writes {
            self.written(&opened, &metadata, &path);
        } else {
            let read = Access { read: true, ..Access::default() };
            self.used(&metadata, &path, &opened.handle, read);
        }
    }

    /// Whether opening a file for reading tells nothing new, because it is not there, or is known by this very name and content.
    pub(super) fn reopens(&mut self, path: &Path) -> bool {
        // Names below these mean another thing to each process, as all names do below another root.
        if self.roots_differ || path.starts_with("/proc") || path.starts_with("/dev") {
            return false;
        }
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return error.kind() == io::ErrorKind::NotFound,
        };
        let Some(seen) = self.files.get_mut(&Identity::of(&metadata)) else { return false };
        if seen.is_written() {
            seen.read_back = true;
            return true;
        }
        seen.is_known(path, &metadata, |access| access.read)
    }

    /// Enters what a process executes. `handle` leads to the executable; `named` is what the process asked for: the
    /// executable by one of its names, or a script that the executable interprets. Says whether the executable was unknown.
    pub(super) fn executed(&mut self, process: u32, handle: &Path, named: Option<&Path>) -> bool {
        let Ok(metadata) = fs::metadata(handle) else { return false };
        let Ok(real) = fs::read_link(handle) else { return false };
        let mut path = real;
        if let Some(named) = named
            && let Ok(of_named) = fs::metadata(named)
        {
            self.rules.learn_executable(named);
            if Identity::of(&of_named) == Identity::of(&metadata) {
                path = named.to_owned();
            } else if of_named.is_file() {
                self.used(&of_named, named, named, Access { executed: true, ..Access::default() });
            }
        }
        self.rules.learn_executable(&path);
        let seen = self.files.get(&Identity::of(&metadata));
        let is_known = seen.is_some_and(|seen| seen.is_known(&path, &metadata, |access| access.executed));
        let file = self.used(&metadata, &path, handle, Access { executed: true, ..Access::default() });
        self.event(Happening::Executed { process, path, file });
        !is_known
    }

    /// Enters a file that the system has mapped to execute another: the loader of shared libraries, say.
    pub(super) fn mapped(&mut self, path: &Path) {
        if let Ok(metadata) = fs::metadata(path)
            && metadata.is_file()
            && !self.files.get(&Identity::of(&metadata)).is_some_and(Seen::is_executed)
        {
            self.used(&metadata, path, path, Access { executed: true, ..Access::default() });
        }
    }

    /// What the main process has executed last, under the name it used.
    pub(super) fn main_executable(&self) -> Option<PathBuf> {
        self.events.iter().rev().find_map(|(_, happening)| match happening {
            Happening::Executed { process: MAIN, path, .. } => Some(path.clone()),
            _ => None,
        })
    }

    /// Waits until every content that is known so far has been read.
    pub(super) fn settle(&self) {
        for version in self.files.values().flat_map(|seen| &seen.versions) {
            // What came of it is looked at in the end.
            let _ = version.wait();
        }
    }

    /// Waits until no content of a file that is about to be written is still being read.
    pub(super) fn about_to_write(&self, identity: &Identity) {
        for version in self.files.get(identity).map(|seen| &seen.versions[..]).unwrap_or_default() {
            // What came of it is looked at in the end.
            let _ = version.wait();
        }
    }

    /// Enters that a part of a file's content is about to be all that is left of it.
    pub(super) fn about_to_cut(&mut self, path: &Path) {
        if let Ok(metadata) = fs::metadata(path)
            && other_kind(&metadata, path).is_none()
        {
            self.read_before_writing(&metadata, path, path);
        }
    }

    /// Enters that a file was cut by name.
    pub(super) fn truncated(&mut self, path: &Path) {
        if let Ok(metadata) = fs::metadata(path)
            && other_kind(&metadata, path).is_none()
        {
            self.write_under(Identity::of(&metadata), path);
        }
    }

    /// Enters that a file or folder has got another name.
    pub(super) fn renamed(&mut self, from: &Path, to: &Path) {
        let Ok(metadata) = fs::symlink_metadata(to) else { return };
        self.renamed_to.insert(to.to_owned());
        self.needs_folder_of(to);
        if self.made.contains(from) {
            self.made.insert(to.to_owned());
        }
        if metadata.is_dir() {
            let made: Vec<_> =
                self.made.iter().filter_map(|path| Some(to.join(path.strip_prefix(from).ok()?))).collect();
            self.made.extend(made);
            for seen in self.files.values_mut() {
                let moved = |path: &PathBuf| path.strip_prefix(from).ok().map(|below| to.join(below));
                let names: Vec<_> = seen.written_as.iter().filter_map(moved).collect();
                seen.written_as.extend(names);
            }
            for (below, metadata) in files_below(to) {
                let (from, to) = (from.join(&below), to.join(&below));
                self.moved(&metadata, &from, &to);
            }
        } else if metadata.is_file() {
            self.moved(&metadata, from, to);
        }
    }

    /// Enters that a file has got another name. One that the run has not written was used under the name that it had: its
    /// content is what the run left under the other.
    fn moved(&mut self, metadata: &Metadata, from: &Path, to: &Path) {
        let identity = Identity::of(metadata);
        match self.files.get_mut(&identity).filter(|seen| seen.is_written()) {
            Some(seen) => add_name(seen, to),
            None => {
                self.used(metadata, from, to, Access { read: true, ..Access::default() });
                self.write_under(identity, to);
            }
        }
    }

    /// Enters that two files or folders have exchanged their names.
    pub(super) fn exchanged(&mut self, one: &Path, other: &Path) {
        self.renamed(one, other);
        self.renamed(other, one);
    }

    /// Enters that a link or folder was made.
    pub(super) fn made(&mut self, path: PathBuf, is_link: bool) {
        if is_link {
            self.event(Happening::Linked { path: path.clone() });
        }
        self.needs_folder_of(&path);
        self.made.insert(path);
    }

    /// Enters the folder that something was put into: it was there, unless the run made it.
    fn needs_folder_of(&mut self, path: &Path) {
        if let Some(folder) = path.parent() {
            self.tree.used(folder, self.rules.role(folder, false) == Role::Runtime);
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        self.notes.insert(note);
    }

    pub(super) fn event(&mut self, happening: Happening) {
        self.events.push((self.clock.now(), happening));
    }

    fn written(&mut self, opened: &Opened, metadata: &Metadata, path: &Path) {
        let identity = Identity::of(metadata);
        let is_new = !self.files.get(&identity).is_some_and(Seen::is_written);
        let was_there = opened.before != Before::Nothing || metadata.len() > 0;
        if is_new && was_there {
            self.tree.used(path, self.rules.role(path, false) == Role::Runtime);
        } else if is_new {
            self.needs_folder_of(path);
        }
        if is_new && !opened.discards && was_there {
            self.read_before_writing(metadata, path, &opened.handle);
            self.files.entry(identity).or_default().stamp_before = Some(Stamp::of(metadata));
        }
        self.write_under(identity, path);
    }

    /// What a file holds goes into what comes out, so it is read, before the process can write. It need not be the file that was
    /// there before it was opened: an overlay makes a copy at that moment.
    fn read_before_writing(&mut self, metadata: &Metadata, path: &Path, handle: &Path) {
        if metadata.len() > 0 {
            self.used(metadata, path, handle, Access { read: true, ..Access::default() });
            self.about_to_write(&Identity::of(metadata));
        }
    }

    fn write_under(&mut self, identity: Identity, path: &Path) {
        let seen = self.files.entry(identity).or_default();
        let is_new = !seen.is_written();
        add_name(seen, path);
        if is_new && !rules::is_bytecode(path) {
            self.event(Happening::Written { identity, path: path.to_owned() });
        }
    }

    /// Enters a use of a content that the run has not written itself.
    fn used(&mut self, metadata: &Metadata, path: &Path, handle: &Path, access: Access) -> Option<FileAt> {
        self.rules.learn_opened(path);
        let identity = Identity::of(metadata);
        let seen = self.files.entry(identity).or_default();
        if seen.is_written() {
            seen.read_back = true;
            return None;
        }
        let index = match seen.uses.iter().position(|known| known.path == path) {
            Some(index) => index,
            None => {
                let role = self.rules.role(path, access.executed);
                self.tree.used(path, role == Role::Runtime);
                let fresh = Use { path: path.to_owned(), role, access, declared: false, observed: Vec::new() };
                seen.uses.push(fresh);
                seen.uses.len() - 1
            }
        };
        let role = seen.uses[index].role;
        let kept = role != Role::Runtime;
        let version = match version_of(seen, metadata, kept) {
            Some(version) => version,
            None => {
                let Ok(file) = File::open(handle) else {
                    self.unreadable(path);
                    return None;
                };
                seen.versions.push(self.hashing.submit(file, metadata, kept));
                seen.versions.len() - 1
            }
        };
        let known = &mut seen.uses[index];
        known.access.read |= access.read;
        known.access.executed |= access.executed;
        let is_new = !known.observed.contains(&version);
        if is_new {
            known.observed.push(version);
        }
        let file = FileAt { path: path.to_owned(), identity, version };
        if is_new && role == Role::Runtime {
            self.bind_source(path);
        }
        if is_new && role != Role::Runtime && access.read {
            self.event(Happening::Read { file: file.clone(), role });
        }
        Some(file)
    }

    /// Enters the source that a cached module was read in place of.
    fn bind_source(&mut self, path: &Path) {
        let Some(source) = self.rules.source_of_bytecode(path) else { return };
        if let Ok(metadata) = fs::metadata(&source)
            && metadata.is_file()
        {
            let read = Access { read: true, ..Access::default() };
            self.used(&metadata, &source, &source, read);
        }
    }

    pub(super) fn unreadable(&mut self, path: &Path) {
        self.note(Note::Unreadable);
        self.other(OtherKind::Unreadable, path);
    }

    fn other(&mut self, kind: OtherKind, path: &Path) {
        if kind == OtherKind::Folder && self.rules.role(path, false) == Role::Runtime {
            return;
        }
        self.others.insert(Other { kind, path: path_text(path, &self.working_dir) });
    }
}

/// The index of the version that a file is at, kept if it has to be.
fn version_of(seen: &Seen, metadata: &Metadata, kept: bool) -> Option<usize> {
    let stamp = Stamp::of(metadata);
    seen.versions.iter().position(|version| version.stamp == stamp && (version.kept || !kept))
}

/// The files below a folder, by their paths in it.
fn files_below(folder: &Path) -> Vec<(PathBuf, Metadata)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(folder.join(&below)).into_iter().flatten().flatten() {
            let path = below.join(entry.file_name());
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(path),
                Ok(metadata) if metadata.is_file() => found.push((path, metadata)),
                _ => {}
            }
        }
    }
    found
}

fn add_name(seen: &mut Seen, path: &Path) {
    if !seen.written_as.iter().any(|known| known == path) {
        seen.written_as.push(path.to_owned());
    }
}

/// What something is that has no content to hash; `None` for a regular file.
fn other_kind(metadata: &Metadata, real: &Path) -> Option<OtherKind> {
    let kind = metadata.file_type();
    if real.starts_with("/proc") || real.starts_with("/sys") {
        Some(OtherKind::Kernel)
    } else if kind.is_dir() {
        Some(OtherKind::Folder)
    } else if kind.is_fifo() || kind.is_socket() {
        Some(OtherKind::Pipe)
    } else if kind.is_file() {
        None
    } else {
        Some(OtherKind::Device)
    }
}

/// Number of the main process.
pub(super) const MAIN: u32 = 1;

/// Time that does not go back: the system's clock at the start, and what has passed since.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Milliseconds since the Unix epoch.
    pub(super) start: u64,
    since: Instant,
}

impl Clock {
    fn start() -> Self {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { start: start.as_millis() as u64, since: Instant::now() }
    }

    pub(super) fn now(&self) -> u64 {
        self.start + self.since.elapsed().as_millis() as u64
    }
}
