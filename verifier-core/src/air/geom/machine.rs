//! The machine: its state and one step (spec: `docs/spec/geom.md`, "Machine").
//!
//! There is one definition of a step. The clear run, the trace, the verifier's first row and the constraints all use it,
//! over the field or over an extension of it.

#![expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular; opcodes are below 4")]

use winter_math::FieldElement;

use super::GeomParameters;
use crate::field::BaseElement;

/// The program, repeated for ever. 1 adds the gas to the accumulator, 2 multiplies by it, 3 subtracts it, 0 does nothing.
pub const PROGRAM: [u8; PASS] = [1, 2, 3, 1, 2, 0];

/// Steps of one pass of the program.
pub const PASS: usize = 6;

/// Gas of a machine that has not run.
pub const INITIAL_GAS: u64 = 100;

/// The state between two steps. The opcode that comes next is `PROGRAM[pc mod 6]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State<E> {
    /// Program counter.
    pub(super) pc: E,
    /// Gas left; below zero it is a field element near p.
    pub(super) gas: E,
    /// Accumulator.
    pub(super) acc: E,
    /// First coordinate.
    pub(super) x1: E,
    /// Second coordinate.
    pub(super) x2: E,
    /// Steps done.
    pub(super) cnt: E,
    /// Sum of x1 * x1 over the steps done.
    pub(super) m11: E,
    /// Sum of x1 * x2.
    pub(super) m12: E,
    /// Sum of x2 * x2.
    pub(super) m22: E,
}

impl State<BaseElement> {
    /// The state before the first step.
    pub(super) fn initial(parameters: &GeomParameters) -> Self {
        let zero = BaseElement::ZERO;
        let [x1, x2] = parameters.initial().map(BaseElement::new);
        let gas = BaseElement::new(INITIAL_GAS);
        Self { pc: zero, gas, acc: zero, x1, x2, cnt: zero, m11: zero, m12: zero, m22: zero }
    }
}

impl<E: FieldElement<BaseField = BaseElement>> State<E> {
    /// The state after one instruction. The moments take the coordinates from before they go through the matrix.
    pub(super) fn step(self, opcode: u8, [[a, b], [c, d]]: [[BaseElement; 2]; 2]) -> Self {
        let Self { pc, gas, acc, x1, x2, cnt, m11, m12, m22 } = self;
        Self {
            pc: pc + E::ONE,
            gas: gas - E::from(1 + opcode % 3),
            acc: match opcode {
                1 => acc + gas,
                2 => acc * gas,
                3 => acc - gas,
                _ => acc,
            },
            x1: x1.mul_base(a) + x2.mul_base(b),
            x2: x1.mul_base(c) + x2.mul_base(d),
            cnt: cnt + E::ONE,
            m11: m11 + x1 * x1,
            m12: m12 + x1 * x2,
            m22: m22 + x2 * x2,
        }
    }
}

/// The opcode that step `step` of a run executes.
pub(super) fn opcode_at(step: usize) -> u8 {
    PROGRAM.get(step % PASS).copied().unwrap_or_default()
}
