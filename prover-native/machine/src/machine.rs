//! The machine: fetches, executes, stops.
//!
//! Instructions are decoded once, before the run; code cannot change, since a store into an executable segment ends the run.

use verifier_core::rv32im::{ECALL_EXIT, Instruction, ProgramImage, REGISTERS, WORD_BYTES};

use super::{
    memory::Memory,
    trap::{Fault, Trap},
};

/// The longest input and output, bytes: what a receipt holds by a verifier's default limits.
pub const MAX_STREAM_BYTES: usize = 1 << 26;

/// A run that came to its exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Execution {
    /// The value of a0 at the exit; 0 says that all is well.
    pub exit_code: u32,
    /// Instructions executed, the `ecall` of the exit included.
    pub cycles: u64,
    /// What the program has written.
    pub output: Vec<u8>,
    /// The registers at the exit.
    pub registers: [u32; REGISTERS],
}

/// Is told of a run while it goes on.
pub trait Observer {
    /// An instruction was executed. `next` is the address of the one to come; the exit names its own.
    fn executed(&mut self, pc: u32, instruction: Instruction, next: u32);
}

/// Nobody watches.
impl Observer for () {
    #[inline(always)]
    fn executed(&mut self, _: u32, _: Instruction, _: u32) {}
}

/// Runs a program to its exit, for `max_cycles` instructions at most.
///
/// Memory grows with the pages that the program writes to, up to the 4 GiB that it can name.
///
/// # Errors
/// [`Trap`] when the program does something that the machine does not do, or the limit is reached.
pub fn execute(image: &ProgramImage, input: &[u8], max_cycles: u64) -> Result<Execution, Trap> {
    execute_observed(image, input, max_cycles, &mut ())
}

/// Runs a program to its exit and tells the observer of every instruction.
///
/// # Errors
/// As [`execute`].
pub fn execute_observed(
    image: &ProgramImage,
    input: &[u8],
    max_cycles: u64,
    observer: &mut impl Observer,
) -> Result<Execution, Trap> {
    let at_entry = |fault| Trap { pc: image.entry(), function: None, cycles: 0, fault };
    let mut machine = Machine {
        code: Code::of(image),
        memory: Memory::load(image, input).map_err(at_entry)?,
        registers: [0; REGISTERS],
    };
    let (pc, cycles) = machine.run(image.entry(), max_cycles, observer)?;
    let output = machine.memory.output();
    let output = output.map_err(|fault| Trap { pc, function: None, cycles, fault })?;
    Ok(Execution { exit_code: machine.registers[A0], cycles, output, registers: machine.registers })
}

const A0: usize = 10;
const A7: usize = 17;

/// The decoded words of the executable segments.
struct Code {
    segments: Vec<CodeSegment>,
}

struct CodeSegment {
    address: u32,
    instructions: Vec<Option<Instruction>>,
}

impl Code {
    fn of(image: &ProgramImage) -> Self {
        let segments = image.segments().iter().filter(|segment| segment.is_executable());
        let decoded = segments.map(|segment| CodeSegment {
            address: segment.address(),
            instructions: segment.words().map(|(_, word)| Instruction::decode(word)).collect(),
        });
        Self { segments: decoded.collect() }
    }

    fn segment_at(&self, pc: u32) -> Option<&CodeSegment> {
        self.segments.iter().find(|segment| segment.place(pc) < segment.instructions.len())
    }
}

impl CodeSegment {
    /// Index of the instruction at an address; past the end for every address outside.
    #[inline(always)]
    const fn place(&self, pc: u32) -> usize {
        (pc.wrapping_sub(self.address) / WORD_BYTES) as usize
    }
}

struct Machine {
    code: Code,
    memory: Memory,
    registers: [u32; REGISTERS],
}

/// Why the run does not go on to another instruction.
enum Stop {
    Exit,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Machine {
    /// Runs until the exit; where it was, and how many instructions were executed.
    fn run(&mut self, entry: u32, max_cycles: u64, observer: &mut impl Observer) -> Result<(u32, u64), Trap> {
        let Self { code, memory, registers } = self;
        let (mut pc, mut cycles, mut from) = (entry, 0, None);
        let trap = |pc, cycles, fault| Err(Trap { pc, function: None, cycles, fault });
        // The outer loop is entered once for each time that the run comes to another segment.
        loop {
            let Some(segment) = code.segment_at(pc) else {
                return trap(pc, cycles, Fault::FetchOutside { from });
            };
            while let Some(&instruction) = segment.instructions.get(segment.place(pc)) {
                if cycles >= max_cycles {
                    return trap(pc, cycles, Fault::CycleLimit { limit: max_cycles });
                }
                let Some(instruction) = instruction else {
                    return trap(pc, cycles, Fault::IllegalInstruction { word: memory.word(pc) });
                };
                match step(instruction, pc, registers, memory) {
                    Ok(next) => {
                        observer.executed(pc, instruction, next);
                        cycles += 1;
                        from = Some(pc);
                        pc = next;
                    }
                    Err(Stop::Exit) => {
                        observer.executed(pc, instruction, pc);
                        return Ok((pc, cycles + 1));
                    }
                    Err(Stop::Fault(fault)) => return trap(pc, cycles, fault),
                }
            }
        }
    }
}

/// Executes one instruction; the address of the next.
#[inline(always)]
fn step(instruction: Instruction, pc: u32, registers: &mut [u32; REGISTERS], memory: &mut Memory) -> Result<u32, Stop> {
    let read = |registers: &[u32; REGISTERS], register: u8| registers[usize::from(register) % REGISTERS];
    let mut next = pc.wrapping_add(WORD_BYTES);
    let (rd, value) = match instruction {
        Instruction::Lui { rd, imm } => (rd, imm),
        Instruction::Auipc { rd, imm } => (rd, pc.wrapping_add(imm)),
        Instruction::Immediate { operation, rd, rs1, imm } => (rd, operation.apply(read(registers, rs1), imm)),
        Instruction::Register { operation, rd, rs1, rs2 } => {
            (rd, operation.apply(read(registers, rs1), read(registers, rs2)))
        }
        Instruction::Load { access, signed, rd, rs1, offset } => {
            let address = read(registers, rs1).wrapping_add(offset);
            let bytes = access.bytes();
            if address % bytes != 0 {
                return Err(Fault::MisalignedLoad { address, bytes }.into());
            }
            let value = memory.load_from(address, access);
            let unused = u32::BITS - 8 * bytes;
            (rd, if signed { (value.cast_signed() << unused >> unused).cast_unsigned() } else { value })
        }
        Instruction::Store { access, rs1, rs2, offset } => {
            let address = read(registers, rs1).wrapping_add(offset);
            let bytes = access.bytes();
            if address % bytes != 0 {
                return Err(Fault::MisalignedStore { address, bytes }.into());
            }
            memory.store(address, access, read(registers, rs2))?;
            (0, 0)
        }
        Instruction::Branch { condition, rs1, rs2, offset } => {
            if condition.holds(read(registers, rs1), read(registers, rs2)) {
                next = aligned(pc.wrapping_add(offset))?;
            }
            (0, 0)
        }
        Instruction::Jal { rd, offset } => {
            let link = next;
            next = aligned(pc.wrapping_add(offset))?;
            (rd, link)
        }
        Instruction::Jalr { rd, rs1, offset } => {
            let link = next;
            next = aligned(read(registers, rs1).wrapping_add(offset) & !1)?;
            (rd, link)
        }
        Instruction::Fence => (0, 0),
        Instruction::Ecall => {
            return Err(match registers[A7] {
                ECALL_EXIT => Stop::Exit,
                number => Fault::UnknownCall { number }.into(),
            });
        }
    };
    registers[usize::from(rd) % REGISTERS] = value;
    registers[0] = 0;
    Ok(next)
}

#[inline(always)]
fn aligned(target: u32) -> Result<u32, Fault> {
    if target.is_multiple_of(WORD_BYTES) { Ok(target) } else { Err(Fault::MisalignedJump { target }) }
}
