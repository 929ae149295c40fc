//! Prints the verdict of every receipt below the folders: the native side of the comparison with Node and browsers.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints verdicts")]

use std::{env, io, path::Path, process::ExitCode};

use capseal_tests::verdicts::lines;

fn main() -> io::Result<ExitCode> {
    let folders: Vec<String> = env::args().skip(1).collect();
    if folders.is_empty() {
        eprintln!("usage: verdicts DIR...");
        return Ok(ExitCode::from(2));
    }
    for folder in folders {
        lines(Path::new(&folder))?.iter().for_each(|line| println!("{line}"));
    }
    Ok(ExitCode::SUCCESS)
}
