//! Every binding counts: whatever is exchanged, and however much of the rest is recomputed.

use capseal_tests::{
    exchange::{self, Bound, Exchange},
    fields::{self, FREE, HASHES, How},
    receipt::Receipt,
    reseal::Layers,
    vectors::{self, Bases},
};
use std::collections::BTreeSet;

fn bases() -> Bases {
    Bases::read(&vectors::folder()).unwrap()
}

fn hold(receipt: &Receipt, exchanges: &[Exchange]) {
    for exchange in exchanges {
        let outcome = exchange.run(receipt);
        assert!(outcome.holds(exchange.bound), "{exchange:?}: {outcome:?}");
        assert!(outcome.by_depth[0].is_some(), "{exchange:?}: accepted with nothing recomputed");
    }
}

#[test]
fn a_proven_receipt_refuses_every_exchange_whatever_is_recomputed() {
    let bases = bases();
    let exchanges = exchange::of_geom(&bases);
    assert!(exchanges.iter().all(|exchange| exchange.bound == Bound::Always));
    hold(&bases.geom, &exchanges);
}

#[test]
fn a_witnessed_receipt_refuses_every_exchange_short_of_a_complete_reseal_and_that_one_only_by_its_pin() {
    let bases = bases();
    hold(&bases.typical, &exchange::of_process(&bases));
}

#[test]
fn a_detached_archive_refuses_every_exchange_short_of_a_complete_reseal_and_that_one_only_by_its_pin() {
    let bases = bases();
    hold(&bases.detached, &exchange::of_detached(&bases));
}

#[test]
fn every_field_that_the_instance_hash_covers_is_exchanged() {
    let bases = bases();
    for exchanges in [exchange::of_geom(&bases), exchange::of_process(&bases)] {
        for field in [
            "vk_hash",
            "statement_hash",
            "trace_spec_hash",
            "row_root",
            "params_hash",
            "chunk_meta_hash",
            "row_tree_arity",
            "air_params_hash",
            "fri_params_hash",
            "program_hash",
        ] {
            let exchange = exchanges.iter().find(|exchange| exchange.part == field);
            assert_eq!(exchange.map(|exchange| exchange.bound), Some(Bound::Always), "{field}");
        }
    }
}

fn receipt(name: &str) -> Receipt {
    Receipt::read(&std::fs::read(vectors::folder().join(format!("accept/{name}.cap"))).unwrap())
}

/// Receipts with and without the keys that may be absent.
const WITNESSED: [&str; 3] = ["process-optional-fields", "process-typical", "process-detached"];
const PROVEN: [&str; 2] = ["geom-optional-fields", "geom-100"];

#[test]
fn every_field_as_it_stands_is_refused() {
    for name in WITNESSED.into_iter().chain(PROVEN) {
        assert_eq!(fields::accepted(&receipt(name), Layers::NONE), BTreeSet::new(), "{name}");
    }
}

#[test]
fn every_field_but_the_free_ones_is_refused_when_every_hash_is_recomputed() {
    for (names, proven) in [(&WITNESSED[..], false), (&PROVEN, true)] {
        let accepted = names.iter().flat_map(|name| fields::accepted(&receipt(name), HASHES));
        let accepted: BTreeSet<(String, How)> = accepted.map(|(path, how)| (fields::pattern(&path), how)).collect();
        let listed = FREE.iter().filter(|free| free.proven || !proven);
        let listed: BTreeSet<(String, How)> = listed.map(|free| (free.path.to_owned(), free.how)).collect();
        assert_eq!(accepted, listed, "the list of free fields is exact");
    }
}
