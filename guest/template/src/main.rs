//! Adds up the numbers in the input, one a line.
#![no_std]
#![no_main]

use core::fmt::Write;

use capseal_guest::{Output, entry, input};

entry!(main);

fn main() -> core::fmt::Result {
    let text = str::from_utf8(input()).expect("the input is text");
    let numbers = text.lines().map(|line| line.trim().parse::<i64>().expect("a whole number on each line"));
    let (mut count, mut sum) = (0, 0);
    for number in numbers {
        count += 1;
        sum += number;
    }
    writeln!(Output, "{count} numbers, sum {sum}")
}
