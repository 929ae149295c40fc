//! Makes the commitments that verifier-core checks: STC roots from streams, trees on many threads, row-check encodings.
//!
//! Every format comes from [`verifier_core::stc`] and [`verifier_core::row_check`]; here are reading, threads, and memory
//! that does not grow with the archive.

mod columns;
mod content;
mod encode;
mod rebuild;
mod rows;
mod store;
mod tree;

pub use content::ContentReader;
pub use encode::{EncodeError, Encoding, encode, shape_for};
pub use rebuild::{RebuildError, rebuild};
pub use rows::{CommitError, Commitment, commit_rows};
pub use store::RowStore;
pub use tree::build_tree;
