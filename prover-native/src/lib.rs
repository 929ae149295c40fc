//! The native side: run, prove, seal.

pub mod artifacts;
mod cause;
pub mod run;
pub mod whole_file;
