//! The trace: one row for each pass of the program (spec: `docs/spec/geom.md`, "Trace").
//!
//! N steps are N mod 6 steps, which the verifier takes itself, and then whole passes. So every row stands at the same
//! place of the program: row i is the state after N mod 6 + 6 i steps, and the opcodes between two rows are constants of
//! the statement, which no cell can get wrong.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::GeomParameters;
use super::machine::{PASS, State, pass_from};

/// Steps between a row and its `half`: each half of a pass has one multiplication.
const HALF: usize = PASS / 2;

/// A row of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<E> {
    /// The state.
    pub(super) state: State<E>,
    /// The accumulator half a pass before this state; zero in row 0. It keeps the constraints quadratic.
    pub(super) half: E,
}

/// Columns of the trace, in the order of [`Row::cells`].
pub const COLUMNS: [&str; 10] = ["pc", "gas", "acc", "half", "x1", "x2", "cnt", "m11", "m12", "m22"];

impl<E: Copy> Row<E> {
    /// The cells.
    pub(super) const fn cells(&self) -> [E; COLUMNS.len()] {
        let State { pc, gas, acc, x1, x2, cnt, m11, m12, m22 } = self.state;
        [pc, gas, acc, self.half, x1, x2, cnt, m11, m12, m22]
    }

    /// The row with these cells.
    pub(super) const fn from_cells([pc, gas, acc, half, x1, x2, cnt, m11, m12, m22]: [E; COLUMNS.len()]) -> Self {
        Self { state: State { pc, gas, acc, x1, x2, cnt, m11, m12, m22 }, half }
    }
}

/// What does not change from row to row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    opcodes: [u8; PASS],
    matrix: [[BaseElement; 2]; 2],
}

impl Pass {
    pub(super) fn new(parameters: &GeomParameters) -> Self {
        let matrix = parameters.matrix().map(|row| row.map(BaseElement::new));
        Self { opcodes: pass_from(parameters.steps()), matrix }
    }

    /// The row after `row`.
    pub(super) fn next_row<E: FieldElement<BaseField = BaseElement>>(&self, row: &Row<E>) -> Row<E> {
        let half = self.run(row.state, 0..HALF);
        Row { state: self.run(half, HALF..PASS), half: half.acc }
    }

    /// The row after `row`, where the accumulator at half of the pass is read from `half` and not computed: the first half
    /// is compared with it, the second starts from it, and so no cell is more than quadratic in the cells.
    pub(super) fn next_row_through<E: FieldElement<BaseField = BaseElement>>(&self, row: &Row<E>, half: E) -> Row<E> {
        let middle = self.run(row.state, 0..HALF);
        Row { state: self.run(State { acc: half, ..middle }, HALF..PASS), half: middle.acc }
    }

    fn run<E: FieldElement<BaseField = BaseElement>>(
        &self,
        state: State<E>,
        steps: core::ops::Range<usize>,
    ) -> State<E> {
        let opcodes = self.opcodes.get(steps).unwrap_or_default();
        opcodes.iter().fold(state, |state, opcode| state.step(*opcode, self.matrix))
    }
}

/// Row 0: the state after the steps that make no whole pass.
pub(super) fn first_row(parameters: &GeomParameters) -> Row<BaseElement> {
    let matrix = parameters.matrix().map(|row| row.map(BaseElement::new));
    let opcodes = pass_from(0).into_iter().take(parameters.steps() as usize % PASS);
    let state = opcodes.fold(State::initial(parameters), |state, opcode| state.step(opcode, matrix));
    Row { state, half: BaseElement::ZERO }
}

impl GeomParameters {
    /// The row that holds the outputs.
    pub const fn last_row(&self) -> u32 {
        self.steps() / PASS as u32
    }

    /// Rows of the trace: a power of two, [`Self::MIN_TRACE_LENGTH`] at least. After the last row of the statement the
    /// machine runs on.
    pub fn trace_length(&self) -> u32 {
        (self.last_row() + 1).next_power_of_two().max(Self::MIN_TRACE_LENGTH)
    }

    /// The rows of the trace, [`Self::trace_length`] of them, in the order of [`COLUMNS`].
    pub fn rows(&self) -> impl Iterator<Item = [BaseElement; COLUMNS.len()]> + use<> {
        let pass = Pass::new(self);
        let rows = core::iter::successors(Some(first_row(self)), move |row| Some(pass.next_row(row)));
        rows.map(|row| row.cells()).take(self.trace_length() as usize)
    }
}
