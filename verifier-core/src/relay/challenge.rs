//! Challenges: which rows everybody asks for, once a commit is logged.

use alloc::string::String;

use super::Message;
use crate::{
    cbor::record,
    digest::{Digest, Tag},
    signature::Purpose,
};

/// The one mode: positions follow from the challenge's seed alone, so that anybody can check answers later.
pub const ARCHIVAL: &str = "archival";

record! {
    /// A relay's challenge: one for each commit.
    pub struct Challenge {
        /// [`Message::SCHEMA`].
        pub schema: String,
        /// [`ARCHIVAL`].
        pub mode: String,
        /// As in the commit.
        pub header_commit_hash: Digest,
        /// As in the commit.
        pub da_hash: Digest,
        /// [`super::CommitReceipt::challenge_seed`] of the commit's receipt.
        pub seed: Digest,
        /// Bits that the rows have to show.
        pub bits: u64,
        /// When it was issued: milliseconds since the Unix epoch.
        pub issued_at: u64,
        /// First moment at which it is not to be used any more.
        pub not_after: u64,
        /// Root of the registry under which the relay issues.
        pub registry_root: Digest,
    }
}

impl Message for Challenge {
    const SCHEMA: &'static str = "capseal/challenge/v1";
    const PURPOSE: Purpose = Purpose::Relay;

    fn schema(&self) -> &str {
        &self.schema
    }
}

impl Challenge {
    /// What a capsule commits to, when it was sealed after its challenge.
    pub fn hash(message: &[u8]) -> Digest {
        Tag::DA_CHALLENGE.digest(&[message])
    }
}
