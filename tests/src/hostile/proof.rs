//! The parts of an honest proof, by their places: where a test changes a byte and knows what it changes.
//!
//! The walk follows `docs/spec/proof.md` and trusts the proof that it is given.

use std::ops::Range;

/// A part of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// Where it is.
    pub place: Range<usize>,
}

/// The parts of an honest proof, one after the other; together they are all of it.
///
/// # Panics
/// When the bytes are no proof whose first commitment is `trace_root`.
pub fn parts(proof: &[u8], trace_root: &[u8; 32]) -> Vec<Part> {
    let root = proof.windows(32).position(|window| window == trace_root).expect("the proof states its trace root");
    let mut walk = Walk { proof, parts: Vec::new(), at: 0 };
    walk.part("context", root - 3);
    walk.part("number of openings", 1);
    let commitments = walk.number("length of the commitments", 2);
    (0..commitments / 32).for_each(|_| walk.part("commitment", 32));
    walk.opened("trace");
    walk.opened("constraint");
    for _ in 0..2 {
        let length = walk.number("length of the out-of-domain values", 2);
        walk.part("out-of-domain values", length);
    }
    for _ in 0..walk.number("number of layers", 1) {
        let length = walk.number("length of layer values", 4);
        walk.part("layer values", length);
        let length = walk.number("length of layer siblings", 4);
        walk.part("layer siblings", length);
    }
    let length = walk.number("length of the last polynomial", 2);
    walk.part("last polynomial", length);
    walk.part("partitions", 1);
    walk.part("nonce", 8);
    assert_eq!(walk.at, proof.len(), "the parts are the proof");
    walk.parts
}

struct Walk<'a> {
    proof: &'a [u8],
    parts: Vec<Part>,
    at: usize,
}

impl Walk<'_> {
    fn part(&mut self, name: &'static str, length: usize) {
        self.parts.push(Part { name, place: self.at..self.at + length });
        self.at += length;
    }

    /// A little-endian number.
    fn number(&mut self, name: &'static str, length: usize) -> usize {
        let bytes = &self.proof[self.at..self.at + length];
        self.part(name, length);
        bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// A length of one to four bytes: as many as the first has zeros below its lowest one, and one more.
    fn length(&mut self, name: &'static str) -> usize {
        let size = self.proof[self.at].trailing_zeros() as usize + 1;
        self.number(name, size) >> size
    }

    fn opened(&mut self, of: &'static str) {
        let names = match of {
            "trace" => ["length of trace values", "trace values", "length of trace siblings", "trace siblings"],
            _ => [
                "length of constraint values",
                "constraint values",
                "length of constraint siblings",
                "constraint siblings",
            ],
        };
        let length = self.length(names[0]);
        self.part(names[1], length);
        let length = self.length(names[2]);
        self.part(names[3], length);
    }
}
