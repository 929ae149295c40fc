//! `capseal pcap prove`, `checkpoint`, `key`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anstream::println;
use clap::Args;
use verifier_core::{
    ReasonCode,
    pcap::{Checkpoint, Options, Proof, Report, TreeHead, proof::SCHEMA},
};

use super::{
    super::output::{Failure, read},
    key_failure,
};
use crate::{
    cause::Cause,
    pcap::{
        SigningKey, examine, keep_checkpoint, kept_checkpoint, prove_consistency, prove_inclusion, refuse_proofs,
        sign_checkpoint,
    },
};

/// Prove that an entry is in a log, or that a log extends a checkpoint.
///
/// The log is checked whole; the proof is a line of JSON that `capseal pcap verify --proof` and the npm package check.
#[derive(Args, Debug)]
pub(super) struct Prove {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// Number of the entry.
    #[arg(long, value_name = "N", required_unless_present = "from")]
    index: Option<u64>,
    /// A checkpoint that the log extends.
    #[arg(long, value_name = "FILE", conflicts_with = "index")]
    from: Option<PathBuf>,
    /// Prove for the log as it was at a checkpoint, instead of as it is.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

pub(super) fn prove(arguments: &Prove) -> Result<ExitCode, Failure> {
    let run = &arguments.run;
    let head = match &arguments.checkpoint {
        Some(path) => head_at(run, read_checkpoint(path)?)?,
        None => head_of(run, None)?,
    };
    let TreeHead { log_id, size, root } = head;
    let unreadable = |error| Failure::new(format_args!("cannot read {}: {}", run.display(), Cause(&error)));
    let missing = || Failure::new(format_args!("the log has {size} entries"));
    let schema = SCHEMA;
    let proof = match (&arguments.from, arguments.index) {
        (Some(from), _) => {
            let TreeHead { size: from, root: from_root, .. } = head_at(run, read_checkpoint(from)?)?;
            let path = prove_consistency(run, from, size).map_err(unreadable)?.ok_or_else(missing)?;
            Proof::Consistency { schema, log_id, from, from_root, size, root, path }
        }
        (None, index) => {
            let index = index.unwrap_or_default();
            let (entry, path) = prove_inclusion(run, index, size).map_err(unreadable)?.ok_or_else(missing)?;
            let entry = String::from_utf8(entry).map_err(|_| missing())?;
            Proof::Inclusion { schema, log_id, size, root, index, entry, path }
        }
    };
    println!("{}", proof.to_json());
    Ok(ExitCode::SUCCESS)
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
    Checkpoint::parse(&read(path)?).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
}

/// The head that a checkpoint states, once the log was found to extend it.
fn head_at(run: &Path, checkpoint: Checkpoint) -> Result<TreeHead, Failure> {
    let head = checkpoint.head;
    head_of(run, Some(checkpoint)).map(|_| head)
}

/// The log's head, once it was checked.
fn head_of(run: &Path, checkpoint: Option<Checkpoint>) -> Result<TreeHead, Failure> {
    let options = Options { checkpoint, ..Options::default() };
    let report = examine(run, options, &mut refuse_proofs)
        .map_err(|error| Failure::new(format_args!("cannot read {}: {}", run.display(), Cause(&error))))?;
    head(&report).map_err(|why| Failure::new(format_args!("{}: {why}", run.display())))
}

/// Obligations that do not hold leave the head what it is.
fn head(report: &Report) -> Result<TreeHead, String> {
    let judged = [ReasonCode::ObligationViolated, ReasonCode::ObligationIncomplete];
    match (report.reason.filter(|reason| !judged.contains(reason)), report.log_id, report.root) {
        (None, Some(log_id), Some(root)) => Ok(TreeHead { log_id, size: report.size, root }),
        _ => Err(report.detail.clone().unwrap_or_default()),
    }
}

/// Sign a log's size and root, and print that.
///
/// The log is checked whole, and against the checkpoint that was signed before, which is kept beside it: a log that was cut or changed
/// since is not signed. Keep what is printed where the log's writer cannot reach it.
#[derive(Args, Debug)]
pub(super) struct SignCheckpoint {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
    /// The key that signs.
    #[arg(long, value_name = "FILE")]
    sign: PathBuf,
}

pub(super) fn checkpoint(arguments: &SignCheckpoint) -> Result<ExitCode, Failure> {
    let key = SigningKey::read(&arguments.sign).map_err(key_failure)?;
    let before = kept_checkpoint(&arguments.run).map_err(key_failure)?;
    let head = head_of(&arguments.run, before)?;
    let checkpoint = sign_checkpoint(head, &key).map_err(key_failure)?;
    keep_checkpoint(&arguments.run, &checkpoint).map_err(key_failure)?;
    anstream::print!("{}", checkpoint.note);
    Ok(ExitCode::SUCCESS)
}

/// Make a key that signs checkpoints, and print the key that others trust.
#[derive(Args, Debug)]
pub(super) struct Key {
    /// Name of the key, such as example.com/ci.
    #[arg(long)]
    name: String,
    /// File for the secret key; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn key(arguments: &Key) -> Result<ExitCode, Failure> {
    let key = SigningKey::generate(&arguments.name).map_err(key_failure)?;
    key.write(&arguments.out).map_err(key_failure)?;
    println!("{}", key.public().map_err(key_failure)?);
    Ok(ExitCode::SUCCESS)
}
