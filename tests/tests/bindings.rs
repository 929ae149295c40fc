//! Every binding counts: whatever is exchanged, and however much of the rest is recomputed.

use capseal_tests::{
    exchange::{self, Bound, Exchange},
    fields::{self, FREE, How, HASHES},
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

/// Receipts with every optional key there is.
fn receipts() -> [(&'static str, Receipt); 4] {
    let read = |name: &'static str| {
        (name, Receipt::read(&std::fs::read(vectors::folder().join(format!("accept/{name}.cap"))).unwrap()))
    };
    [read("process-optional-fields"), read("process-typical"), read("process-detached"), read("geom-optional-fields")]
}

#[test]
fn every_field_as_it_stands_is_refused() {
    for (name, receipt) in receipts() {
        assert_eq!(fields::accepted(&receipt, Layers::NONE), BTreeSet::new(), "{name}");
    }
}

#[test]
fn every_field_but_the_free_ones_is_refused_when_every_hash_is_recomputed() {
    let mut free = BTreeSet::new();
    for (name, receipt) in receipts() {
        for (path, how) in fields::accepted(&receipt, HASHES) {
            let pattern = fields::pattern(&path);
            let known = FREE.iter().any(|free| (free.path, free.how) == (pattern.as_str(), how));
            assert!(known, "{name}: {path} {how:?} is accepted");
            free.insert((pattern, how));
        }
    }
    let listed: BTreeSet<(String, How)> = FREE.iter().map(|free| (free.path.to_owned(), free.how)).collect();
    assert_eq!(free, listed, "a field on the list is not free");
}
