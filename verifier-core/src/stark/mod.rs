//! The proof system: Winterfell's verifier behind one strict wrapper (spec: `docs/spec/proof.md`).
//!
//! [`verify`](verify()) is the only caller of `winter_verifier::verify`. Winterfell 0.13 alone accepts false statements (the last
//! polynomial of its low-degree test is not compared with its commitment), lets the prover choose the shape of the trace,
//! and panics or allocates without bound on hostile bytes; the wrapper pins, bounds and compares before it calls. What a
//! proof means is the AIR's affair ([`ProvenAir`]).
//!
//! Proofs are not zero-knowledge: they open rows of the trace.

mod error;
mod hasher;
mod params;
mod prescan;
#[cfg(feature = "testing")]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "material of tests, which may panic"
)]
pub mod testing;
mod vector;
mod verify;

pub use error::ProofError;
pub use hasher::TaggedSha256;
pub use params::{FriParams, ParameterSet};
pub use prescan::MAX_PROOF_LEN;
pub use vector::{ARITY, InOrder, LevelHasher, Opening, StcVector, VectorError};
pub use verify::{ProvenAir, over_the_extension, verify};
