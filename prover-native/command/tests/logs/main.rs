//! Action logs by the command and the library: writers that crash or race, checkpoints and their witnesses.

mod log;
mod witness;
