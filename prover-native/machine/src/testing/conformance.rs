//! A program for each instruction: it executes the rows of the instruction's table and exits with 0, or with the number
//! of the first row whose result is another, counted from 1.

use crate::assembler::{Assembler, register::*};
use verifier_core::rv32im::{Access, Arithmetic, Condition, Instruction, ProgramImage, WORD_BYTES};

use super::tables::{BRANCHES, IMMEDIATES, LOADS, MEMORY, OPERATIONS, STORES};

/// A program of the suite. Its exit code must be 0; it reads no input and writes no output.
pub struct Conformance {
    pub name: String,
    pub image: ProgramImage,
}

/// The suite: all 47 instructions.
pub fn suite() -> Vec<Conformance> {
    let mut suite = Vec::new();
    let mut add = |name: &str, checks: Checks| {
        suite.push(Conformance { name: name.to_owned(), image: checks.finish() });
    };
    for (operation, rows) in OPERATIONS {
        add(&name(operation, ""), register_form(operation, &rows));
    }
    for (operation, rows) in IMMEDIATES {
        add(&name(operation, "i"), immediate_form(operation, &rows));
    }
    for (condition, rows) in BRANCHES {
        add(&format!("b{condition:?}").to_lowercase(), branch(condition, &rows));
    }
    for (name, access, signed, rows) in LOADS {
        add(name, load(access, signed, rows));
    }
    for (name, access, rows) in STORES {
        add(name, store(access, rows));
    }
    add("lui", lui());
    add("auipc", auipc());
    add("jal", jal());
    add("jalr", jalr());
    add("fence", fence());
    add("ecall", Checks::default());
    suite
}

fn name(operation: Arithmetic, form: &str) -> String {
    let name = format!("{operation:?}").to_lowercase();
    match (operation, form) {
        (Arithmetic::Sltu, "i") => "sltiu".to_owned(),
        _ => name + form,
    }
}

/// A program that checks results.
#[derive(Default)]
struct Checks {
    program: Assembler,
    rows: u32,
}

impl Checks {
    /// Exits with the row's number unless the register holds the value. Changes a3 and a0.
    fn holds(&mut self, register: u8, expected: u32) {
        self.program.set(A3, expected);
        self.same(register, A3);
    }

    /// Exits with the row's number unless the registers hold the same.
    fn same(&mut self, a: u8, b: u8) {
        let right = self.program.label();
        self.program.branch(Condition::Eq, a, b, right);
        self.fail();
        self.program.place(right);
    }

    fn fail(&mut self) {
        self.program.set(A4, self.rows).exit_with(A4);
    }

    fn next_row(&mut self) -> &mut Assembler {
        self.rows += 1;
        &mut self.program
    }

    fn finish(mut self) -> ProgramImage {
        self.program.exit_with(ZERO).image().expect("the suite's programs are images")
    }
}

/// Every row with distinct registers, with the result in place of either operand and in x0; and both operands from one
/// register where they are equal.
fn register_form(operation: Arithmetic, rows: &[(u32, u32, u32)]) -> Checks {
    let mut checks = Checks::default();
    for &(a, b, result) in rows {
        let program = checks.next_row();
        program.set(A1, a).set(A2, b).register(operation, S0, A1, A2);
        checks.holds(S0, result);
        checks.program.register(operation, ZERO, A1, A2);
        checks.holds(ZERO, 0);
        checks.program.register(operation, A1, A1, A2);
        checks.holds(A1, result);
        checks.program.set(A1, a).register(operation, A2, A1, A2);
        checks.holds(A2, result);
        if a == b {
            checks.program.register(operation, A1, A1, A1);
            checks.holds(A1, result);
        }
        if a == 0 {
            checks.program.set(A2, b).register(operation, S0, ZERO, A2);
            checks.holds(S0, result);
        }
        if b == 0 {
            checks.program.set(A1, a).register(operation, S0, A1, ZERO);
            checks.holds(S0, result);
        }
    }
    checks
}

fn immediate_form(operation: Arithmetic, rows: &[(u32, i32, u32)]) -> Checks {
    let mut checks = Checks::default();
    for &(a, immediate, result) in rows {
        checks.next_row().set(A1, a).immediate(operation, S0, A1, immediate);
        checks.holds(S0, result);
        checks.program.immediate(operation, ZERO, A1, immediate);
        checks.holds(ZERO, 0);
        checks.program.immediate(operation, A1, A1, immediate);
        checks.holds(A1, result);
    }
    checks
}

/// Every row as a jump forwards and as a jump backwards.
fn branch(condition: Condition, rows: &[(u32, u32, bool)]) -> Checks {
    let mut checks = Checks::default();
    for &(a, b, taken) in rows {
        let program = checks.next_row();
        let [forwards, backwards, start, end] = [(); 4].map(|()| program.label());
        program.set(A1, a).set(A2, b).immediate(Arithmetic::Add, S0, ZERO, 0);
        program.branch(condition, A1, A2, forwards).immediate(Arithmetic::Or, S0, S0, 1).place(forwards);
        program.jump(ZERO, start).place(backwards).immediate(Arithmetic::Or, S0, S0, 2).jump(ZERO, end);
        program.place(start).branch(condition, A1, A2, backwards).place(end);
        checks.holds(S0, if taken { 2 } else { 1 });
    }
    checks
}

const DATA: u32 = 0x2_0000;

/// Writes the table's words into memory, through s1.
fn write_memory(program: &mut Assembler) {
    program.set(S1, DATA);
    for (word, offset) in MEMORY.into_iter().zip((0..).step_by(4)) {
        program.set(A1, word).store(Access::Word, A1, S1, offset);
    }
}

fn load(access: Access, signed: bool, rows: &[(i32, u32)]) -> Checks {
    let mut checks = Checks::default();
    write_memory(&mut checks.program);
    for &(offset, result) in rows {
        // Offsets of both signs, a destination that is the base, and x0.
        checks.next_row().set(S1, DATA).load(access, signed, S0, S1, offset);
        checks.holds(S0, result);
        checks.program.set(S1, DATA + 8).load(access, signed, S0, S1, offset - 8);
        checks.holds(S0, result);
        checks.program.load(access, signed, ZERO, S1, offset - 8);
        checks.holds(ZERO, 0);
        checks.program.load(access, signed, S1, S1, offset - 8);
        checks.holds(S1, result);
    }
    checks
}

fn store(access: Access, rows: &[(i32, u32, [u32; 2])]) -> Checks {
    let mut checks = Checks::default();
    for &(offset, value, after) in rows {
        let program = checks.next_row();
        write_memory(program);
        program.set(S1, DATA + 8).set(A1, value).store(access, A1, S1, offset - 8);
        for (word, place) in after.into_iter().zip((-8..).step_by(4)) {
            checks.program.load(Access::Word, false, S0, S1, place);
            checks.holds(S0, word);
        }
    }
    // The address itself as the value, and the value of x0.
    for register in [S1, ZERO] {
        checks.next_row().set(S1, DATA).store(access, register, S1, 0).load(access, false, S0, S1, 0);
        let kept = if register == S1 { DATA } else { 0 };
        checks.holds(S0, kept & (u32::MAX >> (32 - 8 * access.bytes())));
    }
    checks
}

fn lui() -> Checks {
    let mut checks = Checks::default();
    for imm in [0, 0x1000, 0x7fff_f000, 0x8000_0000, 0xffff_f000] {
        checks.next_row().push(Instruction::Lui { rd: S0, imm }).push(Instruction::Lui { rd: ZERO, imm });
        checks.holds(S0, imm);
        checks.holds(ZERO, 0);
    }
    checks
}

fn auipc() -> Checks {
    let mut checks = Checks::default();
    for imm in [0, 0x1000, 0x7fff_f000, 0x8000_0000, 0xffff_f000] {
        let program = checks.next_row();
        let here = program.here();
        program.push(Instruction::Auipc { rd: S0, imm }).push(Instruction::Auipc { rd: ZERO, imm });
        checks.holds(S0, here.wrapping_add(imm));
        checks.holds(ZERO, 0);
    }
    checks
}

/// Forwards, backwards, and without a link.
fn jal() -> Checks {
    let mut checks = Checks::default();
    let program = checks.next_row();
    let [over, back, end] = [(); 3].map(|()| program.label());
    let link = program.here() + WORD_BYTES;
    program.jump(RA, over).place(back).jump(ZERO, end).place(over);
    let second = checks.program.here() + WORD_BYTES;
    checks.program.jump(S0, back);
    checks.fail();
    checks.program.place(end);
    checks.holds(RA, link);
    checks.holds(S0, second);
    checks.holds(ZERO, 0);
    checks
}

/// Offsets of both signs, a base that is linked, an odd target, and without a link.
fn jalr() -> Checks {
    let mut checks = Checks::default();
    for (rd, rs1, offset) in [(RA, S0, 0), (RA, S0, 2047), (RA, S0, -2048), (S0, S0, 4), (ZERO, S0, 0), (RA, S0, 1)] {
        let program = checks.next_row();
        // The target is behind the three instructions that fail, two of `set` and the jump itself.
        let target = program.here() + WORD_BYTES * (2 + 1 + FAIL);
        program.set(S0, target.wrapping_sub((offset & !1_i32).cast_unsigned()));
        let offset = if offset == 2047 { 2046 } else { offset };
        let link = program.here() + WORD_BYTES;
        program.push(Instruction::Jalr { rd, rs1, offset: offset.cast_unsigned() });
        checks.fail();
        assert_eq!(checks.program.here(), target);
        checks.holds(rd, if rd == ZERO { 0 } else { link });
    }
    checks
}

/// Instructions of `Checks::fail`.
const FAIL: u32 = 5;

fn fence() -> Checks {
    let mut checks = Checks::default();
    checks.next_row().set(S0, 7).push(Instruction::Fence);
    checks.holds(S0, 7);
    checks
}
