//! `capseal sign`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use verifier_core::signature::Purpose;

use super::{
    output::{Failure, GOOD},
    sealing::Secret,
};
use crate::streams::println;
use capseal_host::whole_file::Existing;
use capseal_sealing::sign;

/// Add a signature to a receipt.
///
/// The capsule and its hash stay as they are. The receipt is verified first, and a refused one is not signed.
/// Several keys may sign one receipt; a key that signs again replaces its own signature.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The receipt.
    receipt: PathBuf,
    /// Sign with this key of the store (`capseal keys list`).
    #[arg(long, value_name = "NAME")]
    key: String,
    #[command(flatten)]
    secret: Secret,
    /// Also vouch for the manifests: sign this only for a machine that you know.
    #[arg(long)]
    manifests: bool,
    /// Where to write the signed receipt; replaces the receipt by default.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file at `--out`.
    #[arg(long)]
    force: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let key = arguments.secret.open(&arguments.key)?;
    let purposes: &[Purpose] = if arguments.manifests { Purpose::OF_RECEIPTS } else { &[Purpose::Authorship] };
    let in_place = arguments.out.is_none();
    let out = arguments.out.as_ref().unwrap_or(&arguments.receipt);
    let existing = if in_place || arguments.force { Existing::Replace } else { Existing::Keep };
    let verdict = sign::sign(&arguments.receipt, &key, purposes, out, existing)?;
    println!("{GOOD}✓{GOOD:#} signed {}", out.display());
    println!("  key     {}", key.public().id());
    if let Some(capsule_hash) = verdict.capsule_hash {
        println!("  capsule {capsule_hash}");
    }
    Ok(ExitCode::SUCCESS)
}
