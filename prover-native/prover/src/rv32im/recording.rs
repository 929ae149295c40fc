//! Running the micro-ops of a program, and what a row is made from.
//!
//! Only what the cells of a row cannot be computed from by itself is kept: the operands, the old value, and the times
//! between accesses. Nothing here is trusted: the proof shows that the rows are right.

use std::fmt;

use verifier_core::air::rv32im::micro_op::{BUS_REGISTERS, MICRO_STEP, MicroOp, Operation, PAD};
use verifier_core::air::rv32im::{
    MAX_TRACE_LENGTH, MIN_TRACE_LENGTH, Program, Run, Rv32imError, initial_words, stream_words,
};
use verifier_core::rv32im::{Access, Arithmetic, OUTPUT_BASE, ProgramImage, WORD_BYTES};

use super::memory::{Cell, Memory};

/// What a row is made from, besides its micro-op.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Place of the micro-op in the program.
    pub op: u32,
    /// Value of slot A.
    pub v1: u32,
    /// Value of slot B.
    pub v2: u32,
    /// New value of slot C.
    pub vd: u32,
    /// Old value of slot C.
    pub dp: u32,
    /// `DA`, `DB`, `DC`.
    pub ago: [u32; 3],
}

/// A run, by rows, before it is a trace.
pub struct Recording {
    pub(super) image: ProgramImage,
    pub(super) input: Vec<u8>,
    pub(super) output: Vec<u8>,
    pub(super) program: Program,
    pub(super) records: Vec<Record>,
    pub(super) registers: [Cell; BUS_REGISTERS],
    /// The memory table: word address and cell, by address, one for each row but the last.
    pub(super) table: Vec<(u32, Cell)>,
    /// Word address in the last row.
    pub(super) memory_end: u32,
    pub(super) cycles: u64,
}

impl Recording {
    /// Runs the program on the input.
    ///
    /// # Errors
    /// [`RunError`] when the run does not end with the exit call, or is longer than one proof.
    pub fn new(image: ProgramImage, input: Vec<u8>) -> Result<Self, RunError> {
        Self::of_machine(image, input, |_, op, operands| result(op, operands))
    }

    /// Runs the program on a machine of which `step` says what it does: row, micro-op and operands in, new value of slot C
    /// and next address out. Of another machine than [`result`] the trace is not provable; tests ask for it.
    ///
    /// # Errors
    /// [`RunError`], as [`Recording::new`].
    pub fn of_machine(
        image: ProgramImage,
        input: Vec<u8>,
        mut step: impl FnMut(usize, &MicroOp, Operands) -> (u32, u64),
    ) -> Result<Self, RunError> {
        let program = Program::decode(&image).ok_or(RunError::Statement(Rv32imError::ProgramTooLarge))?;
        let memory = Memory::new(initial_words(&image, &input));
        let mut machine = Machine { memory, registers: [Cell::default(); BUS_REGISTERS], records: Vec::new() };
        let cycles = machine.run(&image, &program, &mut step)?;
        let output = output(&machine.memory)?;
        let Machine { mut memory, mut registers, mut records } = machine;
        for (address, _) in stream_words(OUTPUT_BASE, &output) {
            memory.cell(address).output = true;
        }
        let mut table = with_gaps_filled(memory.cells());
        let rows = records.len().max(table.len()).max(MIN_TRACE_LENGTH as usize - 1);
        let length = (rows + 1).next_power_of_two();
        if length > MAX_TRACE_LENGTH as usize {
            return Err(RunError::TooLong { rows });
        }
        let mut next = table.last().map_or(0, |(address, _)| address + 1);
        while table.len() < length - 1 {
            table.push((next, Cell::default()));
            next += 1;
        }
        pad(&program, &mut registers, &mut records, length - 1);
        Ok(Self { image, input, output, program, records, registers, table, memory_end: next, cycles })
    }

    /// Rows of the trace.
    pub fn trace_length(&self) -> u32 {
        self.records.len() as u32 + 1
    }

    /// Instructions executed.
    pub const fn cycles(&self) -> u64 {
        self.cycles
    }

    /// The exit code.
    pub const fn exit_code(&self) -> u32 {
        self.registers[10].value
    }

    /// What was written.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    pub(super) fn run(&self) -> Run {
        Run {
            image: self.image.clone(),
            input: self.input.clone(),
            output: self.output.clone(),
            exit_code: self.exit_code(),
            cycles: self.cycles,
            trace_length: self.trace_length(),
        }
    }
}

/// The first word, the touched ones, and as many between them that no two are further apart than a look-up can show.
fn with_gaps_filled(touched: impl Iterator<Item = (u32, Cell)>) -> Vec<(u32, Cell)> {
    const GAP: u32 = 1 << 16;
    let mut table: Vec<(u32, Cell)> = Vec::new();
    for (address, cell) in touched {
        if table.is_empty() && address > 0 {
            table.push((0, Cell::default()));
        }
        while let Some((last, _)) = table.last()
            && address - last > GAP
        {
            table.push((last + GAP, Cell::default()));
        }
        table.push((address, cell));
    }
    table
}

/// Repeats the padding until there are `rows` rows.
fn pad(program: &Program, registers: &mut [Cell; BUS_REGISTERS], records: &mut Vec<Record>, rows: usize) {
    let place = program.ops().len() - 1;
    let MicroOp { rs1, rs2, rd, .. } = program.ops()[place];
    while records.len() < rows {
        let clock = records.len() as u32 + 1;
        let mut touch = |register: u8| {
            let cell = &mut registers[usize::from(register)];
            let ago = clock - 1 - cell.time;
            cell.time = clock;
            ago
        };
        let ago = [rs1, rs2, rd].map(&mut touch);
        let dp = std::mem::take(&mut registers[usize::from(rd)].value);
        records.push(Record { op: place as u32, dp, ago, ..Record::default() });
    }
}

/// What the guest wrote: a length, bytes, and zeros up to a word.
fn output(memory: &Memory) -> Result<Vec<u8>, RunError> {
    let base = OUTPUT_BASE / WORD_BYTES;
    let length = memory.value(base);
    let words = length.div_ceil(WORD_BYTES);
    if u64::from(words) + u64::from(base) + 1 > 1 << 30 {
        return Err(RunError::Output { length });
    }
    let mut bytes: Vec<u8> = (0..words).flat_map(|word| memory.value(base + 1 + word).to_le_bytes()).collect();
    if bytes[length as usize..].iter().any(|byte| *byte != 0) {
        return Err(RunError::Output { length });
    }
    bytes.truncate(length as usize);
    Ok(bytes)
}

struct Machine {
    memory: Memory,
    registers: [Cell; BUS_REGISTERS],
    records: Vec<Record>,
}

/// Finds micro-ops by address.
struct Index {
    /// First address of a segment, and the place of each instruction's first micro-op.
    segments: Vec<(u64, Vec<u32>)>,
    pad: u32,
}

impl Index {
    fn new(image: &ProgramImage, program: &Program) -> Self {
        let executable = image.segments().iter().filter(|segment| segment.is_executable());
        let mut segments: Vec<(u64, Vec<u32>)> = executable
            .map(|segment| (segment.address().into(), vec![u32::MAX; segment.content().len() / WORD_BYTES as usize]))
            .collect();
        for (place, op) in program.ops().iter().enumerate().filter(|(_, op)| op.is_first()) {
            let segment = segments.iter_mut().rfind(|(start, _)| *start <= op.pc);
            if let Some((start, places)) = segment {
                places[((op.pc - *start) / u64::from(WORD_BYTES)) as usize] = place as u32;
            }
        }
        Self { segments, pad: program.ops().len() as u32 - 1 }
    }

    fn find(&self, program: &Program, pc: u64) -> Option<u32> {
        if pc == PAD {
            return Some(self.pad);
        }
        let instruction = pc % MICRO_STEP;
        let (start, places) = self.segments.iter().rfind(|(start, _)| *start <= instruction)?;
        let first = *places.get(((instruction - start) / u64::from(WORD_BYTES)) as usize)?;
        let place = first.checked_add((pc / MICRO_STEP) as u32)?;
        (program.ops().get(place as usize)?.pc == pc).then_some(place)
    }
}

impl Machine {
    /// Runs from the entry to the padding; the number of instructions executed.
    fn run(
        &mut self,
        image: &ProgramImage,
        program: &Program,
        step: &mut impl FnMut(usize, &MicroOp, Operands) -> (u32, u64),
    ) -> Result<u64, RunError> {
        let index = Index::new(image, program);
        let mut pc = u64::from(image.entry());
        let mut cycles = 0;
        while pc != PAD {
            let place = index.find(program, pc).ok_or(RunError::Fetch { pc })?;
            let op = &program.ops()[place as usize];
            if self.records.len() + 1 >= MAX_TRACE_LENGTH as usize {
                return Err(RunError::TooLong { rows: self.records.len() });
            }
            cycles += u64::from(op.is_first());
            pc = self.step(place, op, step)?;
        }
        Ok(cycles)
    }

    fn step(
        &mut self,
        place: u32,
        op: &MicroOp,
        step: &mut impl FnMut(usize, &MicroOp, Operands) -> (u32, u64),
    ) -> Result<u64, RunError> {
        let clock = self.records.len() as u32 + 1;
        let mut ago = [0; 3];
        let access = |cell: &mut Cell, ago: &mut u32| {
            *ago = clock - 1 - cell.time;
            cell.time = clock;
            cell.value
        };
        let v1 = access(&mut self.registers[usize::from(op.rs1)], &mut ago[0]);
        let address = v1.wrapping_add(op.off);
        let v2 = if op.reads_rs2() {
            access(&mut self.registers[usize::from(op.rs2)], &mut ago[1])
        } else {
            access(self.memory.cell(word_address(op, address)?), &mut ago[1])
        };
        let slot_c = if op.writes_rd() {
            &mut self.registers[usize::from(op.rd)]
        } else {
            self.memory.cell(word_address(op, address)?)
        };
        let ago_of_this_row = u32::from(op.rd_is_rs1() || op.rd_is_rs2());
        let dp = slot_c.value;
        // A value of this row is no time ago; all others are one less than the difference.
        ago[2] = clock - 1 + ago_of_this_row - slot_c.time;
        let (vd, next) = step(self.records.len(), op, Operands { v1, v2, dp });
        (slot_c.value, slot_c.time) = (vd, clock);
        self.records.push(Record { op: place, v1, v2, vd, dp, ago });
        Ok(next)
    }
}

fn word_address(op: &MicroOp, address: u32) -> Result<u32, RunError> {
    let width = match op.operation {
        Operation::Load { access, .. } | Operation::Store { access } => access.bytes(),
        _ => 1,
    };
    if address.is_multiple_of(width) {
        Ok(address / WORD_BYTES)
    } else {
        Err(RunError::Misaligned { pc: op.pc % MICRO_STEP, address })
    }
}

/// What a micro-op reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operands {
    /// Value of slot A.
    pub v1: u32,
    /// Value of slot B.
    pub v2: u32,
    /// Old value of slot C.
    pub dp: u32,
}

/// What a micro-op does: the new value of slot C, and where execution goes on.
pub fn result(op: &MicroOp, Operands { v1, v2, dp }: Operands) -> (u32, u64) {
    let b = v2.wrapping_add(op.imm);
    let by = |operation: Arithmetic| (operation.apply(v1, b), op.next);
    let branch = |taken: bool| (0, if taken { op.target } else { op.next });
    let less = |signed: bool| if signed { v1.cast_signed() < b.cast_signed() } else { v1 < b };
    let address = v1.wrapping_add(op.off);
    match op.operation {
        Operation::Add => by(Arithmetic::Add),
        Operation::Sub => by(Arithmetic::Sub),
        Operation::And => by(Arithmetic::And),
        Operation::Or => by(Arithmetic::Or),
        Operation::Xor => by(Arithmetic::Xor),
        Operation::SetLess { signed } => (less(signed).into(), op.next),
        Operation::ShiftLeft => by(Arithmetic::Sll),
        Operation::ShiftRight => by(Arithmetic::Srl),
        Operation::ShiftRightSigned => by(Arithmetic::Sra),
        Operation::Mul => by(Arithmetic::Mul),
        Operation::MulHigh => by(Arithmetic::Mulhu),
        Operation::Div => by(Arithmetic::Divu),
        Operation::Rem => by(Arithmetic::Remu),
        Operation::Load { access, signed } => (loaded(v2, address, access, signed), op.next),
        Operation::Store { access } => (stored(dp, v2, address, access), op.next),
        Operation::BranchEqual => branch(v1 == b),
        Operation::BranchLess { signed } => branch(less(signed)),
        Operation::JumpRegister => (op.link() as u32, (address & !1).into()),
    }
}

fn loaded(word: u32, address: u32, access: Access, signed: bool) -> u32 {
    let part = word >> (8 * (address % WORD_BYTES));
    match (access, signed) {
        (Access::Byte, false) => part & 0xff,
        (Access::Byte, true) => i32::from(part as i8).cast_unsigned(),
        (Access::Half, false) => part & 0xffff,
        (Access::Half, true) => i32::from(part as i16).cast_unsigned(),
        (Access::Word, _) => part,
    }
}

fn stored(old: u32, value: u32, address: u32, access: Access) -> u32 {
    let shift = 8 * (address % WORD_BYTES);
    let mask = match access {
        Access::Byte => 0xff,
        Access::Half => 0xffff,
        Access::Word => u32::MAX,
    };
    old & !(mask << shift) | (value & mask) << shift
}

/// Why a run cannot be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// There is no instruction at the address, or the environment call there is unknown.
    Fetch {
        /// The address; that of an unknown call's trap is 2^41.
        pc: u64,
    },
    /// An access is not at a multiple of its width.
    Misaligned {
        /// Address of the instruction.
        pc: u64,
        /// Address of the access.
        address: u32,
    },
    /// The run has more rows than the longest trace.
    TooLong {
        /// Rows needed, at least.
        rows: usize,
    },
    /// The output's length does not fit its region, or what follows it up to a word is not zero.
    Output {
        /// The length that the guest wrote.
        length: u32,
    },
    /// The run has no statement.
    Statement(Rv32imError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch { pc } if *pc >= MICRO_STEP => f.write_str("an environment call is not the exit call"),
            Self::Fetch { pc } => write!(f, "there is no instruction at {pc:#010x}"),
            Self::Misaligned { pc, address } => {
                write!(
                    f,
                    "the instruction at {pc:#010x} accesses {address:#010x}, which is not a multiple of its width"
                )
            }
            Self::TooLong { rows } => {
                write!(f, "the run needs {rows} rows or more, and one proof has at most {MAX_TRACE_LENGTH}")
            }
            Self::Output { length } => {
                write!(
                    f,
                    "the output, of {length} bytes as stated, does not fit, or is not followed by zeros to a word"
                )
            }
            Self::Statement(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}
