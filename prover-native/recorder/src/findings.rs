//! What a ledger comes to when the run has ended: files with their roles and contents, and the timeline.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map},
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
};

use super::{
    Obstacle, RunError,
    content::{Hashed, Identity, Stamp, Version},
    declared,
    ledger::{FileAt, Happening, Ledger, Seen, Use},
    record::{Access, Event, EventKind, FileRecord, Note, Other, OtherKind, Role},
    rules,
    text::{joined, path_text, text_of},
};
use crate::tree::{Entry, Extent};
use capseal_host::artifacts::{Artifact, digest_of};

/// What a ledger comes to.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) files: Vec<FileRecord>,
    pub(super) others: BTreeSet<Other>,
    pub(super) missing_outputs: Vec<String>,
    pub(super) notes: BTreeSet<Note>,
    pub(super) timeline: Vec<Event>,
    /// What stood there before; `None` when it is too much to tell.
    pub(super) tree: Option<(Extent, Vec<Entry>)>,
    /// The links and folders that the run made and left.
    pub(super) made: Vec<Entry>,
    /// The inputs that others changed meanwhile.
    pub(super) changed: Vec<Obstacle>,
}

impl Ledger {
    /// Hashes what the run has written, sees what has changed, and closes the ledger. Contents that no record names leave
    /// the store.
    ///
    /// # Errors
    /// When a content could not be kept, a declared file not be read, or a declared output is missing though the run
    /// succeeded.
    pub(super) fn close(mut self, outputs: &[PathBuf], succeeded: bool) -> Result<Findings, RunError> {
        let declared_outputs = self.declared_outputs(outputs, succeeded)?;
        let finals = self.finals(&declared_outputs.files)?;
        let mut files = BTreeMap::new();
        self.record_uses(&finals, &mut files)?;
        self.record_outputs(&finals, &declared_outputs.files, &mut files);
        self.drop_unnamed(&files, &finals);
        let timeline = self.timeline(&finals);
        let first_content = |identity: &Identity| {
            let version = self.files.get(identity)?.versions.first()?;
            Some(version.wait().ok()?.content.digest)
        };
        Ok(Findings {
            tree: self.tree.entries(first_content),
            made: self.tree.made(&self.made),
            changed: self.changed_by_others(),
            files: files.into_values().collect(),
            others: self.others,
            missing_outputs: declared_outputs.missing,
            notes: self.notes,
            timeline,
        })
    }

    fn declared_outputs(&self, outputs: &[PathBuf], succeeded: bool) -> Result<DeclaredOutputs, RunError> {
        let mut found = DeclaredOutputs::default();
        for output in outputs {
            match declared::files_below(&self.working_dir, output) {
                Ok(files) => found.files.extend(files),
                Err(RunError::Declared { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                    // A link that the run left is there, whatever it points to.
                    if self.made.contains(&joined(&self.working_dir, output)) && is_link(&self.working_dir.join(output))
                    {
                        continue;
                    }
                    if succeeded {
                        return Err(RunError::OutputMissing { path: output.clone() });
                    }
                    found.missing.push(path_text(&joined(&self.working_dir, output), &self.working_dir));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    /// The contents at the end of what was written or declared as an output, kept.
    fn finals(&mut self, declared: &BTreeSet<PathBuf>) -> Result<Finals, RunError> {
        let mut pending = Vec::new();
        let mut submitted = HashMap::new();
        let mut untold = Vec::new();
        for (identity, seen) in &self.files {
            if !seen.is_written() {
                continue;
            }
            let names: Vec<_> = seen.written_as.iter().filter(|name| is_at(name, identity)).cloned().collect();
            let Some(name) = names.first() else { continue };
            let Ok(metadata) = fs::metadata(name) else { continue };
            if seen.stamp_before == Some(Stamp::of(&metadata)) {
                continue;
            }
            let is_declared = names.iter().any(|name| declared.contains(name));
            if names.iter().all(|name| rules::is_bytecode(name)) && !is_declared {
                continue;
            }
            if names.iter().any(|name| self.rules.may_hold_credentials(name)) && !is_declared {
                untold.push((*identity, None));
                continue;
            }
            let Ok(file) = File::open(name) else {
                untold.push((*identity, Some(name.clone())));
                continue;
            };
            submitted.insert(*identity, pending.len());
            pending.push((*identity, names, self.hashing.submit(file, &metadata, true)));
        }
        for (identity, unreadable) in untold {
            self.untold.insert(identity);
            match unreadable {
                Some(name) => self.unreadable(&name),
                None => self.note(Note::CredentialsNotKept),
            }
        }
        for name in declared {
            let (file, metadata) = open_declared(name)?;
            let identity = Identity::of(&metadata);
            match submitted.get(&identity) {
                Some(index) => {
                    let (_, names, _) = &mut pending[*index];
                    if !names.contains(name) {
                        names.push(name.clone());
                    }
                }
                None => {
                    submitted.insert(identity, pending.len());
                    pending.push((identity, vec![name.clone()], self.hashing.submit(file, &metadata, true)));
                }
            }
        }
        let mut finals = Finals::new();
        for (identity, names, version) in pending {
            match version.wait() {
                Ok(hashed) => {
                    let last = Final { names, content: hashed.content, steady: hashed.steady };
                    finals.insert(identity, last);
                }
                Err(error) if error.is_reading() => names.iter().for_each(|name| self.unreadable(name)),
                Err(error) => return Err(RunError::Store(error)),
            }
        }
        Ok(finals)
    }

    fn record_uses(&mut self, finals: &Finals, files: &mut Files) -> Result<(), RunError> {
        let seen = std::mem::take(&mut self.files);
        for (identity, seen) in &seen {
            let contents = self.contents(seen)?;
            let last = finals.get(identity).map(|last| last.content);
            for used in &seen.uses {
                let Some((content, kept)) = content_of(used, seen, &contents) else { continue };
                let others_differ = contents.iter().flatten().any(|other| other.content != content || !other.steady);
                let changed = others_differ || differs_now(used, identity, seen, content, last);
                let record = FileRecord {
                    path: path_text(&used.path, &self.working_dir),
                    real_path: real_path(&used.path, &self.working_dir),
                    role: used.role,
                    content,
                    access: Access { written: last.is_some() && seen.is_written(), ..used.access },
                    declared: used.declared,
                    observed: !used.observed.is_empty(),
                    changed_during_run: changed,
                    kept,
                };
                add(files, record);
            }
        }
        self.files = seen;
        Ok(())
    }

    /// Waits for the contents of a file's versions; `None` for one that could not be read.
    fn contents(&mut self, seen: &Seen) -> Result<Vec<Option<Hashed>>, RunError> {
        let mut contents = Vec::with_capacity(seen.versions.len());
        for (index, version) in seen.versions.iter().enumerate() {
            contents.push(match version.wait() {
                Ok(hashed) => Some(hashed),
                Err(error) if error.is_reading() => {
                    for used in seen.uses.iter().filter(|used| used.observed.contains(&index) || used.declared) {
                        if used.declared {
                            return Err(RunError::Content { path: used.path.clone(), error: same(error.io()) });
                        }
                        self.unreadable(&used.path);
                    }
                    None
                }
                Err(error) => return Err(RunError::Store(error)),
            });
        }
        Ok(contents)
    }

    fn record_outputs(&mut self, finals: &Finals, declared: &BTreeSet<PathBuf>, files: &mut Files) {
        for (identity, last) in finals {
            let seen = self.files.get(identity);
            let written = seen.is_some_and(Seen::is_written);
            for name in last.names.iter().filter(|name| declared.contains(*name) || !rules::is_bytecode(name)) {
                let record = FileRecord {
                    path: path_text(name, &self.working_dir),
                    real_path: real_path(name, &self.working_dir),
                    role: Role::Output,
                    content: last.content,
                    access: Access { written, read: seen.is_some_and(|seen| seen.read_back), executed: false },
                    declared: declared.contains(name),
                    observed: written,
                    changed_during_run: !last.steady,
                    kept: true,
                };
                add(files, record);
            }
        }
        for (_, seen) in self.files.iter().filter(|(identity, _)| !finals.contains_key(identity)) {
            for name in seen.written_as.iter().filter(|name| !rules::is_bytecode(name) && !name.exists()) {
                let path = path_text(name, &self.working_dir);
                self.others.insert(Other { kind: OtherKind::Temporary, path });
            }
        }
    }

    /// The store holds what the record names, and nothing else of this run.
    fn drop_unnamed(&self, files: &Files, finals: &Finals) {
        let named: BTreeSet<_> = files.values().filter(|file| file.kept).map(|file| file.content.digest).collect();
        let versions = self.files.values().flat_map(|seen| &seen.versions).filter(|version| version.kept);
        let kept = versions.filter_map(|version| Some(version.wait().ok()?.content));
        for content in kept.chain(finals.values().map(|last| last.content)) {
            if !named.contains(&content.digest) {
                self.hashing.store().remove(&content.digest);
            }
        }
    }

    fn timeline(&mut self, finals: &Finals) -> Vec<Event> {
        let happenings = std::mem::take(&mut self.events);
        let content_at = |file: &FileAt| {
            let version = self.files.get(&file.identity)?.versions.get(file.version)?;
            Some(version.wait().ok()?.content)
        };
        let text = |path: &Path| path_text(path, &self.working_dir);
        let event = |happening| match happening {
            Happening::Plain(kind) => Some(kind),
            Happening::Executed { process, path, file } => Some(EventKind::ProcessExecuted {
                process,
                path: text(&path),
                content: file.as_ref().and_then(content_at),
            }),
            Happening::Read { file, role } => {
                Some(EventKind::FileRead { path: text(&file.path), role, content: content_at(&file)? })
            }
            Happening::Linked { path } => {
                let target = fs::read_link(&path).ok().map(|target| text_of(target.as_os_str()));
                Some(EventKind::LinkMade { path: text(&path), target })
            }
            Happening::Written { identity, path } => {
                let last = finals.get(&identity);
                let untouched = !self.untold.contains(&identity)
                    && self.files.get(&identity).is_some_and(|seen| seen.stamp_before.is_some());
                let is_there = || is_at(&path, &identity);
                (last.is_some() || !untouched || !is_there())
                    .then(|| EventKind::FileWritten { path: text(&path), content: last.map(|last| last.content) })
            }
        };
        happenings.into_iter().filter_map(|(at, happening)| Some(Event { at, kind: event(happening)? })).collect()
    }

    /// The inputs that hold another content now than when they were used, or had several while they were used, and that the
    /// run did not write.
    fn changed_by_others(&self) -> Vec<Obstacle> {
        let mut changed = BTreeSet::new();
        for (identity, seen) in self.files.iter().filter(|(_, seen)| !seen.is_written()) {
            let content = |index: &usize| Some(seen.versions.get(*index)?.wait().ok()?.content);
            for used in seen.uses.iter().filter(|used| used.role != Role::Runtime) {
                let path = path_text(&used.path, &self.working_dir);
                let contents: BTreeSet<_> = used.observed.iter().filter_map(content).collect();
                let now = fs::metadata(&used.path).map(|metadata| Identity::of(&metadata));
                let is_others = now.as_ref().is_ok_and(|now| {
                    now == identity
                        || !(self.renamed_to.contains(&used.path) || self.files.get(now).is_some_and(Seen::is_written))
                });
                if contents.len() > 1 {
                    changed.insert(Obstacle::certain(format!(
                        "{path} was changed during the run, not by the run, and was read before and after"
                    )));
                } else if let Some(first) = contents.first()
                    && is_others
                    && differs_now(used, identity, seen, *first, None)
                {
                    changed
                        .insert(Obstacle::possible(format!("{path} was changed during the run, and not by the run")));
                }
            }
        }
        changed.into_iter().collect()
    }
}

#[derive(Debug, Default)]
struct DeclaredOutputs {
    files: BTreeSet<PathBuf>,
    missing: Vec<String>,
}

type Finals = HashMap<Identity, Final>;
type Files = BTreeMap<(Role, String), FileRecord>;

/// What a file holds at the end, and under which names.
#[derive(Debug)]
struct Final {
    names: Vec<PathBuf>,
    content: Artifact,
    steady: bool,
}

/// A path stands once in each role: what was observed first wins over what was only declared.
fn add(files: &mut Files, record: FileRecord) {
    match files.entry((record.role, record.path.clone())) {
        btree_map::Entry::Vacant(entry) => {
            entry.insert(record);
        }
        btree_map::Entry::Occupied(mut entry) => {
            let known = entry.get_mut();
            let changed = known.changed_during_run || record.changed_during_run || known.content != record.content;
            let declared = known.declared || record.declared;
            if record.observed && !known.observed {
                *known = record;
            }
            known.changed_during_run = changed;
            known.declared = declared;
        }
    }
}

/// The content that a use stands for, and whether it is kept.
fn content_of(used: &Use, seen: &Seen, contents: &[Option<Hashed>]) -> Option<(Artifact, bool)> {
    let kept = |version: &Version| used.role == Role::Runtime || version.kept;
    let first = || seen.versions.iter().position(kept);
    let index = used.observed.first().copied().or_else(first)?;
    Some((contents.get(index)?.as_ref()?.content, used.role != Role::Runtime))
}

/// Whether a name holds another content by now, or none.
fn differs_now(used: &Use, identity: &Identity, seen: &Seen, content: Artifact, last: Option<Artifact>) -> bool {
    let Ok(metadata) = fs::metadata(&used.path) else { return true };
    if Identity::of(&metadata) == *identity {
        if let Some(last) = last {
            return last != content;
        }
        let now = Stamp::of(&metadata);
        let version = used.observed.first().and_then(|index| seen.versions.get(*index)).or(seen.versions.first());
        if version.is_some_and(|version| version.is_surely(&now)) {
            return false;
        }
    }
    !File::open(&used.path).and_then(digest_of).is_ok_and(|now| now == content)
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink())
}

fn is_at(name: &Path, identity: &Identity) -> bool {
    fs::metadata(name).is_ok_and(|metadata| metadata.is_file() && Identity::of(&metadata) == *identity)
}

fn open_declared(path: &Path) -> Result<(File, Metadata), RunError> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = opened.map_err(|error| RunError::Declared { path: path.to_owned(), error })?;
    Ok((file, metadata))
}

/// The path behind links, when it is another one.
fn real_path(path: &Path, working_dir: &Path) -> Option<String> {
    let real = fs::canonicalize(path).ok()?;
    (real != path).then(|| path_text(&real, working_dir))
}

fn same(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
