//! Hostile receipts, through the whole verifier: a sample of what `--bin hostile` measures.

use std::{path::Path, time::Duration};

use capseal_tests::{
    every_byte::{Answer, answer},
    hostile,
    measure::Cost,
    vectors::{self, Bases},
};

fn bases() -> Bases {
    Bases::read(&vectors::folder()).unwrap()
}

#[test]
fn mutants_of_a_proof_are_refused() {
    let bases = bases();
    for (receipt, count) in [(&bases.geom_other, 300), (&bases.rv32im, 100)] {
        for (number, bytes) in hostile::mutants(receipt, count).enumerate() {
            assert!(matches!(answer(&bytes), Answer::Refused(_)), "mutant {number}: {:?}", answer(&bytes));
        }
    }
}

#[test]
fn large_receipts_are_refused_with_their_code_within_bounded_memory() {
    let place = tempfile::tempdir().unwrap();
    for case in hostile::large(&bases()) {
        let file = place.path().join("hostile.cap");
        std::fs::write(&file, &case.bytes).unwrap();
        let cost = Cost::in_a_child(Path::new(env!("CARGO_BIN_EXE_hostile")), &file).unwrap();
        assert_eq!(cost.code.as_deref(), Some(case.code.name()), "{}", case.name);
        // Unoptimised, on a machine that does other things too; `--bin hostile` holds the release build to a second.
        assert!(cost.time < Duration::from_secs(20), "{} took {:?}", case.name, cost.time);
        assert!(cost.peak.is_none_or(|peak| peak < 256 << 20), "{}: {:?} bytes", case.name, cost.peak);
    }
}
