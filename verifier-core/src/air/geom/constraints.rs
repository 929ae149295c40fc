//! The constraints (spec: `docs/spec/geom.md`, "Constraints" and "Soundness").
//!
//! The verifier computes row 0 and asserts all of it; each transition constraint fixes one cell of the next row as a
//! function of the row; the outputs are asserted in the statement's last row. So the public inputs determine every cell.

#![expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]

use alloc::vec::Vec;

use winter_air::{Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo, TransitionConstraintDegree};
use winter_math::FieldElement;

use super::GeomInputs;
use super::trace::{COLUMNS, Row, RowSteps, first_row};
use crate::field::BaseElement;
use crate::stark::{FriParams, ParameterSet, ProvenAir, over_the_extension};

/// Degree of each constraint, in the order of the columns.
const DEGREES: [u8; COLUMNS.len()] = [1, 1, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2];

/// Columns that end in a public output, in the order of [`super::GeomOutputs::values`].
const OUTPUT_COLUMNS: [usize; 7] = [5, 2, 3, 4, 6, 7, 8];

/// The AIR of `geom_v1`.
pub struct GeomAir {
    context: AirContext<BaseElement>,
    options: ProofOptions,
    inputs: GeomInputs,
    steps: RowSteps,
}

impl ProvenAir for GeomAir {
    fn pinned_trace(inputs: &GeomInputs) -> TraceInfo {
        TraceInfo::new(COLUMNS.len(), inputs.statement().parameters().trace_length() as usize)
    }

    fn fri_params(set: ParameterSet) -> FriParams {
        match set {
            ParameterSet::Stark100 => {
                FriParams { queries: 62, blowup: 8, grinding: 10, folding: 4, remainder_degree: 127 }
            }
            ParameterSet::Stark128 => {
                FriParams { queries: 86, blowup: 8, grinding: 12, folding: 4, remainder_degree: 127 }
            }
        }
    }
}

impl Air for GeomAir {
    type BaseField = BaseElement;
    type PublicInputs = GeomInputs;

    fn new(trace_info: TraceInfo, inputs: GeomInputs, options: ProofOptions) -> Self {
        let degrees = DEGREES.map(|degree| TransitionConstraintDegree::new(usize::from(degree))).to_vec();
        let assertions = COLUMNS.len() + OUTPUT_COLUMNS.len();
        let context = AirContext::new(trace_info, degrees, assertions, options.clone());
        Self { context, options, inputs, steps: RowSteps::new(inputs.statement().parameters()) }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn options(&self) -> &ProofOptions {
        over_the_extension(&self.options)
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        let next = row(frame.next());
        let expected = self.steps.next_row_through(&row(frame.current()), next.marks);
        for ((result, next), expected) in result.iter_mut().zip(next.cells()).zip(expected.cells()) {
            *result = next - expected;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        let statement = self.inputs.statement();
        let first = first_row(statement.parameters()).cells().into_iter().enumerate();
        let last_row = statement.parameters().last_row() as usize;
        let outputs = OUTPUT_COLUMNS.into_iter().zip(statement.outputs().values().map(BaseElement::new));
        first
            .map(|(column, value)| Assertion::single(column, 0, value))
            .chain(outputs.map(|(column, value)| Assertion::single(column, last_row, value)))
            .collect()
    }
}

/// A row of the frame. The pinned trace has this width; a frame of another reads as zeros, which no constraint accepts.
fn row<E: FieldElement>(cells: &[E]) -> Row<E> {
    Row::from_cells(cells.try_into().unwrap_or([E::ZERO; COLUMNS.len()]))
}

/// The AIR in plain numbers, for the capsule to hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AirParams {
    /// Columns of the trace, by name.
    pub columns: [&'static str; COLUMNS.len()],
    /// Degree of each transition constraint.
    pub constraint_degrees: [u8; COLUMNS.len()],
    /// Assertions on the first row.
    pub first_row_assertions: u8,
    /// Assertions on the last row of the statement.
    pub last_row_assertions: u8,
    /// Rows at the end of the trace that no transition constraint leads on from.
    pub exemptions: u8,
}

/// The AIR in plain numbers.
pub const AIR_PARAMS: AirParams = AirParams {
    columns: COLUMNS,
    constraint_degrees: DEGREES,
    first_row_assertions: COLUMNS.len() as u8,
    last_row_assertions: OUTPUT_COLUMNS.len() as u8,
    exemptions: 1,
};
