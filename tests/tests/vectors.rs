//! The vectors: accepted or refused as their place says, complete, and up to date.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use capseal_tests::{
    base::BASES,
    capability,
    vectors::{self, Bases, FROZEN, Vector},
};
use verifier_core::{Level, ReasonCode, VerifyOptions, inspect, verify};

fn all() -> Vec<Vector> {
    vectors::read(&vectors::folder()).unwrap()
}

#[test]
fn every_vector_is_answered_as_its_folder_says() {
    let mut wrong = Vec::new();
    for vector in all() {
        let expected = vector.code();
        assert_eq!(expected.is_some(), vector.path.starts_with("reject/"), "{}: no such folder", vector.path);
        let verdict = verify(&vector.bytes, &vector.verify_options());
        if verdict.reason != expected {
            wrong.push(format!("{}: {:?}", vector.path, verdict.refusal()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_code_has_a_vector_or_a_reason_why_not() {
    let with_vector: BTreeSet<ReasonCode> = all().iter().filter_map(Vector::code).collect();
    let unreachable = vectors::unreachable_codes();
    for code in ReasonCode::ALL {
        let (name, has) = (code.name(), with_vector.contains(code));
        assert!(has || unreachable.contains_key(name), "{name} has no vector");
        assert!(!has || !unreachable.contains_key(name), "{name} has a vector, and is said to be out of reach");
    }
    let names: BTreeSet<&str> = ReasonCode::ALL.iter().map(|code| code.name()).collect();
    assert!(unreachable.iter().all(|(code, why)| names.contains(code.as_str()) && !why.is_empty()));
}

#[test]
fn derived_vectors_are_up_to_date() {
    let folder = vectors::folder();
    let derived = vectors::derived(&Bases::read(&folder).unwrap());
    let paths: BTreeSet<&str> = derived.iter().map(|vector| vector.path.as_str()).collect();
    assert_eq!(paths.len(), derived.len(), "two vectors have one path");
    let there: BTreeMap<String, Vector> = all().into_iter().map(|vector| (vector.path.clone(), vector)).collect();
    let stale: Vec<&str> = derived
        .iter()
        .filter(|vector| there.get(&vector.path) != Some(vector))
        .map(|vector| vector.path.as_str())
        .collect();
    assert!(stale.is_empty(), "`cargo run -p capseal-tests --bin vectors -- write` has not been run: {stale:?}");
    assert_eq!(vectors::stale(&folder, &derived).unwrap(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn frozen_receipts_keep_their_verdicts() {
    for name in FROZEN {
        let bytes = fs::read(vectors::folder().join(format!("v1/{name}.cap"))).unwrap();
        let frozen = fs::read_to_string(vectors::folder().join(format!("v1/{name}.verdict.json"))).unwrap();
        let verdict = verify(&bytes, &VerifyOptions::default());
        assert!(verdict.is_accepted(), "{name}: {:?}", verdict.refusal());
        assert_eq!(vectors::stable(&verdict.to_json()), vectors::stable(&frozen), "{name}");
    }
}

#[test]
fn records_of_the_same_run_give_the_same_bytes() {
    for base in BASES.iter().filter(|base| base.reproducible) {
        assert!(base.make() == base.make(), "{}", base.name);
    }
}

#[test]
fn accepted_receipts_can_be_inspected() {
    // What was found about the archive's availability is no part of an inspection.
    let at_proof_only = |vector: &&Vector| {
        let options = vector.verify_options();
        options.level == Level::ProofOnly
            && options.samples.is_none()
            && options.attestations.is_none()
            && options.challenge.is_none()
    };
    for vector in all().iter().filter(|vector| vector.code().is_none()).filter(at_proof_only) {
        let inspection = inspect(&vector.bytes, &vector.verify_options().limits).unwrap();
        let verdict = verify(&vector.bytes, &vector.verify_options());
        assert_eq!(Some(inspection.capsule_hash), verdict.capsule_hash, "{}", vector.path);
        assert_eq!(inspection.claim_class, verdict.claim_class, "{}", vector.path);
        assert_eq!(inspection.not_proven, verdict.not_proven, "{}", vector.path);
        assert_eq!(inspection.notes, verdict.run.and_then(|run| run.notes), "{}", vector.path);
    }
}

#[test]
fn the_folder_stays_small() {
    let bytes: usize = all().iter().map(|vector| vector.bytes.len()).sum();
    assert!(bytes < 12 << 20, "{bytes} bytes of vectors");
}

#[test]
fn verdicts_and_decisions_are_printed_one_a_line_in_order() {
    let folder = vectors::folder();
    let output = Command::new(env!("CARGO_BIN_EXE_verdicts")).arg(&folder).output().unwrap();
    assert!(output.status.success());
    let mut expected: Vec<String> = all()
        .iter()
        .map(|vector| {
            let verdict = verify(&vector.bytes, &vector.verify_options());
            format!("{}.cap\t{}", vector.path, verdict.to_json())
        })
        .collect();
    expected.sort();
    // Behind the receipts, the decisions about tokens.
    let decisions = capability::cases().into_iter().enumerate();
    expected.extend(decisions.map(|(place, case)| format!("capability.json#{place}\t{}", case.decide().to_json())));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(), expected);
}
