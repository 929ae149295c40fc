//! The native side: run, prove, seal.

pub mod artifacts;
mod cause;
pub mod whole_file;
