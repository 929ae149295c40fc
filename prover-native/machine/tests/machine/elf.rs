//! ELF files: what is loaded, what is refused and why, and that hostile ones do no harm.

use capseal_machine::testing::elf::{CODE, DATA, Part, file, with_symbols};
use capseal_machine::{
    ElfError, Fault, Program,
    assembler::{Assembler, register::*},
    is_riscv_elf,
};
use proptest::prelude::*;
use verifier_core::rv32im::{ImageError, Instruction, MAX_IMAGE_BYTES, Segment};

fn exit() -> Vec<u8> {
    let mut program = Assembler::default();
    program.exit_with(ZERO).words().into_iter().flat_map(u32::to_le_bytes).collect()
}

fn program() -> Vec<u8> {
    let zeroed = Part { size: 0x1000, ..Part::new(0x2_0002, DATA, vec![1, 2, 3]) };
    file(0x1_0000, &[zeroed, Part::new(0x1_0000, CODE, exit())])
}

fn refusal(file: &[u8]) -> ElfError {
    Program::from_elf(file).expect_err("a refusal")
}

/// The program with a byte of its header changed.
fn with(place: usize, value: u8) -> Vec<u8> {
    let mut file = program();
    file[place] = value;
    file
}

#[test]
fn segments_are_loaded_as_whole_words() {
    let program = Program::from_elf(&program()).expect("a program");
    assert_eq!(program.image.entry(), 0x1_0000);
    let code = Segment::new(0x1_0000, true, exit());
    let data = Segment::new(0x2_0000, false, vec![0, 0, 1, 2, 3, 0, 0, 0]);
    assert_eq!(program.image.segments(), [code, data]);
    assert_eq!(program.execute(b"", 10).map(|done| done.exit_code), Ok(0));
}

#[test]
fn segments_may_meet_inside_a_word() {
    let parts = |flags| {
        [
            Part::new(0x1_0000, CODE, exit()),
            Part::new(0x2_0000, DATA, vec![1]),
            Part::new(0x2_0002, flags, vec![2, 3, 4]),
        ]
    };
    let program = Program::from_elf(&file(0x1_0000, &parts(DATA))).expect("a program");
    assert_eq!(program.image.segments()[1], Segment::new(0x2_0000, false, vec![1, 0, 2, 3, 4, 0, 0, 0]));
    assert_eq!(refusal(&file(0x1_0000, &parts(CODE))), ElfError::SharedWord { address: 0x2_0002 });
}

#[test]
fn other_files_are_told_apart() {
    assert_eq!(refusal(b"#!/bin/sh\n"), ElfError::NotElf);
    assert_eq!(refusal(b""), ElfError::NotElf);
    assert!(matches!(refusal(b"\x7fELF"), ElfError::Malformed(_)));
    assert_eq!(refusal(&with(18, 62)), ElfError::OtherMachine { machine: 62 });
    assert_eq!(refusal(&with(4, 2)), ElfError::Not32Bit);
    assert_eq!(refusal(&with(36, 1)), ElfError::Compressed);
    assert_eq!(refusal(&with(36, 2)), ElfError::HardFloat);
    assert_eq!(refusal(&with(36, 8)), ElfError::FewRegisters);
    assert_eq!(refusal(&with(16, 3)), ElfError::Dynamic);
    assert_eq!(refusal(&with(16, 1)), ElfError::NotExecutable);
    for (kind, error) in [(2, ElfError::Dynamic), (3, ElfError::Dynamic)] {
        assert_eq!(refusal(&with(52, kind)), error);
    }
    assert!(is_riscv_elf(&program()) && is_riscv_elf(&with(4, 2)));
    assert!(!is_riscv_elf(&with(18, 62)) && !is_riscv_elf(b"\x7fELF") && !is_riscv_elf(b"#!/bin/sh"));
}

#[test]
fn segments_keep_to_the_memory_map() {
    let code = || Part::new(0x1_0000, CODE, exit());
    let refused = |part| refusal(&file(0x1_0000, &[code(), part]));
    let zeroed = |address, size| Part { address, flags: DATA, content: vec![], size };
    assert_eq!(refused(zeroed(0x3fff_fff0, 0x20)), ElfError::OutsideProgram { address: 0x3fff_fff0, size: 0x20 });
    assert!(matches!(refused(zeroed(u32::MAX, 2)), ElfError::OutsideProgram { .. }));
    assert_eq!(refused(Part::new(0x1_0004, DATA, vec![0; 4])), ElfError::Overlap { address: 0x1_0004 });
    assert_eq!(refused(zeroed(0xff00, 0x101)), ElfError::Overlap { address: 0x1_0000 });
    assert!(matches!(refused(Part { size: 1, ..Part::new(0x2_0000, DATA, vec![0; 2]) }), ElfError::Malformed(_)));
    let bytes = MAX_IMAGE_BYTES + exit().len();
    let large = refused(Part::new(0x10_0000, DATA, vec![0; MAX_IMAGE_BYTES]));
    assert_eq!(large, ElfError::Image(ImageError::TooLarge { bytes }));
    for entry in [0, 0x1_0002, 0x2_0000] {
        assert_eq!(refusal(&file(entry, &[code()])), ElfError::Image(ImageError::Entry { entry }));
    }
    assert_eq!(refusal(&file(0, &[])), ElfError::Image(ImageError::Entry { entry: 0 }));
}

#[test]
fn a_trap_names_the_function() {
    let code = Assembler::default().set(A7, 1).push(Instruction::Ecall).words();
    let code = code.into_iter().flat_map(u32::to_le_bytes).collect();
    let file = file(0x1_0000, &[Part::new(0x1_0000, CODE, code)]);
    let symbols: [(u32, u32, u8, &[u8]); 5] = [
        (0x1_0000, 0, 0, b"$x"),
        (0x1_0000, 0, 0, b".Lmark"),
        (0x1_0000, 0, 0, b"_start"),
        (0x1_0004, 8, 2, b"_ZN5guest4main17h0123456789abcdefE"),
        (0x9_0000, 8, 2, b"elsewhere"),
    ];
    let program = Program::from_elf(&with_symbols(file, &symbols)).expect("a program");
    let names: Vec<_> = program.symbols.functions().iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["_start", "guest::main"]);
    let trap = program.execute(b"", 10).expect_err("a trap");
    assert_eq!((trap.fault, trap.function.as_deref()), (Fault::UnknownCall { number: 1 }, Some("guest::main+0x4")));
}

/// Many segments that are one and the same part of a large file must not be added up in memory.
#[test]
fn a_small_file_takes_little_memory() {
    let mut hostile = program();
    hostile.resize(1 << 20, 0);
    let header = 52;
    let count = 30_000_u16;
    let table: Vec<u8> = (0..u32::from(count))
        .flat_map(|place| [1, 0, place * 0x8000, 0, 1 << 20, 1 << 20, CODE, 4])
        .flat_map(u32::to_le_bytes)
        .collect();
    hostile.splice(header..header + table.len().min(hostile.len() - header), table);
    hostile[44..46].copy_from_slice(&count.to_le_bytes());
    assert!(matches!(refusal(&hostile), ElfError::Overlap { .. } | ElfError::Malformed(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn a_changed_file_is_read_or_refused(changes in prop::collection::vec((0..256_usize, any::<u8>()), 1..6)) {
        let mut file = program();
        for (place, value) in changes {
            file[place] = value;
        }
        if let Ok(program) = Program::from_elf(&file) {
            let _ = program.execute(b"", 1000);
        }
    }

    #[test]
    fn changed_symbols_are_read_or_refused(changes in prop::collection::vec((0..300_usize, any::<u8>()), 1..8)) {
        let mut file = with_symbols(program(), &[(0x1_0000, 12, 2, b"main"), (0x1_0004, 0, 0, b"label")]);
        let sections = file.len() - 300;
        for (place, value) in changes {
            file[sections + place] = value;
        }
        if let Ok(program) = Program::from_elf(&file) {
            let _ = program.symbols.place(0x1_0008);
        }
    }

    #[test]
    fn a_cut_file_is_read_or_refused(length in 0..9000_usize) {
        let file = program();
        let _ = Program::from_elf(&file[..length.min(file.len())]);
    }
}
