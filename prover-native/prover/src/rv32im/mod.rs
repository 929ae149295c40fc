//! Proofs of `rv32im_v1`: a run is recorded, made into a trace, committed to, and proven.

mod cells;
mod memory;
mod quotient;
mod recording;
mod sums;
mod trace;

use std::fmt;
use std::sync::Arc;

use verifier_core::Digest;
use verifier_core::air::rv32im::{Rv32imAir, Rv32imError, Rv32imInputs, Rv32imStatement};
use verifier_core::field::BaseElement;
use verifier_core::stark::{ParameterSet, ProvenAir};
use winter_prover::crypto::RandomCoinError;

use super::stark::{Segmented, Segments};
use super::{Clock, Extension, Phase, SegmentedTrace};
pub use recording::{Operands, Record, Recording, RunError, result};

impl Recording {
    /// Makes the trace, extends it, and commits to it.
    ///
    /// # Errors
    /// [`Rv32imError`], which a recorded run gives no reason for.
    pub fn commit(self, set: ParameterSet) -> Result<Rv32imCommitted, Rv32imError> {
        let mut clock = Clock::new();
        let (columns, tables) = self.trace();
        let tables = tables.encode();
        let statement = Rv32imStatement::new(self.run(), &tables)?;
        drop(self);
        clock.lap("trace");
        let trace = SegmentedTrace::new(columns, Rv32imAir::fri_params(set));
        clock.lap("trace commitment");
        Ok(Rv32imCommitted { statement: Arc::new(statement), tables, trace, phases: clock.into_phases() })
    }
}

/// Bytes of memory that proving a trace of so many rows takes, about: in proportion to the rows and, for the most part, to
/// the blow-up; and some for the rest.
pub fn memory_need(rows: u32, set: ParameterSet) -> u64 {
    const TRACE: u64 = 1_900;
    const EXTENDED: u64 = 1_150;
    const REST: u64 = 128 << 20;
    u64::from(rows) * (TRACE + EXTENDED * u64::from(Rv32imAir::fri_params(set).blowup)) + REST
}

/// A run of a program, committed to and not yet proven.
pub struct Rv32imCommitted {
    statement: Arc<Rv32imStatement>,
    tables: Vec<u8>,
    trace: SegmentedTrace,
    phases: Vec<Phase>,
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
    /// [`Rv32imProveError`].
    pub fn prove(self, instance_hash: Digest) -> Result<Vec<u8>, Rv32imProveError> {
        self.prove_in_phases(instance_hash).map(|(proof, _)| proof)
    }

    /// The same, and what took how long, from the making of the trace on.
    ///
    /// # Errors
    /// [`Rv32imProveError`].
    pub fn prove_in_phases(self, instance_hash: Digest) -> Result<(Vec<u8>, Vec<Phase>), Rv32imProveError> {
        let Self { statement, trace, mut phases, .. } = self;
        let inputs = Rv32imInputs::new(statement, instance_hash);
        let (proof, more) = trace.prove::<Rv32imAir>(inputs).map_err(Rv32imProveError)?;
        phases.extend(more);
        Ok((proof, phases))
    }
}

/// Proves that the AIR holds for `inputs` on a trace. One that it does not hold on gives a proof that does not verify.
///
/// # Errors
/// [`Rv32imProveError`].
pub fn prove_trace(trace: SegmentedTrace, inputs: Rv32imInputs) -> Result<Vec<u8>, Rv32imProveError> {
    trace.prove::<Rv32imAir>(inputs).map(|(proof, _)| proof).map_err(Rv32imProveError)
}

impl Segmented for Rv32imAir {
    fn auxiliary(main: &[Vec<BaseElement>], challenges: &[Extension]) -> Vec<Vec<BaseElement>> {
        sums::sums(main, challenges)
    }

    fn quotient(&self, segments: &Segments<'_>) -> Vec<[Vec<BaseElement>; 3]> {
        quotient::quotient(self, segments)
    }
}

/// The prover gave up.
#[derive(Debug)]
pub struct Rv32imProveError(RandomCoinError);

impl fmt::Display for Rv32imProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the run could not be proven: {}", self.0)
    }
}

impl std::error::Error for Rv32imProveError {}
