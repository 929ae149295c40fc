//! The `capseal` command: one file a subcommand; each parses its arguments, calls the library, prints, and names an exit status.

#[cfg(feature = "network")]
mod audit;
#[cfg(feature = "network")]
mod audit_told;
#[cfg(feature = "bench")]
mod bench;
mod cap;
mod diff;
mod difference;
mod emit;
mod inspect;
mod keys;
mod mcp;
mod new_guest;
mod output;
mod pcap;
mod policy;
mod prove;
mod prove_guest;
mod rebuild;
#[cfg(feature = "network")]
mod registering;
mod registry;
mod replay;
mod run;
mod run_guest;
mod seal;
mod sealing;
#[cfg(feature = "network")]
mod serve;
mod sign;
mod streams;
#[cfg(not(feature = "network"))]
mod unregistered;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::{Failure, eprint_failure};
#[cfg(not(feature = "network"))]
use unregistered as registering;

/// Portable cryptographic receipts for off-chain computation.
///
/// A receipt (.cap) binds the code, inputs, configuration, environment and outputs of one computation, so that anyone can
/// check it later, offline. Change one bound byte and verification fails with a stable reason code.
#[derive(Debug, Parser)]
#[command(name = "capseal", version, max_term_width = 100, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  capseal run ./strategy.py data.csv       run a script, seal a record into run.cap
  capseal verify run.cap                   check the receipt; exit status 0 means accepted
  capseal verify --require-exit 0 run.cap  the same, and refuse a program that failed
  capseal inspect run.cap                  what was sealed, and what it does not show
  capseal run program.elf                  run a RISC-V program and prove the run
  capseal keys new me                      a key to sign receipts with: capseal run --key me …
  capseal replay run.cap                   run it again and compare
  capseal diff monday.cap tuesday.cap      the first bound field that differs, then the rest

Exit status of verify: 0 accepted, 10 proof, 11 policy or level, 12 commitment
or binding, 13 availability, 20 not a receipt; 1 unreadable file, 2 wrong usage.
replay and inspect --rebuild end with 14 when the results differ.

Version 0.1; nobody outside of the project has audited it.";

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    NewGuest(new_guest::Arguments),
    Prove(prove::Arguments),
    Verify(verify::Arguments),
    Inspect(inspect::Arguments),
    Replay(replay::Arguments),
    #[cfg(feature = "network")]
    Audit(audit::Arguments),
    #[cfg(feature = "network")]
    Serve(serve::Arguments),
    Diff(diff::Arguments),
    Emit(emit::Arguments),
    Seal(seal::Arguments),
    Sign(sign::Arguments),
    Keys(keys::Arguments),
    Cap(cap::Arguments),
    Registry(registry::Arguments),
    Policy(policy::Arguments),
    Pcap(pcap::Arguments),
    Mcp(mcp::Arguments),
    #[cfg(feature = "bench")]
    Bench(bench::Arguments),
}

/// The prover allocates and frees large buffers from many threads; the system's allocator spends a third of a proof on it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Arguments { command } = Arguments::try_parse().unwrap_or_else(|stopped| end_unparsed(&stopped));
    let done = execute(command);
    streams::finish();
    done.unwrap_or_else(|failure: Failure| {
        eprint_failure(&failure);
        ExitCode::from(Failure::EXIT)
    })
}

/// Prints help, the version, or what is wrong with the arguments, and ends.
fn end_unparsed(stopped: &clap::Error) -> ! {
    let printed = stopped.print();
    if !stopped.use_stderr() {
        streams::printed(printed);
        streams::finish();
    }
    std::process::exit(stopped.exit_code())
}

fn execute(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(arguments) => run::execute(arguments),
        Command::NewGuest(arguments) => new_guest::execute(&arguments),
        Command::Prove(arguments) => prove::execute(arguments),
        Command::Verify(arguments) => verify::execute(&arguments),
        Command::Inspect(arguments) => inspect::execute(&arguments),
        Command::Replay(arguments) => replay::execute(&arguments),
        #[cfg(feature = "network")]
        Command::Audit(arguments) => audit::execute(&arguments),
        #[cfg(feature = "network")]
        Command::Serve(arguments) => serve::execute(&arguments),
        Command::Diff(arguments) => diff::execute(&arguments),
        Command::Emit(arguments) => emit::execute(&arguments),
        Command::Seal(arguments) => seal::execute(&arguments),
        Command::Sign(arguments) => sign::execute(&arguments),
        Command::Keys(arguments) => keys::execute(&arguments),
        Command::Cap(arguments) => cap::execute(&arguments),
        Command::Registry(arguments) => registry::execute(&arguments),
        Command::Policy(arguments) => policy::execute(&arguments),
        Command::Pcap(arguments) => pcap::execute(arguments),
        Command::Mcp(arguments) => mcp::execute(&arguments),
        #[cfg(feature = "bench")]
        Command::Bench(arguments) => bench::execute(&arguments),
    }
}
