//! Winterfell's prover for an AIR with one segment, which is already committed to.

use std::sync::Mutex;

use verifier_core::Digest;
use verifier_core::field::{BaseElement, Extension};
use verifier_core::stark::{FriParams, ProvenAir, TaggedSha256};
use winter_air::proof::Queries;
use winter_air::{
    AuxRandElements, ConstraintCompositionCoefficients, EvaluationFrame, PartitionOptions, ProofOptions, TraceInfo,
};
use winter_prover::crypto::DefaultRandomCoin;
use winter_prover::math::FieldElement;
use winter_prover::matrix::ColMatrix;
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, ConstraintCommitment, DefaultConstraintEvaluator, Prover, ProverError,
    StarkDomain, Trace, TracePolyTable,
};

use super::commit::{CommittedRows, CommittedTrace, Vector};

/// A trace, extended and committed to, and not yet proven.
pub struct TraceCommitment {
    columns: ColMatrix<BaseElement>,
    polys: ColMatrix<BaseElement>,
    rows: CommittedRows<BaseElement>,
    options: ProofOptions,
}

impl TraceCommitment {
    /// Extends the columns of a trace and commits to the rows.
    ///
    /// # Panics
    /// Unless there are columns, all of one length, a power of two from 8.
    pub fn new(columns: Vec<Vec<BaseElement>>, fri: FriParams) -> Self {
        let options = fri.options();
        let columns = ColMatrix::new(columns);
        in_pool(|| {
            let polys = columns.interpolate_columns();
            let rows = CommittedRows::new(&polys, options.blowup_factor());
            Self { columns, polys, rows, options }
        })
    }

    /// The STC root of the extended trace.
    pub fn root(&self) -> Digest {
        self.rows.root()
    }

    /// Proves that an AIR with one segment holds for `inputs` on this trace. A trace that it does not hold on gives a
    /// proof that does not verify, or an error.
    ///
    /// # Errors
    /// [`ProverError`].
    pub fn prove<A>(self, inputs: A::PublicInputs) -> Result<Vec<u8>, ProverError>
    where
        A: ProvenAir<PublicInputs: Send + Sync> + Sync + 'static,
    {
        let info = TraceInfo::new(self.columns.num_cols(), self.columns.num_rows());
        let committed = Mutex::new(Some((self.rows, self.polys)));
        let prover = AirProver::<A> { options: self.options, inputs, committed };
        let trace = MainTrace { info, columns: self.columns };
        in_pool(|| Ok(prover.generate_proof::<Extension>(trace)?.to_bytes()))
    }
}

/// Runs `work` on a thread of the pool: a small proof is a hundred parallel loops, and each one started from outside would
/// put the caller to sleep and wake it.
pub(super) fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

/// The trace, with its shape.
struct MainTrace {
    info: TraceInfo,
    columns: ColMatrix<BaseElement>,
}

impl Trace for MainTrace {
    type BaseField = BaseElement;

    fn info(&self) -> &TraceInfo {
        &self.info
    }

    fn main_segment(&self) -> &ColMatrix<BaseElement> {
        &self.columns
    }

    fn read_main_frame(&self, row: usize, frame: &mut EvaluationFrame<BaseElement>) {
        self.columns.read_row_into(row, frame.current_mut());
        self.columns.read_row_into((row + 1) % self.columns.num_rows(), frame.next_mut());
    }
}

struct AirProver<A: ProvenAir> {
    options: ProofOptions,
    inputs: A::PublicInputs,
    /// Taken by the prover's first step; an instance proves once.
    committed: Mutex<Option<(CommittedRows<BaseElement>, ColMatrix<BaseElement>)>>,
}

impl<A: ProvenAir + Sync + 'static> Prover for AirProver<A> {
    type BaseField = BaseElement;
    type Air = A;
    type Trace = MainTrace;
    type HashFn = TaggedSha256;
    type VC = Vector;
    type RandomCoin = DefaultRandomCoin<TaggedSha256>;
    type TraceLde<E: FieldElement<BaseField = BaseElement>> = CommittedTrace<E>;
    type ConstraintEvaluator<'a, E: FieldElement<BaseField = BaseElement>> = DefaultConstraintEvaluator<'a, A, E>;
    type ConstraintCommitment<E: FieldElement<BaseField = BaseElement>> = CommittedQuotient<E>;

    fn get_pub_inputs(&self, _: &Self::Trace) -> A::PublicInputs {
        self.inputs.clone()
    }

    fn options(&self) -> &ProofOptions {
        &self.options
    }

    fn new_trace_lde<E: FieldElement<BaseField = BaseElement>>(
        &self,
        info: &TraceInfo,
        _: &ColMatrix<BaseElement>,
        _: &StarkDomain<BaseElement>,
        _: PartitionOptions,
    ) -> (CommittedTrace<E>, TracePolyTable<E>) {
        let committed = self.committed.lock().ok().and_then(|mut committed| committed.take());
        let (rows, polys) = committed.expect("a prover proves once");
        (CommittedTrace::new(info.clone(), rows, self.options.blowup_factor()), TracePolyTable::new(polys))
    }

    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a A,
        aux_rand_elements: Option<AuxRandElements<E>>,
        composition_coefficients: ConstraintCompositionCoefficients<E>,
    ) -> DefaultConstraintEvaluator<'a, A, E> {
        DefaultConstraintEvaluator::new(air, aux_rand_elements, composition_coefficients)
    }

    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        evaluations: CompositionPolyTrace<E>,
        columns: usize,
        domain: &StarkDomain<BaseElement>,
        _: PartitionOptions,
    ) -> (CommittedQuotient<E>, CompositionPoly<E>) {
        let polys = CompositionPoly::new(evaluations, domain, columns);
        let committed = CommittedQuotient(CommittedRows::new(polys.data(), domain.trace_to_lde_blowup()));
        (committed, polys)
    }
}

struct CommittedQuotient<E: FieldElement<BaseField = BaseElement>>(CommittedRows<E>);

impl<E: FieldElement<BaseField = BaseElement>> ConstraintCommitment<E> for CommittedQuotient<E> {
    type HashFn = TaggedSha256;
    type VC = Vector;

    fn commitment(&self) -> Digest {
        self.0.root()
    }

    fn query(self, positions: &[usize]) -> Queries {
        self.0.query(positions)
    }
}
