//! Sealed action logs: what a receipt of one can prove about its entries.

use std::fs;

use capseal_tests::vectors::folder;
use verifier_core::{Limits, capsule::PublicValue, entry_proof, inspect, pcap::Proof};

#[test]
fn every_entry_has_a_proof_that_leads_to_what_the_statement_says() {
    let receipt = fs::read(folder().join("accept/log-session.cap")).unwrap();
    let inspection = inspect(&receipt, &Limits::DEFAULT).unwrap();
    let stated = |name: &str| inspection.public_inputs.iter().find(|input| input.name == name).map(|input| input.value);
    let size = inspection.events.len() as u64;
    for index in 0..size {
        let proof = entry_proof(&receipt, index, &Limits::DEFAULT).unwrap();
        let head = proof.check().unwrap();
        assert_eq!(stated("log_id"), Some(PublicValue::Digest(head.log_id)));
        assert_eq!(stated("root"), Some(PublicValue::Digest(head.root)));
        assert_eq!(stated("size"), Some(PublicValue::Number(head.size)));
        assert_eq!(Proof::from_json(&proof.to_json()).unwrap(), proof);
    }
    assert_eq!(entry_proof(&receipt, size, &Limits::DEFAULT), None);
}
