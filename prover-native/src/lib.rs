//! The native side: run, prove, seal.
