//! Inputs that must be refused, each with the reason code that it must be refused with.

pub mod container;
pub mod zip;

use verifier_core::ReasonCode;

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
