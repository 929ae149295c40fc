//! Writes the JavaScript glue for the verifier's wasm.
fn main() {}
