//! Any bytes in a proof's place: pre-scan and proof system answer, and accept no proof but the one that was made.
//!
//! The input is a receipt of `geom_v1`, or of `rv32im_v1`, whose proofs have two trace segments. The target skips the checks that would refuse a changed proof for its hash alone,
//! and asks the proof system; the mutator changes nothing but the proof.
#![no_main]

use capseal_fuzz::mutate_proof;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::sync::Arc;

use verifier_core::air;
use verifier_core::air::rv32im::{Run, Rv32imStatement};
use verifier_core::backend::{Backend, geom, read_proof_ref, rv32im};
use verifier_core::capsule::{Capsule, ProofRef, entry};
use verifier_core::container::Container;
use verifier_core::rv32im::ProgramImage;
use verifier_core::stark::ParameterSet;
use verifier_core::{Digest, Limits};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
});

/// `None` for what is not a receipt of a backend with proofs, or refused.
fn check(bytes: &[u8]) -> Option<()> {
    let container = Container::parse(bytes, &Limits::DEFAULT).ok()?;
    let capsule = Capsule::read(container.get(entry::CAPSULE)?).ok()?;
    let (named, proof) = geom(&container, &capsule).or_else(|| rv32im(&container, &capsule))?;
    assert_eq!(Digest::of_content(proof), named.digest, "a second proof of one statement");
    Some(())
}

/// The proof, if it shows a run of the geom machine.
fn geom<'a>(container: &Container<'a>, capsule: &'a Capsule) -> Option<(&'a ProofRef, &'a [u8])> {
    let (named, set, proof) = proof(container, capsule, Backend::GeomV1)?;
    let statement = geom::read_statement(&capsule.payload.statement.public_inputs).ok()?;
    let trace_root = capsule.payload.statement.trace_root;
    air::geom::verify(proof, set, &statement, &capsule.header.instance_hash, &trace_root).ok()?;
    Some((named, proof))
}

/// The proof, if it shows the run of a program.
fn rv32im<'a>(container: &Container<'a>, capsule: &'a Capsule) -> Option<(&'a ProofRef, &'a [u8])> {
    let (named, set, proof) = proof(container, capsule, Backend::Rv32imV1)?;
    let stated = rv32im::read_stated(&capsule.payload.statement.public_inputs).ok()?;
    let [image, input, output, tables] = stated.documents.map(|digest| container.get(&entry::artifact(&digest)));
    let run = Run {
        image: ProgramImage::decode(image?).ok()?,
        input: input?.to_vec(),
        output: output?.to_vec(),
        exit_code: stated.exit_code,
        cycles: stated.cycles,
        trace_length: stated.trace_length,
    };
    let statement = Arc::new(Rv32imStatement::new(run, tables?).ok()?);
    let trace_root = capsule.payload.statement.trace_root;
    air::rv32im::verify(proof, set, &statement, &capsule.header.instance_hash, &trace_root).ok()?;
    Some((named, proof))
}

fn proof<'a>(
    container: &Container<'a>,
    capsule: &'a Capsule,
    backend: Backend,
) -> Option<(&'a ProofRef, ParameterSet, &'a [u8])> {
    let (named, set) = read_proof_ref(capsule, backend).ok()?;
    Some((named, set, container.get(&entry::proof(&named.system))?))
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_proof(data, size, max_size, seed) });
