//! The native side: run, prove, seal.
//!
//! Everything that the `capseal` command does, as a library.

pub mod artifacts;
pub mod bench;
mod cause;
pub mod commit;
pub mod container;
pub mod prove;
pub mod whole_file;
