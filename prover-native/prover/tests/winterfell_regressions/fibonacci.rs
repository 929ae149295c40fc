//! A small AIR whose options a test chooses, with the entry points that the tests compare.

use std::cell::Cell;

use capseal_prover::TraceCommitment;
use verifier_core::Digest;
use verifier_core::field::BaseElement;
use verifier_core::stark::testing::Pieces;
use verifier_core::stark::{self, FriParams, ParameterSet, ProofError, ProvenAir, StcVector, TaggedSha256};
use winter_air::proof::Proof;
use winter_air::{Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo, TransitionConstraintDegree};
use winter_crypto::DefaultRandomCoin;
use winter_math::{FieldElement, ToElements};
use winter_verifier::{AcceptableOptions, VerifierError};

/// "The last row of the Fibonacci trace of this length ends in this number."
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inputs {
    pub(crate) length: usize,
    pub(crate) result: BaseElement,
}

impl ToElements<BaseElement> for Inputs {
    fn to_elements(&self) -> Vec<BaseElement> {
        vec![BaseElement::from(u32::try_from(self.length).unwrap()), self.result]
    }
}

/// As lenient as a careless AIR: it takes length and width from the proof.
pub(crate) struct Fibonacci {
    context: AirContext<BaseElement>,
    inputs: Inputs,
}

thread_local! {
    static FRI: Cell<FriParams> = const {
        Cell::new(FriParams { queries: 28, blowup: 8, grinding: 0, folding: 4, remainder_degree: 31 })
    };
}

/// Sets the options that the AIR pins, for this thread.
pub(crate) fn pin(fri: FriParams) -> FriParams {
    FRI.set(fri);
    fri
}

pub(crate) const fn fri(queries: u8, blowup: u8, grinding: u8, folding: u8, remainder_degree: u8) -> FriParams {
    FriParams { queries, blowup, grinding, folding, remainder_degree }
}

impl ProvenAir for Fibonacci {
    fn pinned_trace(inputs: &Inputs) -> TraceInfo {
        TraceInfo::new(2, inputs.length)
    }

    fn fri_params(_: ParameterSet) -> FriParams {
        FRI.get()
    }
}

impl Air for Fibonacci {
    type BaseField = BaseElement;
    type PublicInputs = Inputs;

    fn new(trace_info: TraceInfo, inputs: Inputs, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(1); 2];
        Self { context: AirContext::new(trace_info, degrees, 3, options), inputs }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let (now, next) = (frame.current(), frame.next());
        result[0] = next[0] - (now[0] + now[1]);
        result[1] = next[1] - (now[1] + next[0]);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let last = self.trace_length() - 1;
        vec![
            Assertion::single(0, 0, BaseElement::ONE),
            Assertion::single(1, 0, BaseElement::ONE),
            Assertion::single(1, last, self.inputs.result),
        ]
    }
}

pub(crate) fn columns(length: usize) -> Vec<Vec<BaseElement>> {
    let mut columns = vec![vec![BaseElement::ONE], vec![BaseElement::ONE]];
    for row in 1..length {
        let (a, b) = (columns[0][row - 1], columns[1][row - 1]);
        columns[0].push(a + b);
        columns[1].push(a + b + b);
    }
    columns
}

pub(crate) fn true_inputs(length: usize) -> Inputs {
    Inputs { length, result: columns(length)[1][length - 1] }
}

pub(crate) fn false_inputs(length: usize) -> Inputs {
    Inputs { length, result: BaseElement::new(42) }
}

/// An honest proof under the pinned options, with its trace root.
pub(crate) fn honest(length: usize) -> (Vec<u8>, Digest) {
    let trace = TraceCommitment::new(columns(length), FRI.get());
    let root = trace.root();
    (trace.prove::<Fibonacci>(true_inputs(length)).unwrap(), root)
}

/// Bare Winterfell, with the one set of options that the wrapper would pin.
pub(crate) fn bare(proof: &[u8], inputs: Inputs) -> Result<(), VerifierError> {
    bare_with(proof, inputs, AcceptableOptions::OptionSet(vec![FRI.get().options()]))
}

pub(crate) fn bare_with(proof: &[u8], inputs: Inputs, options: AcceptableOptions) -> Result<(), VerifierError> {
    let proof =
        Proof::from_bytes(proof).map_err(|error| VerifierError::ProofDeserializationError(error.to_string()))?;
    winter_verifier::verify::<Fibonacci, TaggedSha256, DefaultRandomCoin<TaggedSha256>, StcVector>(
        proof, inputs, &options,
    )
}

/// The wrapper.
pub(crate) fn strict(proof: &[u8], inputs: Inputs, root: &Digest) -> Result<(), ProofError> {
    stark::verify::<Fibonacci>(proof, ParameterSet::Stark100, &inputs, root)
}

/// The wrapper, told whatever trace root the proof starts with: for tests of what comes after that comparison.
pub(crate) fn strict_with_its_root(proof: &[u8], inputs: Inputs) -> Result<(), ProofError> {
    strict(proof, inputs, &Pieces::of(proof).trace_root())
}
