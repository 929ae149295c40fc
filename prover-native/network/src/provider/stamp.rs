//! Whether a file is the one that was read: its place on the disk, its size and the times of its last changes.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime},
};

/// What a file was when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    place: (u64, u64),
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Whether its last change was long enough ago for the next one to show: file systems count in ticks.
    is_settled: bool,
}

/// Longer than any tick of a clock of files.
const TICK: Duration = Duration::from_millis(50);

impl Stamp {
    /// The stamp of a file, if there is one.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        let age = file.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        Some(Self {
            place: (file.dev(), file.ino()),
            len: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
            is_settled: age.is_some_and(|age| age > TICK),
        })
    }

    /// Whether a file need not be read again.
    pub(super) fn is_same(before: Option<&Self>, now: Option<&Self>) -> bool {
        match (before, now) {
            (Some(before), Some(now)) => before == now && before.is_settled,
            _ => false,
        }
    }
}
