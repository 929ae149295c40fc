//! What a relay writes into its log, and reads from it again after a crash.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;
use verifier_core::{
    Digest,
    pcap::obligation::Level,
    relay::{Attestation, Commit, Signed},
};

use super::Terms;
use capseal_logs::{Action, NewEntry};

/// A line that a relay wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A commit, and the terms of its challenge.
    Commit(Logged),
    /// An attestation that was posted.
    Attestation { commit: Digest, key_id: Digest, message: Vec<u8> },
}

/// A commit as the log has it: receipt and challenge follow from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) commit: Commit,
    pub(super) committed_at: u64,
    pub(super) terms: Terms,
}

impl Line {
    /// The entry, durable when it is appended.
    pub(super) fn entry(&self, relay: &Digest) -> NewEntry {
        let action = |name| Action::new(name, &relay.to_string()).at(Level::S1);
        match self {
            Self::Commit(Logged { commit, committed_at, terms }) => action(COMMIT)
                .with("header_commit_hash", commit.header_commit_hash.to_string())
                .with("da_hash", commit.da_hash.to_string())
                .with("committed_at", *committed_at)
                .with("bits", terms.bits)
                .with("lifetime_ms", terms.lifetime_ms)
                .with("registry_root", terms.registry_root.to_string())
                .into(),
            Self::Attestation { message, .. } => action(ATTESTATION).with("message", BASE64.encode(message)).into(),
        }
    }

    /// Reads a line; `None` for those that are neither, such as the header.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let fields: Value = serde_json::from_slice(line).ok()?;
        let digest = |name: &str| Digest::from_hex(fields.get(name)?.as_str()?);
        let number = |name: &str| fields.get(name)?.as_u64();
        match fields.get("action")?.as_str()? {
            COMMIT => Some(Self::Commit(Logged {
                commit: Commit::new(digest("header_commit_hash")?, digest("da_hash")?),
                committed_at: number("committed_at")?,
                terms: Terms {
                    bits: u32::try_from(number("bits")?).ok()?,
                    lifetime_ms: number("lifetime_ms")?,
                    registry_root: digest("registry_root")?,
                },
            })),
            ATTESTATION => Self::attestation(BASE64.decode(fields.get("message")?.as_str()?).ok()?),
            _ => None,
        }
    }

    /// The commit that it is about.
    pub(super) const fn commit_hash(&self) -> Digest {
        match self {
            Self::Commit(logged) => logged.commit.header_commit_hash,
            Self::Attestation { commit, .. } => *commit,
        }
    }

    /// The line of an attestation, if it is one.
    pub(super) fn attestation(message: Vec<u8>) -> Option<Self> {
        let Signed { key, message: said }: Signed<Attestation> = Signed::read(&message).ok()?;
        Some(Self::Attestation { commit: said.header_commit_hash, key_id: key.id(), message })
    }
}

const COMMIT: &str = "commit";
const ATTESTATION: &str = "attestation";
