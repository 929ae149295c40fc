//! The scratch folder of a replay: a planned world on the disk, and what a process left in it.
//!
//! Written while it is nobody's but ours: every folder, file and link is new, and no place is reached through a link. Read after
//! the process has ended, with links followed as the process saw them, never as the host would.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::CString,
    fs::{self, File, FileTimes, OpenOptions},
    io::{self, Read, Seek},
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, PermissionsExt, symlink},
    },
    path::{Path, PathBuf},
};

use verifier_core::{Digest, capsule::FileRef};

use super::{
    ReplayError,
    sandbox::Sandbox,
    world::{Node, What, World, follow, is_of_kernel},
};
use capseal_archive::bundle::{Bundle, BundleError};
use capseal_host::artifacts::{Artifact, digest_of};
use capseal_recorder::{is_bytecode, make_pipe, set_link_time, text_of, tree::Time};

/// The folder, and what stands in it for which places.
#[derive(Debug)]
pub(super) struct Scratch {
    dir: tempfile::TempDir,
    pub(super) world: World,
    sandbox: Sandbox,
    /// What could not be put there as it was.
    pub(super) lacking: Vec<String>,
    /// Bytes that were written in place of unknown contents.
    filled: u64,
}

/// Bytes of a file without a known content that are written, and of all such files together.
const FILLED: u64 = 1 << 20;
const FILLED_TOGETHER: u64 = 64 << 20;

impl Scratch {
    /// Puts a world on the disk. Contents that the bundle does not hold are files of the machine: they are taken from here when
    /// they are the same.
    ///
    /// # Errors
    /// When the disk refuses, a content of the claim is not at hand, or the record contradicts itself.
    pub(super) fn fill(bundle: &Bundle<'_>, world: World, sandbox: Sandbox) -> Result<Self, ReplayError> {
        let dir = tempfile::Builder::new().prefix("capseal-replay-").tempdir();
        let dir = dir.map_err(|error| ReplayError::Scratch(std::env::temp_dir(), error))?;
        let mut scratch = Self { dir, world, sandbox, lacking: Vec::new(), filled: 0 };
        for place in [&scratch.world.folder, Path::new("/tmp"), Path::new("/var/tmp")].map(|place| scratch.place(place))
        {
            fs::create_dir_all(&place).map_err(|error| ReplayError::Scratch(place, error))?;
        }
        // Where the working folder is mounted: made now, so that the folder above keeps its time.
        if let Some(below) = scratch.world.folder.strip_prefix("/").ok().filter(|_| sandbox == Sandbox::Bubblewrap) {
            let mounted = scratch.dir.path().join("outside").join(below);
            fs::create_dir_all(&mounted).map_err(|error| ReplayError::Scratch(mounted, error))?;
        }
        let backwards = scratch.lists_backwards();
        let order = scratch.creation_order(backwards);
        for path in &order {
            let node = scratch.world.nodes[path].clone();
            scratch.put(bundle, path, &node)?;
        }
        for (path, node) in scratch.world.nodes.iter().rev() {
            scratch.set_folder(path, node);
        }
        scratch.lacking.extend(scratch.reordered());
        Ok(scratch)
    }

    /// The scratch folder itself.
    pub(super) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// What stands for an absolute path. Without a sandbox, places outside of the working folder stand for themselves.
    pub(super) fn place(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.world.folder) {
            Ok(below) if below.as_os_str().is_empty() => self.dir.path().join("work"),
            Ok(below) => self.dir.path().join("work").join(below),
            Err(_) if self.sandbox == Sandbox::None => path.to_owned(),
            Err(_) => self.dir.path().join("outside").join(path.strip_prefix("/").unwrap_or(path)),
        }
    }

    fn is_ours(&self, path: &Path) -> bool {
        self.sandbox == Sandbox::Bubblewrap || path.starts_with(&self.world.folder)
    }

    /// Whether folders here list the newest entry first, as those in memory do.
    fn lists_backwards(&self) -> bool {
        let probe = self.dir.path().join("probe");
        let names = ["n", "c", "x", "a", "q", "e"];
        let made = fs::create_dir(&probe)
            .and_then(|()| names.iter().try_for_each(|name| File::create(probe.join(name)).map(drop)));
        let listed: Vec<_> =
            fs::read_dir(&probe).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
        // Nothing depends on it any more.
        let _ = fs::remove_dir_all(&probe);
        made.is_ok() && listed.iter().eq(names.iter().rev())
    }

    /// Paths in the order to make them in, so that folders list them as they did, where the file system goes by that.
    fn creation_order(&self, backwards: bool) -> Vec<PathBuf> {
        let mut folders: Vec<&Path> = Vec::new();
        let mut entries: HashMap<&Path, Vec<&PathBuf>> = HashMap::new();
        for path in &self.world.order {
            let folder = path.parent().unwrap_or(path);
            entries.entry(folder).or_insert_with(|| {
                folders.push(folder);
                Vec::new()
            });
            entries.entry(folder).or_default().push(path);
        }
        let ordered = folders.into_iter().flat_map(|folder| {
            let mut entries = entries.remove(folder).unwrap_or_default();
            if backwards {
                entries.reverse();
            }
            entries
        });
        // A file comes before its other names.
        let (first, later): (Vec<_>, Vec<_>) =
            ordered.cloned().partition(|path| !matches!(self.world.nodes[path].what, What::SameAs(_)));
        first.into_iter().chain(later).collect()
    }

    fn put(&mut self, bundle: &Bundle<'_>, path: &Path, node: &Node) -> Result<(), ReplayError> {
        if !self.is_ours(path) {
            return self.expect_here(path, node);
        }
        let place = self.place(path);
        let failed = |error| ReplayError::Scratch(place.clone(), error);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        match &node.what {
            What::Folder { .. } if place.is_dir() => Ok(()),
            What::Folder { .. } => fs::create_dir(&place).map_err(failed),
            What::Link(target) => {
                symlink(self.link_target(path, target)?, &place).map_err(failed)?;
                if let (Some((_, time)), Ok(link)) = (node.stated, CString::new(place.as_os_str().as_bytes())) {
                    let (seconds, nanoseconds) = time.parts();
                    // A file system that keeps no such time shows none to the program either.
                    let _ = set_link_time(&link, i64::try_from(seconds).unwrap_or_default(), nanoseconds.into());
                }
                Ok(())
            }
            What::SameAs(first) => fs::hard_link(self.place(first), &place).map_err(failed),
            What::Pipe => {
                let pipe = CString::new(place.as_os_str().as_bytes()).map_err(|error| failed(error.into()))?;
                make_pipe(&pipe, node.stated.map_or(0o600, |(mode, _)| mode)).map_err(failed)
            }
            What::File { size, digest } => self.put_file(bundle, path, (*size, *digest), node.stated),
        }
    }

    fn put_file(
        &mut self,
        bundle: &Bundle<'_>,
        path: &Path,
        (size, digest): (u64, Option<Digest>),
        stated: Option<(u32, Time)>,
    ) -> Result<(), ReplayError> {
        let place = self.place(path);
        let failed = |error| ReplayError::Scratch(place.clone(), error);
        // A cached module that is not the recorded one would be taken for its source; without it, the source is.
        if digest.is_none() && size > 0 && is_bytecode(path) {
            return Ok(());
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(&place).map_err(failed)?;
        match digest {
            // The run did not read it: name, length and times are all that it could see.
            None => {
                // Blocks of the disk show too (`ls -s`, `du`), so what is short has some. A length that no file here can have is
                // not reached.
                if size <= FILLED && self.filled + size <= FILLED_TOGETHER {
                    self.filled += size;
                    io::copy(&mut io::repeat(0).take(size), &mut file).map_err(failed)?;
                } else {
                    let _ = file.set_len(size);
                }
            }
            Some(digest) => match bundle.copy(&digest, &mut file) {
                Ok(()) => {}
                Err(BundleError::Missing(_)) if !self.is_claimed(&digest, bundle) => {
                    if !copy_of_machine(path, &digest, &mut file, &place) {
                        drop(file);
                        fs::remove_file(&place).map_err(failed)?;
                        if !is_bytecode(path) {
                            self.lacking.push(format!("{}, a file of the machine, is another here", path.display()));
                        }
                        return Ok(());
                    }
                }
                Err(error) => return Err(error.into()),
            },
        }
        // Where they are not recorded, code may be executed by its name.
        let mode = stated.map_or(0o755, |(mode, _)| mode);
        file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
        if let Some(time) = stated.and_then(|(_, time)| time.of_system()) {
            // As for links.
            let _ = file.set_times(FileTimes::new().set_modified(time).set_accessed(time));
        }
        Ok(())
    }

    fn is_claimed(&self, digest: &Digest, bundle: &Bundle<'_>) -> bool {
        bundle.capsule().payload.artifacts.iter().any(|artifact| artifact.digest == *digest)
    }

    /// Without a sandbox nothing is written outside of the scratch folder: what the record has there must be there.
    fn expect_here(&mut self, path: &Path, node: &Node) -> Result<(), ReplayError> {
        let What::File { size, digest: Some(digest) } = node.what else { return Ok(()) };
        let here = File::open(path).and_then(digest_of).is_ok_and(|found| found == Artifact { digest, size });
        if here { Ok(()) } else { Err(ReplayError::Outside(text_of(path.as_os_str()))) }
    }

    /// Where a link points to. Without a sandbox, one into the working folder by its recorded name is led to the scratch
    /// folder: the program must not meet, and change, the files that are there now.
    fn link_target(&self, path: &Path, target: &Path) -> Result<PathBuf, ReplayError> {
        if self.sandbox == Sandbox::Bubblewrap {
            return Ok(target.to_owned());
        }
        let full = path.parent().unwrap_or(path).join(target);
        let leads = self
            .world
            .resolve(&full)
            .ok_or_else(|| ReplayError::Tree(format!("{} leads in circles", path.display())))?;
        if leads.starts_with(&self.world.folder) && target.is_absolute() {
            return Ok(self.place(&leads));
        }
        if leads.starts_with(&self.world.folder) || target.is_absolute() {
            return Ok(target.to_owned());
        }
        // A detour to the outside starts from another place here.
        Ok(leads)
    }

    /// Permissions and times of a folder, once it has all its entries.
    fn set_folder(&self, path: &Path, node: &Node) {
        let (What::Folder { .. }, Some((mode, time))) = (&node.what, node.stated) else { return };
        if !self.is_ours(path) {
            return;
        }
        let place = self.place(path);
        // The owner keeps the permissions that removing the scratch folder takes.
        let set = File::open(&place).and_then(|folder| {
            if let Some(time) = time.of_system() {
                folder.set_times(FileTimes::new().set_modified(time).set_accessed(time))?;
            }
            folder.set_permissions(fs::Permissions::from_mode(mode | 0o700))
        });
        // As for links.
        let _ = set;
    }

    /// Listed folders whose entries come in another order here.
    fn reordered(&self) -> Vec<String> {
        let mut entries: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
        for path in &self.world.order {
            entries.entry(path.parent().unwrap_or(path)).or_default().push(path);
        }
        let is_reordered = |folder: &Path| {
            let recorded = entries.get(folder).map(Vec::as_slice).unwrap_or_default();
            let recorded = recorded.iter().filter(|path| self.place(path).symlink_metadata().is_ok());
            let names: Vec<_> = recorded.filter_map(|path| path.file_name()).collect();
            let here = fs::read_dir(self.place(folder)).into_iter().flatten().flatten().map(|entry| entry.file_name());
            let here: Vec<_> = here.filter(|name| names.contains(&name.as_os_str())).collect();
            names != here
        };
        let listed = self.world.nodes.iter().filter(|(_, node)| matches!(node.what, What::Folder { listed: true }));
        let listed = listed.filter(|(path, _)| self.is_ours(path) && is_reordered(path));
        listed.map(|(path, _)| format!("the file system here lists {} in another order", path.display())).collect()
    }

    /// The content that is now at a path of the claim, if it is a file of the scratch folder and as long as stated: reading what
    /// is longer shows no more than that it differs.
    pub(super) fn content_at(&self, file: &FileRef) -> Found {
        let Some(place) = self.resolve(&self.world.absolute(&file.path)) else { return Found::Nothing };
        let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(&place);
        let Ok(opened) = opened else { return Found::Nothing };
        let Ok(metadata) = opened.metadata() else { return Found::Nothing };
        if !metadata.is_file() {
            return Found::Nothing;
        }
        if metadata.len() != file.size {
            return Found::OfLength(metadata.len());
        }
        digest_of(opened).map_or(Found::Nothing, |found| Found::Content(found.digest))
    }

    /// Where a link at a path points now.
    pub(super) fn link_at(&self, path: &Path) -> Option<PathBuf> {
        let folder = self.resolve(path.parent()?)?;
        fs::read_link(folder.join(path.file_name()?)).ok()
    }

    /// Whether a folder is at a path now.
    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.resolve(path).is_some_and(|place| place.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()))
    }

    /// What stands for a path now, with links followed as the process saw them; `None` for what is not in the scratch folder.
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let leads = follow(path, |place| {
            if !self.is_ours(place) {
                return None;
            }
            let target = fs::read_link(self.place(place)).ok()?;
            // What was led here leads back.
            Some(match target.strip_prefix(self.dir.path().join("work")) {
                Ok(below) => self.world.folder.join(below),
                Err(_) => target,
            })
        })?;
        (self.is_ours(&leads) && !is_of_kernel(&leads)).then(|| self.place(&leads))
    }
}

/// A folder that the program made unreadable must not keep the scratch folder from going.
impl Drop for Scratch {
    fn drop(&mut self) {
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let permissions = fs::Permissions::from_mode(0o700);
            if fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o700 != 0o700) {
                // What cannot be changed cannot be removed either.
                let _ = fs::set_permissions(&folder, permissions);
            }
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            folders.extend(
                entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()),
            );
        }
    }
}

/// What is at a path after a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No file.
    Nothing,
    /// A file of another length than stated, which is not read.
    OfLength(u64),
    /// A file with this content.
    Content(Digest),
}

/// Copies a file of this machine, if it has the content; what was written otherwise is not to be used.
fn copy_of_machine(path: &Path, digest: &Digest, to: &mut File, place: &Path) -> bool {
    let mut copy = || -> io::Result<bool> {
        let mut file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
        if !file.metadata()?.is_file() || digest_of(&file)?.digest != *digest {
            return Ok(false);
        }
        file.rewind()?;
        io::copy(&mut file, to)?;
        // It may have changed between the two.
        Ok(digest_of(File::open(place)?)?.digest == *digest)
    };
    copy().unwrap_or_default()
}
