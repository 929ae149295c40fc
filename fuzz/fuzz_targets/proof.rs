//! Any bytes in a proof's place: pre-scan and proof system answer, and accept no proof but the one that was made.
//!
//! The input is a receipt of `geom_v1`. The target skips the checks that would refuse a changed proof for its hash alone,
//! and asks the proof system; the mutator changes nothing but the proof.
#![no_main]

use capseal_fuzz::mutate_proof;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use verifier_core::air;
use verifier_core::backend::{Backend, geom, read_proof_ref};
use verifier_core::capsule::{Capsule, entry};
use verifier_core::container::Container;
use verifier_core::{Digest, Limits};

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
});

/// `None` for what is not a receipt of the backend, or refused.
fn check(bytes: &[u8]) -> Option<()> {
    let container = Container::parse(bytes, &Limits::DEFAULT).ok()?;
    let capsule = Capsule::read(container.get(entry::CAPSULE)?).ok()?;
    let (named, set) = read_proof_ref(&capsule, Backend::GeomV1).ok()?;
    let statement = geom::read_statement(&capsule.payload.statement.public_inputs).ok()?;
    let proof = container.get(&entry::proof(&named.system))?;
    let trace_root = capsule.payload.statement.trace_root;
    air::geom::verify(proof, set, &statement, &capsule.header.instance_hash, &trace_root).ok()?;
    assert_eq!(Digest::of_content(proof), named.digest, "a second proof of one statement");
    Some(())
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_proof(data, size, max_size, seed) });
