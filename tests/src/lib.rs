//! Vectors, and the harness that shows what a verifier refuses: each byte, each binding, hostile input.

pub mod base;
pub mod every_byte;
pub mod exchange;
pub mod fields;
pub mod hostile;
pub mod measure;
pub mod receipt;
pub mod reseal;
pub mod vectors;
