//! The SHA-256 of the input, in hexadecimal, as `sha256sum` prints it.
#![no_std]
#![no_main]

use core::fmt::Write;

use capseal_guest::{Output, entry, input};
use sha2::{Digest, Sha256};

entry!(main);

fn main() -> core::fmt::Result {
    for byte in Sha256::digest(input()) {
        write!(Output, "{byte:02x}")?;
    }
    writeln!(Output)
}
