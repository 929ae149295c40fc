//! `capseal pcap`: action logs.

mod append;
mod check;
mod cosign;
mod old;
mod prove;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use verifier_core::{
    Digest,
    pcap::{KeyType, NoteKey, obligation::Level},
};

use super::output::Failure;
use capseal_logs::{KeyError, LogFileError};

/// Write, prove and check action logs.
///
/// A log is a file of JSON lines, chained and hashed into a tree. Many processes may append at once. A checkpoint that is kept
/// elsewhere later shows whether entries were changed or cut off.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  capseal pcap new-run                                          start a log, print its path
  capseal pcap log --run RUN --action build --actor ci          append an action
  capseal pcap key --name example.com/ci --out ci.key           make a key, print what others trust
  capseal pcap checkpoint --run RUN --sign ci.key > run.ckpt    sign its size and root; keep that elsewhere
  capseal pcap prove --run RUN --index 3                        prove an entry; with --cose, to tools that speak COSE
  capseal pcap cosign --help                                    how a witness cosigns a checkpoint, in three commands
  capseal pcap seal --run RUN                                   close it
  capseal pcap verify --run RUN --checkpoint run.ckpt --key KEY --level S1";

#[derive(Debug, Subcommand)]
enum Command {
    NewRun(append::NewRun),
    Log(append::Log),
    Seal(append::Seal),
    Migrate(append::Migrate),
    Verify(check::Verify),
    Merkle(check::Merkle),
    Watch(check::Watch),
    Prove(prove::Prove),
    Checkpoint(prove::SignCheckpoint),
    Cosign(cosign::Cosign),
    Key(prove::Key),
}

pub(super) fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.command {
        Command::NewRun(arguments) => append::new_run(&arguments),
        Command::Log(arguments) => append::log(arguments),
        Command::Seal(arguments) => append::seal(&arguments),
        Command::Migrate(arguments) => append::migrate(&arguments),
        Command::Verify(arguments) => check::verify(&arguments),
        Command::Merkle(arguments) => check::merkle(&arguments),
        Command::Watch(arguments) => check::watch(&arguments),
        Command::Prove(arguments) => prove::prove(&arguments),
        Command::Checkpoint(arguments) => prove::checkpoint(&arguments),
        Command::Cosign(arguments) => cosign::cosign(&arguments),
        Command::Key(arguments) => prove::key(&arguments),
    }
}

fn level(name: &str) -> Result<Level, String> {
    Level::from_name(name).ok_or_else(|| "not one of S0, S1, S2".to_owned())
}

fn digest(text: &str) -> Result<Digest, String> {
    Digest::from_hex(text).ok_or_else(|| "not 64 lower-case hexadecimal digits".to_owned())
}

fn signer_key(text: &str) -> Result<NoteKey, String> {
    let key = NoteKey::from_text(text).map_err(|error| error.to_string())?;
    if key.kind() == KeyType::Signer { Ok(key) } else { Err("a witness's key, which signs no checkpoints".to_owned()) }
}

fn witness_key(text: &str) -> Result<NoteKey, String> {
    let key = NoteKey::from_text(text).map_err(|error| error.to_string())?;
    if key.kind() == KeyType::Witness { Ok(key) } else { Err("not a witness's key".to_owned()) }
}

fn explained(error: LogFileError) -> Failure {
    let next = error.next_step();
    Failure::explained(error, next)
}

fn key_failure(error: KeyError) -> Failure {
    match error {
        KeyError::Write(error) => {
            let next = error.next_step();
            Failure::explained(error, next)
        }
        error => Failure::explained(error, "make a key with `capseal pcap key --name NAME --out FILE`"),
    }
}
