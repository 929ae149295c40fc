//! Forgeries of several cells that agree with each other, so that as little as possible stands between them and acceptance.
//!
//! The mock says what that is, in every test run; with a real proof each is refused as well.

use capseal_machine::assembler::{
    Assembler,
    register::{SP, ZERO},
};
use capseal_prover::rv32im::{Operands, result};
use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::{MicroOp, Operation, PAD};
use verifier_core::field::BaseElement;
use verifier_core::rv32im::{Access, Arithmetic, INPUT_BASE, Instruction, ProgramImage};
use winter_math::FieldElement;

use crate::forger::{Fate, Forger};
use crate::mock::element;
use crate::programs::{A, B, R};

const W: u64 = 1 << 32;

/// A word of memory that programs use, and its word address.
const PLACE: u32 = 0x20_0000;
const WORD: u64 = PLACE as u64 / 4;

/// A row of the padding that provides an entry of a table that does not exist.
const MAKER: usize = 40_000;

/// A forgery with a last change, and what of the constraint system sees it.
struct Concerted {
    name: &'static str,
    forger: Forger,
    /// A multiplicity that is set once look-ups are counted: row, column.
    provided: Option<(usize, usize)>,
    seen_by: &'static [&'static str],
}

fn all() -> Vec<Concerted> {
    let plain = |name, forger, seen_by| Concerted { name, forger, provided: None, seen_by };
    let making = |name, forger, place, seen_by| Concerted { name, forger, provided: Some(place), seen_by };
    vec![
        plain("lost write to the first operand", lost_write(A), &["constraint 29"]),
        plain("lost write to the second operand", lost_write(B), &["constraint 30"]),
        plain("lost load into the base", lost_load(), &["constraint 29"]),
        plain("register read from the future", read_from_the_future(), &["clock"]),
        plain("exit without a call, by the first rotation bit", jump_beyond(R0, PAD), &["constraint 3"]),
        plain("exit without a call, by the second rotation bit", jump_beyond(R1, PAD), &["constraint 4"]),
        plain("jump into a sequence", jump_beyond(R0, (6 << 34) + MULH_AT), &["constraint 3"]),
        making("comparison by a limb that a row makes up", made_up_limb(), (MAKER, MRNG), &["nibble", "range"]),
        making("false conjunction that a row makes up", made_up_conjunction(), (LIAR, MAND), &["and", "nibble"]),
        making("word that begins twice", begins_twice(), (MAKER, MRNG), &["nibble", "range"]),
        plain("word of input that begins as zero", input_as_zero(), &["memory"]),
        plain("fresh memory with a value", fresh_memory(BaseElement::ONE), &["memory"]),
        plain("fresh memory with a value, flag two", fresh_memory(element(2)), &["constraint 31", "memory"]),
        plain("register that begins with five", register_with_a_value(), &["memory"]),
        plain("fractional address", fractional_address(), &["memory", "range"]),
        plain("signed shift without its sign", unseen_sign(Arithmetic::Sra, 0x0800_0000), &["sign"]),
        plain("signed comparison without its sign", unseen_sign(Arithmetic::Slt, 0), &["sign"]),
        plain("another byte of the word", another_byte(), &["constraint 7"]),
        plain("carry that is no bit", carry_that_is_no_bit(), &["constraint 2"]),
        plain("division by zero that is denied", denied_zero(), &["constraint 21", "constraint 23"]),
        plain("older output", older_output(), &["clock"]),
    ]
}

impl Concerted {
    fn fate(self) -> Fate {
        let provided = self.provided;
        self.forger.fate_after(|forger| {
            if let Some((row, column)) = provided {
                forger.set(row, column, 1);
            }
        })
    }
}

#[test]
fn each_is_seen_by_what_is_said_and_by_nothing_else() {
    for Concerted { name, forger, seen_by, .. } in all() {
        assert!(forger.faults().iter().eq(seen_by), "{name}: {:?}", forger.faults());
    }
}

#[test]
fn a_lost_write_and_a_word_that_begins_twice_are_refused() {
    let proven = ["lost write to the second operand", "word that begins twice"];
    for forgery in all().into_iter().filter(|forgery| proven.contains(&forgery.name)) {
        let name = forgery.name;
        assert_ne!(forgery.fate(), Fate::Accepted, "{name}");
    }
}

#[test]
#[ignore = "one proof for each forgery"]
#[expect(clippy::print_stdout, reason = "the list is a figure")]
fn all_are_refused() {
    for forgery in all() {
        let name = forgery.name;
        let fate = forgery.fate();
        println!("{name}: {fate:?}");
        assert_ne!(fate, Fate::Accepted, "{name}");
    }
}

/// The run of a program on a machine that does something else where a micro-op is so, and the row where it does.
fn deviating(
    program: &mut Assembler,
    input: &[u8],
    is: impl Fn(&MicroOp) -> bool,
    deviate: impl Fn(Operands, (u32, u64)) -> (u32, u64),
) -> (Forger, usize) {
    let image = program.exit_with(ZERO).image().unwrap();
    let forger = Forger::with(image, input, |_, op, operands| {
        let honest = result(op, operands);
        if is(op) { deviate(operands, honest) } else { honest }
    });
    let row = forger.row(is);
    (forger, row)
}

/// The same with another result.
fn claiming(program: &mut Assembler, is: impl Fn(&MicroOp) -> bool, claimed: u32) -> (Forger, usize) {
    deviating(program, &[], is, move |_, (_, next)| (claimed, next))
}

const fn is_load(op: &MicroOp) -> bool {
    matches!(op.operation, Operation::Load { .. })
}

const fn is_store(op: &MicroOp) -> bool {
    matches!(op.operation, Operation::Store { .. })
}

const fn of_both(op: &MicroOp) -> bool {
    op.rs1 == A && op.rs2 == B
}

/// A program that starts with two operands.
fn operands(a: u32, b: u32) -> Assembler {
    let mut program = Assembler::default();
    program.set(A, a).set(B, b);
    program
}

/// The row of the memory table that tells of a word that was accessed.
fn told_of(forger: &Forger, word: u64) -> usize {
    let is = |place: &usize| forger.cell(*place, MA) == word && forger.cell(*place, MT) > 0;
    (0..forger.columns[0].len()).find(is).unwrap()
}

/// The loaded word is zero: slot B, its bytes, and the bytes of the X word.
fn load_zero(forger: &mut Forger, row: usize) {
    forger.set(row, V2, 0);
    (Y0..=Y2).for_each(|byte| forger.set(row, byte, 0));
    forger.set_x(row, 0);
}

/// The padding's row provides a 16-bit "number" of any value: its high nibbles are not nibbles.
fn make_range(forger: &mut Forger, number: BaseElement) {
    let [x, y] = [MAKER as u64 % 16, MAKER as u64 / 16 % 16].map(element);
    let yh = forger.columns[YH][MAKER];
    let rest = number - x - element(256) * (y + element(16) * yh);
    forger.columns[XH][MAKER] = rest / element(16);
}

/// Slot C consumes the tuple that it provides itself, so that the sum is written nowhere.
fn lost_write(rd: u8) -> Forger {
    let mut program = operands(5, 7);
    program.register(Arithmetic::Add, rd, A, B).write_output(rd, 0);
    let (mut forger, row) = deviating(&mut program, &[], of_both, |operands, (_, next)| (operands.dp, next));
    forger.set(row, VD, 12);
    forger.set(row, DP, 12);
    forger.set_limbs(row, 12, 0);
    forger.set(row, DC, 0);
    forger
}

/// The same in a load into its own base register.
fn lost_load() -> Forger {
    let mut program = Assembler::default();
    program.set(SP, PLACE).set(A, 77).store(Access::Word, A, SP, 0).load(Access::Word, false, SP, SP, 0);
    program.write_output(SP, 0);
    let (mut forger, row) = claiming(&mut program, is_load, PLACE);
    forger.set(row, VD, 77);
    forger.set(row, DP, 77);
    forger.set(row, DC, 0);
    forger
}

/// One row reads what a later one writes, and the later one replaces what was there before the first.
fn read_from_the_future() -> Forger {
    let mut program = Assembler::default();
    program.set(A, 1).register(Arithmetic::Add, R, A, ZERO).immediate(Arithmetic::Add, A, ZERO, 2).write_output(R, 0);
    let (mut forger, reads) = claiming(&mut program, |op| op.rd == R && op.rs1 == A, 2);
    let writes = forger.row(|op| op.rd == A && op.rs1 == 0 && op.imm == 2);
    forger.set(reads, V1, 2);
    forger.set_x(reads, 2);
    let before = forger.cell(reads, CLK) - 1 - forger.cell(reads, DA);
    let ago = element(forger.cell(reads, CLK)) - BaseElement::ONE - element(forger.cell(writes, CLK));
    forger.columns[DA][reads] = ago;
    let since = forger.cell(writes, CLK) - 1 - before;
    forger.set(writes, DC, since);
    forger
}

/// Address of the instruction behind the jump of `jump_beyond`.
const MULH_AT: u64 = 0x1_0000 + 4 * 3;

/// A jump to a register that ends where no instruction lies: a rotation bit that is none makes up the difference. The bytes
/// of the base are all alike, so that no rotation shows.
fn jump_beyond(column: usize, target: u64) -> Forger {
    let base = if column == R0 { 0 } else { 0x0202_0202 };
    let mut program = Assembler::default();
    program.set(A, base).push(Instruction::Jalr { rd: R, rs1: A, offset: 0 });
    program.register(Arithmetic::Mulh, R, A, A).write_output(R, 0);
    let is_jump = |op: &MicroOp| op.operation == Operation::JumpRegister;
    let (mut forger, row) = deviating(&mut program, &[], is_jump, move |_, (value, _)| (value, target));
    let missing = element(base.into()) - element(target);
    forger.set(row, R0, 0);
    forger.set(row, R1, 0);
    forger.columns[column][row] = if column == R0 { missing / element(W) } else { missing };
    forger
}

/// 3 is not less than 5, since 3 - 5 is a number of 32 bits, with a limb that the padding provides.
fn made_up_limb() -> Forger {
    let mut program = operands(3, 5);
    program.register(Arithmetic::Sltu, R, A, B).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, of_both, 0);
    forger.set(row, K, 0);
    let low = 0xfffe;
    let high = (-element(2) - element(low)) / element(1 << 16);
    forger.set(row, P0, low);
    forger.columns[P1][row] = high;
    make_range(&mut forger, high);
    forger
}

/// A row whose low nibbles are 12 and 10, and which provides a conjunction of bytes with 1 and 0 above them.
const LIAR: usize = 0xac + 256 * 200;

/// 28 and 10 are 24, says that row.
fn made_up_conjunction() -> Forger {
    let mut program = operands(0x1c, 0x0a);
    program.register(Arithmetic::And, R, A, B).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, of_both, 0x18);
    forger.set(row, Z0, 0x18);
    for (column, nibble) in [(XH, 1), (YH, 0), (ZH, 1)] {
        forger.set(LIAR, column, nibble);
    }
    forger
}

/// A word has two places in the memory table, so that it is zero again after a store.
fn begins_twice() -> Forger {
    let mut program = Assembler::default();
    program.set(SP, PLACE).set(A, 77).store(Access::Word, A, SP, 0).load(Access::Word, false, R, SP, 0);
    let (mut forger, load) = claiming(program.write_output(R, 0), is_load, 0);
    let store = forger.row(is_store);
    load_zero(&mut forger, load);
    let clock = forger.cell(load, CLK);
    forger.set(load, DB, clock - 1);
    // The first place ends with the store; the rest of the table, behind the output, starts over at the word.
    let place = told_of(&forger, WORD);
    let stored = forger.cell(store, CLK);
    forger.set(place, MT, stored);
    forger.set(place, MF, 77);
    let length = forger.columns[0].len();
    let start = (0..length - 1).rposition(|place| forger.cell(place, FO) == 1).unwrap() + 1;
    let before = forger.cell(start - 1, MA);
    (WORD..).zip(start..length).for_each(|(word, place)| forger.set(place, MA, word));
    forger.set(start, MT, clock);
    forger.set(start, MF, 0);
    make_range(&mut forger, element(WORD) - element(before) - BaseElement::ONE);
    forger
}

/// A word of the input is read as zero, and its place in the table says that it begins as zero.
fn input_as_zero() -> Forger {
    let mut program = Assembler::default();
    program.set(SP, INPUT_BASE).load(Access::Word, false, R, SP, 4).write_output(R, 0);
    let (mut forger, load) = deviating(&mut program, &[1, 2, 3, 4], is_load, |_, (_, next)| (0, next));
    load_zero(&mut forger, load);
    let place = told_of(&forger, u64::from(INPUT_BASE) / 4 + 1);
    forger.set(place, FI, 0);
    forger.set(place, MF, 0);
    forger
}

/// Memory that was never written holds 77: its place in the table says that the verifier supplies it.
fn fresh_memory(flag: BaseElement) -> Forger {
    let mut program = Assembler::default();
    program.set(SP, PLACE).load(Access::Word, false, R, SP, 0).write_output(R, 0);
    let (mut forger, load) = claiming(&mut program, is_load, 77);
    forger.set(load, V2, 77);
    forger.set(load, Y0, 77);
    forger.set_x(load, 77);
    let place = told_of(&forger, WORD);
    forger.columns[FI][place] = flag;
    forger.set(place, MF, 77);
    forger
}

fn register_with_a_value() -> Forger {
    let mut program = Assembler::default();
    program.register(Arithmetic::Add, R, A, ZERO).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, |op| op.rd == R && op.rs1 == A, 5);
    forger.set(row, V1, 5);
    forger.set_x(row, 5);
    forger
}

/// A word is read across two others, at a fractional address that has a place in the table.
fn fractional_address() -> Forger {
    let build = |offset| {
        let mut program = Assembler::default();
        program.set(SP, PLACE).set(A, 0x1122_3344).store(Access::Word, A, SP, 0);
        program.load(Access::Word, false, R, SP, offset).write_output(R, 0);
        program
    };
    let (mut forger, load) = claiming(&mut build(0), is_load, 0);
    forger.image = build(2).exit_with(ZERO).image().unwrap();
    let store = forger.row(is_store);
    forger.set(load, OFF, 2);
    let fraction = element(u64::from(PLACE) + 2) / element(4);
    forger.columns[AB][load] = element(W) + fraction;
    load_zero(&mut forger, load);
    let (clock, stored) = (forger.cell(load, CLK), forger.cell(store, CLK));
    forger.set(load, DB, clock - 1);
    let place = told_of(&forger, WORD);
    forger.set(place, MT, stored);
    let free = (0..forger.columns[0].len() - 1).rposition(|place| forger.cell(place, MT) == 0).unwrap();
    forger.columns[MA][free] = fraction;
    forger.set(free, MT, clock);
    forger
}

/// The first operand is negative, and is taken for a number of 32 bits.
fn unseen_sign(operation: Arithmetic, claimed: u32) -> Forger {
    let (a, b) = (0x8000_0000, 4);
    let mut program = operands(a, b);
    program.register(operation, R, A, B).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, of_both, claimed);
    forger.set(row, SA, 0);
    if operation == Arithmetic::Slt {
        forger.set(row, K, 0);
        forger.set_limbs(row, a - b, 0);
    }
    forger
}

/// A byte of the right word, and not the one at the address: the rotation is another one.
fn another_byte() -> Forger {
    const BYTES: [u8; 4] = [1, 2, 3, 4];
    let mut program = Assembler::default();
    program.set(SP, PLACE).set(A, u32::from_le_bytes(BYTES)).store(Access::Word, A, SP, 0);
    program.load(Access::Byte, false, R, SP, 1).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, is_load, 3);
    forger.set(row, R0, 1);
    forger.set(row, R1, 1);
    for (index, y) in BYTES.into_iter().enumerate() {
        let x = BYTES[(index + 3) % 4];
        forger.set(row, X0 + index, x.into());
        forger.set(row, Z0 + index, (x & y).into());
    }
    forger
}

fn carry_that_is_no_bit() -> Forger {
    let mut program = operands(2, 3);
    program.register(Arithmetic::Add, R, A, B).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, of_both, 1_000_000);
    forger.set_limbs(row, 1_000_000, 0);
    forger.columns[K][row] = (element(5) - element(1_000_000)) / element(W);
    forger
}

/// A division by zero with any quotient: the divisor is said to be something, and a remainder above it fits by wrapping around.
fn denied_zero() -> Forger {
    let mut program = operands(100, 0);
    program.register(Arithmetic::Divu, R, A, B).write_output(R, 0);
    let (mut forger, row) = claiming(&mut program, |op| op.operation == Operation::Div, 7);
    forger.set_x(row, 7);
    forger.set(row, K, 0);
    forger.set_limbs(row, 100, 0_u32.wrapping_sub(101));
    forger
}

/// The second store of a word replaces what it writes itself, in the future, so that the table ends with the first.
fn older_output() -> Forger {
    let image: ProgramImage = operands(11, 22).write_output(A, 0).write_output(B, 0).exit_with(ZERO).image().unwrap();
    let mut forger = Forger::new(image, &[]);
    let stores = |value| move |forger: &Forger, row: usize| forger.cell(row, SST) == 1 && forger.cell(row, VD) == value;
    let length = forger.columns[0].len();
    let first = (0..length).find(|row| stores(11)(&forger, *row)).unwrap();
    let last = (0..length).find(|row| stores(22)(&forger, *row)).unwrap();
    let is_told = |place: &usize| forger.cell(*place, FO) == 1 && forger.cell(*place, MF) == 22;
    let place = (0..length).find(is_told).unwrap();
    let clock = forger.cell(first, CLK);
    forger.set(place, MF, 11);
    forger.set(place, MT, clock);
    forger.columns[DC][last] = -BaseElement::ONE;
    forger.set(last, DP, 22);
    forger.set_x(last, 22);
    forger.output = vec![11, 0, 0, 0];
    forger
}
