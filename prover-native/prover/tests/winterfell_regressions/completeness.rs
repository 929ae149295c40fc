//! Group 12: honest proofs are accepted, whatever the options.

use super::fibonacci::{fri, honest, pin, strict, true_inputs};

#[test]
fn lengths_and_options() {
    for length in [64, 128, 512, 2048] {
        for blowup in [2, 8] {
            for folding in [2, 4, 8, 16] {
                for remainder_degree in [15, 31, 127, 255] {
                    for queries in [1, 20, 80] {
                        accepted(length, queries, blowup, folding, remainder_degree);
                    }
                }
            }
        }
    }
}

#[test]
#[ignore = "the whole matrix"]
fn all_lengths_and_options() {
    for length in (6..=14).map(|log| 1 << log) {
        for blowup in [2, 4, 8, 16] {
            for folding in [2, 4, 8, 16] {
                for remainder_degree in [15, 31, 63, 127, 255] {
                    for queries in [1, 28, 62, 86, 120] {
                        accepted(length, queries, blowup, folding, remainder_degree);
                    }
                }
            }
        }
    }
}

fn accepted(length: usize, queries: u8, blowup: u8, folding: u8, remainder_degree: u8) {
    let options = pin(fri(queries, blowup, 2, folding, remainder_degree));
    let (proof, root) = honest(length);
    assert_eq!(strict(&proof, true_inputs(length), &root), Ok(()), "{length} rows, {options:?}");
}
