//! Vectors and their harness.
