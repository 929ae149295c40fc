//! Makes proofs: traces, their commitments, and Winterfell's prover behind the core's hasher, tree and pinned options.
//!
//! A statement names the root of the trace that it is about, and the proof binds the statement: so a prover first
//! commits to the trace, hands the root out, and proves once it is given the instance hash. The commitment is made once.
//!
//! Not done here: checking the proof. Whoever seals a receipt verifies it first.

mod commit;
mod geom;
mod phases;
mod prover;
pub mod rv32im;
mod stark;

pub use geom::{Committed, GeomProver, ProveError};
pub use phases::Phase;
pub use prover::TraceCommitment;
pub use stark::{LaneSet, SegmentedTrace, UnavailableLanes};
pub use verifier_core::field::Extension;

use phases::{Clock, Phases};
