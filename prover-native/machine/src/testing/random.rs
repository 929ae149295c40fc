//! Random programs that come to an end: a body of straight code, jumps forwards, loads and stores, run a few times; then
//! every register and the memory that the body has changed become the output.

use crate::assembler::{Assembler, Label};
use verifier_core::rv32im::{Access, Arithmetic, Condition, Instruction, OUTPUT_BASE, ProgramImage, Segment};

/// Where the program lies, and its memory.
pub const CODE: u32 = 0x1_0000;
pub const MEMORY: u32 = 0x10_0000;
/// Bytes of memory that the body reads and writes; the registers are kept behind them.
const BODY_MEMORY: u32 = 4096;
/// Bytes of the output.
pub const OUTPUT_BYTES: u32 = BODY_MEMORY + 4 * 32;

/// Points to the middle of the body's memory, so that every immediate offset lies in it.
const BASE: u8 = 31;
/// Counts the rounds.
const ROUNDS: u8 = 30;

/// A random program.
pub struct RandomProgram {
    body: Vec<(Instruction, Option<usize>)>,
    registers: [u32; 32],
    memory: Vec<u8>,
    rounds: u32,
}

impl RandomProgram {
    /// The program of this number; `instructions` in its body.
    pub fn new(number: u64, instructions: usize) -> Self {
        let mut random = Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut body = Vec::with_capacity(instructions);
        while body.len() < instructions {
            let left = instructions - body.len();
            random.instruction(left, &mut body);
        }
        Self {
            body,
            registers: std::array::from_fn(|_| random.operand()),
            memory: (0..BODY_MEMORY / 4).flat_map(|_| random.operand().to_le_bytes()).collect(),
            rounds: 1 + random.below(4),
        }
    }

    /// The program for the machine: the results become its output.
    pub fn image(&self) -> ProgramImage {
        let code = self.code(|program| {
            let again = program.label();
            let [base, end, to] = [1, 2, 3];
            program.set(base, MEMORY).set(end, MEMORY + OUTPUT_BYTES).set(to, OUTPUT_BASE);
            program.set(4, OUTPUT_BYTES).store(Access::Word, 4, to, 0);
            program.place(again).load(Access::Word, false, 4, base, 0).store(Access::Word, 4, to, 4);
            program.immediate(Arithmetic::Add, base, base, 4).immediate(Arithmetic::Add, to, to, 4);
            program.branch(Condition::Ne, base, end, again).exit_with(0);
        });
        let segments = vec![Segment::new(CODE, true, code), Segment::new(MEMORY, false, self.data())];
        ProgramImage::new(CODE, segments).expect("a random program is an image")
    }

    /// Code and memory of the same program for Linux: the results are written to standard output.
    pub fn for_linux(&self) -> (Vec<u8>, Vec<u8>) {
        let code = self.code(|program| {
            const WRITE: u32 = 64;
            program
                .set(10, 1)
                .set(11, MEMORY)
                .set(12, OUTPUT_BYTES)
                .set(17, WRITE)
                .push(Instruction::Ecall)
                .exit_with(0);
        });
        (code, self.data())
    }

    /// Where a jump to a place of the body may land: not on a jump through a register, whose target the instruction
    /// before it computes.
    fn landing(&self, target: usize) -> usize {
        match self.body.get(target) {
            Some((Instruction::Jalr { .. }, _)) => target + 1,
            Some(_) => target,
            None => self.body.len(),
        }
    }

    fn data(&self) -> Vec<u8> {
        let mut data = self.memory.clone();
        data.resize(OUTPUT_BYTES as usize, 0);
        data
    }

    fn code(&self, end: impl FnOnce(&mut Assembler)) -> Vec<u8> {
        let mut program = Assembler::new(CODE);
        for (register, value) in self.registers.into_iter().enumerate().skip(1) {
            program.set(register as u8, value);
        }
        program.set(BASE, MEMORY + BODY_MEMORY / 2).set(ROUNDS, self.rounds);
        let [again, done] = [program.label(), program.label()];
        let labels: Vec<Label> = (0..=self.body.len()).map(|_| program.label()).collect();
        program.place(again);
        for (place, (instruction, target)) in self.body.iter().enumerate() {
            program.place(labels[place]);
            match (*instruction, target.map(|target| labels[self.landing(target)])) {
                (Instruction::Branch { condition, rs1, rs2, .. }, Some(label)) => {
                    program.branch(condition, rs1, rs2, label);
                }
                (Instruction::Jal { rd, .. }, Some(label)) => {
                    program.jump(rd, label);
                }
                (other, _) => {
                    program.push(other);
                }
            }
        }
        program.place(labels[self.body.len()]);
        program.immediate(Arithmetic::Add, ROUNDS, ROUNDS, -1);
        program.branch(Condition::Eq, ROUNDS, 0, done).jump(0, again).place(done);
        // Offsets reach half of what lies behind the base, so the base moves first; it is known, and so is no result.
        program.immediate(Arithmetic::Add, BASE, BASE, 2047).immediate(Arithmetic::Add, BASE, BASE, 1);
        for register in 0..32 {
            program.store(Access::Word, register, BASE, i32::from(register) * 4);
        }
        end(&mut program);
        program.words().into_iter().flat_map(u32::to_le_bytes).collect()
    }
}

const REGISTER: [Arithmetic; 18] = [
    Arithmetic::Add,
    Arithmetic::Sub,
    Arithmetic::Sll,
    Arithmetic::Slt,
    Arithmetic::Sltu,
    Arithmetic::Xor,
    Arithmetic::Srl,
    Arithmetic::Sra,
    Arithmetic::Or,
    Arithmetic::And,
    Arithmetic::Mul,
    Arithmetic::Mulh,
    Arithmetic::Mulhsu,
    Arithmetic::Mulhu,
    Arithmetic::Div,
    Arithmetic::Divu,
    Arithmetic::Rem,
    Arithmetic::Remu,
];

const IMMEDIATE: [Arithmetic; 9] = [
    Arithmetic::Add,
    Arithmetic::Sll,
    Arithmetic::Slt,
    Arithmetic::Sltu,
    Arithmetic::Xor,
    Arithmetic::Srl,
    Arithmetic::Sra,
    Arithmetic::Or,
    Arithmetic::And,
];

const CONDITIONS: [Condition; 6] =
    [Condition::Eq, Condition::Ne, Condition::Lt, Condition::Ge, Condition::Ltu, Condition::Geu];

/// A number generator (splitmix64): the same programs everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.next() % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// A word; often one at which something changes.
    fn operand(&mut self) -> u32 {
        const CORNERS: [u32; 10] = [0, 1, 2, 31, 32, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff];
        match self.below(3) {
            0 => self.pick(&CORNERS),
            1 => self.next() >> self.below(32),
            _ => self.next(),
        }
    }

    fn source(&mut self) -> u8 {
        self.below(32) as u8
    }

    /// A register that the body may change.
    fn destination(&mut self) -> u8 {
        self.below(30) as u8
    }

    fn small(&mut self) -> u32 {
        (self.next().cast_signed() >> 20).cast_unsigned()
    }

    /// Adds an instruction, or three that belong together. Jumps go forwards, by their place in the body.
    fn instruction(&mut self, left: usize, body: &mut Vec<(Instruction, Option<usize>)>) {
        let (rd, rs1, rs2) = (self.destination(), self.source(), self.source());
        let ahead = body.len() + 1 + self.below(8) as usize;
        let access = self.pick(&[Access::Byte, Access::Half, Access::Word]);
        let aligned = |offset: u32| offset & !(access.bytes() - 1);
        let (instruction, target) = match self.below(20) {
            0..8 => (Instruction::Register { operation: self.pick(&REGISTER), rd, rs1, rs2 }, None),
            8..12 => {
                let operation = self.pick(&IMMEDIATE);
                let imm = match operation {
                    Arithmetic::Sll | Arithmetic::Srl | Arithmetic::Sra => self.below(32),
                    _ => self.small(),
                };
                (Instruction::Immediate { operation, rd, rs1, imm }, None)
            }
            12 => (Instruction::Lui { rd, imm: self.next() & !0xfff }, None),
            13 => (Instruction::Auipc { rd, imm: self.next() & !0xfff }, None),
            14..16 => {
                let signed = access != Access::Word && self.below(2) == 0;
                (Instruction::Load { access, signed, rd, rs1: BASE, offset: aligned(self.small()) }, None)
            }
            16..18 => (Instruction::Store { access, rs1: BASE, rs2, offset: aligned(self.small()) }, None),
            18 => {
                let condition = self.pick(&CONDITIONS);
                (Instruction::Branch { condition, rs1, rs2, offset: 0 }, Some(ahead))
            }
            _ => match self.below(4) {
                0 => (Instruction::Fence, None),
                1 => (Instruction::Jal { rd, offset: 0 }, Some(ahead)),
                // A jump through a register, over one instruction; the lowest bit of the sum is dropped.
                _ if left >= 3 => {
                    let base = 1 + self.below(29) as u8;
                    body.push((Instruction::Auipc { rd: base, imm: 0 }, None));
                    body.push((Instruction::Jalr { rd, rs1: base, offset: 12 + self.below(2) }, None));
                    (Instruction::Register { operation: Arithmetic::Add, rd: base, rs1, rs2 }, None)
                }
                _ => (Instruction::Fence, None),
            },
        };
        body.push((instruction, target));
    }
}
