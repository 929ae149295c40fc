//! What a replayed process finds: the tree of the record with the contents of the claim, planned before anything is written.
//!
//! Everything here comes from a receipt, hence from whoever made it. The plan is of names, and no name in it leads through a
//! link: what stands on the disk is written to places that the plan alone decides. A link may point anywhere; it is
//! followed here, in the plan, or by the program, in its sandbox.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde_json::Value;
use verifier_core::{
    Digest,
    capsule::{Claim, FileRef, entry},
    container::Container,
};

use super::ReplayError;
use capseal_recorder::{
    Obstacle, string_of,
    tree::{self, Entry, HERE, Kind, Time},
};

/// What the manifest `replay` says, read strictly; empty for a receipt without one.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The file that was its standard input, and where it began to read.
    pub(super) stdin: Option<(String, u64)>,
    pub(super) obstacles: Vec<Obstacle>,
    before: Vec<Entry>,
    /// Links and folders that it made.
    pub(super) made: Vec<Entry>,
}

impl Told {
    /// # Errors
    /// When the manifest has another form.
    pub(super) fn of_container(container: &Container<'_>) -> Result<Self, ReplayError> {
        let Some(manifest) = container.get(&entry::manifest("replay")) else { return Ok(Self::default()) };
        Self::read(manifest).ok_or(ReplayError::Tree("the manifest replay has another form".to_owned()))
    }

    fn read(manifest: &[u8]) -> Option<Self> {
        let manifest: Value = serde_json::from_slice(manifest).ok()?;
        let list = |name: &str| manifest.get(name).map_or(Some(&[][..]), |list| list.as_array().map(Vec::as_slice));
        let stdin = manifest.get("stdin")?;
        let stdin = match stdin.get("kind")?.as_str()? {
            "file" => Some((stdin.get("path")?.as_str()?.to_owned(), stdin.get("offset")?.as_u64()?)),
            _ => None,
        };
        let obstacles = list("obstacles")?.iter().map(Obstacle::from_json).collect::<Option<_>>()?;
        Some(Self {
            stdin,
            obstacles,
            before: tree::read(list("before")?).ok()?,
            made: tree::read(list("made")?).ok()?,
        })
    }
}

/// The files of the machine, as the manifest `runtime` lists them.
#[derive(Debug, Default)]
pub(super) struct Runtime {
    /// Path and content.
    pub(super) files: Vec<(String, Digest)>,
    /// Whether some are listed by folder only.
    pub(super) has_folders: bool,
}

/// Something that stands in the world, by its absolute path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) what: What,
    /// Permissions and time of modification, where they are recorded.
    pub(super) stated: Option<(u32, Time)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A file with a content, or of a length only.
    File { size: u64, digest: Option<Digest> },
    /// The same file as another.
    SameAs(PathBuf),
    /// A folder.
    Folder { listed: bool },
    /// A link, to this text.
    Link(PathBuf),
    /// A named pipe.
    Pipe,
}

/// The plan.
#[derive(Debug)]
pub(super) struct World {
    /// The working folder.
    pub(super) folder: PathBuf,
    pub(super) nodes: BTreeMap<PathBuf, Node>,
    /// Paths in the order of the record: that in which folders list their entries.
    pub(super) order: Vec<PathBuf>,
}

impl World {
    /// Plans the world of a run in `folder`. Contents are those of the claim's code, inputs and configuration, and of
    /// files of the machine: no others can be named.
    ///
    /// # Errors
    /// When the record contradicts itself, or names a content that the claim does not.
    pub(super) fn plan(folder: PathBuf, told: &Told, claim: &Claim, of_machine: &Runtime) -> Result<Self, ReplayError> {
        let mut world = Self { folder, nodes: BTreeMap::new(), order: Vec::new() };
        let used = || claim.code.iter().chain(&claim.config.files).chain(&claim.inputs);
        let machine = of_machine.files.iter().map(|(_, digest)| *digest);
        let known: BTreeSet<Digest> = used().map(|file| file.digest).chain(machine).collect();
        let outputs: BTreeSet<Digest> = claim.outputs.iter().map(|file| file.digest).collect();
        // Where the manifest lists folders, it does not name each file of the machine; an output is none all the same.
        let may_be_there =
            |digest: &Digest| known.contains(digest) || (of_machine.has_folders && !outputs.contains(digest));
        for entry in &told.before {
            let node = world.node(entry)?;
            if let What::File { digest: Some(digest), .. } = node.what
                && !may_be_there(&digest)
            {
                let detail = format!("{} has a content that the claim does not name", entry.path);
                return Err(ReplayError::Tree(detail));
            }
            world.insert(world.absolute(&entry.path), node);
        }
        world.check()?;
        let has_empty = world.nodes.values().any(|node| matches!(node.what, What::File { size: 0, .. }));
        let empty = has_empty.then(|| Digest::of_content(b""));
        let told: BTreeSet<Digest> = world.digests().chain(empty).collect();
        for file in used() {
            world.supply(file, told.contains(&file.digest));
        }
        // The length of a file of the machine is not listed, and not needed: it comes with its content.
        for (path, digest) in of_machine.files.iter().filter(|(_, digest)| !told.contains(digest)) {
            if world.resolve(&world.absolute(path)).is_some_and(|place| world.is_replaced(&place)) {
                world.supply(&FileRef { path: path.clone(), digest: *digest, size: 0 }, false);
            }
        }
        world.check()?;
        Ok(world)
    }

    /// The absolute path of a path text.
    pub(super) fn absolute(&self, text: &str) -> PathBuf {
        if text == HERE { self.folder.clone() } else { self.folder.join(string_of(text).unwrap_or_default()) }
    }

    fn node(&self, entry: &Entry) -> Result<Node, ReplayError> {
        let what = match &entry.kind {
            Kind::File { same_as: Some(first), .. } => What::SameAs(self.absolute(first)),
            // An empty content needs no source.
            Kind::File { size, digest, same_as: None } => {
                What::File { size: *size, digest: digest.filter(|_| *size > 0) }
            }
            Kind::Folder { listed } => What::Folder { listed: *listed },
            Kind::Link { target } => What::Link(string_of(target).unwrap_or_default().into()),
            Kind::Pipe => What::Pipe,
        };
        if let What::SameAs(first) = &what
            && !matches!(self.nodes.get(first), Some(Node { what: What::File { .. }, .. }))
        {
            return Err(ReplayError::Tree(format!("{} is another name of no file", entry.path)));
        }
        Ok(Node { what, stated: Some((entry.mode, entry.modified)) })
    }

    fn insert(&mut self, path: PathBuf, node: Node) {
        self.order.push(path.clone());
        self.nodes.insert(path, node);
    }

    /// What stands above something else is a folder: no place is reached through a link.
    fn check(&self) -> Result<(), ReplayError> {
        for path in self.nodes.keys() {
            let blocking = path
                .ancestors()
                .skip(1)
                .find(|above| self.nodes.get(*above).is_some_and(|node| !matches!(node.what, What::Folder { .. })));
            if let Some(above) = blocking {
                return Err(ReplayError::Tree(format!(
                    "{} is below {}, which is no folder",
                    path.display(),
                    above.display()
                )));
            }
        }
        Ok(())
    }

    fn digests(&self) -> impl Iterator<Item = Digest> {
        self.nodes.values().filter_map(|node| match node.what {
            What::File { digest, .. } => digest,
            _ => None,
        })
    }

    /// Puts a file of the claim in, unless the tree says where its content stood before the run gave it another name.
    fn supply(&mut self, file: &FileRef, is_in_tree: bool) {
        let Some(mut place) = self.resolve(&self.absolute(&file.path)) else { return };
        if let Some(What::SameAs(first)) = self.nodes.get(&place).map(|node| &node.what) {
            place = first.clone();
        }
        match self.nodes.get_mut(&place).map(|node| &mut node.what) {
            Some(What::File { digest: Some(_), .. }) => {}
            Some(What::File { size, digest }) if !is_in_tree => {
                (*size, *digest) = (file.size, Some(file.digest));
            }
            None if !is_in_tree && !is_of_kernel(&place) => {
                let what = What::File { size: file.size, digest: Some(file.digest) };
                self.insert(place, Node { what, stated: None });
            }
            _ => {}
        }
    }

    /// Where a path leads, as far as the plan tells; `None` for a cycle of links.
    pub(super) fn resolve(&self, path: &Path) -> Option<PathBuf> {
        follow(path, |place| match &self.nodes.get(place)?.what {
            What::Link(target) => Some(target.clone()),
            _ => None,
        })
    }

    /// Whether a place is one that a replay has folders of its own for.
    pub(super) fn is_replaced(&self, place: &Path) -> bool {
        tree::is_replaced(place, &self.folder)
    }
}

/// Follows links, as the system does, where `link` says what stands in a place; `None` when there are too many.
pub(super) fn follow(path: &Path, link: impl Fn(&Path) -> Option<PathBuf>) -> Option<PathBuf> {
    let mut place = PathBuf::from("/");
    let mut rest: VecDeque<OsString> = tree::steps(path);
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            place.pop();
            continue;
        }
        place.push(part);
        let Some(target) = link(&place) else { continue };
        links += 1;
        if links > MOST_LINKS {
            return None;
        }
        place.pop();
        if target.is_absolute() {
            place = PathBuf::from("/");
        }
        for part in tree::steps(&target).into_iter().rev() {
            rest.push_front(part);
        }
    }
    Some(place)
}

/// Linux's own bound.
const MOST_LINKS: usize = 40;

/// Whether a path names what the kernel or a process shows, which cannot be put there.
pub(super) fn is_of_kernel(path: &Path) -> bool {
    ["/proc", "/sys"].iter().any(|folder| path.starts_with(folder))
        || (path.starts_with("/dev") && !path.starts_with("/dev/shm"))
}

#[cfg(test)]
mod tests {
    use verifier_core::capsule::{Config, Environment};

    use super::*;

    fn file(path: &str, content: &str) -> FileRef {
        FileRef { path: path.into(), digest: Digest::of_content(content.as_bytes()), size: content.len() as u64 }
    }

    fn claim(inputs: &[FileRef]) -> Claim {
        Claim {
            code: Vec::new(),
            inputs: inputs.to_vec(),
            config: Config { arguments: Vec::new(), files: Vec::new() },
            environment: Environment { variables: Vec::new(), manifest_hash: Digest::default() },
            outputs: Vec::new(),
            exit: None,
        }
    }

    fn entry(path: &str, kind: Kind) -> Entry {
        Entry { path: path.into(), kind, mode: 0o644, modified: Time::default() }
    }

    fn link(path: &str, target: &str) -> Entry {
        entry(path, Kind::Link { target: target.into() })
    }

    fn plan(before: Vec<Entry>, inputs: &[FileRef]) -> Result<World, ReplayError> {
        let told = Told { before, ..Told::default() };
        World::plan("/w".into(), &told, &claim(inputs), &Runtime::default())
    }

    #[test]
    fn a_content_stands_behind_the_links_that_lead_to_it() {
        let empty = Kind::File { size: 4, digest: None, same_as: None };
        let tree = vec![link("data.csv", "store/../store/a"), entry("store/a", empty)];
        let world = plan(tree, &[file("data.csv", "data")]).unwrap();
        let what = |path: &str| &world.nodes[Path::new(path)].what;
        assert_eq!(*what("/w/data.csv"), What::Link("store/../store/a".into()));
        assert_eq!(*what("/w/store/a"), What::File { size: 4, digest: Some(Digest::of_content(b"data")) });
    }

    #[test]
    fn a_content_that_got_another_name_stands_under_its_first() {
        let known = Kind::File { size: 4, digest: Some(Digest::of_content(b"data")), same_as: None };
        let world = plan(vec![entry("old", known)], &[file("new", "data")]).unwrap();
        assert!(world.nodes.contains_key(Path::new("/w/old")) && !world.nodes.contains_key(Path::new("/w/new")));
    }

    #[test]
    fn links_are_followed_in_the_plan_and_nothing_is_placed_through_one() {
        for target in ["/etc", "../..", "/w/loop", "loop"] {
            let tree = vec![link("loop", target), entry("loop/x", Kind::Pipe)];
            assert!(matches!(plan(tree, &[]), Err(ReplayError::Tree(_))), "{target}");
        }
        // A claim's path through a cycle leads nowhere; one that leads out is placed where it leads, below the scratch folder.
        let world = plan(vec![link("a", "b"), link("b", "a")], &[file("a/x", "1")]).unwrap();
        assert_eq!(world.nodes.len(), 2);
        let world = plan(vec![link("up", "../../../../etc")], &[file("up/passwd", "1")]).unwrap();
        assert!(world.nodes.contains_key(Path::new("/etc/passwd")));
        // A file is no folder, and a name of nothing is none.
        let file_above =
            vec![entry("f", Kind::File { size: 0, digest: None, same_as: None }), entry("f/x", Kind::Pipe)];
        assert!(plan(file_above, &[]).is_err());
        let same = Kind::File { size: 0, digest: None, same_as: Some("none".into()) };
        assert!(plan(vec![entry("f", same)], &[]).is_err());
    }

    #[test]
    fn the_tree_names_no_content_that_the_claim_does_not() {
        let known = Kind::File { size: 4, digest: Some(Digest::of_content(b"data")), same_as: None };
        assert!(matches!(plan(vec![entry("result", known)], &[]), Err(ReplayError::Tree(_))));
    }
}
