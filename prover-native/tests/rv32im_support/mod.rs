//! Programs for tests of the RV32IM machine, and of proofs of its runs: one for every instruction, and random ones.
#![allow(dead_code, unreachable_pub, reason = "each test is a crate that uses a part")]

pub mod conformance;
pub mod elf;
pub mod random;
pub mod tables;
