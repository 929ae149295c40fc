//! WebAssembly binding of the verifier core.
