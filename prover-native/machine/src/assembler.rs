//! Writes small programs, for tests and measurements: instructions to words, labels to offsets.
//!
//! The encoding is written from the specification's formats, not from the decoder, which it is tested against.

use std::collections::HashMap;

use verifier_core::rv32im::{
    Access, Arithmetic, Condition, ECALL_EXIT, ImageError, Instruction, OUTPUT_BASE, ProgramImage, Segment, WORD_BYTES,
};

/// Registers by the names of the calling convention.
#[expect(missing_docs, reason = "the convention's names")]
pub mod register {
    pub const ZERO: u8 = 0;
    pub const RA: u8 = 1;
    pub const SP: u8 = 2;
    pub const GP: u8 = 3;
    pub const T0: u8 = 5;
    pub const T1: u8 = 6;
    pub const T2: u8 = 7;
    pub const S0: u8 = 8;
    pub const S1: u8 = 9;
    pub const A0: u8 = 10;
    pub const A1: u8 = 11;
    pub const A2: u8 = 12;
    pub const A3: u8 = 13;
    pub const A4: u8 = 14;
    pub const A7: u8 = 17;
}

use register::{A0, A7, T0, T1, ZERO};

/// The word of an instruction. Fields keep the bits that the format has room for.
pub fn encode(instruction: Instruction) -> u32 {
    let bits = |value: u8, place: u32| u32::from(value) << place;
    match instruction {
        Instruction::Lui { rd, imm } => imm & 0xffff_f000 | bits(rd, 7) | 0b011_0111,
        Instruction::Auipc { rd, imm } => imm & 0xffff_f000 | bits(rd, 7) | 0b001_0111,
        Instruction::Jal { rd, offset } => jump(offset) | bits(rd, 7) | 0b110_1111,
        Instruction::Jalr { rd, rs1, offset } => offset << 20 | bits(rs1, 15) | bits(rd, 7) | 0b110_0111,
        Instruction::Branch { condition, rs1, rs2, offset } => {
            let funct3 = match condition {
                Condition::Eq => 0b000,
                Condition::Ne => 0b001,
                Condition::Lt => 0b100,
                Condition::Ge => 0b101,
                Condition::Ltu => 0b110,
                Condition::Geu => 0b111,
            };
            branch(offset) | bits(rs2, 20) | bits(rs1, 15) | funct3 << 12 | 0b110_0011
        }
        Instruction::Load { access, signed, rd, rs1, offset } => {
            let funct3 = if signed || access == Access::Word { width(access) } else { width(access) | 0b100 };
            offset << 20 | bits(rs1, 15) | funct3 << 12 | bits(rd, 7) | 0b000_0011
        }
        Instruction::Store { access, rs1, rs2, offset } => {
            let [high, low] = [offset >> 5 & 0x7f, offset & 0x1f];
            high << 25 | bits(rs2, 20) | bits(rs1, 15) | width(access) << 12 | low << 7 | 0b010_0011
        }
        Instruction::Immediate { operation, rd, rs1, imm } => {
            let (funct7, funct3) = functions(operation);
            let imm = match operation {
                Arithmetic::Sll | Arithmetic::Srl | Arithmetic::Sra => funct7 << 5 | imm & 0x1f,
                _ => imm,
            };
            imm << 20 | bits(rs1, 15) | funct3 << 12 | bits(rd, 7) | 0b001_0011
        }
        Instruction::Register { operation, rd, rs1, rs2 } => {
            let (funct7, funct3) = functions(operation);
            funct7 << 25 | bits(rs2, 20) | bits(rs1, 15) | funct3 << 12 | bits(rd, 7) | 0b011_0011
        }
        Instruction::Fence => 0x0ff0_000f,
        Instruction::Ecall => 0b111_0011,
    }
}

const fn width(access: Access) -> u32 {
    match access {
        Access::Byte => 0b000,
        Access::Half => 0b001,
        Access::Word => 0b010,
    }
}

/// funct7 and funct3.
const fn functions(operation: Arithmetic) -> (u32, u32) {
    match operation {
        Arithmetic::Add => (0, 0b000),
        Arithmetic::Sub => (0b010_0000, 0b000),
        Arithmetic::Sll => (0, 0b001),
        Arithmetic::Slt => (0, 0b010),
        Arithmetic::Sltu => (0, 0b011),
        Arithmetic::Xor => (0, 0b100),
        Arithmetic::Srl => (0, 0b101),
        Arithmetic::Sra => (0b010_0000, 0b101),
        Arithmetic::Or => (0, 0b110),
        Arithmetic::And => (0, 0b111),
        Arithmetic::Mul => (1, 0b000),
        Arithmetic::Mulh => (1, 0b001),
        Arithmetic::Mulhsu => (1, 0b010),
        Arithmetic::Mulhu => (1, 0b011),
        Arithmetic::Div => (1, 0b100),
        Arithmetic::Divu => (1, 0b101),
        Arithmetic::Rem => (1, 0b110),
        Arithmetic::Remu => (1, 0b111),
    }
}

/// imm[20|10:1|11|19:12] at 31:12.
const fn jump(offset: u32) -> u32 {
    (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21 | (offset >> 11 & 1) << 20 | (offset >> 12 & 0xff) << 12
}

/// imm[12|10:5] at 31:25, imm[4:1|11] at 11:7.
const fn branch(offset: u32) -> u32 {
    (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | (offset >> 1 & 0xf) << 8 | (offset >> 11 & 1) << 7
}

/// A program in the making: one executable segment that is entered at its first instruction.
#[derive(Clone, Debug)]
pub struct Assembler {
    base: u32,
    instructions: Vec<(Instruction, Option<Label>)>,
    places: HashMap<Label, usize>,
    labels: usize,
}

/// A place in a program, named before it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Label(usize);

impl Default for Assembler {
    fn default() -> Self {
        Self::new(0x1_0000)
    }
}

impl Assembler {
    /// An empty program whose first instruction will lie at `base`.
    pub fn new(base: u32) -> Self {
        Self { base, instructions: Vec::new(), places: HashMap::new(), labels: 0 }
    }

    /// Adds an instruction.
    pub fn push(&mut self, instruction: Instruction) -> &mut Self {
        self.instructions.push((instruction, None));
        self
    }

    /// A new label.
    pub fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels)
    }

    /// Gives a label the place of the next instruction.
    pub fn place(&mut self, label: Label) -> &mut Self {
        self.places.insert(label, self.instructions.len());
        self
    }

    /// Adds a branch to a label.
    pub fn branch(&mut self, condition: Condition, rs1: u8, rs2: u8, label: Label) -> &mut Self {
        self.instructions.push((Instruction::Branch { condition, rs1, rs2, offset: 0 }, Some(label)));
        self
    }

    /// Adds a jump to a label.
    pub fn jump(&mut self, rd: u8, label: Label) -> &mut Self {
        self.instructions.push((Instruction::Jal { rd, offset: 0 }, Some(label)));
        self
    }

    /// Adds `rd = rs1 operation rs2`.
    pub fn register(&mut self, operation: Arithmetic, rd: u8, rs1: u8, rs2: u8) -> &mut Self {
        self.push(Instruction::Register { operation, rd, rs1, rs2 })
    }

    /// Adds `rd = rs1 operation imm`.
    pub fn immediate(&mut self, operation: Arithmetic, rd: u8, rs1: u8, imm: i32) -> &mut Self {
        self.push(Instruction::Immediate { operation, rd, rs1, imm: imm.cast_unsigned() })
    }

    /// Adds a load.
    pub fn load(&mut self, access: Access, signed: bool, rd: u8, rs1: u8, offset: i32) -> &mut Self {
        self.push(Instruction::Load { access, signed, rd, rs1, offset: offset.cast_unsigned() })
    }

    /// Adds a store.
    pub fn store(&mut self, access: Access, rs2: u8, rs1: u8, offset: i32) -> &mut Self {
        self.push(Instruction::Store { access, rs1, rs2, offset: offset.cast_unsigned() })
    }

    /// Adds the two instructions that give a register any value.
    pub fn set(&mut self, rd: u8, value: u32) -> &mut Self {
        // The second instruction's operand is signed.
        let upper = value.wrapping_add(0x800) & 0xffff_f000;
        self.push(Instruction::Lui { rd, imm: upper });
        self.immediate(Arithmetic::Add, rd, rd, value.wrapping_sub(upper).cast_signed())
    }

    /// Adds the end of the run with the exit code in a register.
    pub fn exit_with(&mut self, register: u8) -> &mut Self {
        self.immediate(Arithmetic::Add, A0, register, 0);
        self.immediate(Arithmetic::Add, A7, ZERO, ECALL_EXIT.cast_signed());
        self.push(Instruction::Ecall)
    }

    /// Adds the writing of a register to a word of the output, which then ends there. Changes t0 and t1.
    pub fn write_output(&mut self, register: u8, word: u32) -> &mut Self {
        let length = WORD_BYTES * (word + 1);
        self.set(T0, OUTPUT_BASE + length);
        self.store(Access::Word, register, T0, 0);
        self.set(T0, OUTPUT_BASE);
        self.set(T1, length);
        self.store(Access::Word, T1, T0, 0)
    }

    /// Address of the next instruction.
    pub fn here(&self) -> u32 {
        self.base + WORD_BYTES * self.instructions.len() as u32
    }

    /// The words.
    ///
    /// # Panics
    /// When a label that is used has no place.
    pub fn words(&self) -> Vec<u32> {
        let resolved = self.instructions.iter().enumerate().map(|(place, (instruction, label))| {
            let target = label.map(|label| self.places[&label]);
            let offset = target.map(|target| (target as u32).wrapping_sub(place as u32).wrapping_mul(WORD_BYTES));
            encode(match (*instruction, offset) {
                (Instruction::Jal { rd, .. }, Some(offset)) => Instruction::Jal { rd, offset },
                (Instruction::Branch { condition, rs1, rs2, .. }, Some(offset)) => {
                    Instruction::Branch { condition, rs1, rs2, offset }
                }
                (other, _) => other,
            })
        });
        resolved.collect()
    }

    /// The program.
    ///
    /// # Errors
    /// [`ImageError`] when it is empty, or lies where no program does.
    pub fn image(&self) -> Result<ProgramImage, ImageError> {
        let content = self.words().into_iter().flat_map(u32::to_le_bytes).collect();
        ProgramImage::new(self.base, vec![Segment::new(self.base, true, content)])
    }
}
