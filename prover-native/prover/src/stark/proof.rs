//! Proofs of AIRs with an auxiliary segment: the protocol of Winterfell's prover, step by step, on packed columns.
//!
//! What is drawn from the coin, and in which order, is the verifier's business; it and the low-degree test are Winterfell's.

use rayon::prelude::*;
use verifier_core::Digest;
use verifier_core::field::BaseElement;
use verifier_core::stark::{FriParams, ProvenAir, TaggedSha256};
use winter_air::proof::{
    Commitments, Context, OodFrame, Proof, QuotientOodFrame, TraceOodFrame, merge_ood_evaluations,
};
use winter_air::{AuxRandElements, ConstraintCompositionCoefficients, ProofOptions};
use winter_fri::FriProver;
use winter_prover::crypto::{DefaultRandomCoin, ElementHasher, RandomCoin, RandomCoinError};
use winter_prover::math::ToElements;

use super::committed::Committed;
use super::deep::{Composition, Evaluator};
use super::domain::Domain;
use super::quotient;
use crate::commit::Vector;
use crate::prover::in_pool;
use crate::{Clock, Extension, Phases};

/// Nonces that are tried in one parallel loop: some milliseconds of hashing.
const NONCES: u64 = 1 << 14;

/// An AIR with an auxiliary segment, evaluated on packed rows.
pub(crate) trait Segmented: ProvenAir {
    /// The auxiliary segment's columns: one for each coefficient of an element.
    fn auxiliary(main: &[Vec<BaseElement>], challenges: &[Extension]) -> Vec<Vec<BaseElement>>;

    /// The values of the constraints' combination over their divisors: for as many evenly spaced cosets as the quotient has
    /// columns, a column for each coefficient.
    fn quotient(&self, segments: &Segments<'_>) -> Vec<[Vec<BaseElement>; 3]>;
}

/// What constraints are evaluated on, and with.
pub(crate) struct Segments<'a> {
    pub(crate) domain: &'a Domain,
    pub(crate) main: &'a Committed,
    pub(crate) auxiliary: &'a Committed,
    pub(crate) challenges: &'a AuxRandElements<Extension>,
    pub(crate) coefficients: &'a ConstraintCompositionCoefficients<Extension>,
}

/// A trace, extended and committed to, and not yet proven.
pub struct SegmentedTrace {
    columns: Vec<Vec<BaseElement>>,
    main: Committed,
    domain: Domain,
    options: ProofOptions,
}

impl SegmentedTrace {
    /// Extends the columns of the main segment and commits to the rows.
    ///
    /// # Panics
    /// Unless there are columns, all of one length, a power of two from 8.
    pub fn new(columns: Vec<Vec<BaseElement>>, fri: FriParams) -> Self {
        let options = fri.options();
        in_pool(|| {
            let domain = Domain::new(columns[0].len(), options.blowup_factor());
            let main = Committed::of_values(&columns, &domain);
            Self { columns, main, domain, options }
        })
    }

    /// The STC root of the extended main segment.
    pub fn root(&self) -> Digest {
        self.main.root()
    }

    /// Proves that the AIR holds for `inputs` on this trace, and says what took how long. A trace that it does not hold on
    /// gives a proof that does not verify.
    ///
    /// # Errors
    /// The coin's, which does not come up.
    pub(crate) fn prove<A>(self, inputs: A::PublicInputs) -> Result<(Vec<u8>, Phases), RandomCoinError>
    where
        A: Segmented + Sync,
        A::PublicInputs: Send + Sync,
    {
        in_pool(|| self.proof::<A>(inputs))
    }

    fn proof<A: Segmented>(self, inputs: A::PublicInputs) -> Result<(Vec<u8>, Phases), RandomCoinError> {
        let Self { columns, main, domain, options } = self;
        let mut clock = Clock::new();
        let elements = inputs.to_elements();
        let air = A::new(A::pinned_trace(&inputs), inputs, options.clone());
        let mut transcript = Transcript::new(&air, elements);
        transcript.commit(main.root());

        let challenges = air.get_aux_rand_elements::<Extension, _>(&mut transcript.coin)?;
        let auxiliary = A::auxiliary(&columns, challenges.rand_elements());
        drop(columns);
        clock.lap("sums");
        let auxiliary = Committed::of_values(&auxiliary, &domain);
        transcript.commit(auxiliary.root());
        clock.lap("auxiliary commitment");

        let coefficients = air.get_constraint_composition_coefficients(&mut transcript.coin)?;
        let (segments, coefficients) = (&challenges, &coefficients);
        let values = air.quotient(&Segments {
            domain: &domain,
            main: &main,
            auxiliary: &auxiliary,
            challenges: segments,
            coefficients,
        });
        clock.lap("constraints");
        let quotient = quotient::commit(&values, &domain);
        drop(values);
        transcript.commit(quotient.root());
        clock.lap("quotient commitment");

        let parts = [&main, &auxiliary, &quotient];
        let values = transcript.composition(&air, parts, &domain)?.evaluate(&parts, &domain);
        clock.lap("out-of-domain values");
        let mut fri = FriProver::<_, _, _, Vector>::new(options.to_fri_options());
        fri.build_layers(&mut transcript, values);
        let positions = transcript.positions(&options, domain.length * domain.blowup)?;
        let fri_proof = fri.build_proof(&positions);
        let trace_queries =
            vec![main.query::<BaseElement>(&domain, &positions), auxiliary.query::<Extension>(&domain, &positions)];
        let constraint_queries = quotient.query::<Extension>(&domain, &positions);
        let proof = transcript.into_proof(trace_queries, constraint_queries, fri_proof, positions.len());
        let bytes = proof.to_bytes();
        clock.lap("low-degree test and openings");
        Ok((bytes, clock.into_phases()))
    }
}

/// What the verifier will have seen so far, and the coin that it seeds.
struct Transcript {
    coin: DefaultRandomCoin<TaggedSha256>,
    context: Context,
    commitments: Commitments,
    ood_frame: OodFrame,
    nonce: u64,
}

impl Transcript {
    fn new<A: ProvenAir>(air: &A, inputs: Vec<BaseElement>) -> Self {
        let constraints = air.context().num_assertions() + air.context().num_transition_constraints();
        let context = Context::new::<BaseElement>(air.trace_info().clone(), air.options().clone(), constraints);
        let mut seed = context.to_elements();
        seed.extend(inputs);
        Self {
            coin: DefaultRandomCoin::new(&seed),
            context,
            commitments: Commitments::default(),
            ood_frame: OodFrame::default(),
            nonce: 0,
        }
    }

    fn commit(&mut self, root: Digest) {
        self.commitments.add::<TaggedSha256>(&root);
        self.coin.reseed(root);
    }

    /// Draws a point, answers with all columns' values there and at the next one, and draws what the columns are added up
    /// with.
    fn composition<A: ProvenAir>(
        &mut self,
        air: &A,
        [main, auxiliary, quotient]: [&Committed; 3],
        domain: &Domain,
    ) -> Result<Composition, RandomCoinError> {
        let z: Extension = self.coin.draw()?;
        let points = [z, z * domain.generator().into()];
        let evaluator = Evaluator::new(points, domain.length);
        let (main_values, values) = (evaluator.base_columns(main), evaluator.columns(auxiliary));
        let [current, next] = [0, 1].map(|point| [main_values[point].as_slice(), &values[point]].concat());
        let trace = TraceOodFrame::new(current, next, main.columns());
        let quotient_values = evaluator.columns(quotient);
        let [current, next] = quotient_values.clone();
        let quotients = QuotientOodFrame::new(current, next);
        self.ood_frame.set_trace_states(&trace);
        self.ood_frame.set_quotient_states(&quotients);
        self.coin.reseed(TaggedSha256::hash_elements(&merge_ood_evaluations(&trace, &quotients)));

        let coefficients = air.get_deep_composition_coefficients::<Extension, _>(&mut self.coin)?;
        let (of_main, of_auxiliary) = coefficients.trace.split_at(main.columns());
        let mut composition = Composition::new(points);
        composition.add_base_columns(&main_values, of_main);
        composition.add_columns(&values, of_auxiliary);
        composition.add_columns(&quotient_values, &coefficients.constraints);
        Ok(composition)
    }

    /// Finds a nonce with as many zero bits as are asked for, and draws the positions that are opened.
    fn positions(&mut self, options: &ProofOptions, domain: usize) -> Result<Vec<usize>, RandomCoinError> {
        let coin = &self.coin;
        let ground = |nonce: &u64| coin.check_leading_zeros(*nonce) >= options.grinding_factor();
        // The least one: a run has one proof, however many threads look for it.
        let mut batches = (1..u64::MAX - NONCES).step_by(NONCES as usize);
        let nonce = batches.find_map(|first| (first..first + NONCES).into_par_iter().find_first(ground));
        self.nonce = nonce.unwrap_or_default();
        let mut positions = self.coin.draw_integers(options.num_queries(), domain, self.nonce)?;
        positions.sort_unstable();
        positions.dedup();
        Ok(positions)
    }

    fn into_proof(
        self,
        trace_queries: Vec<winter_air::proof::Queries>,
        constraint_queries: winter_air::proof::Queries,
        fri_proof: winter_fri::FriProof,
        positions: usize,
    ) -> Proof {
        Proof {
            context: self.context,
            num_unique_queries: u8::try_from(positions).unwrap_or(u8::MAX),
            commitments: self.commitments,
            trace_queries,
            constraint_queries,
            ood_frame: self.ood_frame,
            fri_proof,
            pow_nonce: self.nonce,
        }
    }
}

impl winter_fri::ProverChannel<Extension> for Transcript {
    type Hasher = TaggedSha256;

    fn commit_fri_layer(&mut self, root: Digest) {
        self.commit(root);
    }

    fn draw_fri_alpha(&mut self) -> Extension {
        self.coin.draw().expect("of a thousand hashes, one is a number of the field")
    }
}
