//! Action logs on disk (spec: `docs/spec/pcap.md`): written by many processes at once, through crashes, and checked as they stream by.
//!
//! What a log is, the core says ([`verifier_core::pcap`]); here it meets files. [`LogFile`] appends, [`SharedLog`] lets the threads of a
//! process share a sync, [`examine()`] checks, [`SigningKey`] signs checkpoints and
//! [`Witness`] cosigns them.
//!
//! ```no_run
//! use capseal_logs::{Action, LogFile};
//! # fn main() -> Result<(), capseal_logs::LogFileError> {
//! let mut log = LogFile::create("agent.jsonl".as_ref(), serde_json::Map::new())?;
//! log.append(&[Action::new("read_file", "agent").with("path", "Cargo.toml").into()])?;
//! log.seal(serde_json::Map::new())?;
//! # Ok(()) }
//! ```

mod append;
mod entry;
mod error;
mod examine;
mod key;
mod lock;
mod loss;
pub mod mcp;
mod proofs;
mod prove;
mod rotation;
mod shared;
mod tail;
mod witness;

pub use append::{Appended, LogFile, Recovered};
pub use entry::{Action, NewEntry};
pub use error::LogFileError;
pub use examine::{examine, examine_reader, refuse_proofs, snapshot};
pub use key::{KeyError, SigningKey, keep_checkpoint, kept_checkpoint, sign_checkpoint, sign_receipt};
pub use loss::Loss;
pub use proofs::ProofFolder;
pub use prove::{prove_consistency, prove_inclusion};
pub use shared::SharedLog;
pub use witness::{NotExtended, Witness, WitnessError};
