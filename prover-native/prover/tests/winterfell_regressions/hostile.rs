//! Groups 8 and 11: hostile bytes are refused without a panic, and without an allocation larger than the input calls for.

#![allow(unsafe_code, reason = "an allocator that measures is an unsafe impl")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use capseal_prover::GeomProver;
use verifier_core::Digest;
use verifier_core::air::geom::{self, GeomParameters, GeomStatement};
use verifier_core::stark::testing::{Pieces, mutants, of_size, shortest};
use verifier_core::stark::{MAX_PROOF_LEN, ParameterSet, ProofError};

struct Measuring;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

/// The largest allocation of some work, in bytes.
pub(crate) fn largest_allocation<T>(work: impl FnOnce() -> T) -> (T, usize) {
    LARGEST.set(0);
    let result = work();
    (result, LARGEST.get())
}

struct Honest {
    proof: Vec<u8>,
    statement: GeomStatement,
    hash: Digest,
    root: Digest,
}

const SET: ParameterSet = ParameterSet::Stark100;

fn honest(steps: u32) -> Honest {
    let committed = GeomProver::commit(GeomParameters::new(steps, [1, 1], [[1, 1], [1, 0]]).unwrap(), SET);
    let (statement, root, hash) = (committed.statement().unwrap(), committed.trace_root(), Digest::of_content(b"it"));
    Honest { proof: committed.prove(hash).unwrap(), statement, hash, root }
}

impl Honest {
    fn verdict(&self, proof: &[u8]) -> Result<(), ProofError> {
        let (verdict, largest) =
            largest_allocation(|| geom::verify(proof, SET, &self.statement, &self.hash, &self.root));
        assert!(largest <= 2 * self.proof.len() + 4096, "one allocation of {largest} bytes");
        verdict
    }

    fn refuses(&self, proof: &[u8], what: impl Fn() -> String) {
        assert!(self.verdict(proof).is_err(), "accepted: {}", what());
    }
}

#[test]
fn flipped_bytes() {
    let honest = honest(12);
    assert_eq!(honest.verdict(&honest.proof), Ok(()));
    let mut proof = honest.proof.clone();
    for index in (0..proof.len()).step_by(7) {
        for mask in [0x01, 0x80] {
            proof[index] ^= mask;
            honest.refuses(&proof, || format!("byte {index} ^ {mask}"));
            proof[index] ^= mask;
        }
    }
}

#[test]
#[ignore = "every byte with three masks"]
fn every_flipped_byte() {
    let honest = honest(4096);
    let mut proof = honest.proof.clone();
    for index in 0..proof.len() {
        for mask in [0x01, 0x80, 0xff] {
            proof[index] ^= mask;
            honest.refuses(&proof, || format!("byte {index} ^ {mask}"));
            proof[index] ^= mask;
        }
    }
}

#[test]
fn mutated_proofs() {
    for steps in [12, 4096] {
        let honest = honest(steps);
        for (index, mutant) in mutants(&honest.proof, 0x5eed, 2000).enumerate() {
            honest.refuses(&mutant, || format!("mutant {index} of {steps} steps"));
        }
    }
}

#[test]
#[ignore = "a million mutants"]
fn many_mutated_proofs() {
    let honest = honest(4096);
    for (index, mutant) in mutants(&honest.proof, 0xfeed, 1_000_000).enumerate() {
        honest.refuses(&mutant, || format!("mutant {index}"));
    }
}

#[test]
fn claimed_lengths() {
    let honest = honest(4096);
    let pieces = Pieces::of(&honest.proof);
    for claim in [0, 1, 1 << 16, 1 << 26, 1 << 28, 1 << 31, u64::from(u32::MAX), 1 << 60, u64::MAX] {
        for index in 0..4 {
            let write = |length, at| if at == index { shortest(claim) } else { shortest(length) };
            honest.refuses(&pieces.to_bytes_with(write), || format!("length {index} = {claim}"));
        }
    }
}

/// Counts of node vectors, as stock openings carry them, mean nothing in ours: they are half a digest.
#[test]
fn openings_in_the_stock_form() {
    let honest = honest(4096);
    let mut pieces = Pieces::of(&honest.proof);
    for claim in [1 << 26, 1 << 28, 1 << 60] {
        let depth = pieces.trace.opening[0];
        pieces.trace.opening = [&[depth], &of_size(claim, 9)[..]].concat();
        honest.refuses(&pieces.to_bytes(), || format!("{claim} node vectors"));
    }
}

#[test]
fn counts_that_panic_inside_winterfell() {
    let honest = honest(4096);
    let pieces = Pieces::of(&honest.proof);
    let refuse = |what: &str, change: &dyn Fn(&mut Pieces)| {
        let mut pieces = pieces.clone();
        change(&mut pieces);
        honest.refuses(&pieces.to_bytes(), || what.to_owned());
    };
    refuse("a layer too few", &|pieces| drop(pieces.layers.pop()));
    refuse("no openings", &|pieces| pieces.opened = 0);
    refuse("255 openings", &|pieces| pieces.opened = 255);
    for size in [0, 1, 3, 255] {
        refuse("rows of the trace frame", &|pieces| pieces.ood_trace[0] = size);
        refuse("rows of the constraint frame", &|pieces| pieces.ood_constraints[0] = size);
    }
    refuse("no trace frame", &|pieces| pieces.ood_trace.clear());
    refuse("no constraint frame", &|pieces| pieces.ood_constraints.clear());
    for partitions in [1, 5, 31, 32, 63, 64, 255] {
        refuse("partitions", &|pieces| pieces.partitions = partitions);
    }
    refuse("no last polynomial", &|pieces| pieces.remainder.clear());
    refuse("no commitments", &|pieces| pieces.commitments.clear());
    for length in [0, 1, 2, 3, 31, 32, 63, 64, 255] {
        refuse("the trace's length", &|pieces| pieces.context[3] = length);
    }
}

#[test]
fn truncations_and_very_long_proofs() {
    let honest = honest(12);
    for length in (0..honest.proof.len()).step_by(11) {
        honest.refuses(&honest.proof[..length], || format!("{length} bytes"));
    }
    let long = vec![0; MAX_PROOF_LEN + 1];
    let refused = geom::verify(&long, SET, &honest.statement, &honest.hash, &honest.root);
    assert_eq!(refused, Err(ProofError::TooLong { length: MAX_PROOF_LEN + 1, limit: MAX_PROOF_LEN }));
}
