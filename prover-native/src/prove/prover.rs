//! Winterfell's prover for an AIR whose main trace is already committed to. Any AIR with one trace segment.

use std::sync::Mutex;

use verifier_core::Digest;
use verifier_core::stark::{FriParams, ProvenAir, TaggedSha256};
use winter_air::proof::Queries;
use winter_air::{AuxRandElements, ConstraintCompositionCoefficients, PartitionOptions, ProofOptions, TraceInfo};
use winter_prover::crypto::DefaultRandomCoin;
use winter_prover::math::{
    FieldElement,
    fields::{CubeExtension, f64::BaseElement},
};
use winter_prover::matrix::ColMatrix;
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, ConstraintCommitment, DefaultConstraintEvaluator, Prover, ProverError,
    StarkDomain, Trace, TracePolyTable, TraceTable,
};

use super::commit::{CommittedRows, CommittedTrace, Vector};

/// A trace, extended and committed to, and not yet proven.
pub struct TraceCommitment {
    trace: TraceTable<BaseElement>,
    polys: ColMatrix<BaseElement>,
    lde: CommittedTrace,
    options: ProofOptions,
}

impl TraceCommitment {
    /// Extends the columns of a trace and commits to the rows.
    ///
    /// # Panics
    /// Unless there are columns, all of one length, a power of two from 8.
    pub fn new(columns: Vec<Vec<BaseElement>>, fri: FriParams) -> Self {
        let options = fri.options();
        let trace = TraceTable::init(columns);
        in_pool(|| {
            let polys = trace.main_segment().interpolate_columns();
            let lde = CommittedTrace::new(trace.info().clone(), &polys, options.blowup_factor());
            Self { trace, polys, lde, options }
        })
    }

    /// The STC root of the extended trace.
    pub fn root(&self) -> Digest {
        self.lde.root()
    }

    /// Proves that the AIR holds for `inputs` on this trace. A trace that it does not hold on gives a proof that does not
    /// verify, or an error.
    ///
    /// # Errors
    /// [`ProverError`].
    pub fn prove<A>(self, inputs: A::PublicInputs) -> Result<Vec<u8>, ProverError>
    where
        A: ProvenAir<PublicInputs: Send + Sync> + Sync + 'static,
    {
        let committed = Mutex::new(Some((self.lde, self.polys)));
        let prover = AirProver::<A> { options: self.options, inputs, committed };
        in_pool(|| Ok(prover.generate_proof::<CubeExtension<BaseElement>>(self.trace)?.to_bytes()))
    }
}

/// Runs `work` on a thread of the pool: a small proof is a hundred parallel loops, and each one started from outside would
/// put the caller to sleep and wake it.
fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

struct AirProver<A: ProvenAir> {
    options: ProofOptions,
    inputs: A::PublicInputs,
    /// Taken by the prover's first step; an instance proves once.
    committed: Mutex<Option<(CommittedTrace, ColMatrix<BaseElement>)>>,
}

impl<A: ProvenAir + Sync + 'static> Prover for AirProver<A> {
    type BaseField = BaseElement;
    type Air = A;
    type Trace = TraceTable<BaseElement>;
    type HashFn = TaggedSha256;
    type VC = Vector;
    type RandomCoin = DefaultRandomCoin<TaggedSha256>;
    type TraceLde<E: FieldElement<BaseField = BaseElement>> = CommittedTrace;
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
        _: &TraceInfo,
        _: &ColMatrix<BaseElement>,
        _: &StarkDomain<BaseElement>,
        _: PartitionOptions,
    ) -> (CommittedTrace, TracePolyTable<E>) {
        let committed = self.committed.lock().ok().and_then(|mut committed| committed.take());
        let (lde, polys) = committed.expect("a prover proves once");
        (lde, TracePolyTable::new(polys))
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
        (CommittedQuotient(CommittedRows::new(polys.data(), domain.trace_to_lde_blowup())), polys)
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
