//! Registering a receipt with a relay while it is sealed.

use std::path::{Path, PathBuf};

use capseal_host::whole_file::{self, Existing};
use capseal_network::{
    http::{Bounds, Client},
    relay::{Registered, RelayFailure},
};
use capseal_sealing::Committed;
use clap::Args;
use verifier_core::capsule::Capsule;

use super::output::{FAINT, Failure, eprintln_line, printable};

/// Which relay is to know the receipt.
#[derive(Args, Debug)]
pub(super) struct Registering {
    /// Register the receipt with the relay at this URL, and keep its answer beside the receipt (FILE.commit.json): since when it is
    /// known, and which rows of its archive everybody may ask for. The receipt names that challenge. Only for archives that are kept elsewhere.
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
}

impl Registering {
    /// This relay, or another where none is named.
    pub(super) fn or(self, other: Self) -> Self {
        Self { relay: self.relay.or(other.relay) }
    }

    /// Reads the URL, before the work begins.
    pub(super) fn ready(&self) -> Result<Relay, Failure> {
        Ok(Relay(self.relay.as_ref().map(|url| Client::new(url, Bounds::DEFAULT)).transpose()?))
    }
}

/// The relay that was named, if one was.
pub(super) struct Relay(Option<Client>);

impl Relay {
    /// Registers what was committed to, so that the capsule names the challenge.
    pub(super) fn register(&self, committed: &mut Committed) -> Registration {
        // The run may have taken longer than the patience that began before it.
        let Some(relay) = self.0.as_ref().map(Client::afresh) else { return Registration::NotAsked };
        let Some(commit) = committed.commit() else { return Registration::Nothing };
        let answer = Registered::with(&relay, &commit);
        if let Ok(registered) = &answer {
            committed.name_challenge(&registered.challenge);
        }
        Registration::Asked { relay: relay.base().to_owned(), answer }
    }
}

/// What came of registering.
pub(super) enum Registration {
    /// No relay was named.
    NotAsked,
    /// All of the archive travels.
    Nothing,
    /// What the relay answered.
    Asked { relay: String, answer: Result<Registered, RelayFailure> },
}

impl Registration {
    /// Keeps the answer beside the receipt, which is in place by now, whatever the relay said.
    pub(super) fn keep(self, receipt: &Path) -> Result<(), Failure> {
        match self {
            Self::NotAsked => {}
            Self::Nothing => {
                eprintln_line(format_args!(
                    "  {FAINT}not registered: all of the archive travels in the receipt{FAINT:#}"
                ));
            }
            Self::Asked { relay, answer } => {
                let again = "the receipt is in place; register it again with capseal audit register";
                let registered = answer.map_err(|error| Failure::explained(error, again))?;
                let path = commit_beside(receipt);
                // The relay answers a commit in the same way each time.
                whole_file::write(&path, Existing::Replace, registered.to_json().as_bytes())?;
                eprintln_line(format_args!("  registered with {}: {}", printable(&relay), path.display()));
            }
        }
        Ok(())
    }
}

/// Registers a receipt that is there already, and keeps the answer beside it.
pub(super) fn register(relay: &Client, receipt: &Path, capsule: &Capsule) -> Result<(), Failure> {
    let registration = match capsule.relay_commit() {
        None => Registration::Nothing,
        Some(commit) => {
            Registration::Asked { relay: relay.base().to_owned(), answer: Registered::with(relay, &commit) }
        }
    };
    registration.keep(receipt)
}

/// Where a relay's answer is kept.
pub(super) fn commit_beside(receipt: &Path) -> PathBuf {
    let mut beside = receipt.as_os_str().to_owned();
    beside.push(".commit.json");
    beside.into()
}
