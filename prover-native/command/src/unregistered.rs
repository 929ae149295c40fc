//! In place of `registering` in a build without a network: nothing is registered, and there is no option that asks for it.

use std::path::Path;

use capseal_sealing::Committed;
use clap::Args;

use super::output::Failure;

/// No relay can be named.
#[derive(Args, Debug)]
pub(super) struct Registering {}

impl Registering {
    pub(super) fn or(self, _: Self) -> Self {
        self
    }

    #[allow(clippy::unnecessary_wraps, reason = "as in a build with a network")]
    pub(super) fn ready(&self) -> Result<Relay, Failure> {
        Ok(Relay)
    }
}

/// No relay.
pub(super) struct Relay;

impl Relay {
    pub(super) fn register(&self, _: &mut Committed) -> Registration {
        Registration
    }
}

/// Nothing came of it.
pub(super) struct Registration;

impl Registration {
    #[allow(clippy::unnecessary_wraps, reason = "as in a build with a network")]
    pub(super) fn keep(self, _: &Path) -> Result<(), Failure> {
        Ok(())
    }
}
