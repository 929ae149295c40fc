//! Proofs of `rv32im_v1`: a run is recorded, made into a trace, committed to, and proven.

mod cells;
mod memory;
mod recording;
mod sums;
mod trace;

use std::fmt;
use std::sync::Arc;

use verifier_core::Digest;
use verifier_core::air::rv32im::{Rv32imAir, Rv32imError, Rv32imInputs, Rv32imStatement};
use verifier_core::stark::{ParameterSet, ProvenAir};
use winter_prover::ProverError;

pub use recording::{Operands, Record, Recording, RunError, result};
pub use sums::Sums;

use super::{Phases, TraceCommitment};

impl Recording {
    /// Makes the trace, extends it, and commits to it.
    ///
    /// # Errors
    /// [`Rv32imError`], which a recorded run does not lead to.
    pub fn commit(self, set: ParameterSet) -> Result<Rv32imCommitted, Rv32imError> {
        let (columns, tables) = self.trace();
        let tables = tables.encode();
        let statement = Rv32imStatement::new(self.run(), &tables)?;
        drop(self);
        let trace = TraceCommitment::new(columns, Rv32imAir::fri_params(set));
        Ok(Rv32imCommitted { statement: Arc::new(statement), tables, trace })
    }
}

/// Bytes of memory that proving a trace of so many rows takes, about: in proportion to the rows, and some for the rest.
pub const fn memory_need(rows: u32) -> u64 {
    const BYTES_PER_ROW: u64 = 5_900;
    const REST: u64 = 128 << 20;
    rows as u64 * BYTES_PER_ROW + REST
}

/// A run of a program, committed to and not yet proven.
pub struct Rv32imCommitted {
    statement: Arc<Rv32imStatement>,
    tables: Vec<u8>,
    trace: TraceCommitment,
}

impl Rv32imCommitted {
    /// What the proof will show.
    pub const fn statement(&self) -> &Arc<Rv32imStatement> {
        &self.statement
    }

    /// The document of the public tables.
    pub fn tables(&self) -> &[u8] {
        &self.tables
    }

    /// The STC root of the extended trace: the statement's `trace_root`.
    pub fn trace_root(&self) -> Digest {
        self.trace.root()
    }

    /// Proves the run, bound to `instance_hash`.
    ///
    /// # Errors
    /// [`ProverError`].
    pub fn prove(self, instance_hash: Digest) -> Result<Vec<u8>, Rv32imProveError> {
        self.prove_in_phases(instance_hash).map(|(proof, _)| proof)
    }

    /// The same, and what took how long.
    ///
    /// # Errors
    /// [`ProverError`].
    pub fn prove_in_phases(self, instance_hash: Digest) -> Result<(Vec<u8>, Phases), Rv32imProveError> {
        let inputs = Rv32imInputs::new(self.statement, instance_hash);
        self.trace.prove_with::<Rv32imAir>(inputs, Sums).map_err(Rv32imProveError)
    }
}

/// The prover gave up.
#[derive(Debug)]
pub struct Rv32imProveError(ProverError);

impl fmt::Display for Rv32imProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the run could not be proven: {}", self.0)
    }
}

impl std::error::Error for Rv32imProveError {}
