//! A program: the image that runs, and the names of its functions.

use verifier_core::rv32im::ProgramImage;

use super::{
    elf::{self, ElfError},
    machine::{self, Execution, Observer},
    symbols::Symbols,
    trap::Trap,
};

/// A program. The symbols explain what happened; nothing that a receipt binds depends on them.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is loaded.
    pub image: ProgramImage,
    /// Where its functions lie; empty when the file was stripped.
    pub symbols: Symbols,
}

impl Program {
    /// Reads an ELF file.
    ///
    /// # Errors
    /// [`ElfError`] when it is not a statically linked RV32IM executable that keeps to the memory map.
    pub fn from_elf(file: &[u8]) -> Result<Self, ElfError> {
        elf::read(file)
    }

    /// Runs the program; a trap names the function.
    ///
    /// # Errors
    /// As [`machine::execute`].
    pub fn execute(&self, input: &[u8], max_cycles: u64) -> Result<Execution, Trap> {
        machine::execute(&self.image, input, max_cycles).map_err(|trap| trap.named_by(&self.symbols))
    }

    /// Runs the program and tells the observer of every instruction; a trap names the function.
    ///
    /// # Errors
    /// As [`machine::execute`].
    pub fn execute_observed(
        &self,
        input: &[u8],
        max_cycles: u64,
        observer: &mut impl Observer,
    ) -> Result<Execution, Trap> {
        machine::execute_observed(&self.image, input, max_cycles, observer).map_err(|trap| trap.named_by(&self.symbols))
    }
}
