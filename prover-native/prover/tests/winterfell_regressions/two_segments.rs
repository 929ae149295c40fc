//! Groups 4 to 9 and 11 for proofs with an auxiliary segment: one proof of `rv32im_v1`, and all that is done to it.

use std::sync::{Arc, LazyLock};

use capseal_machine::assembler::{
    Assembler,
    register::{A1, A2, ZERO},
};
use capseal_prover::rv32im::Recording;
use verifier_core::Digest;
use verifier_core::air::rv32im::{self, PublicTables, Run, Rv32imStatement};
use verifier_core::rv32im::{Arithmetic, ProgramImage, Segment};
use verifier_core::stark::testing::{Opened, Pieces, mutants, of_size, shortest};
use verifier_core::stark::{ParameterSet, ProofError};

use super::hostile::largest_allocation;

const SET: ParameterSet = ParameterSet::Stark100;
const P: u64 = 0xffff_ffff_0000_0001;

/// Bytes of a row of the trace, of the auxiliary segment, and of the constraint composition.
const ROWS: [usize; 3] = [8 * 67, 24 * 7, 24 * 4];

struct Honest {
    proof: Vec<u8>,
    statement: Arc<Rv32imStatement>,
    hash: Digest,
    root: Digest,
}

static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let mut program = Assembler::default();
    program.set(A1, 100).set(A2, 7).register(Arithmetic::Div, A1, A1, A2).write_output(A1, 0);
    let image = program.exit_with(ZERO).image().unwrap();
    let committed = Recording::new(image, vec![1, 2, 3]).unwrap().commit(SET).unwrap();
    let (statement, root, hash) =
        (Arc::clone(committed.statement()), committed.trace_root(), Digest::of_content(b"it"));
    Honest { proof: committed.prove(hash).unwrap(), statement, hash, root }
});

fn pieces() -> Pieces {
    Pieces::of(&HONEST.proof)
}

fn verdict(proof: &[u8]) -> Result<(), ProofError> {
    let Honest { proof: honest, statement, hash, root } = &*HONEST;
    let (verdict, largest) = largest_allocation(|| rv32im::verify(proof, SET, statement, hash, root));
    assert!(largest <= 2 * honest.len() + 4096, "one allocation of {largest} bytes");
    verdict
}

fn refuse(what: &str, change: impl FnOnce(&mut Pieces)) {
    let mut pieces = pieces();
    change(&mut pieces);
    let proof = pieces.to_bytes();
    assert!(proof != HONEST.proof, "{what} changes nothing");
    let refused = verdict(&proof).expect_err(what);
    let is_seen = matches!(refused, ProofError::Shape { .. } | ProofError::TraceRoot | ProofError::Rejected);
    assert!(is_seen, "{what}: {refused:?}");
}

#[test]
fn the_proof_is_its_pieces_and_is_accepted() {
    assert_eq!(pieces().to_bytes(), HONEST.proof);
    assert!(pieces().auxiliary.is_some());
    assert_eq!(verdict(&HONEST.proof), Ok(()));
}

#[test]
fn mutants_are_refused() {
    for (index, mutant) in mutants(&HONEST.proof, 0x5eed, 300).enumerate() {
        assert!(verdict(&mutant).is_err(), "mutant {index} is accepted");
    }
}

#[test]
#[ignore = "a hundred thousand mutants"]
fn many_mutants_are_refused() {
    for (index, mutant) in mutants(&HONEST.proof, 0xfeed, 100_000).enumerate() {
        assert!(verdict(&mutant).is_err(), "mutant {index} is accepted");
    }
}

#[test]
fn flipped_bits_are_refused() {
    let mut proof = HONEST.proof.clone();
    let behind = proof.len() - 20..proof.len();
    for (index, at) in (0..proof.len()).step_by(1499).chain(0..60).chain(behind).enumerate() {
        let mask = 1 << (index % 8);
        proof[at] ^= mask;
        assert!(verdict(&proof).is_err(), "byte {at} ^ {mask}");
        proof[at] ^= mask;
    }
}

#[test]
fn every_byte_of_the_context_is_pinned() {
    let context = pieces().context;
    let mut proof = HONEST.proof.clone();
    for (index, honest) in context.into_iter().enumerate() {
        for value in (0..=255).filter(|value| *value != honest) {
            proof[index] = value;
            assert_eq!(verdict(&proof), Err(ProofError::Shape { part: "context" }), "byte {index} = {value}");
        }
        proof[index] = honest;
    }
}

#[test]
fn truncations_are_refused() {
    for length in (0..HONEST.proof.len()).step_by(4999).chain([HONEST.proof.len() - 1]) {
        assert!(verdict(&HONEST.proof[..length]).is_err(), "{length} bytes");
    }
    refuse("bytes behind the end", |pieces| pieces.tail.push(0));
}

#[test]
fn lengths_have_one_spelling_and_one_value() {
    let pieces = pieces();
    assert_eq!(pieces.variable_lengths(), 6);
    for index in 0..6 {
        for size in 1..=9 {
            let write = |length, at| if at == index { of_size(length, size) } else { shortest(length) };
            let proof = pieces.to_bytes_with(write);
            assert!(proof == HONEST.proof || verdict(&proof).is_err(), "length {index} in {size} bytes");
        }
        for claim in [0, 1, 1 << 16, 1 << 28, u64::from(u32::MAX), 1 << 60, u64::MAX] {
            let write = |length, at| if at == index { shortest(claim) } else { shortest(length) };
            assert!(verdict(&pieces.to_bytes_with(write)).is_err(), "length {index} = {claim}");
        }
    }
}

#[test]
fn rows_are_as_many_as_are_counted() {
    let resize = |pieces: &mut Pieces, by: isize| {
        let Pieces { trace, auxiliary, constraints, .. } = pieces;
        for (opened, row) in [trace].into_iter().chain(auxiliary).chain([constraints]).zip(ROWS) {
            let length = opened.rows.len().saturating_add_signed(by * row as isize);
            opened.rows.resize(length, 0);
        }
    };
    refuse("one row more in all openings, counted", |pieces| {
        pieces.opened += 1;
        resize(pieces, 1);
    });
    refuse("one row less in all openings, counted", |pieces| {
        pieces.opened -= 1;
        resize(pieces, -1);
    });
    refuse("one row less in all openings", |pieces| resize(pieces, -1));
    // How many rows are opened depends on how many queries fall on one row.
    for count in [0, 1, 83, 255].into_iter().filter(|count| *count != pieces().opened) {
        refuse("another count", |pieces| pieces.opened = count);
    }
    refuse("a row less in the auxiliary segment", |pieces| {
        let auxiliary = pieces.auxiliary.as_mut().unwrap();
        auxiliary.rows.truncate(auxiliary.rows.len() - ROWS[1]);
    });
    refuse("no auxiliary segment", |pieces| pieces.auxiliary = None);
    refuse("two auxiliary segments", |pieces| {
        let Opened { rows, opening } = pieces.auxiliary.clone().unwrap();
        let twice = [&shortest(rows.len() as u64)[..], &rows, &shortest(opening.len() as u64), &opening].concat();
        pieces.constraints.rows.splice(0..0, twice);
    });
}

#[test]
fn siblings_are_those_that_the_positions_need() {
    let count = pieces().openings_mut().count();
    for index in 0..count {
        let edit = |what: &str, change: &dyn Fn(&mut Opened)| {
            refuse(what, |pieces| change(pieces.openings_mut().nth(index).unwrap()));
        };
        edit("one digest more", &|opened| opened.opening.extend([7; 32]));
        edit("one digest less", &|opened| opened.opening.truncate(opened.opening.len() - 32));
        edit("part of a digest", &|opened| opened.opening.push(0));
        edit("nothing", &|opened| opened.opening.clear());
        edit("another depth", &|opened| opened.opening[0] ^= 1);
        edit("digests exchanged", &|opened| opened.opening[1..65].rotate_left(32));
    }
}

#[test]
fn segments_layers_and_commitments_have_their_places() {
    refuse("the segments' commitments exchanged", |pieces| pieces.commitments[..64].rotate_left(32));
    refuse("the auxiliary commitment repeated", |pieces| pieces.commitments.copy_within(32..64, 64));
    refuse("a commitment more", |pieces| pieces.commitments.extend([0; 32]));
    refuse("a commitment less", |pieces| drop(pieces.commitments.drain(32..64)));
    refuse("a layer more", |pieces| pieces.layers.extend(pieces.layers.last().cloned()));
    refuse("a layer less", |pieces| drop(pieces.layers.pop()));
    refuse("layers in another order", |pieces| pieces.layers.reverse());
    refuse("the segments' openings exchanged", |pieces| {
        std::mem::swap(&mut pieces.trace.opening, &mut pieces.auxiliary.as_mut().unwrap().opening);
    });
    for rows in [0, 1, 3, 255] {
        refuse("rows of the trace frame", |pieces| pieces.ood_trace[0] = rows);
        refuse("rows of the constraint frame", |pieces| pieces.ood_constraints[0] = rows);
    }
    for partitions in [1, 31, 64, 255] {
        refuse("partitions", |pieces| pieces.partitions = partitions);
    }
}

/// An element and the one p above it are the same, and only one of them is read.
#[test]
fn elements_have_one_spelling() {
    let count = pieces().pieces_mut().len();
    let mut respelled = 0;
    for index in 0..count {
        let mut pieces = pieces();
        let mut all = pieces.pieces_mut();
        let piece = &mut all[index];
        let skipped = piece.len() % 8;
        let small = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes).checked_add(P);
        let (elements, _) = piece[skipped..].as_chunks_mut::<8>();
        let Some((place, other)) = elements.iter_mut().find_map(|bytes| Some((small(bytes)?, bytes))) else { continue };
        *other = place.to_le_bytes();
        assert!(verdict(&pieces.to_bytes()).is_err(), "piece {index}");
        respelled += 1;
    }
    assert!(respelled > 0);
}

#[test]
fn every_byte_of_instance_hash_and_trace_root_and_the_set_are_bound() {
    let Honest { proof, statement, hash, root } = &*HONEST;
    let flipped = |digest: &Digest, index: usize| {
        let mut bytes = *digest.as_bytes();
        bytes[index] ^= 1 << (index % 8);
        Digest::new(bytes)
    };
    for index in 0..Digest::LEN {
        let verdict = rv32im::verify(proof, SET, statement, &flipped(hash, index), root);
        assert_eq!(verdict, Err(ProofError::Rejected), "byte {index} of the hash");
        let verdict = rv32im::verify(proof, SET, statement, hash, &flipped(root, index));
        assert_eq!(verdict, Err(ProofError::TraceRoot), "byte {index} of the root");
    }
    let verdict = rv32im::verify(proof, ParameterSet::Stark128, statement, hash, root);
    assert_eq!(verdict, Err(ProofError::Shape { part: "context" }));
}

fn refuse_statement(what: &str, run: Run, tables: &[u8]) {
    let Honest { proof, hash, root, .. } = &*HONEST;
    if let Ok(statement) = Rv32imStatement::new(run, tables) {
        assert!(rv32im::verify(proof, SET, &Arc::new(statement), hash, root).is_err(), "{what}");
    }
}

/// The end of memory, registers, and a sample of the multiplicities.
#[test]
fn numbers_of_the_public_tables_are_bound() {
    let tables = HONEST.statement.tables().encode();
    let count = (tables.len() - 8) / 4;
    let sample = (0..81).step_by(4).chain((81..count).step_by(181)).chain(count - 20..count);
    for index in sample {
        let mut changed = tables.clone();
        changed[8 + 4 * index] ^= 1;
        refuse_statement(&format!("number {index}"), HONEST.statement.run().clone(), &changed);
    }
}

#[test]
fn the_documents_and_their_cut_are_bound() {
    let run = || HONEST.statement.run().clone();
    let tables = HONEST.statement.tables().encode();
    let honest = run().image;
    let segment = &honest.segments()[0];
    let (address, content) = (segment.address(), segment.content());
    let image = |segments| ProgramImage::new(address, segments).unwrap();
    let (front, back) = content.split_at(content.len() / 8 * 4);
    let cut = image(vec![
        Segment::new(address, true, front.to_vec()),
        Segment::new(address + front.len() as u32, true, back.to_vec()),
    ]);
    refuse_statement("the same memory, cut otherwise", Run { image: cut, ..run() }, &tables);
    let more = vec![segment.clone(), Segment::new(address + 4096, false, vec![0; 4])];
    refuse_statement("a segment more", Run { image: image(more), ..run() }, &tables);
    refuse_statement("other input", Run { input: vec![1, 2, 4], ..run() }, &tables);
    refuse_statement("longer input", Run { input: vec![1, 2, 3, 0], ..run() }, &tables);
    refuse_statement("other output", Run { output: vec![15, 0, 0, 0], ..run() }, &tables);
    refuse_statement("cycles", Run { cycles: run().cycles + 1, ..run() }, &tables);
    refuse_statement("exit code", Run { exit_code: 1, ..run() }, &tables);
    refuse_statement("trace length", Run { trace_length: 2 * run().trace_length, ..run() }, &tables);
    let list = PublicTables { fetches: Vec::new(), ..HONEST.statement.tables().clone() };
    refuse_statement("no micro-ops", run(), &list.encode());
}
