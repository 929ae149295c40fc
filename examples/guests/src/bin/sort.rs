//! Sorts the lines of the input.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

use capseal_guest::{commit, entry, input};

entry!(main);

fn main() {
    let mut lines: Vec<&[u8]> = input().split(|byte| *byte == b'\n').collect();
    // A file ends with a line feed, which is not the start of another line.
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines.sort_unstable();
    for line in lines {
        commit(line);
        commit(b"\n");
    }
}
