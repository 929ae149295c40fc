//! The trace: one row for two passes of the program (spec: `docs/spec/geom.md`, "Trace").
//!
//! N steps are N mod 12 steps, which the verifier takes itself, and then rows of twelve. So every row stands at the same
//! place of the program: row i is the state after N mod 12 + 12 i steps, and the opcodes between two rows are constants
//! of the statement, which no cell can get wrong. Twelve columns fill the two SHA-256 blocks that a row costs anyway.

use winter_math::FieldElement;

use super::GeomParameters;
use super::machine::{PASS, State, opcode_at};
use crate::field::BaseElement;

/// Steps from one row to the next.
pub const ROW_STEPS: usize = 2 * PASS;

/// Steps between two marks: each half of a pass has one multiplication, wherever the pass begins.
const STRIDE: usize = PASS / 2;

/// Marks between two rows.
const MARKS: usize = ROW_STEPS / STRIDE - 1;

/// A row of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<E> {
    /// The state.
    pub(super) state: State<E>,
    /// The accumulator 9, 6 and 3 steps before this state; zeros in row 0. They keep the constraints quadratic.
    pub(super) marks: [E; MARKS],
}

/// Columns of the trace, in the order of a row's cells.
pub const COLUMNS: [&str; 12] = ["pc", "gas", "acc", "x1", "x2", "cnt", "m11", "m12", "m22", "acc_9", "acc_6", "acc_3"];

impl<E: Copy> Row<E> {
    /// The cells.
    pub(super) const fn cells(&self) -> [E; COLUMNS.len()] {
        let State { pc, gas, acc, x1, x2, cnt, m11, m12, m22 } = self.state;
        let [acc_9, acc_6, acc_3] = self.marks;
        [pc, gas, acc, x1, x2, cnt, m11, m12, m22, acc_9, acc_6, acc_3]
    }

    /// The row with these cells.
    pub(super) const fn from_cells(cells: [E; COLUMNS.len()]) -> Self {
        let [pc, gas, acc, x1, x2, cnt, m11, m12, m22, acc_9, acc_6, acc_3] = cells;
        Self { state: State { pc, gas, acc, x1, x2, cnt, m11, m12, m22 }, marks: [acc_9, acc_6, acc_3] }
    }
}

/// What does not change from row to row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowSteps {
    opcodes: [u8; ROW_STEPS],
    matrix: [[BaseElement; 2]; 2],
}

impl RowSteps {
    pub(super) fn new(parameters: &GeomParameters) -> Self {
        let matrix = parameters.matrix().map(|row| row.map(BaseElement::new));
        let opcodes = core::array::from_fn(|step| opcode_at((parameters.steps() as usize).saturating_add(step)));
        Self { opcodes, matrix }
    }

    /// The row after `row`.
    pub(super) fn next_row<E: FieldElement<BaseField = BaseElement>>(&self, row: &Row<E>) -> Row<E> {
        self.advance(row, |_, acc| acc)
    }

    /// What the row after `row` must be, given its own `marks`: each mark is compared with the accumulator at its place,
    /// and the steps behind it start from the mark. So no cell is more than quadratic in the cells.
    pub(super) fn next_row_through<E>(&self, row: &Row<E>, marks: [E; MARKS]) -> Row<E>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.advance(row, |index, acc| marks.get(index).copied().unwrap_or(acc))
    }

    /// Runs from row to row; `resume(index, acc)` is the accumulator to go on with behind mark `index`.
    fn advance<E>(&self, row: &Row<E>, resume: impl Fn(usize, E) -> E) -> Row<E>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let mut state = row.state;
        let mut marks = [E::ZERO; MARKS];
        let (strides, _) = self.opcodes.as_chunks::<STRIDE>();
        for (index, opcodes) in strides.iter().enumerate() {
            state = opcodes.iter().fold(state, |state, opcode| state.step(*opcode, self.matrix));
            if let Some(mark) = marks.get_mut(index) {
                *mark = state.acc;
                state.acc = resume(index, state.acc);
            }
        }
        Row { state, marks }
    }
}

/// Row 0: the state after the steps that fill no row.
pub(super) fn first_row(parameters: &GeomParameters) -> Row<BaseElement> {
    let matrix = parameters.matrix().map(|row| row.map(BaseElement::new));
    let steps = 0..parameters.steps() as usize % ROW_STEPS;
    let state = steps.fold(State::initial(parameters), |state, step| state.step(opcode_at(step), matrix));
    Row { state, marks: [BaseElement::ZERO; MARKS] }
}

impl GeomParameters {
    /// The row that holds the outputs.
    pub const fn last_row(&self) -> u32 {
        const STEPS: u32 = ROW_STEPS as u32;
        self.steps() / STEPS
    }

    /// Rows of the trace: a power of two, [`Self::MIN_TRACE_LENGTH`] at least. After the last row of the statement the
    /// machine runs on.
    pub fn trace_length(&self) -> u32 {
        self.last_row().saturating_add(1).next_power_of_two().max(Self::MIN_TRACE_LENGTH)
    }

    /// The rows of the trace, [`Self::trace_length`] of them, in the order of [`COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = [BaseElement; COLUMNS.len()]> + use<> {
        let steps = RowSteps::new(self);
        let rows = core::iter::successors(Some(first_row(self)), move |row| Some(steps.next_row(row)));
        rows.map(|row| row.cells()).take(self.trace_length() as usize)
    }
}
