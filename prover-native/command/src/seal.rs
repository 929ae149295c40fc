//! `capseal seal`: an action log becomes a receipt.

use std::{env, path::PathBuf, process::ExitCode};

use clap::Args;

use verifier_core::sentence::Counted;

use super::{
    output::{Failure, GOOD, Size, printable, read},
    sealing::Sealing,
};
use crate::streams::println;
use capseal_archive::bundle::archive_beside;
use capseal_host::{artifacts::ArtifactStore, whole_file::Existing};
use capseal_sealing as seal;
use capseal_sealing::{ArchivePlace, Destination, EMBED_LIMIT};

/// Seal a finished action log into a receipt, with the contents that it refers to.
///
/// The log must be closed (`capseal pcap seal`). The receipt carries the whole log and is witnessed: it shows the entries, their
/// order, and that none has changed since. A policy can require checks that the log records as obligations; the proofs that they refer to by
/// `sha256:` have to be among the contents.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The log.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,
    /// A file or folder that the log refers to; repeatable.
    #[arg(long = "artifact", value_name = "PATH")]
    artifacts: Vec<PathBuf>,
    /// Where to write the receipt.
    #[arg(long, default_value = "log.cap", value_name = "FILE")]
    out: PathBuf,
    /// Replace the file at `--out`.
    #[arg(long)]
    force: bool,
    /// Archives up to this many bytes travel in the receipt; a longer one is written beside it, and its small contents travel all the same.
    #[arg(long, default_value_t = EMBED_LIMIT, value_name = "BYTES")]
    embed_limit: u64,
    #[command(flatten)]
    sealing: Sealing,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  capseal pcap seal --run session.jsonl                        close the log first
  capseal seal --log session.jsonl --artifact report.html      seal it with a file that it speaks of
  capseal seal --log session.jsonl --key me --policy rules.json";

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let destination = Destination { path: arguments.out.clone(), existing };
    destination.check()?;
    let ready = arguments.sealing.ready()?;
    let log = read(&arguments.log)?;
    let place = ArchivePlace { embed_limit: arguments.embed_limit, detached: archive_beside(&arguments.out), existing };
    let store = ArtifactStore::beside(&arguments.out)?;
    let folder = env::current_dir()?;
    let mut committed = seal::log(log, &folder, &arguments.artifacts, store, &place, ready.policy.as_ref())
        .map_err(|error| Failure::new(format_args!("{}: {error}", arguments.log.display())))?;
    let registration = ready.register(&mut committed);
    ready.sign(&mut committed)?;
    let sealed = committed.write(&destination)?;
    registration.keep(&sealed.path)?;
    let path = sealed.path.display().to_string();
    if arguments.json {
        println!("{}", serde_json::json!({ "receipt": path, "size": sealed.size, "verdict": sealed.verdict }));
        return Ok(ExitCode::SUCCESS);
    }
    let payload = &sealed.capsule.payload;
    let entries = sealed.capsule.header.anchor.as_ref().map_or(0, |anchor| anchor.events_log_len);
    println!(
        "{GOOD}✓{GOOD:#} {} and {} sealed in {} ({})",
        Counted(entries, "entry"),
        Counted(payload.claim.outputs.len() as u64, "content"),
        printable(&path),
        Size(sealed.size)
    );
    println!("  capsule {}", sealed.capsule.capsule_hash);
    println!("  shows what was logged and in which order, not that it happened (witnessed)");
    println!("  next: capseal verify {}", printable(&path));
    Ok(ExitCode::SUCCESS)
}
