//! `capseal replay`.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use serde_json::json;
use verifier_core::{ReasonCode, VerifyOptions, sentence::Counted, verify};

use super::{
    output::{BAD, FAINT, Failure, GOOD, TITLE, printable, read_receipt},
    verify::print,
};
use crate::streams::println;
use capseal_archive::bundle::{Bundle, existing_archive_beside};
use capseal_replay::{Place, Replay, ReplayError, ReplayOptions, replay};

/// Run the program of a receipt again and compare the results.
///
/// Programs of the RV32IM and geom machines run on those machines. A recorded process runs natively with the recorded files,
/// arguments and variables, in a scratch folder and, with bubblewrap, without a network. Exit status: 0 same results, 14 different
/// results (E08x; the first difference is named), that of `verify` when the receipt is refused.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The receipt.
    receipt: PathBuf,
    /// The archive, if it does not travel in the receipt; by default the receipt's name with `.archive`.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Run a process without a sandbox, with your own permissions: do so only for a maker that you trust.
    #[arg(long)]
    no_sandbox: bool,
    /// End a process that takes longer than this many seconds.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let bytes = read_receipt(&arguments.receipt)?;
    let verdict = verify(&bytes, &VerifyOptions::default());
    if !verdict.is_accepted() {
        if arguments.json {
            println!("{}", verdict.to_json());
        } else {
            print(&verdict);
        }
        return Ok(ExitCode::from(verdict.verifier_exit_status));
    }
    let options =
        ReplayOptions { unprotected: arguments.no_sandbox, timeout: arguments.timeout.map(Duration::from_secs) };
    let archive = arguments.archive.clone().or_else(|| existing_archive_beside(&arguments.receipt));
    let done = Bundle::open(&bytes, archive.as_deref()).map_err(ReplayError::from);
    let done = done.and_then(|bundle| replay(&bundle, &options));
    if arguments.json {
        println!("{}", view(&done));
    } else {
        show(&done);
    }
    Ok(ExitCode::from(match &done {
        Ok(replay) => replay.reason().map_or(0, |code| code.exit_code().number()),
        Err(error) => error.code().exit_code().number(),
    }))
}

fn show(done: &Result<Replay, ReplayError>) {
    let replay = match done {
        Ok(replay) => replay,
        Err(error) => {
            println!("{BAD}✗ cannot be run again{BAD:#}  {}", error.code().name());
            println!("  {}", printable(&error.to_string()));
            if let Some(next) = error.next_step() {
                println!("  {FAINT}{next}{FAINT:#}");
            }
            return;
        }
    };
    match replay.reason() {
        None => println!("{GOOD}✓ run again: the same{GOOD:#}"),
        Some(code @ ReasonCode::ReplayImpossible) => {
            println!("{BAD}✗ cannot be run again here{BAD:#}  {}", code.name());
            replay.lacking.iter().for_each(|lacking| println!("  {}", printable(lacking)));
            println!("  so that these results do not tell anything about the record:");
        }
        Some(code) => {
            println!("{BAD}✗ run again: something else{BAD:#}  {}", code.name());
            println!("  {}", code.meaning());
        }
    }
    println!("  {FAINT}{}{FAINT:#}\n", place(replay.place));
    for difference in &replay.differences {
        println!("  {BAD}✗{BAD:#} {}", printable(&difference.detail));
    }
    for agreed in &replay.agreed {
        println!("  {GOOD}✓{GOOD:#} {}", printable(agreed));
    }
    if let Some(first) = replay.other_runtime.first() {
        let count = Counted(replay.other_runtime.len() as u64, "runtime file");
        println!("\n  {TITLE}different on this machine: {count}{TITLE:#}, {} first", printable(first));
    }
}

const fn place(place: Place) -> &'static str {
    match place {
        Place::Machine => "on the machine that the backend defines",
        Place::Process(sandbox) => sandbox.name(),
    }
}

fn view(done: &Result<Replay, ReplayError>) -> serde_json::Value {
    match done {
        Err(error) => json!({
            "schema": SCHEMA, "same": null, "reason": error.code().name(), "detail": error.to_string(),
        }),
        Ok(replay) => json!({
            "schema": SCHEMA,
            "same": match replay.reason() {
                None => Some(true),
                Some(ReasonCode::ReplayImpossible) => None,
                Some(_) => Some(false),
            },
            "reason": replay.reason().map(ReasonCode::name),
            "detail": replay.lacking.first().or(replay.differences.first().map(|difference| &difference.detail))
                .filter(|_| !replay.differences.is_empty()),
            "lacking": replay.lacking,
            "place": match replay.place {
                Place::Machine => "machine",
                Place::Process(capseal_replay::Sandbox::Bubblewrap) => "bubblewrap",
                Place::Process(capseal_replay::Sandbox::None) => "unprotected",
            },
            "differences": replay.differences.iter().map(|difference| match replay.reason() {
                Some(ReasonCode::ReplayImpossible) => json!({ "detail": difference.detail }),
                _ => json!({ "code": difference.code.name(), "detail": difference.detail }),
            }).collect::<Vec<_>>(),
            "agreed": replay.agreed,
            "other_runtime": replay.other_runtime,
        }),
    }
}

const SCHEMA: &str = "capseal/replay/v1";
