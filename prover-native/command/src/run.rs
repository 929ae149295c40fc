//! `capseal run`.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::IsTerminal,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::MetadataExt,
    },
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use verifier_core::sentence::Counted;

use super::{
    output::{BAD, FAINT, Failure, GOOD, Size, WARNING, eprintln_line, printable},
    run_guest::{self, MachineOptions},
    sealing::Sealing,
};
use capseal_archive::bundle::archive_beside;
use capseal_host::{
    artifacts::ArtifactStore,
    whole_file::{self, Existing},
};
use capseal_recorder as run;
use capseal_recorder::{CaptureChoice, Exit, Observer, Passthrough, Program, Request, Role, RunRecord, Stage, Stream};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Destination, EMBED_LIMIT, SealError, Sealed};

/// Run a script or a command and seal a record of the run.
///
/// The program runs as it would without capseal: same folder, same environment, its output passed through. On Linux the files
/// that it opens are observed, so that code, inputs and outputs need not be declared. A run that fails is sealed too.
///
/// Of the environment only the variables named with --env enter the receipt; arguments and file contents do: keep secrets out
/// of both. Exit status: that of the program (128 + signal when a signal ended it); 1 when there is no receipt,
/// or when the program's output could not be passed on.
///
/// A RISC-V ELF file runs on the RV32IM machine instead: capseal run program.elf --help.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, override_usage = USAGE, disable_help_subcommand = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// A file or folder that is an input, whether or not the run opens it.
    #[arg(long, value_name = "PATH")]
    pub(super) input: Vec<PathBuf>,
    /// The configuration file.
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Record this environment variable; all others stay out of the receipt.
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// A file or folder that the run must leave.
    #[arg(long, value_name = "PATH")]
    output: Vec<PathBuf>,
    /// Where to write the receipt.
    #[arg(long, default_value = DEFAULT_OUT, value_name = "FILE")]
    pub(super) out: PathBuf,
    /// Replace the file at `--out`.
    #[arg(long)]
    pub(super) force: bool,
    /// How files are found: by observing the run if the system allows it, or only as declared.
    #[arg(long, value_enum, default_value = "auto")]
    capture: Capture,
    /// Archives up to this many bytes travel in the receipt; a longer one is written beside it, and its small contents travel all the same.
    #[arg(long, default_value_t = EMBED_LIMIT, value_name = "BYTES")]
    embed_limit: u64,
    #[command(flatten)]
    pub(super) sealing: Sealing,
    /// Print the result as JSON on standard error (standard output belongs to the program).
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) machine: MachineOptions,
}

/// Where receipts go that no other place is named for.
pub(super) const DEFAULT_OUT: &str = "run.cap";

impl Arguments {
    /// What is to be run: a program by its path, or a command, with its arguments.
    pub(super) fn words(&self) -> &[OsString] {
        match &self.what {
            What::Command { words } | What::Program(words) => words,
        }
    }

    /// The first option in use that RISC-V programs have not.
    pub(super) fn foreign_to_guests(&self) -> Option<&'static str> {
        [
            ("--config", self.config.is_some()),
            ("--env", !self.env.is_empty()),
            ("--output", !self.output.is_empty()),
            ("--capture", !matches!(self.capture, Capture::Auto)),
            ("--embed-limit", self.embed_limit != EMBED_LIMIT),
            ("a second --input", self.input.len() > 1),
        ]
        .into_iter()
        .find_map(|(name, is_used)| is_used.then_some(name))
    }
}

/// What is to be run. To the parser it is a subcommand: all that follows belongs to it, whatever it looks like.
#[derive(Debug, Subcommand)]
enum What {
    /// A command to be looked up in PATH, with its arguments.
    #[command(name = "--", hide = true, disable_help_flag = true)]
    Command {
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND")]
        words: Vec<OsString>,
    },
    /// A script or executable by its path, with its arguments.
    #[command(external_subcommand)]
    Program(Vec<OsString>),
}

const USAGE: &str = "\
capseal run [OPTIONS] PROGRAM [ARGUMENTS]...
       capseal run [OPTIONS] -- COMMAND [ARGUMENTS]...  (looked up in PATH)";

const EXAMPLES: &str = "\
Examples:
  capseal run ./strategy.py data.csv
  capseal run guest.elf --input data.csv --out run.cap
  capseal run --input prices/ --config strategy.toml --out monday.cap ./strategy.py
  capseal run --env TZ -- sort -u words.txt";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Capture {
    Auto,
    Observed,
    Declared,
}

pub(super) fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    if run_guest::is_guest(arguments.words()) {
        return run_guest::execute(arguments);
    }
    if arguments.machine.is_used() {
        let program = arguments.words().first().map(|word| word.to_string_lossy()).unwrap_or_default();
        return Err(Failure::explained_by(
            format_args!("{} is not a RISC-V program", printable(&program)),
            "--no-prove, --max-cycles and --profile are for ELF files of the RV32IM machine",
        ));
    }
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let out = arguments.out.clone();
    // Absolute, so that a run which replaces its own folder gets its receipt all the same.
    let destination = Destination { path: std::path::absolute(&out)?, existing };
    let place =
        ArchivePlace { embed_limit: arguments.embed_limit, detached: archive_beside(&destination.path), existing };
    destination.check().map_err(explain_seal)?;
    // Whether the archive is to lie there is known after the run only; then it would be too late.
    whole_file::check(&place.detached, existing).map_err(|error| explain_seal(error.into()))?;
    let json = arguments.json;
    let ready = arguments.sealing.ready()?;
    let request = request(arguments)?;

    let store = ArtifactStore::beside(&destination.path)?;
    let progress = Arc::new(Progress::new(json));
    let record = run::execute(&request, &store, progress.clone()).map_err(|error| {
        let next = error.next_step();
        Failure::explained(error, next)
    })?;
    progress.stage(Stage::Finishing);
    // The run may have removed the folder, as a build that starts with cleaning does.
    if let Some(folder) = destination.path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut committed = seal::process_under(&record, store, &place, ready.policy.as_ref()).map_err(explain_seal)?;
    let registration = ready.register(&mut committed);
    ready.sign(&mut committed)?;
    let sealed = committed.write(&destination);
    progress.clear();
    let sealed = sealed.map_err(explain_seal)?;
    let sealed = Sealed { archive: sealed.archive.as_ref().map(|_| archive_beside(&out)), path: out, ..sealed };

    if json {
        print_json(&record, &sealed)
    } else {
        print(&record, &sealed)
    }
    registration.keep(&sealed.path)?;
    progress.lost().map_or_else(|| Ok(ExitCode::from(exit_status(record.exit))), Err)
}

fn explain_seal(error: SealError) -> Failure {
    let next = error.next_step();
    Failure::explained(error, next)
}

fn request(arguments: Arguments) -> Result<Request, Failure> {
    let program = match arguments.what {
        What::Command { words } => Program::Command(words),
        What::Program(words) => {
            let mut words = words.into_iter();
            let path = words.next().unwrap_or_default().into();
            Program::Script { path, args: words.collect() }
        }
    };
    let mut request = Request::new(program)?;
    request.inputs = arguments.input;
    request.config = arguments.config;
    request.outputs = arguments.output;
    request.recorded_env = arguments.env;
    request.forward_signals = true;
    request.outputs_go_together = outputs_go_together();
    request.capture = match arguments.capture {
        Capture::Auto => CaptureChoice::Auto,
        Capture::Observed => CaptureChoice::Observed,
        Capture::Declared => CaptureChoice::Declared,
    };
    Ok(request)
}

/// Whether standard output and error are one file, pipe or terminal.
fn outputs_go_together() -> bool {
    let file = |descriptor: BorrowedFd<'_>| {
        let metadata = descriptor.try_clone_to_owned().map(File::from).and_then(|file| file.metadata()).ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    file(stdout.as_fd()).is_some_and(|one| file(stderr.as_fd()) == Some(one))
}

/// As shells do: a signal's number comes after 128.
const fn exit_status(exit: Exit) -> u8 {
    match exit {
        Exit::Code(code) => code,
        Exit::Signal(signal) => 128u8.saturating_add(signal),
    }
}

/// Passes output through, and shows what goes on while nothing is printed; on a terminal only.
struct Progress {
    bar: Mutex<ProgressBar>,
    /// Why the program's output could not be passed on; nothing when its reader has gone.
    lost: Mutex<Option<Failure>>,
}

impl Progress {
    fn new(quiet: bool) -> Self {
        let visible = std::io::stderr().is_terminal() && !quiet;
        let bar = Mutex::new(if visible { ProgressBar::new_spinner() } else { ProgressBar::hidden() });
        Self { bar, lost: Mutex::default() }
    }

    /// Why the program's output could not be passed on.
    fn lost(&self) -> Option<Failure> {
        self.lost.lock().ok()?.take()
    }

    fn clear(&self) {
        self.with(ProgressBar::finish_and_clear);
    }

    fn with(&self, act: impl FnOnce(&ProgressBar)) {
        if let Ok(bar) = self.bar.lock() {
            act(&bar);
        }
    }
}

impl Observer for Progress {
    fn output(&self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        let passed = Passthrough.output(stream, bytes);
        if let (Stream::Stdout, Err(error)) = (stream, &passed)
            && error.kind() != std::io::ErrorKind::BrokenPipe
            && let Ok(mut lost) = self.lost.lock()
        {
            *lost = Some(Failure::of_output(error));
        }
        passed
    }

    fn stage(&self, stage: Stage) {
        self.with(|bar| match stage {
            Stage::Hashing { files } => {
                bar.enable_steady_tick(TICK);
                bar.set_message(format!("hashing {}", Counted(files as u64, "declared file")));
            }
            // The terminal belongs to the program while it runs.
            Stage::Running => bar.finish_and_clear(),
            Stage::Finishing => {
                bar.reset();
                bar.enable_steady_tick(TICK);
                bar.set_message("hashing and sealing");
            }
        });
    }
}

const TICK: Duration = Duration::from_millis(120);

fn print(record: &RunRecord, sealed: &Sealed) {
    let size = Size(sealed.size);
    let (style, mark) = if record.exit == Exit::Code(0) { (GOOD, "✓") } else { (WARNING, "!") };
    eprintln_line(format_args!("\n{style}{mark}{style:#} sealed in {} ({size})", sealed.path.display()));
    if let Some(archive) = &sealed.archive {
        eprintln_line(format_args!("  archive {} goes with it", archive.display()));
    }
    eprintln_line(format_args!("  capsule {}", sealed.capsule.capsule_hash));
    match record.exit {
        Exit::Code(0) => {}
        Exit::Code(code) => eprintln_line(format_args!(
            "  {WARNING}the program failed{WARNING:#} with exit code {code}, and that is sealed"
        )),
        Exit::Signal(signal) => {
            eprintln_line(format_args!(
                "  {WARNING}the program was ended{WARNING:#} by signal {signal}, and that is sealed"
            ));
        }
    }
    let count = |role, noun| Counted(record.files_of(role).count() as u64, noun);
    let mode = if matches!(record.capture.mode, run::Mode::Observed) { "observed" } else { "declared only" };
    eprintln_line(format_args!(
        "  {mode}: {}, {}, {}, {}, {}",
        count(Role::Code, "code file"),
        count(Role::Input, "input"),
        count(Role::Config, "config file"),
        count(Role::Output, "output"),
        count(Role::Runtime, "runtime file"),
    ));
    if !record.capture.notes.is_empty() {
        let notes: Vec<&str> = record.capture.notes.iter().map(|note| note.name()).collect();
        eprintln_line(format_args!("  {WARNING}the record notes{WARNING:#}: {}", notes.join(", ")));
    }
    if let run::Mode::Declared { reason } = &record.capture.mode {
        eprintln_line(format_args!("  {FAINT}{}{FAINT:#}", printable(reason)));
    }
    for note in &record.capture.notes {
        eprintln_line(format_args!("  {FAINT}note: {}{FAINT:#}", note.meaning()));
    }
    for other in record.others.iter().filter(|other| other.kind == run::OtherKind::Unreadable) {
        eprintln_line(format_args!("  {BAD}not readable, and not recorded{BAD:#}: {}", printable(&other.path)));
    }
    for missing in &record.missing_outputs {
        eprintln_line(format_args!("  {BAD}declared output missing{BAD:#}: {}", printable(missing)));
    }
    print_obstacles(record);
    eprintln_line(format_args!("  {FAINT}shows what was recorded, not that the run took place (witnessed){FAINT:#}"));
    eprintln_line(format_args!("  next: capseal verify {}", sealed.path.display()));
}

/// What a replay will lack, and what the run made besides files.
fn print_obstacles(record: &RunRecord) {
    for event in &record.timeline {
        if let run::EventKind::LinkMade { path, target: Some(target) } = &event.kind {
            eprintln_line(format_args!("  made the link {} -> {}", printable(path), printable(target)));
        }
    }
    for obstacle in &record.obstacles {
        let detail = printable(&obstacle.detail);
        match obstacle.certain {
            true => eprintln_line(format_args!("  {BAD}this run cannot be replayed{BAD:#}: {detail}")),
            false => eprintln_line(format_args!("  a replay may come to something else: {detail}")),
        }
    }
}

fn print_json(record: &RunRecord, sealed: &Sealed) {
    let (code, signal) = match record.exit {
        Exit::Code(code) => (Some(code), None),
        Exit::Signal(signal) => (None, Some(signal)),
    };
    eprintln_line(serde_json::json!({
        "receipt": sealed.path,
        "size": sealed.size,
        "archive": sealed.archive,
        "obstacles": record.obstacles.iter().map(run::Obstacle::to_json).collect::<Vec<_>>(),
        "exit": { "code": code, "signal": signal, "duration_ms": record.duration_ms },
        "verdict": sealed.verdict,
    }));
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: Arguments,
    }

    fn parsed(line: &[&str]) -> Arguments {
        Line::try_parse_from([&["run"], line].concat()).unwrap_or_else(|error| panic!("{line:?}: {error}")).run
    }

    #[test]
    fn two_dashes_are_seen_whatever_stands_before_them() {
        for line in [
            &["--", "date", "+%Y"][..],
            &["--input", "date", "--", "date", "+%Y"],
            &["--env", "date", "--input=--", "--", "date", "+%Y"],
            &["--force", "--json", "--", "date", "+%Y"],
        ] {
            let arguments = parsed(line);
            assert!(matches!(&arguments.what, What::Command { words } if *words == ["date", "+%Y"]), "{line:?}");
        }
    }

    #[test]
    fn what_follows_the_program_is_its_own() {
        for (line, words) in [
            (&["./x.py", "--json", "--", "b"][..], &["./x.py", "--json", "--", "b"][..]),
            (&["--input", "x.py", "x.py", "--input", "y"], &["x.py", "--input", "y"]),
            (&["help"], &["help"]),
            (&["--out", "a.cap", "./x", "-h"], &["./x", "-h"]),
        ] {
            let arguments = parsed(line);
            assert!(matches!(&arguments.what, What::Program(found) if found == words), "{line:?}");
            assert!(!arguments.json);
        }
        assert_eq!(parsed(&["--", "--", "-x", "--help"]).words(), ["-x", "--help"]);
    }

    #[test]
    fn a_line_without_a_program_is_refused() {
        for line in
            [&["run"][..], &["run", "--"], &["run", "--json"], &["run", "--input", "x"], &["run", "--no-such", "x"]]
        {
            assert!(Line::try_parse_from(line).is_err(), "{line:?}");
        }
    }
}
