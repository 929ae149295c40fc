//! `capseal cap`: capability tokens.

mod check;
mod make;
mod prove;
mod show;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use verifier_core::{
    VerifyOptions,
    capability::{Permission, Resource, Token},
    pcap::obligation::Level,
};

use super::{
    output::{Failure, read, read_receipt},
    streams::println,
};
use capseal_host::whole_file::{self, Existing};
use capseal_trust::capability::{CapabilityError, of_bundle};

/// Issue, delegate, check and revoke capability tokens, which grant access to bundles.
///
/// A token is a chain of signed links. A key that the provider trusts issues the first one. The holder of a token may add a link for
/// another key, with the same permissions or fewer. A token alone opens nothing: each request also carries a fresh proof that the
/// holder of the last link makes it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  capseal keys new owner; capseal keys new ann; capseal keys new bob
  capseal cap issue --key owner --to ann --permit read,verify --bundle run.cap \\
      --audience provider.example --for 30days --depth 1 > ann.token
  capseal cap delegate ann.token --key ann --to bob --permit read --for 1day > bob.token
  capseal cap verify bob.token --root owner       does it hold? exit status 0, 11 or 20
  capseal cap debug bob.token --root owner        every rule, and the link that breaks one
  capseal cap revoke bob.token --key ann --list ann.revoked
  capseal audit run.cap --provider URL --fetch --token bob.token --key bob
  capseal cap prove bob.token --key bob --path /v1/blobs/HASH > headers; curl -H @headers URL/v1/blobs/HASH";

#[derive(Debug, Subcommand)]
enum Command {
    Issue(make::Issue),
    Delegate(make::Delegate),
    Show(show::Show),
    Verify(check::Verify),
    Debug(check::Debug),
    Revoke(make::Revoke),
    Prove(prove::Prove),
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        Command::Issue(arguments) => make::issue(arguments),
        Command::Delegate(arguments) => make::delegate(arguments),
        Command::Show(arguments) => show::show(arguments),
        Command::Verify(arguments) => check::verify(arguments),
        Command::Debug(arguments) => check::debug(arguments),
        Command::Revoke(arguments) => make::revoke(arguments),
        Command::Prove(arguments) => prove::prove(arguments),
    }
}

/// A token's text from a file, or from standard input for `-`.
fn token_text(path: &Path) -> Result<String, Failure> {
    let text = String::from_utf8(read(path)?);
    let text =
        text.map_err(|_| Failure::explained_by(format_args!("{} is not a token", path.display()), TOKEN_FILE))?;
    Ok(text.trim_ascii().to_owned())
}

const TOKEN_FILE: &str = "a token is one line of text, as capseal cap issue prints it";

/// A token that can be read.
pub(super) fn read_token(path: &Path) -> Result<Token, Failure> {
    Token::from_text(&token_text(path)?)
        .map_err(|denial| Failure::explained_by(format_args!("{}: {denial}", path.display()), TOKEN_FILE))
}

fn explained(error: CapabilityError) -> Failure {
    let next = error.next_step();
    Failure::explained(error, next)
}

/// Writes a result to a file that is not there yet, or to standard output.
fn put(out: Option<&PathBuf>, text: &str) -> Result<(), Failure> {
    match out {
        Some(path) => {
            let written = whole_file::write(path, Existing::Keep, format!("{text}\n").as_bytes());
            written.map(drop).map_err(|error| {
                let next = error.next_step();
                Failure::explained(error, next)
            })
        }
        None => {
            println!("{text}");
            Ok(())
        }
    }
}

fn permission(name: &str) -> Result<Permission, String> {
    Permission::from_name(name).ok_or_else(|| "not one of read, create, modify, verify".to_owned())
}

fn resource(text: &str) -> Result<Resource, String> {
    let wrong = "not segments of letters, digits, . _ : - with / between, such as bundle/HASH or bundle/HASH/*";
    Resource::new(text).ok_or_else(|| wrong.to_owned())
}

fn level(name: &str) -> Result<Level, String> {
    Level::from_name(name).ok_or_else(|| "not one of S0, S1, S2".to_owned())
}

/// Everything of a receipt's bundle. A receipt that does not hold could name another's.
fn bundle(path: &Path) -> Result<Resource, Failure> {
    let receipt = read_receipt(path)?;
    let verdict = verifier_core::verify(&receipt, &VerifyOptions::default());
    match (verdict.refusal(), verdict.capsule_hash) {
        (None, Some(hash)) => Ok(of_bundle(&hash)),
        (refusal, _) => {
            let why = refusal.map(|refusal| refusal.to_string()).unwrap_or_default();
            let next = "a token is for the bundle of a receipt that verifies";
            Err(Failure::explained_by(format_args!("{}: {why}", path.display()), next))
        }
    }
}
