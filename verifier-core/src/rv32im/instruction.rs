//! What the 32 bits of an instruction mean (RISC-V unprivileged specification: RV32I 2.1, M 2.0).
//!
//! Every word is an instruction of this machine or nothing: `ebreak`, CSR accesses, compressed and atomic instructions,
//! reserved fields and `fence.i` are nothing. Immediates are sign-extended and kept as 32-bit words.

/// An instruction. Registers are 0 to 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// `rd = imm`, the upper 20 bits given.
    Lui {
        /// Destination.
        rd: u8,
        /// The word.
        imm: u32,
    },
    /// `rd = pc + imm`.
    Auipc {
        /// Destination.
        rd: u8,
        /// The word.
        imm: u32,
    },
    /// `rd = pc + 4; pc += offset`.
    Jal {
        /// Destination.
        rd: u8,
        /// Bytes from this instruction, even.
        offset: u32,
    },
    /// `target = (rs1 + offset) & !1; rd = pc + 4; pc = target`.
    Jalr {
        /// Destination.
        rd: u8,
        /// Base.
        rs1: u8,
        /// Bytes.
        offset: u32,
    },
    /// `if condition(rs1, rs2) pc += offset`.
    Branch {
        /// The comparison.
        condition: Condition,
        /// First operand.
        rs1: u8,
        /// Second operand.
        rs2: u8,
        /// Bytes from this instruction, even.
        offset: u32,
    },
    /// `rd = memory[rs1 + offset]`.
    Load {
        /// Width.
        access: Access,
        /// Whether a narrow value is sign-extended; false for words.
        signed: bool,
        /// Destination.
        rd: u8,
        /// Base.
        rs1: u8,
        /// Bytes.
        offset: u32,
    },
    /// `memory[rs1 + offset] = rs2`.
    Store {
        /// Width.
        access: Access,
        /// Base.
        rs1: u8,
        /// The value.
        rs2: u8,
        /// Bytes.
        offset: u32,
    },
    /// `rd = rs1 op imm`; shift amounts are 0 to 31, and no operation of the M extension has this form.
    Immediate {
        /// The operation.
        operation: Arithmetic,
        /// Destination.
        rd: u8,
        /// First operand.
        rs1: u8,
        /// Second operand.
        imm: u32,
    },
    /// `rd = rs1 op rs2`.
    Register {
        /// The operation.
        operation: Arithmetic,
        /// Destination.
        rd: u8,
        /// First operand.
        rs1: u8,
        /// Second operand.
        rs2: u8,
    },
    /// Nothing: there is one hart and no device.
    Fence,
    /// The environment call.
    Ecall,
}

/// Width of a memory access; its address is a multiple of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One byte.
    Byte,
    /// Two bytes.
    Half,
    /// Four bytes.
    Word,
}

impl Access {
    /// Bytes accessed.
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }
}

/// When a branch is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the specification's mnemonics")]
pub enum Condition {
    Eq,
    Ne,
    Lt,
    Ge,
    Ltu,
    Geu,
}

/// An operation on two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the specification's mnemonics")]
pub enum Arithmetic {
    Add,
    Sub,
    Sll,
    Slt,
    Sltu,
    Xor,
    Srl,
    Sra,
    Or,
    And,
    Mul,
    Mulh,
    Mulhsu,
    Mulhu,
    Div,
    Divu,
    Rem,
    Remu,
}

impl Instruction {
    /// Reads a word; `None` when it is no instruction of this machine.
    pub const fn decode(word: u32) -> Option<Self> {
        let rd = register(word, 7);
        let rs1 = register(word, 15);
        let rs2 = register(word, 20);
        let funct3 = word >> 12 & 7;
        let immediate = sign_extend(word >> 20, 12);
        Some(match word & 0x7f {
            0x37 => Self::Lui { rd, imm: word & 0xffff_f000 },
            0x17 => Self::Auipc { rd, imm: word & 0xffff_f000 },
            0x6f => Self::Jal { rd, offset: jump_offset(word) },
            0x67 if funct3 == 0 => Self::Jalr { rd, rs1, offset: immediate },
            0x63 => match Condition::from_funct3(funct3) {
                Some(condition) => Self::Branch { condition, rs1, rs2, offset: branch_offset(word) },
                None => return None,
            },
            0x03 => match load(funct3) {
                Some((access, signed)) => Self::Load { access, signed, rd, rs1, offset: immediate },
                None => return None,
            },
            0x23 => match store(funct3) {
                Some(access) => Self::Store { access, rs1, rs2, offset: store_offset(word) },
                None => return None,
            },
            0x13 => match Arithmetic::immediate(funct3, word >> 25) {
                Some(operation) if operation.is_shift() => Self::Immediate { operation, rd, rs1, imm: rs2 as u32 },
                Some(operation) => Self::Immediate { operation, rd, rs1, imm: immediate },
                None => return None,
            },
            0x33 => match Arithmetic::register(funct3, word >> 25) {
                Some(operation) => Self::Register { operation, rd, rs1, rs2 },
                None => return None,
            },
            // The other fields of a fence are hints, to be ignored.
            0x0f if funct3 == 0 => Self::Fence,
            0x73 if word == 0x73 => Self::Ecall,
            _ => return None,
        })
    }
}

impl Condition {
    const fn from_funct3(funct3: u32) -> Option<Self> {
        Some(match funct3 {
            0 => Self::Eq,
            1 => Self::Ne,
            4 => Self::Lt,
            5 => Self::Ge,
            6 => Self::Ltu,
            7 => Self::Geu,
            _ => return None,
        })
    }

    /// Whether the branch is taken.
    pub const fn holds(self, a: u32, b: u32) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a.cast_signed() < b.cast_signed(),
            Self::Ge => a.cast_signed() >= b.cast_signed(),
            Self::Ltu => a < b,
            Self::Geu => a >= b,
        }
    }
}

impl Arithmetic {
    const fn immediate(funct3: u32, funct7: u32) -> Option<Self> {
        Some(match (funct3, funct7) {
            (0, _) => Self::Add,
            (1, 0) => Self::Sll,
            (2, _) => Self::Slt,
            (3, _) => Self::Sltu,
            (4, _) => Self::Xor,
            (5, 0) => Self::Srl,
            (5, 0x20) => Self::Sra,
            (6, _) => Self::Or,
            (7, _) => Self::And,
            _ => return None,
        })
    }

    const fn register(funct3: u32, funct7: u32) -> Option<Self> {
        Some(match (funct7, funct3) {
            (0x00, 0) => Self::Add,
            (0x20, 0) => Self::Sub,
            (0x00, 1) => Self::Sll,
            (0x00, 2) => Self::Slt,
            (0x00, 3) => Self::Sltu,
            (0x00, 4) => Self::Xor,
            (0x00, 5) => Self::Srl,
            (0x20, 5) => Self::Sra,
            (0x00, 6) => Self::Or,
            (0x00, 7) => Self::And,
            (0x01, 0) => Self::Mul,
            (0x01, 1) => Self::Mulh,
            (0x01, 2) => Self::Mulhsu,
            (0x01, 3) => Self::Mulhu,
            (0x01, 4) => Self::Div,
            (0x01, 5) => Self::Divu,
            (0x01, 6) => Self::Rem,
            (0x01, 7) => Self::Remu,
            _ => return None,
        })
    }

    const fn is_shift(self) -> bool {
        matches!(self, Self::Sll | Self::Srl | Self::Sra)
    }

    /// The result. Shifts take the low five bits of `b`; division by zero and overflow are as the M extension defines.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "64 bits hold products of 32; division by zero has an arm of its own"
    )]
    pub const fn apply(self, a: u32, b: u32) -> u32 {
        let (signed_a, signed_b) = (a.cast_signed(), b.cast_signed());
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Sll => a << (b & 31),
            Self::Slt => (signed_a < signed_b) as u32,
            Self::Sltu => (a < b) as u32,
            Self::Xor => a ^ b,
            Self::Srl => a >> (b & 31),
            Self::Sra => (signed_a >> (b & 31)).cast_unsigned(),
            Self::Or => a | b,
            Self::And => a & b,
            Self::Mul => a.wrapping_mul(b),
            Self::Mulh => ((signed_a as i64 * signed_b as i64) >> 32) as u32,
            Self::Mulhsu => ((signed_a as i64 * b as i64) >> 32) as u32,
            Self::Mulhu => ((a as u64 * b as u64) >> 32) as u32,
            Self::Div if b == 0 => u32::MAX,
            Self::Div => signed_a.wrapping_div(signed_b).cast_unsigned(),
            Self::Divu if b == 0 => u32::MAX,
            Self::Divu => a / b,
            Self::Rem if b == 0 => a,
            Self::Rem => signed_a.wrapping_rem(signed_b).cast_unsigned(),
            Self::Remu if b == 0 => a,
            Self::Remu => a % b,
        }
    }
}

const fn load(funct3: u32) -> Option<(Access, bool)> {
    Some(match funct3 {
        0 => (Access::Byte, true),
        1 => (Access::Half, true),
        2 => (Access::Word, false),
        4 => (Access::Byte, false),
        5 => (Access::Half, false),
        _ => return None,
    })
}

const fn store(funct3: u32) -> Option<Access> {
    Some(match funct3 {
        0 => Access::Byte,
        1 => Access::Half,
        2 => Access::Word,
        _ => return None,
    })
}

const fn register(word: u32, place: u32) -> u8 {
    (word >> place & 31) as u8
}

const fn sign_extend(value: u32, bits: u32) -> u32 {
    let unused = 32_u32.saturating_sub(bits);
    ((value << unused).cast_signed() >> unused).cast_unsigned()
}

const fn store_offset(word: u32) -> u32 {
    sign_extend(word >> 25 << 5 | word >> 7 & 31, 12)
}

const fn branch_offset(word: u32) -> u32 {
    sign_extend((word >> 31) << 12 | (word >> 7 & 1) << 11 | (word >> 25 & 63) << 5 | (word >> 8 & 15) << 1, 13)
}

const fn jump_offset(word: u32) -> u32 {
    sign_extend((word >> 31) << 20 | (word >> 12 & 255) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 1023) << 1, 21)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodings as binutils prints them.
    #[test]
    fn known_words() {
        let known = [
            (0xfff0_0513, Instruction::Immediate { operation: Arithmetic::Add, rd: 10, rs1: 0, imm: u32::MAX }),
            (0x4050_d093, Instruction::Immediate { operation: Arithmetic::Sra, rd: 1, rs1: 1, imm: 5 }),
            (0x02c5_8533, Instruction::Register { operation: Arithmetic::Mul, rd: 10, rs1: 11, rs2: 12 }),
            (0x40c5_8533, Instruction::Register { operation: Arithmetic::Sub, rd: 10, rs1: 11, rs2: 12 }),
            (
                0xfe05_1ee3,
                Instruction::Branch { condition: Condition::Ne, rs1: 10, rs2: 0, offset: 4_u32.wrapping_neg() },
            ),
            (0xffdf_f06f, Instruction::Jal { rd: 0, offset: 4_u32.wrapping_neg() }),
            (0x0000_8067, Instruction::Jalr { rd: 0, rs1: 1, offset: 0 }),
            (0xfe11_2e23, Instruction::Store { access: Access::Word, rs1: 2, rs2: 1, offset: 4_u32.wrapping_neg() }),
            (0x0005_4503, Instruction::Load { access: Access::Byte, signed: false, rd: 10, rs1: 10, offset: 0 }),
            (0x1234_5537, Instruction::Lui { rd: 10, imm: 0x1234_5000 }),
            (0x0ff0_000f, Instruction::Fence),
            (0x0000_0073, Instruction::Ecall),
        ];
        for (word, instruction) in known {
            assert_eq!(Instruction::decode(word), Some(instruction), "{word:#010x}");
        }
    }

    #[test]
    fn other_words_are_nothing() {
        // ebreak, csrrw, fence.i, lr.w, c.nop, a shift by 32, a branch and a load of reserved width, mret.
        for word in [
            0x0010_0073,
            0x3000_9073,
            0x0000_100f,
            0x1005_252f,
            0x0000_0001,
            0x0205_1513,
            0x0005_2063,
            0x0005_3503,
            0x3020_0073,
            0,
            u32::MAX,
        ] {
            assert_eq!(Instruction::decode(word), None, "{word:#010x}");
        }
    }

    #[test]
    fn corner_cases_of_division() {
        let minimum = i32::MIN.cast_unsigned();
        assert_eq!(Arithmetic::Div.apply(minimum, u32::MAX), minimum);
        assert_eq!(Arithmetic::Rem.apply(minimum, u32::MAX), 0);
        assert_eq!([Arithmetic::Div, Arithmetic::Divu].map(|operation| operation.apply(7, 0)), [u32::MAX; 2]);
        assert_eq!([Arithmetic::Rem, Arithmetic::Remu].map(|operation| operation.apply(7, 0)), [7; 2]);
    }
}
