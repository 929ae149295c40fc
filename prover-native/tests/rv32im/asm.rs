//! A small assembler: programs for tests, without a toolchain.

use verifier_core::rv32im::{INPUT_BASE, OUTPUT_BASE, ProgramImage, Segment};

/// Where programs begin.
pub(crate) const TEXT: u32 = 0x1_0000;

/// Writable words behind them.
pub(crate) const DATA: u32 = 0x20_0000;

/// A program in the making. Registers are numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    pub(crate) words: Vec<u32>,
}

/// R-type operations by name: funct7, funct3.
pub(crate) const REGISTER_OPERATIONS: [(&str, u32, u32); 18] = [
    ("add", 0, 0),
    ("sub", 0x20, 0),
    ("sll", 0, 1),
    ("slt", 0, 2),
    ("sltu", 0, 3),
    ("xor", 0, 4),
    ("srl", 0, 5),
    ("sra", 0x20, 5),
    ("or", 0, 6),
    ("and", 0, 7),
    ("mul", 1, 0),
    ("mulh", 1, 1),
    ("mulhsu", 1, 2),
    ("mulhu", 1, 3),
    ("div", 1, 4),
    ("divu", 1, 5),
    ("rem", 1, 6),
    ("remu", 1, 7),
];

impl Program {
    pub(crate) fn push(&mut self, word: u32) -> &mut Self {
        self.words.push(word);
        self
    }

    /// Address of the next instruction.
    pub(crate) fn here(&self) -> u32 {
        TEXT + 4 * self.words.len() as u32
    }

    pub(crate) fn op(&mut self, name: &str, rd: u32, rs1: u32, rs2: u32) -> &mut Self {
        let (_, funct7, funct3) = REGISTER_OPERATIONS.iter().find(|(known, ..)| *known == name).unwrap();
        self.push(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x33)
    }

    /// I-type arithmetic by the R-type's name; shift amounts 0 to 31.
    pub(crate) fn opi(&mut self, name: &str, rd: u32, rs1: u32, imm: i32) -> &mut Self {
        let (_, funct7, funct3) = REGISTER_OPERATIONS.iter().find(|(known, ..)| *known == name).unwrap();
        self.push((imm as u32) << 20 | funct7 << 25 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x13)
    }

    pub(crate) fn addi(&mut self, rd: u32, rs1: u32, imm: i32) -> &mut Self {
        self.opi("add", rd, rs1, imm)
    }

    pub(crate) fn lui(&mut self, rd: u32, imm: u32) -> &mut Self {
        self.push(imm & 0xffff_f000 | rd << 7 | 0x37)
    }

    pub(crate) fn auipc(&mut self, rd: u32, imm: u32) -> &mut Self {
        self.push(imm & 0xffff_f000 | rd << 7 | 0x17)
    }

    pub(crate) fn li(&mut self, rd: u32, value: u32) -> &mut Self {
        let low = (value << 20).cast_signed() >> 20;
        self.lui(rd, value.wrapping_sub(low.cast_unsigned()));
        self.addi(rd, rd, low)
    }

    /// Loads: b 0, h 1, w 2, bu 4, hu 5.
    pub(crate) fn load(&mut self, funct3: u32, rd: u32, rs1: u32, offset: i32) -> &mut Self {
        self.push((offset as u32) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | 0x03)
    }

    pub(crate) fn lw(&mut self, rd: u32, rs1: u32, offset: i32) -> &mut Self {
        self.load(2, rd, rs1, offset)
    }

    /// Stores: b 0, h 1, w 2.
    pub(crate) fn store(&mut self, funct3: u32, rs2: u32, rs1: u32, offset: i32) -> &mut Self {
        let offset = offset as u32;
        self.push((offset >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | (offset & 31) << 7 | 0x23)
    }

    pub(crate) fn sw(&mut self, rs2: u32, rs1: u32, offset: i32) -> &mut Self {
        self.store(2, rs2, rs1, offset)
    }

    /// Branches: eq 0, ne 1, lt 4, ge 5, ltu 6, geu 7.
    pub(crate) fn branch(&mut self, funct3: u32, rs1: u32, rs2: u32, offset: i32) -> &mut Self {
        let o = offset as u32;
        let high = (o >> 12 & 1) << 31 | (o >> 5 & 0x3f) << 25;
        let low = (o >> 1 & 15) << 8 | (o >> 11 & 1) << 7;
        self.push(high | rs2 << 20 | rs1 << 15 | funct3 << 12 | low | 0x63)
    }

    pub(crate) fn jal(&mut self, rd: u32, offset: i32) -> &mut Self {
        let o = offset as u32;
        let bits = (o >> 20 & 1) << 31 | (o >> 1 & 0x3ff) << 21 | (o >> 11 & 1) << 20 | (o >> 12 & 0xff) << 12;
        self.push(bits | rd << 7 | 0x6f)
    }

    pub(crate) fn jalr(&mut self, rd: u32, rs1: u32, offset: i32) -> &mut Self {
        self.push((offset as u32) << 20 | rs1 << 15 | rd << 7 | 0x67)
    }

    /// Writes register `value` to the output's word `index` (through x31).
    pub(crate) fn output(&mut self, value: u32, index: u32) -> &mut Self {
        self.li(31, OUTPUT_BASE + 4 + 4 * index);
        self.sw(value, 31, 0)
    }

    /// Writes the output's length (through x30 and x31).
    pub(crate) fn output_length(&mut self, bytes: u32) -> &mut Self {
        self.li(31, OUTPUT_BASE).li(30, bytes).sw(30, 31, 0)
    }

    /// The exit call.
    pub(crate) fn exit(&mut self, code: u32) -> &mut Self {
        self.li(10, code).addi(17, 0, 93).push(0x73)
    }

    pub(crate) fn image(&self) -> ProgramImage {
        let text = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        ProgramImage::new(TEXT, vec![Segment::new(TEXT, true, text)]).unwrap()
    }
}

/// Reads two words of input, writes their sum and a few results derived from it, and exits with 7.
pub(crate) fn sample() -> Program {
    let mut program = Program::default();
    program.li(5, INPUT_BASE).lw(6, 5, 4).lw(7, 5, 8);
    program.op("add", 8, 6, 7).output(8, 0);
    program.op("mul", 9, 6, 7).output(9, 1);
    program.op("div", 9, 6, 7).output(9, 2);
    program.op("rem", 9, 6, 7).output(9, 3);
    program.li(2, 0x3fff_ff00).sw(9, 2, -4).load(0, 11, 2, -4).load(1, 12, 2, -2).store(0, 6, 2, -3);
    program.lw(13, 2, -4).output(13, 4);
    program.op("mulh", 14, 6, 6).op("slt", 15, 6, 7).op("sra", 16, 6, 7);
    program.branch(4, 6, 7, 8).addi(15, 15, 100);
    program.jal(1, 8).addi(15, 15, 1000).output(15, 5);
    program.output_length(24).exit(7);
    program
}
