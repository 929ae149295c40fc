//! Named parameter sets (spec: `docs/spec/proof.md`, "Parameter sets").
//!
//! A verifier accepts one exact set of options for each name and AIR, never a minimum under which a prover may choose.
//! The names promise bits of *proven* security (`tests/security.rs`, `tests/rounds.rs`), for the longest trace that the
//! AIR allows. What no set varies stands here as constants: the cubic extension, linear batching, one partition.

use core::fmt;

use winter_air::{BatchingMethod, FieldExtension, ProofOptions};

/// A parameter set by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ParameterSet {
    /// At least 100 bits of proven security.
    #[default]
    Stark100,
    /// At least 128 bits, which is also all that the hash's collision resistance allows.
    Stark128,
}

impl ParameterSet {
    /// Every set.
    pub const ALL: [Self; 2] = [Self::Stark100, Self::Stark128];

    /// The name in receipts and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stark100 => "stark-100",
            Self::Stark128 => "stark-128",
        }
    }

    /// The set of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.name() == name)
    }

    /// The bits of proven security that the name promises.
    ///
    /// # Units
    /// Bits.
    pub const fn security_bits(self) -> u32 {
        match self {
            Self::Stark100 => 100,
            Self::Stark128 => 128,
        }
    }
}

impl fmt::Display for ParameterSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Options of the low-degree test: all that a parameter set decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FriParams {
    /// Queries drawn (with replacement; repeated positions are opened once).
    pub queries: u8,
    /// Size of the evaluation domain over the trace's length; a power of two.
    pub blowup: u8,
    /// Zero bits that the query seed must end in.
    pub grinding: u8,
    /// Factor by which each round of the low-degree test shrinks the domain: 2, 4, 8 or 16.
    pub folding: u8,
    /// Greatest degree of the last polynomial; a power of two less one.
    pub remainder_degree: u8,
}

impl FriParams {
    /// Degree of the extension field that challenges are drawn from.
    pub const EXTENSION_DEGREE: u8 = 3;

    /// The options in Winterfell's form.
    pub const fn options(self) -> ProofOptions {
        ProofOptions::new(
            self.queries as usize,
            self.blowup as usize,
            self.grinding as u32,
            FieldExtension::Cubic,
            self.folding as usize,
            self.remainder_degree as usize,
            BatchingMethod::Linear,
            BatchingMethod::Linear,
        )
    }
}
