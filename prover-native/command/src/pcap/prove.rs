//! `capseal pcap prove`, `checkpoint`, `key`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use verifier_core::{
    ReasonCode,
    pcap::{Checkpoint, KeyType, Options, Proof, Proven, Report, TreeHead, proof::SCHEMA},
    sentence::Counted,
};

use super::{
    super::output::{Failure, GOOD, read},
    key_failure,
};
use crate::streams::{print, println};
use capseal_host::{
    cause::Cause,
    whole_file::{self, Existing},
};
use capseal_logs::{
    SigningKey, examine, keep_checkpoint, kept_checkpoint, prove_consistency, prove_inclusion, refuse_proofs,
    sign_checkpoint, sign_receipt,
};

/// Prove that an entry is in a log, or that a log extends a checkpoint.
///
/// The log is checked whole; the proof is a line of JSON that `capseal pcap verify --proof` and the npm package check. With `--cose` it is a
/// COSE receipt (RFC 9942) instead, for tools that read those and no notes: the proof, and below it the log's size and root, signed. The
/// receipt of entry 0, the header, stands for a checkpoint there: the header's leaf hash is the log's identity.
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
    /// Write a COSE receipt to this new file.
    #[arg(long, value_name = "FILE", requires = "sign")]
    cose: Option<PathBuf>,
    /// The key that signs the receipt: the one that signs the log's checkpoints.
    #[arg(long, value_name = "FILE", requires = "cose")]
    sign: Option<PathBuf>,
}

pub(super) fn prove(arguments: &Prove) -> Result<ExitCode, Failure> {
    let run = &arguments.run;
    let head = match &arguments.checkpoint {
        Some(path) => head_at(run, read_checkpoint(path)?)?,
        None => head_of(run, None)?,
    };
    let TreeHead { log_id, size, root } = head;
    let unreadable = |error| Failure::new(format_args!("cannot read {}: {}", run.display(), Cause(&error)));
    let missing = || Failure::new(format_args!("the log has {}", Counted(size, "entry")));
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
    match (&arguments.cose, &arguments.sign) {
        (Some(cose), Some(sign)) => write_receipt(run, proof, &head, sign, cose)?,
        _ => println!("{}", proof.to_json()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Signs the head that a proof leads to, as [`checkpoint`] does: never one that contradicts what was signed before.
fn write_receipt(run: &Path, proof: Proof, head: &TreeHead, sign: &Path, cose: &Path) -> Result<(), Failure> {
    let key = SigningKey::read(sign).map_err(key_failure)?;
    let before = kept_checkpoint(run).map_err(key_failure)?;
    let is_later = before.as_ref().is_none_or(|before| before.head.size < head.size);
    head_of(run, before)?;
    let earlier = proof.earlier();
    let (entry, proven) = match proof {
        Proof::Inclusion { index, entry, path, .. } => (Some(entry), Proven::Inclusion { index, path }),
        Proof::Consistency { from, path, .. } => (None, Proven::Consistency { from, path }),
    };
    let receipt = sign_receipt(head, proven, &key).map_err(key_failure)?;
    // A checkpoint of no line, or of every line, has no receipt.
    receipt.check(entry.as_ref().map(String::as_bytes), earlier, &[key.public().map_err(key_failure)?])?;
    if is_later {
        keep_checkpoint(run, &sign_checkpoint(*head, &key).map_err(key_failure)?).map_err(key_failure)?;
    }
    let path = whole_file::write(cose, Existing::Keep, &receipt.to_cose())?;
    println!("{GOOD}✓{GOOD:#} {}", path.display());
    Ok(())
}

pub(super) fn read_checkpoint(path: &Path) -> Result<Checkpoint, Failure> {
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

/// Sign a log's size and root, and print the signed checkpoint.
///
/// The log is checked whole, and against the checkpoint that was signed before, which is kept beside it: a log that was cut or changed
/// since is not signed. Keep the checkpoint where the log's writer cannot reach it.
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
    print!("{}", checkpoint.note);
    Ok(ExitCode::SUCCESS)
}

/// Make a key that signs checkpoints, or a witness's, and print the key that others trust.
#[derive(Args, Debug)]
pub(super) struct Key {
    /// Name of the key, such as example.com/ci.
    #[arg(long)]
    name: String,
    /// File for the secret key; only its owner may read it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A witness's key: it cosigns the checkpoints of others' logs, and signs none.
    #[arg(long)]
    witness: bool,
}

pub(super) fn key(arguments: &Key) -> Result<ExitCode, Failure> {
    let kind = if arguments.witness { KeyType::Witness } else { KeyType::Signer };
    let key = SigningKey::generate(&arguments.name, kind).map_err(key_failure)?;
    key.write(&arguments.out).map_err(key_failure)?;
    println!("{}", key.public().map_err(key_failure)?);
    Ok(ExitCode::SUCCESS)
}
