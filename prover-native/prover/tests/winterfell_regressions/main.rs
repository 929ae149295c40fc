//! What bare Winterfell 0.13.1 gets wrong, and that the strict wrapper does not (`docs/spec/proof.md`, "Why a wrapper").
//!
//! Where bare Winterfell accepts a false statement or a second encoding, the test says so first: such a canary fails when
//! an update mends it, and the wrapper can then be thought over again.

mod attack;
mod completeness;
mod encodings;
mod fibonacci;
mod forgery;
mod hostile;
mod pins;
mod statement;
mod two_segments;
mod vector;
