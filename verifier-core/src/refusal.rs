//! Refusals: a reason code and what was found. What every stage's error becomes in a verdict.

use alloc::string::{String, ToString};
use core::fmt::{self, Display};

use crate::reason::ReasonCode;

/// Why a check failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason code.
    pub code: ReasonCode,
    /// A sentence with what was found.
    pub detail: String,
}

impl Refusal {
    /// Joins a code and what was found.
    pub fn new(code: ReasonCode, detail: impl Display) -> Self {
        Self { code, detail: detail.to_string() }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl core::error::Error for Refusal {}
