//! Proofs that no prover made: the parts of an honest one, and mutants of it.
//!
//! The walk over the parts follows `docs/spec/proof.md` and shares no code with the verifier's pre-scan; it trusts the proof
//! that it is given.

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
            _ => {
                ["length of constraint values", "constraint values", "length of constraint siblings", "constraint siblings"]
            }
        };
        let length = self.length(names[0]);
        self.part(names[1], length);
        let length = self.length(names[2]);
        self.part(names[3], length);
    }
}

/// Mutants of a proof, without end, none of them equal to it: half at a random place, half at a place of its structure.
#[derive(Debug)]
pub struct Mutants {
    proof: Vec<u8>,
    parts: Vec<Part>,
    /// A proof of another statement, to take pieces from.
    other: Vec<u8>,
    random: Random,
}

impl Mutants {
    /// Mutants that follow from a seed.
    ///
    /// # Panics
    /// As [`parts`].
    pub fn new(proof: Vec<u8>, trace_root: &[u8; 32], other: Vec<u8>, seed: u64) -> Self {
        Self { parts: parts(&proof, trace_root), proof, other, random: Random(seed) }
    }

    fn mutant(&mut self) -> (&'static str, Vec<u8>) {
        if self.random.below(2) == 0 { self.anywhere() } else { self.by_structure() }
    }

    fn anywhere(&mut self) -> (&'static str, Vec<u8>) {
        let mut bytes = self.proof.clone();
        let at = self.random.below(bytes.len());
        let length = (1 + self.random.below(64)).min(bytes.len() - at);
        let kind = match self.random.below(9) {
            0 => {
                bytes[at] ^= 1 << self.random.below(8);
                "one bit"
            }
            1 => {
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.random.below(5)];
                "one byte"
            }
            2 => {
                bytes[at..at + length].iter_mut().for_each(|byte| *byte = self.random.next().to_le_bytes()[0]);
                "a run of random bytes"
            }
            3 => {
                bytes[at..at + length].fill(0);
                "a run of zeros"
            }
            4 => {
                bytes.drain(at..at + length);
                "a run removed"
            }
            5 => {
                let run = bytes[at..at + length].to_vec();
                bytes.splice(at..at, run);
                "a run twice"
            }
            6 => {
                bytes.truncate(at);
                "cut"
            }
            7 => {
                let from = self.random.below(self.other.len());
                let run = &self.other[from..self.other.len().min(from + length)];
                bytes[at..at + run.len().min(length)].copy_from_slice(&run[..run.len().min(length)]);
                "a run of another proof"
            }
            _ => {
                bytes.extend((0..length).map(|_| self.random.next().to_le_bytes()[0]));
                "lengthened"
            }
        };
        (kind, bytes)
    }

    fn by_structure(&mut self) -> (&'static str, Vec<u8>) {
        let mut bytes = self.proof.clone();
        let Part { name, place } = self.parts[self.random.below(self.parts.len())].clone();
        if name.starts_with("length") || name.starts_with("number") || place.len() <= 8 {
            return ("a count or length", self.counted(bytes, &place));
        }
        let kind = match self.random.below(6) {
            0 => {
                bytes.drain(place);
                "a part removed"
            }
            1 => {
                let part = bytes[place.clone()].to_vec();
                bytes.splice(place.end..place.end, part);
                "a part twice"
            }
            2 => {
                bytes[place].fill(0);
                "a part of zeros"
            }
            3 => {
                // As many bytes as an element has, so that what follows stays aligned.
                let at = place.start + self.random.below(place.len()) / 8 * 8;
                let modulus = 0xffff_ffff_0000_0001_u64.wrapping_add(self.random.below(3) as u64).wrapping_sub(1);
                let end = place.end.min(at + 8);
                bytes[at..end].copy_from_slice(&modulus.to_le_bytes()[..end - at]);
                "an element near the modulus"
            }
            4 => {
                let last = place.len().saturating_sub(32);
                let (a, b) = (self.random.below(last + 1), self.random.below(last + 1));
                let (a, b) = (place.start + a / 32 * 32, place.start + b / 32 * 32);
                for i in 0..32.min(place.end - a.max(b)) {
                    bytes.swap(a + i, b + i);
                }
                "two digests exchanged"
            }
            _ => {
                let like = self.parts[self.random.below(self.parts.len())].place.clone();
                let part = self.proof[like].to_vec();
                bytes.splice(place, part);
                "a part for another"
            }
        };
        (kind, bytes)
    }

    fn counted(&mut self, mut bytes: Vec<u8>, place: &Range<usize>) -> Vec<u8> {
        let at = place.start + self.random.below(place.len());
        bytes[at] = match self.random.below(4) {
            0 => bytes[at].wrapping_add(1),
            1 => bytes[at].wrapping_sub(1),
            2 => [0, 1, 0x0f, 0x10, 0x7f, 0x80, 0xfe, 0xff][self.random.below(8)],
            _ => self.random.next().to_le_bytes()[0],
        };
        bytes
    }
}

impl Iterator for Mutants {
    type Item = (&'static str, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (kind, bytes) = self.mutant();
            if bytes != self.proof {
                return Some((kind, bytes));
            }
        }
    }
}

/// SplitMix64: the same mutants on every machine.
#[derive(Clone, Copy, Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or_default()
    }
}
