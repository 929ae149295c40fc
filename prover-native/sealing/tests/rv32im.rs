//! The programs of the conformance suite and random programs, executed, proven, sealed, and verified as receipts.
//!
//! A proof takes seconds: every test run proves two programs, `--ignored` all of the suite and a hundred random ones.

use std::fs;

use capseal_host::whole_file::Existing;
use capseal_machine::execute;
use capseal_machine::testing::{conformance::suite, random::RandomProgram};
use capseal_prover::rv32im::Recording;
use capseal_sealing as seal;
use capseal_sealing::Destination;
use verifier_core::{Status, VerifyOptions, rv32im::ProgramImage, stark::ParameterSet, verify};

const LIMIT: u64 = 1 << 20;

/// The run must be the executor's, and its receipt accepted.
fn prove(name: &str, image: &ProgramImage) {
    let executed = execute(image, b"", LIMIT).unwrap_or_else(|trap| panic!("{name}: {trap}"));
    assert_eq!(executed.exit_code, 0, "{name}");
    let recording = Recording::new(image.clone(), Vec::new()).expect("a run");
    assert_eq!((recording.cycles(), recording.output()), (executed.cycles, executed.output.as_slice()), "{name}");
    let folder = tempfile::tempdir().expect("a folder");
    let destination = Destination { path: folder.path().join("run.cap"), existing: Existing::Keep };
    let sealed = seal::rv32im(recording, ParameterSet::Stark100).and_then(|receipt| receipt.write(&destination));
    sealed.unwrap_or_else(|error| panic!("{name}: {error}"));
    let receipt = fs::read(&destination.path).expect("a receipt");
    let verdict = verify(&receipt, &VerifyOptions::default());
    assert_eq!((verdict.status, verdict.reason), (Status::ProofOnly, None), "{name}");
}

fn random(number: u64) {
    prove(&format!("program {number}"), &RandomProgram::new(number, 20 + (number % 180) as usize).image());
}

#[test]
fn some_programs_are_proven() {
    for program in suite().iter().filter(|program| program.name == "rem") {
        prove(&program.name, &program.image);
    }
    random(7);
}

#[test]
#[ignore = "takes minutes"]
fn every_program_of_the_suite_is_proven() {
    for program in suite() {
        prove(&program.name, &program.image);
    }
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_random_programs_are_proven() {
    (1000..1100).for_each(random);
}
