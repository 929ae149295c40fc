//! Runs a child without watching it: files are known by declaration only.

use std::{
    io::PipeWriter,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitStatus},
    time::Instant,
};

use super::{Ended, RunError, Start, record::Exit};

/// Runs a child to its end.
///
/// # Errors
/// When the system does not start it.
pub(super) fn run(start: &Start<'_>, stdout: PipeWriter, stderr: PipeWriter) -> Result<Ended, RunError> {
    let resolved = start.resolved;
    let mut command = Command::new(&resolved.executable);
    if let Some((name, arguments)) = resolved.argv.split_first() {
        command.arg0(name).args(arguments);
    }
    command.env_clear().envs(start.environment.iter().map(|(name, value)| (name, value)));
    command.current_dir(start.working_dir).stdout(stdout).stderr(stderr);
    let began = Instant::now();
    let spawned = command.spawn();
    // It holds the write ends of the pipes.
    drop(command);
    let mut child = spawned.map_err(|error| RunError::Start { path: resolved.executable.clone(), error })?;
    if let Some(forwarding) = start.forwarding {
        forwarding.to(child.id().cast_signed());
    }
    let status = child.wait();
    start.forwarding.inspect(|forwarding| forwarding.to_nobody());
    let status = status.map_err(|error| RunError::System { action: "wait for the program", error })?;
    Ok(Ended { exit: exit(status), duration: began.elapsed() })
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code as u8),
        (None, signal) => Exit::Signal(signal.unwrap_or_default() as u8),
    }
}
