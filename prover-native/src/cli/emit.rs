//! `capseal emit`.

use std::{path::PathBuf, process::ExitCode};

use anstream::println;
use clap::Args;

use super::output::{Failure, GOOD};
use crate::emit;

/// Pack a capsule and its artifacts into a receipt.
///
/// The folder may be what `capseal inspect --extract` wrote, or any folder that holds the contents: artifacts, manifests and
/// the proof are found by their hashes. What the capsule does not name is left out. The receipt is verified before it is put
/// in place; one that would be refused is not written.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The capsule (capsule.cbor).
    #[arg(long, value_name = "FILE")]
    capsule: PathBuf,
    /// Folder with the contents that the capsule names.
    #[arg(long, value_name = "FOLDER")]
    artifacts: PathBuf,
    /// Where to write the receipt.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Replace the file at `--out`.
    #[arg(long)]
    force: bool,
    /// Print the verdict on the new receipt as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let verdict = emit::emit(&arguments.capsule, &arguments.artifacts, &arguments.out, arguments.force)?;
    if arguments.json {
        println!("{}", verdict.to_json());
    } else if let Some(reason) = verdict.reason {
        super::verify::print(&verdict);
        return Err(Failure::new(format_args!("{} was not written: {}", arguments.out.display(), reason.name())));
    } else {
        println!("{GOOD}✓{GOOD:#} {}", arguments.out.display());
    }
    Ok(ExitCode::from(verdict.exit_code))
}
