//! What stood where a run worked, before it began, and what it made there that has no content (spec: `docs/spec/capture.md`,
//! "The tree"): one form, written by recording and read by replay.

use std::{
    collections::{BTreeSet, VecDeque},
    ffi::OsString,
    path::{Component, Path},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Map, Value, json};
use verifier_core::{
    Digest,
    capsule::name::{bytes_of, is_path},
};

/// Folders that every program may write to.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// Whether a replay has a folder of its own in this place, so that nothing of the machine is there.
pub fn is_replaced(place: &Path, working_dir: &Path) -> bool {
    place.starts_with(working_dir) || TEMPORARY.iter().any(|folder| place.starts_with(folder))
}

/// The names of a path that are walked one after the other, `..` among them.
pub fn steps(path: &Path) -> VecDeque<OsString> {
    let part = |component: Component<'_>| match component {
        Component::Normal(part) => Some(part.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(part).collect()
}

/// A file, folder, link or named pipe, by its path text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The path: relative to the working folder when below it, `.` for the folder itself, otherwise absolute.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Permission bits; 0 for a link, which has none.
    pub mode: u32,
    /// When it was last modified.
    pub modified: Time,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File {
        /// Its length in bytes.
        size: u64,
        /// Its content, when the run used it.
        digest: Option<Digest>,
        /// An entry before this one that is the same file under another name.
        same_as: Option<String>,
    },
    /// A folder.
    Folder {
        /// Whether the run listed it: the order of its entries matters.
        listed: bool,
    },
    /// A symbolic link.
    Link {
        /// Where it points, as text.
        target: String,
    },
    /// A named pipe.
    Pipe,
}

/// Seconds and nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    seconds: u64,
    nanoseconds: u32,
}

impl Time {
    /// The time of a file, as the system gives it. A time before the epoch counts as the epoch.
    pub fn new(seconds: i64, nanoseconds: i64) -> Self {
        let nanoseconds = u32::try_from(nanoseconds).unwrap_or_default().min(999_999_999);
        u64::try_from(seconds).map_or(Self::default(), |seconds| Self { seconds, nanoseconds })
    }

    /// As the system takes it; `None` for a time that it cannot take.
    pub fn of_system(self) -> Option<SystemTime> {
        i64::try_from(self.seconds).ok()?;
        UNIX_EPOCH.checked_add(Duration::new(self.seconds, self.nanoseconds))
    }

    /// Seconds and nanoseconds.
    pub const fn parts(self) -> (u64, u32) {
        (self.seconds, self.nanoseconds)
    }

    fn text(self) -> String {
        format!("{}.{:09}", self.seconds, self.nanoseconds)
    }

    fn from_text(text: &str) -> Option<Self> {
        let (seconds, nanoseconds) = text.split_once('.')?;
        let time = Self { seconds: seconds.parse().ok()?, nanoseconds: nanoseconds.parse().ok()? };
        (time.text() == text).then_some(time)
    }
}

impl Entry {
    /// As the manifest has it.
    pub fn to_json(&self) -> Value {
        let mut entry = json!({ "path": self.path, "modified": self.modified.text() });
        if !matches!(self.kind, Kind::Link { .. }) {
            entry["mode"] = format!("{:o}", self.mode).into();
        }
        match &self.kind {
            Kind::File { size, digest, same_as } => {
                entry["kind"] = "file".into();
                entry["size"] = (*size).into();
                if let Some(digest) = digest {
                    entry["sha256"] = digest.to_string().into();
                }
                if let Some(first) = same_as {
                    entry["same_as"] = first.as_str().into();
                }
            }
            Kind::Folder { listed } => {
                entry["kind"] = "folder".into();
                if *listed {
                    entry["listed"] = true.into();
                }
            }
            Kind::Link { target } => {
                entry["kind"] = "link".into();
                entry["target"] = target.as_str().into();
            }
            Kind::Pipe => entry["kind"] = "pipe".into(),
        }
        entry
    }

    /// Reads an entry of a manifest; `None` when it is none. What it says is hostile: a path is one that a claim may have,
    /// or `.`, and a link may point anywhere.
    pub fn from_json(entry: &Value) -> Option<Self> {
        let entry = entry.as_object()?;
        let text = |name: &str| entry.get(name)?.as_str();
        let path = text("path")?.to_owned();
        let kind = match text("kind")? {
            "file" => Kind::File {
                size: entry.get("size")?.as_u64()?,
                digest: optional(entry, "sha256", |value| Digest::from_hex(value.as_str()?))?,
                same_as: optional(entry, "same_as", |value| value.as_str().map(str::to_owned))?,
            },
            "folder" => Kind::Folder { listed: optional(entry, "listed", Value::as_bool)?.unwrap_or_default() },
            "link" => Kind::Link { target: text("target")?.to_owned() },
            "pipe" => Kind::Pipe,
            _ => return None,
        };
        let is_folder = matches!(kind, Kind::Folder { .. });
        let mode = match &kind {
            Kind::Link { target } => {
                bytes_of(target).filter(|bytes| !bytes.is_empty() && !bytes.contains(&0))?;
                0
            }
            _ => u32::from_str_radix(text("mode")?, 8).ok().filter(|mode| *mode <= PERMISSIONS)?,
        };
        let is_named = is_path(&path) || (path == HERE && is_folder);
        is_named.then_some(Self { path, kind, mode, modified: Time::from_text(text("modified")?)? })
    }
}

/// `Some(None)` for a field that is not there, `None` for one that has another form.
fn optional<T>(entry: &Map<String, Value>, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    entry.get(name).map_or(Some(None), |value| read(value).map(Some))
}

/// The path of the working folder itself.
pub const HERE: &str = ".";

/// The permission bits that are recorded: those of owner, group and others.
pub const PERMISSIONS: u32 = 0o777;

/// How much of the working folder a tree has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// What was used, and the entries of folders that were listed.
    Used,
    /// That, and all entries of folders in which something was used.
    Near,
    /// All of it.
    All,
}

impl Extent {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Near => "near",
            Self::All => "all",
        }
    }
}

/// Reads the entries of a manifest.
///
/// # Errors
/// With the number of the first entry that is none, or that names a path again.
pub fn read(entries: &[Value]) -> Result<Vec<Entry>, usize> {
    let mut paths = BTreeSet::new();
    let entry = |(index, value)| {
        let entry = Entry::from_json(value).ok_or(index)?;
        paths.insert(entry.path.clone()).then_some(entry).ok_or(index)
    };
    entries.iter().enumerate().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> impl Strategy<Value = Kind> {
        let text = "[a-z/ ]{1,8}";
        prop_oneof![
            (any::<u64>(), any::<Option<[u8; 32]>>(), proptest::option::of(text))
                .prop_map(|(size, digest, same_as)| { Kind::File { size, digest: digest.map(Digest::new), same_as } }),
            any::<bool>().prop_map(|listed| Kind::Folder { listed }),
            text.prop_map(|target| Kind::Link { target }),
            Just(Kind::Pipe),
        ]
    }

    proptest! {
        #[test]
        fn an_entry_is_read_as_it_was_written(kind in kinds(), mode in 0..=PERMISSIONS, seconds: u32, nanoseconds in 0..1_000_000_000_i64) {
            let mode = if matches!(kind, Kind::Link { .. }) { 0 } else { mode };
            let modified = Time::new(seconds.into(), nanoseconds);
            let entry = Entry { path: "a/b".to_owned(), kind, mode, modified };
            prop_assert_eq!(Entry::from_json(&entry.to_json()), Some(entry));
        }
    }

    #[test]
    fn what_no_recorder_writes_is_refused() {
        let entry = |path: &str| json!({"kind": "folder", "mode": "755", "modified": "1.000000000", "path": path});
        assert!(Entry::from_json(&entry("a")).is_some() && Entry::from_json(&entry(HERE)).is_some());
        for path in ["", "/", "..", "../a", "a/../b", "a//b", "/a/..", "a\u{0}", "%00", "%zz", "./a"] {
            assert_eq!(Entry::from_json(&entry(path)), None, "{path:?}");
        }
        for (field, value) in [
            ("mode", json!("4755")),
            ("mode", json!("9")),
            ("mode", json!(755)),
            ("modified", json!("1.0")),
            ("modified", json!("-1.000000000")),
            ("modified", json!(1)),
            ("listed", json!("yes")),
            ("kind", json!("device")),
        ] {
            let mut entry = entry("a");
            entry[field] = value.clone();
            assert_eq!(Entry::from_json(&entry), None, "{field} {value}");
        }
        assert_eq!(read(&[entry("a"), entry("b"), entry("a")]), Err(2));
    }
}
