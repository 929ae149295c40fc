//! The truth table of signatures, policies, registries and lists of signers.

use capseal_tests::{truth_table, vectors};
use verifier_core::{VerifyOptions, verify};

#[test]
fn every_cell_of_the_truth_table_holds() {
    let bases = vectors::Bases::read(&vectors::folder()).unwrap();
    let rows = truth_table::rows();
    // Three lines of four cells have the other two exit codes too.
    assert_eq!(rows.len(), 7 * 4 * 4 * 3 + 3 * 2 * 4);
    for row in rows {
        let options = VerifyOptions::from_json(&row.options()).unwrap();
        let verdict = verify(&row.receipt(&bases.minimal).bytes(), &options);
        assert_eq!((verdict.status, verdict.reason), row.expected(), "{row:?}: {:?}", verdict.refusal());
    }
}

#[test]
fn the_page_is_up_to_date() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/truth-table.md")).unwrap();
    assert_eq!(page, truth_table::page(), "`.ci/generate` has not been run");
}
