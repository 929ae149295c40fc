//! The capseal command.
fn main() {}
