//! `capseal new-guest`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::output::{FAINT, Failure, GOOD};
use crate::streams::println;
use capseal_machine as rv32im;

/// Create a project for a program of the RV32IM machine.
///
/// It builds with a stock Rust toolchain and without a network: the folder holds the code for startup, input and output.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The folder to create; the program takes its name.
    #[arg(value_name = "NAME")]
    folder: PathBuf,
}

pub(super) fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let folder = &arguments.folder;
    rv32im::write_guest(folder).map_err(|error| {
        let next = error.next_step();
        Failure::explained(error, next)
    })?;
    let name = folder.file_name().unwrap_or_default().display();
    println!("{GOOD}✓ wrote {}{GOOD:#}", folder.display());
    println!("  {FAINT}once:{FAINT:#} rustup target add riscv32im-unknown-none-elf");
    println!("  cd {} && cargo build --release", folder.display());
    println!("  seq 1 10 > numbers.txt");
    println!("  capseal run target/riscv32im-unknown-none-elf/release/{name} --input numbers.txt --out sum.cap");
    println!("  capseal verify sum.cap");
    Ok(ExitCode::SUCCESS)
}
