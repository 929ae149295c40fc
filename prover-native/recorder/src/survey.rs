//! What stood where the run works, before it began: names, kinds, times, links (spec: `docs/spec/capture.md`, "The tree").
//!
//! Contents are bound by the claim. What a program finds without opening it decides as much: `make` goes by times, `git` wants
//! its empty folders, `ls` reads names. So the working folder is looked over before the start, and other places when they are used.

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    ffi::OsString,
    fs::{self, Metadata},
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use verifier_core::Digest;

use super::{
    content::Identity,
    rules,
    text::{path_text, text_of},
};
use crate::tree::{Entry, Extent, Kind, PERMISSIONS, Time, is_replaced, steps};

/// What is known of it.
#[derive(Debug)]
pub(super) struct Survey {
    working_dir: PathBuf,
    /// In the order in which folders list them; a folder before what is in it.
    found: Vec<Found>,
    by_path: HashMap<PathBuf, usize>,
    /// Folders outside of the working folder that are known to be no links.
    plain: HashSet<PathBuf>,
    /// How much is known of the working folder.
    extent: Extent,
    started: SystemTime,
}

#[derive(Debug)]
struct Found {
    path: PathBuf,
    kind: FoundKind,
    mode: u32,
    modified: Time,
    identity: Identity,
    has_other_names: bool,
    /// Whether the run used it.
    used: bool,
}

#[derive(Debug)]
enum FoundKind {
    File { size: u64 },
    Folder { listed: bool },
    Link { target: PathBuf },
    Pipe,
}

impl Survey {
    /// Looks the working folder over, unless it is one that holds more than a project: the home folder, or one of the system.
    pub(super) fn look(working_dir: &Path, home: Option<&Path>) -> Self {
        let mut tree = Self {
            working_dir: working_dir.to_owned(),
            found: Vec::new(),
            by_path: HashMap::new(),
            plain: HashSet::new(),
            extent: Extent::Used,
            started: SystemTime::now(),
        };
        // `..` shows in a listing of the working folder.
        if let Some(above) = working_dir.parent().filter(|above| is_replaced(above, working_dir)) {
            let _ = tree.enter(above);
        }
        let is_project =
            !rules::is_of_the_system_itself(working_dir) && !home.is_some_and(|home| home.starts_with(working_dir));
        if is_project && tree.walk().is_some() {
            tree.extent = Extent::All;
        } else {
            tree.found.clear();
            tree.by_path.clear();
        }
        tree
    }

    /// Every entry below the working folder; `None` when there are too many.
    fn walk(&mut self) -> Option<()> {
        let mut folders = vec![self.enter(&self.working_dir.clone())?];
        while let Some(folder) = folders.pop() {
            let first = self.found.len();
            // A folder that cannot be listed is empty for the program too.
            for entry in fs::read_dir(&self.found[folder].path).into_iter().flatten().flatten() {
                if self.found.len() >= MOST_LOOKED_AT {
                    return None;
                }
                // It may be gone by now.
                let _ = self.enter(&entry.path());
            }
            let is_folder = |index: &usize| matches!(self.found[*index].kind, FoundKind::Folder { .. });
            folders.extend((first..self.found.len()).rev().filter(is_folder));
        }
        Some(())
    }

    /// Enters what is at a path, if anything that counts.
    fn enter(&mut self, path: &Path) -> Option<usize> {
        if let Some(index) = self.by_path.get(path) {
            return Some(*index);
        }
        let found = Found::at(path)?;
        self.found.push(found);
        self.by_path.insert(path.to_owned(), self.found.len() - 1);
        Some(self.found.len() - 1)
    }

    /// Enters that the run uses a path, and the links that lead to it. `of_machine` says that what is there belongs to the
    /// machine, which a replay has by itself, except where it puts folders of its own.
    pub(super) fn used(&mut self, path: &Path, of_machine: bool) {
        if of_machine && rules::is_system(path) && !is_replaced(path, &self.working_dir) {
            return;
        }
        let mut place = PathBuf::from("/");
        let mut rest: VecDeque<OsString> = steps(path);
        for _ in 0..MOST_PARTS {
            let Some(part) = rest.pop_front() else { break };
            if part == ".." {
                place.pop();
                continue;
            }
            place.push(part);
            let Some(target) = self.link_at(&place, of_machine) else { continue };
            place.pop();
            if target.is_absolute() {
                place = PathBuf::from("/");
            }
            for part in steps(&target).into_iter().rev() {
                rest.push_front(part);
            }
        }
        if let Some(index) = self.may_enter(&place, of_machine) {
            self.found[index].used = true;
        }
    }

    /// Enters that the run lists a folder, which `handle` leads to.
    pub(super) fn listed(&mut self, path: &Path, handle: &Path, of_machine: bool) {
        self.used(path, of_machine);
        let Ok(real) = fs::read_link(handle) else { return };
        let Some(index) = self.by_path.get(&real).copied() else { return };
        if let FoundKind::Folder { listed } = &mut self.found[index].kind
            && !std::mem::replace(listed, true)
            && !self.is_known_whole(&real)
        {
            for entry in fs::read_dir(handle).into_iter().flatten().flatten().take(MOST_LOOKED_AT) {
                let _ = self.may_enter(&real.join(entry.file_name()), of_machine);
            }
        }
    }

    /// Where a link of interest points.
    fn link_at(&mut self, place: &Path, of_machine: bool) -> Option<PathBuf> {
        if self.plain.contains(place) {
            return None;
        }
        if !self.by_path.contains_key(place) && !fs::symlink_metadata(place).is_ok_and(|metadata| metadata.is_symlink())
        {
            self.plain.insert(place.to_owned());
            return None;
        }
        match self.may_enter(place, of_machine) {
            Some(index) => {
                let found = &mut self.found[index];
                let FoundKind::Link { target } = &found.kind else { return None };
                found.used = true;
                Some(target.clone())
            }
            // A link of the machine is followed, and not told of.
            None => fs::read_link(place).ok(),
        }
    }

    /// Enters what is at a path if it is of interest, and was there before the run.
    fn may_enter(&mut self, place: &Path, of_machine: bool) -> Option<usize> {
        if let Some(index) = self.by_path.get(place) {
            return Some(*index);
        }
        let is_of_interest = is_replaced(place, &self.working_dir) || !(of_machine || rules::is_system(place));
        if !is_of_interest || self.is_known_whole(place) || self.is_made_since(place) {
            return None;
        }
        self.enter(place)
    }

    /// Whether what was not found at a place at the start was not there.
    fn is_known_whole(&self, place: &Path) -> bool {
        self.extent == Extent::All && place.starts_with(&self.working_dir)
    }

    fn is_made_since(&self, place: &Path) -> bool {
        fs::symlink_metadata(place).and_then(|metadata| metadata.created()).is_ok_and(|born| born >= self.started)
    }

    /// The links and folders, of those that the run made, that are there and were not there before, by path.
    pub(super) fn made(&self, made: &BTreeSet<PathBuf>) -> Vec<Entry> {
        let mut size = 0;
        let new = made.iter().filter(|path| !self.by_path.contains_key(*path)).filter_map(|path| Found::at(path));
        let entries = new.filter(|found| matches!(found.kind, FoundKind::Link { .. } | FoundKind::Folder { .. }));
        let entries = entries.map(|found| self.entry(&found, None, None));
        let fits = |entry: &Entry| {
            size += entry.to_json().to_string().len() + LINE_OVERHEAD;
            size <= MOST_BYTES_MADE
        };
        entries.take_while(fits).collect()
    }

    /// The tree, as far as it fits: how much of the working folder is in it, and the entries. `None` when even what was used
    /// is too much. `content` gives the content that a file had when the run first used it.
    pub(super) fn entries(&self, content: impl Fn(&Identity) -> Option<Digest>) -> Option<(Extent, Vec<Entry>)> {
        [Extent::All, Extent::Near, Extent::Used].into_iter().filter(|extent| *extent <= self.extent).find_map(
            |extent| {
                let entries = self.entries_within(extent, &content);
                let size: usize = entries.iter().map(|entry| entry.to_json().to_string().len() + LINE_OVERHEAD).sum();
                (size <= MOST_BYTES).then_some((extent, entries))
            },
        )
    }

    fn entries_within(&self, extent: Extent, content: &impl Fn(&Identity) -> Option<Digest>) -> Vec<Entry> {
        let chosen = self.chosen(extent);
        let is_chosen = |found: &&Found| chosen.as_ref().is_none_or(|chosen| chosen.contains(&*found.path));
        let mut first_names: HashMap<Identity, &Path> = HashMap::new();
        let mut entries = Vec::new();
        for found in self.found.iter().filter(is_chosen) {
            let first = found.has_other_names.then(|| *first_names.entry(found.identity).or_insert(&found.path));
            let same_as = first.filter(|first| *first != found.path);
            entries.push(self.entry(found, content(&found.identity), same_as));
        }
        entries
    }

    fn entry(&self, found: &Found, digest: Option<Digest>, same_as: Option<&Path>) -> Entry {
        let text = |path: &Path| path_text(path, &self.working_dir);
        let (kind, mode) = match &found.kind {
            FoundKind::File { size } => (Kind::File { size: *size, digest, same_as: same_as.map(text) }, found.mode),
            FoundKind::Folder { listed } => (Kind::Folder { listed: *listed }, found.mode),
            FoundKind::Link { target } => (Kind::Link { target: text_of(target.as_os_str()) }, 0),
            FoundKind::Pipe => (Kind::Pipe, found.mode),
        };
        Entry { path: text(&found.path), kind, mode, modified: found.modified }
    }

    /// The paths that an extent has; `None` for all.
    fn chosen(&self, extent: Extent) -> Option<HashSet<&Path>> {
        if extent == Extent::All {
            return None;
        }
        let mut chosen: HashSet<&Path> = HashSet::new();
        let mut wide: HashSet<&Path> = HashSet::new();
        for found in &self.found {
            let is_listed = matches!(found.kind, FoundKind::Folder { listed: true });
            if is_listed {
                wide.insert(&found.path);
            }
            if found.used || is_listed {
                chosen.extend(found.path.ancestors());
                wide.extend(found.path.parent().filter(|_| extent == Extent::Near));
            }
        }
        chosen.extend(
            self.found
                .iter()
                .filter(|found| found.path.parent().is_some_and(|parent| wide.contains(parent)))
                .map(|found| &*found.path),
        );
        Some(chosen)
    }
}

impl Found {
    /// What is at a path; `None` for nothing, and for sockets and devices.
    fn at(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        let is = metadata.file_type();
        let kind = if is.is_file() {
            FoundKind::File { size: metadata.len() }
        } else if is.is_dir() {
            FoundKind::Folder { listed: false }
        } else if is.is_symlink() {
            FoundKind::Link { target: fs::read_link(path).ok()? }
        } else if is.is_fifo() {
            FoundKind::Pipe
        } else {
            return None;
        };
        Some(Self {
            path: path.to_owned(),
            has_other_names: metadata.nlink() > 1 && is.is_file(),
            mode: metadata.mode() & PERMISSIONS,
            modified: modified(&metadata),
            identity: Identity::of(&metadata),
            kind,
            used: false,
        })
    }
}

fn modified(metadata: &Metadata) -> Time {
    Time::new(metadata.mtime(), metadata.mtime_nsec())
}

/// A larger working folder is not looked over: it takes a tenth of a second for each 20,000 entries.
const MOST_LOOKED_AT: usize = 50_000;
/// Parts of a path, with the links in it followed, as the system bounds them too.
const MOST_PARTS: usize = 1024;
/// Bytes of the entries in the manifest, which with all else in it stays below a document's limit.
const MOST_BYTES: usize = 768 << 10;
/// Bytes of the links and folders that a run made.
const MOST_BYTES_MADE: usize = 128 << 10;
/// What surrounds an entry: indentation, comma, line feed.
const LINE_OVERHEAD: usize = 8;
