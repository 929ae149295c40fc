//! Micro-ops: what a row of the trace does, and the decoding of instructions into them (spec: `docs/spec/rv32im.md`,
//! "Micro-ops").
//!
//! Decoding is a public function of the image; prover and verifier share it, and the AIR's soundness rests on it: a
//! micro-op never reads one register twice, `IMM` and `V2` are never both other than zero, and every address that no
//! instruction has is at least 2^34, out of JALR's reach.

use alloc::vec::Vec;

use winter_math::FieldElement;

use super::columns::FETCH_FIELDS;
use crate::field::BaseElement;
use crate::rv32im::{Access, Arithmetic, Condition, ECALL_EXIT, Instruction, WORD_BYTES};

/// Registers on the memory bus: x0 to x31, the sink, the second zero, and six that only micro-ops name.
pub const BUS_REGISTERS: usize = 40;

/// Where results go that nobody reads: the destination in place of x0.
pub const SINK: u8 = 32;

/// A register that is always zero, besides x0.
pub const ZERO: u8 = 33;

/// First of the registers that only micro-ops name.
const TEMPORARY: u8 = 34;

/// Copy of a register that an instruction reads twice.
const COPY: u8 = 39;

/// Distance between the micro-ops of one instruction.
pub const MICRO_STEP: u64 = 1 << 34;

/// Address of the micro-op that a finished run repeats.
pub const PAD: u64 = 1 << 40;

/// Address of no micro-op: an unknown environment call goes there.
const TRAP: u64 = 1 << 41;

/// What a micro-op does. `b` is the value of slot B plus `imm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a & b`.
    And,
    /// `a | b`.
    Or,
    /// `a ^ b`.
    Xor,
    /// Whether `a < b`.
    SetLess {
        /// Whether both are signed.
        signed: bool,
    },
    /// `a << (b & 31)`.
    ShiftLeft,
    /// `a >> (b & 31)`.
    ShiftRight,
    /// `a >> (b & 31)`, signed.
    ShiftRightSigned,
    /// Low word of the product.
    Mul,
    /// High word of the unsigned product.
    MulHigh,
    /// Unsigned quotient.
    Div,
    /// Unsigned remainder.
    Rem,
    /// Reads memory.
    Load {
        /// Width.
        access: Access,
        /// Whether to extend the sign.
        signed: bool,
    },
    /// Writes memory.
    Store {
        /// Width.
        access: Access,
    },
    /// Adds `off` to the next address if `a = b`.
    BranchEqual,
    /// Adds `off` to the next address if `a < b`.
    BranchLess {
        /// Whether both are signed.
        signed: bool,
    },
    /// Goes to `a + off` without its lowest bit; the result is the following address.
    JumpRegister,
}

/// One row's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicroOp {
    /// Its address.
    pub pc: u64,
    /// What it does.
    pub operation: Operation,
    /// Register of slot A.
    pub rs1: u8,
    /// Register of slot B, other than `rs1`; 0 in loads.
    pub rs2: u8,
    /// Register of slot C; 0 in stores.
    pub rd: u8,
    /// Constant added to slot B's value, which is zero unless this is.
    pub imm: u32,
    /// Address offset of loads, stores and JALR.
    pub off: u32,
    /// Where a taken branch goes.
    pub target: u64,
    /// Where execution goes on; 0 for JALR.
    pub next: u64,
}

/// Kinds of the sign and shift tables.
pub mod kind {
    /// No table.
    pub const NONE: u8 = 0;
    /// Signs of both operands.
    pub const COMPARE: u8 = 1;
    /// 2^s.
    pub const LEFT: u8 = 2;
    /// 2^(32-s).
    pub const RIGHT: u8 = 3;
    /// The same, and the sign of the operand.
    pub const RIGHT_SIGNED: u8 = 4;
    /// Sign of the loaded byte or half.
    pub const LOAD: u8 = 5;
    /// Number of kinds.
    pub const COUNT: usize = 6;
}

/// A number's negative in the field.
#[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
fn negative(number: BaseElement) -> BaseElement {
    -number
}

impl MicroOp {
    /// The kind of table that it asks.
    pub const fn kind(&self) -> u8 {
        match self.operation {
            Operation::SetLess { signed: true } | Operation::BranchLess { signed: true } => kind::COMPARE,
            Operation::ShiftLeft => kind::LEFT,
            Operation::ShiftRight => kind::RIGHT,
            Operation::ShiftRightSigned => kind::RIGHT_SIGNED,
            Operation::Load { signed: true, .. } => kind::LOAD,
            _ => kind::NONE,
        }
    }

    /// Whether slot B is a register, not memory.
    pub const fn reads_rs2(&self) -> bool {
        !matches!(self.operation, Operation::Load { .. })
    }

    /// Whether slot C is a register, not memory.
    pub const fn writes_rd(&self) -> bool {
        !matches!(self.operation, Operation::Store { .. })
    }

    /// Whether slot C is slot A's register.
    pub const fn rd_is_rs1(&self) -> bool {
        self.writes_rd() && self.rd == self.rs1
    }

    /// Whether slot C is slot B's register.
    pub const fn rd_is_rs2(&self) -> bool {
        self.writes_rd() && self.reads_rs2() && self.rd == self.rs2
    }

    /// The fetch tuple.
    ///
    /// # Shape
    /// The first [`FETCH_FIELDS`] columns.
    #[expect(clippy::arithmetic_side_effects, reason = "arithmetic of a field, which is modular")]
    pub fn fields(&self) -> [BaseElement; FETCH_FIELDS] {
        use Operation as Op;
        let word = BaseElement::new(1 << 32);
        let bit = |set: bool| BaseElement::from(u32::from(set));
        let operation = self.operation;
        let access = match operation {
            Op::Load { access, .. } | Op::Store { access } => Some(access),
            _ => None,
        };
        let is_branch = matches!(operation, Op::BranchEqual | Op::BranchLess { .. });
        let off = if is_branch {
            BaseElement::new(self.target) - BaseElement::new(self.next)
        } else {
            BaseElement::from(self.off)
        };
        let (zero, one) = (BaseElement::ZERO, BaseElement::ONE);
        let [sig, wk, wz] = match operation {
            Op::Add => [one, negative(word), zero],
            Op::Sub => [negative(one), word, zero],
            Op::SetLess { .. } => [zero, one, zero],
            Op::And => [zero, zero, one],
            Op::Or => [one, zero, negative(one)],
            Op::Xor => [one, zero, negative(one.double())],
            Op::JumpRegister => [zero, BaseElement::new(self.link()), zero],
            _ => [zero; 3],
        };
        [
            BaseElement::new(self.pc),
            BaseElement::from(self.rs1),
            BaseElement::from(self.rs2),
            BaseElement::from(self.rd),
            BaseElement::from(self.imm),
            off,
            BaseElement::new(self.next),
            bit(matches!(operation, Op::Add | Op::Sub | Op::ShiftLeft | Op::Mul | Op::Rem)),
            bit(matches!(operation, Op::SetLess { .. } | Op::BranchLess { .. })),
            bit(operation == Op::BranchEqual),
            bit(matches!(operation, Op::Mul | Op::MulHigh)),
            bit(matches!(operation, Op::ShiftLeft | Op::ShiftRight | Op::ShiftRightSigned)),
            bit(matches!(operation, Op::Div | Op::Rem)),
            bit(matches!(operation, Op::Load { .. })),
            bit(matches!(operation, Op::Store { .. })),
            bit(access == Some(Access::Byte)),
            bit(access == Some(Access::Half)),
            bit(operation == Op::JumpRegister),
            sig,
            wk,
            wz,
            BaseElement::from(self.kind()),
            bit(self.rd_is_rs1()),
            bit(self.rd_is_rs2()),
        ]
    }

    /// What JALR writes: the address of the instruction behind it. Micro-ops of one instruction share their low 34 bits.
    pub const fn link(&self) -> u64 {
        (self.pc % MICRO_STEP).saturating_add(WORD_BYTES as u64)
    }

    /// What a finished run repeats.
    pub const fn pad() -> Self {
        Self { pc: PAD, operation: Operation::Add, rs1: 0, rs2: ZERO, rd: SINK, imm: 0, off: 0, target: 0, next: PAD }
    }
}

/// Most micro-ops of one instruction: those of DIV.
pub const MAX_PER_INSTRUCTION: usize = 12;

/// Appends the micro-ops of the instruction at `pc`.
pub fn decode(pc: u32, instruction: Instruction, into: &mut Vec<MicroOp>) {
    let mut sequence = Sequence { pc: u64::from(pc), start: into.len(), into };
    sequence.instruction(pc, instruction);
    sequence.finish();
}

/// The micro-ops of one instruction in the making.
struct Sequence<'a> {
    pc: u64,
    start: usize,
    into: &'a mut Vec<MicroOp>,
}

/// The second operand of a micro-op.
#[derive(Clone, Copy)]
enum Operand {
    Register(u8),
    Constant(u32),
}

impl Operand {
    /// Register of slot B and the constant.
    const fn parts(self) -> (u8, u32) {
        match self {
            Self::Register(0) => (ZERO, 0),
            Self::Register(register) => (register, 0),
            Self::Constant(constant) => (ZERO, constant),
        }
    }
}

use Operand::{Constant, Register};

impl Sequence<'_> {
    fn instruction(&mut self, pc: u32, instruction: Instruction) {
        match instruction {
            Instruction::Lui { rd, imm } => self.push(Operation::Add, rd, 0, Constant(imm)),
            Instruction::Auipc { rd, imm } => self.push(Operation::Add, rd, 0, Constant(pc.wrapping_add(imm))),
            Instruction::Jal { rd, offset } => {
                self.push(Operation::Add, rd, 0, Constant(pc.wrapping_add(WORD_BYTES)));
                self.last(|op| op.next = u64::from(pc.wrapping_add(offset)));
            }
            Instruction::Jalr { rd, rs1, offset } => {
                self.push(Operation::JumpRegister, rd, rs1, Constant(0));
                self.last(|op| (op.off, op.next) = (offset, 0));
            }
            Instruction::Branch { condition, rs1, rs2, offset } => {
                self.branch(condition, rs1, rs2, u64::from(pc.wrapping_add(offset)));
            }
            Instruction::Load { access, signed, rd, rs1, offset } => {
                self.push(Operation::Load { access, signed }, rd, rs1, Constant(0));
                self.last(|op| (op.rs2, op.off) = (0, offset));
            }
            Instruction::Store { access, rs1, rs2, offset } => {
                let value = self.apart(rs1, Register(rs2));
                self.push(Operation::Store { access }, 0, rs1, value);
                self.last(|op| (op.rd, op.off) = (0, offset));
            }
            Instruction::Immediate { operation, rd, rs1, imm } => self.arithmetic(operation, rd, rs1, Constant(imm)),
            Instruction::Register { operation, rd, rs1, rs2 } => self.arithmetic(operation, rd, rs1, Register(rs2)),
            Instruction::Fence => self.push(Operation::Add, 0, 0, Constant(0)),
            Instruction::Ecall => {
                self.push(Operation::BranchEqual, 0, 17, Constant(ECALL_EXIT));
                self.last(|op| (op.next, op.target) = (TRAP, PAD));
            }
        }
    }

    fn branch(&mut self, condition: Condition, rs1: u8, rs2: u8, target: u64) {
        let second = self.apart(rs1, Register(rs2));
        let (operation, taken_if) = match condition {
            Condition::Eq => (Operation::BranchEqual, true),
            Condition::Ne => (Operation::BranchEqual, false),
            Condition::Lt => (Operation::BranchLess { signed: true }, true),
            Condition::Ge => (Operation::BranchLess { signed: true }, false),
            Condition::Ltu => (Operation::BranchLess { signed: false }, true),
            Condition::Geu => (Operation::BranchLess { signed: false }, false),
        };
        self.push(operation, 0, rs1, second);
        let behind = self.behind();
        self.last(|op| (op.target, op.next) = if taken_if { (target, behind) } else { (behind, target) });
    }

    fn arithmetic(&mut self, operation: Arithmetic, rd: u8, rs1: u8, second: Operand) {
        let one = match operation {
            Arithmetic::Add => Operation::Add,
            Arithmetic::Sub => Operation::Sub,
            Arithmetic::Sll => Operation::ShiftLeft,
            Arithmetic::Slt => Operation::SetLess { signed: true },
            Arithmetic::Sltu => Operation::SetLess { signed: false },
            Arithmetic::Xor => Operation::Xor,
            Arithmetic::Srl => Operation::ShiftRight,
            Arithmetic::Sra => Operation::ShiftRightSigned,
            Arithmetic::Or => Operation::Or,
            Arithmetic::And => Operation::And,
            Arithmetic::Mul => Operation::Mul,
            Arithmetic::Mulhu => Operation::MulHigh,
            Arithmetic::Divu => Operation::Div,
            Arithmetic::Remu => Operation::Rem,
            Arithmetic::Mulh => return self.signed_product(rd, rs1, second, true),
            Arithmetic::Mulhsu => return self.signed_product(rd, rs1, second, false),
            Arithmetic::Div => return self.signed_quotient(rd, rs1, second),
            Arithmetic::Rem => return self.signed_remainder(rd, rs1, second),
        };
        let second = self.apart(rs1, second);
        self.push(one, rd, rs1, second);
    }

    /// High word of a product whose first factor is signed: the unsigned one, less the second factor if the first is
    /// negative, and the other way round if `both` are signed.
    fn signed_product(&mut self, rd: u8, rs1: u8, second: Operand, both: bool) {
        const HIGH: u8 = TEMPORARY;
        const PART: u8 = TEMPORARY + 1;
        let second = self.apart(rs1, second);
        self.push(Operation::MulHigh, HIGH, rs1, second);
        self.push(Operation::ShiftRightSigned, PART, rs1, Constant(31));
        self.push(Operation::And, PART, PART, second);
        let Register(other) = second else {
            return self.push(Operation::Sub, rd, HIGH, Register(PART));
        };
        if !both {
            return self.push(Operation::Sub, rd, HIGH, Register(PART));
        }
        self.push(Operation::Sub, HIGH, HIGH, Register(PART));
        self.push(Operation::ShiftRightSigned, PART, other, Constant(31));
        self.push(Operation::And, PART, PART, Register(rs1));
        self.push(Operation::Sub, rd, HIGH, Register(PART));
    }

    fn signed_quotient(&mut self, rd: u8, rs1: u8, second: Operand) {
        const SIGN_A: u8 = TEMPORARY;
        const A: u8 = TEMPORARY + 1;
        const SIGN_B: u8 = TEMPORARY + 2;
        const B: u8 = TEMPORARY + 3;
        let Register(rs2) = second else { return };
        let start = self.into.len();
        self.push(Operation::BranchEqual, 0, rs2, Constant(0));
        self.magnitude(SIGN_A, A, rs1);
        self.magnitude(SIGN_B, B, rs2);
        self.push(Operation::Div, A, A, Register(B));
        self.push(Operation::Xor, SIGN_A, SIGN_A, Register(SIGN_B));
        self.signed(rd, A, SIGN_A);
        let behind = self.behind();
        self.last(|op| op.next = behind);
        self.push(Operation::Add, rd, 0, Constant(u32::MAX));
        let by_zero = self.into.last().map_or(TRAP, |op| op.pc);
        if let Some(branch) = self.into.get_mut(start) {
            branch.target = by_zero;
        }
    }

    fn signed_remainder(&mut self, rd: u8, rs1: u8, second: Operand) {
        const SIGN: u8 = TEMPORARY;
        const A: u8 = TEMPORARY + 1;
        const SIGN_B: u8 = TEMPORARY + 2;
        const B: u8 = TEMPORARY + 3;
        let Register(rs2) = second else { return };
        self.magnitude(SIGN, A, rs1);
        self.magnitude(SIGN_B, B, rs2);
        self.push(Operation::Rem, A, A, Register(B));
        self.signed(rd, A, SIGN);
    }

    /// `sign` is all ones if `register` is negative, else 0; `magnitude` is its absolute value.
    fn magnitude(&mut self, sign: u8, magnitude: u8, register: u8) {
        self.push(Operation::ShiftRightSigned, sign, register, Constant(31));
        self.push(Operation::Xor, magnitude, register, Register(sign));
        self.push(Operation::Sub, magnitude, magnitude, Register(sign));
    }

    /// Negates `magnitude` if `sign` is all ones.
    fn signed(&mut self, rd: u8, magnitude: u8, sign: u8) {
        self.push(Operation::Xor, magnitude, magnitude, Register(sign));
        self.push(Operation::Sub, rd, magnitude, Register(sign));
    }

    /// The second operand, copied if it is the first one's register.
    fn apart(&mut self, rs1: u8, second: Operand) -> Operand {
        match second {
            Register(rs2) if rs2 == rs1 && rs2 != 0 => {
                self.push(Operation::Add, COPY, rs1, Constant(0));
                Register(COPY)
            }
            other => other,
        }
    }

    /// Appends a micro-op that goes on to the next one.
    fn push(&mut self, operation: Operation, rd: u8, rs1: u8, second: Operand) {
        let index = self.into.len().saturating_sub(self.start) as u64;
        let pc = MICRO_STEP.saturating_mul(index).saturating_add(self.pc);
        let (rs2, imm) = second.parts();
        let rd = if rd == 0 { SINK } else { rd };
        let next = pc.saturating_add(MICRO_STEP);
        self.into.push(MicroOp { pc, operation, rs1, rs2, rd, imm, off: 0, target: 0, next });
    }

    fn last(&mut self, change: impl FnOnce(&mut MicroOp)) {
        if let Some(op) = self.into.last_mut() {
            change(op);
        }
    }

    /// The instruction behind this one.
    const fn behind(&self) -> u64 {
        self.pc.saturating_add(WORD_BYTES as u64)
    }

    /// The last micro-op goes on behind the instruction, unless it was told otherwise.
    fn finish(self) {
        let behind = self.behind();
        if let Some(op) = self.into.last_mut()
            && op.next == op.pc.saturating_add(MICRO_STEP)
        {
            op.next = behind;
        }
    }
}
