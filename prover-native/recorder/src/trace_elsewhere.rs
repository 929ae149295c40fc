//! Where there is no way to watch a process tree.

use std::io::PipeWriter;

use super::{Ended, RunError, Start, ledger::Ledger, streams::Tap};

/// What came of an attempt to watch.
#[derive(Debug)]
pub(super) enum Followed {
    /// The run was watched to its end; never here.
    #[allow(dead_code, reason = "one type for every system")]
    Ended(Ended),
    /// The system does not let us; nothing was executed.
    Refused(String),
}

/// Refuses.
///
/// # Errors
/// None here.
pub(super) fn follow(
    _: &Start<'_>,
    _: &mut Ledger,
    _: PipeWriter,
    _: PipeWriter,
    _: Option<[Tap; 2]>,
) -> Result<Followed, RunError> {
    Ok(Followed::Refused("only Linux lets a process tree be watched".to_owned()))
}
