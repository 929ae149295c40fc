//! The machine: its state and one step (spec: `docs/spec/geom.md`, "Machine").
//!
//! Used by the clear run, by the prover's trace and for the first row, which the verifier computes itself.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::GeomParameters;

/// The program, repeated for ever. 1 adds the gas to the accumulator, 2 multiplies by it, 3 subtracts it, 0 does nothing.
pub const PROGRAM: [u8; 6] = [1, 2, 3, 1, 2, 0];

const INITIAL_GAS: u64 = 100;

/// The state between two steps.
///
/// `opcode` is the instruction that the next step executes, `PROGRAM[pc mod 6]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// Program counter.
    pub pc: BaseElement,
    /// Instruction at the program counter.
    pub opcode: BaseElement,
    /// Gas left; below zero it is a field element near p.
    pub gas: BaseElement,
    /// Accumulator.
    pub acc: BaseElement,
    /// First coordinate.
    pub x1: BaseElement,
    /// Second coordinate.
    pub x2: BaseElement,
    /// Steps done.
    pub cnt: BaseElement,
    /// Sum of x1 * x1 over the steps done.
    pub m11: BaseElement,
    /// Sum of x1 * x2.
    pub m12: BaseElement,
    /// Sum of x2 * x2.
    pub m22: BaseElement,
    /// 1 where pc mod 3 is 0, else 0.
    pub v0: BaseElement,
    /// 1 where pc mod 3 is 1, else 0.
    pub v1: BaseElement,
}

/// A machine that runs: the state, and what does not change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Machine {
    state: State,
    position: usize,
    matrix: [[BaseElement; 2]; 2],
}

impl Machine {
    /// The machine before its first step.
    pub(super) fn new(parameters: &GeomParameters) -> Self {
        let [x1, x2] = parameters.initial().map(BaseElement::new);
        let zero = BaseElement::ZERO;
        let state = State {
            pc: zero,
            opcode: BaseElement::from(PROGRAM[0]),
            gas: BaseElement::new(INITIAL_GAS),
            acc: zero,
            x1,
            x2,
            cnt: zero,
            m11: zero,
            m12: zero,
            m22: zero,
            v0: BaseElement::ONE,
            v1: zero,
        };
        Self { state, position: 0, matrix: parameters.matrix().map(|row| row.map(BaseElement::new)) }
    }

    /// The state now.
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Executes one instruction. The moments take the coordinates from before they go through the matrix.
    pub(super) fn step(&mut self) {
        let State { pc, gas, acc, x1, x2, cnt, m11, m12, m22, v0, v1, .. } = self.state;
        let (acc, cost) = match PROGRAM.get(self.position) {
            Some(1) => (acc + gas, 1_u8),
            Some(2) => (acc * gas, 2),
            Some(3) => (acc - gas, 0),
            _ => (acc, 0),
        };
        let [[a, b], [c, d]] = self.matrix;
        self.position = if self.position + 1 == PROGRAM.len() { 0 } else { self.position + 1 };
        self.state = State {
            pc: pc + BaseElement::ONE,
            opcode: BaseElement::from(PROGRAM.get(self.position).copied().unwrap_or(0)),
            gas: gas - BaseElement::ONE - BaseElement::from(cost),
            acc,
            x1: a * x1 + b * x2,
            x2: c * x1 + d * x2,
            cnt: cnt + BaseElement::ONE,
            m11: m11 + x1 * x1,
            m12: m12 + x1 * x2,
            m22: m22 + x2 * x2,
            v0: BaseElement::ONE - v0 - v1,
            v1: v0,
        };
    }
}
