//! The executor: each instruction, each fault, ELF files, and random programs beside another implementation.

mod conformance;
mod elf;
mod execution;
