//! Winterfell's prover for an AIR whose main segment is already committed to. Any AIR with one segment or two.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use verifier_core::Digest;
use verifier_core::stark::{FriParams, ProvenAir, TaggedSha256};
use winter_air::proof::Queries;
use winter_air::{
    AuxRandElements, ConstraintCompositionCoefficients, EvaluationFrame, PartitionOptions, ProofOptions, TraceInfo,
};
use winter_prover::crypto::DefaultRandomCoin;
use winter_prover::math::{
    FieldElement,
    fields::{CubeExtension, f64::BaseElement},
};
use winter_prover::matrix::ColMatrix;
use winter_prover::{
    CompositionPoly, CompositionPolyTrace, ConstraintCommitment, DefaultConstraintEvaluator, Prover, ProverError,
    StarkDomain, Trace, TracePolyTable,
};

use super::commit::{CommittedRows, CommittedTrace, Vector};

/// The field that challenges are drawn from.
pub type Extension = CubeExtension<BaseElement>;

/// Builds the columns of the auxiliary segment, once its challenges are drawn.
pub trait AuxSegment: Sync {
    /// The columns, given those of the main segment and the challenges. None for an AIR with one segment.
    fn columns<E>(&self, main: &ColMatrix<BaseElement>, challenges: &[E]) -> Vec<Vec<E>>
    where
        E: FieldElement<BaseField = BaseElement>;
}

/// An AIR with one segment.
struct NoSegment;

impl AuxSegment for NoSegment {
    fn columns<E>(&self, _: &ColMatrix<BaseElement>, _: &[E]) -> Vec<Vec<E>>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        Vec::new()
    }
}

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
        self.prove_with::<A>(inputs, NoSegment).map(|(proof, _)| proof)
    }

    /// The same for an AIR whose auxiliary segment `aux` builds; also says what took how long.
    ///
    /// # Errors
    /// [`ProverError`].
    pub fn prove_with<A>(
        self,
        inputs: A::PublicInputs,
        aux: impl AuxSegment + Send,
    ) -> Result<(Vec<u8>, Phases), ProverError>
    where
        A: ProvenAir<PublicInputs: Send + Sync> + Sync + 'static,
    {
        let pinned = A::pinned_trace(&inputs);
        let (width, length) = (self.columns.num_cols(), self.columns.num_rows());
        let info = if pinned.is_multi_segment() {
            let challenges = pinned.get_num_aux_segment_rand_elements();
            TraceInfo::new_multi_segment(width, pinned.aux_segment_width(), challenges, length, Vec::new())
        } else {
            TraceInfo::new(width, length)
        };
        let committed = Mutex::new(Some((self.rows, self.polys)));
        let laps = Mutex::new((Instant::now(), Phases::new()));
        let prover = AirProver::<A, _> { options: self.options, inputs, aux, committed, laps };
        let trace = MainTrace { info, columns: self.columns };
        in_pool(|| {
            let proof = prover.generate_proof::<Extension>(trace)?.to_bytes();
            prover.lap("low-degree test and openings");
            Ok((proof, prover.laps.into_inner().map(|(_, phases)| phases).unwrap_or_default()))
        })
    }
}

/// Runs `work` on a thread of the pool: a small proof is a hundred parallel loops, and each one started from outside would
/// put the caller to sleep and wake it.
fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

/// Parts of a proof's making, in order, and how long each took.
pub type Phases = Vec<(&'static str, Duration)>;

/// The main segment, with the shape of the whole trace.
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

struct AirProver<A: ProvenAir, S> {
    options: ProofOptions,
    inputs: A::PublicInputs,
    aux: S,
    /// Taken by the prover's first step; an instance proves once.
    committed: Mutex<Option<(CommittedRows<BaseElement>, ColMatrix<BaseElement>)>>,
    /// When the last phase ended, and the phases so far.
    laps: Mutex<(Instant, Phases)>,
}

impl<A: ProvenAir, S> AirProver<A, S> {
    /// Ends a phase.
    fn lap(&self, phase: &'static str) {
        if let Ok(mut laps) = self.laps.lock() {
            let (last, phases) = &mut *laps;
            phases.push((phase, last.elapsed()));
            *last = Instant::now();
        }
    }
}

impl<A: ProvenAir + Sync + 'static, S: AuxSegment> Prover for AirProver<A, S> {
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

    fn build_aux_trace<E: FieldElement<BaseField = BaseElement>>(
        &self,
        main_trace: &MainTrace,
        challenges: &AuxRandElements<E>,
    ) -> ColMatrix<E> {
        let columns = ColMatrix::new(self.aux.columns(&main_trace.columns, challenges.rand_elements()));
        self.lap("sums");
        columns
    }

    fn new_evaluator<'a, E: FieldElement<BaseField = BaseElement>>(
        &self,
        air: &'a A,
        aux_rand_elements: Option<AuxRandElements<E>>,
        composition_coefficients: ConstraintCompositionCoefficients<E>,
    ) -> DefaultConstraintEvaluator<'a, A, E> {
        self.lap("auxiliary commitment");
        DefaultConstraintEvaluator::new(air, aux_rand_elements, composition_coefficients)
    }

    fn build_constraint_commitment<E: FieldElement<BaseField = BaseElement>>(
        &self,
        evaluations: CompositionPolyTrace<E>,
        columns: usize,
        domain: &StarkDomain<BaseElement>,
        _: PartitionOptions,
    ) -> (CommittedQuotient<E>, CompositionPoly<E>) {
        self.lap("constraints");
        let polys = CompositionPoly::new(evaluations, domain, columns);
        let committed = CommittedQuotient(CommittedRows::new(polys.data(), domain.trace_to_lde_blowup()));
        self.lap("quotient commitment");
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
