//! The AIRs: what a proof of each backend means, one module per backend. Prover and verifier share them.

pub mod geom;
pub mod rv32im;
