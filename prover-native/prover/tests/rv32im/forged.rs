//! Forgeries, each with a real proof: all refused.

use capseal_machine::assembler::{
    Assembler,
    register::{SP, ZERO},
};
use capseal_prover::rv32im::result;
use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::{MicroOp, Operation, PAD};
use verifier_core::field::BaseElement;
use verifier_core::rv32im::{Access, Arithmetic, Condition, Instruction, ProgramImage};
use verifier_core::stark::ProofError;
use winter_math::FieldElement;

use crate::forger::{Fate, Forger, is_padding};
use crate::programs::{self, A, B, R};

const W: u64 = 1 << 32;

/// Two operands, one operation, its result as output.
fn single(operation: Arithmetic, a: u32, b: u32) -> ProgramImage {
    let mut program = Assembler::default();
    program.set(A, a).set(B, b).register(operation, R, A, B).write_output(R, 0);
    program.exit_with(ZERO).image().unwrap()
}

/// The run of `single` with another result, which everything behind it goes on from.
fn false_result(operation: Arithmetic, (a, b): (u32, u32), claimed: u32) -> (Forger, usize) {
    let image = single(operation, a, b);
    let forger = Forger::new(image.clone(), &[]);
    let row = forger.row(|op| op.rd == R);
    let forger = Forger::with(image, &[], |index, op, operands| {
        let (value, next) = result(op, operands);
        (if index == row { claimed } else { value }, next)
    });
    (forger, row)
}

fn refused(name: &str, forger: Forger) {
    refused_with(name, forger, |_, _| {});
}

#[expect(clippy::print_stdout, reason = "the list is a figure")]
fn refused_with(
    name: &str,
    forger: Forger,
    change: impl FnOnce(&mut verifier_core::air::rv32im::Run, &mut verifier_core::air::rv32im::PublicTables),
) {
    let fate = forger.fate_with(change);
    println!("{name}: {fate:?}");
    assert_ne!(fate, Fate::Accepted, "{name}");
}

#[test]
fn the_forger_proves_an_honest_trace() {
    assert_eq!(Forger::new(programs::every_form(), &programs::bytes([7, 3])).fate(), Fate::Accepted);
}

#[test]
fn a_wrong_quotient_with_the_right_remainder_is_refused() {
    let (mut forger, row) = false_result(Arithmetic::Divu, (100, 7), 15);
    forger.set_x(row, 15);
    assert_eq!(forger.fate(), Fate::Refused(ProofError::Rejected));
}

#[test]
fn a_stale_read_is_refused() {
    assert_eq!(stale_read().fate(), Fate::Refused(ProofError::Rejected));
}

/// Reads what the first of two stores left.
fn stale_read() -> Forger {
    let mut program = Assembler::default();
    program.set(SP, 0x20_0000).set(A, 11).set(B, 22);
    program.store(Access::Word, A, SP, 0).store(Access::Word, B, SP, 0).load(Access::Word, false, R, SP, 0);
    let image = program.write_output(R, 0).exit_with(ZERO).image().unwrap();
    let mut forger = Forger::with(image, &[], |_, op, operands| {
        let (value, next) = result(op, operands);
        (if matches!(op.operation, Operation::Load { .. }) { 11 } else { value }, next)
    });
    let row = forger.row(|op| matches!(op.operation, Operation::Load { .. }));
    let first = forger.row(|op| matches!(op.operation, Operation::Store { .. }));
    forger.set(row, V2, 11);
    forger.set(row, Y0, 11);
    forger.set_x(row, 11);
    forger.set(row, DB, (row - first - 1) as u64);
    forger
}

#[test]
#[ignore = "one proof for each forgery"]
fn the_corner_cases_of_memory_and_control_are_refused() {
    let forms = || Forger::new(programs::every_form(), &programs::bytes([0x8000_0001, 0xffff_fffd]));
    for (name, column) in [("A", DA), ("B", DB), ("C", DC)] {
        for (sign, by) in [("more", BaseElement::ONE), ("less", -BaseElement::ONE)] {
            let mut forger = forms();
            let row = (20..).find(|row| forger.cell(*row, column) > 0).unwrap();
            forger.add(row, column, by);
            refused(&format!("timestamp of slot {name} one {sign}"), forger);
        }
    }
    refused("stale read", stale_read());

    let mut forger = forms();
    let row = forger.row(|op| op.rd == 32 && !is_padding(op));
    forger.set(row, RD, 0);
    forger.set(row, AC, 0);
    refused("write to x0, fetched", forger);
    let mut forger = forms();
    forger.set(row, AC, 0);
    refused("write to x0, addressed", forger);

    refused("skipped instruction", skipping());
    for condition in programs::CONDITIONS {
        for (a, b) in [(3, 5), (5, 3), (4, 4), (0x8000_0000, 1)] {
            refused(&format!("{condition:?} of {a} and {b} the other way"), other_way(condition, a, b));
        }
    }

    let mut forger = forms();
    let row = (0..60_000).find(|row| forger.cell(*row, MT) > 0).unwrap();
    for column in [MA, MF, MT, FI, FO] {
        let cell = forger.cell(row, column);
        forger.set(row + 1, column, cell);
    }
    refused("replayed memory row", forger);

    // Another program's run under this program's name.
    let mut other = Forger::new(single(Arithmetic::Add, 2, 3), &[]);
    other.image = single(Arithmetic::Add, 2, 2);
    refused("fetch from outside the image", other);

    let mut forger = forms();
    forger.output.swap(0, 4);
    refused("output word swapped after the run", forger);
    refused("ghost address", ghost());
}

/// Leaves one addition out.
fn skipping() -> Forger {
    let mut program = Assembler::default();
    program.set(A, 1).immediate(Arithmetic::Add, A, A, 1).immediate(Arithmetic::Add, A, A, 2).write_output(A, 0);
    let image = program.exit_with(ZERO).image().unwrap();
    Forger::with(image, &[], |index, op, operands| {
        let (value, next) = result(op, operands);
        (value, if index == 1 { next + 4 } else { next })
    })
}

/// Takes a branch that is not to be taken, or the other way round.
fn other_way(condition: Condition, a: u32, b: u32) -> Forger {
    let mut program = Assembler::default();
    let over = program.label();
    program.set(A, a).set(B, b).immediate(Arithmetic::Add, R, ZERO, 1).branch(condition, A, B, over);
    program.immediate(Arithmetic::Add, R, R, 1).place(over).write_output(R, 0);
    let image = program.exit_with(ZERO).image().unwrap();
    let is_branch = |op: &MicroOp| op.rs1 == A && op.rs2 == B;
    let mut forger = Forger::with(image, &[], |_, op, operands| {
        let (value, next) = result(op, operands);
        (value, if is_branch(op) { op.next ^ op.target ^ next } else { next })
    });
    let row = forger.row(is_branch);
    let k = 1 - forger.cell(row, K);
    forger.set(row, K, k);
    if matches!(condition, Condition::Eq | Condition::Ne) {
        forger.set(row, INV, 0);
    }
    forger
}

/// `lw -4(sp)` without the carry of its address: a word behind memory, which is zero.
fn ghost() -> Forger {
    let mut program = Assembler::default();
    program.set(SP, 0x20_0000).set(A, 77).store(Access::Word, A, SP, -4).load(Access::Word, false, R, SP, -4);
    let image = program.write_output(R, 0).exit_with(ZERO).image().unwrap();
    let is_load = |op: &MicroOp| matches!(op.operation, Operation::Load { .. });
    let mut forger = Forger::with(image, &[], |_, op, operands| {
        let (value, next) = result(op, operands);
        (if is_load(op) { 0 } else { value }, next)
    });
    let row = forger.row(is_load);
    let word = (1 << 30) + (0x20_0000 - 4) / 4;
    forger.set(row, K, 0);
    forger.set(row, AB, W + word);
    forger.set(row, V2, 0);
    forger.set(row, Y0, 0);
    forger.set_x(row, 0);
    forger.set(row, DB, row as u64);
    // The store's word is not read again, and the ghost gets a place in the table.
    let store = forger.row(|op| matches!(op.operation, Operation::Store { .. }));
    let length = forger.columns[0].len();
    let place = (0..length).find(|place| forger.cell(*place, MT) == row as u64 + 1).unwrap();
    forger.set(place, MT, store as u64 + 1);
    let end = (0..length - 1).rposition(|place| forger.cell(place, FO) == 1).unwrap();
    let mut address = forger.cell(end, MA);
    let mut placed = false;
    for place in end + 1..length {
        address = if placed { address + 1 } else { (address + 65_536).min(word) };
        forger.set(place, MA, address);
        if address == word && !placed {
            placed = true;
            forger.set(place, MT, row as u64 + 1);
        }
    }
    assert!(placed);
    forger
}

#[test]
fn a_ghost_address_is_refused() {
    assert_eq!(ghost().fate(), Fate::Refused(ProofError::Rejected));
}

#[test]
#[ignore = "one proof for each forgery"]
fn false_results_are_refused() {
    let wrong = |operation: Arithmetic, a: u32, b: u32, claimed: u32| {
        assert_ne!(operation.apply(a, b), claimed);
        false_result(operation, (a, b), claimed)
    };
    for (name, operation, a, b, claimed) in [
        ("sum", Arithmetic::Add, 0xffff_ffff, 2, 2),
        ("difference", Arithmetic::Sub, 1, 2, 1),
        ("conjunction", Arithmetic::And, 12, 10, 9),
        ("disjunction", Arithmetic::Or, 12, 10, 15),
        ("parity", Arithmetic::Xor, 12, 10, 7),
        ("signed comparison", Arithmetic::Slt, 0x8000_0000, 1, 0),
        ("comparison", Arithmetic::Sltu, 0x8000_0000, 1, 1),
        ("left shift", Arithmetic::Sll, 3, 31, 0),
        ("right shift", Arithmetic::Srl, 0x8000_0000, 31, 0),
        ("signed right shift", Arithmetic::Sra, 0x8000_0000, 31, 1),
        ("remainder", Arithmetic::Remu, 100, 7, 9),
    ] {
        refused(name, wrong(operation, a, b, claimed).0);
    }
    // The product, and p more.
    let (mut forger, row) = wrong(Arithmetic::Mul, 3, 5, 16);
    forger.set_limbs(row, 16, u32::MAX);
    refused("low word of a product and p", forger);
    let (mut forger, row) = wrong(Arithmetic::Mulhu, 3, 5, u32::MAX);
    forger.set_limbs(row, 16, u32::MAX);
    refused("high word of a product and p", forger);
    // One less, and a remainder as large as the divisor.
    let (mut forger, row) = wrong(Arithmetic::Divu, 100, 7, 13);
    forger.set_x(row, 13);
    forger.set_limbs(row, 9, 0_u32.wrapping_sub(3));
    refused("quotient one less, remainder seven more", forger);
    let (mut forger, row) = wrong(Arithmetic::Divu, 100, 7, 15);
    forger.set_x(row, 15);
    refused("quotient one more, remainder the same", forger);
    let (mut forger, row) = wrong(Arithmetic::Divu, 100, 0, 7);
    forger.set_x(row, 7);
    refused("quotient by zero", forger);
    // A divisor that is said to be zero.
    let (mut forger, row) = wrong(Arithmetic::Divu, 100, 7, u32::MAX);
    forger.set_x(row, u32::MAX);
    forger.set_limbs(row, 100, 0);
    forger.set(row, K, 1);
    forger.set(row, INV, 0);
    refused("division by a zero that is none", forger);
    // A limb that is no number of 16 bits, and fits the linear constraint.
    let (mut forger, row) = wrong(Arithmetic::Add, 2, 3, 6);
    forger.set(row, P0, 5);
    forger.columns[P1][row] = BaseElement::ONE / BaseElement::new(1 << 16);
    refused("limb that is a fraction", forger);
    refused("jump without a link", without_link());
    refused("narrow load without its sign", unsigned_load());
}

fn without_link() -> Forger {
    let mut program = Assembler::default();
    let here = program.here();
    program.set(A, here + 12).push(Instruction::Jalr { rd: R, rs1: A, offset: 0 }).write_output(R, 0);
    let image = program.exit_with(ZERO).image().unwrap();
    let mut forger = Forger::with(image, &[], |_, op, operands| {
        let (value, next) = result(op, operands);
        (if op.operation == Operation::JumpRegister { 0 } else { value }, next)
    });
    let row = forger.row(|op| op.operation == Operation::JumpRegister);
    forger.set(row, K, 0);
    forger
}

fn unsigned_load() -> Forger {
    let mut program = Assembler::default();
    program.set(SP, 0x20_0000).set(A, 0x80).store(Access::Word, A, SP, 0).load(Access::Byte, true, R, SP, 0);
    let image = program.write_output(R, 0).exit_with(ZERO).image().unwrap();
    let is_load = |op: &MicroOp| matches!(op.operation, Operation::Load { .. });
    let mut forger = Forger::with(image, &[], |_, op, operands| {
        let (value, next) = result(op, operands);
        (if is_load(op) { 0x80 } else { value }, next)
    });
    let row = forger.row(is_load);
    forger.set(row, SA, 0);
    forger
}

#[test]
#[ignore = "one proof for each forgery"]
fn public_values_that_the_trace_does_not_have_are_refused() {
    let forger = || Forger::new(programs::every_form(), &programs::bytes([0x8000_0001, 0xffff_fffd]));
    refused_with("exit code", forger(), |run, tables| {
        run.exit_code = 8;
        tables.registers[10].value = 8;
    });
    refused_with("cycles", forger(), |run, _| run.cycles += 1);
    refused_with("cycles of another instruction", forger(), |run, tables| {
        let pad = tables.fetches.len() - 1;
        let first = tables.fetches.iter().position(|count| *count > 0).unwrap();
        tables.fetches[pad] -= 1;
        tables.fetches[first] += 1;
        run.cycles += 1;
    });
    refused_with("input", forger(), |run, _| run.input[0] ^= 1);
    refused_with("longer input", forger(), |run, _| run.input.push(0));
    refused_with("output", forger(), |run, _| run.output[0] ^= 1);
    refused_with("shorter output", forger(), |run, _| run.output.truncate(4));
    refused_with("longer output", forger(), |run, _| run.output.push(0));
    refused_with("final register", forger(), |_, tables| tables.registers[5].value ^= 1);
    refused_with("final time", forger(), |_, tables| tables.registers[5].time -= 1);
    refused_with("end of memory", forger(), |_, tables| tables.memory_end += 1);
    refused_with("signs", forger(), |_, tables| tables.signs[0] += 1);
    refused_with("shifts", forger(), |_, tables| tables.shifts[0] += 1);
    refused_with("nibbles", forger(), |_, tables| tables.nibbles[0] += 1);
    refused_with("last range", forger(), |_, tables| tables.last_range += 1);
    refused_with("last conjunction", forger(), |_, tables| tables.last_and += 1);
    refused_with("trace length", forger(), |run, _| run.trace_length *= 2);
    refused_with("program", forger(), |run, _| {
        let image = single(Arithmetic::Add, 1, 2);
        run.image = image;
    });
}

/// For each column, a row that reads it.
fn reading_row(forger: &Forger, column: usize) -> usize {
    match column {
        UI | UO | P2 | P3 => forger.row(|op| op.operation == Operation::ShiftRight),
        INV => {
            let is_product = |row: &usize| forger.cell(*row, SMUL) == 1 && forger.cell(*row, P0) > 0;
            (0..).find(is_product).unwrap()
        }
        MAND | MRNG | MCLK | XH | YH | ZH => (0..).find(|row| forger.cell(*row, MAND) > 0).unwrap(),
        MA | MF | MT | FI | FO => (0..).find(|row| forger.cell(*row, MT) > 0).unwrap(),
        _ => forger.row(|op| op.operation == Operation::Sub),
    }
}

/// One cell changed, and everything that can be redone is.
fn changed_cell(column: usize) -> Fate {
    let mut forger = Forger::new(programs::every_form(), &programs::bytes([0x8000_0001, 0xffff_fffd]));
    let row = reading_row(&forger, column);
    // What counts look-ups is counted anew for the honest trace, and changed after that.
    forger.add(row, column, BaseElement::ONE);
    if [MAND, MRNG, MCLK].contains(&column) { forger.fate_as_it_stands() } else { forger.fate() }
}

#[test]
fn a_changed_cell_is_refused_in_some_columns() {
    for column in [VD, AC, X3, P3, MF] {
        assert_ne!(changed_cell(column), Fate::Accepted, "{}", COLUMNS[column]);
    }
}

#[test]
#[ignore = "one proof for each column"]
#[expect(clippy::print_stdout, reason = "the list is a figure")]
fn a_changed_cell_is_refused_in_every_column() {
    for (column, name) in COLUMNS.into_iter().enumerate() {
        let fate = changed_cell(column);
        println!("{name}: {fate:?}");
        assert_ne!(fate, Fate::Accepted, "{name}");
    }
    println!("{WIDTH} columns, one forgery each: all refused");
}

#[test]
fn padding_is_where_it_is_said_to_be() {
    let forger = Forger::new(single(Arithmetic::Add, 1, 2), &[]);
    assert_eq!(forger.cell(forger.row(is_padding), PC), PAD);
}
