//! Inputs that must be refused, each with the reason code that it must be refused with.

pub mod container;
pub mod program;
pub mod proof;
pub mod receipt;
pub mod zip;

use verifier_core::{ReasonCode, stark::testing};

use crate::{
    receipt::Receipt,
    reseal::Layers,
    vectors::{Bases, rv32im::statements_that_cost},
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
    let statements = statements_that_cost(&bases.rv32im, 64).into_iter();
    let statements = statements.chain([program::of_additions(&bases.rv32im, 1 << 18)]);
    container::large_cases().into_iter().chain(receipt::large_cases(bases)).chain(statements)
}

/// A receipt with mutants of its proof, everything else made to agree with them.
///
/// # Panics
/// When the receipt has no proof.
pub fn mutants(receipt: &Receipt, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let (name, proof) = receipt.entries.iter().find(|(name, _)| name.starts_with("proof/")).expect("a proof");
    testing::mutants(proof, SEED, count).map(move |mutant| {
        let changed =
            receipt.changed(Layers::ALL, |receipt| drop(receipt.entries.insert(name.clone(), mutant.clone())));
        changed.bytes()
    })
}

/// The same mutants everywhere.
const SEED: u64 = 0x6361_7073_6561_6c31;
