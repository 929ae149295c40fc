//! Records of runs, written by hand: fixed times and contents.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use capseal_host::artifacts::{Artifact, ArtifactStore};
use capseal_recorder::{
    Access, Capture, Command, Event, EventKind, Exit, FileRecord, Mode, Role, RunRecord, Stdin, Stream,
};
use capseal_sealing as seal;

/// A record in the making, and the contents that it names.
pub(super) struct Scene {
    store: ArtifactStore,
    pub(super) record: RunRecord,
}

impl Scene {
    /// A run of a program that exits with 0 and prints nothing.
    pub(super) fn new(program: &str, arguments: &[&str]) -> Self {
        let store = ArtifactStore::temporary().expect("a store");
        let empty = store.add_bytes(b"").expect("a content");
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let record = RunRecord {
            command: Command {
                executable: format!("/usr/bin/{program}"),
                argv: [program.to_owned()].into_iter().chain(arguments.clone()).collect(),
                script: None,
                arguments,
            },
            working_dir: "/home/example".to_owned(),
            stdin: Stdin::Null,
            started_at: 1_769_862_896_789,
            duration_ms: 1234,
            exit: Exit::Code(0),
            capture: Capture { mode: Mode::Observed, notes: BTreeSet::new() },
            files: Vec::new(),
            others: BTreeSet::new(),
            missing_outputs: Vec::new(),
            obstacles: Vec::new(),
            stdout: empty,
            stderr: empty,
            env: BTreeMap::new(),
            manifests: BTreeMap::new(),
            timeline: Vec::new(),
        };
        Self { store, record }
    }

    /// A file that the run used.
    pub(super) fn file(&mut self, role: Role, path: &str, content: &[u8]) {
        let content = self.content(content);
        let written = role == Role::Output;
        self.record.files.push(FileRecord {
            path: path.to_owned(),
            real_path: None,
            role,
            content,
            access: Access { read: !written, written, executed: false },
            declared: false,
            observed: true,
            changed_during_run: false,
            kept: true,
        });
    }

    /// A variable of the allow-list.
    pub(super) fn variable(&mut self, name: &str, value: Option<&str>) {
        self.record.env.insert(name.to_owned(), value.map(str::to_owned));
    }

    /// What the run printed.
    pub(super) fn streams(&mut self, stdout: &str, stderr: &str) {
        self.record.stdout = self.content(stdout.as_bytes());
        self.record.stderr = self.content(stderr.as_bytes());
    }

    /// A fact about the machine.
    pub(super) fn manifest(&mut self, name: &str, content: serde_json::Value) {
        self.record.manifests.insert(name.to_owned(), content);
    }

    /// The receipt of the run.
    pub(super) fn seal(mut self, folder: &Path, embed_limit: u64) -> Vec<u8> {
        self.record.timeline = timeline(&self.record);
        self.record.files.sort_by(|a, b| (a.role, &a.path).cmp(&(b.role, &b.path)));
        let place = super::archive_place(folder, embed_limit);
        super::written(seal::process(&self.record, self.store, &place).expect("a receipt"), folder)
    }

    fn content(&self, bytes: &[u8]) -> Artifact {
        self.store.add_bytes(bytes).expect("a content")
    }
}

/// What happened, an event each 7 milliseconds: every file in turn, then the streams, then the end.
fn timeline(record: &RunRecord) -> Vec<Event> {
    let used = record.files.iter().map(|FileRecord { path, role, content, .. }| match role {
        Role::Output => EventKind::FileWritten { path: path.clone(), content: Some(*content) },
        role => EventKind::FileRead { path: path.clone(), role: *role, content: *content },
    });
    let streams = [(Stream::Stdout, record.stdout), (Stream::Stderr, record.stderr)];
    let streams = streams.map(|(stream, content)| EventKind::StreamEnded { stream, content });
    let begin = [EventKind::RunStarted];
    let end = [EventKind::ProcessEnded { process: 1, exit: record.exit }, EventKind::RunFinished { exit: record.exit }];
    let kinds = begin.into_iter().chain(used).chain(streams).chain(end);
    (record.started_at..).step_by(7).zip(kinds).map(|(at, kind)| Event { at, kind }).collect()
}
