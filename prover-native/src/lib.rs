//! The native side: run, prove, seal.

pub mod artifacts;
pub mod bench;
mod cause;
pub mod run;
pub mod whole_file;
