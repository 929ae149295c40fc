//! `rv32im_v1`: any RV32IM program, proven (spec: `docs/spec/rv32im.md`).
//!
//! One row is one micro-op. What holds within a row is a polynomial constraint; what holds between rows, between a row and
//! the program, and between a row and a table is one sum of fractions, whose end must be what the verifier computes from
//! the statement and the challenges.
//!
//! Says that the program, loaded as the image says and given the input, runs to its exit call with this output, exit code
//! and number of instructions. Says nothing about what the program means, and hides nothing.

pub mod air;
pub mod bus;
pub mod columns;
pub mod constraints;
pub mod micro_op;
mod program;
mod ring;
mod share;
mod statement;
pub mod tables;

use alloc::sync::Arc;

use crate::Digest;
use crate::stark::{self, ParameterSet, ProofError};

pub use air::{AIR_PARAMS, AirParams, Rv32imAir};
pub use program::{MAX_MICRO_OPS, Program, micro_ops};
pub use ring::{Over, Ring};
pub use share::share;
pub use statement::{
    MAX_TRACE_LENGTH, MEMORY_WORDS, MIN_TRACE_LENGTH, Run, Rv32imError, Rv32imInputs, Rv32imStatement, initial_words,
    stream_words,
};
pub use tables::PublicTables;

/// Name of the backend, and of this version of the AIR.
pub const NAME: &str = "rv32im_v1";

/// Checks that `proof` shows `statement`, bound to `instance_hash`, on the trace that `trace_root` commits to.
///
/// # Errors
/// [`ProofError`].
///
/// # Security
/// The caller computes the instance hash from the capsule's statement, `trace_root` included.
pub fn verify(
    proof: &[u8],
    set: ParameterSet,
    statement: &Arc<Rv32imStatement>,
    instance_hash: &Digest,
    trace_root: &Digest,
) -> Result<(), ProofError> {
    let inputs = Rv32imInputs::new(Arc::clone(statement), *instance_hash);
    stark::verify::<Rv32imAir>(proof, set, &inputs, trace_root)
}
