//! Proofs of `geom_v1`.

use std::fmt;

use verifier_core::Digest;
use verifier_core::air::geom::{COLUMNS, GeomAir, GeomError, GeomInputs, GeomOutputs, GeomParameters, GeomStatement};
use verifier_core::field::BaseElement;
use verifier_core::stark::{ParameterSet, ProvenAir};
use winter_prover::ProverError;

use super::TraceCommitment;

/// Runs the machine and commits to its trace.
#[derive(Clone, Copy, Debug)]
pub struct GeomProver;

impl GeomProver {
    /// Runs the machine, extends its trace, and commits to it.
    pub fn commit(parameters: GeomParameters, set: ParameterSet) -> Committed {
        let trace = TraceCommitment::new(columns(&parameters), GeomAir::fri_params(set));
        Committed { parameters, outputs: parameters.execute(), trace }
    }
}

/// A run of the machine, committed to and not yet proven.
pub struct Committed {
    parameters: GeomParameters,
    outputs: GeomOutputs,
    trace: TraceCommitment,
}

impl Committed {
    /// What the machine ended with.
    pub const fn outputs(&self) -> &GeomOutputs {
        &self.outputs
    }

    /// The STC root of the extended trace: the statement's `trace_root`.
    pub fn trace_root(&self) -> Digest {
        self.trace.root()
    }

    /// The claim that the proof will show.
    ///
    /// # Errors
    /// [`GeomError`], which a run of the machine does not lead to.
    pub fn statement(&self) -> Result<GeomStatement, GeomError> {
        GeomStatement::new(self.parameters, self.outputs)
    }

    /// Proves the run, bound to `instance_hash`.
    ///
    /// # Errors
    /// [`ProveError`].
    pub fn prove(self, instance_hash: Digest) -> Result<Vec<u8>, ProveError> {
        let inputs = GeomInputs::new(self.statement()?, instance_hash);
        Ok(self.trace.prove::<GeomAir>(inputs)?)
    }
}

/// Why a run could not be proven.
#[derive(Debug)]
pub enum ProveError {
    /// The statement is not one of the AIR.
    Statement(GeomError),
    /// The prover gave up.
    Prover(ProverError),
}

impl From<GeomError> for ProveError {
    fn from(error: GeomError) -> Self {
        Self::Statement(error)
    }
}

impl From<ProverError> for ProveError {
    fn from(error: ProverError) -> Self {
        Self::Prover(error)
    }
}

impl fmt::Display for ProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement(error) => write!(f, "the run has no statement: {error}"),
            Self::Prover(error) => write!(f, "the run could not be proven: {error}"),
        }
    }
}

impl std::error::Error for ProveError {}

fn columns(parameters: &GeomParameters) -> Vec<Vec<BaseElement>> {
    let length = parameters.trace_length() as usize;
    let mut columns = vec![Vec::with_capacity(length); COLUMNS.len()];
    for row in parameters.rows() {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    columns
}
