//! The AIR: constraints, buses and assertions in the form of the proof system (spec: `docs/spec/rv32im.md`).

use alloc::vec::Vec;

use winter_air::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, TraceInfo, TransitionConstraintDegree,
};
use winter_math::{ExtensionOf, FieldElement};

use super::bus::{self, CHALLENGES, Challenges};
use super::columns::{AUX_WIDTH, CLK, COLUMNS, MA, PC, SUM, WIDTH};
use super::constraints::{self, DEGREES};
use super::micro_op::PAD;
use super::ring::Ring;
use super::share::share;
use super::statement::Rv32imInputs;
use crate::field::BaseElement;
use crate::stark::{FriParams, ParameterSet, ProvenAir, over_the_extension};

/// Degree of the constraints of the auxiliary segment: a value times four denominators.
pub const AUX_DEGREE: u8 = 5;

/// Assertions on the main segment.
const MAIN_ASSERTIONS: usize = 5;

/// Assertions on the auxiliary segment.
const AUX_ASSERTIONS: usize = 2;

/// Rows after which the periodic columns repeat.
const CYCLE: u64 = 256;

/// The AIR of `rv32im_v1`.
pub struct Rv32imAir {
    context: AirContext<BaseElement>,
    options: ProofOptions,
    inputs: Rv32imInputs,
}

impl ProvenAir for Rv32imAir {
    fn pinned_trace(inputs: &Rv32imInputs) -> TraceInfo {
        let length = inputs.statement().run().trace_length as usize;
        TraceInfo::new_multi_segment(WIDTH, AUX_WIDTH, CHALLENGES, length, Vec::new())
    }

    fn fri_params(set: ParameterSet) -> FriParams {
        match set {
            ParameterSet::Stark100 => {
                FriParams { queries: 84, blowup: 4, grinding: 20, folding: 8, remainder_degree: 127 }
            }
            ParameterSet::Stark128 => {
                FriParams { queries: 73, blowup: 8, grinding: 22, folding: 8, remainder_degree: 255 }
            }
        }
    }
}

/// The low nibbles of the row's number, and their conjunction.
pub fn periodic_columns() -> [Vec<BaseElement>; 3] {
    let column = |value: fn(u64) -> u64| (0..CYCLE).map(|row| BaseElement::new(value(row))).collect();
    [column(|row| row % 16), column(|row| row / 16), column(|row| (row % 16) & (row / 16))]
}

impl Air for Rv32imAir {
    type BaseField = BaseElement;
    type PublicInputs = Rv32imInputs;

    fn new(trace_info: TraceInfo, inputs: Rv32imInputs, options: ProofOptions) -> Self {
        let degrees = DEGREES.map(|degree| TransitionConstraintDegree::new(degree.into())).to_vec();
        let aux_degrees = [AUX_DEGREE; AUX_WIDTH].map(|degree| TransitionConstraintDegree::new(degree.into())).to_vec();
        let (main, aux) = (MAIN_ASSERTIONS, AUX_ASSERTIONS);
        let context = AirContext::new_multi_segment(trace_info, degrees, aux_degrees, main, aux, options.clone());
        Self { context, options, inputs }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn options(&self) -> &ProofOptions {
        over_the_extension(&self.options)
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        periodic_columns().to_vec()
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let (true, Ok(row), Ok(next)) = (is_used::<E>(), frame.current().try_into(), frame.next().try_into()) else {
            return result.fill(E::ONE);
        };
        let evaluations = constraints::evaluate(row, next);
        result.iter_mut().zip(evaluations).for_each(|(result, evaluation)| *result = evaluation);
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main_frame: &EvaluationFrame<F>,
        aux_frame: &EvaluationFrame<E>,
        periodic_values: &[F],
        aux_rand_elements: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let challenges = Challenges::new(aux_rand_elements.rand_elements());
        let row = main_frame.current().try_into().ok();
        let (current, next_sum) = (aux_frame.current().try_into().ok(), aux_frame.next().get(SUM));
        let (true, Some(row), Some(next_address), Ok(periodic), Some(challenges), Some(current), Some(next_sum)) =
            (is_used::<E>(), row, main_frame.next().get(MA), periodic_values.try_into(), challenges, current, next_sum)
        else {
            return result.fill(E::ONE);
        };
        let batches = bus::batches(row, *next_address, periodic, &challenges);
        let evaluations = evaluate_sums(&batches, current, *next_sum);
        result.iter_mut().zip(evaluations).for_each(|(result, evaluation)| *result = evaluation);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let run = self.inputs.statement().run();
        let last = self.trace_length().saturating_sub(1);
        let memory_end = self.inputs.statement().tables().memory_end;
        [
            Assertion::single(PC, 0, BaseElement::from(run.image.entry())),
            Assertion::single(CLK, 0, BaseElement::ONE),
            Assertion::single(PC, last, BaseElement::new(PAD)),
            Assertion::single(MA, 0, BaseElement::ZERO),
            Assertion::single(MA, last, BaseElement::from(memory_end)),
        ]
        .to_vec()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        let last = self.trace_length().saturating_sub(1);
        let challenges = Challenges::new(aux_rand_elements.rand_elements());
        // The trace is pinned to draw as many as there are; were it not, no sum would be right.
        #[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
        let end = challenges.map_or(E::ONE, |challenges| -share(self.inputs.statement(), &challenges));
        [Assertion::single(SUM, 0, E::ZERO), Assertion::single(SUM, last, end)].to_vec()
    }
}

/// Whether constraints are ever evaluated over this field. The parameter sets draw challenges from the cubic extension, and
/// the prover evaluates the main segment over the base field as well. The proof system's library has code for every
/// degree; what is known to be unused is left out of a wasm module, which people wait for.
const fn is_used<E: FieldElement>() -> bool {
    E::EXTENSION_DEGREE == FriParams::EXTENSION_DEGREE as usize
        || (E::EXTENSION_DEGREE == 1 && !cfg!(target_arch = "wasm32"))
}

/// Each column is the value of its batch; the running sum takes all of them and the last batch along. Of the next row, its
/// value of the running sum is read.
#[inline(always)]
#[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
pub fn evaluate_sums<E: Ring>(
    batches: &[bus::Fraction<E>; AUX_WIDTH],
    current: &[E; AUX_WIDTH],
    next_sum: E,
) -> [E; AUX_WIDTH] {
    let [first, second, third, fourth, fifth, sixth, sum] = *current;
    let last = next_sum - sum - (first + second + third + (fourth + fifth + sixth));
    let mut result = [first, second, third, fourth, fifth, sixth, last];
    for (value, batch) in result.iter_mut().zip(batches) {
        *value = *value * batch.denominator - batch.numerator;
    }
    result
}

/// The AIR in plain numbers, for the capsule to hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AirParams {
    /// Columns of the main segment, by name.
    pub columns: [&'static str; WIDTH],
    /// Degree of each constraint of the main segment.
    pub degrees: [u8; DEGREES.len()],
    /// Columns of the auxiliary segment.
    pub aux_columns: u8,
    /// Degree of its constraints.
    pub aux_degree: u8,
    /// Challenges drawn between the segments.
    pub challenges: u8,
}

/// The AIR in plain numbers.
pub const AIR_PARAMS: AirParams = AirParams {
    columns: COLUMNS,
    degrees: DEGREES,
    aux_columns: AUX_WIDTH as u8,
    aux_degree: AUX_DEGREE,
    challenges: CHALLENGES as u8,
};
