//! Receipts of `process_v1`: a record of a run becomes claim, event log and manifests.

use serde_json::{Map, Value, json};
use verifier_core::{
    Digest,
    backend::{Backend, process as backend},
    capsule::{Anchor, Claim, Config, Environment, Exit, FileRef, Run, Variable},
    cbor::Item,
    digest::Tag,
    event_log::{self, Writer},
};

use super::{Archive, ArchivePlace, Committed, Draft, Governing, SealError};
use capseal_host::{
    artifacts::{Artifact, ArtifactStore},
    clock,
};
use capseal_recorder::{Event, EventKind, Exit as RunExit, FileRecord, Mode, Role, RunRecord};

/// Puts the receipt of a run together.
///
/// # Errors
/// When contents cannot be read back, or an event breaks a rule of the log.
pub fn process(record: &RunRecord, store: ArtifactStore, place: &ArchivePlace) -> Result<Committed, SealError> {
    process_under(record, store, place, None)
}

/// As [`process`], under a policy.
///
/// # Errors
/// As [`process`].
pub fn process_under(
    record: &RunRecord,
    store: ArtifactStore,
    place: &ArchivePlace,
    policy: Option<&Governing>,
) -> Result<Committed, SealError> {
    let manifests = manifests(record);
    let manifest_hash = Tag::MANIFESTS.digest(&[&Draft::manifest_refs(&manifests).encode()]);
    let claim = claim(record, manifest_hash);
    let public_inputs = backend::public_inputs(&claim).unwrap_or_default();
    let run = circumstances(record);
    let log = event_log(record, backend::header_fields(&run), backend::finished_fields(&public_inputs))?;
    let summary = event_log::check(&log, &verifier_core::Limits::DEFAULT)?;
    let draft = Draft {
        backend: Backend::ProcessV1,
        trace_spec: backend::trace_spec(),
        trace_root: summary.root,
        public_inputs,
        proof_system: backend::proof_system(&claim),
        claim,
        manifests,
        events: Some((
            Anchor { events_log_hash: summary.hash, events_log_len: summary.lines, event_chain_head: summary.head },
            log,
        )),
        run: Some(run),
    };
    Ok(draft.commit_under(Archive::commit(store, record.kept(), &record.results(), place)?, policy))
}

fn circumstances(record: &RunRecord) -> Run {
    Run {
        command: record.command.argv.clone(),
        directory: record.working_dir.clone(),
        started_at_ms: record.started_at,
        duration_ms: record.duration_ms,
        capture: capture(record).to_owned(),
    }
}

fn capture(record: &RunRecord) -> &'static str {
    match record.capture.mode {
        Mode::Observed => "observed",
        Mode::Declared { .. } => "declared",
    }
}

fn claim(record: &RunRecord, manifest_hash: Digest) -> Claim {
    let variable = |(name, value): (&String, &Option<String>)| Variable { name: name.clone(), value: value.clone() };
    let streams =
        [("/dev/stderr", record.stderr), ("/dev/stdout", record.stdout)].map(|(path, content)| file(path, content));
    let mut outputs: Vec<FileRef> = files(record, Role::Output).into_iter().chain(streams).collect();
    outputs.sort_by(|a, b| a.path.cmp(&b.path));
    Claim {
        code: files(record, Role::Code),
        inputs: files(record, Role::Input),
        config: Config { arguments: record.command.arguments.clone(), files: files(record, Role::Config) },
        environment: Environment { variables: record.env.iter().map(variable).collect(), manifest_hash },
        outputs,
        exit: Some(exit(record.exit)),
    }
}

fn exit(exit: RunExit) -> Exit {
    match exit {
        RunExit::Code(code) => Exit { code: Some(code.into()), signal: None },
        RunExit::Signal(signal) => Exit { code: None, signal: Some(signal.into()) },
    }
}

fn files(record: &RunRecord, role: Role) -> Vec<FileRef> {
    let mut files: Vec<FileRef> =
        record.files_of(role).map(|FileRecord { path, content, .. }| file(path, *content)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn file(path: &str, content: Artifact) -> FileRef {
    FileRef { path: path.to_owned(), digest: content.digest, size: content.size }
}

/// Manifests as they travel: sorted keys, two spaces, a line for each object of a list, so that people can read them.
fn manifests(record: &RunRecord) -> Vec<(String, Vec<u8>)> {
    record.manifests.iter().map(|(name, value)| (name.clone(), manifest_text(value).into_bytes())).collect()
}

fn manifest_text(manifest: &Value) -> String {
    let fields = manifest.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| format!("  {}: {}", Value::from(name.as_str()), field_text(value)));
    format!("{{\n{}\n}}\n", fields.collect::<Vec<_>>().join(",\n"))
}

fn field_text(value: &Value) -> String {
    match value {
        Value::Array(items) if items.first().is_some_and(Value::is_object) => {
            let items: Vec<_> = items.iter().map(|item| format!("    {item}")).collect();
            format!("[\n{}\n  ]", items.join(",\n"))
        }
        value => value.to_string(),
    }
}

/// The log: a header, the timeline, and a last line that repeats what is claimed.
fn event_log(
    record: &RunRecord,
    mut header: Map<String, Value>,
    finished: Map<String, Value>,
) -> Result<Vec<u8>, SealError> {
    let mut writer = Writer::default();
    let mut now = record.started_at;
    header.extend(fields(json!({ "tool": "capseal", "tool_version": env!("CARGO_PKG_VERSION"), "v": 2 })));
    writer.append(&clock::text(now), event_log::HEADER, header)?;
    for Event { at, kind } in &record.timeline {
        // A clock that is set back during a run does not turn the order of events around.
        now = now.max(*at);
        match kind {
            EventKind::RunStarted => {}
            EventKind::RunFinished { .. } => writer.append(&clock::text(now), kind.name(), finished.clone())?,
            kind => writer.append(&clock::text(now), kind.name(), fields(event(kind)))?,
        }
    }
    Ok(writer.finish())
}

fn event(kind: &EventKind) -> Value {
    match kind {
        EventKind::RunStarted | EventKind::RunFinished { .. } => json!({}),
        EventKind::ProcessStarted { process, parent } => json!({ "process": process, "parent": parent }),
        EventKind::ProcessExecuted { process, path, content } => {
            with_content(json!({ "process": process, "path": path }), *content)
        }
        EventKind::ProcessEnded { process, exit: RunExit::Code(code) } => {
            json!({ "process": process, "exit_code": code })
        }
        EventKind::ProcessEnded { process, exit: RunExit::Signal(signal) } => {
            json!({ "process": process, "exit_signal": signal })
        }
        EventKind::FileRead { path, role, content } => {
            with_content(json!({ "path": path, "role": role.name() }), Some(*content))
        }
        EventKind::FileWritten { path, content } => with_content(json!({ "path": path }), *content),
        EventKind::EventsSummarised { events, processes, read, written } => {
            json!({ "events": events, "processes_started": processes, "files_read": read, "files_written": written })
        }
        EventKind::LinkMade { path, target: Some(target) } => json!({ "path": path, "target": target }),
        EventKind::LinkMade { path, target: None } => json!({ "path": path }),
        EventKind::StreamEnded { stream, content } => with_content(json!({ "stream": stream.name() }), Some(*content)),
    }
}

fn with_content(mut event: Value, content: Option<Artifact>) -> Value {
    if let Some(Artifact { digest, size }) = content {
        event["digest"] = digest.to_string().into();
        event["size"] = size.into();
    }
    event
}

fn fields(event: Value) -> Map<String, Value> {
    match event {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
