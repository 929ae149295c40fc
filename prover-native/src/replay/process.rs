//! Replay of a recorded process: the recorded files in a scratch folder, the recorded command, then every content that the
//! event log tells of, in its order.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs::{self, File},
    io,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use verifier_core::{
    Digest, ReasonCode,
    capsule::{Claim, Exit, FileRef, Run, entry},
    event_log,
};

use super::{
    Difference, Place, Replay, ReplayError, ReplayOptions,
    sandbox::{Sandbox, View},
};
use crate::{artifacts::digest_of, bundle::Bundle, run::string_of};

/// Runs a recorded process again. A record does not tell which empty folders there were: when an output is missing and its folder was
/// too, the run is made once more with the folder there.
pub(super) fn run(bundle: &Bundle<'_>, options: &ReplayOptions) -> Result<Replay, ReplayError> {
    let sandbox = Sandbox::available();
    if sandbox == Sandbox::None && !options.unprotected {
        return Err(ReplayError::NoSandbox);
    }
    let sandbox = if options.unprotected { Sandbox::None } else { sandbox };
    let Some(run) = &bundle.capsule().payload.run else { return Err(ReplayError::Backend) };
    let attempt = |folders: bool| -> Result<(Replay, bool), ReplayError> {
        let scratch = Scratch::fill(bundle, run, sandbox, folders)?;
        let ended = scratch.execute(run, options)?;
        Ok((scratch.compare(bundle, ended), scratch.lacks_folders))
    };
    let (first, lacks_folders) = attempt(false)?;
    let mut replay = first;
    if !replay.differences.is_empty() && lacks_folders {
        let (second, _) = attempt(true)?;
        replay = if second.differences.len() < replay.differences.len() { second } else { replay };
    }
    replay.other_runtime = other_runtime(bundle);
    Ok(replay)
}

/// The folder that a process runs in, and what stands in for places outside of it.
struct Scratch<'a> {
    dir: tempfile::TempDir,
    claim: &'a Claim,
    folder: PathBuf,
    sandbox: Sandbox,
    /// Whether an output's folder is none of the recorded files'.
    lacks_folders: bool,
}

/// How a process ended.
enum Ended {
    By(ExitStatus),
    Timeout(Duration),
    TooMuchOutput,
}

impl<'a> Scratch<'a> {
    fn fill(bundle: &'a Bundle<'_>, run: &Run, sandbox: Sandbox, folders: bool) -> Result<Self, ReplayError> {
        let dir = tempfile::Builder::new().prefix("capseal-replay-").tempdir();
        let dir = dir.map_err(|error| ReplayError::Scratch(std::env::temp_dir(), error))?;
        let folder = PathBuf::from(string_of(&run.directory).unwrap_or_default());
        let claim = &bundle.capsule().payload.claim;
        let mut scratch = Self { dir, claim, folder, sandbox, lacks_folders: false };
        for place in [scratch.work(), scratch.outside(Path::new("/tmp")), scratch.outside(Path::new("/var/tmp"))] {
            fs::create_dir_all(&place).map_err(|error| ReplayError::Scratch(place, error))?;
        }
        for file in claim.code.iter().chain(&claim.inputs).chain(&claim.config.files) {
            scratch.put(bundle, file)?;
        }
        for file in &claim.outputs {
            let place = scratch.place(file);
            let Some(parent) = place.parent().filter(|parent| !is_stream(file) && !parent.exists()) else { continue };
            scratch.lacks_folders = true;
            if folders {
                fs::create_dir_all(parent).map_err(|error| ReplayError::Scratch(place, error))?;
            }
        }
        Ok(scratch)
    }

    /// What stands for the working folder.
    fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// What stands for a place outside of the working folder.
    fn outside(&self, path: &Path) -> PathBuf {
        self.dir.path().join("outside").join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Where a file of the claim stands.
    fn place(&self, file: &FileRef) -> PathBuf {
        let path = PathBuf::from(string_of(&file.path).unwrap_or_default());
        match file.path.as_str() {
            "/dev/stdout" => self.dir.path().join("stdout"),
            "/dev/stderr" => self.dir.path().join("stderr"),
            _ if path.is_relative() => self.work().join(path),
            _ if self.sandbox == Sandbox::None => path,
            _ => self.outside(&path),
        }
    }

    fn put(&self, bundle: &Bundle<'_>, file: &FileRef) -> Result<(), ReplayError> {
        let place = self.place(file);
        if file.path.starts_with('/') && self.sandbox == Sandbox::None {
            // Nothing is ever written outside of the scratch folder.
            let here = File::open(&place).and_then(digest_of).is_ok_and(|found| found.digest == file.digest);
            return if here { Ok(()) } else { Err(ReplayError::Outside(file.path.clone())) };
        }
        let failed = |error| ReplayError::Scratch(place.clone(), error);
        fs::create_dir_all(place.parent().unwrap_or(&place)).map_err(failed)?;
        let mut to = File::create(&place).map_err(failed)?;
        bundle.copy(&file.digest, &mut to)?;
        // Permissions are not recorded; code may be executed by its name.
        to.set_permissions(fs::Permissions::from_mode(0o755)).map_err(failed)
    }

    fn execute(&self, run: &Run, options: &ReplayOptions) -> Result<Ended, ReplayError> {
        let words: Vec<OsString> = run.command.iter().filter_map(|word| string_of(word)).collect();
        let name = || run.command.first().cloned().unwrap_or_default();
        let failed = |error| ReplayError::Start(name(), error);
        let (program, arguments) = words.split_first().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))?;
        let mut command = match self.sandbox {
            Sandbox::Bubblewrap => self.view().command(&self.folder, &words),
            Sandbox::None => {
                let mut command = Command::new(program);
                command.args(arguments).current_dir(self.work());
                command
            }
        };
        command.env_clear();
        // Without it no program finds anything; that it is the recorded one cannot be told.
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        for variable in &self.claim.environment.variables {
            if let (Some(name), Some(value)) =
                (string_of(&variable.name), variable.value.as_deref().and_then(string_of))
            {
                command.env(name, value);
            }
        }
        let [stdout, stderr] = ["stdout", "stderr"].map(|name| File::create(self.dir.path().join(name)));
        command.stdin(Stdio::null()).stdout(stdout.map_err(failed)?).stderr(stderr.map_err(failed)?);
        let child = command.spawn().map_err(failed)?;
        let timeout = options.timeout.unwrap_or(Duration::from_millis(run.duration_ms) * 10).max(LEAST_TIMEOUT);
        let timeout = options.timeout.unwrap_or(timeout);
        self.wait(child, timeout).map_err(failed)
    }

    fn view(&self) -> View {
        let mut view = View::new(&self.dir.path().join("outside"));
        view.bind("--bind", &self.work(), &self.folder);
        let below_temporary = |path: &Path| path.starts_with("/tmp") || path.starts_with("/var/tmp");
        let files = self.claim.code.iter().chain(&self.claim.inputs).chain(&self.claim.config.files);
        let outside = |file: &&FileRef| file.path.starts_with('/') && !is_stream(file);
        let read: BTreeSet<PathBuf> =
            files.filter(outside).map(|file| string_of(&file.path).unwrap_or_default().into()).collect();
        for path in read.iter().filter(|path| !below_temporary(path)) {
            view.bind("--bind", &self.outside(path), path);
        }
        for file in self.claim.outputs.iter().filter(outside) {
            let path = PathBuf::from(string_of(&file.path).unwrap_or_default());
            if !below_temporary(&path) && !read.contains(&path) {
                let place = self.outside(&path);
                // An empty file takes the output in; without it the place would be read-only.
                let made = fs::create_dir_all(place.parent().unwrap_or(&place)).and_then(|()| File::create(&place));
                if made.is_ok() {
                    view.bind("--bind", &place, &path);
                }
            }
        }
        view
    }

    /// Waits for the end, within bounds of time and of output.
    fn wait(&self, mut child: Child, timeout: Duration) -> io::Result<Ended> {
        let began = Instant::now();
        let recorded: u64 = self.claim.outputs.iter().filter(|file| is_stream(file)).map(|file| file.size).sum();
        let most = recorded.saturating_mul(4).saturating_add(OUTPUT_MARGIN);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Ended::By(status));
            }
            let written: u64 = ["stdout", "stderr"]
                .iter()
                .filter_map(|name| fs::metadata(self.dir.path().join(name)).ok())
                .map(|metadata| metadata.len())
                .sum();
            let stop = if written > most {
                Some(Ended::TooMuchOutput)
            } else {
                (began.elapsed() > timeout).then_some(Ended::Timeout(timeout))
            };
            if let Some(ended) = stop {
                child.kill()?;
                child.wait()?;
                return Ok(ended);
            }
            thread::sleep(POLL);
        }
    }

    /// Everything that the event log tells of outputs, in its order, then the outputs that it does not name.
    fn compare(&self, bundle: &Bundle<'_>, ended: Ended) -> Replay {
        let mut found = Replay {
            place: Place::Process(self.sandbox),
            agreed: Vec::new(),
            differences: Vec::new(),
            other_runtime: Vec::new(),
        };
        let log = bundle.container().get(entry::EVENTS).unwrap_or_default();
        for (line, event) in event_log::events(log).iter().enumerate() {
            if let Some(told) = Told::of(event) {
                let digest = self.digest_at(told.path);
                let what = format!("{} (event {line})", told.path);
                note(&mut found, ReasonCode::ReplayEventDiverged, &what, digest, told.digest);
            }
        }
        for file in &self.claim.outputs {
            note(
                &mut found,
                ReasonCode::ReplayOutputDiverged,
                &file.path,
                self.digest_at(&file.path),
                Some(file.digest),
            );
        }
        let (agrees, detail) = match (&ended, &self.claim.exit) {
            (Ended::By(status), Some(exit)) => (same_exit(*status, exit), describe(*status)),
            (Ended::By(status), None) => (false, describe(*status)),
            (Ended::Timeout(after), _) => (false, format!("it was ended after {} s", after.as_secs())),
            (Ended::TooMuchOutput, _) => (false, "it was ended for writing far more than recorded".to_owned()),
        };
        if agrees {
            found.agreed.push(detail);
        } else {
            let detail = format!("{detail}; recorded: {}", describe_exit(self.claim.exit.as_ref()));
            // How it ended explains the rest.
            found.differences.insert(0, Difference::new(ReasonCode::ReplayExitDiverged, detail));
        }
        found
    }

    /// What is now at the place of a file of the claim; links are not followed out of the scratch folder.
    fn digest_at(&self, path: &str) -> Option<Digest> {
        let place = self.place(&FileRef { path: path.to_owned(), digest: Digest::default(), size: 0 });
        let real = fs::canonicalize(&place).ok()?;
        let root = fs::canonicalize(self.dir.path()).ok()?;
        if !real.starts_with(root) || !real.is_file() {
            return None;
        }
        digest_of(File::open(real).ok()?).ok().map(|artifact| artifact.digest)
    }
}

/// Not shorter, however short the recorded run was: the first start of an interpreter takes its time.
const LEAST_TIMEOUT: Duration = Duration::from_secs(60);
/// How often the end is looked for.
const POLL: Duration = Duration::from_millis(10);
/// Bytes of output that a replay may always write.
const OUTPUT_MARGIN: u64 = 64 << 20;

/// A content that an event tells of.
struct Told<'a> {
    path: &'a str,
    /// `None` when the file was gone at the end.
    digest: Option<Digest>,
}

impl<'a> Told<'a> {
    fn of(event: &'a Map<String, Value>) -> Option<Self> {
        let text = |key: &str| event.get(key).and_then(Value::as_str);
        let path = match text("type")? {
            "file_written" => text("path")?,
            "stream_ended" if text("stream") == Some("stdout") => "/dev/stdout",
            "stream_ended" => "/dev/stderr",
            _ => return None,
        };
        Some(Self { path, digest: text("digest").and_then(Digest::from_hex) })
    }
}

fn note(replay: &mut Replay, code: ReasonCode, what: &str, found: Option<Digest>, stated: Option<Digest>) {
    let show = |digest: Option<Digest>| digest.map_or("not there".to_owned(), |digest| digest.to_string());
    if found == stated {
        replay.agreed.push(format!("{what}: {}", show(found)));
    } else {
        replay.differences.push(Difference::new(code, format!("{what} is {}, not {}", show(found), show(stated))));
    }
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

/// Files of the record's runtime that are others here.
fn other_runtime(bundle: &Bundle<'_>) -> Vec<String> {
    let manifest = bundle.container().get(&entry::manifest("runtime")).unwrap_or_default();
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let files = manifest.get("files").and_then(Value::as_array).into_iter().flatten();
    let differs = |file: &Value| {
        let path = file.get("path")?.as_str()?;
        let stated = Digest::from_hex(file.get("sha256")?.as_str()?)?;
        let place = PathBuf::from(string_of(path)?);
        let regular = fs::metadata(&place).is_ok_and(|metadata| metadata.is_file());
        let found = regular.then(|| File::open(&place).and_then(digest_of).ok()).flatten();
        (path.starts_with('/') && found.is_none_or(|found| found.digest != stated)).then(|| path.to_owned())
    };
    files.filter_map(differs).collect()
}
