//! `capseal run`.

use std::{
    ffi::OsString,
    io::IsTerminal,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use verifier_core::sentence::Counted;

use super::{
    audit::beside,
    output::{BAD, FAINT, Failure, GOOD, Size, WARNING, eprintln_line, printable},
    run_guest::{self, MachineOptions},
    sealing::Sealing,
};
use crate::{
    artifacts::ArtifactStore,
    run::{self, CaptureChoice, Exit, Observer, Passthrough, Program, Request, Role, RunRecord, Stage, Stream},
    seal::{self, ArchivePlace, Destination, EMBED_LIMIT, SealError, Sealed},
    whole_file::Existing,
};

/// Run a script or a command and seal what it did.
///
/// The program runs as it would without capseal: same folder, same environment, its output passed through. On Linux the files
/// that it opens are observed, so that code, inputs and outputs need not be declared. A run that fails is sealed too.
///
/// Of the environment only the variables named with --env enter the receipt; arguments and file contents do: keep secrets out
/// of both. Exit status: that of the program (128 + signal when a signal ended it); 1 when there is no receipt.
///
/// A RISC-V ELF file runs on the RV32IM machine instead: capseal run program.elf --help.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A script or executable with its arguments; after `--`, a command to be looked up in PATH.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "PROGRAM")]
    program: Vec<OsString>,
    /// A file or folder that is an input, whether or not the run opens it.
    #[arg(long, value_name = "PATH")]
    input: Vec<PathBuf>,
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
    #[arg(long, default_value = "run.cap", value_name = "FILE")]
    out: PathBuf,
    /// Replace the file at `--out`.
    #[arg(long)]
    force: bool,
    /// How files are found: by observing the run where the system lets us, or only as declared.
    #[arg(long, value_enum, default_value = "auto")]
    capture: Capture,
    /// Archives up to this many bytes travel in the receipt; a longer one is written beside it, and its small contents travel all the same.
    #[arg(long, default_value_t = EMBED_LIMIT, value_name = "BYTES")]
    embed_limit: u64,
    #[command(flatten)]
    sealing: Sealing,
    /// Print what came of it as JSON, on standard error (standard output belongs to the program).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: MachineOptions,
}

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
    if let Some(guest) = run_guest::asked_for(&arguments.program) {
        return run_guest::execute(guest?);
    }
    if arguments.machine.is_used() {
        let program = arguments.program[0].to_string_lossy();
        return Err(Failure::explained_by(
            format_args!("{} is not a RISC-V program", printable(&program)),
            "--no-prove, --max-cycles and --profile are for ELF files of the RV32IM machine",
        ));
    }
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let destination = Destination { path: arguments.out.clone(), existing };
    destination.check().map_err(explain_seal)?;
    let (json, embed_limit) = (arguments.json, arguments.embed_limit);
    let ready = arguments.sealing.ready()?;
    let request = request(arguments)?;

    let store = ArtifactStore::beside(&destination.path)?;
    let progress = Arc::new(Progress::new(json));
    let record = run::execute(&request, &store, progress.clone()).map_err(|error| {
        let next = error.next_step();
        Failure::explained(error, next)
    })?;
    progress.stage(Stage::Finishing);
    let place = ArchivePlace { embed_limit, detached: beside(&destination.path), existing };
    let mut committed = seal::process_under(&record, store, &place, ready.policy.as_ref()).map_err(explain_seal)?;
    let registration = ready.register(&mut committed);
    ready.sign(&mut committed)?;
    let sealed = committed.write(&destination);
    progress.clear();
    let sealed = sealed.map_err(explain_seal)?;

    if json {
        print_json(&record, &sealed)
    } else {
        print(&record, &sealed)
    }
    registration.keep(&sealed.path)?;
    Ok(ExitCode::from(exit_status(record.exit)))
}

fn explain_seal(error: SealError) -> Failure {
    let next = error.next_step();
    Failure::explained(error, next)
}

fn request(arguments: Arguments) -> Result<Request, Failure> {
    let after_dashes = std::env::args_os().take_while(|word| *word != arguments.program[0]).any(|word| word == "--");
    let mut words = arguments.program.into_iter();
    let program = if after_dashes {
        Program::Command(words.collect())
    } else {
        let path = words.next().unwrap_or_default().into();
        Program::Script { path, args: words.collect() }
    };
    let mut request = Request::new(program)?;
    request.inputs = arguments.input;
    request.config = arguments.config;
    request.outputs = arguments.output;
    request.recorded_env = arguments.env;
    request.forward_signals = true;
    request.capture = match arguments.capture {
        Capture::Auto => CaptureChoice::Auto,
        Capture::Observed => CaptureChoice::Observed,
        Capture::Declared => CaptureChoice::Declared,
    };
    Ok(request)
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
}

impl Progress {
    fn new(quiet: bool) -> Self {
        let visible = std::io::stderr().is_terminal() && !quiet;
        Self { bar: Mutex::new(if visible { ProgressBar::new_spinner() } else { ProgressBar::hidden() }) }
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
        Passthrough.output(stream, bytes)
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
    for missing in &record.missing_outputs {
        eprintln_line(format_args!("  {BAD}declared output missing{BAD:#}: {}", printable(missing)));
    }
    eprintln_line(format_args!("  {FAINT}shows what was recorded, not that the run took place (witnessed){FAINT:#}"));
    eprintln_line(format_args!("  next: capseal verify {}", sealed.path.display()));
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
        "exit": { "code": code, "signal": signal, "duration_ms": record.duration_ms },
        "verdict": sealed.verdict,
    }));
}
