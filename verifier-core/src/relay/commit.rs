//! Commits: a receipt and its archive, registered before anybody knows which rows will be asked for.

use alloc::string::String;

use super::Message;
use crate::{
    cbor::record,
    digest::{Digest, Tag},
    signature::Purpose,
};

record! {
    /// What a prover registers.
    pub struct Commit {
        /// `capseal/commit/v1`.
        pub schema: String,
        /// The receipt's header: layer 2 of its capsule.
        pub header_commit_hash: Digest,
        /// The header of its encoded archive.
        pub da_hash: Digest,
    }
}

impl Commit {
    /// The schema of this version's commits.
    pub const SCHEMA: &'static str = "capseal/commit/v1";

    /// The commit of a receipt and its archive.
    pub fn new(header_commit_hash: Digest, da_hash: Digest) -> Self {
        Self { schema: Self::SCHEMA.into(), header_commit_hash, da_hash }
    }
}

record! {
    /// What a relay answers: since when it knows of a commit.
    pub struct CommitReceipt {
        /// [`Message::SCHEMA`].
        pub schema: String,
        /// As in the commit.
        pub header_commit_hash: Digest,
        /// As in the commit.
        pub da_hash: Digest,
        /// When the relay logged it: milliseconds since the Unix epoch.
        pub committed_at: u64,
        /// The line of the relay's log that says so, counted from zero.
        pub position: u64,
    }
}

impl Message for CommitReceipt {
    const SCHEMA: &'static str = "capseal/commit-receipt/v1";
    const PURPOSE: Purpose = Purpose::Relay;

    fn schema(&self) -> &str {
        &self.schema
    }
}

impl CommitReceipt {
    /// The seed of the challenge that belongs to a commit receipt, from the receipt's bytes. Deterministic: there is nothing to draw again.
    pub fn challenge_seed(message: &[u8]) -> Digest {
        Tag::CHALLENGE_SEED.digest(&[message])
    }
}
