//! Honest runs.

use std::sync::Arc;

use prover_native::prove::Recording;
use verifier_core::Digest;
use verifier_core::air::rv32im;
use verifier_core::stark::ParameterSet;

use crate::asm;

pub(crate) fn hash() -> Digest {
    Digest::of_content(b"instance")
}

fn words(input: &[u32]) -> Vec<u8> {
    input.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_sample_is_proven_and_accepted() {
    for set in ParameterSet::ALL {
        let recording = Recording::new(asm::sample().image(), words(&[0xffff_fff0, 3])).unwrap();
        let start = std::time::Instant::now();
        let committed = recording.commit(set).unwrap();
        let (statement, root) = (Arc::clone(committed.statement()), committed.trace_root());
        let run = statement.run();
        assert_eq!(run.exit_code, 7);
        let output: Vec<u32> = run.output.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        assert_eq!(output[..4], [0xffff_fff3, 0xffff_ffd0, -5_i32 as u32, -1_i32 as u32]);
        let proof = committed.prove(hash()).unwrap();
        let proven = start.elapsed();
        let start = std::time::Instant::now();
        assert_eq!(rv32im::verify(&proof, set, &statement, &hash(), &root), Ok(()));
        println!("{set}: {} bytes, proven in {proven:?}, verified in {:?}", proof.len(), start.elapsed());
    }
}
