//! Every byte counts: a sample of what `--bin every-byte` does to all of them.

use capseal_tests::{
    every_byte::{self, Answer},
    receipt::Receipt,
    vectors,
};

fn receipt(name: &str) -> Vec<u8> {
    std::fs::read(vectors::folder().join(format!("accept/{name}.cap"))).unwrap()
}

const RECEIPTS: [&str; 3] = ["process-typical", "process-detached", "geom-100"];
/// Signed, with its policy: entries of it may be dropped, as they stand outside of the capsule, but not changed.
const SIGNED: &str = "policy-self-reported";

#[test]
fn a_changed_byte_is_refused() {
    for name in RECEIPTS.into_iter().chain([SIGNED]) {
        let bytes = receipt(name);
        for mask in [0xff, 0x01] {
            let tally = every_byte::as_it_stands(&bytes, mask, 1);
            assert!(tally.is_clean() && tally.tried == bytes.len(), "{name} {mask:#x}: {tally:?}");
        }
    }
}

#[test]
fn a_changed_byte_of_a_content_is_refused_when_its_checksums_agree() {
    for name in RECEIPTS.into_iter().chain([SIGNED]) {
        let tally = every_byte::with_checksums(&receipt(name), 0x01, 3);
        assert!(tally.is_clean(), "{name}: {tally:?}");
    }
}

#[test]
fn a_changed_byte_of_a_proof_is_refused_when_every_hash_agrees() {
    let tally = every_byte::of_the_proof(&Receipt::read(&receipt("geom-100")), 0x01, 61);
    assert!(tally.is_clean(), "{tally:?}");
}

#[test]
fn a_changed_byte_of_a_program_s_receipt_is_refused() {
    let bytes = receipt("rv32im-100");
    let tally = every_byte::as_it_stands(&bytes, 0x01, 997);
    assert!(tally.is_clean(), "{tally:?}");
    let tally = every_byte::of_the_proof(&Receipt::read(&bytes), 0x01, 4999);
    assert!(tally.is_clean(), "{tally:?}");
}

#[test]
#[ignore = "ten thousand places"]
fn ten_thousand_changed_bytes_of_a_program_s_receipt_are_refused() {
    let bytes = receipt("rv32im-100");
    for tally in [
        every_byte::as_it_stands(&bytes, 0xff, 26),
        every_byte::with_checksums(&bytes, 0x01, 26),
        every_byte::of_the_proof(&Receipt::read(&bytes), 0x01, 26),
    ] {
        assert!(tally.is_clean() && tally.tried > 9_000, "{tally:?}");
    }
}

#[test]
fn an_entry_that_is_dropped_repeated_moved_swapped_cut_or_renamed_is_refused() {
    for name in RECEIPTS.into_iter().chain(["rv32im-100"]) {
        for (entry, answers) in every_byte::entries(&receipt(name)) {
            assert!(
                answers.iter().flatten().all(|answer| matches!(answer, Answer::Refused(_))),
                "{entry}: {answers:?}"
            );
        }
    }
}
