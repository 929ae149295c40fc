//! The constraints (spec: `docs/spec/geom.md`, "Constraints" and "Soundness").
//!
//! Row i of the trace is the state after i + 1 steps, so that N steps are N rows. The verifier computes the state after one
//! step and asserts all of row 0; each transition constraint then fixes one column of the next row as a function of the
//! row; the outputs are asserted at row N - 1. The one periodic column is 1 in rows with an even program counter.

use alloc::{vec, vec::Vec};

use winter_air::{Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo, TransitionConstraintDegree};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::machine::Machine;
use super::{GeomInputs, State};
use crate::stark::{FriParams, ParameterSet, ProvenAir};

impl State {
    /// Columns of the trace.
    pub const COLUMNS: usize = 12;

    /// Names of the columns, in the order of [`Self::to_row`].
    pub const NAMES: [&'static str; Self::COLUMNS] =
        ["pc", "opcode", "gas", "acc", "x1", "x2", "cnt", "m11", "m12", "m22", "v0", "v1"];

    /// The row of the trace that holds this state.
    pub const fn to_row(&self) -> [BaseElement; Self::COLUMNS] {
        let Self { pc, opcode, gas, acc, x1, x2, cnt, m11, m12, m22, v0, v1 } = *self;
        [pc, opcode, gas, acc, x1, x2, cnt, m11, m12, m22, v0, v1]
    }
}

const ACC: usize = 3;
const X1: usize = 4;
const X2: usize = 5;
const CNT: usize = 6;
const M11: usize = 7;
const M12: usize = 8;
const M22: usize = 9;

/// Columns that end in a public output, in the order of [`super::GeomOutputs::values`].
const OUTPUT_COLUMNS: [usize; 7] = [CNT, ACC, X1, X2, M11, M12, M22];

const OPCODE: usize = 1;

/// Degree of each constraint, in the order of the columns. The opcode's has the periodic column as a factor besides.
const DEGREES: [u8; State::COLUMNS] = [1, 1, 1, 3, 1, 1, 1, 2, 2, 2, 1, 1];

/// Length of the periodic column's cycle.
const CYCLE: u8 = 2;

/// The AIR of `geom_v1`.
pub struct GeomAir {
    context: AirContext<BaseElement>,
    inputs: GeomInputs,
}

impl ProvenAir for GeomAir {
    fn pinned_trace(inputs: &GeomInputs) -> TraceInfo {
        TraceInfo::new(State::COLUMNS, inputs.statement().parameters().trace_length() as usize)
    }

    fn fri_params(set: ParameterSet) -> FriParams {
        match set {
            ParameterSet::Stark100 => {
                FriParams { queries: 62, blowup: 8, grinding: 10, folding: 4, remainder_degree: 127 }
            }
            ParameterSet::Stark128 => {
                FriParams { queries: 80, blowup: 8, grinding: 14, folding: 8, remainder_degree: 127 }
            }
        }
    }
}

impl Air for GeomAir {
    type BaseField = BaseElement;
    type PublicInputs = GeomInputs;

    fn new(trace_info: TraceInfo, inputs: GeomInputs, options: ProofOptions) -> Self {
        let degrees = DEGREES.into_iter().enumerate().map(|(column, degree)| match column {
            OPCODE => TransitionConstraintDegree::with_cycles(usize::from(degree), vec![usize::from(CYCLE)]),
            _ => TransitionConstraintDegree::new(usize::from(degree)),
        });
        let assertions = State::COLUMNS + OUTPUT_COLUMNS.len();
        Self { context: AirContext::new(trace_info, degrees.collect(), assertions, options), inputs }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        let [pc, opcode, gas, acc, x1, x2, cnt, m11, m12, m22, v0, v1] = row(frame.current());
        let next: [E; State::COLUMNS] = row(frame.next());
        let even = periodic.first().copied().unwrap_or(E::ZERO);
        let [[a, b], [c, d]] = self.inputs.statement().parameters().matrix().map(|row| row.map(element::<E>));
        let one = E::ONE;
        let two = one.double();
        let v2 = one - v0 - v1;
        let [.., n0, n1] = next;
        let expected = [
            pc + one,
            n0 + two * n1 + (two + one) * (one - n0 - n1) * even,
            gas - one - v0 - two * v1,
            acc + v0 * gas + v1 * (acc * gas - acc) - (opcode - v0 - two * v1) * gas.mul_base(THIRD),
            a * x1 + b * x2,
            c * x1 + d * x2,
            cnt + one,
            m11 + x1 * x1,
            m12 + x1 * x2,
            m22 + x2 * x2,
            v2,
            v0,
        ];
        for ((result, next), expected) in result.iter_mut().zip(next).zip(expected) {
            *result = next - expected;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let statement = self.inputs.statement();
        let parameters = statement.parameters();
        let mut machine = Machine::new(parameters);
        machine.step();
        let first = machine.state().to_row().into_iter().enumerate();
        let last_row = parameters.steps() as usize - 1;
        let outputs = OUTPUT_COLUMNS.into_iter().zip(statement.outputs().values());
        first
            .map(|(column, value)| Assertion::single(column, 0, value))
            .chain(outputs.map(|(column, value)| Assertion::single(column, last_row, element(value))))
            .collect()
    }

    /// 1 in rows with an even program counter. Row 0 has program counter 1; the constraint of the opcode is evaluated in
    /// the row before the one whose opcode it fixes, so that the cycle starts with the 1.
    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        vec![vec![BaseElement::ONE, BaseElement::ZERO]]
    }
}

/// The AIR in plain numbers, for the capsule to hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AirParams {
    /// Columns of the trace, by name.
    pub columns: &'static [&'static str],
    /// Degree of each transition constraint in the columns.
    pub constraint_degrees: [u8; State::COLUMNS],
    /// Length of the cycle of the one periodic column.
    pub periodic_cycle: u8,
    /// Assertions on the first row and on the last row of the statement.
    pub assertions: [u8; 2],
    /// Rows at the end of the trace that no transition constraint leads on from.
    pub exemptions: u8,
}

/// The AIR in plain numbers.
pub const AIR_PARAMS: AirParams = AirParams {
    columns: &State::NAMES,
    constraint_degrees: DEGREES,
    periodic_cycle: CYCLE,
    assertions: [State::COLUMNS as u8, OUTPUT_COLUMNS.len() as u8],
    exemptions: 1,
};

/// Inverse of three.
const THIRD: BaseElement = BaseElement::new(12_297_829_379_609_722_881);

fn element<E: FieldElement<BaseField = BaseElement>>(value: u64) -> E {
    E::from(BaseElement::new(value))
}

/// A row of the frame as an array; a frame of another width, which the pinned trace never has, reads as zeros.
fn row<E: FieldElement>(cells: &[E]) -> [E; State::COLUMNS] {
    cells.try_into().unwrap_or([E::ZERO; State::COLUMNS])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_has_its_inverse() {
        assert_eq!(THIRD * BaseElement::from(3_u8), BaseElement::ONE);
    }
}
