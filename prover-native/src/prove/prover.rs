//! Winterfell's prover for an AIR whose main trace is already committed to.

use std::sync::Mutex;

use verifier_core::stark::{ProvenAir, TaggedSha256};
use winter_air::{
    AuxRandElements, ConstraintCompositionCoefficients, PartitionOptions, ProofOptions, TraceInfo, proof::Proof,
};
use winter_prover::crypto::DefaultRandomCoin;
use winter_prover::math::{
    FieldElement,
    fields::{CubeExtension, f64::BaseElement},
};
use winter_prover::matrix::ColMatrix;
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, ConstraintCommitment, DefaultConstraintEvaluator, Prover, ProverError,
    StarkDomain, TracePolyTable, TraceTable,
};

use super::commit::{CommittedRows, CommittedTrace, Vector};
use verifier_core::Digest;
use winter_air::proof::Queries;

/// A trace, extended and committed to.
pub(super) struct Commitment {
    trace: TraceTable<BaseElement>,
    polys: ColMatrix<BaseElement>,
    lde: CommittedTrace,
}

impl Commitment {
    /// Extends the columns of a trace by the options' factor and commits to the rows.
    pub(super) fn new(columns: Vec<Vec<BaseElement>>, options: &ProofOptions) -> Self {
        let trace = TraceTable::init(columns);
        let polys = winter_prover::Trace::main_segment(&trace).interpolate_columns();
        let info = winter_prover::Trace::info(&trace).clone();
        let lde = CommittedTrace::new(info, &polys, options.blowup_factor());
        Self { trace, polys, lde }
    }

    pub(super) fn root(&self) -> Digest {
        self.lde.root()
    }

    /// Proves that the AIR holds for `inputs` on this trace.
    pub(super) fn prove<A>(self, inputs: A::PublicInputs, options: ProofOptions) -> Result<Proof, ProverError>
    where
        A: ProvenAir + Sync + 'static,
        A::PublicInputs: Sync,
    {
        let committed = Mutex::new(Some((self.lde, self.polys)));
        AirProver::<A> { options, inputs, committed }.generate_proof::<CubeExtension<BaseElement>>(self.trace)
    }
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
