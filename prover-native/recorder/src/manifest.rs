//! Environment manifests: facts about the machine, the tools and the capture, as JSON without floats and nulls.
//!
//! Facts, not identities: no host name, no user name, no address. What cannot be found out is left out.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::{Map, Value, json};
use verifier_core::Digest;

use super::{
    Capture, Mode, Obstacle, Request,
    record::{FileRecord, Note, Role, Stdin},
    rules::Language,
    summary,
    text::text_of,
};
use crate::tree::{Entry, Extent};

/// Every manifest of a run, by name. Those about a container, a working tree and a build are there when there is one.
pub(super) fn manifests(
    request: &Request,
    capture: &mut Capture,
    files: &[FileRecord],
    interpreter: Option<&Interpreter>,
    again: &Again<'_>,
) -> BTreeMap<String, Value> {
    let runtime: Vec<_> = files.iter().filter(|file| file.role == Role::Runtime).collect();
    let (runtime, by_folder) = summary::runtime(&runtime, RUNTIME_BYTES);
    if by_folder {
        capture.notes.insert(Note::RuntimeByFolder);
    }
    let manifests = [
        ("replay", again.manifest()),
        ("os", os()),
        ("cpu", cpu()),
        ("toolchain", toolchain(interpreter)),
        ("runtime", runtime),
        ("capture", of_capture(capture)),
    ];
    let found = [("container", container(request)), ("git", git(request)), ("build", build(request))];
    let found = found.into_iter().filter_map(|(name, manifest)| Some((name, manifest?)));
    manifests.into_iter().chain(found).map(|(name, manifest)| (name.to_owned(), manifest)).collect()
}

/// What a run needs to be made again, besides the claim.
pub(super) struct Again<'a> {
    pub(super) stdin: &'a Stdin,
    /// Where in a file the run began to read.
    pub(super) stdin_offset: u64,
    pub(super) obstacles: &'a [Obstacle],
    pub(super) tree: Option<&'a (Extent, Vec<Entry>)>,
    pub(super) made: &'a [Entry],
}

impl Again<'_> {
    fn manifest(&self) -> Value {
        let stdin = match self.stdin {
            Stdin::File(path) => json!({ "kind": "file", "path": path, "offset": self.stdin_offset }),
            Stdin::Null => json!({ "kind": "null" }),
            Stdin::Terminal => json!({ "kind": "terminal" }),
            Stdin::Pipe => json!({ "kind": "pipe" }),
            Stdin::Device => json!({ "kind": "device" }),
        };
        let entries = |entries: &[Entry]| -> Value { entries.iter().map(Entry::to_json).collect() };
        let obstacles: Vec<_> = self.obstacles.iter().take(MOST_OBSTACLES).map(Obstacle::to_json).collect();
        object([
            ("stdin", Some(stdin)),
            ("obstacles", Some(obstacles.into())),
            ("extent", self.tree.map(|(extent, _)| extent.name().into())),
            ("before", self.tree.map(|(_, before)| entries(before))),
            ("made", Some(entries(self.made))),
        ])
    }
}

/// More of them say no more.
const MOST_OBSTACLES: usize = 64;

/// The container that the run was in, as its runtime or its user says.
fn container(request: &Request) -> Option<Value> {
    let podman = fs::read_to_string("/run/.containerenv").ok();
    let field = |name: &str| {
        let value = podman.as_ref()?.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim_matches('"').to_owned()).filter(|value| !value.is_empty())
    };
    let told = variable(request, IMAGE_DIGEST);
    let runtime = match &podman {
        Some(_) => Some("podman"),
        None if Path::new("/.dockerenv").exists() => Some("docker"),
        None => None,
    };
    let digest = told.or_else(|| field("imageid").map(|id| format!("sha256:{id}")));
    let digest = digest.filter(|text| text.strip_prefix("sha256:").and_then(Digest::from_hex).is_some());
    if runtime.is_none() && digest.is_none() {
        return None;
    }
    Some(object([
        ("runtime", runtime.map(Value::from)),
        ("image", field("image").map(Value::from)),
        ("image_digest", digest.map(Value::from)),
    ]))
}

/// Well within what a verifier reads of a document.
const RUNTIME_BYTES: usize = 768 << 10;

/// Tells the digest of the image to a run that cannot find it out: Docker does not say it inside of a container.
const IMAGE_DIGEST: &str = "CAPSEAL_IMAGE_DIGEST";

/// The working tree that the run was in, as it was afterwards: its commit, and whether files differ from it.
fn git(request: &Request) -> Option<Value> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        // Neither hooks nor helpers that the tree's own configuration names.
        command.args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]);
        command.args(arguments).current_dir(&request.working_dir).env_remove("GIT_DIR").env("GIT_TERMINAL_PROMPT", "0");
        ask(command)
    };
    let (status, commit) = git(&["rev-parse", "--verify", "HEAD"])?;
    let clean = git(&["diff", "--quiet", "--no-ext-diff", "--no-textconv", "HEAD", "--"])?.0;
    let dirty = match clean.code() {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    };
    status.success().then(|| object([("commit", commit.map(Value::from)), ("dirty", dirty.map(Value::from))]))
}

/// What compilers were told, of the variables that are recorded anyway. A build with a fixed clock counts as deterministic.
fn build(request: &Request) -> Option<Value> {
    let recorded = BUILD_VARIABLES.iter().filter(|name| request.recorded_env.iter().any(|recorded| recorded == *name));
    let flags: Map<String, Value> =
        recorded.filter_map(|name| Some(((*name).to_owned(), variable(request, name)?.into()))).collect();
    let fixed = flags.get(SOURCE_DATE_EPOCH).and_then(Value::as_str).is_some_and(|epoch| epoch.parse::<u64>().is_ok());
    (!flags.is_empty()).then(|| json!({ "deterministic": fixed, "flags": flags }))
}

/// The clock of a reproducible build (reproducible-builds.org).
const SOURCE_DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

const BUILD_VARIABLES: [&str; 8] =
    ["CFLAGS", "CXXFLAGS", "GOFLAGS", "LDFLAGS", "PYTHONHASHSEED", "RUSTC_WRAPPER", "RUSTFLAGS", SOURCE_DATE_EPOCH];

/// A variable of the run's environment.
fn variable(request: &Request, name: &str) -> Option<String> {
    let (_, value) = request.environment.iter().find(|(found, _)| found.to_str() == Some(name))?;
    Some(text_of(value))
}

/// The interpreter of a run, as the toolchain manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// Path text.
    pub(super) path: String,
    pub(super) digest: Digest,
    /// What it prints when asked for its version.
    pub(super) version: Option<String>,
}

fn os() -> Value {
    let kernel = |name: &str| fs::read_to_string(Path::new("/proc/sys/kernel").join(name)).ok().map(|text| line(&text));
    let release = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release"));
    let release = release.unwrap_or_default();
    let distribution = |key: &str| -> Option<String> {
        let value = release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        Some(value.trim_matches(['"', '\'']).to_owned())
    };
    object([
        ("family", Some(std::env::consts::OS.into())),
        ("architecture", Some(std::env::consts::ARCH.into())),
        ("kernel", kernel("ostype").map(Value::from)),
        ("kernel_release", kernel("osrelease").map(Value::from)),
        ("kernel_version", kernel("version").map(Value::from)),
        ("distribution", distribution("ID").map(Value::from)),
        ("distribution_version", distribution("VERSION_ID").map(Value::from)),
        ("distribution_name", distribution("PRETTY_NAME").map(Value::from)),
    ])
}

fn cpu() -> Value {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| -> Option<String> {
        let (_, value) = cpuinfo.lines().find_map(|line| line.split_once(':').filter(|(key, _)| key.trim() == name))?;
        Some(line(value))
    };
    let flags = field("flags").or_else(|| field("Features")).map(|flags| {
        let mut flags: Vec<_> = flags.split_whitespace().collect();
        flags.sort_unstable();
        Digest::of_content(flags.join(" ").as_bytes()).to_string()
    });
    let cores = thread::available_parallelism().ok().map(|count| count.get().into());
    let online = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    object([
        ("vendor", field("vendor_id").map(Value::from)),
        ("model", field("model name").map(Value::from)),
        ("logical_cores", (online > 0).then(|| online.into())),
        ("usable_cores", cores),
        ("flags_sha256", flags.map(Value::from)),
        ("memory_bytes", memory().map(Value::from)),
        ("gpu_devices", Some(gpu_devices().into())),
    ])
}

fn memory() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?.trim().strip_suffix(" kB")?;
    kibibytes.parse::<u64>().ok()?.checked_mul(1024)
}

/// Device files of graphics processors: whether the machine had one that a program could use.
fn gpu_devices() -> Vec<String> {
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| text_of(&entry.file_name())).collect()
    };
    let is_card = |name: &str, prefix: &str| {
        name.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut devices: Vec<_> =
        names("/dev").into_iter().filter(|name| name == "kfd" || is_card(name, "nvidia")).collect();
    devices.extend(names("/dev/dri").into_iter().filter(|name| is_card(name, "renderD")));
    devices.sort();
    devices
}

fn toolchain(interpreter: Option<&Interpreter>) -> Value {
    let interpreter = interpreter.map(|interpreter| {
        object([
            ("path", Some(interpreter.path.clone().into())),
            ("sha256", Some(interpreter.digest.to_string().into())),
            ("version", interpreter.version.clone().map(Value::from)),
        ])
    });
    object([("capseal", Some(env!("CARGO_PKG_VERSION").into())), ("interpreter", interpreter)])
}

fn of_capture(capture: &Capture) -> Value {
    let (mode, mechanism, reason) = match &capture.mode {
        Mode::Observed => ("observed", "ptrace and seccomp", None),
        Mode::Declared { reason } => ("declared", "none", Some(reason.clone().into())),
    };
    let notes: Vec<_> = capture.notes.iter().map(|note| note.name()).collect();
    object([
        ("mode", Some(mode.into())),
        ("mechanism", Some(mechanism.into())),
        ("reason", reason),
        ("notes", Some(notes.into())),
    ])
}

/// Asks an interpreter for its version. Only those that are known to answer without doing anything else are asked.
pub(super) fn version_of(
    executable: &Path,
    environment: &[(std::ffi::OsString, std::ffi::OsString)],
) -> Option<String> {
    Language::of_interpreter(executable)?;
    let mut command = Command::new(executable);
    command.arg("--version").env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    let (status, answer) = ask(command)?;
    answer.filter(|_| status.success())
}

/// Runs a command that answers in one line, and waits for it for a while.
fn ask(mut command: Command) -> Option<(ExitStatus, Option<String>)> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let (answer, answers) = mpsc::channel();
    let pipes = (child.stdout.take()?, child.stderr.take()?);
    thread::spawn(move || {
        let read = |pipe: &mut dyn Read| -> io::Result<String> {
            let mut bytes = Vec::new();
            pipe.take(LONGEST_VERSION).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let (mut stdout, mut stderr) = pipes;
        // Nobody waits any more when it took too long.
        let _ = answer.send((read(&mut stdout), read(&mut stderr)));
    });
    let answered = answers.recv_timeout(PATIENCE);
    if answered.is_err() {
        // It may have ended by itself just now.
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    let (stdout, stderr) = answered.ok()?;
    let first = |text: io::Result<String>| text.ok().map(|text| line(&text)).filter(|line| !line.is_empty());
    Some((status, first(stdout).or_else(|| first(stderr))))
}

/// The first line that is not blank, on one line of a record.
fn line(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|character| !character.is_control()).collect()
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(fields.collect::<Map<_, _>>())
}

/// Far more than any version.
const LONGEST_VERSION: u64 = 4096;
const PATIENCE: Duration = Duration::from_secs(5);
