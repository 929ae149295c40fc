//! The rules that the soundness of the memory bus asks of the decoder, for every form of every instruction.

use std::collections::BTreeSet;

use verifier_core::air::rv32im::columns::*;
use verifier_core::air::rv32im::micro_op::{self, MAX_PER_INSTRUCTION, MICRO_STEP, MicroOp, Operation, SINK, ZERO};
use verifier_core::rv32im::Instruction;

const PC_OF_ALL: u32 = 0x1_0000;

/// Registers that only micro-ops name.
const TEMPORARIES: std::ops::Range<u8> = 34..40;

/// Words of every opcode and function, with every choice of operands among a few registers.
fn words() -> impl Iterator<Item = u32> {
    const REGISTERS: [u32; 5] = [0, 1, 2, 17, 31];
    let opcodes = [0x37, 0x17, 0x6f, 0x67, 0x63, 0x03, 0x23, 0x13, 0x33, 0x0f, 0x73];
    let functions = (0..8).flat_map(|funct3| [0, 0x20, 1, 0x7f].map(|funct7: u32| funct7 << 25 | funct3 << 12));
    let registers = REGISTERS
        .into_iter()
        .flat_map(|rd| REGISTERS.into_iter().flat_map(move |rs1| REGISTERS.map(|rs2| rs2 << 20 | rs1 << 15 | rd << 7)));
    let fields: Vec<u32> =
        functions.flat_map(|function| registers.clone().map(move |registers| function | registers)).collect();
    opcodes
        .into_iter()
        .flat_map(move |opcode| fields.clone().into_iter().map(move |fields| fields | opcode))
        .chain([0x73])
}

#[test]
fn no_instruction_is_more_micro_ops_than_the_constant_says() {
    let mut most = 0;
    for instruction in words().filter_map(Instruction::decode) {
        let mut ops = Vec::new();
        micro_op::decode(PC_OF_ALL, instruction, &mut ops);
        most = most.max(ops.len());
    }
    assert_eq!(most, MAX_PER_INSTRUCTION);
}

#[test]
fn micro_ops_keep_the_rules_of_the_memory_bus() {
    for word in words() {
        let Some(instruction) = Instruction::decode(word) else { continue };
        let mut ops = Vec::new();
        micro_op::decode(PC_OF_ALL, instruction, &mut ops);
        assert!(!ops.is_empty(), "{word:#x}");
        let mut written = BTreeSet::new();
        for (index, op) in (0..).zip(&ops) {
            assert_eq!(op.pc, u64::from(PC_OF_ALL) + MICRO_STEP * index);
            check_slots(op);
            check_fields(op);
            check_course(op, &ops, instruction);
            let read = [Some(op.rs1), op.reads_rs2().then_some(op.rs2)].into_iter().flatten();
            for register in read.filter(|register| TEMPORARIES.contains(register)) {
                assert!(written.contains(&register), "{word:#x} reads {register} before it is written");
            }
            written.extend(op.writes_rd().then_some(op.rd));
        }
    }
}

/// No register twice in the slots that read; a constant only beside the second zero; nothing writes a zero.
fn check_slots(op: &MicroOp) {
    assert!(op.rs1 < TEMPORARIES.end && ![SINK, ZERO].contains(&op.rs1), "{op:?}");
    if op.reads_rs2() {
        assert!(op.rs2 < TEMPORARIES.end && ![0, SINK, op.rs1].contains(&op.rs2), "{op:?}");
        assert!(op.imm == 0 || op.rs2 == ZERO, "{op:?}");
    } else {
        assert_eq!((op.rs2, op.imm), (0, 0), "{op:?}");
    }
    if op.writes_rd() {
        assert!(op.rd < TEMPORARIES.end && ![0, ZERO].contains(&op.rd), "{op:?}");
    } else {
        assert_eq!(op.rd, 0, "{op:?}");
    }
}

/// Flags are bits, of classes and of widths at most one is set, and the two comparisons of registers are right.
fn check_fields(op: &MicroOp) {
    let fields = op.fields().map(|field| field.as_int());
    let set = |columns: &[usize]| columns.iter().map(|column| fields[*column]).sum::<u64>();
    assert!([SLT, SEQ, SMUL, SSH, SDIV, SLD, SST, SJR].iter().chain(&[SP, SB, SHF]).all(|column| fields[*column] <= 1));
    assert!(set(&[SLT, SEQ, SMUL, SSH, SDIV, SLD, SST, SJR]) <= 1, "{op:?}");
    assert!(set(&[SB, SHF]) <= set(&[SLD, SST]), "{op:?}");
    let first = op.writes_rd() && op.rd == op.rs1;
    let second = op.writes_rd() && op.reads_rs2() && op.rd == op.rs2;
    assert_eq!((fields[S13], fields[S23]), (first.into(), second.into()), "{op:?}");
}

/// Execution goes on behind the instruction or further down in it, unless the instruction jumps.
fn check_course(op: &MicroOp, ops: &[MicroOp], instruction: Instruction) {
    let behind = u64::from(PC_OF_ALL) + 4;
    let is_local = |address: u64| address == behind || ops.iter().any(|other| other.pc == address && other.pc > op.pc);
    let jumps = matches!(instruction, Instruction::Jal { .. } | Instruction::Branch { .. } | Instruction::Ecall);
    match op.operation {
        Operation::JumpRegister => assert_eq!(op.next, 0),
        _ if jumps => {}
        Operation::BranchEqual | Operation::BranchLess { .. } => assert!(is_local(op.next) && is_local(op.target)),
        _ => assert!(is_local(op.next), "{op:?}"),
    }
}
