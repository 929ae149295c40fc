//! `capseal serve`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;

use super::output::{Failure, GOOD, eprintln_line};
use crate::{
    cause::Cause,
    provider::{Folder, Server},
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
    let server = Server::start(arguments.listen, Folder::at(&arguments.data), !arguments.quiet)
        .map_err(|error| Failure::new(format_args!("cannot listen on {}: {}", arguments.listen, Cause(&error))))?;
    eprintln_line(format_args!("{GOOD}✓{GOOD:#} serving {} on http://{}", arguments.data.display(), server.address()));
    server.run_to_signal()?;
    Ok(ExitCode::SUCCESS)
}
