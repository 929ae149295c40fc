//! Prints the figures of `geom_v1`: `cargo run --release -p capseal-prover-native --example geom_figures`.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    anstream::print!("{}", prover_native::bench::geom()?);
    Ok(())
}
