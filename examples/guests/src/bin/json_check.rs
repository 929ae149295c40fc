//! Checks an invoice in JSON: the total is the sum of its lines, and no line is negative.
//!
//! Input: `{"lines": [{"item": "…", "quantity": 2, "cents": 150}, …], "total_cents": 300}`. Exit code 0 and one line of output
//! say that it is right; exit code 1 and the reason say that it is not.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{format, string::String};
use core::fmt::Write;

use capseal_guest::{Output, entry, input};
use serde_json::Value;

entry!(main);

fn main() -> Result<(), String> {
    let invoice: Value = serde_json::from_slice(input()).map_err(|error| format!("not JSON: {error}"))?;
    let lines = invoice["lines"].as_array().ok_or("there are no lines")?;
    let mut sum = 0_u64;
    for (place, line) in lines.iter().enumerate() {
        let number = |key| line[key].as_u64().ok_or_else(|| format!("line {place}: {key} is not a whole number"));
        sum = number("quantity")?
            .checked_mul(number("cents")?)
            .and_then(|cents| sum.checked_add(cents))
            .ok_or_else(|| format!("line {place}: too much"))?;
    }
    let total = invoice["total_cents"].as_u64().ok_or("there is no total")?;
    if sum != total {
        return Err(format!("the lines come to {sum} cents, the total says {total}"));
    }
    writeln!(Output, "{} lines, {total} cents: right", lines.len()).map_err(|_| "no output".into())
}
