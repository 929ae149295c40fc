//! A statement of `rv32im_v1` that a verifier weighs to the end: it can be told from a true one by its proof alone, and the
//! proof has the one shape and nothing in it.

use verifier_core::{
    Digest, ReasonCode, Tag,
    air::rv32im::PublicTables,
    cbor::Item,
    rv32im::{ProgramImage, Segment},
    stark::testing::{Opened, Pieces},
};

use super::Case;
use crate::{
    receipt::Receipt,
    reseal::Layers,
    vectors::rv32im::{PROGRAM, PROOF, TABLES, documents_of, restate},
};

/// Columns of the main segment, of the auxiliary one, and of the constraint composition.
const WIDTHS: [usize; 3] = [67, 7, 4];
/// `stark-100`: queries, blow-up, folding, coefficients of the last polynomial at most.
const QUERIES: usize = 84;
const BLOWUP: usize = 4;
const FOLDING: usize = 8;
const REMAINDER: usize = 128;

/// A program of as many additions as there may be micro-ops, or of a part of that, each of them said to be executed.
///
/// # Panics
/// When the receipt is none of `rv32im_v1`.
pub fn of_additions(receipt: &Receipt, micro_ops: usize) -> Case {
    const ADDITION: u32 = 0x0010_0093;
    let (mut stated, mut documents) = documents_of(receipt).expect("the statement of a program's run");
    let words = std::iter::repeat_n(ADDITION.to_le_bytes(), micro_ops - 1).flatten().collect();
    documents[PROGRAM] = ProgramImage::new(0, vec![Segment::new(0, true, words)]).expect("an image").encode();
    stated.trace_length = (2 * micro_ops as u32).next_power_of_two();
    stated.exit_code = 0;
    let mut tables = PublicTables::empty(micro_ops);
    for counts in [&mut tables.fetches, &mut tables.signs, &mut tables.shifts, &mut tables.nibbles] {
        counts.fill(1);
    }
    tables.fetches[0] = stated.trace_length - micro_ops as u32;
    stated.cycles = u64::from(tables.fetches[0]) + micro_ops as u64 - 2;
    documents[TABLES] = tables.encode();
    let proof = empty(&receipt.entries[PROOF], stated.trace_length.ilog2());
    let root = Digest::new([0; Digest::LEN]).to_value();
    let changed = receipt.changed(Layers::ALL, |receipt| {
        receipt.entries.insert(PROOF.to_owned(), proof.clone());
        restate(receipt, stated, &documents);
        receipt.set("payload.statement.trace_root", root.clone());
    });
    let name = format!("program-of-{micro_ops}-micro-ops-and-an-empty-proof");
    Case { name, code: ReasonCode::ProofVerificationFailed, bytes: changed.bytes() }
}

/// A proof of the shape that 2^`log` rows demand, of zeros, with the last polynomial that it commits to.
fn empty(honest: &[u8], log: u32) -> Vec<u8> {
    let rows = 1 << log;
    let sizes = std::iter::successors(Some(BLOWUP * rows), |size| Some(size / FOLDING));
    let layers = sizes.take_while(|size| *size > BLOWUP * REMAINDER).count();
    let remainder = vec![0; 24 * (rows >> (FOLDING.ilog2() as usize * layers))];
    let depth = (BLOWUP * rows).ilog2() as u8;
    let opened = |row: usize, count: usize, depth: u8| Opened { rows: vec![0; row * count], opening: vec![depth] };
    let pairs = |columns: usize| [&[2], &vec![0; 48 * columns][..]].concat();
    let [main, auxiliary, constraints] = WIDTHS;
    let mut context = Pieces::of(honest).context;
    context[3] = log as u8;
    let mut commitments = vec![0; Digest::LEN * (3 + layers)];
    commitments.extend(Tag::STC_ROW.digest(&[&remainder]).as_bytes());
    let pieces = Pieces {
        context,
        opened: QUERIES as u8,
        commitments,
        trace: opened(8 * main, QUERIES, depth),
        auxiliary: Some(opened(24 * auxiliary, QUERIES, depth)),
        constraints: opened(24 * constraints, QUERIES, depth),
        ood_trace: pairs(main + auxiliary),
        ood_constraints: pairs(constraints),
        layers: (1..=layers).map(|layer| opened(24 * FOLDING, 1, depth - 3 * layer as u8)).collect(),
        remainder,
        partitions: 0,
        tail: vec![0; 8],
    };
    pieces.to_bytes()
}
