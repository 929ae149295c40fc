//! `capseal emit`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use verifier_core::sentence::Counted;

use super::output::{FAINT, Failure, GOOD};
use crate::streams::println;
use capseal_sealing::emit::{self, Emitted, Sources};

/// Pack a capsule and its artifacts into a receipt.
///
/// The folder is one that `capseal inspect --extract` wrote, or any folder with the contents: artifacts, manifests and
/// the proof are found by their hashes; the event log, the policy document (policy.json) and signatures (signatures/*.cose) by the
/// names that they have in a receipt. Other files are left out. The receipt is verified before it is put in place; one that would be
/// refused is not written.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The capsule (capsule.cbor).
    #[arg(long, value_name = "FILE")]
    capsule: PathBuf,
    /// Folder with the contents that the capsule names.
    #[arg(long, value_name = "FOLDER")]
    artifacts: PathBuf,
    /// The policy document that the capsule names, instead of policy.json in the folder.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
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
    let sources =
        Sources { capsule: &arguments.capsule, folder: &arguments.artifacts, policy: arguments.policy.as_deref() };
    let Emitted { verdict, signatures, policy } = emit::emit(&sources, &arguments.out, arguments.force)?;
    if arguments.json {
        println!("{}", verdict.to_json());
    } else if let Some(reason) = verdict.reason {
        super::verify::print(&verdict);
        return Err(Failure::new(format_args!("{} was not written: {}", arguments.out.display(), reason.name())));
    } else {
        let document = if policy { "the policy document" } else { "no policy document" };
        println!(
            "{GOOD}✓{GOOD:#} {} {FAINT}({}, {document}){FAINT:#}",
            arguments.out.display(),
            Counted(signatures as u64, "signature")
        );
    }
    Ok(ExitCode::from(verdict.verifier_exit_status))
}
