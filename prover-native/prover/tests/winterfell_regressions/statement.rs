//! Group 4: a proof shows its own statement and no other.

use capseal_prover::GeomProver;
use verifier_core::Digest;
use verifier_core::air::geom::{self, GeomError, GeomOutputs, GeomParameters, GeomStatement};
use verifier_core::stark::{ParameterSet, ProofError};

const P: u64 = 0xffff_ffff_0000_0001;

struct Proven {
    proof: Vec<u8>,
    statement: GeomStatement,
    hash: Digest,
    root: Digest,
}

fn proven(set: ParameterSet) -> Proven {
    let parameters = GeomParameters::new(100, [3, 5], [[7, 11], [13, 17]]).unwrap();
    let committed = GeomProver::commit(parameters, set);
    let (statement, root, hash) = (committed.statement().unwrap(), committed.trace_root(), Digest::of_content(b"it"));
    let proof = committed.prove(hash).unwrap();
    assert_eq!(geom::verify(&proof, set, &statement, &hash, &root), Ok(()));
    Proven { proof, statement, hash, root }
}

impl Proven {
    fn for_statement(&self, statement: GeomStatement) -> Result<(), ProofError> {
        geom::verify(&self.proof, ParameterSet::Stark100, &statement, &self.hash, &self.root)
    }
}

#[test]
fn every_public_number_is_bound() {
    let proven = proven(ParameterSet::Stark100);
    let (parameters, outputs) = (*proven.statement.parameters(), *proven.statement.outputs());
    for index in 0..7 {
        for change in [1, P - 1] {
            let mut values = outputs.values();
            values[index] = ((u128::from(values[index]) + u128::from(change)) % u128::from(P)) as u64;
            let statement = GeomStatement::new(parameters, GeomOutputs::from_values(values)).unwrap();
            assert_eq!(proven.for_statement(statement), Err(ProofError::Rejected), "{}", GeomOutputs::NAMES[index]);
        }
    }
    for index in 0..6 {
        let mut numbers = [3, 5, 7, 11, 13, 17];
        numbers[index] += 1;
        let [x1, x2, a, b, c, d] = numbers;
        let other = GeomParameters::new(100, [x1, x2], [[a, b], [c, d]]).unwrap();
        let statement = GeomStatement::new(other, outputs).unwrap();
        assert_eq!(proven.for_statement(statement), Err(ProofError::Rejected), "parameter {index}");
    }
    for steps in [12, 88, 99, 101, 112, 1000] {
        let other = GeomParameters::new(steps, [3, 5], [[7, 11], [13, 17]]).unwrap();
        let statement = GeomStatement::new(other, outputs).unwrap();
        assert!(proven.for_statement(statement).is_err(), "{steps} steps");
    }
}

#[test]
fn every_byte_of_instance_hash_and_trace_root_is_bound() {
    let Proven { proof, statement, hash, root } = proven(ParameterSet::Stark100);
    for index in 0..Digest::LEN {
        let flipped = |digest: &Digest| {
            let mut bytes = *digest.as_bytes();
            bytes[index] ^= 0x80;
            Digest::new(bytes)
        };
        let set = ParameterSet::Stark100;
        assert_eq!(geom::verify(&proof, set, &statement, &flipped(&hash), &root), Err(ProofError::Rejected));
        assert_eq!(geom::verify(&proof, set, &statement, &hash, &flipped(&root)), Err(ProofError::TraceRoot));
    }
}

#[test]
fn a_set_does_not_pass_for_another() {
    for (made, asked) in
        [(ParameterSet::Stark100, ParameterSet::Stark128), (ParameterSet::Stark128, ParameterSet::Stark100)]
    {
        let Proven { proof, statement, hash, root } = proven(made);
        let refused = geom::verify(&proof, asked, &statement, &hash, &root);
        assert_eq!(refused, Err(ProofError::Shape { part: "context" }));
    }
}

#[test]
fn a_number_has_one_spelling() {
    let parameters = GeomParameters::new(100, [3, 5], [[7, 11], [13, 17]]).unwrap();
    let outputs = parameters.execute();
    for index in 0..7 {
        let mut values = outputs.values();
        values[index] = P;
        let refused = GeomStatement::new(parameters, GeomOutputs::from_values(values));
        assert_eq!(refused, Err(GeomError::NotInField { name: GeomOutputs::NAMES[index], value: P }));
    }
    assert_eq!(
        GeomParameters::new(100, [3 + P, 5], [[7, 11], [13, 17]]),
        Err(GeomError::NotInField { name: "x1", value: 3 + P })
    );
    assert_eq!(
        GeomParameters::new(100, [3, 5], [[7, 11], [13, P]]),
        Err(GeomError::NotInField { name: "d", value: P })
    );
    for steps in [0, 11, (1 << 20) + 1, u32::MAX] {
        assert_eq!(GeomParameters::new(steps, [1, 1], [[1, 1], [1, 0]]), Err(GeomError::Steps { steps }));
    }
}
