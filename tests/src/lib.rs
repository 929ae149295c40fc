//! Vectors and their harness.

pub mod hostile;
