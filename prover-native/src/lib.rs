//! The native side: run, prove, seal.

pub mod container;
