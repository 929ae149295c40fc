//! Honest runs.

use std::sync::Arc;

use capseal_machine as rv32im;
use capseal_prover::LaneSet;
use capseal_prover::rv32im::Recording;
use verifier_core::Digest;
use verifier_core::air::rv32im as air;
use verifier_core::rv32im::ProgramImage;
use verifier_core::stark::ParameterSet;

use crate::mock::Mock;
use crate::programs::{self, CORNERS, OPERATIONS};

pub(crate) fn hash() -> Digest {
    Digest::of_content(b"instance")
}

/// Proves a run and verifies the proof; the run must be the executor's.
pub(crate) fn accepted(image: &ProgramImage, input: &[u8], set: ParameterSet) {
    let expected = rv32im::execute(image, input, u64::MAX).unwrap();
    let committed = Recording::new(image.clone(), input.to_vec()).unwrap().commit(set).unwrap();
    let (statement, root) = (Arc::clone(committed.statement()), committed.trace_root());
    let run = statement.run();
    assert_eq!((run.exit_code, run.cycles, &run.output), (expected.exit_code, expected.cycles, &expected.output));
    let proof = committed.prove(hash()).unwrap();
    assert_eq!(air::verify(&proof, set, &statement, &hash(), &root), Ok(()), "{set}");
}

/// Pairs of corner cases: every one with every other.
fn pairs() -> Vec<(u32, u32)> {
    CORNERS.into_iter().flat_map(|a| CORNERS.into_iter().map(move |b| (a, b))).collect()
}

#[test]
fn every_operation_has_the_architectural_result() {
    let pairs = pairs();
    assert!(pairs.len() >= 600);
    let image = programs::every_operation(pairs.len() as u32);
    let input = programs::bytes(pairs.iter().flat_map(|(a, b)| [*a, *b]));
    let recording = Recording::new(image.clone(), input.clone()).unwrap();
    let results = programs::words(recording.output());
    let expected = pairs.iter().flat_map(|(a, b)| OPERATIONS.map(|operation| operation.apply(*a, *b)));
    assert!(results.iter().copied().eq(expected));
    assert_eq!(Mock::new(&image, &input).fault(), None);
    accepted(&image, &input, ParameterSet::Stark100);
}

#[test]
fn every_form_of_every_instruction_satisfies_the_constraints() {
    let image = programs::every_form();
    for a in [0, 1, 5, 31, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff, 0xdead_beef] {
        for b in [0, 1, 3, 0x8000_0000, 0xffff_fffd, 0xffff_ffff] {
            let input = programs::bytes([a, b]);
            let expected = rv32im::execute(&image, &input, u64::MAX).unwrap();
            let recording = Recording::new(image.clone(), input.clone()).unwrap();
            assert_eq!(recording.output(), expected.output, "{a:#x} {b:#x}");
            assert_eq!(recording.cycles(), expected.cycles);
            assert_eq!(Mock::new(&image, &input).fault(), None, "{a:#x} {b:#x}");
        }
    }
}

#[test]
fn every_form_of_every_instruction_is_proven() {
    for set in ParameterSet::ALL {
        accepted(&programs::every_form(), &programs::bytes([0x8000_0001, 0xffff_fffd]), set);
    }
}

#[test]
fn every_set_of_lanes_gives_the_same_proof() {
    let proof = || {
        let recording = Recording::new(programs::every_form(), programs::bytes([7, 0xffff_fff0])).unwrap();
        let committed = recording.commit(ParameterSet::Stark100).unwrap();
        (committed.trace_root(), committed.prove(hash()).unwrap())
    };
    let widest = LaneSet::current();
    let expected = proof();
    for set in LaneSet::ALL.into_iter().filter(|set| set.is_available()) {
        set.force().unwrap();
        assert!(proof() == expected, "{set} and {widest} differ");
    }
    widest.force().unwrap();
}
