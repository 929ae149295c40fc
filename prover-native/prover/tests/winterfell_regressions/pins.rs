//! Groups 5, 6 and 9: nothing of what the verifier pins is the prover's choice, also where a prover makes a consistent
//! proof of its own choice.

use verifier_core::field::BaseElement;
use verifier_core::stark::ProofError;
use verifier_core::stark::testing::{Pieces, of_size, shortest};
use winter_air::proof::Context;
use winter_air::{BatchingMethod, FieldExtension, ProofOptions, TraceInfo};
use winter_math::FieldElement;
use winter_verifier::AcceptableOptions;

use super::attack::{Attack, Remainder};
use super::fibonacci::{
    Fibonacci, Inputs, bare, bare_with, columns, false_inputs, fri, honest, pin, strict_with_its_root, true_inputs,
};

const LENGTH: usize = 1024;
const WRONG_CONTEXT: Result<(), ProofError> = Err(ProofError::Shape { part: "context" });

/// A proof that bare Winterfell accepts although its prover chose the trace's description.
fn proof_with(info: TraceInfo, columns: Vec<Vec<BaseElement>>, inputs: Inputs) -> Vec<u8> {
    let options = pin(fri(28, 8, 0, 8, 127)).options();
    let mut attack = Attack::<Fibonacci>::new(inputs, columns);
    attack.context = Context::new::<BaseElement>(info, options, 5);
    attack.run(Remainder::AfterQueries, u64::MAX).unwrap().proof.to_bytes()
}

#[test]
fn the_length_of_the_trace() {
    for length in [64, 512, 2048] {
        let proof = proof_with(TraceInfo::new(2, length), columns(length), false_inputs(LENGTH));
        assert_eq!(bare(&proof, false_inputs(LENGTH)), Ok(()), "canary: {length} rows");
        assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), WRONG_CONTEXT);
    }
}

#[test]
fn the_width_of_the_trace() {
    let mut wide = columns(LENGTH);
    wide.extend(vec![vec![BaseElement::ONE; LENGTH]; 3]);
    let proof = proof_with(TraceInfo::new(5, LENGTH), wide, false_inputs(LENGTH));
    assert_eq!(bare(&proof, false_inputs(LENGTH)), Ok(()), "canary");
    assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), WRONG_CONTEXT);
}

#[test]
fn the_metadata_of_the_trace() {
    for meta in [vec![0], vec![5], vec![5, 0, 0]] {
        let info = TraceInfo::with_meta(2, LENGTH, meta);
        let proof = proof_with(info, columns(LENGTH), false_inputs(LENGTH));
        assert_eq!(bare(&proof, false_inputs(LENGTH)), Ok(()), "canary");
        assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), WRONG_CONTEXT);
    }
}

#[test]
fn the_number_of_constraints() {
    let options = pin(fri(28, 8, 0, 8, 127)).options();
    for constraints in [1, 4, 6, 4_000_000_000] {
        let mut attack = Attack::<Fibonacci>::new(false_inputs(LENGTH), columns(LENGTH));
        attack.context = Context::new::<BaseElement>(TraceInfo::new(2, LENGTH), options.clone(), constraints);
        let proof = attack.run(Remainder::AfterQueries, u64::MAX).unwrap().proof.to_bytes();
        assert_eq!(bare(&proof, false_inputs(LENGTH)), Ok(()), "canary: {constraints}");
        assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), WRONG_CONTEXT);
    }
}

#[test]
fn the_options() {
    let pinned = pin(fri(28, 8, 0, 8, 127)).options();
    let linear = BatchingMethod::Linear;
    let cubic = FieldExtension::Cubic;
    let chosen = [
        ProofOptions::new(27, 8, 0, cubic, 8, 127, linear, linear),
        ProofOptions::new(28, 16, 0, cubic, 8, 127, linear, linear),
        ProofOptions::new(28, 8, 1, cubic, 8, 127, linear, linear),
        ProofOptions::new(28, 8, 0, cubic, 4, 127, linear, linear),
        ProofOptions::new(28, 8, 0, cubic, 8, 255, linear, linear),
        ProofOptions::new(28, 8, 0, cubic, 8, 127, BatchingMethod::Algebraic, linear),
        ProofOptions::new(28, 8, 0, cubic, 8, 127, linear, BatchingMethod::Horner),
        pinned.clone().with_partitions(1, 7),
    ];
    for options in chosen {
        let mut attack = Attack::<Fibonacci>::new(false_inputs(LENGTH), columns(LENGTH));
        attack.context = Context::new::<BaseElement>(TraceInfo::new(2, LENGTH), options.clone(), 5);
        let proof = attack.run(Remainder::AfterQueries, u64::MAX).unwrap().proof.to_bytes();
        let permissive = AcceptableOptions::OptionSet(vec![options.clone()]);
        assert_eq!(bare_with(&proof, false_inputs(LENGTH), permissive), Ok(()), "the harness: {options:?}");
        assert_eq!(strict_with_its_root(&proof, false_inputs(LENGTH)), WRONG_CONTEXT, "{options:?}");
    }
}

#[test]
fn every_byte_of_the_context() {
    pin(fri(28, 8, 0, 8, 127));
    let (proof, _) = honest(LENGTH);
    let pieces = Pieces::of(&proof);
    for index in 0..pieces.context.len() {
        for value in (0..=255).filter(|value| *value != pieces.context[index]) {
            let mut changed = proof.clone();
            changed[index] = value;
            assert_eq!(strict_with_its_root_of(&pieces, &changed), WRONG_CONTEXT, "byte {index} = {value}");
        }
    }
}

#[test]
fn the_number_of_constraints_in_other_sizes_and_the_modulus_in_other_lengths() {
    pin(fri(28, 8, 0, 8, 127));
    let (proof, _) = honest(LENGTH);
    let pieces = Pieces::of(&proof);
    let head = pieces.context.len() - shortest(5).len();
    let spellings = [of_size(5, 2), of_size(5, 9), shortest(5 + (1 << 32)), shortest(0), shortest(1), shortest(6)];
    for spelling in spellings {
        let mut changed = pieces.clone();
        changed.context.truncate(head);
        changed.context.extend(spelling);
        assert_eq!(strict_with_its_root_of(&pieces, &changed.to_bytes()), WRONG_CONTEXT);
    }
    for length in [0, 1, 15, 16, 30, 255] {
        let mut changed = pieces.clone();
        let modulus = std::iter::once(length).chain((0..length).map(|_| 0xff));
        changed.context.splice(6..15, modulus);
        assert_eq!(strict_with_its_root_of(&pieces, &changed.to_bytes()), WRONG_CONTEXT);
    }
}

/// The byte is absorbed nowhere, so that it could be chosen after the queries.
#[test]
fn the_partitions_of_the_low_degree_test() {
    pin(fri(28, 8, 0, 4, 127));
    for partitions in [1, 4] {
        let mut attack = Attack::<Fibonacci>::new(false_inputs(LENGTH), columns(LENGTH));
        attack.partitions = partitions;
        let proof = attack.run(Remainder::AfterQueries, u64::MAX).unwrap().proof.to_bytes();
        assert_eq!(bare(&proof, false_inputs(LENGTH)), Ok(()), "canary: 2^{partitions} partitions");
        let refused = strict_with_its_root(&proof, false_inputs(LENGTH));
        assert_eq!(refused, Err(ProofError::Shape { part: "partitions" }));
    }
}

fn strict_with_its_root_of(honest: &Pieces, proof: &[u8]) -> Result<(), ProofError> {
    super::fibonacci::strict(proof, true_inputs(LENGTH), &honest.trace_root())
}
