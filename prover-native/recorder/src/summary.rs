//! What keeps the record of a large run within the bounds of a receipt: a timeline that counts what it cannot list, and a list of
//! the machine's files by folder.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use verifier_core::Digest;

use super::record::{Event, EventKind, FileRecord};

/// Events that a timeline lists one by one, and lines that count the others, at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimelineBounds {
    listed: usize,
    /// Bytes of paths in the listed ones.
    path_bytes: usize,
    counting: usize,
}

impl TimelineBounds {
    /// With 400 bytes for what is no path, less than half of what an event log may hold.
    pub(super) const OF_A_RECEIPT: Self = Self { listed: 16_000, path_bytes: 2 << 20, counting: 1_000 };
}

/// Shortens a timeline that has more events than a receipt takes: the first ones stay, and so do the end of the run and of its
/// streams; the others are counted in spans. Says whether it did.
pub(super) fn shorten(timeline: &mut Vec<Event>, bounds: TimelineBounds) -> bool {
    let mut path_bytes = 0;
    let listed = timeline.iter().take(bounds.listed).take_while(|event| {
        path_bytes += path_of(&event.kind).map_or(0, str::len);
        path_bytes <= bounds.path_bytes
    });
    let listed = listed.count();
    let end = timeline.iter().rposition(|event| !is_end(&event.kind)).map_or(0, |last| last + 1);
    if listed >= end {
        return false;
    }
    let span = (end - listed).div_ceil(bounds.counting.max(1));
    let counted: Vec<_> = timeline[listed..end].chunks(span).filter_map(count).collect();
    timeline.splice(listed..end, counted);
    true
}

/// Whether an event belongs to the end of every run, which is told in any case.
const fn is_end(kind: &EventKind) -> bool {
    matches!(kind, EventKind::StreamEnded { .. } | EventKind::RunFinished { .. })
}

fn path_of(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::ProcessExecuted { path, .. }
        | EventKind::FileRead { path, .. }
        | EventKind::FileWritten { path, .. } => Some(path),
        _ => None,
    }
}

/// One event in place of a span of them, at the time of the last.
fn count(span: &[Event]) -> Option<Event> {
    let number = |wanted: fn(&EventKind) -> bool| span.iter().filter(|event| wanted(&event.kind)).count() as u64;
    let kind = EventKind::EventsSummarised {
        events: span.len() as u64,
        processes: number(|kind| matches!(kind, EventKind::ProcessStarted { .. })),
        read: number(|kind| matches!(kind, EventKind::FileRead { .. })),
        written: number(|kind| matches!(kind, EventKind::FileWritten { .. })),
    };
    Some(Event { at: span.last()?.at, kind })
}

/// The manifest `runtime`, and whether it lists files by folder: where one by one they would take more than `bytes`, all that lie
/// at some depth or below are listed by their folder at that depth, the greatest that leaves a list of that length. Files that were
/// executed are listed one by one as long as they fill no more than half of it.
pub(super) fn runtime(files: &[&FileRecord], bytes: usize) -> (Value, bool) {
    let alone: Vec<_> = files.iter().map(|file| entry(file)).collect();
    if size(&alone) <= bytes {
        return (json!({ "files": alone }), false);
    }
    let (executed, others): (Vec<&FileRecord>, Vec<&FileRecord>) = files.iter().partition(|file| file.access.executed);
    let alone: Vec<_> = executed.iter().map(|file| entry(file)).collect();
    if size(&alone) > bytes / 2 {
        return by_folder(&[], files, bytes);
    }
    by_folder(&executed, &others, bytes)
}

fn by_folder(alone: &[&FileRecord], others: &[&FileRecord], bytes: usize) -> (Value, bool) {
    let deepest = others.iter().map(|file| depth(&file.path)).max().unwrap_or(0);
    let listed = |limit: usize| {
        let (deep, shallow): (Vec<&FileRecord>, Vec<&FileRecord>) =
            others.iter().partition(|file| depth(&file.path) >= limit);
        let mut files: Vec<&FileRecord> = alone.iter().copied().chain(shallow).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let files: Vec<_> = files.into_iter().map(entry).collect();
        let mut folders: BTreeMap<&str, Folder> = BTreeMap::new();
        for file in deep {
            folders.entry(folder_at(&file.path, limit)).or_default().add(file);
        }
        let folders: Vec<_> = folders.into_iter().map(|(path, folder)| folder.entry(path)).collect();
        (files, folders)
    };
    // At depth 0 there are two folders at most: that of the run, and the root.
    let fits = |(files, folders): &(Vec<Value>, Vec<Value>)| size(files) + size(folders) <= bytes;
    let (files, folders) = (1..=deepest).rev().map(listed).find(fits).unwrap_or_else(|| listed(0));
    (json!({ "files": files, "folders": folders }), true)
}

/// Folders that a path leads through.
fn depth(path: &str) -> usize {
    path.trim_start_matches('/').matches('/').count()
}

/// The folder at a depth that a path leads through: `/usr/lib` for depth 2 of `/usr/lib/python3/x.py`.
fn folder_at(path: &str, depth: usize) -> &str {
    let root = usize::from(path.starts_with('/'));
    if depth == 0 {
        return if root == 1 { "/" } else { "." };
    }
    let end = path[root..].match_indices('/').nth(depth - 1).map_or(path.len(), |(end, _)| root + end);
    &path[..end]
}

fn entry(file: &FileRecord) -> Value {
    json!({ "path": file.path, "sha256": file.content.digest.to_string(), "size": file.content.size })
}

/// Bytes of a list as it is printed: each field on a line of its own, which is indented.
fn size(list: &[Value]) -> usize {
    list.iter().map(|entry| entry.to_string().len() + 64).sum()
}

/// Files below one folder.
#[derive(Default)]
struct Folder {
    lines: Sha256,
    files: u64,
    bytes: u64,
}

impl Folder {
    /// Adds a file; files come by path.
    fn add(&mut self, file: &FileRecord) {
        self.lines.update(format!("{}  {}\n", file.content.digest, file.path));
        self.files += 1;
        self.bytes += file.content.size;
    }

    fn entry(self, path: &str) -> Value {
        let digest = Digest::new(self.lines.finalize().into());
        json!({ "path": path, "files": self.files, "bytes": self.bytes, "sha256": digest.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, Role};
    use capseal_host::artifacts::Artifact;

    fn event(at: u64, kind: EventKind) -> Event {
        Event { at, kind }
    }

    fn read(path: &str) -> EventKind {
        EventKind::FileRead { path: path.into(), role: Role::Input, content: content(path) }
    }

    fn content(text: &str) -> Artifact {
        Artifact { digest: Digest::of_content(text.as_bytes()), size: text.len() as u64 }
    }

    #[test]
    fn a_long_timeline_is_counted_from_some_point_on() {
        let end = EventKind::RunFinished { exit: crate::Exit::Code(0) };
        let events = |count: u64| {
            let mut events: Vec<_> = (0..count).map(|i| event(i, read("a"))).collect();
            events.push(event(count, end.clone()));
            events
        };
        let bounds = TimelineBounds { listed: 10, path_bytes: 100, counting: 4 };
        let mut short = events(10);
        assert!(!shorten(&mut short, bounds));
        assert_eq!(short, events(10));

        let mut long = events(99);
        assert!(shorten(&mut long, bounds));
        assert_eq!(long[..10], events(10)[..10]);
        let counted = |events: u64| EventKind::EventsSummarised { events, processes: 0, read: events, written: 0 };
        assert_eq!(
            long[10..],
            [
                event(32, counted(23)),
                event(55, counted(23)),
                event(78, counted(23)),
                event(98, counted(20)),
                event(99, end),
            ]
        );
    }

    #[test]
    fn long_paths_count() {
        let mut timeline: Vec<_> = (0..10).map(|i| event(i, read(&"a".repeat(40)))).collect();
        assert!(shorten(&mut timeline, TimelineBounds { listed: 10, path_bytes: 100, counting: 4 }));
        assert_eq!(timeline.len(), 2 + 4);
    }

    fn record(path: &str, executed: bool) -> FileRecord {
        FileRecord {
            path: path.into(),
            real_path: None,
            role: Role::Runtime,
            content: content(path),
            access: Access { read: true, written: false, executed },
            declared: false,
            observed: true,
            changed_during_run: false,
            kept: false,
        }
    }

    fn runtime_of(records: &[FileRecord], bytes: usize) -> (Value, bool) {
        runtime(&records.iter().collect::<Vec<_>>(), bytes)
    }

    #[test]
    fn files_of_the_machine_are_listed_by_folder_where_there_are_too_many() {
        let mut records: Vec<_> = (100..200).map(|i| record(&format!("/usr/lib/deep/{i}/x"), false)).collect();
        records.insert(0, record("/usr/bin/sh", true));
        records.push(record("venv/lib/y", false));
        let (all, by_folder) = runtime_of(&records, 1 << 20);
        assert!(!by_folder);
        assert_eq!(all["files"].as_array().unwrap().len(), records.len());

        let (few, by_folder) = runtime_of(&records, 2_000);
        assert!(by_folder);
        let paths = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(paths(&few["files"]), ["/usr/bin/sh", "venv/lib/y"]);
        assert_eq!(paths(&few["folders"]), ["/usr/lib/deep"]);
        let folder = &few["folders"][0];
        assert_eq!((folder["files"].as_u64(), folder["bytes"].as_u64()), (Some(100), Some(1900)));
        // What `sha256sum` prints.
        let lines: String =
            records[1..101].iter().map(|file| format!("{}  {}\n", file.content.digest, file.path)).collect();
        assert_eq!(folder["sha256"].as_str(), Some(&*Digest::of_content(lines.as_bytes()).to_string()));
    }

    #[test]
    fn every_list_ends_within_its_bound() {
        let records: Vec<_> = (0..5_000)
            .map(|i| record(&format!("{}{i:05}", ["", "/", "/usr/lib/", "a/b/c/d/e/"][i % 4]), i % 2 == 0))
            .collect();
        let mut sorted = records;
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        for bytes in [400, 1_000, 100_000, 400_000] {
            let (manifest, by_folder) = runtime_of(&sorted, bytes);
            assert!(by_folder);
            let length = format!("{manifest:#}").len();
            assert!(length <= bytes.max(600), "{length} of {bytes}");
            let of_folders: u64 =
                manifest["folders"].as_array().unwrap().iter().map(|folder| folder["files"].as_u64().unwrap()).sum();
            assert_eq!(of_folders + manifest["files"].as_array().unwrap().len() as u64, 5_000);
        }
    }
}
