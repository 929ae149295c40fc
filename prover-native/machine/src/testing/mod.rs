//! Programs for tests of the RV32IM machine, and of proofs of its runs: one for every instruction, and random ones.
#![allow(missing_docs, clippy::missing_panics_doc, reason = "a test that uses it fails by panicking")]

pub mod conformance;
pub mod elf;
pub mod random;
pub mod tables;
