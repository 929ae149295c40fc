//! `capseal pcap cosign`.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use verifier_core::{
    ExitCode as Exit,
    pcap::{NoteKey, Proof},
    sentence::Counted,
};

use super::{
    super::output::{BAD, Failure, GOOD, printable, read},
    key_failure,
    prove::read_checkpoint,
    signer_key,
};
use crate::streams::{print, println};
use capseal_host::{
    clock,
    whole_file::{self, Existing},
};
use capseal_logs::{NotExtended, Witness, WitnessError};

/// Cosign a checkpoint as a witness: say that the log was only seen to grow.
///
/// The last checkpoint that was cosigned of each log is kept beside the witness's key. A log that was seen before needs a proof that it
/// extends that: its holder makes one with `capseal pcap prove --run RUN --from THAT --checkpoint FILE`. One that was cut or changed
/// since is not cosigned.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Cosign {
    /// The checkpoint; the cosignature is added to this file. For - it is read from standard input, and printed.
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// The witness's key.
    #[arg(long, value_name = "FILE")]
    sign: PathBuf,
    /// A key whose checkpoints are cosigned: name+id+base64.
    #[arg(long = "key", value_name = "KEY", required = true, value_parser = signer_key)]
    signers: Vec<NoteKey>,
    /// Proof that the log extends the checkpoint that was cosigned before.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  capseal pcap key --witness --name example.org/w --out w.key    make a witness's key, print what others trust
  capseal pcap cosign --checkpoint run.ckpt --sign w.key --key KEY
  capseal pcap verify --run RUN --checkpoint run.ckpt --key KEY --witness WITNESS";

pub(super) fn cosign(arguments: &Cosign) -> Result<ExitCode, Failure> {
    let checkpoint = read_checkpoint(&arguments.checkpoint)?;
    let proof = arguments.proof.as_ref().map(|path| {
        let text = String::from_utf8(read(path)?).map_err(|_| Failure::new("the proof is not a text"))?;
        Proof::from_json(&text).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
    });
    let proof = proof.transpose()?;
    let seconds = clock::now() / 1000;
    let witness = Witness::open(&arguments.sign).map_err(failure)?;
    let cosigned = match witness.cosign(&checkpoint, &arguments.signers, proof.as_ref(), seconds) {
        Err(WitnessError::Key(error)) => return Err(key_failure(error)),
        Err(error) => return Ok(refuse(&error)),
        Ok(cosigned) => cosigned,
    };
    if arguments.checkpoint == Path::new("-") {
        print!("{}", cosigned.note);
        return Ok(ExitCode::SUCCESS);
    }
    whole_file::write(&arguments.checkpoint, Existing::Replace, cosigned.note.to_string().as_bytes())?;
    println!("{GOOD}✓{GOOD:#} {} cosigned, {}", arguments.checkpoint.display(), Counted(cosigned.head.size, "line"));
    Ok(ExitCode::SUCCESS)
}

fn failure(error: WitnessError) -> Failure {
    match error {
        WitnessError::Key(error) => key_failure(error),
        error => Failure::from(error),
    }
}

fn refuse(error: &WitnessError) -> ExitCode {
    println!("{BAD}✗ NOT COSIGNED{BAD:#}\n  {}", printable(&error.to_string()));
    if let WitnessError::NotExtended { seen, why: NotExtended::NoProof | NotExtended::OtherProof } = error {
        let from = printable(&seen.display().to_string());
        println!("  next: capseal pcap prove --run RUN --from {from} --checkpoint FILE, and --proof here");
    }
    let exit = if let WitnessError::Checkpoint(error) = error { error.code().exit_code() } else { Exit::Commitment };
    ExitCode::from(exit.number())
}
