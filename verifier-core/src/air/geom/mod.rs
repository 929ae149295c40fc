//! `geom_v1`: the small machine of the original CapSeal, every column constrained (spec: `docs/spec/geom.md`).
//!
//! A proof shows that the machine, started from the public initial state and run for `steps` steps of the program
//! `[1, 2, 3, 1, 2, 0]` repeated, ends with the public outputs. All numbers are elements of the 64-bit field. Nothing is
//! secret: whoever has the parameters can run the machine and compare.

mod constraints;
mod machine;
mod statement;
mod trace;

use crate::Digest;
use crate::stark::{self, ParameterSet, ProofError};

pub use constraints::{AIR_PARAMS, AirParams, GeomAir};
pub use machine::{INITIAL_GAS, PASS, PROGRAM};
pub use statement::{GeomError, GeomInputs, GeomOutputs, GeomParameters, GeomStatement};
pub use trace::{COLUMNS, ROW_STEPS};

/// Name of the backend, and of this version of the AIR.
pub const NAME: &str = "geom_v1";

/// Checks that `proof` shows `statement`, bound to `instance_hash`, on the trace that `trace_root` commits to.
///
/// # Errors
/// [`ProofError`].
///
/// # Security
/// The caller computes the instance hash from the statement, `trace_root` included.
pub fn verify(
    proof: &[u8],
    set: ParameterSet,
    statement: &GeomStatement,
    instance_hash: &Digest,
    trace_root: &Digest,
) -> Result<(), ProofError> {
    let inputs = GeomInputs::new(*statement, *instance_hash);
    stark::verify::<GeomAir>(proof, set, &inputs, trace_root)
}
