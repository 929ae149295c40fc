//! Multiplies a square matrix with itself and gives the trace of the product.
//!
//! Input: the side as one little-endian word, then the elements by row, a little-endian word each. Arithmetic is modulo 2^32.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{vec, vec::Vec};
use core::num::Wrapping;

use capseal_guest::{commit, entry, input};

entry!(main);

fn main() -> Result<(), &'static str> {
    let (words, rest) = input().as_chunks::<4>();
    let mut words = words.iter().map(|word| u32::from_le_bytes(*word));
    let side = words.next().ok_or("the input has no side")? as usize;
    let matrix: Vec<Wrapping<u32>> = words.map(Wrapping).collect();
    if !rest.is_empty() || side.checked_mul(side) != Some(matrix.len()) {
        return Err("the input is no square matrix");
    }
    let product = square(&matrix, side);
    let trace: Wrapping<u32> = (0..side).map(|place| product[place * side + place]).sum();
    commit(&trace.0.to_le_bytes());
    Ok(())
}

fn square(matrix: &[Wrapping<u32>], side: usize) -> Vec<Wrapping<u32>> {
    let mut product = vec![Wrapping(0); side * side];
    for (row, out) in matrix.chunks_exact(side.max(1)).zip(product.chunks_exact_mut(side.max(1))) {
        for (factor, terms) in row.iter().zip(matrix.chunks_exact(side)) {
            for (sum, term) in out.iter_mut().zip(terms) {
                *sum += *factor * *term;
            }
        }
    }
    product
}
