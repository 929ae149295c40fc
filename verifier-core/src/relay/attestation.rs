//! Attestations: somebody sampled an archive, and says when.

use alloc::string::String;

use super::Message;
use crate::{cbor::record, digest::Digest, signature::Purpose};

record! {
    /// Rows drawn under the signer's own nonce were available, every one of them, and held.
    pub struct Attestation {
        /// [`Message::SCHEMA`].
        pub schema: String,
        /// The receipt's header.
        pub header_commit_hash: Digest,
        /// The header of its encoded archive.
        pub da_hash: Digest,
        /// When the last row was had: milliseconds since the Unix epoch.
        pub sampled_at: u64,
        /// Rows that were asked for, each once.
        pub samples: u64,
    }
}

impl Message for Attestation {
    const SCHEMA: &'static str = "capseal/attestation/v1";
    const PURPOSE: Purpose = Purpose::Attestation;

    fn schema(&self) -> &str {
        &self.schema
    }
}
