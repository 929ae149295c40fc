//! The `capseal` command. Everything it does is in the library; this file starts it and ends the process.

use std::process::ExitCode;

/// The prover allocates and frees large buffers from many threads; the system's allocator spends a third of a proof on it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    prover_native::cli::main()
}
