//! Hostile proofs for tests, native and in WebAssembly: a proof taken apart, put together again, and mutated.
//!
//! For proofs of AIRs with one trace segment or with two. Reading panics where the bytes are no such proof.

#![allow(clippy::missing_panics_doc, reason = "test support")]

use alloc::vec::Vec;

use crate::Digest;

/// A proof in pieces, each without its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Trace info, modulus, options, number of constraints.
    pub context: Vec<u8>,
    /// Number of openings.
    pub opened: u8,
    /// All commitments.
    pub commitments: Vec<u8>,
    /// Rows of the trace and their siblings.
    pub trace: Opened,
    /// Rows of the auxiliary segment and their siblings, if there is one.
    pub auxiliary: Option<Opened>,
    /// Rows of the constraint composition and their siblings.
    pub constraints: Opened,
    /// Trace at the out-of-domain points.
    pub ood_trace: Vec<u8>,
    /// Constraint composition at the out-of-domain points.
    pub ood_constraints: Vec<u8>,
    /// Layers of the low-degree test.
    pub layers: Vec<Opened>,
    /// The last polynomial.
    pub remainder: Vec<u8>,
    /// Exponent of the number of partitions.
    pub partitions: u8,
    /// Nonce, and whatever follows it.
    pub tail: Vec<u8>,
}

/// Rows and the opening that leads from them to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The rows.
    pub rows: Vec<u8>,
    /// Depth byte and siblings.
    pub opening: Vec<u8>,
}

impl Pieces {
    /// Takes a proof apart.
    pub fn of(proof: &[u8]) -> Self {
        let mut rest = proof;
        let metadata = usize::from(u16::from_le_bytes([proof[4], proof[5]]));
        let modulus = usize::from(proof[6 + metadata]);
        let constraints_at = 6 + metadata + 1 + modulus + 10;
        let constraints_len = proof[constraints_at].trailing_zeros() as usize + 1;
        let is_auxiliary = proof[1] > 0;
        let opened = |rest: &mut &[u8]| Opened { rows: variable(rest), opening: variable(rest) };
        Self {
            context: take(&mut rest, constraints_at + constraints_len),
            opened: take(&mut rest, 1)[0],
            commitments: sized::<2>(&mut rest),
            trace: opened(&mut rest),
            auxiliary: is_auxiliary.then(|| opened(&mut rest)),
            constraints: opened(&mut rest),
            ood_trace: sized::<2>(&mut rest),
            ood_constraints: sized::<2>(&mut rest),
            layers: (0..take(&mut rest, 1)[0])
                .map(|_| Opened { rows: sized::<4>(&mut rest), opening: sized::<4>(&mut rest) })
                .collect(),
            remainder: sized::<2>(&mut rest),
            partitions: take(&mut rest, 1)[0],
            tail: rest.to_vec(),
        }
    }

    /// Puts the pieces together, each behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_with(|length, _| shortest(length))
    }

    /// Puts the pieces together; `variable(length, index)` writes the index-th length of variable size.
    pub fn to_bytes_with(&self, variable: impl Fn(u64, usize) -> Vec<u8>) -> Vec<u8> {
        let mut bytes = self.context.clone();
        bytes.push(self.opened);
        put::<2>(&mut bytes, &self.commitments);
        let opened = [&self.trace].into_iter().chain(&self.auxiliary).chain([&self.constraints]);
        for (index, part) in opened.flat_map(|opened| [&opened.rows, &opened.opening]).enumerate() {
            bytes.extend(variable(part.len() as u64, index));
            bytes.extend(part);
        }
        put::<2>(&mut bytes, &self.ood_trace);
        put::<2>(&mut bytes, &self.ood_constraints);
        bytes.push(self.layers.len() as u8);
        for layer in &self.layers {
            put::<4>(&mut bytes, &layer.rows);
            put::<4>(&mut bytes, &layer.opening);
        }
        put::<2>(&mut bytes, &self.remainder);
        bytes.push(self.partitions);
        bytes.extend(&self.tail);
        bytes
    }

    /// The first commitment.
    pub fn trace_root(&self) -> Digest {
        Digest::from_slice(&self.commitments[..Digest::LEN]).expect("a digest has 32 bytes")
    }

    /// Lengths of variable size.
    pub const fn variable_lengths(&self) -> usize {
        if self.auxiliary.is_some() { 6 } else { 4 }
    }

    /// Lengths that pieces are multiples of: a byte, elements, a digest, rows.
    const fn units(&self) -> &'static [usize] {
        if self.auxiliary.is_some() { &[1, 8, 24, 32, 96, 168, 192, 536] } else { &[1, 8, 24, 32, 96] }
    }

    /// Every openings piece: trace, auxiliary segment, constraints, layers.
    pub fn openings_mut(&mut self) -> impl Iterator<Item = &mut Opened> {
        let Self { trace, auxiliary, constraints, layers, .. } = self;
        [trace].into_iter().chain(auxiliary).chain([constraints]).chain(layers)
    }

    /// Every piece that is more than a byte.
    pub fn pieces_mut(&mut self) -> Vec<&mut Vec<u8>> {
        let Self {
            context,
            commitments,
            trace,
            auxiliary,
            constraints,
            ood_trace,
            ood_constraints,
            layers,
            remainder,
            tail,
            ..
        } = self;
        let plain = [context, commitments, ood_trace, ood_constraints, remainder, tail];
        let opened = [trace].into_iter().chain(auxiliary).chain([constraints]).chain(layers);
        plain.into_iter().chain(opened.flat_map(|opened| [&mut opened.rows, &mut opened.opening])).collect()
    }
}

/// A length in the shortest of the forms that Winterfell reads.
pub fn shortest(length: u64) -> Vec<u8> {
    (1..=9).map(|size| of_size(length, size)).find(|bytes| read_variable(bytes) == length).expect("nine bytes suffice")
}

/// A length in `size` bytes, shortest or not; cut where it does not fit.
pub fn of_size(length: u64, size: usize) -> Vec<u8> {
    match size {
        9 => [&[0], &length.to_le_bytes()[..]].concat(),
        _ => ((u128::from(length) << 1 | 1) << (size - 1)).to_le_bytes()[..size].to_vec(),
    }
}

/// `count` mutants of `proof`, each different from it, the same for the same `seed`. Some are byte noise; more keep all
/// lengths consistent and are wrong only inside.
pub fn mutants(proof: &[u8], seed: u64, count: usize) -> impl Iterator<Item = Vec<u8>> {
    let pieces = Pieces::of(proof);
    let proof = proof.to_vec();
    let mut noise = Noise(seed | 1);
    core::iter::repeat_with(move || mutant(&proof, &pieces, &mut noise).filter(|mutant| *mutant != proof))
        .flatten()
        .take(count)
}

fn mutant(proof: &[u8], pieces: &Pieces, noise: &mut Noise) -> Option<Vec<u8>> {
    let mut bytes = proof.to_vec();
    let mut pieces = pieces.clone();
    match noise.below(12) {
        0 => bytes[noise.below(proof.len())] ^= 1 << noise.below(8),
        1 => bytes[noise.below(proof.len())] = noise.next() as u8,
        2 => bytes.truncate(noise.below(proof.len())),
        3 => bytes.extend((0..=noise.below(40)).map(|_| noise.next() as u8)),
        4 => drop(bytes.drain(range(noise, proof.len()))),
        5 => {
            let extremes = [0, 1, 127, 128, 255];
            range(noise, proof.len()).for_each(|index| bytes[index] = extremes[noise.below(extremes.len())]);
        }
        6 => {
            let size = 1 + noise.below(9);
            let index = noise.below(pieces.variable_lengths());
            let claim = [0, 1, 1 << 16, 1 << 28, 1 << 32, 1 << 60, u64::MAX][noise.below(7)];
            let lie = noise.below(2) == 0;
            let write = |length, at| match at == index {
                true => of_size(if lie { claim } else { length }, size),
                false => shortest(length),
            };
            return Some(pieces.to_bytes_with(write));
        }
        7 => pieces.opened = pieces.opened.wrapping_add(noise.next() as u8),
        8 => pieces.partitions = noise.next() as u8,
        9 => match noise.below(3) {
            0 => drop(pieces.layers.pop()),
            1 => pieces.layers.extend(pieces.layers.last().cloned()),
            _ => pieces.layers.reverse(),
        },
        _ => {
            let units = pieces.units();
            let mut all = pieces.pieces_mut();
            let piece = noise.below(all.len());
            resize(all.swap_remove(piece), units, noise);
        }
    }
    Some(if bytes == proof { pieces.to_bytes() } else { bytes })
}

/// Adds, repeats, removes or swaps bytes of a piece, in units that the piece is made of as often as not.
fn resize(piece: &mut Vec<u8>, units: &[usize], noise: &mut Noise) {
    let unit = units[noise.below(units.len())].min(piece.len());
    let at = noise.below(piece.len() + 1 - unit);
    let taken = piece[at..at + unit].to_vec();
    match noise.below(4) {
        0 => drop(piece.drain(at..at + unit)),
        1 => drop(piece.splice(at..at, taken)),
        2 => piece.extend((0..unit).map(|_| noise.next() as u8)),
        _ => {
            let other = noise.below(piece.len() + 1 - unit);
            (0..unit).for_each(|offset| piece.swap(at + offset, other + offset));
        }
    }
}

fn range(noise: &mut Noise, length: usize) -> core::ops::Range<usize> {
    let start = noise.below(length);
    start..(start + 1 + noise.below(64)).min(length)
}

/// Marsaglia's xorshift: the same mutants everywhere, without a dependency.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn take(rest: &mut &[u8], length: usize) -> Vec<u8> {
    let (taken, left) = rest.split_at(length);
    *rest = left;
    taken.to_vec()
}

fn sized<const N: usize>(rest: &mut &[u8]) -> Vec<u8> {
    let mut length = [0; 8];
    length[..N].copy_from_slice(&take(rest, N));
    take(rest, u64::from_le_bytes(length) as usize)
}

fn variable(rest: &mut &[u8]) -> Vec<u8> {
    let size = rest[0].trailing_zeros() as usize + 1;
    let length = read_variable(&take(rest, size));
    take(rest, length as usize)
}

fn read_variable(bytes: &[u8]) -> u64 {
    let mut number = [0; 8];
    match bytes.len() {
        9 => u64::from_le_bytes(bytes[1..].try_into().expect("eight bytes are left")),
        size => {
            number[..size].copy_from_slice(bytes);
            u64::from_le_bytes(number) >> size
        }
    }
}

fn put<const N: usize>(bytes: &mut Vec<u8>, piece: &[u8]) {
    bytes.extend(&(piece.len() as u64).to_le_bytes()[..N]);
    bytes.extend(piece);
}
