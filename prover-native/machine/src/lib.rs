//! RV32IM programs: loading an ELF file and running it (spec: `docs/spec/rv32im-machine.md`).
//!
//! What an instruction does is defined in the core and reused here. A run is exact and deterministic: the same image and
//! input give the same output, exit code and number of cycles on every machine. Running proves nothing.

pub mod assembler;
mod elf;
mod machine;
mod memory;
mod profile;
mod program;
mod rebuild;
mod symbols;
mod template;
#[cfg(feature = "testing")]
pub mod testing;
mod trap;

pub use elf::{ElfError, is_riscv_elf};
pub use machine::{Execution, MAX_STREAM_BYTES, Observer, execute, execute_observed};
pub use profile::{FunctionCycles, Profile, Profiler};
pub use program::Program;
pub use rebuild::{Built, RebuildError, rebuild};
pub use symbols::{Function, Symbols};
pub use template::{TemplateError, write_guest};
pub use trap::{Fault, Trap};
