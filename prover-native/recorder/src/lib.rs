//! Runs a program and records what it was and what it used (spec: `docs/spec/capture.md`).
//!
//! [`execute`] runs the child for real, with its own streams, and returns a [`RunRecord`]; contents go to an
//! [`ArtifactStore`]. On Linux the process tree is watched, so that code, inputs and outputs are found without being
//! declared. A record is a witness's: a program that wants to can hide what it does, and the list of limits is part of it.
#![cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "only a watched run does all there is"))]

mod command;
mod content;
mod declared;
mod environment;
mod error;
mod findings;
mod ledger;
mod manifest;
mod obstacles;
mod plain;
mod record;
mod request;
mod rules;
mod streams;
mod summary;
mod survey;
mod sys;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
#[cfg(target_os = "linux")]
mod trace;
#[cfg(not(target_os = "linux"))]
#[path = "trace_elsewhere.rs"]
mod trace;
pub mod tree;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{self, IsTerminal, PipeReader, PipeWriter, Seek},
    os::{fd::AsFd, unix::fs::FileTypeExt},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use self::{
    command::{Resolved, Strings},
    content::Hashing,
    findings::Findings,
    ledger::Happening,
    ledger::Ledger,
    manifest::Interpreter,
    rules::Rules,
    streams::{Capturing, Tap},
    summary::TimelineBounds,
    survey::Survey,
    sys::Forwarding,
    trace::Followed,
};
pub use self::{
    declared::files_below,
    error::RunError,
    obstacles::Obstacle,
    record::{
        Access, Capture, Command, Event, EventKind, Exit, FileRecord, Mode, Note, Other, OtherKind, Role, RunRecord,
        Stdin, Stream,
    },
    request::{CaptureChoice, Observer, Passthrough, Program, Request, Silent, Stage},
    text::{path_text, string_of, text_of},
};
pub use self::{
    rules::is_bytecode,
    sys::{make_pipe, set_link_time},
};
use capseal_host::artifacts::{Artifact, ArtifactStore};

/// Runs a program to its end and records it. A program that fails, or is killed, is recorded like any other.
///
/// The store is for this run alone; afterwards it holds exactly the contents of [`RunRecord::kept`].
///
/// # Errors
/// When the program cannot be started, what was declared is not there, or a content cannot be read or kept. What the
/// program did stays done.
pub fn execute(request: &Request, store: &ArtifactStore, observer: Arc<dyn Observer>) -> Result<RunRecord, RunError> {
    let working_dir = fs::canonicalize(&request.working_dir)
        .map_err(|error| RunError::WorkingDir { path: request.working_dir.clone(), error })?;
    let request = &Request { working_dir: working_dir.clone(), ..request.clone() };
    let resolved = command::resolve(request)?;
    let strings = Strings::of(request, &resolved)?;
    let mut ledger = open_ledger(request, &resolved, store)?;
    declare(request, &resolved, &mut ledger, &*observer)?;
    let (stdin, stdin_offset) = stdin(&mut ledger)?;
    if sys::inherits_readable() {
        ledger.note(Note::InheritedDescriptor);
    }

    let forwarding = request.forward_signals.then(Forwarding::install);
    let start = Start {
        resolved: &resolved,
        strings: &strings,
        working_dir: &working_dir,
        environment: &request.environment,
        linger: request.linger,
        forwarding: forwarding.as_ref(),
    };
    ledger.event(Happening::Plain(EventKind::RunStarted));
    let started_at = ledger.clock.now();
    let ran = run(&start, request, &mut ledger, store, &observer)?;
    observer.stage(Stage::Finishing);
    let [stdout, stderr] = ran.streams;
    for (stream, content) in [(Stream::Stdout, stdout), (Stream::Stderr, stderr)] {
        ledger.event(Happening::Plain(EventKind::StreamEnded { stream, content }));
    }
    ledger.event(Happening::Plain(EventKind::RunFinished { exit: ran.ended.exit }));

    let executable = ledger.main_executable().unwrap_or_else(|| resolved.executable.clone());
    let stdin_was_read = matches!(ran.mode, Mode::Observed).then_some(ledger.stdin_was_read);
    if stdin_was_read == Some(false) {
        ledger.notes.remove(&Note::StdinNotKept);
    }
    let Findings { files, others, missing_outputs, mut notes, mut timeline, tree, made, changed } =
        ledger.close(&request.outputs, ran.ended.exit.is_success())?;
    if summary::shorten(&mut timeline, TimelineBounds::OF_A_RECEIPT) {
        notes.insert(Note::EventsSummarised);
    }
    let mut capture = Capture { mode: ran.mode, notes };
    let mut obstacles = obstacles::of_capture(&capture, &stdin, stdin_was_read, &others);
    obstacles.extend(changed);
    if tree.is_none() {
        obstacles
            .push(Obstacle::possible("names and times of the files are not kept, for there are too many".to_owned()));
    }
    let command = described(&resolved, &working_dir);
    obstacles.extend(environment::obstacle(request, &command.argv, &files, store));
    obstacles.sort();
    obstacles.reverse();
    let interpreter = interpreter(&executable, &files, request);
    let again =
        manifest::Again { stdin: &stdin, stdin_offset, obstacles: &obstacles, tree: tree.as_ref(), made: &made };
    let manifests = manifest::manifests(request, &mut capture, &files, interpreter.as_ref(), &again);
    Ok(RunRecord {
        command,
        working_dir: text_of(working_dir.as_os_str()),
        stdin,
        started_at,
        duration_ms: ran.ended.duration.as_millis() as u64,
        exit: ran.ended.exit,
        manifests,
        obstacles,
        capture,
        files,
        others,
        missing_outputs,
        stdout,
        stderr,
        env: recorded_env(request),
        timeline,
    })
}

/// What a child is started with.
#[derive(Debug)]
struct Start<'a> {
    resolved: &'a Resolved,
    strings: &'a Strings,
    working_dir: &'a Path,
    environment: &'a [(OsString, OsString)],
    linger: Duration,
    forwarding: Option<&'a Forwarding>,
}

/// How the main process ended, and how long it ran.
#[derive(Clone, Copy, Debug)]
struct Ended {
    exit: Exit,
    duration: Duration,
}

/// A run that was made.
struct Ran {
    ended: Ended,
    mode: Mode,
    streams: [Artifact; 2],
}

fn open_ledger(request: &Request, resolved: &Resolved, store: &ArtifactStore) -> Result<Ledger, RunError> {
    let home = request.variable("HOME").map(Path::new);
    let mut rules = Rules::new(&request.working_dir, resolved.script.as_deref(), home);
    rules.learn_settings(|name| request.variable(name));
    rules.learn_executable(&resolved.executable);
    let hashing = Hashing::start(store).map_err(|error| RunError::System { action: "start a thread", error })?;
    let tree = Survey::look(&request.working_dir, home);
    Ok(Ledger::new(&request.working_dir, rules, tree, hashing))
}

/// Enters what the user has named. The program comes first: a path that is named twice has its first role.
fn declare(
    request: &Request,
    resolved: &Resolved,
    ledger: &mut Ledger,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let mut named: Vec<(PathBuf, Role)> = Vec::new();
    named.extend(resolved.script.clone().map(|script| (script, Role::Code)));
    let executable = &resolved.executable;
    named.push((executable.clone(), ledger.rules.role(executable, true)));
    for (paths, role) in [(request.config.as_slice(), Role::Config), (&request.inputs, Role::Input)] {
        for path in paths {
            named.extend(declared::files_below(&request.working_dir, path)?.into_iter().map(|file| (file, role)));
        }
    }
    observer.stage(Stage::Hashing { files: named.len() });
    for (path, role) in named {
        ledger.declare(&path, role).map_err(|error| RunError::Declared { path, error })?;
    }
    Ok(())
}

/// Looks at the standard input that the child inherits. The content of a file is an input, and the child begins at the offset.
fn stdin(ledger: &mut Ledger) -> Result<(Stdin, u64), RunError> {
    let input = io::stdin();
    let link = fs::read_link("/proc/self/fd/0").or_else(|_| fs::canonicalize("/dev/stdin")).unwrap_or_default();
    let mut not_kept = |kind| {
        ledger.note(Note::StdinNotKept);
        ledger.unkept_stdin = Some(link.clone());
        Ok((kind, 0))
    };
    if input.is_terminal() {
        return not_kept(Stdin::Terminal);
    }
    let handle = input.as_fd().try_clone_to_owned().map(fs::File::from);
    let Ok((metadata, mut handle)) = handle.and_then(|file| Ok((file.metadata()?, file))) else {
        return Ok((Stdin::Null, 0));
    };
    let kind = metadata.file_type();
    if kind.is_fifo() || kind.is_socket() {
        return not_kept(Stdin::Pipe);
    }
    if kind.is_file() {
        // A file without a name is known by the name that every program has for it.
        let path = if link.exists() { link } else { PathBuf::from(STDIN) };
        let failed = |error| RunError::Declared { path: path.clone(), error };
        let offset = handle.stream_position().map_err(failed)?;
        ledger.declare_open(fs::File::open(STDIN).map_err(failed)?, &path, Role::Input).map_err(failed)?;
        return Ok((Stdin::File(path_text(&path, &ledger.working_dir)), offset));
    }
    if link == Path::new("/dev/null") {
        return Ok((Stdin::Null, 0));
    }
    not_kept(Stdin::Device)
}

/// The standard input, opened anew, at its start.
const STDIN: &str = "/dev/stdin";

/// Runs the child: watched where that is asked for and possible.
fn run(
    start: &Start<'_>,
    request: &Request,
    ledger: &mut Ledger,
    store: &ArtifactStore,
    observer: &Arc<dyn Observer>,
) -> Result<Ran, RunError> {
    let choice = request.capture;
    let mut reason = "asked for".to_owned();
    if choice != CaptureChoice::Declared {
        let (streams, stdout, stderr) = capture_streams(store, observer)?;
        observer.stage(Stage::Running);
        let in_order = request.outputs_go_together.then(|| streams.each_ref().map(Capturing::tap));
        match watched(start, ledger, stdout, stderr, in_order)? {
            Followed::Ended(ended) => return finish(start, ledger, ended, Mode::Observed, streams),
            Followed::Refused(refusal) if choice == CaptureChoice::Observed => {
                return Err(RunError::TracerRefused { reason: refusal });
            }
            Followed::Refused(refusal) => reason = refusal,
        }
    }
    // Nobody tells when a declared file is about to be written.
    ledger.settle();
    let (streams, stdout, stderr) = capture_streams(store, observer)?;
    observer.stage(Stage::Running);
    let ended = plain::run(start, stdout, stderr)?;
    finish(start, ledger, ended, Mode::Declared { reason }, streams)
}

/// Watches from a thread of its own: a tracer hears of all children of its thread, and those of the caller are not ours.
fn watched(
    start: &Start<'_>,
    ledger: &mut Ledger,
    stdout: PipeWriter,
    stderr: PipeWriter,
    in_order: Option<[Tap; 2]>,
) -> Result<Followed, RunError> {
    thread::scope(|scope| {
        let tracer = thread::Builder::new().name("capseal-trace".to_owned());
        let tracer = tracer.spawn_scoped(scope, || trace::follow(start, ledger, stdout, stderr, in_order));
        let tracer = tracer.map_err(|error| RunError::System { action: "start a thread", error })?;
        tracer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn capture_streams(
    store: &ArtifactStore,
    observer: &Arc<dyn Observer>,
) -> Result<([Capturing; 2], PipeWriter, PipeWriter), RunError> {
    let pipe = || -> Result<(PipeReader, PipeWriter), RunError> {
        io::pipe().map_err(|error| RunError::System { action: "make a pipe", error })
    };
    let (from_stdout, stdout) = pipe()?;
    let (from_stderr, stderr) = pipe()?;
    let streams = [
        Capturing::start(Stream::Stdout, from_stdout, store, Arc::clone(observer))?,
        Capturing::start(Stream::Stderr, from_stderr, store, Arc::clone(observer))?,
    ];
    Ok((streams, stdout, stderr))
}

fn finish(
    start: &Start<'_>,
    ledger: &mut Ledger,
    ended: Ended,
    mode: Mode,
    streams: [Capturing; 2],
) -> Result<Ran, RunError> {
    let mut contents = Vec::with_capacity(2);
    for stream in streams {
        let (content, has_ended) = stream.finish(start.linger)?;
        if !has_ended {
            ledger.note(Note::OutputCut);
        }
        contents.push(content);
    }
    let streams = [contents[0], contents[1]];
    Ok(Ran { ended, mode, streams })
}

fn described(resolved: &Resolved, working_dir: &Path) -> Command {
    let texts = |words: &[OsString]| words.iter().map(|word| text_of(word)).collect();
    Command {
        executable: path_text(&resolved.executable, working_dir),
        argv: texts(&resolved.argv),
        script: resolved.script.as_deref().map(|script| path_text(script, working_dir)),
        arguments: texts(&resolved.arguments),
    }
}

fn recorded_env(request: &Request) -> BTreeMap<String, Option<String>> {
    let value = |name: &String| request.variable(name).map(|value| text_of(value));
    request.recorded_env.iter().map(|name| (text_of(name.as_ref()), value(name))).collect()
}

/// The interpreter that ran in the end: wrappers that look for it have executed it.
fn interpreter(executable: &Path, files: &[FileRecord], request: &Request) -> Option<Interpreter> {
    rules::Language::of_interpreter(executable)?;
    let path = path_text(executable, &request.working_dir);
    let file = files.iter().find(|file| file.path == path && file.role != Role::Output)?;
    let version = manifest::version_of(executable, &request.environment);
    Some(Interpreter { path, digest: file.content.digest, version })
}
