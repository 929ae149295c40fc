//! An honest proof is accepted; a proof of another statement is not.

use prover_native::prove::GeomProver;
use verifier_core::Digest;
use verifier_core::air::geom::{self, GeomOutputs, GeomParameters, GeomStatement};
use verifier_core::stark::ParameterSet;

fn parameters(steps: u32) -> GeomParameters {
    GeomParameters::new(steps, GeomParameters::DEFAULT_INITIAL, GeomParameters::DEFAULT_MATRIX).unwrap()
}

#[test]
fn honest_runs_are_accepted() {
    for set in ParameterSet::ALL {
        for steps in [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 767, 768, 769, 1000, 4096] {
            let committed = GeomProver::commit(parameters(steps), set);
            let (statement, root) = (committed.statement().unwrap(), committed.trace_root());
            let hash = Digest::of_content(&steps.to_le_bytes());
            let proof = committed.prove(hash).unwrap();
            assert_eq!(geom::verify(&proof, set, &statement, &hash, &root), Ok(()), "{set} {steps}");
        }
    }
}

#[test]
fn every_public_value_is_bound() {
    let set = ParameterSet::Stark100;
    let committed = GeomProver::commit(parameters(100), set);
    let (statement, root) = (committed.statement().unwrap(), committed.trace_root());
    let hash = Digest::of_content(b"instance");
    let proof = committed.prove(hash).unwrap();
    for index in 0..7 {
        let mut values = statement.outputs().values();
        values[index] += 1;
        let forged = GeomStatement::new(*statement.parameters(), GeomOutputs::from_values(values)).unwrap();
        assert!(geom::verify(&proof, set, &forged, &hash, &root).is_err(), "output {index}");
    }
}
