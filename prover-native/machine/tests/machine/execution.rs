//! The machine: instructions, memory, the interface to the program, and everything that ends a run.

use capseal_machine::{
    Execution, Fault, MAX_STREAM_BYTES, Trap,
    assembler::{Assembler, encode, register::*},
    execute,
};
use proptest::prelude::*;
use verifier_core::rv32im::{
    Access, Arithmetic, Condition, INPUT_BASE, Instruction, OUTPUT_BASE, ProgramImage, Segment,
};

const LIMIT: u64 = 1 << 20;

fn run(program: &Assembler, input: &[u8]) -> Result<Execution, Trap> {
    execute(&program.image().expect("an image"), input, LIMIT)
}

/// The trap of a program, which must name the given instruction.
fn trap_at(program: &Assembler, index: u32) -> Fault {
    let trap = run(program, b"").expect_err("a trap");
    assert_eq!((trap.pc, trap.cycles), (0x1_0000 + 4 * index, u64::from(index)), "{trap}");
    trap.fault
}

#[test]
fn a_run_ends_with_its_exit_code_and_output() {
    let mut program = Assembler::default();
    program.set(A1, 0x1234_5678).write_output(A1, 0).set(A2, 0xffff_fffe).exit_with(A2);
    let done = run(&program, b"").expect("a run");
    assert_eq!(done.exit_code, 0xffff_fffe);
    assert_eq!(done.output, 0x1234_5678_u32.to_le_bytes());
    assert_eq!(done.cycles, program.words().len() as u64);
    assert_eq!(done.registers[usize::from(A1)], 0x1234_5678);
}

#[test]
fn nothing_written_is_empty_output() {
    let done = run(Assembler::default().exit_with(ZERO), b"").expect("a run");
    assert_eq!((done.exit_code, done.cycles, done.output.len()), (0, 3, 0));
}

#[test]
fn the_input_is_a_length_and_padded_bytes() {
    let mut program = Assembler::default();
    program.set(S0, INPUT_BASE);
    for (word, offset) in [(0, 0), (1, 4), (2, 8), (3, 12)] {
        program.load(Access::Word, false, A1, S0, offset).write_output(A1, word);
    }
    program.exit_with(ZERO);
    let done = run(&program, b"abcdefg").expect("a run");
    assert_eq!(done.output, *b"\x07\0\0\0abcdefg\0\0\0\0\0");
}

#[test]
fn the_whole_space_is_memory() {
    let mut program = Assembler::default();
    program.set(A1, 0xdead_beef);
    for address in [0, 0x3fff_fffc, INPUT_BASE, 0x7fff_fffc, 0xffff_fffc] {
        program.set(S0, address);
        let fits = program.label();
        program.store(Access::Word, A1, S0, 0).load(Access::Word, false, A2, S0, 0);
        program.branch(Condition::Eq, A1, A2, fits).exit_with(A1).place(fits);
    }
    program.exit_with(ZERO);
    assert_eq!(run(&program, b"input").expect("a run").exit_code, 0);
}

#[test]
fn narrow_stores_leave_their_neighbours() {
    let mut program = Assembler::default();
    program.set(S0, 0x2_0000).set(A1, 0xffff_ffff).set(A2, 0x1234_5678).store(Access::Word, A1, S0, 0);
    program.store(Access::Byte, A2, S0, 1).store(Access::Half, A2, S0, 2);
    program.load(Access::Word, false, A3, S0, 0).write_output(A3, 0);
    program.load(Access::Half, true, A3, S0, 0).write_output(A3, 1);
    program.load(Access::Half, false, A3, S0, 0).write_output(A3, 2);
    program.load(Access::Byte, true, A3, S0, 0).write_output(A3, 3);
    program.load(Access::Byte, false, A3, S0, 3).write_output(A3, 4);
    let done = run(program.exit_with(ZERO), b"").expect("a run");
    let words: Vec<u32> = done.output.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    assert_eq!(words, [0x5678_78ff, 0x0000_78ff, 0x0000_78ff, 0xffff_ffff, 0x56]);
}

#[test]
fn register_zero_stays_zero() {
    let mut program = Assembler::default();
    program.immediate(Arithmetic::Add, ZERO, ZERO, 5).push(Instruction::Lui { rd: ZERO, imm: 0x1000 });
    program.push(Instruction::Jal { rd: ZERO, offset: 4 }).push(Instruction::Auipc { rd: ZERO, imm: 0x1000 });
    let done = run(program.exit_with(ZERO), b"").expect("a run");
    assert_eq!((done.exit_code, done.registers[0]), (0, 0));
}

#[test]
fn jalr_reads_its_base_before_it_links() {
    let mut program = Assembler::default();
    // The lowest bit of the target is cleared; the base is the register that is linked.
    program.set(RA, 0x1_0000 + 4 * 5 + 1).push(Instruction::Jalr { rd: RA, rs1: RA, offset: 0 });
    program.set(RA, 0).exit_with(RA);
    let done = run(&program, b"").expect("a run");
    assert_eq!(done.exit_code, 0x1_0000 + 4 * 3);
}

#[test]
fn what_is_no_instruction_ends_the_run() {
    for word in [0, 0x0010_0073, 0xc000_1073, 0x0000_100f, u32::MAX] {
        let mut bytes = encode(Instruction::Fence).to_le_bytes().to_vec();
        bytes.extend(word.to_le_bytes());
        let image = ProgramImage::new(0x1_0000, vec![Segment::new(0x1_0000, true, bytes)]).expect("an image");
        let trap = execute(&image, b"", LIMIT).expect_err("a trap");
        assert_eq!((trap.pc, trap.cycles, trap.fault), (0x1_0004, 1, Fault::IllegalInstruction { word }));
    }
}

#[test]
fn misaligned_accesses_end_the_run() {
    for (access, bytes, offset) in [(Access::Word, 4, 2), (Access::Word, 4, 1), (Access::Half, 2, 3)] {
        let address = 0x2_0000 + offset as u32;
        let mut load = Assembler::default();
        load.set(S0, 0x2_0000).load(access, true, A0, S0, offset);
        assert_eq!(trap_at(&load, 2), Fault::MisalignedLoad { address, bytes });
        let mut store = Assembler::default();
        store.set(S0, 0x2_0000).store(access, A0, S0, offset);
        assert_eq!(trap_at(&store, 2), Fault::MisalignedStore { address, bytes });
    }
}

#[test]
fn misaligned_jumps_end_the_run_where_they_are_taken() {
    let mut program = Assembler::default();
    let branch = |condition| Instruction::Branch { condition, rs1: ZERO, rs2: ZERO, offset: 6 };
    program.push(branch(Condition::Ne)).push(branch(Condition::Eq));
    assert_eq!(trap_at(&program, 1), Fault::MisalignedJump { target: 0x1_000a });
    let mut program = Assembler::default();
    program.push(Instruction::Jal { rd: ZERO, offset: 2 });
    assert_eq!(trap_at(&program, 0), Fault::MisalignedJump { target: 0x1_0002 });
    let mut program = Assembler::default();
    program.push(Instruction::Jalr { rd: ZERO, rs1: ZERO, offset: 3 });
    assert_eq!(trap_at(&program, 0), Fault::MisalignedJump { target: 2 });
}

#[test]
fn code_is_fetched_from_the_image_alone() {
    let mut program = Assembler::default();
    program.push(Instruction::Fence);
    assert_eq!(trap_at(&program, 1), Fault::FetchOutside { from: Some(0x1_0000) });
    let mut program = Assembler::default();
    program.set(S0, INPUT_BASE + 4).push(Instruction::Jalr { rd: RA, rs1: S0, offset: 0 });
    let trap = run(&program, &encode(Instruction::Ecall).to_le_bytes()).expect_err("a trap");
    assert_eq!((trap.pc, trap.fault), (INPUT_BASE + 4, Fault::FetchOutside { from: Some(0x1_0008) }));
}

#[test]
fn code_does_not_change() {
    let mut program = Assembler::default();
    program.set(S0, 0x1_0000).store(Access::Byte, A0, S0, 11);
    assert_eq!(trap_at(&program, 2), Fault::StoreIntoCode { address: 0x1_000b });
    // The rest of the page is memory like any other.
    let mut program = Assembler::default();
    program.set(S0, 0x1_0000).store(Access::Word, S0, S0, 0x100).load(Access::Word, false, A0, S0, 0x100);
    assert_eq!(run(program.exit_with(A0), b"").expect("a run").exit_code, 0x1_0000);
}

#[test]
fn there_is_one_call() {
    for number in [0, 92, 94, 0xffff_ffff] {
        let mut program = Assembler::default();
        program.set(A7, number).push(Instruction::Ecall);
        assert_eq!(trap_at(&program, 2), Fault::UnknownCall { number });
    }
}

#[test]
fn the_limit_is_the_number_of_cycles() {
    let mut program = Assembler::default();
    program.exit_with(ZERO);
    let image = program.image().expect("an image");
    assert_eq!(execute(&image, b"", 3).map(|done| done.cycles), Ok(3));
    let trap = execute(&image, b"", 2).expect_err("a trap");
    assert_eq!((trap.cycles, trap.fault), (2, Fault::CycleLimit { limit: 2 }));
    let mut endless = Assembler::default();
    endless.push(Instruction::Jal { rd: ZERO, offset: 0 });
    let trap = run(&endless, b"").expect_err("a trap");
    assert_eq!((trap.cycles, trap.fault), (LIMIT, Fault::CycleLimit { limit: LIMIT }));
}

#[test]
fn output_has_its_form() {
    let with = |length, first| {
        let mut program = Assembler::default();
        program.set(S0, OUTPUT_BASE).set(A1, length).set(A2, first);
        program.store(Access::Word, A1, S0, 0).store(Access::Word, A2, S0, 4).exit_with(ZERO);
        run(&program, b"").map(|done| done.output).map_err(|trap| trap.fault)
    };
    assert_eq!(with(3, 0x00aa_bbcc), Ok(vec![0xcc, 0xbb, 0xaa]));
    assert_eq!(with(3, 0x0100_0000), Err(Fault::OutputPadding));
    assert_eq!(with(0, 0x0100_0000), Ok(vec![]));
    let bytes = MAX_STREAM_BYTES as u32 + 1;
    assert_eq!(with(bytes, 0), Err(Fault::OutputTooLong { bytes }));
    assert_eq!(with(u32::MAX, 0), Err(Fault::OutputTooLong { bytes: u32::MAX }));
}

#[test]
fn a_trap_says_where_and_why() {
    let trap =
        Trap { pc: 0x1_0000, function: Some("main+0x4".into()), cycles: 7, fault: Fault::UnknownCall { number: 1 } };
    assert_eq!(trap.to_string(), "unknown ecall 1 (only 93 is there) at pc 0x00010000 (main+0x4), after 7 cycles");
}

fn any_instruction() -> impl Strategy<Value = Instruction> {
    let register = || 0..32_u8;
    let operation = prop::sample::select(OPERATIONS.to_vec());
    let condition = prop::sample::select(CONDITIONS.to_vec());
    let access = || prop::sample::select(vec![Access::Byte, Access::Half, Access::Word]);
    let small = || (-2048..2048_i32).prop_map(i32::cast_unsigned);
    prop_oneof![
        (register(), any::<u32>()).prop_map(|(rd, imm)| Instruction::Lui { rd, imm: imm & !0xfff }),
        (register(), any::<u32>()).prop_map(|(rd, imm)| Instruction::Auipc { rd, imm: imm & !0xfff }),
        (register(), -0x8_0000..0x8_0000_i32)
            .prop_map(|(rd, half)| Instruction::Jal { rd, offset: (2 * half).cast_unsigned() }),
        (register(), register(), small()).prop_map(|(rd, rs1, offset)| Instruction::Jalr { rd, rs1, offset }),
        (condition, register(), register(), -2048..2048_i32).prop_map(|(condition, rs1, rs2, half)| {
            Instruction::Branch { condition, rs1, rs2, offset: (2 * half).cast_unsigned() }
        }),
        (access(), any::<bool>(), register(), register(), small()).prop_map(|(access, signed, rd, rs1, offset)| {
            Instruction::Load { access, signed: signed && access != Access::Word, rd, rs1, offset }
        }),
        (access(), register(), register(), small()).prop_map(|(access, rs1, rs2, offset)| Instruction::Store {
            access,
            rs1,
            rs2,
            offset
        }),
        (operation.clone(), register(), register(), small()).prop_filter_map(
            "has no immediate form",
            |(operation, rd, rs1, imm)| {
                let imm = match operation {
                    Arithmetic::Sll | Arithmetic::Srl | Arithmetic::Sra => imm % 32,
                    Arithmetic::Add | Arithmetic::Slt | Arithmetic::Sltu => imm,
                    Arithmetic::Xor | Arithmetic::Or | Arithmetic::And => imm,
                    _ => return None,
                };
                Some(Instruction::Immediate { operation, rd, rs1, imm })
            }
        ),
        (operation, register(), register(), register()).prop_map(|(operation, rd, rs1, rs2)| Instruction::Register {
            operation,
            rd,
            rs1,
            rs2
        }),
        Just(Instruction::Fence),
        Just(Instruction::Ecall),
    ]
}

const OPERATIONS: [Arithmetic; 18] = [
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

const CONDITIONS: [Condition; 6] =
    [Condition::Eq, Condition::Ne, Condition::Lt, Condition::Ge, Condition::Ltu, Condition::Geu];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn an_instruction_decodes_to_itself(instruction in any_instruction()) {
        prop_assert_eq!(Instruction::decode(encode(instruction)), Some(instruction));
    }

    #[test]
    fn a_word_that_is_an_instruction_encodes_to_itself(word in any::<u32>(), opcode in 0..12_usize) {
        let opcode = [0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x33, 0x0f, 0x73, 0x7f][opcode];
        let word = word & !0x7f | opcode;
        match Instruction::decode(word) {
            Some(Instruction::Fence) => prop_assert_eq!(word & 0x707f, 0x000f),
            Some(instruction) => prop_assert_eq!(encode(instruction), word),
            None => {}
        }
    }
}
