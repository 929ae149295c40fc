//! Inputs that must be refused, each with the reason code that it must be refused with.

pub mod container;
pub mod proof;
pub mod receipt;
pub mod zip;

use verifier_core::{ReasonCode, stark::testing};

use crate::{
    receipt::Receipt,
    vectors::{Bases, PROOF, with_proof},
};

/// One input that must be refused.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is wrong with it, in words joined by hyphens; unique among its kind.
    pub name: String,
    /// The code that it must be refused with.
    pub code: ReasonCode,
    /// The input.
    pub bytes: Vec<u8>,
}

/// Every case that is too large to keep, one after the other.
pub fn large(bases: &Bases) -> impl Iterator<Item = Case> {
    container::large_cases().into_iter().chain(receipt::large_cases(bases))
}

/// A receipt with mutants of its proof, everything else made to agree with them.
pub fn mutants(receipt: &Receipt, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let mutants = testing::mutants(&receipt.entries[PROOF], SEED, count);
    mutants.map(|mutant| with_proof(receipt, &mutant).bytes())
}

/// The same mutants everywhere.
const SEED: u64 = 0x6361_7073_6561_6c31;
