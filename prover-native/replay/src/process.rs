//! Replay of a recorded process: the recorded world in a scratch folder, the recorded command, then how it ended and what it
//! left, against the claim.
//!
//! What is compared is the end: exit, outputs, links and folders made, streams. How a program gets there is its own business:
//! temporary files have other names each time.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io::{self, Seek, SeekFrom},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use verifier_core::{
    Digest, ReasonCode,
    capsule::{Claim, Exit, FileRef, Run, entry},
};

use super::{
    Difference, Place, Replay, ReplayError, ReplayOptions,
    sandbox::{Sandbox, View},
    scratch::{Found, Scratch},
    streams::{Printed, Reading, stream},
    world::{Runtime, Told, What, World, is_of_kernel},
};
use capseal_archive::bundle::Bundle;
use capseal_host::artifacts::digest_of;
use capseal_recorder::{string_of, text_of, tree::Kind};

/// Runs a recorded process again.
pub(super) fn run(bundle: &Bundle<'_>, options: &ReplayOptions) -> Result<Replay, ReplayError> {
    let Some(run) = &bundle.capsule().payload.run else { return Err(ReplayError::Backend) };
    let told = Told::of_container(bundle.container())?;
    if let Some(obstacle) = told.obstacles.iter().find(|obstacle| obstacle.certain) {
        return Err(ReplayError::Obstacle(obstacle.detail.clone()));
    }
    let sandbox = Sandbox::available();
    if sandbox == Sandbox::None && !options.unprotected {
        return Err(ReplayError::NoSandbox);
    }
    let sandbox = if options.unprotected { Sandbox::None } else { sandbox };
    let claim = &bundle.capsule().payload.claim;
    let runtime = runtime(bundle);
    let folder = PathBuf::from(string_of(&run.directory).unwrap_or_default());
    if !folder.is_absolute() {
        return Err(ReplayError::Tree(format!("the working folder {} is not absolute", run.directory)));
    }
    let world = World::plan(folder, &told, claim, &runtime)?;
    let others = other_runtime(&runtime.files, &world);
    let scratch = Scratch::fill(bundle, world, sandbox)?;
    let process = Process { scratch, claim, told: &told, sandbox };
    let ended = process.execute(bundle, run, options)?;
    let mut replay = process.compare(&ended);
    replay.lacking.extend(told.obstacles.iter().map(|obstacle| obstacle.detail.clone()));
    replay.lacking.extend(process.scratch.lacking.iter().cloned());
    if !others.is_empty() {
        replay.lacking.push(format!("{} files of the machine are others here, {} first", others.len(), others[0]));
    }
    replay.other_runtime = others;
    Ok(replay)
}

/// A process that is run again.
struct Process<'a> {
    scratch: Scratch,
    claim: &'a Claim,
    told: &'a Told,
    sandbox: Sandbox,
}

/// How a process ended, and what it printed.
struct Ended {
    how: How,
    /// Standard output and error; `None` for one that did not end.
    streams: [Option<Printed>; 2],
}

enum How {
    By(ExitStatus),
    Timeout(Duration),
    TooMuchOutput,
}

impl Process<'_> {
    fn execute(&self, bundle: &Bundle<'_>, run: &Run, options: &ReplayOptions) -> Result<Ended, ReplayError> {
        let words: Vec<OsString> = run.command.iter().filter_map(|word| string_of(word)).collect();
        let name = || run.command.first().cloned().unwrap_or_default();
        let failed = |error| ReplayError::Start(name(), error);
        let (program, arguments) = words.split_first().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let mut command = match self.sandbox {
            Sandbox::Bubblewrap => self.view().command(&self.scratch.world.folder, &words),
            Sandbox::None => {
                let mut command = Command::new(program);
                command.args(arguments).current_dir(self.scratch.place(&self.scratch.world.folder));
                command
            }
        };
        self.set_environment(&mut command);
        command.stdin(self.stdin(bundle)?);
        let (stdout, from_stdout) = stream().map_err(failed)?;
        let (stderr, from_stderr) = stream().map_err(failed)?;
        let child = command.stdout(stdout).stderr(stderr).spawn().map_err(failed)?;
        // It holds the write ends of the pipes.
        drop(command);
        let timeout = options.timeout.unwrap_or(Duration::from_millis(run.duration_ms) * 10).max(LEAST_TIMEOUT);
        let timeout = options.timeout.unwrap_or(timeout);
        let mut streams = [from_stdout, from_stderr].map(Some);
        let how = self.wait(child, timeout, &streams).map_err(failed)?;
        let streams = streams.each_mut().map(|stream| stream.take()?.finish());
        let said = |stream: &Option<Printed>| stream.as_ref().map(|printed| printed.start.clone()).unwrap_or_default();
        if let (How::By(status), Sandbox::Bubblewrap) = (&how, self.sandbox)
            && status.code() == Some(1)
            && said(&streams[1]).starts_with(b"bwrap: ")
        {
            let said = said(&streams[1]);
            let line = said.split(|byte| *byte == b'\n').next().unwrap_or_default();
            return Err(ReplayError::Sandbox(String::from_utf8_lossy(line).into_owned()));
        }
        Ok(Ended { how, streams })
    }

    fn set_environment(&self, command: &mut Command) {
        command.env_clear();
        // Without them no program finds anything, and texts and dates are others; that they are the recorded ones cannot be told.
        let of_machine =
            |name: &OsString| name.to_str().is_some_and(|name| OF_MACHINE.contains(&name) || name.starts_with("LC_"));
        command.envs(std::env::vars_os().filter(|(name, _)| of_machine(name)));
        for variable in &self.claim.environment.variables {
            let Some(name) = string_of(&variable.name).filter(|name| !name.is_empty()) else { continue };
            match variable.value.as_deref().and_then(string_of) {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    /// The recorded standard input: the file that it was, from where the run began to read, or nothing.
    fn stdin(&self, bundle: &Bundle<'_>) -> Result<Stdio, ReplayError> {
        let Some((path, offset)) = &self.told.stdin else { return Ok(Stdio::null()) };
        let file = self.claim.inputs.iter().find(|file| file.path == *path);
        let file =
            file.ok_or_else(|| ReplayError::Tree(format!("{path}, its standard input, is no input of the claim")))?;
        let world = &self.scratch.world;
        let place = world.resolve(&world.absolute(path)).filter(|place| {
            matches!(world.nodes.get(place), Some(node) if matches!(node.what, What::File { .. } | What::SameAs(_)))
        });
        let place = match place {
            Some(place) => self.scratch.place(&place),
            // It had no name any more.
            None => {
                let place = self.scratch.root().join("stdin");
                let failed = |error| ReplayError::Scratch(place.clone(), error);
                bundle.copy(&file.digest, &mut File::create_new(&place).map_err(failed)?)?;
                place
            }
        };
        let open = || -> io::Result<File> {
            let mut file = File::open(&place)?;
            file.seek(SeekFrom::Start(*offset))?;
            Ok(file)
        };
        open().map(Stdio::from).map_err(|error| ReplayError::Scratch(place.clone(), error))
    }

    fn view(&self) -> View {
        let (scratch, world) = (&self.scratch, &self.scratch.world);
        let mut view = View::default();
        for folder in [&world.folder, Path::new("/tmp"), Path::new("/var/tmp")] {
            view.bind(&scratch.place(folder), folder);
        }
        let is_outside = |path: &Path| !world.is_replaced(path) && !is_of_kernel(path);
        let outputs = self.claim.outputs.iter().filter_map(|file| world.resolve(&world.absolute(&file.path)));
        let outputs: BTreeSet<PathBuf> = outputs.filter(|path| is_outside(path)).collect();
        // A folder that the run wrote to, or listed, is one of the scratch folder, so that files can be made and renamed in it.
        let is_listed =
            |path: &Path| matches!(world.nodes.get(path), Some(node) if node.what == What::Folder { listed: true });
        let written = outputs.iter().filter_map(|path| path.parent());
        let listed = world.nodes.keys().map(PathBuf::as_path).filter(|path| is_outside(path) && is_listed(path));
        let folders: BTreeSet<&Path> = written.chain(listed).filter(|folder| *folder != Path::new("/")).collect();
        for folder in &folders {
            let place = scratch.place(folder);
            // What cannot be made there is missing in the end.
            let _ = fs::create_dir_all(&place);
            view.bind_over(&place, folder, |entry| {
                let is_recorded =
                    world.nodes.get(entry).map(|node| matches!(node.what, What::File { digest: Some(_), .. }));
                is_recorded.map_or(!is_listed(folder), |has_content| !has_content) && !outputs.contains(entry)
            });
        }
        for (path, node) in world.nodes.iter().filter(|(path, _)| is_outside(path)) {
            if path.parent().is_some_and(|folder| folders.contains(folder)) {
                continue;
            }
            match &node.what {
                What::File { digest: Some(_), .. } => view.bind(&scratch.place(path), path),
                What::Link(target) if path.symlink_metadata().is_err() => view.link(path, target),
                What::Folder { .. } if path.symlink_metadata().is_err() => view.folder(path),
                _ => {}
            }
        }
        for path in outputs.iter().filter(|path| path.parent() == Some(Path::new("/"))) {
            // An empty file takes the output in.
            if File::create(scratch.place(path)).is_ok() {
                view.bind(&scratch.place(path), path);
            }
        }
        view
    }

    /// Waits for the end, within bounds of time and of output.
    fn wait(&self, mut child: Child, timeout: Duration, streams: &[Option<Reading>; 2]) -> io::Result<How> {
        let began = Instant::now();
        let recorded: u64 = self.claim.outputs.iter().filter(|file| is_stream(file)).map(|file| file.size).sum();
        let most = recorded.saturating_mul(4).saturating_add(OUTPUT_MARGIN);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(How::By(status));
            }
            let written: u64 = streams.iter().flatten().map(|stream| stream.count.load(Ordering::Relaxed)).sum();
            let stop = if written > most {
                Some(How::TooMuchOutput)
            } else {
                (began.elapsed() > timeout).then_some(How::Timeout(timeout))
            };
            if let Some(how) = stop {
                child.kill()?;
                child.wait()?;
                return Ok(how);
            }
            thread::sleep(POLL);
        }
    }

    /// How it ended, then every output of the claim, then links and folders.
    fn compare(&self, ended: &Ended) -> Replay {
        let mut found = Replay {
            place: Place::Process(self.sandbox),
            agreed: Vec::new(),
            differences: Vec::new(),
            lacking: Vec::new(),
            other_runtime: Vec::new(),
        };
        let (agrees, detail) = match (&ended.how, &self.claim.exit) {
            (How::By(status), Some(exit)) => (same_exit(*status, exit), describe(*status)),
            (How::By(status), None) => (false, describe(*status)),
            (How::Timeout(after), _) => (false, format!("it was ended after {} s", after.as_secs())),
            (How::TooMuchOutput, _) => (false, "it was ended for writing far more than recorded".to_owned()),
        };
        if agrees {
            found.agreed.push(detail);
        } else {
            let detail = format!("{detail}; recorded: {}", describe_exit(self.claim.exit.as_ref()));
            found.differences.push(Difference::new(ReasonCode::ReplayExitDiverged, detail));
        }
        for file in &self.claim.outputs {
            let content = match file.path.as_str() {
                "/dev/stdout" => printed(ended.streams[0].as_ref()),
                "/dev/stderr" => printed(ended.streams[1].as_ref()),
                _ => self.scratch.content_at(file),
            };
            note(&mut found, &file.path, content, file.digest);
        }
        self.compare_made(&mut found);
        found
    }

    fn compare_made(&self, found: &mut Replay) {
        for entry in &self.told.made {
            let path = self.scratch.world.absolute(&entry.path);
            let differs = match &entry.kind {
                Kind::Link { target } => {
                    let leads = self.scratch.link_at(&path).map(|target| text_of(target.as_os_str()));
                    (leads.as_ref() != Some(target)).then(|| match leads {
                        Some(leads) => format!("{} is a link to {leads}, not to {target}", entry.path),
                        None => format!("{} is not there, as a link to {target}", entry.path),
                    })
                }
                Kind::Folder { .. } => {
                    (!self.scratch.is_folder(&path)).then(|| format!("the folder {} is not there", entry.path))
                }
                Kind::File { .. } | Kind::Pipe => None,
            };
            match (differs, &entry.kind) {
                (Some(detail), _) => found.differences.push(Difference::new(ReasonCode::ReplayOutputDiverged, detail)),
                (None, Kind::Link { target }) => found.agreed.push(format!("{} is a link to {target}", entry.path)),
                (None, _) => {}
            }
        }
    }
}

/// Variables that are taken from this machine, besides those of the language's settings.
const OF_MACHINE: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];
/// Not shorter, however short the recorded run was: the first start of an interpreter takes its time.
const LEAST_TIMEOUT: Duration = Duration::from_secs(60);
/// How often the end is looked for.
const POLL: Duration = Duration::from_millis(10);
/// Bytes of output that a replay may always write.
const OUTPUT_MARGIN: u64 = 64 << 20;

fn printed(stream: Option<&Printed>) -> Found {
    stream.map_or(Found::Nothing, |printed| Found::Content(printed.digest))
}

fn note(replay: &mut Replay, what: &str, found: Found, stated: Digest) {
    let found = match found {
        Found::Content(digest) if digest == stated => return replay.agreed.push(format!("{what}: {digest}")),
        Found::Content(digest) => digest.to_string(),
        Found::OfLength(length) => format!("another content, {length} bytes long"),
        Found::Nothing => "not there".to_owned(),
    };
    let detail = format!("{what} is {found}, not {stated}");
    replay.differences.push(Difference::new(ReasonCode::ReplayOutputDiverged, detail));
}

fn is_stream(file: &FileRef) -> bool {
    matches!(file.path.as_str(), "/dev/stdout" | "/dev/stderr")
}

/// Bubblewrap passes a signal on as shells do.
fn same_exit(status: ExitStatus, exit: &Exit) -> bool {
    let (code, signal) = (status.code().map(i64::from), status.signal().map(i64::from));
    let [stated_code, stated_signal] =
        [exit.code, exit.signal].map(|number| number.and_then(|n| i64::try_from(n).ok()));
    match (stated_code, stated_signal) {
        (Some(stated), None) => code == Some(stated),
        (None, Some(stated)) => signal == Some(stated) || code == stated.checked_add(128),
        _ => false,
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, signal) => format!("it was ended by signal {}", signal.unwrap_or_default()),
    }
}

fn describe_exit(exit: Option<&Exit>) -> String {
    match exit {
        Some(Exit { code: Some(code), .. }) => format!("exit code {code}"),
        Some(Exit { signal: Some(signal), .. }) => format!("signal {signal}"),
        _ => "nothing".to_owned(),
    }
}

/// Files of the record's machine.
fn runtime(bundle: &Bundle<'_>) -> Runtime {
    let manifest = bundle.container().get(&entry::manifest("runtime")).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let files = manifest.get("files").and_then(Value::as_array).into_iter().flatten();
    let file =
        |file: &Value| Some((file.get("path")?.as_str()?.to_owned(), Digest::from_hex(file.get("sha256")?.as_str()?)?));
    let has_folders = manifest.get("folders").and_then(Value::as_array).is_some_and(|folders| !folders.is_empty());
    Runtime { files: files.filter_map(file).collect(), has_folders }
}

/// Those that the program finds as they are here, and that are others; what stands in the scratch folder is looked at there.
fn other_runtime(runtime: &[(String, Digest)], world: &World) -> Vec<String> {
    let differs = |(path, stated): &&(String, Digest)| {
        let place = world.absolute(path);
        if world.is_replaced(&place) || is_of_kernel(&place) {
            return false;
        }
        let regular = fs::metadata(&place).is_ok_and(|metadata| metadata.is_file());
        let found = regular.then(|| File::open(&place).and_then(digest_of).ok()).flatten();
        found.is_none_or(|found| found.digest != *stated)
    };
    runtime.iter().filter(differs).map(|(path, _)| path.clone()).collect()
}
