//! Vectors, and the harness that shows what a verifier refuses: each byte, each binding, hostile input.
#![allow(clippy::missing_panics_doc, reason = "support of tests: a panic is how a test fails")]

pub mod base;
pub mod capability;
pub mod every_byte;
pub mod exchange;
pub mod fields;
pub mod governed;
pub mod hostile;
pub mod measure;
pub mod receipt;
pub mod reseal;
pub mod sampling_bound;
pub mod tampering;
pub mod truth_table;
pub mod vectors;
