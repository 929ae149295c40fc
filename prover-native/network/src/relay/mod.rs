//! The relay (spec: `docs/spec/relay.md`): one list of commits, and what it signs about them.
//!
//! Its log is its memory: a commit is answered once it is a line of the log and the log is on disk, and everything else (receipts,
//! challenges, what is looked up) follows from the lines. The index beside it is made again from them after a crash; where it is a
//! database, that keeps the lines as well, and the log is made again from it when the disk is lost.

mod client;
mod index;
mod line;
mod log_lines;
mod rate;
mod register;
mod routes;
mod status;
mod store;
mod writer;

pub use client::{Registered, RelayFailure, attestations, post_attestation};
pub use index::IndexError;
pub use rate::Rates;
pub use register::{Answer, Full, Outcome, Register, RegisterError, Terms};
pub use routes::Service;
pub(crate) use routes::routes;
pub use status::Status;
pub use store::{DatabaseUrl, NotADatabaseUrl, Store};
