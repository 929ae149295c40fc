//! The cells of a row that follow from its micro-op and its operands.

use verifier_core::air::rv32im::bus::WORD;
use verifier_core::air::rv32im::micro_op::{MicroOp, Operation};
use verifier_core::air::rv32im::tables;
use verifier_core::field::BaseElement;
use verifier_core::rv32im::{Access, WORD_BYTES};
use winter_prover::math::FieldElement;

use super::recording::Record;

/// Cells that are looked up or constrained, as numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cells {
    /// `AB` and `AC`.
    pub(super) addresses: [u64; 2],
    /// `X0` to `X3`.
    pub(super) x: [u8; 4],
    /// The bytes of the second operand.
    pub(super) y: [u8; 4],
    /// `SA`.
    pub(super) sign: bool,
    /// `UI`.
    pub(super) asked: u8,
    /// `UO`.
    pub(super) answer: u64,
    /// `P0` to `P3`.
    pub(super) limbs: [u16; 4],
    /// `K`.
    pub(super) k: bool,
    /// `R0`, `R1`.
    pub(super) rotation: [bool; 2],
    /// What `INV` is the inverse of; zero where it is not read.
    pub(super) inverted: u64,
}

impl Cells {
    pub(super) fn new(op: &MicroOp, record: &Record) -> Self {
        let Record { v1, v2, vd, dp, .. } = *record;
        let b = v2.wrapping_add(op.imm);
        let mut cells = Self { y: b.to_le_bytes(), ..Self::default() };
        let (address, carry) = v1.overflowing_add(op.off);
        let memory = WORD + u64::from(address / WORD_BYTES);
        cells.addresses = [op.rs2.into(), op.rd.into()];
        let mut x = v1;
        let mut rotation = 0;
        match op.operation {
            Operation::Load { access, .. } => {
                (cells.addresses[0], cells.k) = (memory, carry);
                (x, rotation) = (v2, rotation_of(access, address));
            }
            Operation::Store { access } => {
                (cells.addresses[1], cells.k) = (memory, carry);
                (x, rotation) = (dp, rotation_of(access, address));
            }
            Operation::JumpRegister => {
                cells.k = true;
                rotation = usize::from(carry) + 2 * (address as usize & 1);
            }
            Operation::Div | Operation::Rem => x = v1.checked_div(b).unwrap_or(u32::MAX),
            _ => {}
        }
        cells.rotation = [rotation & 1 == 1, rotation & 2 == 2];
        let bytes = x.to_le_bytes();
        cells.x = std::array::from_fn(|index| bytes[(index + rotation) % 4]);
        cells.ask(op);
        cells.arithmetic(op, v1, b, vd);
        cells
    }

    fn ask(&mut self, op: &MicroOp) {
        let kind = op.kind();
        self.sign = tables::sign(kind, self.x[3]);
        self.asked = match op.operation {
            Operation::ShiftLeft | Operation::ShiftRight | Operation::ShiftRightSigned => self.y[0],
            Operation::SetLess { .. } | Operation::BranchLess { .. } => self.y[3],
            _ => 0,
        };
        self.answer = tables::shift(kind, self.asked);
    }

    fn arithmetic(&mut self, op: &MicroOp, v1: u32, b: u32, vd: u32) {
        let (a64, b64) = (u64::from(v1), u64::from(b));
        match op.operation {
            Operation::Add => self.low(vd, v1.overflowing_add(b).1),
            Operation::Sub => self.low(vd, v1 < b),
            Operation::SetLess { signed } | Operation::BranchLess { signed } => {
                let less = if signed { v1.cast_signed() < b.cast_signed() } else { v1 < b };
                self.low(v1.wrapping_sub(b), less);
            }
            Operation::BranchEqual => {
                self.k = v1 == b;
                // The difference of two words, which may be negative, in the field.
                self.inverted = if v1 >= b { a64 - b64 } else { BaseElement::MODULUS - (b64 - a64) };
            }
            Operation::Mul | Operation::MulHigh => self.product(a64 * b64),
            Operation::ShiftLeft | Operation::ShiftRight | Operation::ShiftRightSigned => {
                self.product(a64 * self.answer);
            }
            Operation::Div | Operation::Rem => {
                let remainder = v1.checked_rem(b).unwrap_or(v1);
                let rest = if b == 0 { 0 } else { b - 1 - remainder };
                self.limbs = limbs(u64::from(remainder) | u64::from(rest) << 32);
                self.k = b == 0;
                self.inverted = b64;
            }
            _ => {}
        }
    }

    fn low(&mut self, word: u32, k: bool) {
        self.limbs = limbs(word.into());
        self.k = k;
    }

    /// The product in its canonical split: the high word is not all ones unless the low one is zero.
    fn product(&mut self, product: u64) {
        self.limbs = limbs(product);
        if product as u32 != 0 {
            self.inverted = WORD - 1 - (product >> 32);
        }
    }

    /// `INV`.
    pub(super) fn inverse(&self) -> BaseElement {
        // The inverse of zero reads as zero.
        BaseElement::new(self.inverted).inv()
    }
}

use winter_prover::math::StarkField as _;

/// The rotation that puts the accessed byte, or the higher byte of the half, last.
const fn rotation_of(access: Access, address: u32) -> usize {
    let offset = (address % WORD_BYTES) as usize;
    match access {
        Access::Byte => (offset + 1) % 4,
        Access::Half => (offset + 2) % 4,
        Access::Word => 0,
    }
}

const fn limbs(number: u64) -> [u16; 4] {
    [number as u16, (number >> 16) as u16, (number >> 32) as u16, (number >> 48) as u16]
}
