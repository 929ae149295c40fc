//! Programs for tests.

use capseal_machine::assembler::{Assembler, register::*};
use verifier_core::rv32im::{Access, Arithmetic, Condition, INPUT_BASE, Instruction, OUTPUT_BASE, ProgramImage};

/// Registers that `Assembler` leaves alone, for operands and results.
pub(crate) const A: u8 = A1;
pub(crate) const B: u8 = A2;
pub(crate) const R: u8 = A3;

pub(crate) const OPERATIONS: [Arithmetic; 18] = [
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

pub(crate) const CONDITIONS: [Condition; 6] =
    [Condition::Eq, Condition::Ne, Condition::Lt, Condition::Ge, Condition::Ltu, Condition::Geu];

/// Words that arithmetic goes wrong at.
pub(crate) const CORNERS: [u32; 25] = [
    0,
    1,
    2,
    3,
    7,
    8,
    31,
    32,
    33,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_0000,
    0xffff_8000,
    0xffff_fffe,
    0xffff_ffff,
    0xdead_beef,
];

pub(crate) fn bytes(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

pub(crate) fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// Reads pairs of words from the input, and writes the 18 results for each pair.
pub(crate) fn every_operation(pairs: u32) -> ProgramImage {
    let mut program = Assembler::default();
    let (next, done) = (program.label(), program.label());
    program.set(S0, INPUT_BASE + 4).set(S1, OUTPUT_BASE + 4).set(GP, pairs);
    program.place(next).branch(Condition::Eq, GP, ZERO, done);
    program.load(Access::Word, false, A, S0, 0).load(Access::Word, false, B, S0, 4);
    for (index, operation) in OPERATIONS.into_iter().enumerate() {
        program.register(operation, R, A, B).store(Access::Word, R, S1, 4 * index as i32);
    }
    program.immediate(Arithmetic::Add, S0, S0, 8).immediate(Arithmetic::Add, S1, S1, 72);
    program.immediate(Arithmetic::Add, GP, GP, -1).jump(ZERO, next).place(done);
    program.set(T0, OUTPUT_BASE).set(T1, pairs * 72).store(Access::Word, T1, T0, 0);
    program.exit_with(ZERO).image().unwrap()
}

/// Every form of every instruction once or a few times, on two words of input: registers that coincide, immediates,
/// accesses at every offset, branches both ways, jumps. The results are written to memory and, at the end, a few to the
/// output; the exit code is 7.
pub(crate) fn every_form() -> ProgramImage {
    let mut p = Assembler::default();
    p.set(S0, INPUT_BASE).load(Access::Word, false, A, S0, 4).load(Access::Word, false, B, S0, 8);
    p.set(SP, 0x3fff_ff00);
    for operation in OPERATIONS {
        p.register(operation, R, A, B);
        p.immediate(Arithmetic::Add, R, A, 0).register(operation, R, R, B);
        p.immediate(Arithmetic::Add, R, B, 0).register(operation, R, A, R);
        p.register(operation, R, A, A).register(operation, R, R, R).register(operation, ZERO, A, B);
        p.register(operation, R, ZERO, B).register(operation, R, A, ZERO).register(operation, R, ZERO, ZERO);
    }
    for operation in
        [Arithmetic::Add, Arithmetic::Slt, Arithmetic::Sltu, Arithmetic::Xor, Arithmetic::Or, Arithmetic::And]
    {
        for imm in [-2048, -1, 0, 1, 2047] {
            p.immediate(operation, R, A, imm);
        }
    }
    for operation in [Arithmetic::Sll, Arithmetic::Srl, Arithmetic::Sra] {
        for imm in [0, 1, 16, 31] {
            p.immediate(operation, R, A, imm).immediate(operation, R, B, imm);
        }
    }
    memory(&mut p);
    jumps(&mut p);
    p.push(Instruction::Lui { rd: ZERO, imm: 0x8000_0000 }).push(Instruction::Auipc { rd: R, imm: 0xffff_f000 });
    p.push(Instruction::Fence);
    p.register(Arithmetic::Div, R, A, B).write_output(R, 0).register(Arithmetic::Rem, R, A, B).write_output(R, 1);
    p.immediate(Arithmetic::Add, R, ZERO, 7).exit_with(R).image().unwrap()
}

/// Loads and stores of every width at every offset, also through addresses that wrap around.
fn memory(p: &mut Assembler) {
    p.store(Access::Word, A, SP, -4).store(Access::Word, B, SP, 0).store(Access::Word, SP, SP, 4);
    for offset in 0..4 {
        for signed in [false, true] {
            p.load(Access::Byte, signed, R, SP, offset - 4);
        }
        p.store(Access::Byte, B, SP, offset - 4).load(Access::Word, false, R, SP, -4);
    }
    for offset in [0, 2] {
        for signed in [false, true] {
            p.load(Access::Half, signed, R, SP, offset);
        }
        p.store(Access::Half, A, SP, offset).load(Access::Word, false, R, SP, 0);
    }
    p.load(Access::Word, false, ZERO, SP, 0);
    p.immediate(Arithmetic::Add, R, SP, 0).load(Access::Word, false, R, R, 4);
    // Below zero and up again.
    p.set(R, 0xffff_fffc).store(Access::Word, A, R, 2044).load(Access::Half, true, R, R, 2046);
}

fn jumps(p: &mut Assembler) {
    for condition in CONDITIONS {
        for (rs1, rs2) in [(A, B), (B, A), (A, A), (ZERO, A), (A, ZERO), (ZERO, ZERO)] {
            let behind = p.label();
            p.branch(condition, rs1, rs2, behind).immediate(Arithmetic::Add, R, R, 1).place(behind);
        }
    }
    let over = p.label();
    p.jump(RA, over).immediate(Arithmetic::Add, R, R, 100).place(over);
    // To the instruction behind the next: by an odd address, and by one that wraps around.
    let here = p.here();
    p.set(R, here + 13).push(Instruction::Jalr { rd: RA, rs1: R, offset: 4 }).immediate(Arithmetic::Add, R, R, 1);
    p.immediate(Arithmetic::Add, R, ZERO, 1);
    let here = p.here();
    p.set(R, here.wrapping_add(16).wrapping_add(1000));
    p.push(Instruction::Jalr { rd: R, rs1: R, offset: 1000_u32.wrapping_neg() });
    p.immediate(Arithmetic::Add, R, R, 1);
}
