//! The relay (spec: `docs/spec/relay.md`): one list of commits, and what it signs about them.
//!
//! Its log is its memory: a commit is answered once it is a line of the log and the log is on disk, and everything else (receipts,
//! challenges, what is looked up) follows from the lines. The index beside it is made again from them after a crash.

mod client;
mod index;
mod line;
mod register;
mod routes;
mod writer;

pub use client::{Registered, RelayFailure, attestations, commit_of, post_attestation};
pub use index::IndexError;
pub use register::{Outcome, Register, RegisterError, Terms};
pub use routes::Service;
pub(crate) use routes::routes;
