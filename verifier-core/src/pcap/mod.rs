//! Action logs (spec: `docs/spec/pcap.md`): append-only lines that show their order, their completeness and their obligations.
//!
//! [`log`] is the one definition of a log; the [event log](crate::event_log) of a receipt is such a log. [`tree`] proves single lines,
//! [`checkpoint`] anchors a log outside its file, [`witness`] says who else saw it, [`obligation`] says whether what had to be checked was. [`v1`] reads the logs that the
//! original wrote.

pub mod checkpoint;
pub mod cose;
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
pub mod witness;

pub use checkpoint::{Checkpoint, CheckpointError, TreeHead};
pub use cose::{CoseError, CoseReceipt, Proven, verify_receipt};
pub use log::{Chain, Log, LogError, Part, Writer};
pub use note::{KeyType, Note, NoteError, NoteKey};
pub use options::Options;
pub use proof::{Proof, ProofError, ProofReport, verify_proof};
pub use report::{ContentResolver, Examination, Report, verify_log};
pub use time::{millis, second_text};
pub use witness::{Witnessed, Witnesses};

#[cfg(test)]
mod tests;
