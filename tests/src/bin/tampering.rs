//! Prints `docs/spec/pcap-tampering.md`.
#![allow(clippy::print_stdout, reason = "it prints a page")]

fn main() {
    print!("{}", capseal_tests::tampering::page());
}
