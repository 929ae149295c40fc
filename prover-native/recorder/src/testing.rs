//! A folder to run things in, and short ways to ask about what was recorded.
#![allow(missing_docs, clippy::missing_panics_doc, reason = "a test that uses it fails by panicking")]

use std::{
    ffi::OsString,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use crate::{CaptureChoice, EventKind, FileRecord, Observer, Program, Request, Role, RunError, RunRecord, Silent};
use capseal_host::artifacts::{Artifact, ArtifactStore};
use verifier_core::Digest;

pub struct Folder {
    dir: tempfile::TempDir,
    /// The store of the last run.
    store: Mutex<ArtifactStore>,
}

impl Folder {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), store: Mutex::new(ArtifactStore::temporary().unwrap()) }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A request for a script of this folder, observed.
    pub fn script(&self, name: &str, args: &[&str]) -> Request {
        let args = args.iter().map(OsString::from).collect();
        self.request(Program::Script { path: name.into(), args })
    }

    /// A request for a command line, observed.
    pub fn command(&self, argv: &[&str]) -> Request {
        self.request(Program::Command(argv.iter().map(OsString::from).collect()))
    }

    pub fn request(&self, program: Program) -> Request {
        Request {
            capture: CaptureChoice::Observed,
            working_dir: self.path().to_owned(),
            ..Request::new(program).unwrap()
        }
    }

    pub fn run(&self, request: &Request) -> RunRecord {
        self.try_run(request).unwrap()
    }

    pub fn try_run(&self, request: &Request) -> Result<RunRecord, RunError> {
        self.run_with(request, Arc::new(Silent))
    }

    pub fn run_with(&self, request: &Request, observer: Arc<dyn Observer>) -> Result<RunRecord, RunError> {
        let store = ArtifactStore::temporary().unwrap();
        *self.store.lock().unwrap() = store.clone();
        let record = crate::execute(request, &store, observer)?;
        check(&record, &store);
        Ok(record)
    }

    /// The store of the last run.
    pub fn store(&self) -> ArtifactStore {
        self.store.lock().unwrap().clone()
    }

    /// A content of the store, as text.
    pub fn text(&self, artifact: Artifact) -> String {
        String::from_utf8(self.bytes(artifact)).unwrap()
    }

    pub fn bytes(&self, artifact: Artifact) -> Vec<u8> {
        let mut content = Vec::new();
        self.store().open(&artifact.digest).unwrap().read_to_end(&mut content).unwrap();
        content
    }

    /// What was said on standard output.
    pub fn stdout(&self, record: &RunRecord) -> String {
        self.text(record.stdout)
    }
}

/// What holds for every record.
fn check(record: &RunRecord, store: &ArtifactStore) {
    assert_eq!(
        record.kept().into_iter().collect::<Vec<_>>(),
        store.iter().collect::<Vec<_>>(),
        "the store is what is named"
    );
    assert!(record.files.is_sorted_by(|a, b| (a.role, &a.path) < (b.role, &b.path)), "a path stands once in each role");
    assert!(record.timeline.is_sorted_by_key(|event| event.at));
    assert_eq!(record.timeline.first().map(|event| &event.kind), Some(&EventKind::RunStarted));
    assert_eq!(record.timeline.last().map(|event| &event.kind), Some(&EventKind::RunFinished { exit: record.exit }));
    record.manifests.values().for_each(|manifest| assert!(is_plain(manifest), "{manifest}"));
}

fn is_plain(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.is_u64() || number.is_i64(),
        Value::Array(items) => items.iter().all(is_plain),
        Value::Object(fields) => fields.values().all(is_plain),
    }
}

/// Paths of one role.
pub fn paths(record: &RunRecord, role: Role) -> Vec<&str> {
    record.files_of(role).map(|file| file.path.as_str()).collect()
}

/// The one record of a path in a role.
pub fn file<'a>(record: &'a RunRecord, role: Role, path: &str) -> &'a FileRecord {
    record.files_of(role).find(|file| file.path == path).unwrap_or_else(|| {
        panic!("no {} {path}: {:?}", role.name(), record.files.iter().map(|f| (f.role, &f.path)).collect::<Vec<_>>())
    })
}

pub fn artifact(content: impl AsRef<[u8]>) -> Artifact {
    let content = content.as_ref();
    Artifact { digest: Digest::of_content(content), size: content.len() as u64 }
}
