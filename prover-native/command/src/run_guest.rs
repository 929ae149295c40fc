//! `capseal run program.elf`: a guest program on the RV32IM machine.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser};
use verifier_core::{Digest, sentence::Counted, stark::ParameterSet};

use super::{
    output::{BAD, FAINT, Failure, GOOD, Size, eprintln_line, printable, read},
    prove_guest::{self, ProofOptions},
    run,
    sealing::Sealing,
    streams::{self, eprintln},
};
use capseal_host::{cause::Cause, whole_file::Existing};
use capseal_machine::{Execution, Profile, Profiler, Program, Trap, is_riscv_elf};
use capseal_sealing::{Destination, Sealed};

/// Run a RISC-V program on the RV32IM machine.
///
/// The program is an ELF file for riscv32im-unknown-none-elf (-march=rv32im -mabi=ilp32). It sees its input and nothing else: no
/// files, no clock, no network. The same program and input give the same output everywhere.
///
/// Exit status: the exit code of the program (255 for one above); 1 when the machine stopped the run.
#[derive(Debug, Parser)]
#[command(name = "capseal run program.elf", no_binary_name = true, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    /// The program's input; `-` reads it from standard input. Without it the input is empty.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Where to write the receipt; run.cap by default.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the receipt if it exists.
    #[arg(long)]
    force: bool,
    /// Security of the proof: stark-100 or stark-128, in bits that are proven for SHA-256 as a random oracle.
    #[arg(long, value_name = "SET", default_value = "stark-100", value_parser = super::prove::parameter_set)]
    security: ParameterSet,
    #[command(flatten)]
    sealing: Sealing,
    /// Print the result as JSON on standard error (standard output belongs to the program).
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: MachineOptions,
}

impl Arguments {
    /// The options behind the program, with those before it where there are no others.
    fn of(before: run::Arguments) -> Result<Self, Failure> {
        let behind = Self::parse_from(before.words().iter().skip(1));
        if let Some(option) = before.foreign_to_guests() {
            return Err(Failure::explained_by(
                format_args!("{option} is not for RISC-V programs"),
                "see capseal run program.elf --help",
            ));
        }
        Ok(Self {
            input: behind.input.or(before.input.into_iter().next()),
            out: behind.out.or(Some(before.out)),
            force: behind.force || before.force,
            security: behind.security,
            sealing: behind.sealing.or(before.sealing),
            json: behind.json || before.json,
            machine: behind.machine.or(before.machine),
        })
    }

    fn proof(&self) -> ProofOptions<'_> {
        let path = self.out.clone().unwrap_or_else(|| run::DEFAULT_OUT.into());
        let existing = if self.force { Existing::Replace } else { Existing::Keep };
        let destination = Destination { path, existing };
        ProofOptions { destination, security: self.security, sealing: &self.sealing }
    }
}

const EXAMPLES: &str = "\
Examples:
  capseal run guest.elf --input data.csv --out run.cap
  capseal run guest.elf --input data.csv --no-prove --profile cycles.svg";

/// What `run` can be told of a RISC-V program alone; it may stand before the program or behind it.
#[derive(Args, Debug)]
#[command(next_help_heading = "RISC-V programs")]
pub(super) struct MachineOptions {
    /// Run without proving; there is no receipt.
    #[arg(long)]
    no_prove: bool,
    /// Stop the run after this many cycles; four thousand million by default.
    #[arg(long, value_name = "N")]
    max_cycles: Option<u64>,
    /// Draw a flame graph of the cycles, and list the functions that take most of them.
    #[arg(long, value_name = "FILE.svg")]
    profile: Option<PathBuf>,
}

impl MachineOptions {
    /// Whether any of them is given.
    pub(super) const fn is_used(&self) -> bool {
        self.no_prove || self.max_cycles.is_some() || self.profile.is_some()
    }

    fn or(self, other: Self) -> Self {
        Self {
            no_prove: self.no_prove || other.no_prove,
            max_cycles: self.max_cycles.or(other.max_cycles),
            profile: self.profile.or(other.profile),
        }
    }
}

/// Half a minute of running.
const DEFAULT_MAX_CYCLES: u64 = 1 << 32;

/// A guest program that `capseal run` was started with.
struct Guest {
    path: PathBuf,
    program: Program,
    arguments: Arguments,
}

/// Whether what is to be run is a RISC-V ELF file. What stands behind it are options then, not arguments of the program, which
/// has none.
pub(super) fn is_guest(words: &[OsString]) -> bool {
    words.first().is_some_and(|path| starts_like_riscv(Path::new(path)))
}

fn starts_like_riscv(path: &Path) -> bool {
    let mut header = [0; 20];
    File::open(path).and_then(|mut file| file.read_exact(&mut header)).is_ok() && is_riscv_elf(&header)
}

fn load(path: &Path) -> Result<Program, Failure> {
    Program::from_elf(&read(path)?).map_err(|error| {
        let next = error.next_step();
        Failure::explained_by(format_args!("cannot run {}: {error}", path.display()), next)
    })
}

pub(super) fn execute(arguments: run::Arguments) -> Result<ExitCode, Failure> {
    let path = PathBuf::from(arguments.words().first().cloned().unwrap_or_default());
    let arguments = Arguments::of(arguments)?;
    let guest = Guest { program: load(&path)?, path, arguments };
    let proof = guest.arguments.proof();
    let proves = !guest.arguments.machine.no_prove;
    if proves {
        proof.destination.check()?;
    }
    let input = guest.arguments.input.as_deref().map(read).transpose()?.unwrap_or_default();
    let execution = execute_guest(&guest, &input)?;
    streams::printed(print_output(&execution.output, guest.arguments.json));
    if !guest.arguments.json {
        print(&guest, &execution);
    }
    let sealed = proves.then(|| prove_guest::prove(&guest.program, &input, &proof)).transpose()?;
    if guest.arguments.json {
        eprintln_line(json(&guest, &input, &execution, sealed.as_ref()));
    }
    Ok(ExitCode::from(u8::try_from(execution.exit_code).unwrap_or(u8::MAX)))
}

/// Runs the program, with a profile if one is asked for: also of a run that is stopped, to see what it did all the time.
fn execute_guest(guest: &Guest, input: &[u8]) -> Result<Execution, Failure> {
    let Guest { program, arguments, .. } = guest;
    let max_cycles = arguments.machine.max_cycles.unwrap_or(DEFAULT_MAX_CYCLES);
    let ended = match &arguments.machine.profile {
        None => program.execute(input, max_cycles),
        Some(file) => {
            let mut profiler = Profiler::new(&program.symbols, program.image.entry());
            let ended = program.execute_observed(input, max_cycles, &mut profiler);
            let profile = profiler.finish();
            draw(&profile, &guest.path, file)?;
            print_profile(&profile, file);
            ended
        }
    };
    ended.map_err(|trap| explain(&guest.path, trap))
}

fn explain(path: &Path, trap: Trap) -> Failure {
    let trap = Trap { function: trap.function.as_deref().map(printable), ..trap };
    let next = trap.next_step();
    Failure::explained_by(format_args!("{}: {trap}", path.display()), next)
}

fn draw(profile: &Profile, program: &Path, file: &Path) -> Result<(), Failure> {
    let title = program.file_name().unwrap_or_default().to_string_lossy();
    let mut picture = Vec::new();
    profile.flame_graph(&title, &mut picture)?;
    fs::write(file, picture)
        .map_err(|error| Failure::new(format_args!("cannot write {}: {}", file.display(), Cause(&error))))
}

fn print_profile(profile: &Profile, file: &Path) {
    let cycles = profile.cycles().max(1);
    eprintln!("{:>12} {:>6} {:>12} {:>9}  function", "own cycles", "", "with calls", "calls");
    for function in profile.functions.iter().take(LISTED) {
        let share = 100.0 * function.own as f64 / cycles as f64;
        let (own, total, calls) = (function.own, function.total, function.calls);
        eprintln!("{own:>12} {share:>5.1}% {total:>12} {calls:>9}  {}", printable(&function.name));
    }
    if let Some(more) = profile.functions.len().checked_sub(LISTED + 1) {
        eprintln!("{FAINT}{:>12} more functions{FAINT:#}", more + 1);
    }
    eprintln!("{FAINT}flame graph: {}{FAINT:#}\n", file.display());
}

const LISTED: usize = 20;

/// The output as it is; on a terminal, bytes that are not text are only counted, unless they are asked for `raw`.
fn print_output(output: &[u8], raw: bool) -> io::Result<()> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    if raw || !stdout.get_ref().is_terminal() {
        stdout.write_all(output)?;
    } else if let Ok(text) = str::from_utf8(output) {
        for line in text.split_inclusive('\n') {
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
            write!(stdout, "{}{end}", printable(line))?;
        }
    } else {
        writeln!(stdout, "{FAINT}not text; redirect standard output to keep it{FAINT:#}")?;
    }
    stdout.flush()
}

fn print(guest: &Guest, execution: &Execution) {
    let Execution { exit_code, cycles, output, .. } = execution;
    match exit_code {
        0 => eprintln!("\n{GOOD}✓ {} ended{GOOD:#} with exit code 0", guest.path.display()),
        code => eprintln!("\n{BAD}✗ {} failed{BAD:#} with exit code {code}", guest.path.display()),
    }
    eprintln!("  {}, {} of output", Counted(*cycles, "cycle"), Size(output.len() as u64));
    eprintln!("  image {}", Digest::of_content(&guest.program.image.encode()));
    if guest.arguments.machine.no_prove {
        eprintln!("  {FAINT}not proven, and there is no receipt (--no-prove){FAINT:#}");
    }
}

fn json(guest: &Guest, input: &[u8], execution: &Execution, sealed: Option<&Sealed>) -> serde_json::Value {
    let Execution { exit_code, cycles, output, .. } = execution;
    serde_json::json!({
        "program": guest.path,
        "image": Digest::of_content(&guest.program.image.encode()).to_string(),
        "input": { "size": input.len(), "sha256": Digest::of_content(input).to_string() },
        "output": {
            "size": output.len(),
            "sha256": Digest::of_content(output).to_string(),
            "text": str::from_utf8(output).ok(),
        },
        "exit_code": exit_code,
        "cycles": cycles,
        "proven": sealed.is_some(),
        "receipt": sealed.map(|sealed| &sealed.path),
        "size": sealed.map(|sealed| sealed.size),
        "verdict": sealed.map(|sealed| &sealed.verdict),
    })
}
