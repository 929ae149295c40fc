//! What a `geom_v1` proof is about: parameters, outputs, and the public inputs that the transcript absorbs (spec:
//! `docs/spec/geom.md`, "Statement").
//!
//! Constructors refuse numbers outside the field, so that two statements never share an encoding.

use alloc::vec::Vec;
use core::fmt;

use winter_math::{StarkField, ToElements};

use super::NAME;
use super::machine::{State, opcode_at};
use super::trace::ROW_STEPS;
use crate::field::BaseElement;
use crate::{Digest, ReasonCode};

/// What the machine starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeomParameters {
    steps: u32,
    initial: [u64; 2],
    matrix: [[u64; 2]; 2],
}

impl GeomParameters {
    /// Fewest steps: those between two rows, so that first and last row of the statement differ.
    pub const MIN_STEPS: u32 = ROW_STEPS as u32;
    /// Most steps; the security of the parameter sets is computed for the trace of this run.
    pub const MAX_STEPS: u32 = 1 << 20;
    /// Shortest trace: its evaluation domain has more rows than any parameter set draws queries.
    pub const MIN_TRACE_LENGTH: u32 = 64;
    /// The coordinates that a run starts from unless told otherwise.
    pub const DEFAULT_INITIAL: [u64; 2] = [1, 1];
    /// The matrix unless told otherwise.
    pub const DEFAULT_MATRIX: [[u64; 2]; 2] = [[1, 1], [1, 0]];

    /// Takes the number of steps, the initial coordinates and the matrix, by rows.
    ///
    /// # Errors
    /// [`GeomError::Steps`] outside [`Self::MIN_STEPS`] to [`Self::MAX_STEPS`]; [`GeomError::NotInField`].
    pub fn new(steps: u32, initial: [u64; 2], matrix: [[u64; 2]; 2]) -> Result<Self, GeomError> {
        if !(Self::MIN_STEPS..=Self::MAX_STEPS).contains(&steps) {
            return Err(GeomError::Steps { steps });
        }
        let [[a, b], [c, d]] = matrix;
        let [x1, x2] = initial;
        check_in_field([("x1", x1), ("x2", x2), ("a", a), ("b", b), ("c", c), ("d", d)])?;
        Ok(Self { steps, initial, matrix })
    }

    /// Steps of the run.
    pub const fn steps(&self) -> u32 {
        self.steps
    }

    /// Initial x1 and x2.
    pub const fn initial(&self) -> [u64; 2] {
        self.initial
    }

    /// The matrix, by rows.
    pub const fn matrix(&self) -> [[u64; 2]; 2] {
        self.matrix
    }

    /// Runs the machine in the clear.
    pub fn execute(&self) -> GeomOutputs {
        let matrix = self.matrix.map(|row| row.map(BaseElement::new));
        let steps = 0..self.steps as usize;
        GeomOutputs::of_state(&steps.fold(State::initial(self), |state, step| state.step(opcode_at(step), matrix)))
    }
}

/// What the machine ends with.
///
/// # Shape
/// Canonical field elements, each below p = 2^64 - 2^32 + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeomOutputs {
    /// Steps done.
    pub final_cnt: u64,
    /// Accumulator.
    pub acc: u64,
    /// First coordinate.
    pub x1: u64,
    /// Second coordinate.
    pub x2: u64,
    /// Sum of x1 * x1.
    pub m11: u64,
    /// Sum of x1 * x2.
    pub m12: u64,
    /// Sum of x2 * x2.
    pub m22: u64,
}

impl GeomOutputs {
    /// Names of the outputs, in the order of [`Self::values`].
    pub const NAMES: [&'static str; 7] = ["final_cnt", "acc", "x1", "x2", "m11", "m12", "m22"];

    /// The outputs in the order of [`Self::NAMES`].
    pub const fn values(&self) -> [u64; 7] {
        [self.final_cnt, self.acc, self.x1, self.x2, self.m11, self.m12, self.m22]
    }

    /// Outputs from values in the order of [`Self::NAMES`].
    pub const fn from_values([final_cnt, acc, x1, x2, m11, m12, m22]: [u64; 7]) -> Self {
        Self { final_cnt, acc, x1, x2, m11, m12, m22 }
    }

    fn of_state(state: &State<BaseElement>) -> Self {
        Self::from_values(
            [state.cnt, state.acc, state.x1, state.x2, state.m11, state.m12, state.m22].map(|value| value.as_int()),
        )
    }
}

/// Parameters and outputs: that this start leads to this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeomStatement {
    parameters: GeomParameters,
    outputs: GeomOutputs,
}

impl GeomStatement {
    /// Claims that `parameters` lead to `outputs`. Whether they do is for the proof to show.
    ///
    /// # Errors
    /// [`GeomError::NotInField`].
    pub fn new(parameters: GeomParameters, outputs: GeomOutputs) -> Result<Self, GeomError> {
        let named = GeomOutputs::NAMES.into_iter().zip(outputs.values());
        check_in_field(named)?;
        Ok(Self { parameters, outputs })
    }

    /// Where the run starts.
    pub const fn parameters(&self) -> &GeomParameters {
        &self.parameters
    }

    /// Where it ends.
    pub const fn outputs(&self) -> &GeomOutputs {
        &self.outputs
    }
}

/// What the transcript absorbs before the first challenge: the statement, and the hash of the instance it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GeomInputs {
    statement: GeomStatement,
    instance_hash: Digest,
}

impl GeomInputs {
    /// Binds a statement to an instance.
    pub const fn new(statement: GeomStatement, instance_hash: Digest) -> Self {
        Self { statement, instance_hash }
    }

    /// The statement.
    pub const fn statement(&self) -> &GeomStatement {
        &self.statement
    }
}

impl ToElements<BaseElement> for GeomInputs {
    /// 24 elements: the AIR's name, trace length, steps, initial coordinates, matrix, outputs, and the instance hash as
    /// eight little-endian 32-bit numbers. Every element comes from a number below p, so the encoding is injective.
    fn to_elements(&self) -> Vec<BaseElement> {
        let GeomStatement { parameters, outputs } = &self.statement;
        let mut elements = Vec::with_capacity(24);
        elements.push(name_element());
        elements.extend([parameters.trace_length(), parameters.steps].map(BaseElement::from));
        elements.extend(parameters.initial.map(BaseElement::new));
        elements.extend(parameters.matrix.as_flattened().iter().copied().map(BaseElement::new));
        elements.extend(outputs.values().map(BaseElement::new));
        let (limbs, _) = self.instance_hash.as_bytes().as_chunks();
        elements.extend(limbs.iter().map(|limb| BaseElement::from(u32::from_le_bytes(*limb))));
        elements
    }
}

/// The AIR's name, seven bytes, as a little-endian number.
fn name_element() -> BaseElement {
    BaseElement::new(NAME.bytes().rev().fold(0, |number, byte| number << 8 | u64::from(byte)))
}

fn check_in_field(named: impl IntoIterator<Item = (&'static str, u64)>) -> Result<(), GeomError> {
    match named.into_iter().find(|(_, value)| *value >= BaseElement::MODULUS) {
        Some((name, value)) => Err(GeomError::NotInField { name, value }),
        None => Ok(()),
    }
}

/// Why something is no `geom_v1` statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeomError {
    /// Fewer or more steps than the AIR allows.
    Steps {
        /// The number of steps.
        steps: u32,
    },
    /// A number that is not below p, so that it would share an encoding with another.
    NotInField {
        /// What the number stands for.
        name: &'static str,
        /// The number.
        value: u64,
    },
}

impl GeomError {
    /// The reason code.
    pub const fn code(&self) -> ReasonCode {
        match self {
            Self::Steps { .. } | Self::NotInField { .. } => ReasonCode::ProofStatementMismatch,
        }
    }
}

impl fmt::Display for GeomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps { steps } => {
                write!(f, "{steps} steps are not within {}..={}", GeomParameters::MIN_STEPS, GeomParameters::MAX_STEPS)
            }
            Self::NotInField { name, value } => write!(f, "{name} = {value} is not below 2^64 - 2^32 + 1"),
        }
    }
}

impl core::error::Error for GeomError {}
