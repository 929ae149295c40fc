//! The RV32IM machine, as far as prover and verifier must agree on it (spec: `docs/spec/rv32im.md`, "Machine").
//!
//! The memory map, the program image, and what the 32 bits of an instruction mean. Running a program is the prover's
//! affair; what a proof of a run shows is the AIR's.

mod image;
mod instruction;

pub use image::{ImageError, MAX_IMAGE_BYTES, ProgramImage, Segment};
pub use instruction::{Access, Arithmetic, Condition, Instruction};

/// Bytes of a word.
pub const WORD_BYTES: u32 = 4;

/// Where the program image ends and the input begins: a length in bytes as one word, then the bytes, zero-padded to a
/// word. The stack grows down from here.
pub const INPUT_BASE: u32 = 0x4000_0000;

/// Where the output begins; the guest writes it in the form of the input.
pub const OUTPUT_BASE: u32 = 0x8000_0000;

/// The value of a7 with which `ecall` ends the run; a0 is the exit code. There is no other call.
pub const ECALL_EXIT: u32 = 93;

/// Registers x0 to x31.
pub const REGISTERS: usize = 32;
