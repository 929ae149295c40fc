//! `capseal mcp`.

use std::{
    io::{ErrorKind, stdin, stdout},
    path::PathBuf,
    process::ExitCode,
};

use clap::Args;

use super::output::Failure;
use capseal_logs::mcp::Server;

/// Serve an action log to a coding agent, over the Model Context Protocol on standard input and output.
///
/// Tools: status, log, seal, verify. The log is started if it does not exist.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The log.
    #[arg(long, value_name = "FILE")]
    run: PathBuf,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut server = Server::open(&arguments.run).map_err(|error| {
        let next = error.next_step();
        Failure::explained(error, next)
    })?;
    match server.serve(stdin().lock(), stdout()) {
        // The agent is gone: nobody is left to be told.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) if error.kind() == ErrorKind::StorageFull => Err(Failure::of_output(&error)),
        served => Ok(served.map(|()| ExitCode::SUCCESS)?),
    }
}
