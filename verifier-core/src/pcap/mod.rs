//! Action logs (spec: `docs/spec/pcap.md`): append-only lines that show their order, their completeness and their obligations.
//!
//! [`log`] is the one definition of a log; the [event log](crate::event_log) of a receipt is such a log. [`tree`] proves single lines,
//! [`checkpoint`] anchors a log outside its file, [`obligation`] says whether what had to be checked was. [`v1`] reads the logs that the
//! original wrote.

pub mod checkpoint;
mod line;
pub mod log;
pub mod note;
pub mod obligation;
pub mod options;
pub mod proof;
pub mod report;
mod time;
pub mod tree;
pub mod v1;

pub use checkpoint::{Checkpoint, CheckpointError, TreeHead};
pub use log::{Chain, Log, LogError, Part, Writer};
pub use note::{Note, NoteError, NoteKey};
pub use options::{Options, OptionsError};
pub use proof::{Proof, ProofError, ProofReport, verify_proof};
pub use report::{ContentResolver, Examination, Report, verify_log};
pub use time::{millis, second_text};

#[cfg(test)]
mod tests;
