//! The native side: run, prove, seal.

pub mod commit;
