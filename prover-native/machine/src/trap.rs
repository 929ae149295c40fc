//! What ends a run before its exit: where, why, and what to do about it.

use std::fmt;

use verifier_core::{
    rv32im::{ECALL_EXIT, INPUT_BASE, OUTPUT_BASE},
    sentence::Counted,
};

use super::{machine::MAX_STREAM_BYTES, symbols::Symbols};

/// A run that ended without an exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Address of the instruction that could not be executed.
    pub pc: u32,
    /// Function and offset of that instruction, where symbols tell.
    pub function: Option<String>,
    /// Instructions executed before it.
    pub cycles: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Why an instruction could not be executed, or the run not be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The word is no instruction of the machine.
    IllegalInstruction {
        /// The word.
        word: u32,
    },
    /// The program counter points to no executable segment.
    FetchOutside {
        /// The instruction executed before, if there was one.
        from: Option<u32>,
    },
    /// A jump, or a branch that is taken, to an address that is not a multiple of 4.
    MisalignedJump {
        /// The address.
        target: u32,
    },
    /// A load from an address that is not a multiple of its width.
    MisalignedLoad {
        /// The address.
        address: u32,
        /// The width in bytes.
        bytes: u32,
    },
    /// A store to an address that is not a multiple of its width.
    MisalignedStore {
        /// The address.
        address: u32,
        /// The width in bytes.
        bytes: u32,
    },
    /// A store into an executable segment. Instructions are fetched from the image and would not change.
    StoreIntoCode {
        /// The address.
        address: u32,
    },
    /// An `ecall` that asks for something other than the exit.
    UnknownCall {
        /// The value of a7.
        number: u32,
    },
    /// The run is longer than the caller wants.
    CycleLimit {
        /// The limit.
        limit: u64,
    },
    /// The input is longer than [`MAX_STREAM_BYTES`].
    InputTooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// At the exit, the word at the start of the output claims more than [`MAX_STREAM_BYTES`].
    OutputTooLong {
        /// The length in bytes that it claims.
        bytes: u32,
    },
    /// At the exit, the output's last word is not filled with zeros.
    OutputPadding,
}

impl Trap {
    /// The same with the function's name.
    pub fn named_by(self, symbols: &Symbols) -> Self {
        Self { function: symbols.place(self.pc), ..self }
    }

    /// What the user can do about it.
    pub const fn next_step(&self) -> &'static str {
        match self.fault {
            Fault::IllegalInstruction { .. } => {
                "compile for RV32IM (-march=rv32im); abort() and ebreak end here too: exit with a code instead"
            }
            Fault::FetchOutside { .. } | Fault::MisalignedJump { .. } => {
                "a return address or function pointer is damaged, or the program does not exit with ecall (a7 = 93)"
            }
            Fault::MisalignedLoad { .. } | Fault::MisalignedStore { .. } => {
                "compile with -mstrict-align, and read unaligned data byte by byte"
            }
            Fault::StoreIntoCode { .. } => "keep data out of executable segments; look for a stray pointer",
            Fault::UnknownCall { .. } => "there is one call: exit, a7 = 93 with the exit code in a0",
            Fault::CycleLimit { .. } => "raise --max-cycles, or look for an endless loop with --profile",
            Fault::InputTooLong { .. } => "give the program less input",
            Fault::OutputTooLong { .. } | Fault::OutputPadding => {
                "write a length in bytes at 0x80000000, the bytes behind it, and nothing else in their last word"
            }
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at pc {:#010x}", self.fault, self.pc)?;
        if let Some(function) = &self.function {
            write!(f, " ({function})")?;
        }
        write!(f, ", after {}", Counted(self.cycles, "cycle"))
    }
}

impl std::error::Error for Trap {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IllegalInstruction { word } => match *word {
                0x0010_0073 => f.write_str("illegal instruction (ebreak)"),
                0 | 0xc000_1073 => f.write_str("illegal instruction (an abort)"),
                word => write!(f, "illegal instruction {word:#010x}"),
            },
            Self::FetchOutside { from: None } => f.write_str("no instruction"),
            Self::FetchOutside { from: Some(from) } => write!(f, "no instruction, reached from {from:#010x},"),
            Self::MisalignedJump { target } => write!(f, "misaligned jump to {target:#010x}"),
            Self::MisalignedLoad { address, bytes } => {
                write!(f, "misaligned load of {bytes} bytes from {address:#010x}")
            }
            Self::MisalignedStore { address, bytes } => {
                write!(f, "misaligned store of {bytes} bytes to {address:#010x}")
            }
            Self::StoreIntoCode { address } => write!(f, "store into the program's code, to {address:#010x},"),
            Self::UnknownCall { number } => write!(f, "unknown ecall {number} (only {ECALL_EXIT} is there)"),
            Self::CycleLimit { limit } => write!(f, "the limit of {} is reached", Counted(*limit, "cycle")),
            Self::InputTooLong { bytes } => {
                write!(f, "the input at {INPUT_BASE:#010x} has {bytes} bytes, over the limit of {MAX_STREAM_BYTES},")
            }
            Self::OutputTooLong { bytes } => {
                write!(
                    f,
                    "the output at {OUTPUT_BASE:#010x} claims {bytes} bytes, over the limit of {MAX_STREAM_BYTES},"
                )
            }
            Self::OutputPadding => f.write_str("the output's last word is not filled with zeros"),
        }
    }
}
