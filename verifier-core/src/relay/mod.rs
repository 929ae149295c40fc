//! Relays (spec: `docs/spec/relay.md`): what a third party says about a commit, signed, and dated.
//!
//! A relay answers the first commit to a receipt with a [`CommitReceipt`], and with one [`Challenge`] whose seed follows from that receipt:
//! whoever made the receipt could not know the rows that it would call for. An [`Attestation`] says that its signer sampled rows under a
//! nonce of its own. Signatures are checked here; whether a signer is trusted is the business of [`trust`](crate::trust), and what the
//! messages show that of [`verify`](mod@crate::verify).

mod attestation;
mod challenge;
mod commit;
mod list;
mod message;

pub use attestation::Attestation;
pub use challenge::{ARCHIVAL, Challenge};
pub use commit::{Commit, CommitReceipt};
pub use list::{MAX_LIST, read_list};
pub use message::{MAX_MESSAGE, Message, MessageError, Signed};

#[cfg(test)]
mod tests;
