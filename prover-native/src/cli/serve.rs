//! `capseal serve`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;

use super::output::{Failure, GOOD, eprintln_line};
use crate::{
    cause::Cause,
    provider::{Access, Folder, Gate, Server},
};

/// Serve bundles to whoever audits or fetches them, until SIGTERM or SIGINT.
///
/// The folder is what `capseal audit export` writes. HTTP without TLS, and without limits for each client: put a proxy in front of it
/// before others can reach it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8490")]
    listen: SocketAddr,
    /// The access file: which bundles are for those alone who have a token; DIR/access.toml when that is there.
    #[arg(long, value_name = "FILE")]
    access: Option<PathBuf>,
    /// The action log of who was let in and who was not; DIR/decisions.jsonl when not named.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Write no line for each request to standard error.
    #[arg(long)]
    quiet: bool,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if !arguments.data.is_dir() {
        return Err(Failure::explained_by(
            format_args!("{} is no folder", arguments.data.display()),
            "make one with capseal audit export",
        ));
    }
    let gate = gate(arguments)?;
    let protected = gate.is_some();
    let server = Server::start_gated(arguments.listen, Folder::at(&arguments.data), !arguments.quiet, gate)
        .map_err(|error| Failure::new(format_args!("cannot listen on {}: {}", arguments.listen, Cause(&error))))?;
    eprintln_line(format_args!("{GOOD}✓{GOOD:#} serving {} on http://{}", arguments.data.display(), server.address()));
    if protected {
        eprintln_line("  bundles of its access file are for those alone who have a token");
    }
    server.run_to_signal()?;
    Ok(ExitCode::SUCCESS)
}

/// The gate, if there is an access file: one that lies there is never passed over.
fn gate(arguments: &Arguments) -> Result<Option<Gate>, Failure> {
    let beside = arguments.data.join(ACCESS_FILE);
    let access = match &arguments.access {
        Some(named) => named.clone(),
        None if Access::is_at(&beside)? => beside,
        None => return Ok(None),
    };
    let decisions = arguments.decisions.clone().unwrap_or_else(|| arguments.data.join("decisions.jsonl"));
    let gate = Gate::open(&access, &decisions);
    gate.map(Some).map_err(|error| {
        Failure::explained(error, "capseal audit export --require-token writes access files; nothing is served without")
    })
}

/// The access file of a provider's folder.
pub(super) const ACCESS_FILE: &str = "access.toml";
