//! Every instruction, against tables of results from another implementation, and random programs, against qemu.
//!
//! qemu-riscv32 (Debian's qemu-user) is looked for in PATH or named by QEMU_RISCV32; where there is none, the comparison is
//! left out and says so. `--ignored` compares 10,000 programs.
#![allow(clippy::print_stderr, reason = "says how much was compared")]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use capseal_machine::testing::{
    conformance::suite,
    elf::{self, Part},
    random::{CODE, MEMORY, RandomProgram},
    tables::{BRANCHES, LOADS, OPERATIONS},
};
use capseal_machine::{
    assembler::{encode, register::*},
    execute,
};
use rayon::prelude::*;
use verifier_core::rv32im::{Instruction, ProgramImage, Segment};

const LIMIT: u64 = 1 << 20;

#[test]
fn every_instruction_gives_the_result_of_its_table() {
    let suite = suite();
    for program in &suite {
        let done = execute(&program.image, b"", LIMIT);
        let done = done.unwrap_or_else(|trap| panic!("{}: {trap}", program.name));
        assert_eq!(done.exit_code, 0, "{}: the row of this number", program.name);
        assert_eq!(done.output, b"");
    }
    let names: BTreeSet<_> = suite.iter().map(|program| program.name.as_str()).collect();
    assert_eq!(names.len(), 47, "one program for each instruction: {names:?}");
}

/// The tables tell every operation, condition and load from every other: with the instruction exchanged, its program fails.
#[test]
fn the_suite_notices_every_exchange() {
    let mut exchanges = 0;
    for program in suite() {
        let words: Vec<u32> = program.image.segments()[0].words().map(|(_, word)| word).collect();
        for exchange in exchanges_for(&program.name) {
            let exchanged =
                words.iter().map(|word| Instruction::decode(*word).and_then(&exchange).map_or(*word, encode));
            let bytes: Vec<u8> = exchanged.flat_map(u32::to_le_bytes).collect();
            let image = ProgramImage::new(CODE, vec![Segment::new(CODE, true, bytes)]).expect("an image");
            let noticed = execute(&image, b"", LIMIT).map_or(true, |done| done.exit_code != 0);
            assert!(noticed, "{}", program.name);
            exchanges += 1;
        }
    }
    assert_eq!(exchanges, 18 * 17 + 6 * 5 + 5 * 4);
}

/// What an instruction becomes, if it is to become another.
type Exchange = Box<dyn Fn(Instruction) -> Option<Instruction>>;

/// The instruction of a program becomes each of the others of its form.
fn exchanges_for(name: &str) -> Vec<Exchange> {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for own in OPERATIONS.map(|(operation, _)| operation).into_iter().filter(|own| is_named(own, "", name)) {
        for other in OPERATIONS.map(|(operation, _)| operation).into_iter().filter(|other| *other != own) {
            exchanges.push(Box::new(move |instruction| match instruction {
                Instruction::Register { operation, rd, rs1, rs2 } if operation == own => {
                    Some(Instruction::Register { operation: other, rd, rs1, rs2 })
                }
                _ => None,
            }));
        }
    }
    for own in BRANCHES.map(|(condition, _)| condition).into_iter().filter(|own| is_named(own, "b", name)) {
        for other in BRANCHES.map(|(condition, _)| condition).into_iter().filter(|other| *other != own) {
            exchanges.push(Box::new(move |instruction| match instruction {
                // The operands of the rows; other branches compare results.
                Instruction::Branch { condition, rs1: A1, rs2: A2, offset } if condition == own => {
                    Some(Instruction::Branch { condition: other, rs1: A1, rs2: A2, offset })
                }
                _ => None,
            }));
        }
    }
    let loads = LOADS.iter().filter(|_| LOADS.iter().any(|(load, ..)| *load == name));
    for &(_, access, signed, _) in loads.filter(|(load, ..)| *load != name) {
        exchanges.push(Box::new(move |instruction| match instruction {
            Instruction::Load { rd, rs1, offset, .. } => Some(Instruction::Load { access, signed, rd, rs1, offset }),
            _ => None,
        }));
    }
    exchanges
}

fn is_named(mnemonic: &impl std::fmt::Debug, prefix: &str, name: &str) -> bool {
    format!("{prefix}{mnemonic:?}").to_lowercase() == name
}

#[test]
fn random_programs_run_as_in_qemu() {
    compare_with_qemu(0..64);
}

#[test]
#[ignore = "takes minutes"]
fn ten_thousand_random_programs_run_as_in_qemu() {
    compare_with_qemu(1000..11_000);
}

fn compare_with_qemu(numbers: std::ops::Range<u64>) {
    let qemu = std::env::var("QEMU_RISCV32").unwrap_or_else(|_| "qemu-riscv32".to_owned());
    if Command::new(&qemu).arg("-version").stdout(Stdio::null()).status().is_err() {
        eprintln!("no {qemu}: not compared");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let count = numbers.end - numbers.start;
    let cycles: u64 = numbers.into_par_iter().map(|number| compare(number, &qemu, folder.path())).sum();
    eprintln!("{count} programs, {cycles} cycles: as in qemu");
}

/// Runs a random program here and there; cycles of the run here.
fn compare(number: u64, qemu: &str, folder: &Path) -> u64 {
    let program = RandomProgram::new(number, 20 + (number % 180) as usize);
    let here = execute(&program.image(), b"", LIMIT).unwrap_or_else(|trap| panic!("program {number}: {trap}"));
    let (code, data) = program.for_linux();
    let file = folder.join(number.to_string());
    let parts = [Part::new(CODE, elf::CODE, code), Part::new(MEMORY, elf::DATA, data)];
    fs::write(&file, elf::file(CODE, &parts)).expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("an executable file");
    let there = Command::new(qemu).arg(&file).output().expect("qemu runs");
    fs::remove_file(&file).expect("the file goes");
    assert!(there.status.success(), "program {number}: {there:?}");
    assert_eq!(here.output.len(), capseal_machine::testing::random::OUTPUT_BYTES as usize);
    if let Some(place) = (0..here.output.len()).find(|&place| here.output[place] != there.stdout[place]) {
        panic!("program {number}: byte {place} of memory and registers is another in qemu");
    }
    assert_eq!(here.output, there.stdout);
    here.cycles
}
